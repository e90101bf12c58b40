/*
 * 10_blocking.c -- one client, then the next.
 *
 * Grew from:   nothing; this is the first server.
 * New here:    accept, recv, send. Each of them may sleep.
 * Gone:        nothing yet.
 * Still wrong: while we sleep in recv() for alice, bob waits in the queue of
 *              the kernel until she leaves, and a client that never reads
 *              keeps us in send() for ever.  One crash ends all, and only
 *              CR LF ends a line.  11_multi_blocking.c accepts bob too;
 *              30_threaded.c and 31_forked.c give each client a helper,
 *              41_coroutine.c a task.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>

#include "chores.h"
#include "stage.h"

/* Hears one whole line and sends it back.  0: keep the client, -1: drop. */
static int
echo_line(struct conn *c)
{
    while (c->owed == 0) {
        ssize_t n = recv(c->fd, c->buf + c->len, room_for(c), 0);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return client_failed(c);
        client_said(c, (size_t)n);
        if (n == 0 && c->owed == 0)
            return -1;          /* it left, and we owe it nothing */
    }
    size_t left = c->owed;
    while (left > 0) {          /* send() may take a part; the rest again */
        ssize_t n = send(c->fd, c->buf, left, 0);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return client_failed(c);
        left -= (size_t)n;
        client_got(c, (size_t)n);
    }
    return 0;
}

/* Serves one client until it leaves. */
static void
serve_client(struct conn *c)
{
    bool one_line = c->set->once && c->set->line;

    while (echo_line(c) == 0 && !one_line)
        ;
    client_left(c);
}

static void
run(int listen_fd, const struct settings *set)
{
    for (;;) {
        /* ACCEPT: sleeps until somebody connects. */
        struct peer peer = PEER_UNKNOWN;
        int fd = accept(listen_fd, &peer.any, &peer.len);

        if (fd == -1) {
            int nap = accept_failed();

            if (nap == -1)
                return;
            poll(NULL, 0, nap);
            continue;
        }
        struct conn *c = client_came(fd, &peer, set);

        /* SERVE: this client and nobody else, until it leaves. */
        if (c != NULL)
            serve_client(c);
        if (set->once)
            return;
    }
}

const struct stage stage_blocking = {
    .name = "blocking",
    .file = "10_blocking.c",
    .parent = NULL,
    .summary = "one client at a time",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_PREFIX | TAKES_SINK |
        TAKES_ONCE | TAKES_READ_TIMEOUT,
    .chunk = 2,
    .lines = true,
    .stops = STOPS_AT_ONCE,
    .run = run,
};
