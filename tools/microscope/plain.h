/* plain.h -- text that a stranger wrote, made safe for our terminal. */
#ifndef ECHOLAB_PLAIN_H
#define ECHOLAB_PLAIN_H

#include <stddef.h>

/*
 * Replaces every control character of one line by '?' (tabs and CR by blanks): C0, DEL, and C1
 * both as U+0080 to U+009F and as bare bytes, for 0x9b alone steers a terminal like ESC [ does.
 */
void make_plain(char *text);

/* The same for n bytes that are lines: their newlines stay. */
void make_plain_lines(char *text, size_t n);

#endif
