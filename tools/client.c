/*
 * client.c -- `echolab client`: what telnet and nc should be for an echo server.
 *
 * It hears while it types, so a server that answers at once never blocks it; it ends each
 * line with CR LF as telnet does; and when its input ends it stays until the last echo came,
 * which telnet does not.
 */
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "dial.h"
#include "net.h"

#define CHUNK 16384
#define PATIENCE_MS 5000 /* for the last echoes, when nobody sits at a terminal */

struct talk {
    int fd;
    bool crlf;          /* send CR LF for each LF */
    bool half_close;    /* say "no more from me" when the input ends */
    bool terminal;      /* a person types */
    bool typing;        /* the input has not ended */
    bool always_limit;  /* --read-timeout was given: it holds while we type, too */
    int limit_ms;       /* how long nothing may move while we wait; 0 for ever */
    long long moved;    /* when a byte moved last, in ms */
    size_t sent, heard; /* bytes, in all */
    char last;          /* the last byte typed: a CR before a LF is not doubled */
    size_t at, end;     /* what is still to be sent: out[at] to out[end - 1] */
    char out[2 * CHUNK];
};

enum { LONG_EOL = 256, LONG_HALF_CLOSE, LONG_CONNECT_TIMEOUT };

static const struct option longs[] = {
    { "eol", 1, NULL, LONG_EOL },
    { "half-close", 0, NULL, LONG_HALF_CLOSE },
    { "connect-timeout", 1, NULL, LONG_CONNECT_TIMEOUT },
    { "read-timeout", 1, NULL, 'i' },
    { "help", 0, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char help[] =
    "usage: echolab client [OPTION...] [HOST [PORT]]\n"
    "\n"
    "Sends each line of its input and prints what comes back. When the input ends\n"
    "(Ctrl-D) it stays until as many bytes came back as it sent. HOST may be\n"
    "unix:PATH, a number alone is a PORT; the default is 127.0.0.1 8000, or\n"
    "ECHOLAB_BIND and ECHOLAB_PORT.\n"
    "\n"
    "      --eol=crlf|lf          how a line ends (default crlf, as telnet has it);\n"
    "                             with lf every byte is sent as it is\n"
    "      --half-close           when the input ends, tell the server by shutdown()\n"
    "                             and read until it has answered and closed\n"
    "      --connect-timeout=SEC  give up connecting after so long (default 10)\n"
    "  -i, --read-timeout=SEC     give up when an echo is missing and no byte moved\n"
    "                             for so long (default: 5 after the end of the input;\n"
    "                             in a terminal never)\n"
    "\n"
    "0 seconds: never give up. Exit code: 0 every echo came, 1 an echo is missing,\n"
    "2 usage, 3 cannot connect.\n";

/* Nothing is missing and nothing more will be typed; with --half-close only the end is. */
static bool
complete(const struct talk *t)
{
    return !t->typing && t->at == t->end && t->heard >= t->sent && !t->half_close;
}

/* How long poll() may sleep, in ms; -1 for ever. */
static int
time_left(const struct talk *t)
{
    bool waiting = t->at < t->end ||
        (t->typing ? t->always_limit && t->heard < t->sent : true);
    long long left = t->moved + t->limit_ms - now_ms();

    if (t->limit_ms == 0 || !waiting)
        return -1;
    return left > 0 ? (int)left : 0;
}

/* Nothing moved for too long. Returns the exit code. */
static int
timed_out(const struct talk *t)
{
    double seconds = t->limit_ms / 1000.0;

    if (t->at < t->end) {
        warnx("send data timeout: the server took %zu bytes and no more for %g s", t->sent,
              seconds);
    } else if (t->heard >= t->sent) {
        warnx("Close connection by timeout: all %zu bytes came back, but the server did not "
              "close for %g s", t->sent, seconds);
    } else {
        warnx("Close connection by timeout: %zu of %zu bytes came back, then nothing for %g s",
              t->heard, t->sent, seconds);
        if (t->last != '\n')
            fputs("  the last line has no end: a server may wait for it; see --half-close\n",
                  stderr);
        else if (!t->crlf)
            fputs("  a server may wait for CR LF at the end of a line: --eol=crlf\n", stderr);
        else
            fputs("  the server may be busy with another client, or not be an echo server\n",
                  stderr);
    }
    return 1;
}

/* The server has closed. Returns the exit code. */
static int
closed(const struct talk *t)
{
    size_t all = t->sent + (t->end - t->at);

    if (t->heard < all) {
        warnx("the server closed the connection when %zu of %zu bytes had come back", t->heard,
              all);
        return 1;
    }
    if (t->typing)
        fputs("Connection closed by foreign host.\n", stderr);
    return 0;
}

static int
failed(const struct talk *t, const char *doing)
{
    char what[TROUBLE_TEXT];

    warnx("%s error: %s; %zu of %zu bytes had come back", doing,
          trouble(errno, what, sizeof(what)), t->heard, t->sent);
    return 1;
}

static void
print(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, bytes, n);

        if (done == -1 && errno != EINTR)
            err(1, "cannot print what came back");
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
}

/* Prints what has come. Returns -1 to go on, or the exit code. */
static int
hear(struct talk *t)
{
    char buf[4 * CHUNK];
    ssize_t n = recv(t->fd, buf, sizeof(buf), 0);

    if (n == -1)
        return try_again() ? -1 : failed(t, "receive data");
    if (n == 0)
        return closed(t);
    print(buf, (size_t)n);
    t->heard += (size_t)n;
    t->moved = now_ms();
    return -1;
}

/* Sends what the socket takes. Returns -1 to go on, or the exit code. */
static int
send_some(struct talk *t)
{
    ssize_t n = send(t->fd, t->out + t->at, t->end - t->at, 0);

    if (n == -1)
        return try_again() ? -1 : failed(t, "send data");
    t->at += (size_t)n;
    t->sent += (size_t)n;
    t->moved = now_ms();
    return -1;
}

/* Reads what was typed into out, which is empty; at the end of the input says so. */
static void
read_input(struct talk *t)
{
    char buf[CHUNK];
    ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

    if (n == -1 && try_again())
        return;
    if (n == -1)
        err(1, "cannot read the input");
    if (t->heard >= t->sent || n == 0)
        t->moved = now_ms(); /* nothing was missing: the waiting begins now */
    t->at = t->end = 0;
    for (ssize_t i = 0; i < n; i++) {
        if (t->crlf && buf[i] == '\n' && t->last != '\r')
            t->out[t->end++] = '\r';
        t->out[t->end++] = t->last = buf[i];
    }
    if (n > 0)
        return;
    t->typing = false;
    if (t->half_close && shutdown(t->fd, SHUT_WR) == -1)
        warn("shutdown"); /* the next recv() tells what became of the connection */
}

static int
talk(struct talk *t)
{
    int code = -1;

    t->moved = now_ms();
    while (code == -1 && !complete(t)) {
        bool owing = t->at < t->end;
        struct pollfd ask[2] = {
            { .fd = t->fd, .events = (short)(owing ? POLLIN | POLLOUT : POLLIN) },
            { .fd = t->typing && !owing ? STDIN_FILENO : -1, .events = POLLIN },
        };
        int ready = poll(ask, 2, time_left(t));

        if (ready == -1 && errno != EINTR)
            err(1, "poll");
        if (ready == -1)
            continue;
        if (ready == 0)
            return timed_out(t);
        if ((ask[0].revents & ~POLLOUT) != 0)
            code = hear(t);
        if (code == -1 && (ask[0].revents & POLLOUT) != 0)
            code = send_some(t);
        if (code == -1 && ask[1].revents != 0)
            read_input(t);
    }
    return code == -1 ? 0 : code;
}

int
client_main(int argc, char **argv)
{
    static struct talk t = { .crlf = true, .typing = true, .last = '\n' };
    const char *host = from_environment("ECHOLAB_BIND", "127.0.0.1");
    const char *port = from_environment("ECHOLAB_PORT", "8000");
    int connect_ms = 10000, key;
    char where[ADDRESS_TEXT];

    t.terminal = isatty(STDIN_FILENO);
    t.limit_ms = t.terminal ? 0 : PATIENCE_MS;
    opterr = 0;
    while ((key = getopt_long(argc, argv, ":i:h", longs, NULL)) != -1) {
        switch (key) {
        case LONG_EOL:
            if (strcmp(optarg, "crlf") != 0 && strcmp(optarg, "lf") != 0)
                errx(USAGE_ERROR, "--eol must be crlf or lf, not '%s'", optarg);
            t.crlf = strcmp(optarg, "crlf") == 0;
            break;
        case LONG_HALF_CLOSE:
            t.half_close = true;
            break;
        case LONG_CONNECT_TIMEOUT:
            connect_ms = milliseconds_argument("--connect-timeout", optarg);
            break;
        case 'i':
            t.limit_ms = milliseconds_argument("--read-timeout", optarg);
            t.always_limit = true;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        default:
            bad_option(key, argv, longs);
        }
    }
    if (argc - optind > 2)
        errx(USAGE_ERROR, "takes HOST and PORT, but got a third: '%s'", argv[optind + 2]);
    /* One operand that is a number is a port: no host is called so. */
    if (optind < argc && (optind + 1 < argc || strspn(argv[optind], "0123456789") !=
                                                   strlen(argv[optind])))
        host = argv[optind++];
    if (optind < argc)
        port = argv[optind];
    port_argument(port);
    t.fd = dial(host, port, connect_ms == 0 ? -1 : connect_ms);
    if (set_nonblock(t.fd) == -1)
        err(1, "fcntl");
    if (t.terminal)
        fprintf(stderr, "Connected to %s. Ctrl-D ends.\n",
                place(host, port, where, sizeof(where)));
    return talk(&t);
}
