/*
 * sync.h -- what tasks share, and how they wait for each other.
 *
 * Between two awaits a task is alone, so a plain variable needs no lock. These are for what
 * must stay as it is across an await. All belong to one thread; who waits is served in the
 * order of coming. What begins with await_ returns -1 with errno ECANCELED when the task is
 * cancelled; then it holds nothing and nothing was taken.
 */
#ifndef ECHOLAB_SYNC_H
#define ECHOLAB_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "task.h"

/*
 * Waits until all n tasks have ended, and drops them. results[i], if results is not NULL,
 * is what the i-th returned. Returns 0 when none failed, else -1 with the errno of the first
 * of them in the list. When this task is cancelled they all are.
 */
int await_gather(struct task **tasks, size_t n, long *results);

/*
 * Waits for the task at most so long, then cancels it and waits for its end. Drops it.
 * Returns its result, or -1 with its errno, or with ETIMEDOUT.
 */
long await_within(struct task *task, double seconds);

/* So many tasks at once, and no more. */
struct semaphore {
    size_t free;
    struct handle waiters;
};

/* acquire returns 0 once there is a place, which is kept until the release. */
void semaphore_init(struct semaphore *semaphore, size_t n);
int await_acquire(struct semaphore *semaphore);
void semaphore_release(struct semaphore *semaphore);

/* One task at a time. */
struct lock {
    struct semaphore one;
};

/* await_lock() returns 0 when the lock is this task's, until unlock(). */
void lock_init(struct lock *lock);
int await_lock(struct lock *lock);
void unlock(struct lock *lock);

/* Something that has happened, or not yet. */
struct event {
    bool set;
    struct handle waiters;
};

/* await_event() returns 0 once it is set; set wakes all, clear makes the next ones wait. */
void event_init(struct event *event);
int await_event(struct event *event);
void event_set(struct event *event);
void event_clear(struct event *event);

/* "Look again": for a condition on what the lock protects. */
struct condition {
    struct lock *lock;
    struct handle waiters;
};

/* The lock must be held around await_condition() and condition_notify(). */
void condition_init(struct condition *condition, struct lock *lock);

/*
 * Gives the lock away, waits to be notified, and has the lock again when it returns, also
 * when it returns -1.
 */
int await_condition(struct condition *condition);

/* Wakes up to n who wait for the condition. */
void condition_notify(struct condition *condition, size_t n);

/* A queue of at most `room` items between tasks. */
struct queue {
    void **items;
    size_t room, n, first;
    struct handle getters, putters;
};

/* Returns 0, or -1 with errno ENOMEM. */
int queue_init(struct queue *queue, size_t room);
void queue_free(struct queue *queue);

/* Waits while the queue is full. Returns 0. */
int await_put(struct queue *queue, void *item);

/* Waits while it is empty. Returns 0 with the oldest item in *item. */
int await_get(struct queue *queue, void **item);

#endif
