/* player.h -- plays a scenario against a server, and keeps what was seen. */
#ifndef ECHOLAB_PLAYER_H
#define ECHOLAB_PLAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "crowd.h"
#include "eventlog.h"
#include "scenario.h"
#include "server.h"

/* What became of a step. */
enum verdict {
    NOT_REACHED, /* the time was over, or the server never listened */
    DONE,        /* it asked for nothing */
    HOLDS,
    FAILS
};

struct result {
    enum verdict verdict;
    double began, ended; /* seconds since the scenario began */
    unsigned times;      /* how often it was played: more than once in a repeat */
    unsigned served;     /* members of the group for whom it held, the last time */
    double value;        /* what was measured: per cent of a core, bytes */
    char saw[160];       /* what was seen instead; empty when all was well */
};

/* What became of a scenario. */
struct outcome {
    enum started started;
    char problem[256];       /* why the server did not listen */
    struct result *results;  /* one a step */
    size_t n_results;
    bool held;               /* everything did */
    bool cut_short;          /* the limit for the whole scenario was reached */
    bool interrupted;        /* player_interrupt() was called */
    double took;             /* seconds */
    double longest_wait;     /* of any client for its echo, seconds */
    bool waits_still;        /* ... and its echo never came */
    int own_limit;           /* errno when the player itself ran out of something; 0: no */
    double own_cpu;          /* seconds that the player itself used */
    struct usage before;     /* by the server, when it had just begun to listen */
    struct usage measured;   /* at the step `server measure` */
    struct usage used;       /* at the end */
    char end_text[64];       /* how the server ended, when it did so by itself */
    char words[LAST_WORDS];  /* the last that it printed */
    struct eventlog log;
};

struct player {
    const struct scenario *scenario;
    const struct target *target;
    struct outcome *outcome;
    struct server server;
    struct crowd crowd;
    double end;  /* on the clock of now_s(): nothing goes on beyond */
    void (*look)(struct player *player); /* called many times a second; NULL: not at all */
    double next_look;
};

/*
 * Starts the target, plays the scenario within limit_ms, stops the target. The caller frees
 * with outcome_free(). Returns 0; -1 without memory or descriptors of our own.
 */
int play_scenario(const struct scenario *scenario, const struct target *target, int limit_ms,
                  void (*look)(struct player *player), struct outcome *outcome);

void outcome_free(struct outcome *outcome);

/* From a signal handler: the scenario that is played comes to its end now. */
void player_interrupt(void);

/* Inside the player: is the moment `end` past, or the scenario's own end? */
bool player_over(const struct player *player, double end);

/* Inside the player: lets things happen until the moment `end`, at most a short while. */
void player_turn(struct player *player, double end);

#endif
