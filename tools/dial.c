/* dial.c -- connect, or say why not. */
#include "dial.h"

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop.h"
#include "net.h"

static const struct {
    int error;
    const char *words;
    const char *hint; /* what to look at when connect() failed so; NULL for nothing */
} troubles[] = {
    { ECONNREFUSED, "connection refused",
      "the machine answers, but nobody listens there" },
    { ECONNRESET, "reset by the other side", "the server hung up before it was done" },
    { ETIMEDOUT, "timed out",
      "no answer at all: a wrong address, a firewall, or a full queue of new clients" },
    { EPIPE, "broken pipe: the other side has closed", NULL },
    { EHOSTUNREACH, "host unreachable", "no way leads to this address; is it the right one?" },
    { ENETUNREACH, "network unreachable", "this machine has no route there; is the network up?" },
    { EADDRNOTAVAIL, "address not available", "no free local port, or not an address to call" },
    { ENOENT, "no such socket file", "a server makes it: echolab epoll --bind unix:PATH" },
    { EACCES, "permission denied", "the system or its firewall forbids this connection" },
    { EMFILE, "too many open descriptors", "raise the limit: ulimit -n" },
};
#define N_TROUBLES (sizeof(troubles) / sizeof(troubles[0]))

static const struct {
    int error;
    const char *name;
} not_found[] = {
    { EAI_NONAME, "EAI_NONAME" }, { EAI_NODATA, "EAI_NODATA" },
    { EAI_AGAIN, "EAI_AGAIN" },   { EAI_FAIL, "EAI_FAIL" },
    { EAI_SYSTEM, "EAI_SYSTEM" }, { EAI_MEMORY, "EAI_MEMORY" },
};
#define N_NOT_FOUND (sizeof(not_found) / sizeof(not_found[0]))

const char *
trouble(int error, char *out, size_t room)
{
    const char *words = strerror(error);
    const char *name = strerrorname_np(error);

    for (size_t i = 0; i < N_TROUBLES; i++)
        if (troubles[i].error == error)
            words = troubles[i].words;
    snprintf(out, room, "%s (%s)", words, name != NULL ? name : "unknown errno");
    return out;
}

const char *
place(const char *host, const char *port, char *out, size_t room)
{
    if (strncmp(host, "unix:", 5) == 0)
        snprintf(out, room, "%s", host);
    else if (strchr(host, ':') != NULL)
        snprintf(out, room, "[%s]:%s", host, port);
    else
        snprintf(out, room, "%s:%s", host, port);
    return out;
}

/* A server that would have answered. */
static void
suggest_server(const char *host, const char *port)
{
    bool messages = strstr(program_invocation_short_name, "message") != NULL;
    bool local = strncmp(host, "unix:", 5) == 0;

    fprintf(stderr, "  start a server:  echolab %s %s %s\n", messages ? "message" : "epoll",
            local ? "--bind" : "--port", local ? host : port);
}

void
explain_failure(const char *host, const char *port, const char *failed)
{
    char where[ADDRESS_TEXT], what[TROUBLE_TEXT];
    int error = errno;

    place(host, port, where, sizeof(where));
    if (error != 0) {
        warnx("cannot connect to %s: %s", where, trouble(error, what, sizeof(what)));
        for (size_t i = 0; i < N_TROUBLES; i++)
            if (troubles[i].error == error && troubles[i].hint != NULL)
                fprintf(stderr, "  %s\n", troubles[i].hint);
        if (error == ECONNREFUSED)
            suggest_server(host, port);
        return;
    }
    const char *name = "getaddrinfo";
    for (size_t i = 0; i < N_NOT_FOUND; i++)
        if (strcmp(gai_strerror(not_found[i].error), failed) == 0)
            name = not_found[i].name;
    warnx("cannot connect to %s: address not found: %s (%s)", where, failed, name);
    fprintf(stderr, "  is '%s' spelled right?  who knows it:  getent hosts %s\n", host, host);
}

int
dial(const char *host, const char *port, int timeout_ms)
{
    const char *failed;
    int fd = connect_to(host, port, timeout_ms, &failed);

    if (fd == -1) {
        explain_failure(host, port, failed);
        exit(3);
    }
    return fd;
}

long long
now_ms(void)
{
    return loop_now() / 1000000;
}
