/*
 * 22_epoll.c -- the kernel remembers the list.
 *
 * Grew from:   21_poll.c
 * New here:    epoll_ctl() tells the kernel once what each socket waits for;
 *              epoll_wait() brings those that are ready.
 * Gone:        the walk over all clients, in the kernel and here.
 * Still wrong: one thread: while one client makes us work, the others
 *              wait; one crash ends all.  And a client's story is cut into
 *              pieces, one for each event; 40_callback.c gives the pieces
 *              names, 41_coroutine.c tells the story in one go again.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "chores.h"
#include "net.h"
#include "stage.h"

/* A client that never pauses gets so many chunks before the others' turn. */
#define FAIR_TURNS 16
#define BATCH 256               /* events that one epoll_wait() may bring */

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

/* ASK: from now on, tell us of these events of fd.  -1: no memory. */
static int
ask(int epfd, int op, int fd, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.fd = fd };

    return epoll_ctl(epfd, op, fd, &event);
}

static void
run(int listen_fd, const struct settings *set)
{
    struct conn **conns = calloc(set->max_fds, sizeof(*conns));
    struct epoll_event events[BATCH];
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    bool asked = true;          /* do we want to hear of newcomers? */

    if (conns == NULL || epfd == -1)
        err(1, "epoll_create1");
    if (set_nonblock(listen_fd) == -1 ||
        ask(epfd, EPOLL_CTL_ADD, listen_fd, EPOLLIN) == -1)
        err(1, "epoll_ctl");
    for (;;) {
        /* ASK: the clients are on the list; only a pause changes it here. */
        if (asked != (accept_pause() == 0) &&
            ask(epfd, EPOLL_CTL_MOD, listen_fd, asked ? 0 : EPOLLIN) == 0)
            asked = !asked;

        /* WAIT */
        int ready = epoll_wait(epfd, events, BATCH, wait_limit(set));
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            err(1, "epoll_wait");
        if (ready == 0)
            no_events(set);

        /* SERVE those that are ready: events brings nobody else. */
        bool newcomers = false;
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            struct conn *c = conns[fd];

            newcomers = newcomers || fd == listen_fd;
            if (fd == listen_fd)
                continue;
            bool owed = c->owed > 0;
            int result = on_ready(c);
            if (result == 0 && owed != (c->owed > 0))
                result = ask(epfd, EPOLL_CTL_MOD, fd,
                             owed ? EPOLLIN : EPOLLOUT);
            if (result == -1) {
                client_left(c);
                conns[fd] = NULL;
            }
        }

        /* ACCEPT everybody who waits, and put them on the list. */
        if (!newcomers)
            continue;
        for (;;) {
            struct peer peer = PEER_UNKNOWN;
            int fd = accept4(listen_fd, &peer.any, &peer.len,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);

            if (fd == -1)
                break;
            conns[fd] = client_came(fd, &peer, set);
            if (conns[fd] != NULL &&
                ask(epfd, EPOLL_CTL_ADD, fd, EPOLLIN) == -1) {
                client_failed(conns[fd]);
                client_left(conns[fd]);
                conns[fd] = NULL;
            }
        }
        if (accept_failed() == -1)
            break;
    }
    for (size_t i = 0; i < set->max_fds; i++)
        if (conns[i] != NULL)
            client_left(conns[i]);
    free(conns);
}

const struct stage stage_epoll = {
    .name = "epoll",
    .file = "22_epoll.c",
    .parent = "poll",
    .summary = "one thread, the kernel keeps the list",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_TICK,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
