/* json_write.c -- writes JSON: commas, quotes and escapes where they belong. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

/* In quotes. Printable characters stay as they are, also those outside of ASCII. */
static void
put_quoted(FILE *out, const char *text, size_t len)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";

    putc('"', out);
    while (len > 0) {
        size_t n = utf8_length(text, len);
        const char *at = *text != '\0' ? strchr(named, *text) : NULL;

        if (n == 0)
            fputs("\xef\xbf\xbd", out); /* U+FFFD, the replacement character */
        else if (at != NULL)
            fprintf(out, "\\%c", letters[at - named]);
        else if ((unsigned char)*text < 0x20)
            fprintf(out, "\\u%04x", (unsigned)*text);
        else
            fwrite(text, 1, n, out);
        text += n > 0 ? n : 1;
        len -= n > 0 ? n : 1;
    }
    putc('"', out);
}

/* The comma and the name that come before a value. */
static void
begin(struct json_writer *w, const char *name)
{
    if (w->more)
        fputs(", ", w->out);
    w->more = true;
    if (name == NULL)
        return;
    put_quoted(w->out, name, strlen(name));
    fputs(": ", w->out);
}

void
json_open(struct json_writer *w, const char *name, char bracket)
{
    begin(w, name);
    putc(bracket, w->out);
    w->more = false;
}

void
json_close(struct json_writer *w, char bracket)
{
    putc(bracket, w->out);
    w->more = true;
}

void
json_put_bytes(struct json_writer *w, const char *name, const char *text, size_t len)
{
    begin(w, name);
    put_quoted(w->out, text, len);
}

void
json_put_string(struct json_writer *w, const char *name, const char *text)
{
    json_put_bytes(w, name, text, strlen(text));
}

void
json_put_integer(struct json_writer *w, const char *name, int64_t value)
{
    begin(w, name);
    fprintf(w->out, "%" PRId64, value);
}

void
json_put_real(struct json_writer *w, const char *name, double value)
{
    char text[32];
    int digits = 15;

    begin(w, name);
    if (!isfinite(value)) {
        fputs("null", w->out);
        return;
    }
    do /* the shortest that reads back as the same value */
        snprintf(text, sizeof(text), "%.*g", digits++, value);
    while (digits <= 17 && strtod(text, NULL) != value);
    fputs(text, w->out);
}

void
json_put_bool(struct json_writer *w, const char *name, bool value)
{
    begin(w, name);
    fputs(value ? "true" : "false", w->out);
}

void
json_put_null(struct json_writer *w, const char *name)
{
    begin(w, name);
    fputs("null", w->out);
}
