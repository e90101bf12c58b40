/*
 * task.h -- tasks: functions that can be left in the middle and gone on with later.
 *
 * A task has a stack of its own. Where it must wait it calls something that begins with
 * await_: the loop runs others meanwhile, and the call returns when it has its answer. So a
 * task's code reads from top to bottom, like that of a thread; but only at an await_ can
 * anything else happen, so between two of them there is nothing to lock.
 *
 * A task answers as a system call does: 0 or more is its result, -1 with errno its error.
 */
#ifndef ECHOLAB_TASK_H
#define ECHOLAB_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "future.h"
#include "loop.h"
#include "switch.h"

#define TASK_NAME 64

struct task {
    struct future future;    /* done when the task has ended */
    struct context context;
    struct stack stack;      /* the task itself and its arg lie above its top */
    long (*run)(void *arg);
    void *arg;
    struct handle wake;      /* goes on with the task */
    struct timer timer;      /* ends an await that takes too long */
    double limit;            /* seconds that an await may take; 0: any */
    bool cancelled;          /* the next await is to say so */
    bool late;               /* the timer has fired */
    bool granted;            /* what it waited for in a ring is its own now (sync.c) */
    bool owned;              /* task_drop() has not been called */
    const char *awaits;      /* the call it waits in; NULL while it is ready or runs */
    int awaits_fd;           /* and for which descriptor, or -1 */
    long long since;         /* ns on the loop's clock */
    unsigned long waits;     /* how often it has waited so far */
    struct task *next, *prev;
    const char *where;       /* the function that created it */
    char name[TASK_NAME];
};

/*
 * Creates a task that will call run(arg) in the loop's next turn. `where` is the caller's
 * __func__. Returns NULL with errno set when there is no memory. Its owner asks for the
 * result or drops it; then the task is freed at its end.
 */
struct task *task_start(struct loop *loop, const char *name, const char *where,
                        long (*run)(void *arg), void *arg);

/*
 * The same, with `size` bytes for its arg, which lie beside its stack and live as long as
 * the task does. The caller fills in task->arg.
 */
struct task *task_start_with_room(struct loop *loop, const char *name, const char *where,
                                  long (*run)(void *arg), size_t size);

/* Nobody will ask how this task ends. It runs on; if it fails, stderr hears of it. */
void task_drop(struct task *task);

/*
 * Asks a task to end: the await it is in, or its next one, returns -1 with ECANCELED. What
 * it does then is its own affair; it may well clean up with further awaits. Returns false
 * when it had ended already.
 */
bool task_cancel(struct task *task);

/*
 * For outside of tasks: turns the loop until the task has ended, returns as it did, and
 * drops it.
 */
long task_run(struct task *task);

/*
 * Cancels all tasks of this thread and turns the loop until the last has ended. Says again
 * which failures nobody asked for.
 */
void tasks_end(struct loop *loop);

/* For a task to fail in words: `return task_fail("...")`. Returns -1 with errno EIO. */
int task_fail(const char *why);

/* The words of task_fail() in this task; NULL when it was not called. */
const char *task_why(void);

/* Set by task.c; others ask task_current(). */
extern _Thread_local struct task *task_running;

/* The task that is running; NULL outside of tasks. */
static inline struct task *
task_current(void)
{
    return task_running;
}

/* How many tasks of this thread have not ended. */
size_t tasks_alive(void);

/* Says on stderr what every task awaits, since when, and where it was created. */
void tasks_dump(void);

/* Calls each(task, arg) for every task of this thread that has not ended, oldest first. */
void tasks_each(void (*each)(struct task *task, void *arg), void *arg);

/*
 * From now on a wait of this task for a descriptor fails with ETIMEDOUT after so many
 * seconds, as SO_RCVTIMEO does it for calls that block; 0: never.
 */
void await_limit(double seconds);

/* Goes on with a task (arg) that waits in await_wake(): the call to leave in a handle. */
void task_resume(void *arg);

/*
 * For those who build an await of their own: leaves this task until task_resume(). `what`
 * and fd (or -1) say for what it waits. Returns 0; or -1 with ECANCELED, or with ETIMEDOUT
 * after so many seconds if there are any. May return early: look again.
 */
int await_wake(const char *what, int fd, double seconds);

/*
 * Waits until the future is done. Returns its result, or -1 with its errno; ECANCELED also
 * when it was this task that was cancelled.
 */
long await_future(struct future *future);

/* The same, but for so many seconds at most; then -1 with ETIMEDOUT. 0: for ever. */
long await_future_for(struct future *future, double seconds);

/*
 * Waits until the task has ended, returns as it did, and drops it. When this task is
 * cancelled, so is that one; its end is waited for all the same.
 */
long await_task(struct task *task);

/* Waits so many seconds. Returns 0, or -1 with errno ECANCELED. */
int await_sleep(double seconds);

/* Waits until all other tasks have ended, at most so long. Returns how many have not. */
size_t await_others(double seconds);

/* Lets everybody else who is ready have a turn. Returns 0, or -1 with errno ECANCELED. */
int await_turn(void);

#endif
