/* chores.c -- what happens to every client in every stage. */
#include "chores.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <linux/sockios.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "say.h"
#include "stop.h"

#define PAUSE_MS 1000

static atomic_int clients;
static atomic_llong pause_until; /* ms on the monotonic clock */
static atomic_llong complained_at = -PAUSE_MS;

static long long
now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void
client_came_at(struct conn *c, int fd, const struct peer *peer, const struct settings *set)
{
    int one = 1;

    *c = (struct conn){ .fd = fd, .set = set, .lent = true };
    address_text(peer, c->name);
    if (peer->any.sa_family == AF_UNIX) /* Unix clients have no address: number them */
        snprintf(c->name, sizeof(c->name), "unix client %d", fd);
    if (set->nodelay)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (set->read_timeout > 0) {
        /* Only blocking calls feel these; the loops keep timers instead. */
        struct timeval limit = { .tv_sec = (time_t)set->read_timeout };

        limit.tv_usec = (suseconds_t)((set->read_timeout - (double)limit.tv_sec) * 1e6);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    }
    atomic_fetch_add(&clients, 1);
    say(set->stage->framed ? "Accepted connection from %s" : "I got a connection from %s!",
        c->name);
}

struct conn *
client_came(int fd, const struct peer *peer, const struct settings *set)
{
    struct conn *c = malloc(sizeof(*c) + set->room);

    if (c == NULL) {
        complain("no memory for another client");
        close(fd);
        return NULL;
    }
    client_came_at(c, fd, peer, set);
    c->lent = false;
    return c;
}

/* Keeps this thread's CPU busy, as a slow computation would. */
static void
work(long ms)
{
    struct timespec now;
    long long until;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    until = now.tv_sec * 1000000LL + now.tv_nsec / 1000 + ms * 1000LL;
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (now.tv_sec * 1000000LL + now.tv_nsec / 1000 < until);
}

/* A whole line was typed: is it one that --work or --boom obeys? */
static void
obey(struct conn *c)
{
    long ms;

    if (c->set->work && sscanf(c->word, "work %ld", &ms) == 1 && ms > 0) {
        work(ms < 60000 ? ms : 60000);
    } else if (c->set->boom != BOOM_OFF && strcmp(c->word, "boom") == 0) {
        c->boom = true;
    }
    if (c->boom && c->set->boom == BOOM_CRASH) {
        complain("boom: the handler of %s hits a bug and crashes", c->name);
        abort();
    }
}

static void
collect_word(struct conn *c, char byte)
{
    if (byte == '\n') {
        if (c->word_len > 0 && c->word[c->word_len - 1] == '\r')
            c->word_len--;
        c->word[c->word_len] = '\0';
        c->word_len = 0;
        obey(c);
    } else if (c->word_len < WORD_LIMIT - 1) {
        c->word[c->word_len++] = byte;
    }
}

/* Sets owed from what is in buf; the first `seen` bytes were looked at before. */
static void
look_for_line(struct conn *c, size_t seen)
{
    const struct settings *set = c->set;
    size_t extra = strlen(set->prefix);
    char text[256];

    c->owed = set->line ? line_length(c->buf, c->len, seen, set->eol) : c->len;
    if (c->owed == 0)
        return;
    if (set->line && saying())
        say("All the data is: %s from %s", escape(text, sizeof(text), c->buf, c->owed), c->name);
    if (extra > 0) {
        memmove(c->buf + extra, c->buf, c->len);
        memcpy(c->buf, set->prefix, extra);
        c->len += extra;
        c->owed += extra;
    }
}

/* n new bytes stand behind the old ones. */
static void
hear(struct conn *c, size_t n)
{
    const char *bytes = c->buf + c->len;
    char text[256];

    if (saying())
        say("I got data: %s from %s", escape(text, sizeof(text), bytes, n), c->name);
    if (c->set->work || c->set->boom != BOOM_OFF)
        for (size_t i = 0; i < n; i++)
            collect_word(c, bytes[i]);
    c->len += n;
    look_for_line(c, c->len - n);
}

void
client_said_more(struct conn *c, size_t n)
{
    if (n == 0) /* what was typed last may have no end: it goes back all the same */
        c->owed = c->len;
    else
        hear(c, n);

    /* --sink: nothing goes back. At the end of the session the next recv() says so. */
    while (c->set->sink && c->owed > 0) {
        if (ends_session(c->buf, c->owed))
            shutdown(c->fd, SHUT_RD);
        client_got(c, c->owed);
    }
}

void
client_got_part(struct conn *c, size_t n)
{
    c->len -= n;
    c->owed -= n;
    if (c->len > 0)
        memmove(c->buf, c->buf + n, c->len);
    if (c->owed == 0 && c->len > 0)
        look_for_line(c, 0);
}

void
client_silent(const struct conn *c)
{
    say("Close connection by timeout: %s was silent for %g s", c->name, c->set->read_timeout);
}

int
client_failed(const struct conn *c)
{
    bool late = errno == EAGAIN || errno == ETIMEDOUT;

    if (late && c->set->read_timeout > 0)
        client_silent(c);
    else if (errno == ENOMEM || errno == ENOBUFS || errno == ENOSPC)
        complain("%s is lost: %s", c->name, strerror(errno));
    return -1;
}

/*
 * close() throws away what is on its way when there is something left to be read. So we wait
 * until the client's kernel has everything: no event tells of that. Whoever never reads is
 * cut off when the grace is over.
 */
static void
deliver(int fd)
{
    int unsent;

    while (ioctl(fd, SIOCOUTQ, &unsent) == 0 && unsent > 0)
        poll(NULL, 0, 10);
}

void
client_left(struct conn *c)
{
    int saved = errno;

    if (in_grace())
        deliver(c->fd);
    say("Closing connection to %s", c->name);
    close(c->fd);
    if (!c->lent)
        free(c);
    atomic_store(&pause_until, 0);
    atomic_fetch_sub(&clients, 1);
    errno = saved;
}

int
clients_now(void)
{
    return atomic_load(&clients);
}

int
accept_failed(void)
{
    int error = errno;
    long long now = now_ms();

    /* Out of descriptors, accept() says EMFILE before it looks at the listener. */
    if (error == EINVAL || told_to_stop())
        return -1;
    if (try_again())
        return 0;
    bool no_room = error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
        error == ENOSPC; /* ENOSPC: the list of epoll is full */
    if (now - atomic_load(&complained_at) >= PAUSE_MS) {
        atomic_store(&complained_at, now);
        complain("accept: %s; %s", strerror(error),
                 no_room ? "new clients wait in the queue" : "one new client is lost");
    }
    if (!no_room)
        return 0;
    atomic_store(&pause_until, now + PAUSE_MS);
    return PAUSE_MS;
}

int
accept_pause(void)
{
    long long until = atomic_load(&pause_until);
    long long left = until == 0 ? 0 : until - now_ms();

    if (left > 0)
        return (int)left;
    atomic_store(&pause_until, 0);
    return 0;
}

int
wait_limit(const struct settings *set)
{
    long long until = atomic_load(&pause_until);

    if (until == 0)
        return set->tick_ms > 0 ? set->tick_ms : -1;
    /* Over since the loop asked accept_pause()? It has to ask again, not to sleep for ever. */
    int pause = (int)(until - now_ms());
    pause = pause > 0 ? pause : 0;
    return set->tick_ms > 0 && set->tick_ms < pause ? set->tick_ms : pause;
}

void
no_events(const struct settings *set)
{
    if (set->tick_ms > 0)
        say("No events, waiting a bit more!");
}
