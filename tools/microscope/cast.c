/* cast.c -- who plays in the story that a trace tells. */
#include "cast.h"

#include <sys/syscall.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proctask.h"
#include "tcptable.h"

static const char *const names[] = {
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy",
    "kate", "leo", "mia", "nick", "olga", "paul", "quinn", "rita", "sam", "tina", "uma",
    "vera", "will", "xena", "yuri", "zoe"
};
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

static void *
new_member(size_t size)
{
    void *member = calloc(1, size);

    if (member == NULL)
        err(1, "no memory for another client");
    return member;
}

static struct actor *
new_actor(struct cast *cast, const char *address, int port)
{
    struct actor *client = new_member(sizeof(*client));
    struct actor **bucket = &cast->clients[port % CAST_BUCKETS];
    int turn = cast->n_clients / N_NAMES;
    const char *name = names[cast->n_clients % N_NAMES];

    client->number = ++cast->n_clients;
    client->port = port;
    snprintf(client->address, sizeof(client->address), "%s", address);
    if (turn == 0)
        snprintf(client->name, sizeof(client->name), "%s", name);
    else /* alice2 is the 27th */
        snprintf(client->name, sizeof(client->name), "%s%d", name, turn + 1);
    client->next = *bucket;
    *bucket = client;
    return client;
}

struct actor *
find_actor(const struct cast *cast, const struct peer *peer)
{
    int port = port_of(peer);
    char address[ADDRESS_TEXT];
    struct actor *client = port == 0 ? NULL : cast->clients[port % CAST_BUCKETS];

    address_text(peer, address);
    while (client != NULL && (client->left || strcmp(client->address, address) != 0))
        client = client->next;
    return client;
}

struct actor *
actor_at(struct cast *cast, const struct peer *peer)
{
    struct actor *client = find_actor(cast, peer);
    char address[ADDRESS_TEXT];

    return client != NULL ? client : new_actor(cast, address_text(peer, address), port_of(peer));
}

int
borrow_fd(pid_t pid, int fd)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), ours;

    if (pidfd == -1)
        return -1;
    ours = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    close(pidfd);
    return ours;
}

static int
int_option(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == -1 ? -1 : value;
}

static bool
is_internet(const struct peer *peer)
{
    return peer->any.sa_family == AF_INET || peer->any.sa_family == AF_INET6;
}

/* Looks at a socket that we did not see being made: we came late, or it was inherited. */
static void
recognize(struct cast *cast, struct end *end, pid_t pid, int fd)
{
    struct peer peer = PEER_UNKNOWN, own = PEER_UNKNOWN;
    int ours = borrow_fd(pid, fd);

    if (ours == -1)
        return;
    if (int_option(ours, SO_ACCEPTCONN) == 1) {
        end->kind = END_LISTENER;
    } else if (int_option(ours, SO_TYPE) == SOCK_STREAM &&
               getpeername(ours, &peer.any, &peer.len) == 0 && is_internet(&peer) &&
               getsockname(ours, &own.any, &own.len) == 0) {
        /* Ours to serve, or a connection that the server itself made somewhere? */
        for (int i = 0; i < LISTENERS; i++)
            if (cast->ports[i] != 0 && cast->ports[i] == port_of(&own)) {
                end->kind = END_CLIENT;
                end->client = actor_at(cast, &peer);
                end->client->accepted = true;
                break;
            }
    }
    close(ours);
}

static struct end *
end_with(struct cast *cast, unsigned long inode)
{
    struct end **bucket = &cast->ends[inode % CAST_BUCKETS];
    struct end *end = *bucket;

    while (end != NULL && end->inode != inode)
        end = end->next;
    if (end == NULL) {
        end = new_member(sizeof(*end));
        end->inode = inode;
        end->next = *bucket;
        *bucket = end;
    }
    return end;
}

/* Descriptors that are no sockets need no memory: one of each kind will do. */
static struct end *
plain_end(const char *link)
{
    static const struct { const char *lead; enum end_kind kind; } leads[] = {
        { "anon_inode:[eventpoll]", END_EPOLL }, { "pipe:", END_PIPE },
        { "anon_inode:[timerfd]", END_TIMER }, { "anon_inode:[eventfd]", END_EVENT },
        { "anon_inode:[signalfd]", END_SIGNAL }, { "anon_inode:[io_uring]", END_URING },
        { "/", END_FILE }
    };
    static struct end ends[END_URING + 1];
    enum end_kind kind = END_OTHER;

    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]) && kind == END_OTHER; i++)
        if (strncmp(link, leads[i].lead, strlen(leads[i].lead)) == 0)
            kind = leads[i].kind;
    ends[kind].kind = kind;
    return &ends[kind];
}

struct end *
end_of_fd(struct cast *cast, pid_t pid, int fd)
{
    char link[LINK_TEXT];
    unsigned long inode;
    struct end *end;

    if (fd < 0 || !fd_link(pid, fd, link))
        return NULL;
    inode = socket_inode(link);
    if (inode == 0)
        return plain_end(link);
    end = end_with(cast, inode);
    if (end->kind == END_OTHER)
        recognize(cast, end, pid, fd);
    return end;
}

struct end *
accepted_end(struct cast *cast, pid_t pid, int fd, const struct peer *peer)
{
    char link[LINK_TEXT];
    struct peer asked = PEER_UNKNOWN;
    struct actor *before;
    struct end *end;

    if (!fd_link(pid, fd, link) || socket_inode(link) == 0)
        return NULL;
    if (peer == NULL) {
        int ours = borrow_fd(pid, fd);

        if (ours == -1 || getpeername(ours, &asked.any, &asked.len) == -1)
            asked = (struct peer){ .len = sizeof(sa_family_t) }; /* it was reset meanwhile */
        if (ours != -1)
            close(ours);
        peer = &asked;
    }
    before = find_actor(cast, peer);
    if (before != NULL && before->accepted)
        before->left = true; /* the same address again: a new connection */
    end = end_with(cast, socket_inode(link));
    end->kind = END_CLIENT;
    end->client = actor_at(cast, peer);
    end->client->accepted = true;
    return end;
}

void
note_listener(struct cast *cast, pid_t pid, int fd)
{
    struct peer own = PEER_UNKNOWN;
    int ours = borrow_fd(pid, fd), port = 0;

    if (ours != -1 && getsockname(ours, &own.any, &own.len) == 0)
        port = port_of(&own);
    if (ours != -1)
        close(ours);
    for (int i = 0; port != 0 && i < LISTENERS; i++) {
        if (cast->ports[i] == 0)
            cast->ports[i] = port;
        if (cast->ports[i] == port)
            return;
    }
}

void
survey(struct cast *cast, pid_t pid)
{
    int n;
    int *fds = fds_of(pid, &n);

    /* Twice: a client is known by the port that the listener listens on. */
    for (int i = 0; i < n; i++) {
        const struct end *end = end_of_fd(cast, pid, fds[i]);

        if (end != NULL && end->kind == END_LISTENER)
            note_listener(cast, pid, fds[i]);
    }
    for (int i = 0; i < n; i++)
        end_of_fd(cast, pid, fds[i]);
    free(fds);
}

static bool
tcp_info_of(pid_t pid, int fd, struct tcp_info *info)
{
    socklen_t len = sizeof(*info);
    int ours = borrow_fd(pid, fd);
    bool known;

    if (ours == -1)
        return false;
    memset(info, 0, sizeof(*info));
    known = getsockopt(ours, IPPROTO_TCP, TCP_INFO, info, &len) == 0;
    close(ours);
    return known;
}

int
queue_length(pid_t pid, int fd)
{
    struct tcp_info info;

    return tcp_info_of(pid, fd, &info) ? (int)info.tcpi_unacked : -1; /* of a listener */
}

long long
quiet_ns(pid_t pid, int fd)
{
    struct tcp_info info;

    return tcp_info_of(pid, fd, &info) ? info.tcpi_last_data_recv * 1000000LL : -1;
}
