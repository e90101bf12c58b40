/* silence.c -- --read-timeout for a loop of one thread. */
#include "silence.h"

#include "chores.h"
#include "loop.h"
#include "say.h"

#define NS_IN_SECOND 1e9
#define NS_IN_MS 1000000

void
silence_begins(struct timers *timers, struct timer *timer, void *client,
               const struct settings *set)
{
    timers_remove(timers, timer);
    if (set->read_timeout == 0)
        return;
    timer->handle.arg = client;
    timer->when = loop_now() + (long long)(set->read_timeout * NS_IN_SECOND);
    if (timers_add(timers, timer) == -1)
        complain("no memory for a timer: one client has no --read-timeout");
}

int
nap(const struct timers *timers, const struct settings *set)
{
    const struct timer *first = timers_first(timers);
    int limit = wait_limit(set);

    if (first == NULL)
        return limit;
    long long left = first->when - loop_now();
    int ms = left > 0 ? (int)(left / NS_IN_MS) + 1 : 0;
    return limit == -1 || ms < limit ? ms : limit;
}

void *
silence_over(struct timers *timers)
{
    struct timer *first = timers_first(timers);

    if (first == NULL || first->when > loop_now())
        return NULL;
    timers_remove(timers, first);
    return first->handle.arg;
}
