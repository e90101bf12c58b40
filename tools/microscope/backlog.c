/*
 * backlog.c -- what lies in the kernel: clients that nobody accepted, bytes that nobody read.
 *
 * Neither is a call of the server; both follow from what the clients did and what the server
 * did, each with its time.
 */
#include <err.h>
#include <stdlib.h>

#include "serverlanes.h"

static int
by_time(const void *a, const void *b)
{
    double x = ((const struct backlog_step *)a)->at, y = ((const struct backlog_step *)b)->at;

    return (x > y) - (x < y);
}

static void *
room_for_list(size_t n, size_t size)
{
    void *list = calloc(n + 1, size);

    if (list == NULL)
        err(1, "no memory for the picture");
    return list;
}

struct backlog_step *
queue_steps(const struct run *run, size_t *n)
{
    struct backlog_step *steps = room_for_list(run->log.n + run->track.n_deeds, sizeof(*steps));
    int waiting = 0;

    *n = 0;
    /* First only the changes, up and down; added up when they are in order. */
    for (size_t i = 0; i < run->log.n; i++)
        if (run->log.events[i].kind == EVENT_CONNECTED)
            steps[(*n)++] = (struct backlog_step){ run->log.events[i].at, 1 };
    for (size_t i = 0; i < run->track.n_deeds; i++)
        if (run->track.deeds[i].kind == DEED_ACCEPT &&
            run_port(run, run->track.deeds[i].port) != NULL)
            steps[(*n)++] = (struct backlog_step){ run->track.deeds[i].at, -1 };
    qsort(steps, *n, sizeof(*steps), by_time);
    for (size_t i = 0; i < *n; i++)
        steps[i].waiting = waiting += steps[i].waiting;
    return steps;
}

/* The server hears a client: what lay unread of it lies there no more. */
static void
end_span(const struct run *run, const struct deed *deed, struct unread_span *spans,
         size_t open[MOST_PARTIES])
{
    const struct party *party = run_port(run, deed->port);
    size_t index = party != NULL ? (size_t)(party - run->cast.parties) : 0;

    if (deed->kind != DEED_RECV || party == NULL || open[index] == 0)
        return;
    spans[open[index] - 1].to = deed->at;
    open[index] = 0;
}

struct unread_span *
unread_spans(const struct run *run, size_t *n)
{
    struct unread_span *spans = room_for_list(run->log.n, sizeof(*spans));
    size_t open[MOST_PARTIES] = { 0 }; /* 1 + the span that has no end yet; 0: none */
    size_t next = 0;                   /* deed */

    *n = 0;
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        const struct party *party = run_party(run, event->who);
        size_t index = party != NULL ? (size_t)(party - run->cast.parties) : 0;

        for (; next < run->track.n_deeds && run->track.deeds[next].at < event->at; next++)
            end_span(run, &run->track.deeds[next], spans, open);
        if (event->kind != EVENT_TYPED || party == NULL || party->count > 1 || open[index] != 0)
            continue;
        spans[*n] = (struct unread_span){ .from = event->at, .to = run->took,
                                          .party = (int)index };
        open[index] = ++*n;
    }
    for (; next < run->track.n_deeds; next++)
        end_span(run, &run->track.deeds[next], spans, open);
    return spans;
}
