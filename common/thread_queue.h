/*
 * thread_queue.h -- a queue between threads, which block, and the tasks of one loop, which
 * await. Either end may be used by any number of them.
 */
#ifndef ECHOLAB_THREAD_QUEUE_H
#define ECHOLAB_THREAD_QUEUE_H

#include <pthread.h>
#include <stddef.h>

#include "loop.h"

struct thread_queue {
    pthread_mutex_t lock;   /* held for a moment only, so the loop may wait for it */
    pthread_cond_t changed; /* wakes threads */
    struct loop *loop;
    struct handle wake;     /* wakes tasks, through the loop */
    struct handle tasks;    /* those that wait; only the loop's thread touches it */
    size_t waiting;         /* how many they are */
    void **items;
    size_t room, n, first;
};

/* A queue of at most `room` items. Returns 0, or -1 with errno ENOMEM. */
int thread_queue_init(struct thread_queue *queue, struct loop *loop, size_t room);

/* Frees it, in the loop's thread, when no other uses it any more. */
void thread_queue_free(struct thread_queue *queue);

/* For threads: sleeps while the queue is full. */
void thread_put(struct thread_queue *queue, void *item);

/* For threads: sleeps while it is empty. Returns the oldest item. */
void *thread_get(struct thread_queue *queue);

/* For tasks: the same, while others run. Returns 0, or -1 with errno ECANCELED. */
int await_thread_put(struct thread_queue *queue, void *item);
int await_thread_get(struct thread_queue *queue, void **item);

#endif
