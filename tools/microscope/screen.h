/* screen.h -- one look at a server as text, no wider and no longer than the screen. */
#ifndef ECHOLAB_SCREEN_H
#define ECHOLAB_SCREEN_H

#include <stdio.h>

#include "view.h"

/* How the look is to be shown. */
struct screen {
    int columns, rows; /* rows 0: no limit */
    bool color;
    bool clear;        /* over the look before */
    double every;      /* seconds; said in the first line; 0: a single look */
};

/* Prints the look in lines for people. */
void show_view(FILE *out, const struct screen *screen, const struct view *view);

/* The same as one line of JSON. */
void put_view(FILE *out, const struct view *view);

#endif
