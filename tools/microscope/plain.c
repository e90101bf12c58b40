/* plain.c -- no stranger's text may steer our terminal. */
#include "plain.h"

#include <stdbool.h>
#include <string.h>

/* The length of the UTF-8 character at text, at most n; 0 when the byte there begins none. */
static size_t
character_length(const char *text, size_t n)
{
    unsigned char first = (unsigned char)text[0];
    size_t len = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 :
        first < 0xf5 ? 4 : 0;

    if (len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

/* Would a terminal obey these bytes? len as from character_length(). */
static bool
is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];

    if (len == 2)
        return first == 0xc2 && (unsigned char)text[1] < 0xa0;
    return first < 0x20 || first == 0x7f || (len == 0 && first >= 0x80 && first < 0xa0);
}

void
make_plain_lines(char *text, size_t n)
{
    for (size_t i = 0, size; i < n; i += size) {
        size_t len = character_length(text + i, n - i);

        size = len > 0 ? len : 1;
        if (text[i] == '\t' || text[i] == '\r')
            text[i] = ' ';
        else if (text[i] != '\n' && is_control(text + i, len))
            memset(text + i, '?', size);
    }
}

void
make_plain(char *text)
{
    make_plain_lines(text, strlen(text));
    for (; *text != '\0'; text++)
        if (*text == '\n')
            *text = '?';
}
