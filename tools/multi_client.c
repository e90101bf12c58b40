/*
 * multi_client.c -- `echolab multi-client`: N connections at once from one thread.
 *
 * No connect() is waited for: the kernel says EINPROGRESS and goes on by itself; when the
 * socket becomes writable, SO_ERROR tells what came of it. Each connection sends two messages
 * and closes when all of their bytes are back. One that fails is one line, not the end.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "dial.h"
#include "net.h"
#include "say.h"
#include "serve.h"

#define MESSAGES 2
#define MOST 20000 /* connections */
#define CHUNK 1024

enum state { CONNECTING, TALKING, COMPLETE, FAILED };

struct link {
    int id, fd;
    short events; /* what it waits for */
    enum state state;
    const struct addrinfo *at; /* the address that is tried */
    size_t sent, heard;        /* bytes of all messages together */
    long long moved;           /* when something happened last, in ms */
};

struct crowd {
    struct link *links;
    struct pollfd *ask; /* those that are not over, and whose they are: */
    struct link **whose;
    int n, open;
    struct addrinfo *addresses;
    char text[2 * CHUNK];   /* what each connection says, all messages together */
    size_t ends[MESSAGES];  /* where each message ends in it */
    size_t len;
    int connect_ms, silent_ms; /* 0: for ever */
    bool quiet, reached;       /* did any connect() succeed? */
    char where[ADDRESS_TEXT];
};

enum { LONG_EOL = 256, LONG_CONNECT_TIMEOUT };

static const struct option longs[] = {
    { "eol", 1, NULL, LONG_EOL },
    { "connect-timeout", 1, NULL, LONG_CONNECT_TIMEOUT },
    { "read-timeout", 1, NULL, 'i' },
    { "quiet", 0, NULL, 'q' },
    { "help", 0, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char help[] =
    "usage: echolab multi-client [OPTION...] HOST PORT N\n"
    "\n"
    "Opens N connections at once, sends two messages on each, and closes it when all\n"
    "of their bytes came back.\n"
    "\n"
    "      --eol=none|crlf|lf     how a message ends (default none; a server that\n"
    "                             answers line by line needs crlf)\n"
    "      --connect-timeout=SEC  give up connecting after so long (default 10)\n"
    "  -i, --read-timeout=SEC     give up a connection when no byte moved for so long\n"
    "                             (default 5)\n"
    "  -q, --quiet                only the last line\n"
    "\n"
    "0 seconds: never give up. Exit code: 0 all came back, 1 some did not, 2 usage,\n"
    "3 not one could connect.\n";

static void
over(struct crowd *crowd, struct link *link, enum state state)
{
    if (!crowd->quiet && link->state == TALKING)
        printf("Closing connection %d\n", link->id);
    if (link->fd != -1)
        close(link->fd);
    link->state = state;
    crowd->open--;
}

static void
failed(struct crowd *crowd, struct link *link, const char *doing)
{
    char what[TROUBLE_TEXT];

    warnx("connection %d: %s: %s", link->id, doing, trouble(errno, what, sizeof(what)));
    over(crowd, link, FAILED);
}

/* Tries the link's addresses from link->at on, until the kernel takes one of them up. */
static void
connect_on(struct crowd *crowd, struct link *link)
{
    for (; link->at != NULL; link->at = link->at->ai_next) {
        if (link->fd != -1)
            close(link->fd);
        link->fd = socket(link->at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        link->events = POLLOUT;
        if (link->fd != -1 && (connect(link->fd, link->at->ai_addr, link->at->ai_addrlen) == 0 ||
                               errno == EINPROGRESS))
            return;
    }
    failed(crowd, link, "connect");
}

static void
start_connection(struct crowd *crowd, struct link *link)
{
    if (!crowd->quiet)
        printf("Starting connection %d to %s\n", link->id, crowd->where);
    link->at = crowd->addresses;
    link->moved = now_ms();
    connect_on(crowd, link);
}

/* The socket became writable for the first time: what became of connect()? */
static void
connected(struct crowd *crowd, struct link *link)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        error = errno;
    errno = error;
    if (error == 0) {
        link->state = TALKING;
        crowd->reached = true;
    } else if (link->at->ai_next != NULL) {
        link->at = link->at->ai_next;
        connect_on(crowd, link);
    } else {
        failed(crowd, link, "connect");
    }
}

static void
send_some(struct crowd *crowd, struct link *link)
{
    size_t begin = 0, end;
    char shown[CHUNK];
    int i = 0;

    while (crowd->ends[i] <= link->sent)
        begin = crowd->ends[i++];
    end = crowd->ends[i];
    if (!crowd->quiet && link->sent == begin)
        printf("Sending %s to connection %d\n",
               escape(shown, sizeof(shown), crowd->text + begin, end - begin), link->id);
    ssize_t n = send(link->fd, crowd->text + link->sent, end - link->sent, 0);
    if (n == -1 && !try_again())
        failed(crowd, link, "send data");
    if (n <= 0)
        return;
    link->sent += (size_t)n;
    if (link->sent == crowd->len)
        link->events = POLLIN;
}

static void
hear(struct crowd *crowd, struct link *link)
{
    char buf[CHUNK], shown[2 * CHUNK];
    ssize_t n = recv(link->fd, buf, sizeof(buf), 0);

    if (n == -1) {
        if (!try_again())
            failed(crowd, link, "receive data");
        return;
    }
    if (n == 0) {
        warnx("connection %d: the server closed when %zu of %zu bytes had come back", link->id,
              link->heard, crowd->len);
        over(crowd, link, FAILED);
        return;
    }
    if (!crowd->quiet)
        printf("Received %s from connection %d\n",
               escape(shown, sizeof(shown), buf, (size_t)n), link->id);
    if (link->heard + (size_t)n > link->sent ||
        memcmp(buf, crowd->text + link->heard, (size_t)n) != 0) {
        warnx("connection %d: these are not the bytes that were sent", link->id);
        over(crowd, link, FAILED);
        return;
    }
    link->heard += (size_t)n;
    if (link->heard == crowd->len)
        over(crowd, link, COMPLETE);
}

static void
on_ready(struct crowd *crowd, struct link *link, short events)
{
    link->moved = now_ms();
    if (link->state == CONNECTING)
        connected(crowd, link);
    if (link->state == TALKING && (events & ~POLLOUT) != 0)
        hear(crowd, link);
    if (link->state == TALKING && (events & POLLOUT) != 0 && link->sent < crowd->len)
        send_some(crowd, link);
    if (link->state == TALKING && link->sent < crowd->len)
        link->events = POLLIN | POLLOUT;
}

/* Gives up those for whom nothing moved too long. Returns how long poll() may sleep, in ms. */
static int
sweep(struct crowd *crowd)
{
    long long now = now_ms(), first = -1;

    for (int i = 0; i < crowd->n; i++) {
        struct link *link = &crowd->links[i];
        int limit = link->state == CONNECTING ? crowd->connect_ms : crowd->silent_ms;
        long long left = link->moved + limit - now;

        if (link->state > TALKING || limit == 0)
            continue;
        if (left > 0) {
            first = first == -1 || left < first ? left : first;
            continue;
        }
        errno = ETIMEDOUT;
        if (link->state == CONNECTING) {
            failed(crowd, link, "connect");
            continue;
        }
        warnx("connection %d: Close connection by timeout: %zu of %zu bytes came back", link->id,
              link->heard, crowd->len);
        over(crowd, link, FAILED);
    }
    return (int)first;
}

/* What poll() is asked: poll() takes no more entries than we may have descriptors. */
static nfds_t
ask(struct crowd *crowd)
{
    nfds_t n = 0;

    for (int i = 0; i < crowd->n; i++) {
        struct link *link = &crowd->links[i];

        if (link->state > TALKING)
            continue;
        crowd->ask[n] = (struct pollfd){ .fd = link->fd, .events = link->events };
        crowd->whose[n++] = link;
    }
    return n;
}

static void
talk(struct crowd *crowd)
{
    for (int i = 0; i < crowd->n; i++)
        start_connection(crowd, &crowd->links[i]);
    while (crowd->open > 0) {
        int limit = sweep(crowd);
        nfds_t n = ask(crowd);

        if (n == 0)
            return;
        if (poll(crowd->ask, n, limit) == -1 && errno != EINTR)
            err(1, "poll");
        for (nfds_t i = 0; i < n; i++)
            if (crowd->ask[i].revents != 0)
                on_ready(crowd, crowd->whose[i], crowd->ask[i].revents);
    }
}

static void
on_interrupt(int sig)
{
    static const char words[] = "Caught keyboard interrupt, exiting\n";

    (void)sig;
    _exit(write(STDOUT_FILENO, words, sizeof(words) - 1) == -1);
}

static void
find_addresses(struct crowd *crowd, const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    int error;

    place(host, port, crowd->where, sizeof(crowd->where));
    error = getaddrinfo(host, port, &hints, &crowd->addresses);
    if (error != 0) {
        errno = 0;
        explain_failure(host, port, gai_strerror(error));
        exit(3);
    }
}

/* The messages that each connection sends. */
static void
compose(struct crowd *crowd, const char *eol)
{
    for (int i = 0; i < MESSAGES; i++) {
        crowd->len += (size_t)snprintf(crowd->text + crowd->len, sizeof(crowd->text) - crowd->len,
                                       "Message %d from client.%s", i + 1, eol);
        crowd->ends[i] = crowd->len;
    }
}

static const char *
eol_argument(const char *name)
{
    if (strcmp(name, "crlf") == 0)
        return "\r\n";
    if (strcmp(name, "lf") == 0)
        return "\n";
    if (strcmp(name, "none") != 0)
        errx(USAGE_ERROR, "--eol must be none, crlf or lf, not '%s'", name);
    return "";
}

static void
read_operands(struct crowd *crowd, int argc, char **argv)
{
    if (argc - optind != 3)
        errx(USAGE_ERROR, "needs HOST, PORT and N, for example: 127.0.0.1 8000 2");
    if (strncmp(argv[optind], "unix:", 5) == 0)
        errx(USAGE_ERROR, "HOST must be an address or a name; for %s see echolab client",
             argv[optind]);
    port_argument(argv[optind + 1]);
    crowd->n = crowd->open = (int)number_argument("N", argv[optind + 2], 1, MOST);
    find_addresses(crowd, argv[optind], argv[optind + 1]);
    crowd->links = calloc((size_t)crowd->n, sizeof(*crowd->links));
    crowd->ask = calloc((size_t)crowd->n, sizeof(*crowd->ask));
    crowd->whose = calloc((size_t)crowd->n, sizeof(*crowd->whose));
    if (crowd->links == NULL || crowd->ask == NULL || crowd->whose == NULL)
        err(1, "no memory for %d connections", crowd->n);
    for (int i = 0; i < crowd->n; i++) {
        crowd->links[i].id = i + 1;
        crowd->links[i].fd = -1;
    }
}

int
multi_client_main(int argc, char **argv)
{
    static struct crowd crowd = { .connect_ms = 10000, .silent_ms = 5000 };
    const char *eol = "";
    int complete = 0, key;

    opterr = 0;
    while ((key = getopt_long(argc, argv, ":i:qh", longs, NULL)) != -1) {
        switch (key) {
        case LONG_EOL:
            eol = eol_argument(optarg);
            break;
        case LONG_CONNECT_TIMEOUT:
            crowd.connect_ms = milliseconds_argument("--connect-timeout", optarg);
            break;
        case 'i':
            crowd.silent_ms = milliseconds_argument("--read-timeout", optarg);
            break;
        case 'q':
            crowd.quiet = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            bad_option(key, argv, longs);
        }
    }
    read_operands(&crowd, argc, argv);
    compose(&crowd, eol);
    raise_fd_limit();
    signal(SIGINT, on_interrupt);
    talk(&crowd);
    for (int i = 0; i < crowd.n; i++)
        complete += crowd.links[i].state == COMPLETE;
    printf("%d of %d connections complete\n", complete, crowd.n);
    freeaddrinfo(crowd.addresses);
    free(crowd.links);
    free(crowd.ask);
    free(crowd.whose);
    return complete == crowd.n ? 0 : crowd.reached ? 1 : 3;
}
