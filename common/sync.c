/* sync.c -- what tasks share, and how they wait for each other. */
#include "sync.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Joins the ring and leaves the task until grant(). Returns 0; or -1 when the task was
 * cancelled. Then it may have been granted all the same, and must hand that on.
 */
static int
wait_in(struct handle *ring, const char *what)
{
    struct task *task = task_current();
    int result = 0;

    task->granted = false;
    ring_append(ring, &task->wake);
    while (result == 0 && !task->granted)
        result = await_wake(what, -1, 0);
    handle_cancel(&task->wake);
    return result;
}

/* Gives the one who has waited longest his turn. Returns false when nobody waits. */
static bool
grant(struct handle *ring)
{
    struct handle *first = ring->next;
    struct task *task;

    if (ring_empty(ring))
        return false;
    task = first->arg;
    handle_cancel(first);
    task->granted = true;
    call_soon(task->future.loop, first);
    return true;
}

int
await_gather(struct task **tasks, size_t n, long *results)
{
    int error = 0;
    bool cancelled = false;

    for (size_t i = 0; i < n; i++) {
        long result;

        while (!tasks[i]->future.done && await_future(&tasks[i]->future) == -1 &&
               !tasks[i]->future.done) {
            cancelled = true; /* it was we who were cancelled: so are they all */
            for (size_t k = i; k < n; k++)
                task_cancel(tasks[k]);
        }
        result = await_task(tasks[i]);
        if (result == -1 && error == 0)
            error = errno;
        if (results != NULL)
            results[i] = result;
    }
    errno = cancelled ? ECANCELED : error;
    return cancelled || error != 0 ? -1 : 0;
}

long
await_within(struct task *task, double seconds)
{
    bool cancelled = false, late = false;
    long result;

    while (!task->future.done && await_future_for(&task->future, late ? 0 : seconds) == -1 &&
           !task->future.done) {
        late = late || errno == ETIMEDOUT;
        cancelled = cancelled || errno == ECANCELED;
        task_cancel(task);
    }
    result = await_task(task);
    if (cancelled) {
        errno = ECANCELED;
        return -1;
    }
    if (result == -1 && late && errno == ECANCELED)
        errno = ETIMEDOUT;
    return result;
}

void
semaphore_init(struct semaphore *semaphore, size_t n)
{
    semaphore->free = n;
    ring_make(&semaphore->waiters);
}

int
await_acquire(struct semaphore *semaphore)
{
    if (semaphore->free > 0) {
        semaphore->free--;
        return 0;
    }
    if (wait_in(&semaphore->waiters, "semaphore") == 0)
        return 0;
    if (task_current()->granted)
        semaphore_release(semaphore);
    errno = ECANCELED;
    return -1;
}

/* It goes straight to who waits, not through `free`: a newcomer cannot snatch it. */
void
semaphore_release(struct semaphore *semaphore)
{
    if (!grant(&semaphore->waiters))
        semaphore->free++;
}

void
lock_init(struct lock *lock)
{
    semaphore_init(&lock->one, 1);
}

int
await_lock(struct lock *lock)
{
    return await_acquire(&lock->one);
}

void
unlock(struct lock *lock)
{
    semaphore_release(&lock->one);
}

void
event_init(struct event *event)
{
    event->set = false;
    ring_make(&event->waiters);
}

int
await_event(struct event *event)
{
    return event->set ? 0 : wait_in(&event->waiters, "event");
}

void
event_set(struct event *event)
{
    event->set = true;
    while (grant(&event->waiters))
        ;
}

void
event_clear(struct event *event)
{
    event->set = false;
}

void
condition_init(struct condition *condition, struct lock *lock)
{
    condition->lock = lock;
    ring_make(&condition->waiters);
}

int
await_condition(struct condition *condition)
{
    bool cancelled;

    unlock(condition->lock);
    cancelled = wait_in(&condition->waiters, "condition") == -1;
    if (cancelled && task_current()->granted)
        condition_notify(condition, 1);
    while (await_lock(condition->lock) == -1)
        cancelled = true; /* it was promised that we have the lock, whatever happens */
    if (cancelled)
        errno = ECANCELED;
    return cancelled ? -1 : 0;
}

void
condition_notify(struct condition *condition, size_t n)
{
    while (n > 0 && grant(&condition->waiters))
        n--;
}

int
queue_init(struct queue *queue, size_t room)
{
    *queue = (struct queue){ .items = calloc(room, sizeof(void *)), .room = room };
    ring_make(&queue->getters);
    ring_make(&queue->putters);
    return queue->items != NULL ? 0 : -1;
}

void
queue_free(struct queue *queue)
{
    free(queue->items);
}

/* A place or an item: who is woken looks again, since somebody may have been faster. */
static int
await_change(struct handle *ring, const char *what)
{
    int result = wait_in(ring, what);

    if (result == -1 && task_current()->granted) {
        grant(ring);
        errno = ECANCELED;
    }
    return result;
}

int
await_put(struct queue *queue, void *item)
{
    while (queue->n == queue->room)
        if (await_change(&queue->putters, "put") == -1)
            return -1;
    queue->items[(queue->first + queue->n++) % queue->room] = item;
    grant(&queue->getters);
    return 0;
}

int
await_get(struct queue *queue, void **item)
{
    while (queue->n == 0)
        if (await_change(&queue->getters, "get") == -1)
            return -1;
    *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->room;
    queue->n--;
    grant(&queue->putters);
    return 0;
}
