/*
 * inside.h -- the same clients once more against every stage, under the tracer: in which call
 * it sleeps, and how many system calls it needs. Tracing slows a server down, so nothing
 * else is measured here; and all that is measured elsewhere is measured without it.
 */
#ifndef ECHOLAB_INSIDE_H
#define ECHOLAB_INSIDE_H

#include "json.h"
#include "record.h"

struct inside {
    struct scenario *scenario;
    struct worker *workers; /* one a stage */
    size_t n;
    struct record record;
};

/* Plays second-client. Returns 0, or the number of the signal that ended it. */
int inside_play(struct inside *inside, const struct stage *const *stages, size_t n);

/* Prints a table; a line that says why when nothing could be traced. */
void inside_print(const struct inside *inside);

/* The same as a part of a page. */
void inside_report(const struct inside *inside, struct report *report);

/* One stage's numbers as members of the object that is open. */
void inside_json(const struct inside *inside, const char *stage, struct json_writer *w);

void inside_free(struct inside *inside);

#endif
