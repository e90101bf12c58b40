/*
 * line.h -- where does a line end? TCP delivers bytes, not lines: one recv() may bring half
 * a line, or two and a half. This is all the framing that an echo needs.
 */
#ifndef ECHOLAB_LINE_H
#define ECHOLAB_LINE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the first line in buf with its end, or LINE_LIMIT bytes of a line that is
 * too long; 0 while the line is not whole. The first `seen` bytes hold no line end.
 */
size_t line_length(const char *buf, size_t len, size_t seen, const char *eol);

/* --sink: does this text end the session (blank, or with "exit" in it)? */
bool ends_session(const char *text, size_t len);

#endif
