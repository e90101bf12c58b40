/*
 * 30_threaded.c -- a thread for each client.
 *
 * Grew from:   10_blocking.c
 * New here:    pthread_create(): whoever sleeps in recv() sleeps alone.
 * Gone:        one client at a time; bob does not wait for alice.
 * Still wrong: each client costs a thread, with its stack and its place in
 *              the scheduler, even while it is silent; all threads share one
 *              memory, and one crash ends them all.  31_forked.c gives each
 *              client a memory of its own, 32_prefork.c shares a few.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "chores.h"
#include "say.h"
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

/* Where a client's thread begins. */
static void *
client_thread(void *arg)
{
    pthread_detach(pthread_self());     /* it ends without being joined */
    serve_client(arg);
    return NULL;
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

        /* SERVE: in a thread of its own; we go on accepting. */
        pthread_t thread;
        if (c == NULL)
            continue;
        int error = pthread_create(&thread, NULL, client_thread, c);
        if (error != 0) {
            complain("cannot create a thread for %s: %s", c->name,
                     strerror(error));
            client_left(c);
        }
    }
}

const struct stage stage_threaded = {
    .name = "threaded",
    .file = "30_threaded.c",
    .parent = "blocking",
    .summary = "a thread for each client",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_SINK | TAKES_READ_TIMEOUT,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
