/*
 * task.c -- tasks on the loop.
 *
 * The loop's own flow of control is the hub: it resumes a task, and the task goes back to
 * it when it waits. No task ever switches to another one.
 */
#include "task.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"
#include "switch.h"
#include "watch.h"

_Thread_local struct task *task_running;
static _Thread_local struct context hub;
static _Thread_local struct task *first, *last; /* all that have not ended */
static _Thread_local size_t alive;
static _Thread_local struct task *lost; /* failed, and nobody asked */
static _Thread_local struct task *last_waiter; /* waits for all others to end */
static _Thread_local bool ending; /* the loop is to stop when the last one has ended */

size_t
tasks_alive(void)
{
    return alive;
}

void
tasks_each(void (*each)(struct task *task, void *arg), void *arg)
{
    struct task *next;

    for (struct task *task = first; task != NULL; task = next) {
        next = task->next;
        each(task, arg);
    }
}

static void
enlist(struct task *task)
{
    task->prev = last;
    *(last != NULL ? &last->next : &first) = task;
    last = task;
    alive++;
}

static void
delist(struct task *task)
{
    *(task->prev != NULL ? &task->prev->next : &first) = task->next;
    *(task->next != NULL ? &task->next->prev : &last) = task->prev;
    alive--;
}

static void
tell_failure(const struct task *task, const char *when)
{
    complain("%sTask exception was never retrieved: task %s, created in %s: %s", when,
             task->name, task->where, future_why(&task->future));
}

/*
 * Frees a task that has ended and has no owner; its memory is on its own stack. One whose
 * failure nobody asked for is told of now, and is kept to be told of at the end.
 */
static void
free_task(struct task *task)
{
    const struct future *end = &task->future;
    struct stack stack = task->stack;

    if (end->result == -1 && !end->heard && end->error != ECANCELED) {
        tell_failure(task, "");
        task->next = lost;
        lost = task;
    } else {
        stack_free(&stack);
    }
}

/* Where every task begins: its first switch lands here. */
static void
begin(void)
{
    struct task *task = task_running;
    long result;

    context_entered(&hub);
    result = task->run(task->arg);
    if (result == -1)
        future_set_error(&task->future, errno, task->future.why);
    else
        future_set_result(&task->future, result);
    context_end(&task->context, &hub);
}

/* The loop's call: goes on with a task until it waits again or ends. */
void
task_resume(void *arg)
{
    struct task *task = arg;

    handle_cancel(&task->wake);
    task_running = task;
    context_switch(&hub, &task->context);
    task_running = NULL;
    if (!task->future.done)
        return;
    delist(task);
    if (ending && alive == 0)
        loop_stop(task->future.loop);
    if (last_waiter != NULL && alive == 1)
        call_soon(task->future.loop, &last_waiter->wake);
    if (!task->owned)
        free_task(task);
}

/* The timer's call. */
static void
be_late(void *arg)
{
    struct task *task = arg;

    task->late = true;
    task_resume(task);
}

static struct task *
start(struct loop *loop, const char *name, const char *where, long (*run)(void *arg),
      size_t room)
{
    struct stack stack;
    struct task *task;

    if (stack_make(&stack, sizeof(*task) + room) == -1)
        return NULL;
    task = (struct task *)(void *)stack.top;
    *task = (struct task){ .stack = stack, .run = run, .owned = true, .where = where };
    task->wake = (struct handle){ .call = task_resume, .arg = task };
    task->timer.handle = (struct handle){ .call = be_late, .arg = task };
    strncpy(task->name, name, TASK_NAME - 1);
    future_init(&task->future, loop);
    context_make(&task->context, &stack, begin);
    enlist(task);
    call_soon(loop, &task->wake);
    return task;
}

struct task *
task_start(struct loop *loop, const char *name, const char *where, long (*run)(void *arg),
           void *arg)
{
    struct task *task = start(loop, name, where, run, 0);

    if (task != NULL)
        task->arg = arg;
    return task;
}

struct task *
task_start_with_room(struct loop *loop, const char *name, const char *where,
                     long (*run)(void *arg), size_t size)
{
    struct task *task = start(loop, name, where, run, size);

    if (task != NULL)
        task->arg = task + 1;
    return task;
}

void
task_drop(struct task *task)
{
    task->owned = false;
    if (task->future.done)
        free_task(task);
}

bool
task_cancel(struct task *task)
{
    if (task->future.done)
        return false;
    task->cancelled = true;
    if (task->awaits != NULL) {
        handle_cancel(&task->wake); /* it may wait in somebody's ring */
        call_soon(task->future.loop, &task->wake);
    }
    return true;
}

int
task_fail(const char *why)
{
    task_running->future.why = why;
    errno = EIO;
    return -1;
}

const char *
task_why(void)
{
    return task_running->future.why;
}

void
await_limit(double seconds)
{
    task_running->limit = seconds;
}

int
await_wake(const char *what, int fd, double seconds)
{
    struct task *task = task_running;

    task->late = false;
    if (seconds > 0 && call_later(task->future.loop, &task->timer, seconds) == -1)
        return -1;
    if (!task->cancelled) {
        task->awaits = what;
        task->awaits_fd = fd;
        task->waits++;
        task->since = task->future.loop->turn_time;
        context_switch(&task->context, &hub);
        task->awaits = NULL;
    }
    if (seconds > 0)
        timer_cancel(task->future.loop, &task->timer);
    if (!task->cancelled && !task->late)
        return 0;
    errno = task->cancelled ? ECANCELED : ETIMEDOUT;
    task->cancelled = false;
    return -1;
}

int
await_sleep(double seconds)
{
    if (seconds <= 0)
        return await_turn();
    while (await_wake("sleep", -1, seconds) == 0)
        ;
    return errno == ETIMEDOUT ? 0 : -1;
}

int
await_turn(void)
{
    call_soon(task_running->future.loop, &task_running->wake);
    return await_wake("turn", -1, 0);
}

size_t
await_others(double seconds)
{
    int result = seconds > 0 ? 0 : -1;

    last_waiter = task_running;
    while (result == 0 && alive > 1)
        result = await_wake("other tasks", -1, seconds);
    last_waiter = NULL;
    return alive - 1;
}

long
await_future_for(struct future *future, double seconds)
{
    while (!future->done) {
        future_add_callback(future, &task_running->wake);
        int result = await_wake("future", -1, seconds);
        handle_cancel(&task_running->wake);
        if (result == -1)
            return -1;
    }
    return future_result(future);
}

long
await_future(struct future *future)
{
    return await_future_for(future, 0);
}

long
await_task(struct task *task)
{
    bool cancelled = false;
    long result;
    int saved;

    while (!task->future.done)
        if (await_future(&task->future) == -1 && !task->future.done)
            cancelled = task_cancel(task);
    result = future_result(&task->future);
    saved = cancelled ? ECANCELED : errno;
    task_drop(task);
    errno = saved;
    return cancelled ? -1 : result;
}

static void
stop(void *loop)
{
    loop_stop(loop);
}

long
task_run(struct task *task)
{
    struct loop *loop = task->future.loop;
    struct handle at_end = { .call = stop, .arg = loop };
    long result;
    int saved;

    future_add_callback(&task->future, &at_end);
    loop_run(loop);
    result = future_result(&task->future);
    saved = errno;
    task_drop(task);
    errno = saved;
    return result;
}

static void
cancel(struct task *task, void *arg)
{
    (void)arg;
    task_cancel(task);
}

void
tasks_end(struct loop *loop)
{
    tasks_each(cancel, NULL);
    ending = true;
    if (alive > 0)
        loop_run(loop);
    ending = false;
    while (lost != NULL) {
        struct stack stack = lost->stack;

        tell_failure(lost, "at the end: ");
        lost = lost->next;
        stack_free(&stack);
    }
    stacks_drop();
}

static void
dump(struct task *task, void *now)
{
    double seconds = (double)(*(long long *)now - task->since) / 1e9;
    size_t used = stack_used(&task->stack) / 1024;
    char what[40] = "is ready";

    if (task->awaits != NULL && task->awaits_fd != -1)
        snprintf(what, sizeof(what), "awaits %s(%d)", task->awaits, task->awaits_fd);
    else if (task->awaits != NULL)
        snprintf(what, sizeof(what), "awaits %s", task->awaits);
    complain("  %-21s %-18s for %.1f s, created in %s, %zu KiB", task->name, what, seconds,
             task->where, used);
}

void
tasks_dump(void)
{
    long long now = loop_now();

    complain("%zu tasks", alive);
    tasks_each(dump, &now);
}
