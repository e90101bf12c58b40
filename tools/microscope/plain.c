/* plain.c -- no stranger's text may steer our terminal. */
#include "plain.h"

#include <stdbool.h>
#include <string.h>

#include "utf8.h"

/* Would a terminal obey these bytes? len as from utf8_length(). */
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
        size_t len = utf8_length(text + i, n - i);

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
