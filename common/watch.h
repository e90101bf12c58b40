/*
 * watch.h -- the loop from inside, and what it knows of one descriptor. For loop.c, and for
 * task.c and await.c, which pass here with every byte: that is why it is not behind calls.
 */
#ifndef ECHOLAB_WATCH_H
#define ECHOLAB_WATCH_H

#include <sys/epoll.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "handle.h"
#include "loop.h"
#include "timers.h"

struct watch {
    struct handle reader, writer; /* call is NULL when nobody waits */
    uint32_t asked;               /* the events on the kernel's list */
    unsigned streak;              /* calls in a row that needed no wait; await.c counts */
    struct watch *next;           /* the next of those that changed */
    int fd;
    bool changed;
};

#define BATCH 256 /* events that one turn may take */

struct loop {
    int epoll_fd;
    bool stopping;
    long long turn_time;
    struct handle ready; /* the head of a ring */
    struct timers timers;
    struct watch *watches; /* one for each descriptor number */
    size_t max_fds;
    struct watch *changed; /* those that the kernel is to be told of */
    struct epoll_event events[BATCH];

    pthread_mutex_t lock;  /* protects what other threads may touch: */
    struct handle foreign; /* a ring of calls that they ask for */
    int wake_fd;           /* an eventfd that wakes the loop */
};

/* The watch of fd; NULL with errno EMFILE when its number is too high for this loop. */
static inline struct watch *
loop_watch(struct loop *loop, int fd)
{
    if (fd >= 0 && (size_t)fd < loop->max_fds)
        return &loop->watches[fd];
    errno = EMFILE;
    return NULL;
}

/* The kernel's list must change. Returns 0, or -1 with errno when it is full. */
int watch_change(struct loop *loop, struct watch *watch);

/* The events that somebody waits for. */
static inline uint32_t
watch_wanted(const struct watch *watch)
{
    return (watch->reader.call != NULL ? (uint32_t)EPOLLIN : 0) |
           (watch->writer.call != NULL ? (uint32_t)EPOLLOUT : 0);
}

/* Begins to wait: `handle` is the watch's reader or writer. Returns as add_reader() does. */
static inline int
watch_begin(struct loop *loop, struct watch *watch, struct handle *handle,
            void (*call)(void *), void *arg)
{
    if (handle->call != NULL) {
        errno = EBUSY;
        return -1;
    }
    handle->call = call;
    handle->arg = arg;
    if (watch->asked == watch_wanted(watch) || watch_change(loop, watch) == 0)
        return 0;
    handle->call = NULL;
    return -1;
}

/*
 * Waits no more. When nobody else waits either the kernel is not told: most often somebody
 * waits again in this turn. Only an event that nobody wants takes fd off the list.
 */
static inline void
watch_end(struct loop *loop, struct watch *watch, struct handle *handle)
{
    handle->call = NULL;
    handle_cancel(handle);
    if (watch->reader.call == NULL && watch->writer.call == NULL)
        return;
    if (watch->asked != watch_wanted(watch))
        watch_change(loop, watch);
}

#endif
