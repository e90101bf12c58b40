/* frame.c -- messages on a stream of bytes: length, JSON header, content. */
#include "frame.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "say.h"
#include "text.h"

/* A text from a stranger, for the middle of a sentence: escaped and cut. */
#define QUOTE_TEXT 100

const char *
own_byteorder(void)
{
    return __BYTE_ORDER == __BIG_ENDIAN ? "big" : "little";
}

uint32_t
crc32_of(const char *bytes, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

int
frame_begins(const char *bytes, size_t len, size_t *header_end, char *why)
{
    char quoted[QUOTE_TEXT];
    const char *first = bytes + FRAME_PREFIX;

    if (len < FRAME_PREFIX)
        return 0;
    *header_end = FRAME_PREFIX + ((size_t)(unsigned char)bytes[0] << 8 | (unsigned char)bytes[1]);
    if (*header_end == FRAME_PREFIX) {
        snprintf(why, FRAME_REASON, "a header of length 0: there is nothing to read");
        return -1;
    }
    if (len == FRAME_PREFIX || (*first != '\0' && strchr("{ \t\r\n", *first) != NULL))
        return 1;
    snprintf(why, FRAME_REASON, "not a message: behind the length (%zu) comes %s, not a JSON "
             "object", *header_end - FRAME_PREFIX, escape(quoted, sizeof(quoted), first, 1));
    return -1;
}

/* A required member of the header; NULL and a reason when it is missing or no string. */
static const char *
text_member(const struct json *header, const char *name, char *why)
{
    const struct json *value = json_member(header, name);

    if (value == NULL)
        snprintf(why, FRAME_REASON, "Missing required header '%s'.", name);
    else if (value->type != JSON_STRING)
        snprintf(why, FRAME_REASON, "the header '%s' must be a string", name);
    else if (strlen(value->text) != value->len)
        snprintf(why, FRAME_REASON, "the header '%s' must not contain NUL", name);
    else
        return value->text;
    return NULL;
}

/* A member that must be a whole number from 0 to most. */
static int
number_member(const struct json *value, const char *name, size_t most, size_t *out, char *why)
{
    int64_t number;
    int shown = value->len < 30 ? (int)value->len : 30; /* nothing ends a number's text */

    if (json_integer(value, &number) && number >= 0 && (uint64_t)number <= most) {
        *out = (size_t)number;
        return 0;
    }
    if (value->type == JSON_NUMBER)
        snprintf(why, FRAME_REASON, "the header '%s' must be a whole number, 0 to %zu, not %.*s%s",
                 name, most, shown, value->text, value->len > 30 ? "..." : "");
    else
        snprintf(why, FRAME_REASON, "the header '%s' must be a number", name);
    return -1;
}

static int
read_members(struct frame *f, size_t max_content, char *why)
{
    const struct json *length = json_member(f->header, "content-length");
    const struct json *crc = json_member(f->header, "content-crc32");
    char quoted[QUOTE_TEXT];
    size_t sum;

    f->byteorder = text_member(f->header, "byteorder", why);
    if (f->byteorder == NULL)
        return -1;
    if (length == NULL) {
        snprintf(why, FRAME_REASON, "Missing required header 'content-length'.");
        return -1;
    }
    f->type = text_member(f->header, "content-type", why);
    f->encoding = f->type == NULL ? NULL : text_member(f->header, "content-encoding", why);
    if (f->encoding == NULL)
        return -1;
    if (strcmp(f->byteorder, "big") != 0 && strcmp(f->byteorder, "little") != 0) {
        snprintf(why, FRAME_REASON, "the header 'byteorder' must be \"big\" or \"little\", not %s",
                 escape(quoted, sizeof(quoted), f->byteorder, strlen(f->byteorder)));
        return -1;
    }
    if (number_member(length, "content-length", max_content, &f->content_len, why) == -1)
        return -1;
    f->has_crc = crc != NULL;
    if (crc != NULL) {
        if (number_member(crc, "content-crc32", UINT32_MAX, &sum, why) == -1)
            return -1;
        f->crc = (uint32_t)sum;
    }
    return 0;
}

int
frame_read(struct frame *f, const char *bytes, size_t header_end, size_t max_content, char *why)
{
    struct json_error error;
    const struct json *twice;
    char quoted[QUOTE_TEXT];

    *f = (struct frame){ .header = NULL };
    f->header = json_read(bytes + FRAME_PREFIX, header_end - FRAME_PREFIX, &error);
    if (f->header == NULL) {
        snprintf(why, FRAME_REASON, "the header is not JSON: byte %zu: %s", error.at, error.what);
        return -1;
    }
    if (f->header->type != JSON_OBJECT) {
        snprintf(why, FRAME_REASON, "the header is JSON, but not an object");
        return -1;
    }
    twice = json_twice(f->header);
    if (twice != NULL) {
        snprintf(why, FRAME_REASON, "the header has %s twice",
                 escape(quoted, sizeof(quoted), twice->name, twice->name_len));
        return -1;
    }
    if (read_members(f, max_content, why) == -1)
        return -1;
    f->size = header_end + f->content_len;
    return 0;
}

int
frame_check(const struct frame *f, const char *content, char *why)
{
    uint32_t crc = f->has_crc ? crc32_of(content, f->content_len) : 0;

    if (!f->has_crc || crc == f->crc)
        return 0;
    snprintf(why, FRAME_REASON, "damaged on the way: the checksum of the content is %u, the "
             "header says %u", crc, f->crc);
    return -1;
}

bool
frame_is_json(const struct frame *f)
{
    return strcmp(f->type, "text/json") == 0;
}

struct json *
frame_object(const struct frame *f, const char *content, char *why)
{
    struct json_error error;
    struct json *value;
    char quoted[QUOTE_TEXT];

    if (strcasecmp(f->encoding, "utf-8") != 0 && strcasecmp(f->encoding, "utf8") != 0) {
        snprintf(why, FRAME_REASON, "text/json must be utf-8 here, not %s",
                 escape(quoted, sizeof(quoted), f->encoding, strlen(f->encoding)));
        return NULL;
    }
    value = json_read(content, f->content_len, &error);
    if (value == NULL) {
        snprintf(why, FRAME_REASON, "the content is not JSON: byte %zu: %s", error.at, error.what);
        return NULL;
    }
    if (value->type == JSON_OBJECT)
        return value;
    snprintf(why, FRAME_REASON, "the content is JSON, but not an object");
    json_free(value);
    return NULL;
}

void
frame_free(struct frame *f)
{
    json_free(f->header);
    *f = (struct frame){ .header = NULL };
}

/* The members stand in the order of the document that the protocol comes from. */
static void
write_header(FILE *out, const struct frame *f, const char *content, size_t len)
{
    struct json_writer w = { .out = out };

    json_open(&w, NULL, '{');
    json_put_string(&w, "byteorder", f->byteorder);
    json_put_string(&w, "content-type", f->type);
    json_put_string(&w, "content-encoding", f->encoding);
    json_put_integer(&w, "content-length", (int64_t)len);
    if (f->has_crc)
        json_put_integer(&w, "content-crc32", crc32_of(content, len));
    json_close(&w, '}');
}

char *
frame_write(const struct frame *f, const char *content, size_t len, size_t *size)
{
    struct text text;
    FILE *out = text_open(&text);
    size_t header_len = 0;

    if (out != NULL) {
        fwrite("\0\0", 1, FRAME_PREFIX, out); /* the length of the header: known in a moment */
        write_header(out, f, content, len);
        fflush(out);
        header_len = text.len - FRAME_PREFIX; /* our own headers are far below 65535 */
        fwrite(content, 1, len, out);
    }
    if (text_close(out, &text) == -1)
        return NULL;
    text.bytes[0] = (char)(header_len >> 8);
    text.bytes[1] = (char)(header_len & 0xff);
    *size = text.len;
    return text.bytes;
}
