/*
 * story.h -- from system calls to who waits for whom. Every call of the server becomes a
 * beat: what happened, to which client, how long the server slept, and, when somebody hears
 * back, after how long and because of whom.
 */
#ifndef ECHOLAB_STORY_H
#define ECHOLAB_STORY_H

#include <stdbool.h>

#include "decode.h"
#include "tracer.h"

#define SLEEPS_KEPT 1024
#define SHORT_WAIT 100000000LL /* ns: who waits no longer than this has not waited */

enum beat_kind {
    BEAT_ASLEEP, /* a call sleeps */
    BEAT_CALL,   /* a call has ended */
    BEAT_REPEAT, /* the same call again and again, counted */
    BEAT_CAME,   /* a thread or process began */
    BEAT_GONE,   /* ... ended */
    BEAT_SIGNAL,
    BEAT_QUEUED, /* clients wait to be accepted */
    BEAT_UNREAD  /* a client's bytes lie unread */
};

/* Why somebody waited: for whom the server slept meanwhile, how often, how long. */
struct blame {
    const struct actor *who;  /* NULL: for nobody's bytes */
    enum call_kind kind;       /* in which call it slept */
    int times;
    long long ns, busy;        /* asleep there; awake all the while */
    const struct actor *worked_for; /* who was heard before it was busy */
};

struct beat {
    enum beat_kind kind;
    long long at;              /* ns on the monotonic clock */
    int task;                  /* its number */
    pid_t tid;
    bool thread;
    struct call call;          /* ASLEEP, CALL, REPEAT */
    const struct actor *client;
    const struct actor *other; /* ASLEEP: somebody who lies unread meanwhile, or NULL */
    int others;                /* ASLEEP: how many others are connected, and unheard */
    bool again;                /* ASLEEP in recv: the client was heard before */
    long long slept;           /* CALL: ns; 0: it returned at once */
    long times;                /* REPEAT; CALL: how many were taken together */
    long long bytes;           /* REPEAT, UNREAD */
    long long waited;          /* CALL, a send: ns since its client typed; -1: no answer */
    struct blame blame;
    int queued;                /* QUEUED */
    int status, sig;           /* GONE, SIGNAL */
};

/* One sleep that is over. */
struct slept {
    int task;
    enum call_kind kind;
    const struct actor *on;
    long long begin, end;
};

struct story {
    struct decoder decoder;
    pid_t server;
    long long zero;            /* when the program began */
    struct slept sleeps[SLEEPS_KEPT];
    unsigned long n_sleeps;
    int tasks, most_tasks;     /* alive now; at most */
    long long sampled, period; /* ns: the last look at the kernel's table, the pause between two */
    unsigned long sample;      /* how many looks so far */
    int present, queued;       /* clients at the last look: all, and not accepted */
    int queued_before, queued_told;
    struct actor *in_queue;   /* one of those not accepted, with a name; NULL: none */
    struct actor *unread;     /* of those with bytes unread at the last look, the eldest */
    const struct actor *last_heard, *heard_before; /* never the same */

    /* For the summary. */
    int accepted;
    long long serving;         /* system calls since the first client was accepted */
    long long bytes_in, bytes_out, longest;
    const struct actor *longest_of;
};

/* A call sleeps: fills *beat, ready to be told on. */
void story_asleep(struct story *story, struct task *task, struct beat *beat);

/* A call has ended: the same. */
void story_left(struct story *story, struct task *task, struct beat *beat);

/* Begins *beat: kind, time and task. */
void story_beat(struct beat *beat, enum beat_kind kind, const struct task *task);

/*
 * Looks for clients in the queue and bytes unread, when it is time to. Calls tell() for
 * what is new since.
 */
void story_look(struct story *story, long long now,
                void (*tell)(void *ctx, struct beat *beat), void *ctx);

#endif
