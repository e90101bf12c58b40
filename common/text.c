/* text.c -- a text that grows while it is written, and says when it could not. */
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 512

/* What stdio calls when its own buffer is full; 0 makes ferror() true. */
static ssize_t
append(void *cookie, const char *bytes, size_t n)
{
    struct text *text = cookie;
    size_t room = text->room > 0 ? text->room : FIRST_ROOM;

    while (room - text->len < n)
        room *= 2;
    if (room > text->room) {
        char *more = realloc(text->bytes, room);

        if (more == NULL)
            return 0;
        text->bytes = more;
        text->room = room;
    }
    memcpy(text->bytes + text->len, bytes, n);
    text->len += n;
    return (ssize_t)n;
}

FILE *
text_open(struct text *text)
{
    *text = (struct text){ .bytes = NULL };
    return fopencookie(text, "w", (cookie_io_functions_t){ .write = append });
}

int
text_close(FILE *out, struct text *text)
{
    bool failed = out == NULL || fflush(out) == EOF || ferror(out) != 0;

    if (out != NULL)
        fclose(out);
    if (!failed)
        return 0;
    free(text->bytes);
    *text = (struct text){ .bytes = NULL };
    return -1;
}
