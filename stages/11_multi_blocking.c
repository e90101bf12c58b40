/*
 * 11_multi_blocking.c -- many clients, but one quiet client stops them all.
 *
 * Grew from:   10_blocking.c
 * New here:    conns, the list of everybody who came; each round hears one
 *              line from each of them, oldest first.
 * Gone:        serving one client to its end before the next is accepted.
 * Still wrong: every call still sleeps, and whoever is silent holds up the
 *              round.  Was alice silent when bob came, she must type twice
 *              (or leave) before he is heard.  Nobody's next line is read
 *              until somebody new connects.  A client that never reads stops
 *              all, and so does one crash; only CR LF ends a line.
 *              12_nonblocking_naive.c asks without sleeping.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

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

static void
run(int listen_fd, const struct settings *set)
{
    struct conn **conns = calloc(set->max_fds, sizeof(*conns));
    int n = 0;

    if (conns == NULL)
        err(1, "calloc");
    for (;;) {
        /* ACCEPT: sleeps until somebody connects. */
        struct peer peer = PEER_UNKNOWN;
        int fd = accept(listen_fd, &peer.any, &peer.len);

        if (fd == -1) {
            int nap = accept_failed();

            if (nap == -1)
                return;
            poll(NULL, 0, nap);
        } else {
            conns[n] = client_came(fd, &peer, set);
            n += conns[n] != NULL;
        }

        /* SERVE: a line from each, in turn; sleeps until each has typed. */
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (echo_line(conns[i]) == 0)
                conns[kept++] = conns[i];
            else
                client_left(conns[i]);
        }
        n = kept;
    }
}

const struct stage stage_multi_blocking = {
    .name = "multi-blocking",
    .file = "11_multi_blocking.c",
    .parent = "blocking",
    .summary = "many clients, but one quiet client stops them all",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_PREFIX | TAKES_READ_TIMEOUT,
    .chunk = 2,
    .lines = true,
    .stops = STOPS_AT_ONCE,
    .run = run,
};
