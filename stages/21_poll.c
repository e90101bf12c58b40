/*
 * 21_poll.c -- one array asks about every socket and carries the answers.
 *
 * Grew from:   20_select.c
 * New here:    struct pollfd: what we ask (events) and what we are told
 *              (revents) are two fields, and each client has a slot.
 * Gone:        fd_set, FD_SETSIZE, the highest descriptor.
 * Still wrong: the kernel and we both walk all n slots to find the one that
 *              fired, and poll() refuses more slots than we may have open,
 *              should that limit be lowered while we run.  One thread:
 *              while one client makes us work, the others wait; one crash
 *              ends all.  22_epoll.c makes the kernel remember the list.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
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
    struct pollfd *slots = calloc(set->max_fds, sizeof(*slots));

    if (conns == NULL || slots == NULL)
        err(1, "calloc");
    if (set_nonblock(listen_fd) == -1)
        err(1, "fcntl");
    for (;;) {
        /* ASK: a slot for each client, and the last one for newcomers. */
        slots[n].fd = listen_fd;
        slots[n].events = accept_pause() == 0 ? POLLIN : 0;
        for (int i = 0; i < n; i++) {
            slots[i].fd = conns[i]->fd;
            slots[i].events = conns[i]->owed > 0 ? POLLOUT : POLLIN;
        }

        /* WAIT */
        int ready = poll(slots, (nfds_t)n + 1, wait_limit(set));
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            err(1, "poll");
        if (ready == 0)
            no_events(set);

        /* SERVE those that are ready. */
        bool newcomers = slots[n].revents != 0;
        int kept = 0;
        for (int i = 0; i < n; i++) {
            bool fires = slots[i].revents != 0;

            if (!fires || on_ready(conns[i]) == 0)
                conns[kept++] = conns[i];
            else
                client_left(conns[i]);
        }
        n = kept;

        /* ACCEPT everybody who waits in the queue. */
        if (!newcomers)
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
    free(slots);
}

const struct stage stage_poll = {
    .name = "poll",
    .file = "21_poll.c",
    .parent = "select",
    .summary = "one thread, one array asks and answers",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_TICK,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
