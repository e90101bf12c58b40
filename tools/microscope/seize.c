/*
 * seize.c -- how a server comes under the tracer: started by it, or found running.
 *
 * PTRACE_SEIZE, not ATTACH: it sends no signal, and lets a stopped server stay stopped.
 */
#include <sys/ptrace.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"
#include "proctask.h"
#include "tracer.h"

#define MOST_CHILDREN 4096
#define FOLLOW (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
                PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static _Noreturn void
refused(pid_t pid)
{
    int error = errno, scope = yama_scope();

    if (error == ESRCH)
        errx(1, "no process has the number %d", pid);
    if (scope > 0)
        errx(4, "ptrace is refused: kernel.yama.ptrace_scope is %d here; what sleeps where, "
             "'echolab watch' shows without it", scope);
    errx(4, "ptrace is refused: %s; is the process another user's, traced already, or is "
         "this a container without SYS_PTRACE?", strerror(error));
}

static long
seize(const struct tracer *tracer, pid_t tid)
{
    long options = FOLLOW | (tracer->exit_kill ? PTRACE_O_EXITKILL : 0);

    return ptrace(PTRACE_SEIZE, tid, NULL, (void *)options);
}

/* In the child: waits until it is traced, then becomes the server. */
static _Noreturn void
become_server(char *const *argv, int in, int out, const int *go)
{
    sigset_t none;
    char byte;

    close(go[1]);
    if (read(go[0], &byte, 1) != 1)
        _exit(1); /* the tracer gave up */
    close(go[0]);
    if ((in != -1 && dup2(in, STDIN_FILENO) == -1) ||
        (out != -1 && dup2(out, STDOUT_FILENO) == -1))
        err(1, "dup2");
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    err(1, "cannot run %s", argv[0]);
}

void
tracer_hold_signals(sigset_t *held)
{
    sigemptyset(held);
    sigaddset(held, SIGCHLD);
    sigaddset(held, SIGINT);
    sigaddset(held, SIGTERM);
    sigprocmask(SIG_BLOCK, held, NULL);
}

void
tracer_start(struct tracer *tracer, char *const *argv, int in, int out)
{
    sigset_t held;
    int go[2];

    tracer_hold_signals(&held);
    if (pipe2(go, O_CLOEXEC) == -1)
        err(1, "pipe2");
    tracer->server = fork();
    if (tracer->server == -1)
        err(1, "fork");
    if (tracer->server == 0)
        become_server(argv, in, out, go);
    close(go[0]);
    tracer->ours = true;
    if (seize(tracer, tracer->server) == -1)
        refused(tracer->server);
    if (ptrace(PTRACE_INTERRUPT, tracer->server, NULL, NULL) == -1)
        err(1, "ptrace");
    tracer_add_task(tracer, tracer->server);
    if (write(go[1], "", 1) != 1)
        err(1, "write");
    close(go[1]);
}

/* All threads of one process. Returns false, with errno set, when that is refused. */
static bool
seize_process(struct tracer *tracer, pid_t pid)
{
    int n = 0;
    pid_t *tids = threads_of(pid, &n);
    bool seized = false;

    errno = ESRCH;
    for (int i = 0; i < n; i++) {
        if (seize(tracer, tids[i]) == -1) {
            if (tids[i] == pid)
                break;
            continue; /* a thread that ended meanwhile */
        }
        tracer_add_task(tracer, tids[i]);
        ptrace(PTRACE_INTERRUPT, tids[i], NULL, NULL);
        seized = true;
    }
    free(tids);
    return seized;
}

/*
 * The children that are there: in a forked server it is they who serve. Those that are born
 * from now on come by themselves, but one that was just born may have been overlooked: so
 * again, until nobody new is found.
 */
static void
seize_children(struct tracer *tracer, pid_t pid)
{
    static pid_t pids[MOST_CHILDREN];
    bool found = true;

    while (found) {
        int n = family_of(pid, pids, MOST_CHILDREN);

        found = false;
        tracer->missed = 0;
        for (int i = 1; i < n; i++) {
            char state = process_state(pids[i]);

            if (state == '\0' || state == 'Z' || tracer_of(pids[i]) == getpid())
                continue;
            if (seize_process(tracer, pids[i]))
                found = true;
            else if (errno != ESRCH && tracer_of(pids[i]) != getpid())
                tracer->missed++;
        }
    }
}

void
tracer_attach(struct tracer *tracer, pid_t pid)
{
    sigset_t held;

    tracer_hold_signals(&held);
    tracer->server = pid;
    tracer->running = true;
    if (!seize_process(tracer, pid))
        refused(pid);
    seize_children(tracer, pid);
}
