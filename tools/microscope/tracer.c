/*
 * tracer.c -- a ptrace loop.
 *
 * The loop sleeps in sigtimedwait() for SIGCHLD, so that it can look up after a millisecond:
 * that is how it tells a call that sleeps from one that returns at once.
 */
#include "tracer.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <linux/audit.h>
#include <linux/ptrace.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proctask.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#define NATIVE_ARCH 0
#endif

#define MS 1000000LL
#define LOOK_NS (1 * MS)   /* how long a call may take before we look whether it sleeps */
#define IDLE_NS (50 * MS)  /* how long nothing happens before `idle` is called */
#define PATIENCE 3         /* the so manieth interrupt kills */

long long
monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 * MS + now.tv_nsec;
}

static struct task *
task_of(const struct tracer *tracer, pid_t tid)
{
    struct task *task = tracer->tasks;

    while (task != NULL && task->tid != tid)
        task = task->next;
    return task;
}

struct task *
tracer_add_task(struct tracer *tracer, pid_t tid)
{
    struct task *task = calloc(1, sizeof(*task));

    if (task == NULL)
        err(1, "no memory for another task");
    task->tid = tid;
    task->pid = process_of(tid);
    task->thread = task->pid != tid;
    task->number = ++tracer->born;
    task->next = tracer->tasks;
    tracer->tasks = task;
    tracer->alive++;
    return task;
}

static void
forget_task(struct tracer *tracer, const struct task *gone)
{
    struct task **at = &tracer->tasks;

    while (*at != NULL && *at != gone)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = gone->next;
    tracer->alive--;
    free((void *)gone);
}

/* Lets a stopped task run on to its next stop. ESRCH: it was killed meanwhile. */
static void
go_on(pid_t tid, enum __ptrace_request request, int sig)
{
    if (ptrace(request, tid, NULL, (void *)(long)sig) == -1 && errno != ESRCH)
        warn("ptrace: task %d", tid);
}

static void
call_begins(struct tracer *tracer, struct task *task, const struct ptrace_syscall_info *info)
{
    struct call *call = &task->call;

    *call = (struct call){ .nr = (long)info->entry.nr, .begin = monotonic_ns(), .fd = -1 };
    for (int i = 0; i < CALL_ARGS; i++)
        call->args[i] = info->entry.args[i];
    task->native = NATIVE_ARCH == 0 || info->arch == NATIVE_ARCH;
    task->in_call = true;
    task->asleep = false;
    if (tracer->running)
        tracer->entered(tracer->ctx, task);
}

static void
call_ends(struct tracer *tracer, struct task *task, const struct ptrace_syscall_info *info)
{
    struct call *call = &task->call;

    if (!task->in_call)
        return; /* we came while it slept in this one, or it is a newborn's clone() */
    call->end = monotonic_ns();
    call->result = info->exit.rval;
    call->error = info->exit.is_error ? (int)-info->exit.rval : 0;
    task->in_call = false;
    if (tracer->running)
        tracer->left(tracer->ctx, task);
    task->asleep = false;
}

static void
on_syscall_stop(struct tracer *tracer, struct task *task)
{
    struct ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof(info), &info) == -1)
        return; /* killed meanwhile */
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
        call_begins(tracer, task, &info);
    else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
        call_ends(tracer, task, &info);
}

/* exec() by a thread: all others are gone, and it carries the process's number from now. */
static void
on_exec(struct tracer *tracer, struct task *task)
{
    unsigned long former = 0;
    struct task *other = tracer->tasks;

    ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &former);
    while (other != NULL) {
        struct task *next = other->next;

        if (other != task && other->pid == task->pid) {
            if (other->tid == (pid_t)former) /* its execve() is the call that ends next */
                task->call = other->call;
            forget_task(tracer, other);
        }
        other = next;
    }
    task->in_call = true;
    tracer->running = true;
}

/* A thread or process was made: its own first stop may have come before this news. */
static void
on_birth(struct tracer *tracer, const struct task *parent)
{
    unsigned long tid = 0;
    struct task *child;

    if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &tid) == -1 || tid == 0)
        return;
    child = task_of(tracer, (pid_t)tid);
    if (child == NULL)
        child = tracer_add_task(tracer, (pid_t)tid);
    child->parent = parent->number;
    tracer->came(tracer->ctx, child);
}

static bool
stops_a_group(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* What the task `tid` stopped for, and how it goes on. */
static void
on_stop(struct tracer *tracer, pid_t tid, int status)
{
    struct task *task = task_of(tracer, tid);
    int sig = WSTOPSIG(status), event = status >> 16;

    if (task == NULL)
        task = tracer_add_task(tracer, tid);
    if (sig == (SIGTRAP | 0x80)) {
        on_syscall_stop(tracer, task);
    } else if (event == PTRACE_EVENT_STOP && stops_a_group(sig)) {
        go_on(tid, PTRACE_LISTEN, 0); /* stays stopped, as it would without us */
        return;
    } else if (event == PTRACE_EVENT_EXEC) {
        on_exec(tracer, task);
    } else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
               event == PTRACE_EVENT_VFORK) {
        on_birth(tracer, task);
    } else if (event == 0) {
        if (tracer->running)
            tracer->signalled(tracer->ctx, task, sig);
        go_on(tid, PTRACE_SYSCALL, sig);
        return;
    }
    go_on(tid, PTRACE_SYSCALL, 0);
}

static void
on_status(struct tracer *tracer, pid_t tid, int status)
{
    struct task *task = task_of(tracer, tid);

    if (WIFSTOPPED(status)) {
        on_stop(tracer, tid, status);
        return;
    }
    if (tid == tracer->server)
        tracer->status = status;
    if (task == NULL)
        return;
    if (tracer->running)
        tracer->gone(tracer->ctx, task, status);
    forget_task(tracer, task);
}

/* Tells of the calls that began a while ago and really sleep. */
static void
look_for_sleepers(struct tracer *tracer, long long now)
{
    tracer->looked = now;
    for (struct task *task = tracer->tasks; task != NULL; task = task->next)
        if (tracer->running && task->in_call && !task->asleep &&
            now - task->call.begin >= LOOK_NS && sleeps(task->pid, task->tid)) {
            task->asleep = true;
            tracer->asleep(tracer->ctx, task);
        }
}

static bool
anyone_to_look_at(const struct tracer *tracer)
{
    for (const struct task *task = tracer->tasks; task != NULL; task = task->next)
        if (task->in_call && !task->asleep)
            return true;
    return false;
}

/* Ctrl-C reaches the server by itself; a kill meant for us is passed on. */
static bool
on_interrupt(struct tracer *tracer, const siginfo_t *info)
{
    tracer->interrupts++;
    if (!tracer->ours)
        return true;
    if (tracer->interrupts >= PATIENCE)
        for (const struct task *task = tracer->tasks; task != NULL; task = task->next)
            kill(task->pid, SIGKILL);
    else if (info->si_code != SI_KERNEL)
        kill(tracer->server, info->si_signo);
    return false;
}

/* Sleeps for at most `limit` ns until a task stops. True: we are to leave. */
static bool
sleep_a_while(struct tracer *tracer, const sigset_t *held, long long limit)
{
    struct timespec until = { .tv_nsec = limit };
    siginfo_t info;
    int sig = sigtimedwait(held, &info, &until);

    if (sig == SIGINT || sig == SIGTERM)
        return on_interrupt(tracer, &info);
    return false;
}

void
tracer_run(struct tracer *tracer)
{
    sigset_t held;

    tracer_hold_signals(&held);
    while (!tracer->enough) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);
        long long now = monotonic_ns(), limit = IDLE_NS;

        if (tid == -1 && errno == ECHILD)
            break;
        if (tid > 0)
            on_status(tracer, tid, status);
        if (now - tracer->looked >= LOOK_NS) {
            look_for_sleepers(tracer, now);
            tracer->tick(tracer->ctx, now);
        } else if (tid > 0) {
            continue;
        }
        if (tid > 0)
            limit = 0; /* do not sleep, but hear Ctrl-C even when stops never cease */
        else if (anyone_to_look_at(tracer))
            limit = LOOK_NS;
        if (sleep_a_while(tracer, &held, limit))
            break;
    }
}

int
tracer_exit_code(const struct tracer *tracer)
{
    if (WIFSIGNALED(tracer->status))
        return 128 + WTERMSIG(tracer->status);
    return WEXITSTATUS(tracer->status);
}
