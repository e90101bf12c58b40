/*
 * loop.c -- the event loop on epoll.
 *
 * A turn has five steps: run what is ready, register what is waited for, compute the
 * time-out, select, process the events. No callback runs while events are looked at, so an
 * event can never reach somebody who has left in the meantime.
 */
#include "loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"

long long
loop_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

long long
loop_turn_time(const struct loop *loop)
{
    return loop->turn_time;
}

void
call_soon(struct loop *loop, struct handle *handle)
{
    if (!handle_waits(handle))
        ring_append(&loop->ready, handle);
}

int
call_at(struct loop *loop, struct timer *timer, long long when)
{
    timer->when = when;
    return timers_add(&loop->timers, timer);
}

int
call_later(struct loop *loop, struct timer *timer, double seconds)
{
    return call_at(loop, timer, loop_now() + (long long)(seconds * 1e9));
}

void
timer_cancel(struct loop *loop, struct timer *timer)
{
    timers_remove(&loop->timers, timer);
    handle_cancel(&timer->handle);
}

bool
timer_waits(const struct timer *timer)
{
    return timer->place != 0 || handle_waits(&timer->handle);
}

/* Puts fd on the kernel's list, changes what it says there, or takes it off. */
static int
tell_kernel(struct loop *loop, struct watch *watch)
{
    struct epoll_event event = { .events = watch_wanted(watch), .data.ptr = watch };
    int op = watch->asked == 0   ? EPOLL_CTL_ADD
             : event.events == 0 ? EPOLL_CTL_DEL
                                 : EPOLL_CTL_MOD;

    watch->asked = event.events;
    return epoll_ctl(loop->epoll_fd, op, watch->fd, &event);
}

/* A newcomer is told to the kernel now, since that may fail; a change can wait. */
int
watch_change(struct loop *loop, struct watch *watch)
{
    if (watch->asked == 0) {
        watch->fd = (int)(watch - loop->watches);
        if (tell_kernel(loop, watch) == 0)
            return 0;
        watch->asked = 0;
        return -1;
    }
    if (!watch->changed) {
        watch->changed = true;
        watch->next = loop->changed;
        loop->changed = watch;
    }
    return 0;
}

int
add_reader(struct loop *loop, int fd, void (*call)(void *), void *arg)
{
    struct watch *watch = loop_watch(loop, fd);

    return watch == NULL ? -1 : watch_begin(loop, watch, &watch->reader, call, arg);
}

int
add_writer(struct loop *loop, int fd, void (*call)(void *), void *arg)
{
    struct watch *watch = loop_watch(loop, fd);

    return watch == NULL ? -1 : watch_begin(loop, watch, &watch->writer, call, arg);
}

void
remove_reader(struct loop *loop, int fd)
{
    struct watch *watch = loop_watch(loop, fd);

    if (watch != NULL)
        watch_end(loop, watch, &watch->reader);
}

void
remove_writer(struct loop *loop, int fd)
{
    struct watch *watch = loop_watch(loop, fd);

    if (watch != NULL)
        watch_end(loop, watch, &watch->writer);
}

void
loop_forget(struct loop *loop, int fd)
{
    struct watch *watch = loop_watch(loop, fd);

    if (watch == NULL)
        return;
    watch->asked = 0; /* close() takes it off the kernel's list, or did so */
    watch->streak = 0;
    watch->reader.call = watch->writer.call = NULL;
    handle_cancel(&watch->reader);
    handle_cancel(&watch->writer);
}

void
call_soon_threadsafe(struct loop *loop, struct handle *handle)
{
    uint64_t one = 1;

    pthread_mutex_lock(&loop->lock);
    if (!handle_waits(handle))
        ring_append(&loop->foreign, handle);
    pthread_mutex_unlock(&loop->lock);
    while (write(loop->wake_fd, &one, sizeof(one)) == -1 && errno == EINTR)
        ; /* any other failure says that the loop is being woken already */
}

void
cancel_threadsafe(struct loop *loop, struct handle *handle)
{
    pthread_mutex_lock(&loop->lock);
    handle_cancel(handle);
    pthread_mutex_unlock(&loop->lock);
}

/* Another thread has woken us: makes its calls. */
static void
take_foreign(void *arg)
{
    struct loop *loop = arg;
    uint64_t count;

    if (read(loop->wake_fd, &count, sizeof(count)) == -1)
        return;
    pthread_mutex_lock(&loop->lock);
    while (!ring_empty(&loop->foreign)) {
        struct handle *handle = loop->foreign.next;

        handle_cancel(handle);
        pthread_mutex_unlock(&loop->lock);
        handle->call(handle->arg);
        pthread_mutex_lock(&loop->lock);
    }
    pthread_mutex_unlock(&loop->lock);
}

/* Step 1. Who becomes ready now has his turn in the next round: nobody starves. */
static void
run_ready(struct loop *loop)
{
    struct handle end = { .next = NULL }; /* stands behind those who are ready now */
    struct handle *handle;

    if (ring_empty(&loop->ready))
        return;
    ring_append(&loop->ready, &end);
    while ((handle = ring_take(&loop->ready)) != &end)
        handle->call(handle->arg);
}

/* Step 2: what changed since the last turn, and is not back as it was. */
static void
register_changes(struct loop *loop)
{
    while (loop->changed != NULL) {
        struct watch *watch = loop->changed;

        loop->changed = watch->next;
        watch->changed = false;
        if (watch->asked != 0 && watch->asked != watch_wanted(watch))
            tell_kernel(loop, watch);
    }
}

/* Step 3: how long may we sleep, in ms? Rounded up: a timer is never early. */
static int
calculate_timeout(const struct loop *loop)
{
    const struct timer *first = timers_first(&loop->timers);
    long long left;

    if (!ring_empty(&loop->ready) || loop->stopping)
        return 0;
    if (first == NULL)
        return -1;
    left = first->when - loop_now();
    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/* Step 5a: an event becomes the call that somebody left for it. */
static void
process_event(struct loop *loop, const struct epoll_event *event)
{
    const uint32_t failed = EPOLLHUP | EPOLLERR; /* the call will find out what it is */
    struct watch *watch = event->data.ptr;
    bool wanted = false;

    if ((event->events & (EPOLLIN | failed)) != 0 && watch->reader.call != NULL) {
        call_soon(loop, &watch->reader);
        wanted = true;
    }
    if ((event->events & (EPOLLOUT | failed)) != 0 && watch->writer.call != NULL) {
        call_soon(loop, &watch->writer);
        wanted = true;
    }
    if (!wanted && watch->asked != watch_wanted(watch))
        watch_change(loop, watch);
}

/* Step 5b: timers whose time has come, in their order. */
static void
process_timers(struct loop *loop)
{
    struct timer *first = timers_first(&loop->timers);

    while (first != NULL && first->when <= loop->turn_time) {
        timers_remove(&loop->timers, first);
        call_soon(loop, &first->handle);
        first = timers_first(&loop->timers);
    }
}

/* The five steps, named as the books name them. */
static void
turn(struct loop *loop)
{
    run_ready(loop);
    register_changes(loop);
    int timeout = calculate_timeout(loop);
    int n = epoll_wait(loop->epoll_fd, loop->events, BATCH, timeout); /* step 4: select */
    if (n == -1 && errno != EINTR)
        err(1, "epoll_wait");
    loop->turn_time = loop_now();
    for (int i = 0; i < n; i++)
        process_event(loop, &loop->events[i]);
    process_timers(loop);
}

void
loop_run(struct loop *loop)
{
    loop->stopping = false;
    while (!loop->stopping)
        turn(loop);
}

void
loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

struct loop *
loop_open(size_t max_fds)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return NULL;
    ring_make(&loop->ready);
    ring_make(&loop->foreign);
    pthread_mutex_init(&loop->lock, NULL);
    loop->max_fds = max_fds;
    loop->turn_time = loop_now();
    loop->watches = calloc(max_fds, sizeof(*loop->watches));
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->watches != NULL && loop->epoll_fd != -1 && loop->wake_fd != -1 &&
        add_reader(loop, loop->wake_fd, take_foreign, loop) == 0)
        return loop;
    int saved = errno;
    loop_close(loop);
    errno = saved;
    return NULL;
}

void
loop_close(struct loop *loop)
{
    signals_close(loop);
    if (loop->epoll_fd != -1)
        close(loop->epoll_fd);
    if (loop->wake_fd != -1)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop->timers.heap);
    free(loop->watches);
    free(loop);
}
