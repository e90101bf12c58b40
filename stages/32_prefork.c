/*
 * 32_prefork.c -- a few processes share the listener, with threads inside.
 *
 * Grew from:   30_threaded.c
 * New here:    fork() before anybody has come: all workers sleep in accept()
 *              on one listener, the kernel wakes one for each client.  Dead
 *              workers are replaced; --grace is for what is owed at the end.
 * Gone:        one crash ends them all: it ends the clients of its worker.
 * Still wrong: the kernel picks a worker without asking how busy it is; a
 *              client costs a thread still; a crash ends its whole worker.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "chores.h"
#include "net.h"
#include "say.h"
#include "stage.h"
#include "stop.h"

#define WORKERS 3               /* without --workers */
#define BREATH_MS 500           /* before a worker is replaced */

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

/* What a worker does: 30_threaded.c, and then the grace. */
static void
work(int listen_fd, const struct settings *set)
{
    stop_by_listener();
    for (;;) {
        /* ACCEPT: sleeps until somebody connects. */
        say("Waiting for a new connection, PID %d", getpid());
        struct peer peer = PEER_UNKNOWN;
        int fd = accept(listen_fd, &peer.any, &peer.len);

        if (fd == -1) {
            int nap = accept_failed();

            if (nap == -1)
                break;
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
    /* We hear no more: recv() brings what has come, then 0; threads end. */
    end_within(set->grace);
    int fd = STDERR_FILENO, left = clients_now();
    while (left > 0 && clients_now() > 0 && ++fd < (int)set->max_fds)
        left -= accepted_from(fd, listen_fd) && shutdown(fd, SHUT_RD) == 0;
    while (clients_now() > 0)
        poll(NULL, 0, BREATH_MS / 50);
    _exit(0);
}

static void
run(int listen_fd, const struct settings *set)
{
    int wanted = set->workers > 0 ? set->workers : WORKERS, n = 0;

    while (n > 0 || told_to_stop() == 0) {
        for (; n < wanted && told_to_stop() == 0; n++) {
            pid_t worker = fork();
            if (worker == 0)
                work(listen_fd, set);
            if (worker == -1) {
                complain("cannot create a worker: %s", strerror(errno));
                break;
            }
        }

        /* WAIT for one to end: it died, or all of them stop. */
        bool too_few = n < wanted && told_to_stop() == 0;
        pid_t gone = waitpid(-1, NULL, too_few ? WNOHANG : 0);
        n -= gone > 0;
        if (told_to_stop() != 0)
            continue;
        if (gone > 0)
            complain("worker %d died; another takes its place", gone);
        poll(NULL, 0, too_few ? 2 * BREATH_MS : BREATH_MS);
    }
}

const struct stage stage_prefork = {
    .name = "prefork",
    .file = "32_prefork.c",
    .parent = "threaded",
    .summary = "a few processes, a thread for each client in them",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_SINK | TAKES_READ_TIMEOUT |
        TAKES_GRACE | TAKES_WORKERS,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
