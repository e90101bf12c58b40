/* utf8.h -- characters that take one to four bytes. */
#ifndef ECHOLAB_UTF8_H
#define ECHOLAB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A printable character of ASCII that JSON writes as it is. */
static inline bool
utf8_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/*
 * How many bytes the character at text takes, 1 to 4; 0 when these are no UTF-8 (cut, too
 * long a form, a surrogate, or above U+10FFFF). Looks at no more than `left` bytes.
 */
size_t utf8_length(const char *text, size_t left);

/* Writes a code point, which must not be a surrogate, to out[4]; returns how many bytes. */
size_t utf8_write(char *out, uint32_t code);

#endif
