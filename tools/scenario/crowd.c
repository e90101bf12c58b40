/* crowd.c -- thousands of clients in one epoll loop. */
#include "crowd.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hearing.h"
#include "net.h"

#define BATCH 256
#define TURNS 4 /* chunks for one client before the others' turn */

int
crowd_open(struct crowd *crowd, unsigned n, struct eventlog *log)
{
    memset(crowd, 0, sizeof(*crowd));
    crowd->clients = calloc(n > 0 ? n : 1, sizeof(*crowd->clients));
    crowd->buffer = malloc(CROWD_CHUNK);
    crowd->expected = malloc(CROWD_CHUNK);
    crowd->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    crowd->n = n;
    crowd->log = log;
    if (crowd->clients == NULL || crowd->buffer == NULL || crowd->expected == NULL ||
        crowd->epoll_fd == -1) {
        crowd->n = 0;
        crowd_close(crowd);
        return -1;
    }
    for (unsigned i = 0; i < n; i++) {
        crowd->clients[i].number = i;
        crowd->clients[i].fd = -1;
        crowd->clients[i].waiting_since = -1;
    }
    return 0;
}

void
crowd_aim(struct crowd *crowd, int port, bool v6)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&crowd->server;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&crowd->server;

    memset(&crowd->server, 0, sizeof(crowd->server));
    if (v6) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        in6->sin6_addr = in6addr_loopback;
    } else {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    crowd->server_len = v6 ? sizeof(*in6) : sizeof(*in);
}

/* Tells epoll what c waits for now; nothing when nothing changed. */
static void
ask(struct crowd *crowd, struct client *c)
{
    bool out = c->where == CONNECTING || (c->where == CONNECTED && c->written < c->released);
    bool in = c->where == CONNECTED && !c->stopped && c->sip == 0 && !c->eof;
    struct epoll_event event = { .events = (out ? EPOLLOUT : 0u) | (in ? EPOLLIN : 0u),
                                 .data.u32 = c->number };
    int op = c->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (c->fd == -1 || (out == c->asked_out && in == c->asked_in))
        return;
    if (epoll_ctl(crowd->epoll_fd, op, c->fd, &event) == -1)
        crowd->own_limit = errno;
    c->in_epoll = true;
    c->asked_out = out;
    c->asked_in = in;
}

static void
hang_up(struct client *c, enum where where)
{
    if (c->fd != -1)
        close(c->fd);
    c->fd = -1;
    c->in_epoll = c->asked_in = c->asked_out = false;
    c->next_drip = c->next_sip = 0;
    c->where = where;
}

/* The connection is lost, or never came to be. */
static void
breaks(struct crowd *crowd, struct client *c, int error)
{
    bool never = c->where == CONNECTING;

    c->error = error;
    c->reset = !never;
    c->eof_at = now_s();
    hang_up(c, BROKEN);
    log_event(crowd->log, (int)c->number, never ? EVENT_REFUSED : EVENT_RESET, (uint64_t)error);
}

static void
leaves(struct crowd *crowd, struct client *c)
{
    if (c->fd != -1)
        log_event(crowd->log, (int)c->number, EVENT_LEFT, 0);
    hang_up(c, ABSENT);
}

/* All that was told is sent: now the FIN that waited behind it. */
static void
end_sending(struct crowd *crowd, struct client *c)
{
    if (c->where != CONNECTED || c->written < c->told)
        return;
    if (c->close_wanted) {
        leaves(crowd, c);
    } else if (c->fin_wanted && !c->fin_sent) {
        shutdown(c->fd, SHUT_WR);
        c->fin_sent = true;
    }
}

static void
send_more(struct crowd *crowd, struct client *c)
{
    for (int turn = 0; turn < TURNS && c->where == CONNECTED && c->written < c->released; turn++) {
        uint64_t left = c->released - c->written;
        size_t part = left < CROWD_CHUNK ? (size_t)left : CROWD_CHUNK;
        ssize_t n;

        sent_bytes(c, c->written, crowd->buffer, part);
        n = send(c->fd, crowd->buffer, part, MSG_NOSIGNAL);
        if (n == -1 && !try_again())
            breaks(crowd, c, errno);
        if (n <= 0)
            break;
        c->written += (uint64_t)n;
    }
    end_sending(crowd, c);
}

/* Reads at most `most` bytes. */
static void
read_more(struct crowd *crowd, struct client *c, size_t most)
{
    ssize_t n = recv(c->fd, crowd->buffer, most < CROWD_CHUNK ? most : CROWD_CHUNK, 0);

    if (n > 0) {
        client_hears(crowd, c, (size_t)n);
    } else if (n == 0) {
        c->eof = true;
        c->eof_at = now_s();
        log_event(crowd->log, (int)c->number, EVENT_EOF, 0);
    } else if (!try_again()) {
        breaks(crowd, c, errno);
    }
}

static int
socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ? errno : error;
}

static void
connected(struct crowd *crowd, struct client *c)
{
    int error = socket_error(c->fd);

    if (error != 0) {
        breaks(crowd, c, error);
        return;
    }
    c->where = CONNECTED;
    log_event(crowd->log, (int)c->number, EVENT_CONNECTED, (uint64_t)local_port(c->fd));
    send_more(crowd, c);
}

/* epoll always tells of errors; when we are not to read, take the news and no bytes. */
static void
hears_of_error(struct crowd *crowd, struct client *c, uint32_t events)
{
    int error = socket_error(c->fd);

    if (error != 0) {
        breaks(crowd, c, error);
    } else if ((events & EPOLLHUP) != 0) { /* both sides are closed: no more to be told */
        epoll_ctl(crowd->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
        c->in_epoll = false;
        c->asked_in = c->asked_out = false;
    }
}

static void
on_event(struct crowd *crowd, struct client *c, uint32_t events)
{
    bool reads = !c->stopped && c->sip == 0 && !c->eof;

    if (c->where == CONNECTING) {
        connected(crowd, c);
    } else {
        if (c->where == CONNECTED && reads && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
            read_more(crowd, c, CROWD_CHUNK);
        else if (c->where == CONNECTED && (events & (EPOLLERR | EPOLLHUP)) != 0)
            hears_of_error(crowd, c, events);
        if (c->where == CONNECTED && (events & EPOLLOUT) != 0)
            send_more(crowd, c);
    }
    ask(crowd, c);
}

/* Drips and sips whose time has come. Returns the ms until the next one, at most `most`. */
static int
on_time(struct crowd *crowd, int most)
{
    double now = now_s(), next = now + most / 1e3;
    unsigned timed = 0;

    for (unsigned i = 0; crowd->n_timed > 0 && i < crowd->n; i++) {
        struct client *c = &crowd->clients[i];

        if (c->next_drip > 0 && c->next_drip <= now) {
            c->released++;
            c->next_drip = c->released < c->told ? now + c->drip_ms / 1e3 : 0;
            if (c->where == CONNECTED)
                send_more(crowd, c);
        }
        if (c->next_sip > 0 && c->next_sip <= now) {
            c->next_sip = c->eof ? 0 : now + c->sip_ms / 1e3;
            if (c->where == CONNECTED && !c->eof)
                read_more(crowd, c, (size_t)c->sip);
        }
        ask(crowd, c);
        timed += c->next_drip > 0 || c->next_sip > 0;
        if (c->next_drip > 0 && c->next_drip < next)
            next = c->next_drip;
        if (c->next_sip > 0 && c->next_sip < next)
            next = c->next_sip;
    }
    crowd->n_timed = timed;
    return next > now ? (int)((next - now) * 1e3 + 0.999) : 0;
}

void
crowd_pump(struct crowd *crowd, int ms)
{
    struct epoll_event events[BATCH];
    int n = epoll_wait(crowd->epoll_fd, events, BATCH, on_time(crowd, ms));

    for (int i = 0; i < n; i++) {
        struct client *c = &crowd->clients[events[i].data.u32];

        if (c->fd != -1)
            on_event(crowd, c, events[i].events);
    }
}

/* A client that comes again is as new; only its longest wait is remembered. */
static void
renew(struct client *c)
{
    struct client fresh = { .number = c->number, .fd = -1, .waiting_since = -1 };

    fresh.longest_wait = c->longest_wait;
    fresh.sent = c->sent;
    fresh.odd = c->odd;
    hang_up(c, ABSENT);
    *c = fresh;
}

void
client_connect(struct crowd *crowd, struct client *c)
{
    int one = 1;

    renew(c);
    log_event(crowd->log, (int)c->number, EVENT_ASKED, 0);
    c->where = CONNECTING;
    c->fd = socket(crowd->server.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd == -1) {
        crowd->own_limit = errno;
        breaks(crowd, c, errno);
        return;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(c->fd, (struct sockaddr *)&crowd->server, crowd->server_len) == -1 &&
        errno != EINPROGRESS) {
        if (errno == EADDRNOTAVAIL || errno == ENOBUFS)
            crowd->own_limit = errno;
        breaks(crowd, c, errno);
        return;
    }
    ask(crowd, c);
}

void
client_send(struct crowd *crowd, struct client *c, const struct payload *data, int drip_ms)
{
    struct segment *sent = realloc(c->sent, (c->n_sent + 1) * sizeof(*sent));

    if (sent == NULL) {
        crowd->own_limit = ENOMEM;
        return;
    }
    c->sent = sent;
    sent[c->n_sent] = (struct segment){ .data = *data, .start = c->told };
    sent[c->n_sent++].data.seed = (c->number + 1) * 1000003u + c->told;
    c->told += data->size;
    if (c->waiting_since < 0) {
        c->waiting_since = log_now(crowd->log);
        log_event(crowd->log, (int)c->number, EVENT_TYPED, data->size);
    }
    if (drip_ms > 0) {
        c->drip_ms = drip_ms;
        c->next_drip = now_s();
        crowd->n_timed++;
    } else if (c->next_drip == 0) {
        c->released = c->told;
    }
    send_more(crowd, c);
    ask(crowd, c);
}

void
client_shutdown(struct crowd *crowd, struct client *c)
{
    c->fin_wanted = true;
    end_sending(crowd, c);
}

void
client_close(struct crowd *crowd, struct client *c)
{
    c->close_wanted = true;
    end_sending(crowd, c);
    if (c->where != CONNECTED)
        leaves(crowd, c);
}

void
client_reset(struct crowd *crowd, struct client *c)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };

    if (c->fd != -1)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    leaves(crowd, c);
}

void
client_stop_reading(struct crowd *crowd, struct client *c)
{
    c->stopped = true;
    c->next_sip = 0;
    ask(crowd, c);
}

void
client_read_slowly(struct crowd *crowd, struct client *c, uint64_t sip, int ms)
{
    c->stopped = false;
    c->sip = sip;
    c->sip_ms = ms;
    c->next_sip = sip > 0 ? now_s() : 0;
    crowd->n_timed += sip > 0;
    ask(crowd, c);
}

void
crowd_close(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->n; i++) {
        hang_up(&crowd->clients[i], ABSENT);
        free(crowd->clients[i].sent);
        free(crowd->clients[i].odd);
    }
    if (crowd->epoll_fd > 0)
        close(crowd->epoll_fd);
    free(crowd->clients);
    free(crowd->buffer);
    free(crowd->expected);
    memset(crowd, 0, sizeof(*crowd));
}
