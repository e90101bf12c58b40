/*
 * 50_message.c -- messages instead of bytes: length, header, content.
 *
 * Grew from:   22_epoll.c
 * New here:    a protocol.  Two bytes tell how long a JSON header is, which
 *              tells how long the content is; when so much has come, in
 *              however many pieces, a message is whole.  And a timer for
 *              each client: --read-timeout.
 * Gone:        the echo; and the hope that one recv() brings one request.
 * Still wrong: a message lies in memory until it is whole, as much as
 *              --max-content for each client; and we believe whoever calls:
 *              nothing proves who it is, and nothing is secret.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "chores.h"
#include "frame.h"
#include "net.h"
#include "say.h"
#include "silence.h"
#include "stage.h"

#define BATCH 256               /* events that one epoll_wait() may bring */

struct client {
    struct conn *conn;          /* in its buf: a message, and what follows */
    struct frame frame;         /* its header, once that has come whole */
    char *answer;               /* NULL while we owe nothing */
    size_t sent, size;          /* of the answer */
    struct timer silence;       /* rings when --read-timeout is over */
};

/* One client's trouble: one line, and it is dropped; nobody else notices. */
static int
trouble_with(const struct conn *c, const char *why)
{
    say("Main: Error: Exception for %s: %s", c->name, why);
    return -1;
}

/* Is the message whole?  1: here is its answer, 0: not yet, -1: never. */
static int
look_at(struct client *client, char *why)
{
    struct conn *c = client->conn;
    struct frame *f = &client->frame;
    size_t header_end;
    int known = frame_begins(c->buf, c->len, &header_end, why);

    if (known != 1)
        return known;
    if (c->len < header_end)
        return 0;
    if (f->header == NULL &&
        frame_read(f, c->buf, header_end, c->set->max_content, why) == -1)
        return -1;
    if (c->len < f->size)
        return 0;
    client->answer = answer_to(f, c->buf + header_end, c->name, c->set->crc,
                               &client->size, why);
    return client->answer != NULL ? 1 : -1;
}

/* Serves one client without sleeping.  0: keep it, -1: drop it. */
static int
serve_messages(struct client *client)
{
    struct conn *c = client->conn;
    char why[FRAME_REASON];

    if (client->answer == NULL) {   /* while we owe, we hear nothing new */
        ssize_t n = recv(c->fd, c->buf + c->len, room_for(c), 0);

        if (n == -1)
            return try_again() ? 0 : trouble_with(c, strerror(errno));
        if (n == 0)
            return c->len > 0 ? trouble_with(c, "Peer closed.") : -1;
        c->len += (size_t)n;
    }
    for (;;) {
        int whole = client->answer != NULL ? 1 : look_at(client, why);

        if (whole != 1)
            return whole == 0 ? 0 : trouble_with(c, why);
        while (client->sent < client->size) {
            ssize_t n = send(c->fd, client->answer + client->sent,
                             client->size - client->sent, 0);

            if (n == -1)
                return try_again() ? 0 : trouble_with(c, strerror(errno));
            client->sent += (size_t)n;
        }
        if (!c->set->keep)
            return -1;          /* one message a connection */
        c->len -= client->frame.size;   /* the rest begins the next one */
        memmove(c->buf, c->buf + client->frame.size, c->len);
        frame_free(&client->frame);
        free(client->answer);
        client->answer = NULL;
        client->sent = 0;
    }
}

static void
leave(struct client *client, struct timers *timers)
{
    timers_remove(timers, &client->silence);
    frame_free(&client->frame);
    free(client->answer);
    client_left(client->conn);
    *client = (struct client){ .conn = NULL };
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
    struct client *clients = calloc(set->max_fds, sizeof(*clients));
    struct timers timers = { .n = 0 };
    struct epoll_event events[BATCH];
    int epfd = epoll_create1(EPOLL_CLOEXEC);
    bool asked = true;          /* do we want to hear of newcomers? */

    if (clients == NULL || epfd == -1)
        err(1, "epoll_create1");
    if (set_nonblock(listen_fd) == -1 ||
        ask(epfd, EPOLL_CTL_ADD, listen_fd, EPOLLIN) == -1)
        err(1, "epoll_ctl");
    for (;;) {
        /* ASK: the clients are on the list; only a pause changes it here. */
        if (asked != (accept_pause() == 0) &&
            ask(epfd, EPOLL_CTL_MOD, listen_fd, asked ? 0 : EPOLLIN) == 0)
            asked = !asked;

        /* WAIT, but not longer than the first timer runs. */
        int ready = epoll_wait(epfd, events, BATCH, nap(&timers, set));
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready == -1)
            err(1, "epoll_wait");

        /* SERVE those that are ready, then those whose time is over. */
        bool newcomers = false;
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            struct client *client = &clients[fd];

            newcomers = newcomers || fd == listen_fd;
            if (fd == listen_fd)
                continue;
            bool owed = client->answer != NULL;
            int result = serve_messages(client);
            if (result == 0 && owed != (client->answer != NULL))
                result = ask(epfd, EPOLL_CTL_MOD, fd,
                             owed ? EPOLLIN : EPOLLOUT);
            silence_begins(&timers, &client->silence, client, set);
            if (result == -1)
                leave(client, &timers);
        }
        for (struct client *c; (c = silence_over(&timers)) != NULL; ) {
            client_silent(c->conn);
            leave(c, &timers);
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
            struct client *c = &clients[fd];
            c->conn = client_came(fd, &peer, set);
            if (c->conn == NULL)
                continue;
            silence_begins(&timers, &c->silence, c, set);
            if (ask(epfd, EPOLL_CTL_ADD, fd, EPOLLIN) == -1) {
                client_failed(c->conn);
                leave(c, &timers);
            }
        }
        if (accept_failed() == -1)
            break;
    }
    for (size_t i = 0; i < set->max_fds; i++)
        if (clients[i].conn != NULL)
            leave(&clients[i], &timers);
    free(clients);
    free(timers.heap);
}

const struct stage stage_message = {
    .name = "message",
    .file = "50_message.c",
    .parent = "epoll",
    .summary = "messages with a length, a header and a content",
    .takes = TAKES_CHUNK | TAKES_READ_TIMEOUT | TAKES_CRC,
    .chunk = 4096,
    .framed = true,
    .stops = STOPS_BY_LISTENER,
    .run = run,
};
