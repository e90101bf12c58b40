/*
 * timers.c -- a binary heap: every timer is no later than the two below it.
 *
 * Each timer knows its place in the heap, so that cancelling one needs no search.
 */
#include "timers.h"

#include <stdlib.h>

static bool
before(const struct timer *a, const struct timer *b)
{
    return a->when != b->when ? a->when < b->when : a->seq < b->seq;
}

static void
put(struct timers *timers, struct timer *timer, size_t place)
{
    timers->heap[place] = timer;
    timer->place = place;
}

/* The place is free: moves later timers down into it, and puts this one where they were. */
static void
rise(struct timers *timers, struct timer *timer, size_t place)
{
    while (place > 1 && before(timer, timers->heap[place / 2])) {
        put(timers, timers->heap[place / 2], place);
        place /= 2;
    }
    put(timers, timer, place);
}

/* The other way round: moves earlier timers up. */
static void
sink(struct timers *timers, struct timer *timer, size_t place)
{
    for (;;) {
        size_t child = place * 2;

        if (child < timers->n && before(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (child > timers->n || before(timer, timers->heap[child]))
            break;
        put(timers, timers->heap[child], place);
        place = child;
    }
    put(timers, timer, place);
}

int
timers_add(struct timers *timers, struct timer *timer)
{
    if (timers->n + 1 >= timers->room) {
        size_t room = timers->room > 0 ? timers->room * 2 : 16;
        struct timer **heap = realloc(timers->heap, room * sizeof(struct timer *));

        if (heap == NULL)
            return -1;
        timers->heap = heap;
        timers->room = room;
    }
    timer->seq = timers->seq++;
    rise(timers, timer, ++timers->n);
    return 0;
}

void
timers_remove(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    struct timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = timers->heap[timers->n--];
    if (last == timer)
        return;
    if (place > 1 && before(last, timers->heap[place / 2]))
        rise(timers, last, place);
    else
        sink(timers, last, place);
}
