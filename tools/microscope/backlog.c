/*
 * backlog.c -- what lies in the kernel: clients that nobody accepted, bytes that nobody read.
 *
 * Neither is a call of the server; both follow from what the clients did and what the server
 * did, each with its time.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

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

/* When did the server first hear the client after that moment? -1: never. */
static double
heard_after(const struct run *run, const struct party *party, double at)
{
    for (size_t i = 0; i < run->track.n_deeds; i++) {
        const struct deed *deed = &run->track.deeds[i];

        if (deed->kind == DEED_RECV && deed->at >= at && run_port(run, deed->port) == party)
            return deed->at;
    }
    return -1;
}

struct unread_span *
unread_spans(const struct run *run, size_t *n)
{
    struct unread_span *spans = room_for_list(run->log.n, sizeof(*spans));

    *n = 0;
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        const struct party *party = run_party(run, event->who);
        double heard;

        if (event->kind != EVENT_TYPED || party == NULL || party->count > 1)
            continue;
        heard = heard_after(run, party, event->at);
        spans[(*n)++] = (struct unread_span){ .from = event->at,
                                              .to = heard >= 0 ? heard : run->took,
                                              .party = (int)(party - run->cast.parties) };
    }
    return spans;
}
