/* syscalls.h -- which system calls there are, and what each is about. */
#ifndef ECHOLAB_SYSCALLS_H
#define ECHOLAB_SYSCALLS_H

#include <stdbool.h>

#include "decode.h"

/* Where a call keeps the bytes that it moves. */
enum bytes { BYTES_NONE, BYTES_PLAIN, BYTES_VECTOR, BYTES_MESSAGE };

/* A call that the story knows. */
struct shape {
    long nr;
    const char *name;     /* as a C programmer writes it */
    enum call_kind kind;
    enum bytes bytes;
    bool about_fd;        /* its first argument is a descriptor */
};

/* The shape of a call; NULL for one that is no part of the story. */
const struct shape *shape_of(long nr);

#endif
