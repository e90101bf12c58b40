/*
 * json.h -- a strict reader and a small writer of JSON (RFC 8259).
 *
 * The reader takes what the standard's grammar allows and nothing else: no comments, no NaN,
 * no trailing comma, no bytes that are not UTF-8, no half of a surrogate pair. What it reads
 * comes from strangers, so depth and number of values are limited.
 */
#ifndef ECHOLAB_JSON_H
#define ECHOLAB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 64    /* arrays in arrays in objects ... */
#define JSON_VALUES 4096 /* values in one text, counted with all that are inside others */

enum json_type {
    JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT
};

/* A value. Its name, when it is a member of an object, and its neighbour stand in it. */
struct json {
    enum json_type type;
    const char *name; /* decoded, with a NUL behind it; NULL outside of objects */
    size_t name_len;
    const char *text; /* string: decoded, with a NUL behind it; number: as it was written */
    size_t len;
    struct json *first; /* array and object: what is inside, in the order of the text */
    struct json *next;
    char *own; /* the outermost value: the memory in which all names and texts stand */
};

struct json_error {
    const char *what; /* "a string has no end" */
    size_t at;        /* which byte, counted from 0 */
};

/*
 * Reads the len bytes of text as one JSON text. Returns its value, to be given back to
 * json_free(), or NULL with *error filled in.
 */
struct json *json_read(const char *text, size_t len, struct json_error *error);

/* Frees a value that json_read() returned; NULL is allowed. */
void json_free(struct json *value);

/* The first member of that name; NULL when there is none or value is not an object. */
const struct json *json_member(const struct json *value, const char *name);

/* The first member of an object whose name an earlier member has already; or NULL. */
const struct json *json_twice(const struct json *object);

/* A string with exactly this text? To this and the next two, NULL is a value of no type. */
bool json_is(const struct json *value, const char *text);

/* Sets *out when value is a whole number, written without fraction and exponent, that fits. */
bool json_integer(const struct json *value, int64_t *out);

/* Sets *out to the nearest double when value is a number in the range of doubles. */
bool json_real(const struct json *value, double *out);

/* The member of that name as a whole number or a number; `otherwise` when it is none. */
int64_t json_member_integer(const struct json *object, const char *name, int64_t otherwise);
double json_member_real(const struct json *object, const char *name, double otherwise);

/*
 * The writer puts ", " and ": " where they belong, as Python's json does. In objects each
 * value gets a name, in arrays and outside it gets NULL. Start with more = false.
 */
struct json_writer {
    FILE *out;
    bool more; /* a comma comes before the next value */
};

/* Begins an object ('{') or an array ('['). */
void json_open(struct json_writer *w, const char *name, char bracket);

/* Ends it: '}' or ']'. */
void json_close(struct json_writer *w, char bracket);

/* A string of len bytes; bytes that are no UTF-8 become U+FFFD. */
void json_put_bytes(struct json_writer *w, const char *name, const char *text, size_t len);

/* A string that ends with NUL; a number. */
void json_put_string(struct json_writer *w, const char *name, const char *text);
void json_put_integer(struct json_writer *w, const char *name, int64_t value);

/* JSON knows no infinity and no NaN: they become null. */
void json_put_real(struct json_writer *w, const char *name, double value);

/* true or false; null. */
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);

#endif
