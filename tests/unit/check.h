/* check.h -- what the small test programs share. */
#ifndef ECHOLAB_CHECK_H
#define ECHOLAB_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the test with exit code 1 when something is not as it should be. */
static inline void
check(bool so, const char *what)
{
    if (so)
        return;
    fprintf(stderr, "not so: %s (errno: %s)\n", what, strerror(errno));
    exit(1);
}

/* The same random numbers every time: a failure can be looked at again. */
static inline unsigned
next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

#endif
