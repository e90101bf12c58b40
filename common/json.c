/*
 * json.c -- a strict reader of JSON, by recursive descent, one function for each kind of
 * value. It works on a copy of the text: a decoded string is never longer than it was
 * written, so it is decoded in place, and one free() takes all strings with it.
 */
#include "json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct reader {
    char *text; /* with a NUL behind it: looking at text[at] is always allowed */
    size_t len, at;
    size_t values;
    struct json_error *error;
};

static struct json *read_value(struct reader *r, int depth);

static bool
wrong(struct reader *r, const char *what)
{
    *r->error = (struct json_error){ .what = r->at < r->len ? what : "the text ends too early",
                                     .at = r->at };
    return false;
}

static void
skip_blanks(struct reader *r)
{
    while (r->at < r->len && strchr(" \t\n\r", r->text[r->at]) != NULL && r->text[r->at] != '\0')
        r->at++;
}

/* Skips one character when it is the wanted one. */
static bool
skip(struct reader *r, char wanted)
{
    if (r->at >= r->len || r->text[r->at] != wanted)
        return false;
    r->at++;
    return true;
}

static struct json *
new_value(struct reader *r, enum json_type type)
{
    struct json *value;

    if (++r->values > JSON_VALUES) {
        wrong(r, "too many values");
        return NULL;
    }
    value = calloc(1, sizeof(*value));
    if (value == NULL)
        wrong(r, "no memory");
    else
        value->type = type;
    return value;
}

/* The four hexadecimal digits behind \u. */
static bool
read_hex(struct reader *r, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        char c = r->text[r->at];
        const char *digit = r->at < r->len && c != '\0' ? strchr(digits, c) : NULL;

        if (digit == NULL)
            return wrong(r, "\\u needs four hexadecimal digits");
        *code = *code << 4 | (uint32_t)((digit - digits) & 15);
        r->at++;
    }
    return true;
}

/* What stands behind a backslash, to *out, which moves on. */
static bool
read_escape(struct reader *r, char **out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *letter = r->text[r->at] != '\0' ? strchr(letters, r->text[r->at]) : NULL;
    uint32_t code, low;

    if (letter != NULL) {
        *(*out)++ = meanings[letter - letters];
        r->at++;
        return true;
    }
    if (!skip(r, 'u'))
        return wrong(r, "no such escape: only \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
    if (!read_hex(r, &code))
        return false;
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !skip(r, '\\') || !skip(r, 'u'))
            return wrong(r, "half of a surrogate pair");
        if (!read_hex(r, &low))
            return false;
        if (low < 0xdc00 || low >= 0xe000)
            return wrong(r, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    }
    *out += utf8_write(*out, code);
    return true;
}

/* The opening quote is skipped already. Decodes in place. */
static bool
read_string(struct reader *r, const char **text, size_t *len)
{
    char *out = r->text + r->at;

    *text = out;
    while (!skip(r, '"')) {
        const char *from = r->text + r->at;

        if (utf8_plain(*from)) { /* nearly all are: the short way */
            *out++ = *from;
            r->at++;
            continue;
        }

        size_t n = utf8_length(from, r->len - r->at);

        if (r->at >= r->len)
            return wrong(r, "");
        if (n == 0)
            return wrong(r, "not UTF-8");
        if ((unsigned char)*from < 0x20)
            return wrong(r, "a control character in a string must be written as \\u00..");
        r->at += n;
        if (*from == '\\') {
            if (!read_escape(r, &out))
                return false;
            continue;
        }
        memmove(out, from, n);
        out += n;
    }
    *len = (size_t)(out - *text);
    *out = '\0';
    return true;
}

static bool
skip_digits(struct reader *r)
{
    size_t from = r->at;

    while (r->at < r->len && r->text[r->at] >= '0' && r->text[r->at] <= '9')
        r->at++;
    return r->at > from || wrong(r, "a digit is missing");
}

static bool
read_number(struct reader *r, struct json *value)
{
    value->text = r->text + r->at;
    skip(r, '-');
    if (!skip(r, '0') && !skip_digits(r))
        return false;
    if (skip(r, '.') && !skip_digits(r))
        return false;
    if (skip(r, 'e') || skip(r, 'E')) {
        if (!skip(r, '+'))
            skip(r, '-');
        if (!skip_digits(r))
            return false;
    }
    value->len = (size_t)(r->text + r->at - value->text);
    return true;
}

/* What is inside an array or an object; its opening bracket is skipped already. */
static bool
read_inside(struct reader *r, struct json *value, int depth)
{
    char end = value->type == JSON_OBJECT ? '}' : ']';
    struct json **last = &value->first;

    skip_blanks(r);
    if (skip(r, end))
        return true;
    do {
        const char *name = NULL;
        size_t name_len = 0;

        skip_blanks(r);
        if (value->type == JSON_OBJECT) {
            if (!skip(r, '"'))
                return wrong(r, "a name in quotes is missing");
            if (!read_string(r, &name, &name_len))
                return false;
            skip_blanks(r);
            if (!skip(r, ':'))
                return wrong(r, "':' is missing");
        }
        *last = read_value(r, depth + 1);
        if (*last == NULL)
            return false;
        (*last)->name = name;
        (*last)->name_len = name_len;
        last = &(*last)->next;
        skip_blanks(r);
    } while (skip(r, ','));
    return skip(r, end) || wrong(r, end == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
}

static bool
read_word(struct reader *r, struct json *value)
{
    static const struct { const char *word; enum json_type type; } words[] = {
        { "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE }
    };

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i].word);

        if (strncmp(r->text + r->at, words[i].word, n) != 0)
            continue;
        value->type = words[i].type;
        r->at += n;
        return true;
    }
    return wrong(r, "no value begins like this");
}

static struct json *
read_value(struct reader *r, int depth)
{
    struct json *value = new_value(r, JSON_NULL);
    bool fine;

    if (value == NULL)
        return NULL;
    skip_blanks(r);
    char c = r->text[r->at];
    if (depth > JSON_DEPTH) {
        fine = wrong(r, "nested too deep");
    } else if (skip(r, '{') || skip(r, '[')) {
        value->type = c == '{' ? JSON_OBJECT : JSON_ARRAY;
        fine = read_inside(r, value, depth);
    } else if (skip(r, '"')) {
        value->type = JSON_STRING;
        fine = read_string(r, &value->text, &value->len);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        value->type = JSON_NUMBER;
        fine = read_number(r, value);
    } else {
        fine = read_word(r, value);
    }
    if (fine)
        return value;
    json_free(value);
    return NULL;
}

struct json *
json_read(const char *text, size_t len, struct json_error *error)
{
    struct reader r = { .text = malloc(len + 1), .len = len, .error = error };
    struct json *value;

    if (r.text == NULL) {
        *error = (struct json_error){ .what = "no memory" };
        return NULL;
    }
    memcpy(r.text, text, len);
    r.text[len] = '\0';
    value = read_value(&r, 1);
    skip_blanks(&r);
    if (value != NULL && r.at < len) {
        wrong(&r, "something stands behind the end");
        json_free(value);
        value = NULL;
    }
    if (value == NULL)
        free(r.text);
    else
        value->own = r.text;
    return value;
}

void
json_free(struct json *value)
{
    if (value == NULL)
        return;
    for (struct json *one = value->first, *next; one != NULL; one = next) {
        next = one->next;
        json_free(one); /* no deeper than JSON_DEPTH */
    }
    free(value->own);
    free(value);
}

const struct json *
json_member(const struct json *value, const char *name)
{
    size_t len = strlen(name);

    if (value->type != JSON_OBJECT)
        return NULL;
    for (const struct json *one = value->first; one != NULL; one = one->next)
        if (one->name_len == len && memcmp(one->name, name, len) == 0)
            return one;
    return NULL;
}

const struct json *
json_twice(const struct json *object)
{
    for (const struct json *one = object->first; one != NULL; one = one->next)
        for (const struct json *other = object->first; other != one; other = other->next)
            if (one->name_len == other->name_len &&
                memcmp(one->name, other->name, one->name_len) == 0)
                return one;
    return NULL;
}

bool
json_is(const struct json *value, const char *text)
{
    return value != NULL && value->type == JSON_STRING && value->len == strlen(text) &&
        memcmp(value->text, text, value->len) == 0;
}

bool
json_integer(const struct json *value, int64_t *out)
{
    char *end;
    long long number;

    if (value == NULL || value->type != JSON_NUMBER)
        return false;
    errno = 0;
    number = strtoll(value->text, &end, 10);
    if (errno != 0 || end != value->text + value->len)
        return false;
    *out = number;
    return true;
}

bool
json_real(const struct json *value, double *out)
{
    double number;

    if (value == NULL || value->type != JSON_NUMBER)
        return false;
    number = strtod(value->text, NULL);
    if (number > 1.7976931348623157e308 || number < -1.7976931348623157e308)
        return false;
    *out = number;
    return true;
}

int64_t
json_member_integer(const struct json *object, const char *name, int64_t otherwise)
{
    int64_t value;

    return json_integer(json_member(object, name), &value) ? value : otherwise;
}

double
json_member_real(const struct json *object, const char *name, double otherwise)
{
    double value;

    return json_real(json_member(object, name), &value) ? value : otherwise;
}
