/*
 * fold.h -- many calls, few lines. A call that is like one told a moment ago is counted, not
 * told: what a busy loop asks a million times becomes one beat with a count.
 */
#ifndef ECHOLAB_FOLD_H
#define ECHOLAB_FOLD_H

#include "story.h"

#define FOLD_KEYS 64

/* Calls that look alike: same task, same call, same client, same outcome. */
struct fold_key {
    struct beat first, last; /* the first stands for all of them */
    long times;              /* like it since, and not told */
    long long bytes;
};

struct fold {
    void (*tell)(void *ctx, const struct beat *beat);
    void *ctx;
    struct fold_key keys[FOLD_KEYS];
    int n_keys;
    long long counting_since; /* ns; 0: nothing is counted */
    long long patience;       /* ns that a count may grow untold; doubles and more */
    struct beat asleep;       /* the last sleep that was told */
    bool quiet;               /* nothing but counts was told since */
    struct beat held;         /* the recv() that may go on; times 0: none */
};

/* Tells the beat, at once or as part of a later one. */
void fold_beat(struct fold *fold, const struct beat *beat);

/* Tells what was counted for too long. To be called now and then. */
void fold_tick(struct fold *fold, long long now);

/* Tells all that is left. */
void fold_flush(struct fold *fold);

#endif
