/*
 * say.c -- console lines that neither mix nor block.
 *
 * A line is built in one buffer and leaves in one write(). Before that poll() asks whether
 * the reader has room: a server must not stand still because somebody pressed Ctrl-S.
 */
#include "say.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SAY_LIMIT 2048 /* below PIPE_BUF: one write() to a pipe is never split */

static bool silent;
static atomic_ulong dropped;

void
say_nothing(bool quiet)
{
    silent = quiet;
}

bool
saying(void)
{
    return !silent;
}

unsigned long
lines_dropped(void)
{
    return atomic_load(&dropped);
}

static void
write_line(int fd, const char *lead, const char *fmt, va_list args)
{
    /* Not on the stack: a task's stack would have to grow by a page for it. */
    static _Thread_local char line[SAY_LIMIT];
    int saved = errno;
    int n = snprintf(line, sizeof(line), "%s", lead);
    int m = vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, args);
    size_t len = m < 0 ? (size_t)n : (size_t)n + (size_t)m;

    if (len > sizeof(line) - 2)
        len = sizeof(line) - 2;
    line[len++] = '\n';

    struct pollfd out = { .fd = fd, .events = POLLOUT };
    if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0 || write(fd, line, len) == -1)
        atomic_fetch_add(&dropped, 1);
    errno = saved;
}

void
say(const char *fmt, ...)
{
    va_list args;

    if (silent)
        return;
    va_start(args, fmt);
    write_line(STDOUT_FILENO, "", fmt, args);
    va_end(args);
}

void
complain(const char *fmt, ...)
{
    char lead[64];
    va_list args;

    snprintf(lead, sizeof(lead), "%s: ", program_invocation_short_name);
    va_start(args, fmt);
    write_line(STDERR_FILENO, lead, fmt, args);
    va_end(args);
}

/* One byte as C would write it, into out[5]; returns how many characters. */
static size_t
escape_byte(char *out, unsigned char byte)
{
    static const char named[] = "\a\b\t\n\v\f\r\"\\";
    static const char letters[] = "abtnvfr\"\\";
    const char *at = byte == '\0' ? NULL : strchr(named, byte);

    if (at != NULL)
        return (size_t)snprintf(out, 5, "\\%c", letters[at - named]);
    if (byte >= 0x20 && byte < 0x7f)
        return (size_t)snprintf(out, 5, "%c", byte);
    return (size_t)snprintf(out, 5, "\\x%02x", byte);
}

char *
escape(char *out, size_t room, const void *bytes, size_t n)
{
    const unsigned char *byte = bytes;
    const size_t tail = sizeof("\"... (18446744073709551615 bytes)");
    size_t len = 0;

    if (room < tail + 8) {
        out[0] = '\0';
        return out;
    }
    out[len++] = '"';
    for (size_t i = 0; i < n; i++) {
        char one[5];
        size_t size = escape_byte(one, byte[i]);

        if (len + size + tail > room) {
            snprintf(out + len, room - len, "\"... (%zu bytes)", n);
            return out;
        }
        memcpy(out + len, one, size);
        len += size;
    }
    memcpy(out + len, "\"", 2);
    return out;
}
