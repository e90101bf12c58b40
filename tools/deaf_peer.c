/*
 * deaf_peer.c -- `echolab deaf-peer`: somebody who never calls recv().
 *
 * What nobody reads stays in the kernels: up to a limit in the receiver's (Recv-Q of ss and
 * netstat), the rest in the sender's (Send-Q), and then send() says "not now". This program
 * makes such a connection from either side and tells how many bytes fitted.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "chores.h"
#include "commands.h"
#include "dial.h"
#include "net.h"
#include "say.h"
#include "serve.h"

#define MOST 64       /* clients that the deaf server holds */
#define LOOK_MS 200   /* how often the queues are looked at */
#define FULL_MS 1000  /* nothing fitted for so long: it is full */
#define CHUNK 65536

struct talk {
    int fd;
    bool flood;          /* leave when nothing more fits */
    long long left;      /* bytes still to be sent */
    long long sent;
    long long moved, end; /* when a byte moved last, when to leave (0: never), in ms */
    int unsent, unread;  /* Send-Q and Recv-Q as last told */
};

enum { LONG_BYTES = 256, LONG_HOLD, LONG_CONNECT_TIMEOUT };

static const struct option longs[] = {
    { "bytes", 1, NULL, LONG_BYTES },
    { "hold", 1, NULL, LONG_HOLD },
    { "connect-timeout", 1, NULL, LONG_CONNECT_TIMEOUT },
    { "help", 0, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char help[] =
    "usage: echolab deaf-peer listen [OPTION...]\n"
    "       echolab deaf-peer connect|flood [OPTION...] [HOST [PORT]]\n"
    "\n"
    "listen   a server that never reads: tells how many bytes lie in its Recv-Q;\n"
    "         options as every server: --port --bind --backlog --port-file ...\n"
    "connect  a client that sends and never reads: stays, and tells of both queues\n"
    "flood    a client that sends until nothing more fits: tells how many bytes that\n"
    "         were, and leaves\n"
    "\n"
    "HOST may be unix:PATH; the default is 127.0.0.1 8000, or ECHOLAB_BIND and\n"
    "ECHOLAB_PORT.\n"
    "\n"
    "      --bytes=N              send at most so many (connect 16 MiB, flood 1 GiB)\n"
    "      --hold=SEC             stay so long: connect from the beginning (default:\n"
    "                             until Ctrl-C), flood when it is full (default 0)\n"
    "      --connect-timeout=SEC  give up connecting after so long (default 10)\n"
    "\n"
    "To see it from outside:  ss -tn 'sport = :8000 or dport = :8000'\n"
    "\n"
    "Exit code: 0 told, 1 the other side hung up, 2 usage, 3 cannot listen or\n"
    "connect.\n";

/* How many bytes lie in a queue of fd: SIOCINQ, not yet read; SIOCOUTQ, not yet taken. */
static int
queue_length(int fd, unsigned long which)
{
    int n = 0;

    return ioctl(fd, which, &n) == -1 ? 0 : n;
}

/* ---- the server */

struct guest {
    char name[ADDRESS_TEXT];
    int unread; /* as last told */
};

/* Looks at one client without reading. Returns false when it has left. */
static bool
look_at(struct guest *guest, const struct pollfd *ask)
{
    int unread = queue_length(ask->fd, SIOCINQ);

    if (unread != guest->unread)
        say("Recv-Q of %s: %d bytes that nobody reads", guest->name, unread);
    guest->unread = unread;
    return ask->revents == 0;
}

static void
listen_deaf(int listen_fd, const struct settings *set)
{
    struct pollfd asks[MOST + 1] = { { .fd = listen_fd } };
    struct guest guests[MOST + 1];
    nfds_t n = 1;

    for (;;) {
        asks[0].events = n <= MOST && accept_pause() == 0 ? POLLIN : 0;
        if (poll(asks, n, n > 1 ? LOOK_MS : wait_limit(set)) == -1 && errno != EINTR)
            err(1, "poll");
        for (nfds_t i = n - 1; i > 0; i--) {
            if (look_at(&guests[i], &asks[i]))
                continue;
            say("Closing connection to %s: it has hung up", guests[i].name);
            close(asks[i].fd);
            asks[i] = asks[--n];
            guests[i] = guests[n];
        }
        if (asks[0].revents == 0)
            continue;
        struct peer peer = PEER_UNKNOWN;
        int fd = accept4(listen_fd, &peer.any, &peer.len, SOCK_CLOEXEC);
        if (fd == -1 && accept_failed() == -1)
            break;
        if (fd == -1)
            continue;
        address_text(&peer, guests[n].name);
        guests[n].unread = 0;
        say("Accepted connection from %s", guests[n].name);
        asks[n++] = (struct pollfd){ .fd = fd, .events = POLLRDHUP };
    }
    while (n > 1)
        close(asks[--n].fd);
}

static const struct stage deaf_server = {
    .name = "deaf-peer listen",
    .file = "../tools/deaf_peer.c",
    .summary = "a server that never reads",
    .stops = STOPS_BY_LISTENER,
    .run = listen_deaf,
};

/* ---- the client */

static void
tell_queues(struct talk *t)
{
    int unsent = queue_length(t->fd, SIOCOUTQ), unread = queue_length(t->fd, SIOCINQ);

    if (unsent != t->unsent || unread != t->unread)
        printf("%lld bytes sent, Send-Q %d here, Recv-Q %d here\n", t->sent, unsent, unread);
    t->unsent = unsent;
    t->unread = unread;
}

/* Sends until the socket takes no more. Returns -1 when the connection is over. */
static int
send_more(struct talk *t)
{
    static char chunk[CHUNK];
    char what[TROUBLE_TEXT];

    if (chunk[0] == '\0')
        memset(chunk, 'x', sizeof(chunk));
    while (t->left > 0) {
        size_t n = t->left < CHUNK ? (size_t)t->left : CHUNK;
        ssize_t done = send(t->fd, chunk, n, 0);

        if (done == -1 && try_again())
            return 0;
        if (done == -1) {
            warnx("send data error after %lld bytes: %s", t->sent,
                  trouble(errno, what, sizeof(what)));
            return -1;
        }
        t->sent += done;
        t->left -= done;
        t->moved = now_ms();
    }
    return 0;
}

/* Nothing more fits: how much was it, and where does it lie? */
static void
tell_flood(struct talk *t)
{
    int unsent = queue_length(t->fd, SIOCOUTQ), unread = queue_length(t->fd, SIOCINQ);

    if (t->left == 0)
        printf("send: all %lld bytes were taken, %d of them still in Send-Q here: the other "
               "side reads\n", t->sent, unsent);
    else
        printf("send: Resource temporarily unavailable (EAGAIN): %lld bytes fitted, %d of them "
               "in Send-Q here, %lld taken by the other side\n", t->sent, unsent,
               t->sent - unsent);
    if (unread > 0)
        printf("Recv-Q here: %d bytes came back and are not read\n", unread);
}

/* Returns the exit code. */
static int
talk(struct talk *t, double hold)
{
    t->moved = now_ms();
    for (;;) {
        struct pollfd ask = { .fd = t->fd, .events = POLLRDHUP };

        if (t->left > 0)
            ask.events |= POLLOUT;
        if (t->end != 0 && now_ms() >= t->end)
            return 0;
        if (poll(&ask, 1, LOOK_MS) == -1 && errno != EINTR)
            err(1, "poll");
        if ((ask.revents & POLLOUT) != 0 && send_more(t) == -1)
            return 1;
        if ((ask.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
            warnx("the other side hung up after %lld bytes", t->sent);
            return 1;
        }
        if (!t->flood) {
            tell_queues(t);
        } else if (t->left == 0 || now_ms() - t->moved >= FULL_MS) {
            tell_flood(t);
            t->flood = false;
            t->left = 0;
            t->end = now_ms() + (long long)(hold * 1000);
        }
    }
}

static void
on_signal(int sig)
{
    (void)sig;
    _exit(0);
}

static int
client(bool flood, int argc, char **argv)
{
    struct talk t = { .flood = flood, .left = flood ? 1 << 30 : 16 << 20 };
    const char *host = from_environment("ECHOLAB_BIND", "127.0.0.1");
    const char *port = from_environment("ECHOLAB_PORT", "8000");
    double hold = flood ? 0 : -1;
    char where[ADDRESS_TEXT];
    int connect_ms = 10000, key;
    /* What nobody will ever read shall not keep the kernel busy when we are gone: RST. */
    const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

    opterr = 0;
    while ((key = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        switch (key) {
        case LONG_BYTES:
            t.left = number_argument("--bytes", optarg, 0, LONG_MAX);
            break;
        case LONG_HOLD:
            hold = seconds_argument("--hold", optarg);
            break;
        case LONG_CONNECT_TIMEOUT:
            connect_ms = milliseconds_argument("--connect-timeout", optarg);
            break;
        default:
            bad_option(key, argv, longs);
        }
    }
    if (argc - optind > 2)
        errx(USAGE_ERROR, "takes HOST and PORT, but got a third: '%s'", argv[optind + 2]);
    if (optind < argc)
        host = argv[optind++];
    if (optind < argc)
        port = argv[optind];
    port_argument(port);
    t.fd = dial(host, port, connect_ms == 0 ? -1 : connect_ms);
    if (set_nonblock(t.fd) == -1 ||
        setsockopt(t.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == -1)
        err(1, "setsockopt");
    printf("Connected to %s; sending, never reading\n", place(host, port, where, sizeof(where)));
    if (!flood && hold >= 0)
        t.end = now_ms() + (long long)(hold * 1000);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    return talk(&t, hold);
}

int
deaf_peer_main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
    if (argc > 1 && strcmp(argv[1], "listen") == 0)
        return serve(&deaf_server, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "connect") == 0)
        return client(false, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "flood") == 0)
        return client(true, argc - 1, argv + 1);
    if (argc > 1)
        errx(USAGE_ERROR, "'%s' is none of listen, connect, flood", argv[1]);
    errx(USAGE_ERROR, "needs one of listen, connect, flood; --help explains them");
}
