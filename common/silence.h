/*
 * silence.h -- --read-timeout for a loop of one thread: each client has a timer that is wound
 * up whenever a byte moved, and the loop sleeps no longer than the nearest of them.
 */
#ifndef ECHOLAB_SILENCE_H
#define ECHOLAB_SILENCE_H

#include "stage.h"
#include "timers.h"

/*
 * A byte of this client moved: its time begins again. Without --read-timeout nothing happens;
 * without memory it says so, and this client may be silent for ever.
 */
void silence_begins(struct timers *timers, struct timer *timer, void *client,
                    const struct settings *set);

/* What the loop may sleep, in ms: wait_limit(), but not beyond the nearest timer. */
int nap(const struct timers *timers, const struct settings *set);

/* A client whose time is over, NULL when there is none. Its timer is stopped. */
void *silence_over(struct timers *timers);

#endif
