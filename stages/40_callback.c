/*
 * 40_callback.c -- a loop that calls us; transport and protocol.
 *
 * Grew from:   22_epoll.c
 * New here:    common/loop.c owns ASK and WAIT, common/transport.c owns the
 *              bytes.  We leave calls with them, and return.
 * Gone:        our own loop, recv, send, and who waits for what.
 * Still wrong: all we do must answer a call: a client's story is in seven
 *              functions, "wait a second" is a timer and an eighth.  One
 *              thread: while one client makes us work, the others wait; one
 *              crash ends all.  41_coroutine.c tells it in one go again.
 */
#include <sys/socket.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chores.h"
#include "loop.h"
#include "net.h"
#include "say.h"
#include "stage.h"
#include "transport.h"

struct server {
    int listen_fd;
    struct loop *loop;
    const struct settings *set;
    struct transport *clients;  /* by descriptor */
    size_t n;
    const struct protocol *echo;
    bool stopping, busy;        /* busy: somebody came or spoke */
    struct timer tick, pause, deadline;
};

static void
connection_made(struct transport *t)
{
    transport_limit(t, ((struct conn *)t->self)->set->read_timeout);
}

static char *
get_buffer(struct transport *t, size_t *room)
{
    struct conn *c = t->self;

    *room = room_for(c);
    return c->buf + c->len;
}

/* SERVE: n bytes came.  What is owed goes to the transport, all of it. */
static void
data_received(struct transport *t, size_t n)
{
    struct conn *c = t->self;

    ((struct server *)t->server)->busy = true;
    client_said(c, n);
    while (c->owed > 0) {
        transport_write(t, c->buf, c->owed);
        client_got(c, c->owed);
    }
}

/* The end of the stream; half a line goes back all the same. */
static void
eof_received(struct transport *t)
{
    data_received(t, 0);
    transport_close(t);
}

static void
timed_out(struct transport *t)
{
    client_silent(t->self);
    transport_abort(t);
}

/* The last call.  At the end it is up to the last client to stop us. */
static void
connection_lost(struct transport *t)
{
    struct server *server = t->server;

    client_left(t->self);
    t->self = NULL;
    if (--server->n == 0 && server->stopping)
        loop_stop(server->loop);
}

/* ACCEPT: everybody out of the kernel's queue. */
static void
on_newcomer(void *arg)
{
    struct server *s = arg;

    s->busy = true;
    for (;;) {
        struct peer peer = PEER_UNKNOWN;
        int fd = accept4(s->listen_fd, &peer.any, &peer.len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd == -1)
            break;
        struct conn *c = client_came(fd, &peer, s->set);
        if (c == NULL)
            continue;
        transport_open(&s->clients[fd], fd, s->loop, s->echo, c, s);
        s->n++;
    }
    int nap = accept_failed();  /* 0: there is nobody else */
    remove_reader(s->loop, s->listen_fd);
    if (nap == 0 && add_reader(s->loop, s->listen_fd, on_newcomer, s) == -1)
        nap = accept_failed();
    if (nap > 0)
        call_later(s->loop, &s->pause, nap / 1000.0);
}

/* --tick: has nothing come since the last one? */
static void
on_tick(void *arg)
{
    struct server *server = arg;

    if (!server->busy)
        no_events(server->set);
    server->busy = false;
    call_later(server->loop, &server->tick, server->set->tick_ms / 1000.0);
}

/* The grace is over: whoever is still here has to go. */
static void
on_deadline(void *arg)
{
    struct server *server = arg;

    for (size_t i = 0; i < server->set->max_fds; i++)
        if (server->clients[i].self != NULL)
            transport_abort(&server->clients[i]);
}

/* The end begins: nobody new, and one deadline for all. */
static void
on_stop(int sig, void *arg)
{
    struct server *server = arg;

    server->stopping = true;
    shutdown(server->listen_fd, SHUT_RDWR);
    say("Got the signal SIG%s: %zu client%s, %g s to finish",
        sigabbrev_np(sig), server->n, server->n == 1 ? "" : "s",
        server->set->grace);
    call_later(server->loop, &server->deadline, server->set->grace);
    if (server->n == 0)
        loop_stop(server->loop);
}

/* Any descriptor can be waited for: this one is a keyboard or a pipe. */
static void
on_input(void *arg)
{
    struct server *server = arg;
    char text[256];
    ssize_t n = read(STDIN_FILENO, text, sizeof(text));

    if (n <= 0)                 /* it has ended; we have not */
        remove_reader(server->loop, STDIN_FILENO);
    else if (memmem(text, (size_t)n, "quit\n", 5) != NULL)
        raise(SIGTERM);         /* which comes to us as a call */
}

static void
run(int listen_fd, const struct settings *set)
{
    const struct protocol echo = {
        connection_made, get_buffer, data_received,
        transport_pause_reading,  /* pause_writing: not read, not heard */
        transport_resume_reading, /* resume_writing */
        eof_received, timed_out, connection_lost
    };
    struct server server = {
        .listen_fd = listen_fd, .set = set, .echo = &echo,
        .loop = loop_open(set->max_fds),
        .clients = calloc(set->max_fds, sizeof(struct transport)),
        .tick.handle = { on_tick, &server, NULL, NULL },
        .pause.handle = { on_newcomer, &server, NULL, NULL },
        .deadline.handle = { on_deadline, &server, NULL, NULL },
    };

    if (server.loop == NULL || server.clients == NULL ||
        set_nonblock(listen_fd) == -1 ||
        add_reader(server.loop, listen_fd, on_newcomer, &server) == -1 ||
        add_stop_signals(server.loop, on_stop, &server) == -1)
        err(1, "the loop");
    if (is_terminal_or_pipe(STDIN_FILENO))
        add_reader(server.loop, STDIN_FILENO, on_input, &server);
    if (set->tick_ms > 0)
        call_later(server.loop, &server.tick, set->tick_ms / 1000.0);
    loop_run(server.loop);      /* from here on it calls us */
    free(server.clients);
    loop_close(server.loop);
}

const struct stage stage_callback = {
    .name = "callback",
    .file = "40_callback.c",
    .parent = "epoll",
    .summary = "an event loop calls us: transport and protocol",
    .takes = TAKES_CHUNK | TAKES_LINE | TAKES_TICK | TAKES_READ_TIMEOUT |
        TAKES_GRACE,
    .chunk = 16384,
    .lines = false,
    .stops = STOPS_ITSELF,
    .run = run,
};
