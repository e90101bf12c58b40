/*
 * embedded.h -- the files that travel inside the binary: lessons, scenarios and the sources
 * of the stages, so that `echolab` alone is enough.
 */
#ifndef ECHOLAB_EMBEDDED_H
#define ECHOLAB_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* as in the repository: "stages/21_poll.c" */
    const char *text; /* not ended by a NUL byte */
    size_t len;
};

/* The i-th file, in the order of the names; NULL behind the last. */
const struct embedded *embedded_at(size_t i);

/* The file of that name; NULL when there is none. */
const struct embedded *embedded_named(const char *name);

#endif
