/* timers.c -- the heap of timers against a list that is searched from end to end. */
#include "timers.h"

#include "check.h"

#define TIMERS 500
#define STEPS 100000

static struct timer timers[TIMERS];

/* The oracle: of all that wait, the one with the least time, and of those the oldest. */
static struct timer *
earliest(void)
{
    struct timer *best = NULL;

    for (size_t i = 0; i < TIMERS; i++) {
        struct timer *t = &timers[i];

        if (t->place != 0 && (best == NULL || t->when < best->when ||
                              (t->when == best->when && t->seq < best->seq)))
            best = t;
    }
    return best;
}

int
main(void)
{
    struct timers heap = { .n = 0 };
    unsigned random = 1;
    size_t waiting = 0, added = 0, cancelled = 0, fired = 0;

    for (size_t step = 0; step < STEPS; step++) {
        struct timer *t = &timers[next_random(&random) % TIMERS];

        check(timers_first(&heap) == earliest(), "the first of the heap is the earliest");
        if (t->place != 0) {
            timers_remove(&heap, t);
            check(t->place == 0, "who is cancelled is not there any more");
            timers_remove(&heap, t); /* twice does no harm */
            waiting--;
            cancelled++;
        } else if (next_random(&random) % 4 == 0 && timers_first(&heap) != NULL) {
            timers_remove(&heap, timers_first(&heap));
            waiting--;
            fired++;
        } else {
            t->when = next_random(&random) % 100; /* few times, so that many are the same */
            check(timers_add(&heap, t) == 0, "there is memory");
            waiting++;
            added++;
        }
        check(heap.n == waiting, "as many wait as were added and not taken out");
    }
    for (; waiting > 0; waiting--) {
        struct timer *first = timers_first(&heap);

        check(first == earliest(), "to the last one in order");
        timers_remove(&heap, first);
    }
    check(timers_first(&heap) == NULL, "then the heap is empty");
    printf("%zu added, %zu cancelled, %zu fired\n", added, cancelled, fired);
    free(heap.heap);
    return 0;
}
