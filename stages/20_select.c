/*
 * 20_select.c -- sleep until one of many is ready.
 *
 * Grew from:   13_nonblocking_spin.c
 * New here:    WAIT: select() takes sets of descriptors, sleeps, and leaves
 *              in them those that are ready.
 * Gone:        asking in vain: an idle server costs no CPU.
 * Still wrong: an fd_set has room for descriptors 0 to 1023 and no more, it
 *              must be filled anew for each call, and the kernel looks at
 *              every descriptor up to the highest.  One thread: while one
 *              client makes us work, the others wait; one crash ends all.
 *              21_poll.c has an array.
 */
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
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
    /* FD_SET() of 1024 writes past the set: accept() is to fail first. */
    struct rlimit few = { FD_SETSIZE, FD_SETSIZE };

    if (conns == NULL)
        err(1, "calloc");
    if (set_nonblock(listen_fd) == -1)
        err(1, "fcntl");
    if (listen_fd >= FD_SETSIZE)
        errx(1, "no room in an fd_set for descriptor %d", listen_fd);
    if (set->max_fds > FD_SETSIZE && setrlimit(RLIMIT_NOFILE, &few) == -1)
        err(1, "setrlimit");
    for (;;) {
        /* ASK: select() wrote into the sets, so fill them again. */
        fd_set to_read, to_write;
        int max_fd = listen_fd;

        FD_ZERO(&to_read);
        FD_ZERO(&to_write);
        if (accept_pause() == 0)
            FD_SET(listen_fd, &to_read);
        for (int i = 0; i < n; i++) {
            int fd = conns[i]->fd;

            FD_SET(fd, conns[i]->owed > 0 ? &to_write : &to_read);
            max_fd = fd > max_fd ? fd : max_fd;
        }

        /* WAIT */
        int ms = wait_limit(set);
        struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
        int ready = select(max_fd + 1, &to_read, &to_write, NULL,
                           ms == -1 ? NULL : &limit);
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            err(1, "select");
        if (ready == 0)
            no_events(set);

        /* SERVE those that are ready. */
        int kept = 0;
        for (int i = 0; i < n; i++) {
            int fd = conns[i]->fd;
            bool fires = FD_ISSET(fd, &to_read) || FD_ISSET(fd, &to_write);

            if (!fires || on_ready(conns[i]) == 0)
                conns[kept++] = conns[i];
            else
                client_left(conns[i]);
        }
        n = kept;

        /* ACCEPT everybody who waits in the queue. */
        if (!FD_ISSET(listen_fd, &to_read))
            continue;
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

const struct stage stage_select = {
    .name = "select",
    .file = "20_select.c",
    .parent = "nonblocking-spin",
    .summary = "one thread sleeps until one of many is ready",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_TICK,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
