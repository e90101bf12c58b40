/* server.c -- a server process: started, observed, stopped, swept away. */
#include "server.h"

#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eventlog.h"
#include "launch.h"
#include "plain.h"

#define LOOK_MS 2     /* between two looks at a server that is to listen or to end */
#define LEFT_MS 100   /* after the end of a server, its children get so long to show up */
#define SETTLE_MS 50  /* a server that listens gets so long to fall asleep */
#define SWEEP_MS 3000 /* after SIGKILL; only the kernel itself can make it longer */

/* Keeps the last words and copies them to the log. */
static void
hear_console(struct server *server)
{
    char text[4096];
    ssize_t n;

    while (server->console != -1 && (n = read(server->console, text, sizeof(text))) > 0) {
        size_t part = (size_t)n < LAST_WORDS - 1 ? (size_t)n : LAST_WORDS - 1;
        size_t keep = LAST_WORDS - 1 - part;

        if (server->log_fd != -1 && write(server->log_fd, text, (size_t)n) == -1) {
            warn("cannot write %s", server->target->log_path);
            close(server->log_fd);
            server->log_fd = -1;
        }
        if (server->n_words > keep) {
            memmove(server->words, server->words + server->n_words - keep, keep);
            server->n_words = keep;
        }
        memcpy(server->words + server->n_words, text + n - part, part);
        server->n_words += part;
        server->words[server->n_words] = '\0';
        /* They are shown on our terminal. The whole, for what was read may be half a character. */
        make_plain_lines(server->words, server->n_words);
    }
}

void
server_look(struct server *server)
{
    int status;

    if (server->pid <= 0)
        return;
    hear_console(server);
    if (!server->gone && waitpid(server->pid, &status, WNOHANG) == server->pid) {
        server->gone = true;
        server->status = status;
        server->gone_at = now_s();
        hear_console(server);
    }
}

/* The port that a stage wrote into its file; 0 while it is not there. */
static int
read_port_file(const struct server *server)
{
    char path[96];
    FILE *file;
    int port = 0;

    snprintf(path, sizeof(path), "%s/port", server->folder);
    file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%d", &port) != 1)
        port = 0;
    fclose(file);
    return port;
}

static bool
listens(struct server *server)
{
    if (server->target->stage == NULL)
        return port_listens(server->port, &server->v6);
    int port = read_port_file(server);
    if (port > 0)
        server->port = port;
    return port > 0;
}

/* Once it listens, it may go to sleep (or die) before the first client comes. */
static void
settle(struct server *server)
{
    double end = now_s() + SETTLE_MS / 1e3;
    int asleep = 0;

    while (!server->gone && asleep < 2 && now_s() < end) {
        poll(NULL, 0, 1);
        server_look(server);
        asleep = process_state(server->pid) == 'S' ? asleep + 1 : 0;
    }
}

static void
remove_folder(struct server *server)
{
    char path[96];

    if (server->folder[0] == '\0')
        return;
    snprintf(path, sizeof(path), "%s/port", server->folder);
    unlink(path);
    rmdir(server->folder);
    server->folder[0] = '\0';
}

/*
 * A server may put itself into the background: then its child is the one to wait for. A child
 * that is just changing its parent can be overlooked, so the answer "nobody" takes a while.
 */
static bool
somebody_left(const struct server *server)
{
    pid_t pid;

    return processes_below(getpid(), &pid, 1) > 0 || now_s() < server->gone_at + LEFT_MS / 1e3;
}

static enum started
wait_until_it_listens(struct server *server, int within_ms, char *problem, size_t room)
{
    double end = now_s() + within_ms / 1e3;
    char how[64];

    while (!listens(server)) {
        server_look(server);
        if (server->gone && !somebody_left(server) && !listens(server)) {
            if (server->target->stage != NULL && WIFEXITED(server->status) &&
                WEXITSTATUS(server->status) == 2) {
                snprintf(problem, room, "%s", server->words);
                return NOT_FOR_IT;
            }
            snprintf(problem, room, "it ended before it listened: %s",
                     server_end_text(server, how));
            return ENDED_EARLY;
        }
        if (now_s() > end) {
            snprintf(problem, room, "it does not listen on port %d after %g s", server->port,
                     within_ms / 1e3);
            return NEVER_LISTENED;
        }
        poll(NULL, 0, LOOK_MS);
    }
    settle(server);
    return LISTENS;
}

enum started
server_start(struct server *server, const struct target *target, const struct scenario *scenario,
             int port, int within_ms, char *problem, size_t room)
{
    const char *tmp = getenv("TMPDIR");
    enum started result;

    *server = (struct server){
        .target = target, .scenario = scenario, .console = -1, .log_fd = -1, .port = port
    };
    if (target->log_path != NULL)
        server->log_fd = open(target->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (target->stage == NULL && port == 0)
        server->port = launch_free_port();
    snprintf(server->folder, sizeof(server->folder), "%.40s/echolab-XXXXXX",
             tmp != NULL && tmp[0] == '/' && strlen(tmp) <= 40 ? tmp : "/tmp");
    if (target->stage != NULL && mkdtemp(server->folder) == NULL) {
        snprintf(problem, room, "cannot make a folder %s: %s", server->folder, strerror(errno));
        server->folder[0] = '\0';
        return CANNOT_RUN;
    }
    if (launch(server) == -1) {
        snprintf(problem, room, "cannot run it: %s", strerror(errno));
        result = CANNOT_RUN;
    } else {
        result = wait_until_it_listens(server, within_ms, problem, room);
    }
    if (target->stage != NULL)
        remove_folder(server);
    if (result == LISTENS)
        server_usage(server, &server->before);
    return result;
}

void
server_usage(const struct server *server, struct usage *usage)
{
    static pid_t pids[MOST_PROCESSES];
    int n = processes_below(getpid(), pids, MOST_PROCESSES);

    (void)server;
    usage_of(pids, n, usage);
}

void
server_signal(struct server *server, int number)
{
    static pid_t pids[MOST_PROCESSES];

    server_look(server);
    if (!server->gone && server->pid > 0) {
        kill(server->pid, number);
        return;
    }
    int n = children_of(getpid(), pids, MOST_PROCESSES);
    for (int i = 0; i < n; i++)
        kill(pids[i], number);
}

void
server_sweep(void)
{
    static pid_t pids[MOST_PROCESSES];
    double end = now_s() + SWEEP_MS / 1e3;

    /* Whoever loses its parent becomes our child, so our children are all that has to be ended. */
    while (now_s() < end) {
        int n = children_of(getpid(), pids, MOST_PROCESSES), left = 0;

        for (int i = 0; i < n; i++) {
            if (!launched_since(pids[i]))
                continue;
            left++; /* even one that is waited for now may just have left us its own */
            kill(pids[i], SIGKILL);
            waitpid(pids[i], NULL, WNOHANG);
        }
        if (left == 0)
            return;
        poll(NULL, 0, LOOK_MS);
    }
}

static void
close_console(struct server *server)
{
    if (server->console != -1)
        close(server->console);
    if (server->log_fd != -1)
        close(server->log_fd);
    server->console = server->log_fd = -1;
}

/* SIGKILL, and the status. */
static void
end_now(struct server *server)
{
    double end = now_s() + SWEEP_MS / 1e3;

    if (server->pid > 0 && !server->gone)
        kill(server->pid, SIGKILL);
    while (server->pid > 0 && !server->gone && now_s() < end) {
        server_look(server);
        poll(NULL, 0, server->gone ? 0 : LOOK_MS);
    }
}

void
server_stop(struct server *server, int grace_ms)
{
    double end = now_s() + grace_ms / 1e3;

    if (server->pid > 0) {
        server_look(server);
        server_signal(server, SIGTERM);
        server_signal(server, SIGCONT); /* a stopped one cannot end */
        while (!server->gone && now_s() < end) {
            poll(NULL, 0, LOOK_MS);
            server_look(server);
        }
        end_now(server);
        server_sweep();
    }
    close_console(server);
}

void
server_end(struct server *server)
{
    end_now(server);
    close_console(server);
}

const char *
server_end_text(const struct server *server, char *out)
{
    if (!server->gone)
        snprintf(out, 64, "it still runs");
    else if (WIFSIGNALED(server->status))
        snprintf(out, 64, "signal %d (%s)", WTERMSIG(server->status),
                 strsignal(WTERMSIG(server->status)));
    else
        snprintf(out, 64, "exit status %d", WEXITSTATUS(server->status));
    return out;
}
