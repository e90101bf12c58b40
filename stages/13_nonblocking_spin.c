/*
 * 13_nonblocking_spin.c -- nobody freezes, and a core burns.
 *
 * Grew from:   12_nonblocking_naive.c
 * New here:    try_again(): after "not now" we ask the next client, and what
 *              was heard of a half line stays in its conn.
 * Gone:        sleeping, anywhere; a silent client holds up nobody.
 * Still wrong: there is no WAIT.  We ask everybody, for ever, mostly in
 *              vain, and a whole core burns even when nobody types.  While
 *              one client makes us work, the others wait; one crash ends
 *              all; only CR LF ends a line.  20_select.c sleeps until there
 *              is something to do.
 */
#include <sys/socket.h>

#include <err.h>
#include <stdlib.h>

#include "chores.h"
#include "net.h"
#include "stage.h"

/* A client that never pauses gets so many chunks before the others' turn. */
#define FAIR_TURNS 16

/* Echoes one chunk.  1: there may be more, 0: not now, -1: drop it. */
static int
echo_chunk(struct conn *c)
{
    bool more = true;

    if (c->owed == 0) {         /* while we owe, we hear nothing new */
        size_t room = room_for(c);
        ssize_t n = recv(c->fd, c->buf + c->len, room, 0);

        if (n == -1)
            return try_again() ? 0 : -1;
        client_said(c, (size_t)n);
        if (n == 0 && c->owed == 0)
            return -1;          /* it left, and we owe it nothing */
        more = (size_t)n == room;
    }
    while (c->owed > 0) {       /* send() may take a part; the rest again */
        ssize_t n = send(c->fd, c->buf, c->owed, 0);

        if (n == -1)
            return try_again() ? 0 : -1;
        client_got(c, (size_t)n);
    }
    return more;
}

/* Serves one client without sleeping.  0: keep it, -1: drop it. */
static int
on_ready(struct conn *c)
{
    int more = 1;

    for (int turns = 0; more == 1 && turns < FAIR_TURNS; turns++)
        more = echo_chunk(c);
    return more == -1 ? -1 : 0;
}

static void
run(int listen_fd, const struct settings *set)
{
    struct conn **conns = calloc(set->max_fds, sizeof(*conns));
    int n = 0;

    if (conns == NULL)
        err(1, "calloc");
    if (set_nonblock(listen_fd) == -1)
        err(1, "fcntl");
    for (;;) {
        /* SERVE: ask every client whether it has something for us. */
        int kept = 0;
        for (int i = 0; i < n; i++) {
            if (on_ready(conns[i]) == 0)
                conns[kept++] = conns[i];
            else
                client_left(conns[i]);
        }
        n = kept;

        /* ACCEPT everybody who waits in the queue. */
        for (;;) {
            struct peer peer = PEER_UNKNOWN;
            int fd = accept4(listen_fd, &peer.any, &peer.len,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);

            if (fd == -1)
                break;
            conns[n] = client_came(fd, &peer, set);
            n += conns[n] != NULL;
        }
        if (accept_failed() == -1)
            break;
    }
    while (n > 0)
        client_left(conns[--n]);
    free(conns);
}

const struct stage stage_nonblocking_spin = {
    .name = "nonblocking-spin",
    .file = "13_nonblocking_spin.c",
    .parent = "nonblocking-naive",
    .summary = "nobody freezes, a core burns",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_PREFIX,
    .chunk = 2,
    .lines = true,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
