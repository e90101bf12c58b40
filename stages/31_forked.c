/*
 * 31_forked.c -- a process for each client.
 *
 * Grew from:   10_blocking.c
 * New here:    fork(): the child serves one client in a memory of its own;
 *              the parent reaps it, or it would stay behind as a zombie.
 * Gone:        one client at a time.  A crash ends one client, not all.
 * Still wrong: a process for each client costs even more than a thread, and
 *              the children cannot share what they learn.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "chores.h"
#include "say.h"
#include "stage.h"
#include "stop.h"

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

/* One SIGCHLD may stand for many children: reap until nobody is left. */
static void
reap(int sig)
{
    int saved = errno;

    (void)sig;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

/* What the child does: its own client, and nothing else of ours. */
static void
client_process(int listen_fd, int fd, const struct peer *peer,
               const struct settings *set)
{
    stop_with_parent();
    close(listen_fd);
    struct conn *c = client_came(fd, peer, set);
    if (c != NULL)
        serve_client(c);
    _exit(0);
}

static void
run(int listen_fd, const struct settings *set)
{
    struct sigaction on = { .sa_handler = reap, .sa_flags = SA_RESTART };

    if (sigaction(SIGCHLD, &on, NULL) == -1)
        err(1, "sigaction");
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

        /* SERVE: in a process of its own; we go on accepting. */
        pid_t child = fork();
        if (child == 0)
            client_process(listen_fd, fd, &peer, set);
        if (child == -1)
            complain("cannot create a process for a client: %s",
                     strerror(errno));
        close(fd);              /* the child has its own copy */
    }
}

const struct stage stage_forked = {
    .name = "forked",
    .file = "31_forked.c",
    .parent = "blocking",
    .summary = "a process for each client",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_SINK | TAKES_READ_TIMEOUT,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
