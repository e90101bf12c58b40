/*
 * text.h -- a text that grows while it is written. open_memstream() does the same, but when
 * memory runs out it cuts the text short and fclose() calls that a success: an answer with
 * its end missing would go out as if it were whole.
 */
#ifndef ECHOLAB_TEXT_H
#define ECHOLAB_TEXT_H

#include <stddef.h>
#include <stdio.h>

struct text {
    char *bytes; /* to be given to free(); there is no NUL behind them */
    size_t len, room;
};

/* Makes *text empty. What is written to the result goes there; NULL when there is no memory. */
FILE *text_open(struct text *text);

/*
 * Closes out, which may be NULL. Returns 0 when all that was written is in *text, or -1 when
 * there was no memory for it; then text->bytes is NULL.
 */
int text_close(FILE *out, struct text *text);

#endif
