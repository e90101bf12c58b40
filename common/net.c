/* net.c -- socket chores: listen, connect, addresses as text. */
#include "net.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "stage.h"

bool
try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int
set_nonblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool
is_terminal_or_pipe(int fd)
{
    struct stat what;

    if (!isatty(fd))
        return fstat(fd, &what) == 0 && S_ISFIFO(what.st_mode);
    signal(SIGTTIN, SIG_IGN);
    return true;
}

const char *
address_text(const struct peer *peer, char *out)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (peer->any.sa_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&peer->room;

        if (peer->len <= offsetof(struct sockaddr_un, sun_path) || un->sun_path[0] == '\0')
            snprintf(out, ADDRESS_TEXT, "unix");
        else
            snprintf(out, ADDRESS_TEXT, "unix:%.108s", un->sun_path);
    } else if (getnameinfo(&peer->any, peer->len, host, sizeof(host), port, sizeof(port),
                           NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        snprintf(out, ADDRESS_TEXT, "somebody");
    } else {
        const char *shape = peer->any.sa_family == AF_INET6 ? "[%.80s]:%.8s" : "%.80s:%.8s";

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(out, ADDRESS_TEXT, shape, host, port);
#pragma GCC diagnostic pop
    }
    return out;
}

static int
own_address(int fd, struct peer *own)
{
    own->len = sizeof(own->room);
    return getsockname(fd, &own->any, &own->len);
}

const char *
local_address_text(int fd, char *out)
{
    struct peer own;

    if (own_address(fd, &own) == -1)
        return strcpy(out, "somewhere");
    return address_text(&own, out);
}

int
local_port(int fd)
{
    struct peer own;

    if (own_address(fd, &own) == -1)
        return 0;
    if (own.any.sa_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&own.room)->sin_port);
    if (own.any.sa_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&own.room)->sin6_port);
    return 0;
}

bool
accepted_from(int fd, int listen_fd)
{
    struct peer peer = PEER_UNKNOWN, own, theirs;

    if (getpeername(fd, &peer.any, &peer.len) == -1 || own_address(fd, &own) == -1 ||
        own_address(listen_fd, &theirs) == -1 || own.any.sa_family != theirs.any.sa_family)
        return false;
    if (own.any.sa_family == AF_UNIX)
        return own.len == theirs.len && memcmp(&own.room, &theirs.room, own.len) == 0;
    return local_port(fd) == local_port(listen_fd);
}

/* Fills *un with the path of "unix:PATH". Returns -1 with errno set when it is too long. */
static int
unix_address(const char *name, struct sockaddr_un *un)
{
    const char *path = name + strlen("unix:");

    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    if (path[0] == '\0' || strlen(path) >= sizeof(un->sun_path)) {
        errno = path[0] == '\0' ? ENOENT : ENAMETOOLONG;
        return -1;
    }
    memcpy(un->sun_path, path, strlen(path) + 1);
    return 0;
}

/* Was it left behind by a server that is dead? Never sleeps, though a queue may be full. */
static bool
is_deserted(const struct sockaddr_un *un)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat file;
    bool refused = connect(fd, (const struct sockaddr *)un, sizeof(*un)) == -1 &&
        errno == ECONNREFUSED;

    close(fd);
    return refused && lstat(un->sun_path, &file) == 0 && S_ISSOCK(file.st_mode);
}

/* Binds a Unix socket; one that a dead server left behind is taken over, no other file. */
static int
bind_unix(const char *name)
{
    struct sockaddr_un un;
    int fd;

    if (unix_address(name, &un) == -1)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    if (is_deserted(&un))
        unlink(un.sun_path);
    if (bind(fd, (struct sockaddr *)&un, sizeof(un)) == -1) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int
bind_tcp(const struct addrinfo *ai, const struct settings *set)
{
    int one = 1;
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);

    if (fd == -1)
        return -1;
    if (set->reuseaddr)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (set->stage->own_listeners)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* Says why nobody can listen here and how to go on; exit code 3. */
static void
cannot_listen(const struct settings *set, const char *why)
{
    const char *name = set->stage->name;
    bool v6 = strchr(set->bind, ':') != NULL;

    if (strncmp(set->bind, "unix:", 5) == 0)
        complain("cannot listen on %s: %s", set->bind, why);
    else
        complain("cannot listen on %s%s%s:%s: %s", v6 ? "[" : "", set->bind, v6 ? "]" : "",
                 set->port, why);
    if (errno == EADDRINUSE && strncmp(set->bind, "unix:", 5) != 0) {
        fprintf(stderr, "  who has it:      ss -ltnp 'sport = :%s'\n", set->port);
        fprintf(stderr, "  any free port:   echolab %s --port 0\n", name);
    } else if (strncmp(set->bind, "unix:", 5) == 0) {
        fprintf(stderr, "  it must be a new path, in a folder that you may write to\n");
    } else if (errno == EACCES) {
        fprintf(stderr, "  ports below 1024 belong to root; try:   echolab %s --port 8000\n",
                name);
    } else {
        fprintf(stderr, "  this machine only:   echolab %s --bind 127.0.0.1\n", name);
    }
    exit(3);
}

/* The errno's text with a small first letter, as it stands after a colon. */
static const char *
reason(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "address already in use";
    case EACCES:
        return "permission denied";
    case EADDRNOTAVAIL:
        return "this machine has no such address";
    default:
        return strerror(error);
    }
}

/* The first address of the name that binds; it is asked for by what the user typed. */
static int
bind_first(const struct settings *set)
{
    struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
    struct addrinfo *all, *ai;
    int fd = -1, error;

    error = getaddrinfo(set->bind, set->port, &hints, &all);
    if (error != 0) {
        errno = 0;
        cannot_listen(set, gai_strerror(error));
    }
    for (ai = all; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = bind_tcp(ai, set);
    error = errno;
    freeaddrinfo(all);
    errno = error;
    return fd;
}

int
listen_on(const struct settings *set)
{
    bool local = strncmp(set->bind, "unix:", 5) == 0;
    int fd = local ? bind_unix(set->bind) : bind_first(set);

    if (fd == -1 || listen(fd, set->backlog) == -1)
        cannot_listen(set, reason(errno));
    return fd;
}

/* connect() with an end: returns 0, or -1 with errno set (ETIMEDOUT after timeout_ms). */
static int
connect_within(int fd, const struct sockaddr *addr, socklen_t len, int timeout_ms)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t size = sizeof(error);

    if (connect(fd, addr, len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -1;
    switch (poll(&ready, 1, timeout_ms)) {
    case -1:
        return -1;
    case 0:
        errno = ETIMEDOUT;
        return -1;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

static int
try_connect(int family, const struct sockaddr *addr, socklen_t len, int timeout_ms)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd == -1)
        return -1;
    if (connect_within(fd, addr, len, timeout_ms) == -1) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    return fd;
}

int
connect_to(const char *host, const char *port, int timeout_ms, const char **failed)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *all, *ai;
    struct sockaddr_un un;
    int fd = -1, error;

    *failed = "connect";
    if (strncmp(host, "unix:", 5) == 0) {
        if (unix_address(host, &un) == -1)
            return -1;
        return try_connect(AF_UNIX, (struct sockaddr *)&un, sizeof(un), timeout_ms);
    }
    error = getaddrinfo(host, port, &hints, &all);
    if (error != 0) {
        *failed = gai_strerror(error);
        errno = 0;
        return -1;
    }
    for (ai = all; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = try_connect(ai->ai_family, ai->ai_addr, ai->ai_addrlen, timeout_ms);
    error = errno;
    freeaddrinfo(all);
    errno = error;
    return fd;
}
