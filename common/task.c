/*
 * task.c -- tasks on the loop.
 *
 * The loop's own flow of control is the hub: it resumes a task, and the task goes back to
 * it when it waits. No task ever switches to another one.
 */
#include "task.h"

#include <errno.h>
#include <string.h>

#include "say.h"
#include "switch.h"

static _Thread_local struct context hub;
static _Thread_local struct task *current;
static _Thread_local struct task *first, *last; /* all that have not ended */
static _Thread_local size_t alive;
static _Thread_local bool ending; /* the loop is to stop when the last one has ended */

struct task *
task_current(void)
{
    return current;
}

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

/* Frees a task that has ended and has no owner; its memory is on its own stack. */
static void
free_task(struct task *task)
{
    struct stack stack = task->stack;
    const struct future *end = &task->future;

    if (end->result == -1 && !end->heard && end->error != ECANCELED)
        complain("Task exception was never retrieved: %s (created in %s): %s", task->name,
                 task->where, end->why != NULL ? end->why : strerror(end->error));
    stack_free(&stack);
}

/* Where every task begins: its first switch lands here. */
static void
begin(void)
{
    struct task *task = current;
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
    current = task;
    context_switch(&hub, &task->context);
    current = NULL;
    if (!task->future.done)
        return;
    delist(task);
    if (ending && alive == 0)
        loop_stop(task->future.loop);
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

struct task *
task_start(struct loop *loop, const char *name, const char *where, long (*run)(void *arg),
           size_t arg_size)
{
    struct stack stack;
    struct task *task;

    if (stack_make(&stack, sizeof(*task) + arg_size) == -1)
        return NULL;
    task = (struct task *)(void *)stack.top;
    *task = (struct task){ .stack = stack, .run = run, .owned = true, .where = where };
    task->arg = task + 1;
    task->wake = (struct handle){ .call = task_resume, .arg = task };
    task->timer.handle = (struct handle){ .call = be_late, .arg = task };
    strncpy(task->name, name, TASK_NAME - 1);
    future_init(&task->future, loop);
    context_make(&task->context, &stack, begin);
    enlist(task);
    call_soon(loop, &task->wake);
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

void
await_limit(double seconds)
{
    current->limit = seconds;
}

int
await_wake(const char *what, int fd, double seconds)
{
    struct task *task = current;

    task->late = false;
    if (seconds > 0 && call_later(task->future.loop, &task->timer, seconds) == -1)
        return -1;
    if (!task->cancelled) {
        task->awaits = what;
        task->awaits_fd = fd;
        task->since = loop_turn_time(task->future.loop);
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
    call_soon(current->future.loop, &current->wake);
    return await_wake("turn", -1, 0);
}

long
await_future(struct future *future)
{
    while (!future->done) {
        future_add_callback(future, &current->wake);
        int result = await_wake("future", -1, 0);
        handle_cancel(&current->wake);
        if (result == -1)
            return -1;
    }
    return future_result(future);
}

long
await_task(struct task *task)
{
    long result = await_future(&task->future);

    if (task->future.done) {
        int saved = errno;

        task_drop(task);
        errno = saved;
    }
    return result;
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
    stacks_drop();
}
