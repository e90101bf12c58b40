/* loop.c -- the event loop: who is called, when, and in which order. */
#include "loop.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"

#define MS 1000000LL

static char order[100]; /* a letter for each call */

static void
note(void *letter)
{
    strncat(order, letter, 1);
}

static void
stop(void *loop)
{
    loop_stop(loop);
}

static void
turn_once(struct loop *loop)
{
    struct handle end = { .call = stop, .arg = loop };

    call_soon(loop, &end);
    loop_run(loop);
}

static void
run_for(struct loop *loop, double seconds)
{
    struct timer end = { .handle = { .call = stop, .arg = loop } };

    check(call_later(loop, &end, seconds) == 0, "call_later");
    loop_run(loop);
}

/* Calls come in the order of asking; times in the order of time, and of asking. */
static void
test_order(struct loop *loop)
{
    struct handle a = { .call = note, .arg = "a" }, b = { .call = note, .arg = "b" };
    struct handle c = { .call = note, .arg = "c" };
    struct timer x = { .handle = { .call = note, .arg = "x" } };
    struct timer y = { .handle = { .call = note, .arg = "y" } };
    struct timer z = { .handle = { .call = note, .arg = "z" } };
    long long now = loop_now();

    order[0] = '\0';
    call_soon(loop, &a);
    call_soon(loop, &b);
    call_soon(loop, &a); /* already on its way */
    call_soon(loop, &c);
    handle_cancel(&b);
    call_at(loop, &z, now + 3 * MS);
    call_at(loop, &x, now + 2 * MS);
    call_at(loop, &y, now + 2 * MS);
    run_for(loop, 0.01);
    check(strcmp(order, "acxyz") == 0, "acxyz");
    check(!timer_waits(&x) && !handle_waits(&a), "nothing waits any more");
}

struct pair {
    struct loop *loop;
    struct handle *other;
    struct timer *timer;
};

static void
cancel_other(void *arg)
{
    struct pair *pair = arg;

    note("1");
    handle_cancel(pair->other);
    timer_cancel(pair->loop, pair->timer);
}

/* A call that is ready in the same turn can still be taken back, a timer's too. */
static void
test_cancel_of_what_is_ready(struct loop *loop)
{
    struct handle late = { .call = note, .arg = "2" };
    struct timer timer = { .handle = { .call = note, .arg = "3" } };
    struct pair pair = { loop, &late, &timer };
    struct timer first = { .handle = { .call = cancel_other, .arg = &pair } };
    long long past = loop_now() - MS;

    order[0] = '\0';
    call_at(loop, &first, past);
    call_at(loop, &timer, past);
    turn_once(loop);
    call_soon(loop, &late);
    turn_once(loop);
    turn_once(loop);
    check(strcmp(order, "1") == 0, "only the first was called");
}

static void
again(void *arg)
{
    struct pair *pair = arg;

    note("r");
    call_soon(pair->loop, pair->other);
}

/* Who asks for another turn of his own does not keep the others from theirs. */
static void
test_nobody_starves(struct loop *loop)
{
    struct handle self;
    struct pair pair = { loop, &self, NULL };
    struct handle other = { .call = note, .arg = "o" };

    order[0] = '\0';
    self = (struct handle){ .call = again, .arg = &pair };
    call_soon(loop, &self);
    turn_once(loop);
    call_soon(loop, &other);
    turn_once(loop);
    handle_cancel(&self);
    check(strcmp(order, "rro") == 0 || strcmp(order, "rrro") == 0, "the other had its turn");
}

/* A timer is never early; how long the loop sleeps is computed from the nearest one. */
static void
test_sleep(struct loop *loop)
{
    struct timer far = { .handle = { .call = note, .arg = "f" } };
    long long begun = loop_now(), took;

    order[0] = '\0';
    call_later(loop, &far, 3600);
    run_for(loop, 0.0305);
    took = loop_now() - begun;
    check(took >= 30500000 && took < 2000 * MS, "slept as long as the nearest timer said");
    check(order[0] == '\0' && timer_waits(&far), "the far one still waits");
    timer_cancel(loop, &far);
}

struct talk {
    struct loop *loop;
    int fd, other, calls;
};

static void
close_the_other(void *arg)
{
    struct talk *talk = arg;

    talk->calls++;
    loop_forget(talk->loop, talk->other);
    close(talk->other);
    loop_forget(talk->loop, talk->fd);
    close(talk->fd);
}

/* Two are ready in one turn, and the first closes both: the second is not called. */
static void
test_closed_in_the_same_turn(struct loop *loop)
{
    int a[2], b[2];

    check(pipe(a) == 0 && pipe(b) == 0, "pipe");
    struct talk one = { loop, a[0], b[0], 0 }, two = { loop, b[0], a[0], 0 };
    check(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1, "write");
    check(add_reader(loop, a[0], close_the_other, &one) == 0, "add_reader a");
    check(add_reader(loop, b[0], close_the_other, &two) == 0, "add_reader b");
    run_for(loop, 0.01);
    check(one.calls + two.calls == 1, "one of them was called, once");
    close(a[1]);
    close(b[1]);
}

static void
on_writable(void *arg)
{
    struct talk *talk = arg;

    talk->calls++;
    remove_writer(talk->loop, talk->fd);
}

static void
on_readable(void *arg)
{
    struct talk *talk = arg;
    char byte;

    talk->calls += 100;
    check(read(talk->fd, &byte, 1) == 1, "there is a byte");
}

/* One descriptor, read and written; what nobody waits for any more does not wake the loop. */
static void
test_readers_and_writers(struct loop *loop)
{
    int ends[2];

    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
    struct talk talk = { loop, ends[0], -1, 0 };
    check(add_reader(loop, ends[0], on_readable, &talk) == 0, "add_reader");
    check(add_reader(loop, ends[0], on_readable, &talk) == -1 && errno == EBUSY, "EBUSY");
    check(add_writer(loop, ends[0], on_writable, &talk) == 0, "add_writer");
    check(write(ends[1], "ab", 2) == 2, "write");
    run_for(loop, 0.01);
    check(talk.calls == 201, "written once, read twice");

    remove_reader(loop, ends[0]);
    check(write(ends[1], "c", 1) == 1, "write");
    run_for(loop, 0.01); /* the loop finds that nobody wants it */
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    run_for(loop, 0.05);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    long long cpu = (after.tv_sec - before.tv_sec) * 1000 * MS + after.tv_nsec - before.tv_nsec;
    check(cpu < 20 * MS, "an unread byte that nobody waits for costs no CPU");
    check(talk.calls == 201, "and nobody is called");
    check(add_reader(loop, ends[0], on_readable, &talk) == 0, "back again");
    run_for(loop, 0.01);
    check(talk.calls == 301, "the byte was not lost");
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void
test_refusals(struct loop *loop)
{
    int file = open("/proc/self/exe", O_RDONLY);

    check(add_reader(loop, file, note, "x") == -1 && errno == EPERM, "EPERM for a file");
    check(add_reader(loop, 100, note, "x") == -1 && errno == EMFILE, "EMFILE above the limit");
    check(add_reader(loop, -1, note, "x") == -1, "no descriptor at all");
    check(add_writer(loop, 60, note, "x") == -1 && errno == EBADF, "EBADF for a closed one");
    close(file);
}

static int signals;

static void
on_signal(int sig, void *arg)
{
    (void)arg;
    signals += sig == SIGUSR1 ? 1 : 100;
}

static void
test_signals(struct loop *loop)
{
    check(add_signal(loop, SIGUSR1, on_signal, NULL) == 0, "add_signal");
    check(add_signal(loop, SIGUSR2, on_signal, NULL) == 0, "add_signal");
    raise(SIGUSR1);
    raise(SIGUSR2);
    check(signals == 0, "a signal interrupts nothing");
    run_for(loop, 0.01);
    check(signals == 101, "each came as a call");
    remove_signal(loop, SIGUSR2);
    signal(SIGUSR2, SIG_IGN);
    raise(SIGUSR2);
    raise(SIGUSR1);
    run_for(loop, 0.01);
    check(signals == 102, "and one not any more");
    remove_signal(loop, SIGUSR1);
}

#define FOREIGN 2000

struct foreign {
    struct loop *loop;
    struct handle handles[FOREIGN];
    int calls;
};

static void
count(void *arg)
{
    struct foreign *foreign = arg;

    if (++foreign->calls == FOREIGN)
        loop_stop(foreign->loop);
}

static void *
call_from_outside(void *arg)
{
    struct foreign *foreign = arg;

    for (int i = 0; i < FOREIGN; i++) {
        foreign->handles[i] = (struct handle){ .call = count, .arg = foreign };
        call_soon_threadsafe(foreign->loop, &foreign->handles[i]);
    }
    return NULL;
}

/* The loop has nothing to wait for but the other thread: every call wakes it. */
static void
test_other_thread(struct loop *loop)
{
    static struct foreign foreign;
    pthread_t thread;

    foreign.loop = loop;
    check(pthread_create(&thread, NULL, call_from_outside, &foreign) == 0, "pthread_create");
    loop_run(loop);
    pthread_join(thread, NULL);
    check(foreign.calls == FOREIGN, "every call of the other thread came");
}

int
main(void)
{
    struct loop *loop = loop_open(100);

    check(loop != NULL, "loop_open");
    test_order(loop);
    test_cancel_of_what_is_ready(loop);
    test_nobody_starves(loop);
    test_sleep(loop);
    test_closed_in_the_same_turn(loop);
    test_readers_and_writers(loop);
    test_refusals(loop);
    test_signals(loop);
    test_other_thread(loop);
    loop_close(loop);
    puts("the loop does as it says");
    return 0;
}
