/* outbox.c -- output that its writer never waits for. */
#include "outbox.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_WAIT_MS 2000

void
outbox_open(struct outbox *box, const char *name)
{
    *box = (struct outbox){ .fd = STDOUT_FILENO, .name = name, .kept = malloc(OUTBOX_ROOM) };
    if (box->kept == NULL)
        err(1, "malloc");
    if (name == NULL)
        return;
    box->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (box->fd == -1)
        err(1, "cannot write %s", name);
}

static bool
has_room(const struct outbox *box, int wait_ms)
{
    struct pollfd out = { .fd = box->fd, .events = POLLOUT };

    return poll(&out, 1, wait_ms) == 1;
}

/* A pipe that polls as writable takes PIPE_BUF bytes without blocking, not more. */
static void
write_some(struct outbox *box)
{
    size_t want = box->len - box->from < PIPE_BUF ? box->len - box->from : PIPE_BUF;
    ssize_t n = write(box->fd, box->kept + box->from, want);

    if (n > 0)
        box->from += (size_t)n;
    else if (n == -1 && errno != EINTR && errno != EAGAIN)
        box->error = errno;
}

size_t
outbox_push(struct outbox *box)
{
    while (box->error == 0 && box->from < box->len && has_room(box, 0))
        write_some(box);
    if (box->from == box->len || box->error != 0)
        box->from = box->len = 0;
    return box->len - box->from;
}

void
outbox_line(struct outbox *box, const char *text)
{
    size_t n = strlen(text);

    if (box->error != 0)
        return;
    if (box->len + n + 1 > OUTBOX_ROOM) {
        memmove(box->kept, box->kept + box->from, box->len - box->from);
        box->len -= box->from;
        box->from = 0;
    }
    if (box->len + n + 1 > OUTBOX_ROOM) {
        box->dropped++;
        return;
    }
    memcpy(box->kept + box->len, text, n);
    box->kept[box->len + n] = '\n';
    box->len += n + 1;
    outbox_push(box);
}

int
outbox_close(struct outbox *box)
{
    while (outbox_push(box) > 0 && has_room(box, LAST_WAIT_MS))
        ;
    if (box->fd != STDOUT_FILENO && close(box->fd) == -1 && box->error == 0)
        box->error = errno;
    free(box->kept);
    return box->error;
}
