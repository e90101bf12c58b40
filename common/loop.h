/*
 * loop.h -- the event loop: one thread that sleeps until something can be done, and does it.
 *
 * Whoever waits for something leaves a call behind: for a descriptor, for a time, for a
 * signal, or for "soon". The loop makes these calls one after another, never two at once.
 */
#ifndef ECHOLAB_LOOP_H
#define ECHOLAB_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "timers.h"

struct loop;

/*
 * A loop for descriptors below max_fds. Returns NULL with errno set when the system has no
 * memory or no descriptor left.
 */
struct loop *loop_open(size_t max_fds);

/* Frees the loop. What still waits is forgotten without a call. */
void loop_close(struct loop *loop);

/* Turns until loop_stop(). */
void loop_run(struct loop *loop);

/* Ends loop_run() after the turn that is under way; what is ready by then is not called. */
void loop_stop(struct loop *loop);

/* The loop's clock: ns since some moment in the past; it never goes back. */
long long loop_now(void);

/* Makes the call in the next turn, in the order of asking. It may be asked for only once. */
void call_soon(struct loop *loop, struct handle *handle);

/* Makes the call after so many seconds. Returns 0, or -1 with errno ENOMEM. */
int call_later(struct loop *loop, struct timer *timer, double seconds);

/* Makes the call when loop_now() reaches `when`. Returns 0, or -1 with errno ENOMEM. */
int call_at(struct loop *loop, struct timer *timer, long long when);

/* The call is not to be made; does nothing when it was made. See also handle_cancel(). */
void timer_cancel(struct loop *loop, struct timer *timer);

/* Does it wait for its call? */
bool timer_waits(const struct timer *timer);

/*
 * Calls whenever fd can be read, or has failed or ended: until remove_reader(). Any
 * descriptor will do that can be waited for. Returns 0, or -1 with errno set: EBUSY when
 * somebody reads it already, EMFILE when its number is too high for this loop.
 */
int add_reader(struct loop *loop, int fd, void (*call)(void *), void *arg);
void remove_reader(struct loop *loop, int fd);

/* The same for writing. */
int add_writer(struct loop *loop, int fd, void (*call)(void *), void *arg);
void remove_writer(struct loop *loop, int fd);

/*
 * The number fd is about to be closed, or was just given to something new: nobody waits for
 * it, and whatever the loop knew of it is void.
 */
void loop_forget(struct loop *loop, int fd);

/*
 * A note that belongs to fd until it is forgotten: how many calls in a row succeeded without
 * waiting. NULL when the number is too high for this loop.
 */
unsigned *loop_streak(struct loop *loop, int fd);

#endif
