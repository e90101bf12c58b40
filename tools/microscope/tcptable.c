/* tcptable.c -- the TCP sockets of this machine. */
#include "tcptable.h"

#include <sys/socket.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
port_of(const struct peer *peer)
{
    if (peer->any.sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&peer->any)->sin_port);
    if (peer->any.sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&peer->any)->sin6_port);
    return 0;
}

/* "0100007F": four bytes as this machine keeps them in memory, in groups of eight digits. */
static bool
read_address(struct peer *peer, const char *hex, unsigned port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&peer->any;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer->any;
    size_t words = strlen(hex) / 8;
    uint32_t word[4];

    for (size_t i = 0; i < words && i < 4; i++)
        if (sscanf(hex + 8 * i, "%8x", &word[i]) != 1)
            return false;
    memset(&peer->room, 0, sizeof(peer->room));
    if (words == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        memcpy(&v4->sin_addr, word, 4);
        peer->len = sizeof(*v4);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    memcpy(&v6->sin6_addr, word, 16);
    peer->len = sizeof(*v6);
    return words == 4;
}

static bool
read_row(struct tcp_row *row, const char *line)
{
    char local[40], remote[40];
    unsigned local_port, remote_port, state;

    if (sscanf(line, " %*d: %32[0-9A-F]:%X %32[0-9A-F]:%X %X %X:%X %*X:%*X %*X %*u %*u %lu",
               local, &local_port, remote, &remote_port, &state, &row->unsent, &row->unread,
               &row->inode) != 8)
        return false;
    row->state = (int)state;
    row->backlog = -1;
    row->quiet = -1;
    return read_address(&row->local, local, local_port) &&
        read_address(&row->remote, remote, remote_port);
}

/* Makes room for one more row behind the last. */
static struct tcp_row *
next_row(struct tcp_row **rows, size_t n)
{
    if (n % 64 == 0) {
        struct tcp_row *more = realloc(*rows, (n + 64) * sizeof(*more));

        if (more == NULL)
            err(1, "realloc");
        *rows = more;
    }
    return &(*rows)[n];
}

static int
read_table(pid_t pid, const char *name, int port, struct tcp_row **rows, size_t *n)
{
    char path[64], line[512];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/net/%s", pid != 0 ? pid : getpid(), name);
    file = fopen(path, "re");
    if (file == NULL)
        return -1;
    while (fgets(line, sizeof(line), file) != NULL) {
        struct tcp_row *row = next_row(rows, *n);

        if (read_row(row, line) &&
            (port != 0 ? port_of(&row->local) == port : row->state == TCP_STATE_LISTEN))
            ++*n;
    }
    fclose(file);
    return 0;
}

static void
peer_of(struct peer *peer, const struct inet_diag_msg *message, bool remote)
{
    const struct inet_diag_sockid *id = &message->id;
    const void *address = remote ? id->idiag_dst : id->idiag_src;
    in_port_t port = remote ? id->idiag_dport : id->idiag_sport;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&peer->any;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer->any;

    memset(&peer->room, 0, sizeof(peer->room));
    if (message->idiag_family == AF_INET) {
        v4->sin_family = AF_INET;
        v4->sin_port = port;
        memcpy(&v4->sin_addr, address, sizeof(v4->sin_addr));
        peer->len = sizeof(*v4);
    } else {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = port;
        memcpy(&v6->sin6_addr, address, sizeof(v6->sin6_addr));
        peer->len = sizeof(*v6);
    }
}

/* One answer of the kernel as a row; behind the message stand its attributes. */
static void
row_of(struct tcp_row *row, const struct nlmsghdr *header)
{
    const struct inet_diag_msg *message = NLMSG_DATA(header);
    const struct rtattr *attribute = (const void *)(message + 1);
    long left = (long)header->nlmsg_len - (long)NLMSG_LENGTH(sizeof(*message));
    bool listens = message->idiag_state == TCP_STATE_LISTEN;

    *row = (struct tcp_row){ .state = message->idiag_state, .unread = message->idiag_rqueue,
                             .unsent = listens ? 0 : message->idiag_wqueue,
                             .backlog = listens ? (int)message->idiag_wqueue : -1,
                             .quiet = -1, .inode = message->idiag_inode };
    peer_of(&row->local, message, false);
    peer_of(&row->remote, message, true);
    for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
        if (attribute->rta_type == INET_DIAG_INFO) {
            struct tcp_info info = { .tcpi_state = 0 };
            size_t size = RTA_PAYLOAD(attribute);

            memcpy(&info, RTA_DATA(attribute), size < sizeof(info) ? size : sizeof(info));
            row->quiet = info.tcpi_last_data_recv * 1000000LL;
        }
}

/* Reads answers until the kernel says that it is done. */
static int
read_answers(int fd, struct tcp_row **rows, size_t *n)
{
    static char buf[65536] __attribute__((aligned(8)));

    for (;;) {
        ssize_t got = recv(fd, buf, sizeof(buf), 0);
        struct nlmsghdr *header = (struct nlmsghdr *)buf;

        if (got <= 0)
            return -1;
        for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
            if (header->nlmsg_type == NLMSG_DONE)
                return 0;
            if (header->nlmsg_type == NLMSG_ERROR)
                return -1;
            row_of(next_row(rows, *n), header);
            ++*n;
        }
    }
}

static int
ask_kernel(int family, int port, unsigned states, struct tcp_row **rows, size_t *n)
{
    static int fd = -1;
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = { .nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .body = { .sdiag_family = (uint8_t)family, .sdiag_protocol = IPPROTO_TCP,
                  .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = states,
                  .id.idiag_sport = htons((uint16_t)port) }
    };

    if (fd == -1)
        fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd == -1 || send(fd, &request, sizeof(request), 0) == -1)
        return -1;
    return read_answers(fd, rows, n);
}

/* Does the process live in our network namespace? Else only its own /proc knows. */
static bool
same_network(pid_t pid)
{
    char path[64], ours[64] = "", its[64] = "";

    snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
    return readlink("/proc/self/ns/net", ours, sizeof(ours) - 1) == -1 ||
        readlink(path, its, sizeof(its) - 1) == -1 || strcmp(ours, its) == 0;
}

/*
 * Asks as ss does: much less work for the kernel than to print its whole table. Less still
 * when only the family is asked in which somebody listens on that port.
 */
static bool
ask_about(int port, struct tcp_row **rows, size_t *n)
{
    const int families[] = { AF_INET, AF_INET6 };
    const unsigned listening = 1U << TCP_STATE_LISTEN;
    bool told = false, listens[2];

    for (int i = 0; i < 2; i++) {
        size_t before = *n;

        told = ask_kernel(families[i], port, listening, rows, n) == 0 || told;
        listens[i] = *n > before;
    }
    for (int i = 0; i < 2; i++)
        if (listens[i] || !listens[1 - i])
            ask_kernel(families[i], port, ~listening, rows, n);
    return told;
}

static bool
ask_listeners(struct tcp_row **rows, size_t *n)
{
    bool v4 = ask_kernel(AF_INET, 0, 1U << TCP_STATE_LISTEN, rows, n) == 0;

    return ask_kernel(AF_INET6, 0, 1U << TCP_STATE_LISTEN, rows, n) == 0 || v4;
}

/* A client's farewell counts as one unread byte until it is heard; nobody typed it. */
static void
discount_farewells(struct tcp_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].state == TCP_STATE_CLOSE_WAIT && rows[i].unread > 0)
            rows[i].unread--;
}

/* port 0: all that listen. */
static struct tcp_row *
read_sockets(pid_t pid, int port, size_t *n)
{
    struct tcp_row *rows = NULL;
    bool told = false;

    *n = 0;
    if (pid == 0 || same_network(pid))
        told = port != 0 ? ask_about(port, &rows, n) : ask_listeners(&rows, n);
    if (!told) {
        *n = 0;
        told = read_table(pid, "tcp", port, &rows, n) == 0;
        told = read_table(pid, "tcp6", port, &rows, n) == 0 || told;
    }
    discount_farewells(rows, *n);
    if (told)
        next_row(&rows, *n); /* never NULL, even when there is no row */
    return rows;
}

struct tcp_row *
tcp_table(pid_t pid, int port, size_t *n)
{
    return read_sockets(pid, port, n);
}

struct tcp_row *
tcp_listeners(pid_t pid, size_t *n)
{
    return read_sockets(pid, 0, n);
}

const char *
tcp_state_name(int state)
{
    static const char *const names[] = {
        "?", "ESTAB", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
        "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"
    };

    return names[state > 0 && state < 13 ? state : 0];
}
