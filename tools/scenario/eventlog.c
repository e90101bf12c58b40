/* eventlog.c -- a list of events that grows to a limit. */
#include "eventlog.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_EVENTS ((size_t)1 << 18)

double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void
log_begin(struct eventlog *log)
{
    memset(log, 0, sizeof(*log));
    log->began = now_s();
}

double
log_now(const struct eventlog *log)
{
    return now_s() - log->began;
}

void
log_add(struct eventlog *log, const struct event *event)
{
    if (log->n == log->room && log->room < MOST_EVENTS) {
        size_t room = log->room > 0 ? 2 * log->room : 256;
        struct event *events = realloc(log->events, room * sizeof(*events));

        if (events != NULL) {
            log->events = events;
            log->room = room;
        }
    }
    if (log->n == log->room)
        log->dropped++;
    else
        log->events[log->n++] = *event;
}

void
log_event(struct eventlog *log, int who, enum event_kind kind, uint64_t number)
{
    const struct event event = { .at = log_now(log), .who = who, .kind = kind, .number = number };

    log_add(log, &event);
}

void
log_free(struct eventlog *log)
{
    free(log->events);
    memset(log, 0, sizeof(*log));
}
