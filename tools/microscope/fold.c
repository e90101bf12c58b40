/* fold.c -- many calls, few lines. */
#include "fold.h"

#include <errno.h>
#include <string.h>

#define MS 1000000LL
#define RECENT (50 * MS)       /* alike and no further apart: not told again */
#define HOLD (20 * MS)         /* how long a recv() is held back for the next */
#define FIRST_PATIENCE (1000 * MS)
#define PATIENCE_GROWS 10

static bool
alike(const struct beat *a, const struct beat *b)
{
    return a->task == b->task && a->call.nr == b->call.nr && a->client == b->client &&
        a->call.fd == b->call.fd && a->call.error == b->call.error &&
        (a->call.result > 0) == (b->call.result > 0);
}

/* Did the call achieve nothing, so that only its number is of interest? */
static bool
in_vain(const struct beat *beat)
{
    return beat->call.error == EAGAIN || beat->call.error == EINTR ||
        (waits_for_many(beat->call.kind) && beat->call.result == 0);
}

static void
tell(struct fold *fold, const struct beat *beat)
{
    fold->quiet = beat->kind == BEAT_REPEAT ? fold->quiet : false;
    fold->tell(fold->ctx, beat);
}

/* Tells the counts, and begins to count anew. */
static void
tell_counts(struct fold *fold)
{
    for (int i = 0; i < fold->n_keys; i++) {
        struct fold_key *key = &fold->keys[i];
        struct beat beat = key->first;

        if (key->times == 0)
            continue;
        if (key->times > 1 || in_vain(&key->first)) {
            beat.kind = BEAT_REPEAT;
            beat.times = key->times;
            beat.bytes = key->bytes;
            beat.at = key->last.at;
        } else {
            beat = key->last; /* once is no repetition */
        }
        key->times = 0;
        key->bytes = 0;
        tell(fold, &beat);
    }
    fold->counting_since = 0;
}

/* A sleep that is told once need not be told again until something else happened. */
static void
tell_sleep(struct fold *fold, const struct beat *beat)
{
    const struct beat *last = &fold->asleep;

    if (fold->quiet && last->task == beat->task && last->call.nr == beat->call.nr &&
        last->client == beat->client && last->other == beat->other)
        return;
    tell_counts(fold);
    tell(fold, beat);
    fold->asleep = *beat;
    fold->quiet = true;
}

static struct fold_key *
key_of(struct fold *fold, const struct beat *beat)
{
    for (int i = 0; i < fold->n_keys; i++)
        if (alike(&fold->keys[i].first, beat))
            return &fold->keys[i];
    return NULL;
}

static void
count(struct fold *fold, struct fold_key *key, const struct beat *beat)
{
    key->times += beat->times;
    key->bytes += beat->call.result > 0 ? beat->call.result : 0;
    key->last = *beat;
    if (fold->counting_since == 0)
        fold->counting_since = beat->at;
    if (fold->patience == 0)
        fold->patience = FIRST_PATIENCE;
}

/* The call did not sleep: is it news? */
static void
fold_call(struct fold *fold, const struct beat *beat)
{
    struct fold_key *key = key_of(fold, beat);
    bool late = beat->waited > SHORT_WAIT;

    if (key != NULL && !late && (in_vain(beat) || beat->at - key->last.at < RECENT)) {
        count(fold, key, beat);
        return;
    }
    tell_counts(fold);
    if (key == NULL) {
        if (fold->n_keys == FOLD_KEYS)
            fold->n_keys = 0;
        key = &fold->keys[fold->n_keys++];
        *key = (struct fold_key){ .first = *beat };
    }
    key->last = *beat;
    tell(fold, beat);
}

/* A recv() with bytes, and the recv() before it: half a line each, told as one. */
static bool
goes_on(const struct beat *held, const struct beat *next)
{
    return held->times > 0 && next->call.kind == CALL_RECV && next->call.result > 0 &&
        next->call.error == 0 && next->client != NULL && alike(held, next) &&
        next->slept == 0 && next->at - held->at < HOLD;
}

static void
join(struct beat *held, const struct beat *next)
{
    size_t room = CALL_DATA - held->call.kept;
    size_t n = next->call.kept < room ? next->call.kept : room;

    memcpy(held->call.data + held->call.kept, next->call.data, n);
    held->call.kept += n;
    held->call.result += next->call.result;
    held->times++;
    held->at = next->at;
}

/* Sends a call on its way: told whole when it slept, else maybe counted. */
static void
pass(struct fold *fold, const struct beat *beat, bool slept)
{
    if (slept && !in_vain(beat)) {
        tell_counts(fold);
        fold->n_keys = 0;
        fold->patience = 0;
        tell(fold, beat);
    } else {
        fold_call(fold, beat);
    }
}

static void
release(struct fold *fold)
{
    struct beat held = fold->held;

    fold->held.times = 0;
    if (held.times > 0)
        pass(fold, &held, held.slept > 0);
}

void
fold_beat(struct fold *fold, const struct beat *beat)
{
    bool call = beat->kind == BEAT_CALL;

    if (call && goes_on(&fold->held, beat)) {
        join(&fold->held, beat);
        return;
    }
    release(fold);
    if (call && beat->call.kind == CALL_RECV && beat->call.result > 0 && beat->client != NULL) {
        fold->held = *beat;
    } else if (call) {
        pass(fold, beat, beat->slept > 0);
    } else if (beat->kind == BEAT_ASLEEP) {
        tell_sleep(fold, beat);
    } else {
        tell_counts(fold);
        tell(fold, beat);
    }
}

void
fold_tick(struct fold *fold, long long now)
{
    if (fold->held.times > 0 && now - fold->held.at >= HOLD)
        release(fold);
    if (fold->counting_since == 0 || now - fold->counting_since < fold->patience)
        return;
    tell_counts(fold);
    fold->patience *= PATIENCE_GROWS;
}

void
fold_flush(struct fold *fold)
{
    release(fold);
    tell_counts(fold);
}
