/*
 * 13_nonblocking_spin.c -- nobody freezes, and a core burns.
 *
 * Grew from:   12_nonblocking_naive.c
 * New here:    try_again(): after "not now" we ask the next client, and what
 *              was heard of a half line stays in its conn.
 * Gone:        sleeping, anywhere; a silent client holds up nobody.
 * Still wrong: there is no WAIT.  We ask everybody, for ever, mostly in
 *              vain, and a whole core burns even when nobody types.
 *              20_select.c sleeps until there is something to do.
 */
#include <sys/socket.h>

#include <err.h>
#include <stdlib.h>

#include "chores.h"
#include "net.h"
#include "stage.h"

/* A client that never pauses gets so many chunks before the others' turn. */
#define FAIR_TURNS 16

/* Serves one client without sleeping.  0: keep it, -1: drop it. */
static int
on_ready(struct conn *c)
{
    bool more = true;

    for (int turns = 0; more && turns < FAIR_TURNS; turns++) {
        if (c->owed == 0) {
            size_t room = room_for(c);
            ssize_t n = recv(c->fd, c->buf + c->len, room, 0);

            if (n == -1)
                return try_again() ? 0 : -1;
            client_said(c, (size_t)n);
            if (n == 0 && c->owed == 0)
                return -1;      /* it left, and we owe it nothing */
            more = (size_t)n == room;
        }
        if (c->owed > 0) {      /* while we owe, we hear nothing new */
            ssize_t n = send(c->fd, c->buf, c->owed, 0);

            if (n == -1)
                return try_again() ? 0 : -1;
            client_got(c, (size_t)n);
        }
        more = more || c->owed > 0;
    }
    return 0;
}

/* Takes everybody out of the kernel's queue.  -1: we are to stop. */
static int
accept_all(int listen_fd, struct conn **conns, int *n,
           const struct settings *set)
{
    for (;;) {
        struct peer peer = PEER_UNKNOWN;
        int fd = accept4(listen_fd, &peer.any, &peer.len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd == -1)
            return accept_failed() == -1 ? -1 : 0;
        conns[*n] = client_came(fd, &peer, set);
        *n += conns[*n] != NULL;
    }
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

        /* ACCEPT */
        if (accept_all(listen_fd, conns, &n, set) == -1)
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
