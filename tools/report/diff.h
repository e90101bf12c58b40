/* diff.h -- what changed from one text to another, as `diff -u` shows it. */
#ifndef ECHOLAB_DIFF_H
#define ECHOLAB_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Prints a unified diff from `old` to `new`, with three lines around each change; in colours
 * when asked. Returns 0 when they are the same, 1 when not, -1 without memory.
 */
int diff_print(FILE *out, const char *old_name, const char *old, size_t old_len,
               const char *new_name, const char *new, size_t new_len, bool color);

#endif
