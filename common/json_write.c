/* json_write.c -- writes JSON: commas, quotes and escapes where they belong. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "utf8.h"

/* How a string shows this byte, in hex[7]; NULL when it stays as it is. */
static const char *
escaped(char byte, char *hex)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char *const shown[] = { "\\\"", "\\\\", "\\b", "\\f", "\\n", "\\r", "\\t" };
    const char *at = byte != '\0' ? strchr(named, byte) : NULL;

    if (at != NULL)
        return shown[at - named];
    if ((unsigned char)byte >= 0x20)
        return NULL;
    strcpy(hex, "\\u0000");
    hex[4] = byte < 0x10 ? '0' : '1';
    hex[5] = "0123456789abcdef"[byte & 15];
    return hex;
}

/* In quotes. Printable characters stay as they are, also those outside of ASCII. */
static void
put_quoted(FILE *out, const char *text, size_t len)
{
    const char *end = text + len, *plain = text; /* what stays as it is goes out in one piece */
    char hex[7];

    putc('"', out);
    while (text < end) {
        if (utf8_plain(*text)) {
            text++;
            continue;
        }

        size_t n = utf8_length(text, (size_t)(end - text));
        const char *instead = n == 0 ? "\xef\xbf\xbd" : escaped(*text, hex);

        if (instead != NULL) { /* U+FFFD stands for what is no UTF-8 */
            fwrite(plain, 1, (size_t)(text - plain), out);
            fputs(instead, out);
            plain = text + 1;
        }
        text += n > 0 ? n : 1;
    }
    fwrite(plain, 1, (size_t)(end - plain), out);
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
