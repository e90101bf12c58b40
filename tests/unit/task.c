/*
 * task.c -- tasks: results, errors, time limits; and a task that does everything there is to
 * await, cancelled at each of its awaits in turn. Whatever it had opened must be closed then:
 * the descriptors are counted here, the memory by the sanitizer or by valgrind.
 */
#include "task.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <unistd.h>

#include "await.h"
#include "check.h"
#include "stream.h"
#include "sync.h"

#define MAX_FDS 100

static struct loop *loop;

static size_t
open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    check(dir != NULL, "/proc/self/fd");
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n;
}

static struct task *
start(const char *name, long (*run)(void *), void *arg)
{
    struct task *task = task_start(loop, name, __func__, run, arg);

    check(task != NULL, "task_start");
    return task;
}

/* ---- results, errors, limits */

static long
return_it(void *arg)
{
    return *(long *)arg;
}

static long
fail(void *arg)
{
    (void)arg;
    return task_fail("on purpose");
}

static long
sleep_long(void *arg)
{
    (void)arg;
    return await_sleep(3600);
}

static long
refuse_to_end(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        if (await_sleep(3600) != -1 || errno != ECANCELED)
            return 1;
    return 5;
}

static long
test_results(void *arg)
{
    long seven = 7;
    int twice = 2;
    struct task *task;
    double begun;

    (void)arg;
    check(await_task(start("seven", return_it, &seven)) == 7, "a result");
    task = start("fails", fail, NULL);
    check(await_future(&task->future) == -1 && errno == EIO, "an error");
    check(strcmp(future_why(&task->future), "on purpose") == 0, "in words");
    task_drop(task);

    begun = (double)loop_now() / 1e9;
    check(await_within(start("slow", sleep_long, NULL), 0.02) == -1 && errno == ETIMEDOUT,
          "ETIMEDOUT");
    check((double)loop_now() / 1e9 - begun >= 0.02, "not before its time");
    check(await_within(start("quick", return_it, &seven), 3600) == 7, "in time");

    task = start("cancelled", sleep_long, NULL);
    check(task_cancel(task), "a task that has not begun can be cancelled");
    check(await_task(task) == -1 && errno == ECANCELED, "and says so");
    task = start("stubborn", refuse_to_end, &twice);
    await_turn();
    task_cancel(task);
    await_turn();
    await_turn();
    check(!task->future.done, "one cancel is one ECANCELED");
    task_cancel(task);
    check(await_task(task) == 5, "what it does then is its own affair");
    return 0;
}

/* ---- a limit for what descriptors may take */

static long
test_limit(void *arg)
{
    int ends[2];
    char byte;

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
    await_limit(0.02);
    check(await_recv(ends[0], &byte, 1) == -1 && errno == ETIMEDOUT, "recv is too late");
    check(write(ends[1], "x", 1) == 1, "write");
    check(await_recv(ends[0], &byte, 1) == 1 && byte == 'x', "recv is in time");
    close(ends[1]);
    check(await_recv(ends[0], &byte, 1) == 0, "the end");
    loop_forget(loop, ends[0]);
    close(ends[0]);
    return 0;
}

/* ---- recv_until: what stands behind the end is for the next call */

static long
test_recv_until(void *arg)
{
    int ends[2];
    char buf[16];
    size_t len = 0;
    ssize_t n;

    (void)arg;
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
    check(write(ends[1], "one\r\ntwo\r\nth", 12) == 12, "write");
    n = await_recv_until(ends[0], buf, &len, sizeof(buf), "\r\n");
    check(n == 5 && len == 12 && memcmp(buf, "one\r\n", 5) == 0, "the first line");
    len -= (size_t)n;
    memmove(buf, buf + n, len);
    n = await_recv_until(ends[0], buf, &len, sizeof(buf), "\r\n");
    check(n == 5 && memcmp(buf, "two\r\n", 5) == 0, "the second, without a recv()");
    len -= (size_t)n;
    memmove(buf, buf + n, len);
    check(write(ends[1], "0123456789abcdefg", 17) == 17, "write");
    n = await_recv_until(ends[0], buf, &len, sizeof(buf), "\r\n");
    check(n == -1 && errno == EMSGSIZE, "no room for the third");
    shutdown(ends[1], SHUT_WR);
    len = 0;
    n = await_recv_until(ends[0], buf, &len, sizeof(buf), "\r\n");
    check(n == 0, "the end of the stream");
    loop_forget(loop, ends[0]);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* ---- the task that is cancelled everywhere */

#define BIG 300000 /* more than the sockets here take at once */

static char big[BIG];

static void
close_fd(int fd)
{
    if (fd == -1)
        return;
    loop_forget(loop, fd);
    close(fd);
}

/* The other end: says "line\nrest", then hears until the end. */
static long
peer(void *arg)
{
    int fd = *(int *)arg;
    static char sink[65536];

    if (await_send_all(fd, "line\nrest", 9) != -1) {
        await_turn();
        while (await_recv(fd, sink, sizeof(sink)) > 0)
            ;
    }
    close_fd(fd);
    return 0;
}

static long
hold_lock(void *lock)
{
    if (await_lock(lock) == -1)
        return -1;
    await_turn();
    await_turn();
    unlock(lock);
    return 0;
}

static long
talk_on_socket(int fd)
{
    char buf[64];
    size_t len = 0;

    if (await_recv_until(fd, buf, &len, sizeof(buf), "\n") == -1)
        return -1;
    if (await_send_all(fd, big, BIG) == -1)
        return -1;
    return await_sleep(0.001);
}

/* Through a listener of its own: accept, connect, talk. */
static long
network(void)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    struct peer client = PEER_UNKNOWN;
    socklen_t size = sizeof(here);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int ours = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int theirs = -1;
    struct task *task = NULL;
    long result = -1;
    int little = 4096;

    setsockopt(ours, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener, (struct sockaddr *)&here, size) == 0 && listen(listener, 5) == 0 &&
          getsockname(listener, (struct sockaddr *)&here, &size) == 0, "a listener");
    loop_forget(loop, listener);
    loop_forget(loop, ours);
    if (await_connect(ours, (struct sockaddr *)&here, size) == 0)
        theirs = await_accept(listener, &client);
    if (theirs != -1) {
        task = start("peer", peer, &theirs);
        result = talk_on_socket(ours);
    }
    close_fd(ours);
    if (task != NULL && await_task(task) == -1)
        result = -1;
    close_fd(listener);
    return result;
}

static long
answer_stream(void *stream)
{
    char line[100];
    ssize_t n;

    while ((n = await_readline(stream, line, sizeof(line))) > 0) {
        stream_write(stream, line, (size_t)n);
        stream_write(stream, big, BIG);
        if (await_drain(stream) == -1)
            break;
    }
    stream_close(stream);
    return n;
}

static long
streams(void)
{
    int ends[2];
    char back[100];
    long result = -1;
    struct task *task;
    struct stream *stream;

    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "socketpair");
    stream = stream_open(loop, ends[0]);
    task = start("answer", answer_stream, stream_open(loop, ends[1]));
    stream_write(stream, "hello\n", 6);
    if (await_read_exactly(stream, back, 6) == 6 && memcmp(back, "hello\n", 6) == 0) {
        size_t heard = 0;
        ssize_t n = 1;

        while (heard < BIG && n > 0) {
            n = await_read(stream, back, sizeof(back));
            heard += n > 0 ? (size_t)n : 0;
        }
        if (heard == BIG)
            result = 0;
    }
    stream_close(stream);
    if (await_task(task) == -1)
        result = -1;
    return result;
}

static long
synchronisation(void)
{
    struct lock lock;
    struct semaphore places;
    struct event event;
    struct queue queue;
    long zero = 0, results[2];
    void *item;
    long result = -1;

    lock_init(&lock);
    semaphore_init(&places, 1);
    event_init(&event);
    check(queue_init(&queue, 1) == 0, "queue_init");
    struct task *holder = start("holder", hold_lock, &lock);
    struct task *two[2] = { start("a", return_it, &zero), start("b", return_it, &zero) };
    if (await_gather(two, 2, results) == 0 && await_lock(&lock) == 0) {
        unlock(&lock);
        event_set(&event);
        if (await_event(&event) == 0 && await_acquire(&places) == 0) {
            semaphore_release(&places);
            if (await_put(&queue, &queue) == 0 && await_get(&queue, &item) == 0)
                result = 0;
        }
    }
    if (await_task(holder) == -1)
        result = -1;
    queue_free(&queue);
    return result;
}

static long
everything(void *arg)
{
    long *done = arg;

    if (synchronisation() == -1 || network() == -1 || streams() == -1)
        return -1;
    if (await_within(start("inner", sleep_long, NULL), 0.001) == 0 || errno != ETIMEDOUT)
        return -1;
    *done = 1;
    return await_turn();
}

struct attempt {
    unsigned long k; /* at which await */
    bool cancelled;
    long done;
};

/* Cancels `everything` while it is in its k-th await. */
static long
cancel_it(void *arg)
{
    struct attempt *attempt = arg;
    struct task *victim = start("victim", everything, &attempt->done);

    if (attempt->k == 0)
        attempt->cancelled = task_cancel(victim);
    while (!victim->future.done && !attempt->cancelled) {
        if (victim->waits == attempt->k && victim->awaits != NULL)
            attempt->cancelled = task_cancel(victim);
        else
            await_turn();
    }
    if (await_task(victim) == -1 && !attempt->cancelled)
        check(false, "it fails by itself");
    return 0;
}

static unsigned long
cancel_everywhere(void)
{
    size_t before = open_descriptors();

    for (unsigned long k = 0;; k++) {
        struct attempt attempt = { .k = k };

        check(task_run(start("attempt", cancel_it, &attempt)) == 0, "the attempt");
        tasks_end(loop);
        check(tasks_alive() == 0, "no task is left");
        check(open_descriptors() == before, "no descriptor is left open");
        if (!attempt.cancelled) {
            check(attempt.done == 1, "without a cancel it comes to its end");
            return k;
        }
    }
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    loop = loop_open(MAX_FDS);
    check(loop != NULL, "loop_open");
    task_run(start("results", test_results, NULL));
    task_run(start("limit", test_limit, NULL));
    task_run(start("recv_until", test_recv_until, NULL));
    printf("cancelled at each of %lu awaits\n", cancel_everywhere());
    tasks_end(loop);
    loop_close(loop);
    return 0;
}
