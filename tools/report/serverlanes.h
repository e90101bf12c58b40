/*
 * serverlanes.h -- below the lanes of the clients: the accept queue, whose bytes lie unread,
 * and what each task of the server does.
 */
#ifndef ECHOLAB_SERVERLANES_H
#define ECHOLAB_SERVERLANES_H

#include <stdio.h>

#include "lanes.h"
#include "run.h"

/* Clients connected and not accepted, and whose bytes lie unread: a step at each change. */
struct backlog_step {
    double at;
    int waiting;
};

/* Bytes of one client that nobody reads. */
struct unread_span {
    double from, to; /* seconds */
    int party;       /* index into the run's parties */
};

/* The steps of the accept queue, to be freed; *n says how many. */
struct backlog_step *queue_steps(const struct run *run, size_t *n);

/* All that lay unread, to be freed; *n says how many. */
struct unread_span *unread_spans(const struct run *run, size_t *n);

/* "server", "thread 2", "child 3" into out[32]; returns out. */
const char *task_name(const struct track_task *task, char *out);

/* "recv(alice)" into out[room]; returns out. */
const char *nap_name(const struct run *run, const struct nap *nap, char *out, size_t room);

/* Draws the lanes of the server to the scale of lanes_draw(). Returns the number of lines. */
int server_lanes_draw(FILE *out, const struct run *run, const struct lanes_style *style);

/* What their signs mean. Returns the number of lines. */
int server_lanes_legend(FILE *out, const struct lanes_style *style);

#endif
