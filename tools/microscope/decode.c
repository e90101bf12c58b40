/* decode.c -- what a system call means. */
#include "decode.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <linux/sched.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"
#include "syscalls.h"

#define POLL_MOST 4096 /* descriptors of one poll() that we look at */

/* Which socket was meant when epoll_ctl() handed the kernel that data. */
struct epoll_entry {
    pid_t pid;
    int epoll_fd;
    uint64_t data;
    struct end *end;
    struct epoll_entry *next;
};

/* Copies n bytes of the server's memory. Returns how many could be read. */
static size_t
peek(pid_t pid, uint64_t address, void *out, size_t n)
{
    struct iovec here = { .iov_base = out, .iov_len = n };
    struct iovec there = { .iov_base = (void *)(uintptr_t)address, .iov_len = n };
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

    return got > 0 ? (size_t)got : 0;
}

bool
waits_for_many(enum call_kind kind)
{
    return kind == CALL_POLL || kind == CALL_SELECT || kind == CALL_EPOLL_WAIT;
}

/* Keeps the first of the `total` bytes that a list of buffers holds. */
static void
keep_vector(pid_t pid, struct call *call, uint64_t address, size_t count, size_t total)
{
    struct iovec parts[8];
    size_t n = count < 8 ? count : 8;

    n = peek(pid, address, parts, n * sizeof(parts[0])) / sizeof(parts[0]);
    for (size_t i = 0; i < n && call->kept < CALL_DATA && total > 0; i++) {
        size_t want = parts[i].iov_len < total ? parts[i].iov_len : total;

        total -= want;
        if (want > CALL_DATA - call->kept)
            want = CALL_DATA - call->kept;
        call->kept += peek(pid, (uint64_t)(uintptr_t)parts[i].iov_base,
                           call->data + call->kept, want);
    }
}

/* Keeps the first bytes that the call moved, of call->result in all. */
static void
keep_bytes(pid_t pid, struct call *call, enum bytes bytes)
{
    size_t total = call->result > 0 ? (size_t)call->result : 0;
    struct msghdr message;

    call->kept = 0;
    if (bytes == BYTES_PLAIN)
        call->kept = peek(pid, call->args[1], call->data, total < CALL_DATA ? total : CALL_DATA);
    else if (bytes == BYTES_VECTOR)
        keep_vector(pid, call, call->args[1], call->args[2], total);
    else if (bytes == BYTES_MESSAGE &&
             peek(pid, call->args[1], &message, sizeof(message)) == sizeof(message))
        keep_vector(pid, call, (uint64_t)(uintptr_t)message.msg_iov, message.msg_iovlen, total);
}

/* The address in the server's memory; false when there is none. */
static bool
peek_peer(pid_t pid, uint64_t address, uint64_t len, struct peer *peer)
{
    if (address == 0 || len == 0)
        return false;
    peer->len = (socklen_t)(len < sizeof(peer->room) ? len : sizeof(peer->room));
    memset(&peer->room, 0, sizeof(peer->room));
    return peek(pid, address, &peer->room, peer->len) == peer->len;
}

static void
note_address(pid_t pid, struct call *call)
{
    struct peer peer;
    char text[ADDRESS_TEXT];

    if (!peek_peer(pid, call->args[1], call->args[2], &peer))
        return;
    snprintf(call->note, sizeof(call->note), "%.39s", address_text(&peer, text));
    make_plain(call->note); /* the path of a Unix socket may hold anything */
}

static void
note_option(struct call *call)
{
    static const struct { uint64_t level, option; const char *name; } known[] = {
        { SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR" }, { SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT" },
        { SOL_SOCKET, SO_LINGER, "SO_LINGER" }, { SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE" },
        { SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF" }, { SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF" },
        { SOL_SOCKET, SO_RCVTIMEO, "SO_RCVTIMEO" }, { SOL_SOCKET, SO_SNDTIMEO, "SO_SNDTIMEO" },
        { IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY" }, { IPPROTO_TCP, TCP_CORK, "TCP_CORK" },
        { IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY" }
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].level == call->args[1] && known[i].option == call->args[2])
            snprintf(call->note, sizeof(call->note), "%s", known[i].name);
}

/* fcntl() and ioctl(): does the descriptor block from now on? */
static void
decode_flags(pid_t pid, struct call *call)
{
    int on = 0;

    if (call->nr == SYS_fcntl)
        call->nonblock = (call->args[2] & O_NONBLOCK) != 0;
    else if (call->args[1] == FIONBIO && peek(pid, call->args[2], &on, sizeof(on)) > 0)
        call->nonblock = on != 0;
}

static void
decode_fork(pid_t pid, struct call *call)
{
    uint64_t flags = call->args[0];

#ifdef SYS_clone3
    if (call->nr == SYS_clone3 && peek(pid, call->args[0], &flags, sizeof(flags)) == 0)
        flags = 0;
#endif
    call->nonblock = (call->nr == SYS_clone || strcmp(call->name, "clone") == 0) &&
        (flags & CLONE_THREAD) != 0;
}

/* Is the end of this call a part of the story? Files, pipes and the console are not. */
static bool
worth_telling(const struct call *call)
{
    bool socket = call->on != NULL && call->on->inode != 0;
    bool ours = socket && call->on->kind != END_OTHER; /* a client or a listener */

    switch (call->kind) {
    case CALL_SOCKET:
        return (call->args[0] == AF_INET || call->args[0] == AF_INET6 ||
                call->args[0] == AF_UNIX) && (call->args[1] & 0xf) == SOCK_STREAM;
    case CALL_BIND:
    case CALL_OPTION:
    case CALL_CONNECT:
        return socket;
    case CALL_RECV:
    case CALL_SEND:
    case CALL_CLOSE:
    case CALL_SHUTDOWN:
        return ours;
    case CALL_FLAGS: /* of all flags only blocking or not is told */
        return ours && (call->nr == SYS_fcntl ? call->args[1] == F_SETFL :
                        call->args[1] == FIONBIO);
    case CALL_OTHER:
    case CALL_FORK: /* the newborn is told */
    case CALL_FUTEX:
    case CALL_NAP:
        return false;
    default:
        return true;
    }
}

void
decode_begin(struct decoder *decoder, pid_t pid, struct call *call)
{
    const struct shape *shape = shape_of(call->nr);

    call->name = shape != NULL ? shape->name : syscall_name(call->nr);
    call->kind = shape != NULL ? shape->kind : CALL_OTHER;
    call->queued = -1;
    if (shape != NULL && shape->about_fd) {
        call->fd = (int)call->args[0];
        call->on = end_of_fd(&decoder->cast, pid, call->fd);
    }
    call->told = worth_telling(call);
    if (call->kind == CALL_ACCEPT)
        call->queued = queue_length(pid, call->fd);
    else if (call->kind == CALL_BIND || call->kind == CALL_CONNECT)
        note_address(pid, call);
    else if (call->kind == CALL_OPTION)
        note_option(call);
    else if (call->kind == CALL_FLAGS)
        decode_flags(pid, call);
    else if (call->kind == CALL_FORK)
        decode_fork(pid, call);
}

static void
add_ready(struct decoder *decoder, pid_t pid, struct call *call, int fd)
{
    struct end *end = end_of_fd(&decoder->cast, pid, fd);

    if (end != NULL && call->n_ready < READY_MOST)
        call->ready[call->n_ready++] = end;
}

static void
poll_ready(struct decoder *decoder, pid_t pid, struct call *call)
{
    struct pollfd fds[64];
    uint64_t n = call->args[1] < POLL_MOST ? call->args[1] : POLL_MOST;

    for (uint64_t from = 0; from < n && call->n_ready < call->result; from += 64) {
        size_t want = n - from < 64 ? (size_t)(n - from) : 64;
        size_t got = peek(pid, call->args[0] + from * sizeof(fds[0]), fds,
                          want * sizeof(fds[0])) / sizeof(fds[0]);

        for (size_t i = 0; i < got; i++)
            if (fds[i].revents != 0)
                add_ready(decoder, pid, call, fds[i].fd);
    }
}

static void
select_ready(struct decoder *decoder, pid_t pid, struct call *call)
{
    fd_set ready[3]; /* to read, to write, exceptional */
    int n = call->args[0] < FD_SETSIZE ? (int)call->args[0] : FD_SETSIZE;

    memset(ready, 0, sizeof(ready));
    for (int i = 0; i < 3; i++)
        if (call->args[i + 1] != 0)
            peek(pid, call->args[i + 1], &ready[i], ((size_t)n + 63) / 64 * 8);
    for (int fd = 0; fd < n; fd++)
        if (FD_ISSET(fd, &ready[0]) || FD_ISSET(fd, &ready[1]) || FD_ISSET(fd, &ready[2]))
            add_ready(decoder, pid, call, fd);
}

static struct epoll_entry **
epoll_bucket(struct decoder *decoder, uint64_t data)
{
    return &decoder->epoll[(data ^ data >> 12) % CAST_BUCKETS];
}

static struct epoll_entry *
epoll_entry(struct decoder *decoder, pid_t pid, int epoll_fd, uint64_t data)
{
    struct epoll_entry *entry = *epoll_bucket(decoder, data);

    while (entry != NULL && (entry->data != data || entry->pid != pid ||
                             entry->epoll_fd != epoll_fd))
        entry = entry->next;
    return entry;
}

/* epoll_ctl() told the kernel what to say when that socket is ready: remember it too. */
static void
epoll_told(struct decoder *decoder, pid_t pid, struct call *call)
{
    struct epoll_event event;
    struct epoll_entry *entry;
    struct end *end = end_of_fd(&decoder->cast, pid, (int)call->args[2]);

    call->on = end;
    snprintf(call->note, sizeof(call->note), "no longer watched");
    if (call->args[1] == EPOLL_CTL_DEL ||
        peek(pid, call->args[3], &event, sizeof(event)) != sizeof(event))
        return;
    snprintf(call->note, sizeof(call->note), "watched %s",
             call->args[1] == EPOLL_CTL_ADD ? "from now on" :
             (event.events & EPOLLOUT) != 0 ? "for room to write" : "for bytes to read");
    entry = epoll_entry(decoder, pid, call->fd, event.data.u64);
    if (entry == NULL) {
        struct epoll_entry **bucket = epoll_bucket(decoder, event.data.u64);

        entry = calloc(1, sizeof(*entry));
        if (entry == NULL)
            err(1, "calloc");
        *entry = (struct epoll_entry){ .pid = pid, .epoll_fd = call->fd,
                                       .data = event.data.u64, .next = *bucket };
        *bucket = entry;
    }
    entry->end = end;
}

static void
epoll_ready(struct decoder *decoder, pid_t pid, struct call *call)
{
    struct epoll_event events[READY_MOST];
    size_t want = call->result < READY_MOST ? (size_t)call->result : READY_MOST;
    size_t got = peek(pid, call->args[1], events, want * sizeof(events[0])) / sizeof(events[0]);

    for (size_t i = 0; i < got; i++) {
        const struct epoll_entry *entry = epoll_entry(decoder, pid, call->fd,
                                                      events[i].data.u64);

        if (entry != NULL && entry->end != NULL)
            call->ready[call->n_ready++] = entry->end;
    }
}

static void
decode_accepted(struct decoder *decoder, pid_t pid, struct call *call)
{
    struct peer peer;
    int len = 0;
    bool told = call->args[1] != 0 && peek(pid, call->args[2], &len, sizeof(len)) > 0 &&
        len > 0 && peek_peer(pid, call->args[1], (uint64_t)len, &peer);

    note_listener(&decoder->cast, pid, call->fd);
    call->on = accepted_end(&decoder->cast, pid, (int)call->result, told ? &peer : NULL);
}

/* Did a wait end for files and pipes alone, as a look whether the console has room? */
static bool
only_files(const struct call *call)
{
    for (int i = 0; i < call->n_ready; i++)
        if (call->ready[i]->kind != END_FILE && call->ready[i]->kind != END_PIPE)
            return false;
    return call->n_ready > 0 && call->n_ready == call->result;
}

void
decode_end(struct decoder *decoder, pid_t pid, struct call *call)
{
    const struct shape *shape = shape_of(call->nr);

    if (shape == NULL || call->error != 0)
        return;
    if (call->kind == CALL_ACCEPT)
        decode_accepted(decoder, pid, call);
    else if (call->kind == CALL_RECV || call->kind == CALL_SEND)
        keep_bytes(pid, call, shape->bytes);
    else if (call->kind == CALL_LISTEN)
        note_listener(&decoder->cast, pid, call->fd);
    else if (call->kind == CALL_EPOLL_CTL)
        epoll_told(decoder, pid, call);
    else if (call->kind == CALL_POLL && call->result > 0)
        poll_ready(decoder, pid, call);
    else if (call->kind == CALL_SELECT && call->result > 0)
        select_ready(decoder, pid, call);
    else if (call->kind == CALL_EPOLL_WAIT && call->result > 0)
        epoll_ready(decoder, pid, call);
    if (only_files(call))
        call->told = false;
    if (call->kind == CALL_LISTEN && call->on != NULL)
        call->on->kind = END_LISTENER;
}
