/* thread_queue.c -- a queue between threads, which block, and tasks, which await. */
#include "thread_queue.h"

#include <stdlib.h>

#include "task.h"

/* The loop's call: something has changed, so all tasks that wait look again. */
static void
wake_tasks(void *arg)
{
    struct thread_queue *queue = arg;

    while (!ring_empty(&queue->tasks)) {
        struct handle *task = queue->tasks.next;

        handle_cancel(task);
        call_soon(queue->loop, task);
    }
}

int
thread_queue_init(struct thread_queue *queue, struct loop *loop, size_t room)
{
    *queue = (struct thread_queue){ .loop = loop, .room = room };
    queue->wake = (struct handle){ .call = wake_tasks, .arg = queue };
    queue->items = calloc(room, sizeof(void *));
    if (queue->items == NULL)
        return -1;
    ring_make(&queue->tasks);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    return 0;
}

void
thread_queue_free(struct thread_queue *queue)
{
    cancel_threadsafe(queue->loop, &queue->wake);
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->changed);
    free(queue->items);
}

/* With the lock held: puts the item, if there is room, and tells everybody. */
static bool
try_put(struct thread_queue *queue, void *item)
{
    if (queue->n == queue->room)
        return false;
    queue->items[(queue->first + queue->n++) % queue->room] = item;
    pthread_cond_broadcast(&queue->changed);
    if (queue->waiting > 0)
        call_soon_threadsafe(queue->loop, &queue->wake);
    return true;
}

/* With the lock held: takes the oldest item, if there is one, and tells everybody. */
static bool
try_get(struct thread_queue *queue, void **item)
{
    if (queue->n == 0)
        return false;
    *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->room;
    queue->n--;
    pthread_cond_broadcast(&queue->changed);
    if (queue->waiting > 0)
        call_soon_threadsafe(queue->loop, &queue->wake);
    return true;
}

void
thread_put(struct thread_queue *queue, void *item)
{
    pthread_mutex_lock(&queue->lock);
    while (!try_put(queue, item))
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
}

void *
thread_get(struct thread_queue *queue)
{
    void *item;

    pthread_mutex_lock(&queue->lock);
    while (!try_get(queue, &item))
        pthread_cond_wait(&queue->changed, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

/* With the lock held, which is given back while the task waits: until something changes. */
static int
await_news(struct thread_queue *queue, const char *what)
{
    struct task *task = task_current();
    int result;

    queue->waiting++;
    pthread_mutex_unlock(&queue->lock);
    ring_append(&queue->tasks, &task->wake);
    result = await_wake(what, -1, 0);
    handle_cancel(&task->wake);
    pthread_mutex_lock(&queue->lock);
    queue->waiting--;
    return result;
}

int
await_thread_put(struct thread_queue *queue, void *item)
{
    int result = 0;

    pthread_mutex_lock(&queue->lock);
    while (result == 0 && !try_put(queue, item))
        result = await_news(queue, "thread's get");
    pthread_mutex_unlock(&queue->lock);
    return result;
}

int
await_thread_get(struct thread_queue *queue, void **item)
{
    int result = 0;

    pthread_mutex_lock(&queue->lock);
    while (result == 0 && !try_get(queue, item))
        result = await_news(queue, "thread's put");
    pthread_mutex_unlock(&queue->lock);
    return result;
}
