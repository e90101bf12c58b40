/* utf8.c -- characters that take one to four bytes. */
#include "utf8.h"

size_t
utf8_length(const char *text, size_t left)
{
    const unsigned char *byte = (const unsigned char *)text;
    size_t n = 1;
    uint32_t code, least;

    if (left == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] >= 0xc2 && byte[0] < 0xe0) {
        n = 2, code = byte[0] & 0x1fu, least = 0x80;
    } else if (byte[0] >= 0xe0 && byte[0] < 0xf0) {
        n = 3, code = byte[0] & 0x0fu, least = 0x800;
    } else if (byte[0] >= 0xf0 && byte[0] < 0xf5) {
        n = 4, code = byte[0] & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3fu);
    }
    return code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

size_t
utf8_write(char *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00 >> n & 0xff) | code);
    return n;
}
