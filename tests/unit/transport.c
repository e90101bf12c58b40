/* transport.c -- what a protocol is told, in which order, and how much is kept for a slow peer. */
#include "transport.h"

#include <sys/socket.h>

#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "loop.h"

#define BIG 1000000

static struct loop *loop;
static char told[1000]; /* a letter for each call */
static char received[BIG];
static size_t n_received, most_unsent;

static void
made(struct transport *t)
{
    (void)t;
    strcat(told, "m");
}

static char *
get_buffer(struct transport *t, size_t *room)
{
    static char buffer[4096];

    (void)t;
    *room = sizeof(buffer);
    return buffer;
}

static void
data(struct transport *t, size_t n)
{
    size_t room;

    memcpy(received + n_received, get_buffer(t, &room), n);
    n_received += n;
    strcat(told, "d");
}

static void
paused(struct transport *t)
{
    most_unsent = t->unsent;
    strcat(told, "p");
}

static void
resumed(struct transport *t)
{
    (void)t;
    strcat(told, "r");
}

static void
ended(struct transport *t)
{
    (void)t;
    strcat(told, "e");
}

static void
timed_out(struct transport *t)
{
    strcat(told, "t");
    transport_close(t);
}

static void
lost(struct transport *t)
{
    strcat(told, "l");
    close(t->fd);
}

static const struct protocol protocol = {
    made, get_buffer, data, paused, resumed, ended, timed_out, lost
};

static void
stop(void *arg)
{
    loop_stop(arg);
}

static void
run_for(double seconds)
{
    struct timer end = { .handle = { .call = stop, .arg = loop } };

    check(call_later(loop, &end, seconds) == 0, "call_later");
    loop_run(loop);
}

/* A transport, and the peer's end as a plain descriptor. */
static int
open_pair(struct transport *t)
{
    int ends[2];

    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
    told[0] = '\0';
    n_received = 0;
    transport_open(t, ends[0], loop, &protocol, NULL, NULL);
    run_for(0.001);
    return ends[1];
}

static size_t
drain(int fd)
{
    static char sink[65536];
    size_t n = 0;
    ssize_t got;

    while ((got = recv(fd, sink, sizeof(sink), 0)) > 0) {
        n += (size_t)got;
        run_for(0.001);
    }
    return n;
}

static void
test_life(void)
{
    struct transport t;
    int peer = open_pair(&t);
    char back[10];

    check(write(peer, "hello", 5) == 5, "write");
    run_for(0.002);
    check(memcmp(received, "hello", 5) == 0, "the bytes came");
    transport_write(&t, "bye", 3);
    transport_write_eof(&t);
    check(read(peer, back, sizeof(back)) == 3, "what was written");
    check(read(peer, back, sizeof(back)) == 0, "and then the end");
    check(write(peer, "more", 4) == 4, "the other direction is still open");
    run_for(0.002);
    close(peer);
    run_for(0.002);
    transport_close(&t);
    run_for(0.002);
    check(strcmp(told, "mddel") == 0, "made, data, data, eof, lost");
}

static void
test_water_marks(void)
{
    static char big[BIG];
    struct transport t;
    int peer = open_pair(&t);
    size_t written = 0;

    while (!t.full) {
        transport_write(&t, big, 10000);
        written += 10000;
    }
    check(strcmp(told, "mp") == 0, "pause_writing, once");
    check(most_unsent > 65536 && most_unsent <= 65536 + 10000, "at the high-water mark");
    transport_write(&t, big, 10000); /* allowed, but not wise */
    written += 10000;
    transport_close(&t);
    check(drain(peer) == written, "close() sends every byte first");
    check(strcmp(told, "mprl") == 0, "resume_writing, once, and connection_lost");
    close(peer);
}

static void
test_pause_reading(void)
{
    struct transport t;
    int peer = open_pair(&t);

    transport_pause_reading(&t);
    check(write(peer, "x", 1) == 1, "write");
    run_for(0.01);
    check(strcmp(told, "m") == 0, "nothing is read");
    transport_resume_reading(&t);
    run_for(0.01);
    check(strcmp(told, "md") == 0, "now it is");
    transport_abort(&t);
    transport_abort(&t);
    transport_write(&t, "dropped", 7);
    run_for(0.01);
    check(strcmp(told, "mdl") == 0, "lost, once");
    close(peer);
}

/* The peer goes while we have much to say: lost, once, and no SIGPIPE, no spin. */
static void
test_peer_goes(void)
{
    static char big[BIG];
    struct transport t;
    int peer = open_pair(&t);

    transport_write(&t, big, BIG);
    close(peer);
    run_for(0.01);
    check(strcmp(told, "mpl") == 0, "pause, lost");
}

static void
test_limit(void)
{
    struct transport t;
    int peer = open_pair(&t);
    long long begun = loop_now();

    transport_limit(&t, 0.05);
    run_for(0.03);
    check(write(peer, "x", 1) == 1, "write");
    while (strchr(told, 't') == NULL)
        run_for(0.001);
    check(loop_now() - begun >= 80 * 1000000LL, "a byte gives it its whole time again");
    run_for(0.01);
    check(strcmp(told, "mdtl") == 0, "timed_out, lost");
    close(peer);
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    loop = loop_open(100);
    check(loop != NULL, "loop_open");
    test_life();
    test_water_marks();
    test_pause_reading();
    test_peer_goes();
    test_limit();
    loop_close(loop);
    puts("the protocol was told everything, once");
    return 0;
}
