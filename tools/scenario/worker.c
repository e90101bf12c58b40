/* worker.c -- scenarios in processes of their own, and the pipe that tells of them. */
#include "worker.h"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "launch.h"

#define LOOK_MS 100
#define SPARE_MS 30000 /* beside its limit, a worker needs this to start and stop servers */
#define LEAVE_MS 6000  /* a worker that is told to stop gets so long */
#define MOST_AT_ONCE 16

/* What goes through the pipe: this, then `size` bytes. */
struct message {
    enum message_kind { EVENTS, OUTCOME, RESULTS } kind;
    size_t size;
};

static volatile sig_atomic_t caught;

static void
on_signal(int number)
{
    caught = number;
    player_interrupt();
}

/* In the worker: the end of the pipe, and how many events have gone through it. */
static int tell_fd = -1;
static size_t told_events;

static void
tell(enum message_kind kind, const void *bytes, size_t size)
{
    struct message message = { .kind = kind, .size = size };
    const char *parts[] = { (const char *)&message, bytes };
    size_t sizes[] = { sizeof(message), size };

    for (int i = 0; i < 2; i++)
        for (size_t done = 0; done < sizes[i];) {
            ssize_t n = write(tell_fd, parts[i] + done, sizes[i] - done);

            if (n == -1 && errno != EINTR)
                _exit(1); /* nobody listens any more */
            done += n > 0 ? (size_t)n : 0;
        }
}

static void
tell_events(const struct eventlog *log)
{
    size_t n = log->n - told_events;

    if (n > 0)
        tell(EVENTS, log->events + told_events, n * sizeof(*log->events));
    told_events = log->n;
}

static void
look_and_tell(struct player *player)
{
    tell_events(&player->outcome->log);
}

/* The worker's whole life. */
_Noreturn static void
play_and_tell(const struct worker *worker, int fd)
{
    struct outcome outcome;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    tell_fd = fd;
    launch_prepare();
    if (play_scenario(worker->scenario, &worker->target, worker->limit_ms, look_and_tell,
                      &outcome) == -1)
        _exit(1);
    tell_events(&outcome.log);
    tell(RESULTS, outcome.results, outcome.n_results * sizeof(*outcome.results));
    tell(OUTCOME, &outcome, sizeof(outcome));
    outcome_free(&outcome);
    _exit(0);
}

/* Returns 0; -1 when there is no process or descriptor for it: then it is over, and lost. */
static int
start(struct worker *worker)
{
    int ends[2];
    pid_t pid;

    worker->progress = OVER;
    worker->lost = true;
    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        play_and_tell(worker, ends[1]);
    }
    close(ends[1]);
    if (pid == -1) {
        close(ends[0]);
        return -1;
    }
    worker->fd = ends[0];
    worker->pid = pid;
    worker->began = now_s();
    worker->progress = PLAYS;
    worker->lost = false;
    return 0;
}

static void
take_message(struct worker *worker, const struct message *message, const char *bytes)
{
    struct outcome *outcome = &worker->outcome;
    struct eventlog log = outcome->log;
    struct result *results = outcome->results;
    void *grown;

    switch (message->kind) {
    case EVENTS:
        grown = realloc(log.events, log.n * sizeof(*log.events) + message->size);
        if (grown == NULL)
            return;
        log.events = grown;
        memcpy(log.events + log.n, bytes, message->size);
        log.n += message->size / sizeof(*log.events);
        /* The events come late by some moments; the exact moment comes with the outcome. */
        if (log.n > 0 && (log.began == 0 || now_s() - log.events[log.n - 1].at < log.began))
            log.began = now_s() - log.events[log.n - 1].at;
        outcome->log = log;
        break;
    case RESULTS:
        outcome->results = malloc(message->size);
        if (outcome->results != NULL)
            memcpy(outcome->results, bytes, message->size);
        break;
    case OUTCOME: /* its pointers are those of the worker; keep ours */
        log.dropped = ((const struct outcome *)(const void *)bytes)->log.dropped;
        log.began = ((const struct outcome *)(const void *)bytes)->log.began;
        memcpy(outcome, bytes, sizeof(*outcome));
        outcome->log = log;
        outcome->results = results;
        worker->progress = OVER;
        break;
    }
}

/* Takes whole messages out of what was heard. */
static void
take_messages(struct worker *worker)
{
    size_t at = 0;
    struct message message;

    while (worker->n_heard - at >= sizeof(message)) {
        char *aligned;

        memcpy(&message, worker->heard + at, sizeof(message));
        if (worker->n_heard - at - sizeof(message) < message.size)
            break;
        aligned = malloc(message.size + 1);
        if (aligned != NULL) {
            memcpy(aligned, worker->heard + at + sizeof(message), message.size);
            take_message(worker, &message, aligned);
        }
        free(aligned);
        at += sizeof(message) + message.size;
    }
    worker->n_heard -= at;
    memmove(worker->heard, worker->heard + at, worker->n_heard);
}

/* Ends a worker that is over, or lost. */
static void
finish(struct worker *worker)
{
    worker->lost = worker->progress != OVER || worker->outcome.results == NULL;
    if (worker->lost)
        kill(worker->pid, SIGKILL);
    waitpid(worker->pid, NULL, 0);
    close(worker->fd);
    free(worker->heard);
    worker->heard = NULL;
    worker->progress = OVER;
    worker->pid = 0;
}

static void
hear(struct worker *worker)
{
    size_t room = worker->n_heard + 65536;
    ssize_t n;

    if (worker->room < room) {
        char *heard = realloc(worker->heard, room);

        if (heard == NULL) {
            finish(worker);
            return;
        }
        worker->heard = heard;
        worker->room = room;
    }
    n = read(worker->fd, worker->heard + worker->n_heard, worker->room - worker->n_heard);
    if (n > 0) {
        worker->n_heard += (size_t)n;
        take_messages(worker);
    } else if (n == 0 || errno != EINTR) {
        finish(worker);
    }
}

/* Waits for news of the workers that play. Returns how many still do. */
static unsigned
hear_all(struct worker *workers, size_t n)
{
    struct pollfd fds[MOST_AT_ONCE];
    struct worker *who[MOST_AT_ONCE];
    nfds_t playing = 0;
    unsigned left = 0;

    for (size_t i = 0; i < n && playing < MOST_AT_ONCE; i++) {
        if (workers[i].pid == 0)
            continue;
        who[playing] = &workers[i];
        fds[playing++] = (struct pollfd){ .fd = workers[i].fd, .events = POLLIN };
    }
    if (poll(fds, playing, LOOK_MS) == -1)
        return (unsigned)playing;
    for (nfds_t i = 0; i < playing; i++) {
        if (fds[i].revents != 0)
            hear(who[i]);
        if (who[i]->pid != 0 && now_s() > who[i]->began + (who[i]->limit_ms + SPARE_MS) / 1e3)
            finish(who[i]);
        left += who[i]->pid != 0;
    }
    return left;
}

/* The next job that may begin now; NULL when none may. */
static struct worker *
next_job(struct worker *workers, size_t n, unsigned playing, unsigned at_once)
{
    struct worker *alone = NULL;

    for (size_t i = 0; i < n; i++) {
        if (workers[i].progress != WAITS)
            continue;
        if (!workers[i].scenario->alone)
            return playing < at_once ? &workers[i] : NULL;
        if (alone == NULL)
            alone = &workers[i];
    }
    return playing == 0 ? alone : NULL;
}

/* Tells all workers to stop, and sees to it that they do. */
static void
stop_all(struct worker *workers, size_t n)
{
    double end = now_s() + LEAVE_MS / 1e3;

    for (size_t i = 0; i < n; i++)
        if (workers[i].pid != 0)
            kill(workers[i].pid, SIGTERM);
    while (now_s() < end && hear_all(workers, n) > 0)
        ;
    for (size_t i = 0; i < n; i++)
        if (workers[i].pid != 0)
            finish(&workers[i]);
}

int
workers_play(struct worker *workers, size_t n, unsigned at_once, void (*look)(void *),
             void *context)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct worker *job;
    unsigned playing = 0;
    double next_look = 0;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (caught == 0) {
        while ((job = next_job(workers, n, playing, at_once)) != NULL)
            playing += start(job) == 0;
        if (playing == 0)
            break;
        playing = hear_all(workers, n);
        if (look != NULL && now_s() >= next_look) {
            next_look = now_s() + LOOK_MS / 1e3;
            look(context);
        }
    }
    stop_all(workers, n);
    server_sweep();
    return caught;
}

void
workers_free(struct worker *workers, size_t n)
{
    for (size_t i = 0; i < n; i++)
        outcome_free(&workers[i].outcome);
}
