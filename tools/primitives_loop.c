/* primitives_loop.c -- small programs: the loop, futures, tasks, their errors and their end. */
#include "primitives.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "loop.h"
#include "task.h"

/* ---- loop: in which order are calls made that were asked for at once? */

static void
say_name(void *name)
{
    tell("%s", (const char *)name);
}

long
loop_program(void *loop)
{
    struct timer late = { .handle = { say_name, "in 20 ms", NULL, NULL } };
    struct timer early = { .handle = { say_name, "in 10 ms", NULL, NULL } };
    struct handle soon = { say_name, "soon", NULL, NULL };
    struct handle never = { say_name, "cancelled", NULL, NULL };
    long long now = loop_now(), ms = 1000000;

    call_at(loop, &late, now + 20 * ms);
    call_at(loop, &early, now + 10 * ms);
    call_soon(loop, &soon);
    call_soon(loop, &never);
    handle_cancel(&never);
    tell("all is asked for");
    return await_sleep(0.030);
}

/* ---- future: a result that is not there yet. */

static void
on_done(void *arg)
{
    tell("callback: the result is %ld", future_result(arg));
}

static void
bring(void *arg)
{
    tell("timer: I bring 42");
    future_set_result(arg, 42);
}

long
future_program(void *loop)
{
    struct future answer, other;
    struct handle callback = { on_done, &answer, NULL, NULL };
    struct timer timer = { .handle = { bring, &answer, NULL, NULL } };

    future_init(&answer, loop);
    future_init(&other, loop);
    future_add_callback(&answer, &callback);
    call_later(loop, &timer, 0.001);
    tell("main: is it done? %s", answer.done ? "yes" : "no");
    tell("main: it is %ld", await_future(&answer));
    tell("main: a second result counts? %s", future_set_result(&answer, 7) ? "yes" : "no");
    future_set_error(&other, ECONNRESET, NULL);
    if (await_future(&other) == -1)
        tell("main: the other one failed: %s", future_why(&other));
    return 0;
}

/* ---- task: two tasks take turns. Only at an await can anything else happen. */

static long
count(void *name)
{
    for (int i = 1; i <= 3; i++) {
        tell("%s: %d", (const char *)name, i);
        await_turn();
    }
    return 3;
}

long
task_program(void *loop)
{
    struct task *alice = begin(loop, "alice", count, "alice");
    struct task *bob = begin(loop, "bob", count, "bob");

    tell("main: both are created, none has begun");
    tell("main: alice returned %ld", await_task(alice));
    tell("main: bob returned %ld", await_task(bob));
    return 0;
}

/* ---- error: what a task fails of comes out where it is awaited, and nowhere else. */

static long
fail(void *arg)
{
    (void)arg;
    tell("task: I fail");
    return task_fail("Unexpected network error");
}

long
error_program(void *loop)
{
    struct task *task = begin(loop, "task", fail, NULL);

    await_sleep(0.001);
    tell("main: it has ended, and I have heard nothing");
    if (await_future(&task->future) == -1)
        tell("main: now I hear of it: %s", future_why(&task->future));
    task_drop(task);
    return 0;
}

/* ---- cancel: the await says so, and the task cleans up, with awaits if need be. */

static long
sleep_for_ever(void *arg)
{
    (void)arg;
    tell("task: asleep for an hour");
    if (await_sleep(3600) == -1)
        tell("task: woken: %s", strerror(errno));
    await_sleep(0.001);
    tell("task: cleaned up");
    errno = ECANCELED;
    return -1;
}

long
cancel_program(void *loop)
{
    struct task *task = begin(loop, "task", sleep_for_ever, NULL);

    await_turn();
    tell("main: cancelled it? %s", task_cancel(task) ? "yes" : "no");
    if (await_task(task) == -1)
        tell("main: it ended by: %s", strerror(errno));
    return 0;
}

/* ---- delay: ten seconds, or until Ctrl-C: then the task is cancelled. */

static long
delay(void *arg)
{
    (void)arg;
    tell("delay: sleeping for 10 s");
    if (await_sleep(10) == -1)
        return -1;
    tell("delay: finished");
    return 10;
}

static void
cancel_one(struct task *task, void *arg)
{
    (void)arg;
    task_cancel(task);
}

static void
cancel_all(int sig, void *arg)
{
    (void)arg;
    tell("Got the signal SIG%s", sigabbrev_np(sig));
    tell("%zu tasks are being cancelled", tasks_alive());
    tasks_each(cancel_one, NULL);
}

long
delay_program(void *loop)
{
    struct task *task = begin(loop, "delay", delay, NULL);
    long result;

    if (add_signal(loop, SIGINT, cancel_all, NULL) == -1)
        return -1;
    result = await_task(task);
    if (result == -1)
        tell("main: %s", strerror(errno));
    else
        tell("main: it slept for %ld s", result);
    remove_signal(loop, SIGINT);
    return 0;
}
