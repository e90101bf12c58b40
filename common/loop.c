/*
 * loop.c -- the event loop on epoll.
 *
 * A turn has five steps: run what is ready, register what is waited for, compute the
 * time-out, select, process the events. No callback runs while events are looked at, so an
 * event can never reach somebody who has left in the meantime.
 */
#include "loop.h"

#include <sys/epoll.h>

#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256 /* events that one turn may take */
#define NOBODY (-1)

/* What the loop knows of one descriptor. */
struct watch {
    struct handle reader, writer; /* call is NULL when nobody waits */
    uint32_t asked;               /* the events on the kernel's list */
    unsigned streak;
    int next;                     /* the next of those that changed, or NOBODY */
    bool changed;
};

struct loop {
    int epoll_fd;
    bool stopping;
    struct handle ready; /* the head of a ring */
    struct timers timers;
    struct watch *watches; /* one for each descriptor number */
    size_t max_fds;
    int changed; /* the first descriptor to register anew */
};

long long
loop_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
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

static struct watch *
watch_of(struct loop *loop, int fd)
{
    if (fd >= 0 && (size_t)fd < loop->max_fds)
        return &loop->watches[fd];
    errno = EMFILE;
    return NULL;
}

static uint32_t
wanted(const struct watch *watch)
{
    return (watch->reader.call != NULL ? (uint32_t)EPOLLIN : 0) |
           (watch->writer.call != NULL ? (uint32_t)EPOLLOUT : 0);
}

/* The kernel's list is no longer right for fd: register_changes() looks at it. */
static void
note_change(struct loop *loop, struct watch *watch)
{
    if (watch->changed)
        return;
    watch->changed = true;
    watch->next = loop->changed;
    loop->changed = (int)(watch - loop->watches);
}

/* Puts fd on the kernel's list, or changes what it says there. */
static int
tell_kernel(struct loop *loop, struct watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = (int)(watch - loop->watches) };
    int op = watch->asked == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

    watch->asked = events;
    return epoll_ctl(loop->epoll_fd, op, event.data.fd, &event);
}

static int
wait_for(struct loop *loop, struct watch *watch, struct handle *handle, void (*call)(void *),
         void *arg)
{
    if (handle->call != NULL) {
        errno = EBUSY;
        return -1;
    }
    handle->call = call;
    handle->arg = arg;
    if (watch->asked == wanted(watch))
        return 0;
    if (watch->asked != 0) {
        note_change(loop, watch); /* most often somebody else stops waiting in this turn */
    } else if (tell_kernel(loop, watch, wanted(watch)) == -1) {
        watch->asked = 0;
        handle->call = NULL;
        return -1;
    }
    return 0;
}

int
add_reader(struct loop *loop, int fd, void (*call)(void *), void *arg)
{
    struct watch *watch = watch_of(loop, fd);

    return watch == NULL ? -1 : wait_for(loop, watch, &watch->reader, call, arg);
}

int
add_writer(struct loop *loop, int fd, void (*call)(void *), void *arg)
{
    struct watch *watch = watch_of(loop, fd);

    return watch == NULL ? -1 : wait_for(loop, watch, &watch->writer, call, arg);
}

/*
 * When the last one stops waiting the kernel is not told: most often somebody waits again
 * before the end of this turn. Only an event that nobody wants takes fd off the list.
 */
static void
wait_no_more(struct loop *loop, struct watch *watch, struct handle *handle)
{
    handle->call = NULL;
    handle_cancel(handle);
    if (wanted(watch) != 0 && wanted(watch) != watch->asked)
        note_change(loop, watch);
}

void
remove_reader(struct loop *loop, int fd)
{
    struct watch *watch = watch_of(loop, fd);

    if (watch != NULL)
        wait_no_more(loop, watch, &watch->reader);
}

void
remove_writer(struct loop *loop, int fd)
{
    struct watch *watch = watch_of(loop, fd);

    if (watch != NULL)
        wait_no_more(loop, watch, &watch->writer);
}

void
loop_forget(struct loop *loop, int fd)
{
    struct watch *watch = watch_of(loop, fd);

    if (watch == NULL)
        return;
    wait_no_more(loop, watch, &watch->reader);
    wait_no_more(loop, watch, &watch->writer);
    watch->streak = 0;
    watch->asked = 0; /* close() took it off the kernel's list */
}

unsigned *
loop_streak(struct loop *loop, int fd)
{
    struct watch *watch = watch_of(loop, fd);

    return watch != NULL ? &watch->streak : NULL;
}

/* Step 1. Who becomes ready now has his turn in the next round: nobody starves. */
static void
run_ready(struct loop *loop)
{
    struct handle now;

    if (ring_empty(&loop->ready))
        return;
    now = loop->ready; /* the whole ring moves over */
    now.next->prev = now.prev->next = &now;
    ring_make(&loop->ready);
    while (!ring_empty(&now)) {
        struct handle *handle = now.next;

        handle_cancel(handle);
        handle->call(handle->arg);
    }
}

/* Step 2: what changed since the last turn, and is not back as it was. */
static void
register_changes(struct loop *loop)
{
    while (loop->changed != NOBODY) {
        struct watch *watch = &loop->watches[loop->changed];

        loop->changed = watch->next;
        watch->changed = false;
        if (watch->asked != 0 && watch->asked != wanted(watch))
            tell_kernel(loop, watch, wanted(watch));
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
    struct watch *watch = &loop->watches[event->data.fd];
    uint32_t for_reader = event->events & (EPOLLIN | failed);
    uint32_t for_writer = event->events & (EPOLLOUT | failed);

    if (for_reader != 0 && watch->reader.call != NULL)
        call_soon(loop, &watch->reader);
    if (for_writer != 0 && watch->writer.call != NULL)
        call_soon(loop, &watch->writer);
    if (watch->asked != wanted(watch))
        note_change(loop, watch);
}

/* Step 5b: timers whose time has come, in their order. */
static void
process_timers(struct loop *loop)
{
    struct timer *first = timers_first(&loop->timers);
    long long now;

    if (first == NULL)
        return;
    now = loop_now();
    while (first != NULL && first->when <= now) {
        timers_remove(&loop->timers, first);
        call_soon(loop, &first->handle);
        first = timers_first(&loop->timers);
    }
}

static void
turn(struct loop *loop)
{
    struct epoll_event events[BATCH];

    run_ready(loop);
    register_changes(loop);
    int timeout = calculate_timeout(loop);
    int n = epoll_wait(loop->epoll_fd, events, BATCH, timeout); /* step 4: select */
    if (n == -1 && errno != EINTR)
        err(1, "epoll_wait");
    for (int i = 0; i < n; i++)
        process_event(loop, &events[i]);
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
    loop->watches = calloc(max_fds, sizeof(*loop->watches));
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->watches == NULL || loop->epoll_fd == -1) {
        free(loop->watches);
        free(loop);
        return NULL;
    }
    loop->max_fds = max_fds;
    loop->changed = NOBODY;
    ring_make(&loop->ready);
    return loop;
}

void
loop_close(struct loop *loop)
{
    close(loop->epoll_fd);
    free(loop->timers.heap);
    free(loop->watches);
    free(loop);
}
