/* timers.h -- which call comes next: a heap of timers, the nearest on top. */
#ifndef ECHOLAB_TIMERS_H
#define ECHOLAB_TIMERS_H

#include <stdbool.h>
#include <stddef.h>

#include "handle.h"

/* A call at a certain time. Once the time has come its handle is among the ready. */
struct timer {
    struct handle handle;
    long long when;     /* ns on the loop's clock */
    unsigned long seq;  /* of two timers with the same time the older goes first */
    size_t place;       /* in the heap, from 1; 0 when it is not there */
};

struct timers {
    struct timer **heap; /* heap[1] is the nearest */
    size_t n, room;
    unsigned long seq;
};

/* Puts a timer with its `when` into the heap. Returns 0, or -1 with errno ENOMEM. */
int timers_add(struct timers *timers, struct timer *timer);

/* Takes it out again, in O(log n) steps; does nothing when it is not there. */
void timers_remove(struct timers *timers, struct timer *timer);

/* The timer that comes next; NULL when there is none. */
static inline struct timer *
timers_first(const struct timers *timers)
{
    return timers->n > 0 ? timers->heap[1] : NULL;
}

#endif
