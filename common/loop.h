/*
 * loop.h -- the event loop: one thread that sleeps until something can be done, and does it.
 *
 * Whoever waits for something leaves a call behind: for a descriptor, for a time, for a
 * signal, for another thread, or for "soon". The loop makes these calls one after another,
 * never two at once.
 */
#ifndef ECHOLAB_LOOP_H
#define ECHOLAB_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include "handle.h"
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

/* The same clock as it was when this turn's events came: costs nothing. */
long long loop_turn_time(const struct loop *loop);

/* Makes the call in the next turn, in the order of asking. Once, even if asked for twice. */
void call_soon(struct loop *loop, struct handle *handle);

/* The same from any thread: wakes the loop if it sleeps. The handle is for this alone. */
void call_soon_threadsafe(struct loop *loop, struct handle *handle);

/* Takes that back, before the handle's memory goes. From the loop's own thread. */
void cancel_threadsafe(struct loop *loop, struct handle *handle);

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
 * somebody reads it already, EMFILE when its number is too high for this loop, EPERM for a
 * regular file, which is always ready.
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
 * Signal `sig` comes as a call from the loop, not as an interruption. One loop of a process
 * may ask for signals. Returns 0, or -1 with errno set.
 */
int add_signal(struct loop *loop, int sig, void (*call)(int sig, void *arg), void *arg);

/* From now on the signal takes its default action again. */
void remove_signal(struct loop *loop, int sig);

/*
 * The first of SIGINT, SIGTERM and SIGALRM (that is --exit-after) makes the call; from then
 * on they take their default action. Returns 0, or -1 with errno set.
 */
int add_stop_signals(struct loop *loop, void (*call)(int sig, void *arg), void *arg);

/* No signal is listened to any more; they stay blocked. loop_close() calls it. */
void signals_close(struct loop *loop);

#endif
