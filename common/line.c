/* line.c -- where does a line end? */
#include "line.h"

#include <ctype.h>
#include <string.h>

#include "stage.h"

size_t
line_length(const char *buf, size_t len, size_t seen, const char *eol)
{
    size_t eol_len = strlen(eol);
    size_t from = seen < eol_len ? 0 : seen - (eol_len - 1); /* a CR may wait for its LF */
    const char *at = memmem(buf + from, len - from, eol, eol_len);

    if (at != NULL && (size_t)(at - buf) + eol_len <= LINE_LIMIT)
        return (size_t)(at - buf) + eol_len;
    return len < LINE_LIMIT ? 0 : LINE_LIMIT;
}

bool
ends_session(const char *text, size_t len)
{
    size_t blank = 0;

    while (blank < len && isspace((unsigned char)text[blank]))
        blank++;
    return blank == len || memmem(text, len, "exit", 4) != NULL;
}
