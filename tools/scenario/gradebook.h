/* gradebook.h -- the verdicts of `echolab grade`, as text, TAP, JSON or a page. */
#ifndef ECHOLAB_GRADEBOOK_H
#define ECHOLAB_GRADEBOOK_H

#include <stdbool.h>
#include <stdio.h>

#include "report.h"
#include "verdicts.h"
#include "worker.h"

struct gradebook {
    unsigned profile; /* one of enum profile */
    const char *profile_name;
    struct target target;
    struct worker *workers; /* one a scenario, all over */
    size_t n;
};

/* Do all scenarios hold that are no bonus? */
bool gradebook_passed(const struct gradebook *book);

/* The verdicts as a table with hints, as TAP, as JSON. */
void gradebook_print(const struct gradebook *book, FILE *out, bool color);
void gradebook_tap(const struct gradebook *book, FILE *out);
void gradebook_json(const struct gradebook *book, FILE *out);

/* Writes the page, and closes it. */
void gradebook_report(const struct gradebook *book, struct report *report);

#endif
