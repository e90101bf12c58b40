/*
 * 12_nonblocking_naive.c -- "not now" is an answer too, and it ends us.
 *
 * Grew from:   11_multi_blocking.c
 * New here:    O_NONBLOCK: a call that would sleep fails with EAGAIN.
 * Gone:        sleeping in accept().
 * Still wrong: nobody has connected yet, so the first accept() fails, and we
 *              take "not now" for an error and die.
 *              13_nonblocking_spin.c goes on asking.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

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
    int flags = fcntl(listen_fd, F_GETFL);

    if (conns == NULL)
        err(1, "calloc");
    if (flags == -1 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) == -1)
        err(1, "fcntl");
    for (;;) {
        /* ACCEPT: may not sleep, so it must say something else. */
        struct peer peer = PEER_UNKNOWN;
        int fd = accept(listen_fd, &peer.any, &peer.len);

        if (fd == -1) {
            errx(1, "accept: %s%s", strerror(errno), errno == EAGAIN ?
                 " (EAGAIN)\n  that is the lesson: nobody has connected yet,"
                 " and \"not now\" is no error" : "");
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

const struct stage stage_nonblocking_naive = {
    .name = "nonblocking-naive",
    .file = "12_nonblocking_naive.c",
    .parent = "multi-blocking",
    .summary = "a first attempt that dies of EAGAIN at once",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_PREFIX,
    .chunk = 2,
    .lines = true,
    .stops = STOPS_AT_ONCE,
    .run = run,
};
