/*
 * lanes.h -- who did what when, and who waited: an event log as lines of text.
 *
 * One lane a client (or group), time from left to right. Everything is read from the log, so
 * the same log gives the same picture.
 */
#ifndef ECHOLAB_LANES_H
#define ECHOLAB_LANES_H

#include <stdbool.h>
#include <stdio.h>

#include "eventlog.h"
#include "scenario.h"

#define LANES_WIDTH 100 /* no line is longer, in characters */
#define LANES_LABEL 15  /* of them, those in front of the cells */

struct lanes_style {
    int width;     /* characters in a line, at most LANES_WIDTH */
    bool color;
    bool drawing;  /* UTF-8 drawing characters, not plain ASCII */
    double span;   /* seconds from the left to the right edge, at least */
};

/* Draws the log up to the moment `now`, under a title. Returns the number of lines. */
int lanes_draw(FILE *out, const char *title, const struct scenario *scenario,
               const struct eventlog *log, double now, const struct lanes_style *style);

/* Seconds that one cell stands for, when the picture ends at `now`; *n_cells: how many. */
double lanes_scale(const struct lanes_style *style, double now, int *n_cells);

/* What the signs mean. Returns the number of lines. */
int lanes_legend(FILE *out, const struct lanes_style *style);

/* The width that a terminal (or COLUMNS) allows, at most LANES_WIDTH. */
int lanes_width(void);

#endif
