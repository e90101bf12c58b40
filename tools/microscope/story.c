/*
 * story.c -- who waits for whom.
 *
 * When did bob type? No call of the server says so: his bytes came while it slept elsewhere.
 * The kernel knows: TCP_INFO says how long ago the last byte came, and a look at its table
 * every 50 ms sees bytes that lie unread, even of clients not yet accepted.
 */
#include "story.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "tcptable.h"

#define MS 1000000LL
#define LOOK_EVERY (50 * MS)
#define LOOK_SHARE 20          /* looking may take a twentieth of the time, not more */
#define COARSE (8 * MS)        /* TCP_INFO counts in steps of some ms */

void
story_beat(struct beat *beat, enum beat_kind kind, const struct task *task)
{
    *beat = (struct beat){ .kind = kind, .at = monotonic_ns(), .waited = -1, .times = 1 };
    if (task != NULL) {
        beat->task = task->number;
        beat->tid = task->tid;
        beat->thread = task->thread;
    }
}

static struct actor *
actor_of(const struct call *call)
{
    return call->on != NULL ? call->on->client : NULL;
}

/* How much of the i-th last sleep the client waited for, ns; 0 when it had no part in it. */
static long long
share_of(const struct story *story, unsigned long i, const struct actor *client, int task)
{
    const struct slept *slept = &story->sleeps[i % SLEEPS_KEPT];
    bool accepted = client->accepted_at != 0 && slept->end > client->accepted_at;

    /* Before the client had a task of its own it waited for the one that accepts. */
    if (slept->end <= client->typed || slept->on == client ||
        slept->task != (accepted ? task : client->accepted_by))
        return 0;
    return slept->end - (slept->begin > client->typed ? slept->begin : client->typed);
}

/* What did the task do between the moment when the client typed and its answer? */
static struct blame
find_blame(const struct story *story, const struct actor *client, int task, long long until)
{
    struct blame worst = { .times = 0 };
    long long asleep = 0;
    unsigned long oldest = story->n_sleeps > SLEEPS_KEPT ? story->n_sleeps - SLEEPS_KEPT : 0;

    for (unsigned long i = oldest; i < story->n_sleeps; i++) {
        const struct slept *slept = &story->sleeps[i % SLEEPS_KEPT];
        struct blame blame = { .who = slept->on, .kind = slept->kind };

        if (share_of(story, i, client, task) == 0)
            continue;
        asleep += share_of(story, i, client, task);
        for (unsigned long j = oldest; j < story->n_sleeps; j++) {
            const struct slept *other = &story->sleeps[j % SLEEPS_KEPT];

            if (other->on == slept->on && other->kind == slept->kind) {
                blame.ns += share_of(story, j, client, task);
                blame.times += share_of(story, j, client, task) > 0;
            }
        }
        if (blame.ns > worst.ns)
            worst = blame;
    }
    worst.busy = until - client->typed - asleep;
    return worst;
}

static void
remember_sleep(struct story *story, const struct task *task)
{
    const struct call *call = &task->call;

    if (!task->asleep)
        return;
    story->sleeps[story->n_sleeps++ % SLEEPS_KEPT] = (struct slept){
        .task = task->number, .kind = call->kind, .on = actor_of(call), .begin = call->begin,
        .end = call->end
    };
}

/* Bytes were heard. When did they come? */
static void
note_heard(struct story *story, const struct task *task, struct actor *client)
{
    const struct call *call = &task->call;
    long long came = call->end, quiet;

    if (!task->asleep) {
        quiet = quiet_ns(task->pid, call->fd);
        if (quiet > COARSE)
            came = call->end - quiet;
        if (client->unread_since != 0 && client->unread_since < came)
            came = client->unread_since;
    }
    if ((uint64_t)call->result < call->args[2])
        client->unread_since = 0; /* nothing is left behind it */
    client->typed = came;
    client->spoke = true;
    if (story->last_heard != client)
        story->heard_before = story->last_heard;
    story->last_heard = client;
    story->bytes_in += call->result;
}

static void
note_answered(struct story *story, const struct task *task, struct actor *client,
              struct beat *beat)
{
    const struct call *call = &task->call;

    story->bytes_out += call->result;
    if (client->typed == 0)
        return;
    beat->waited = call->end - client->typed;
    if (beat->waited > SHORT_WAIT)
        beat->blame = find_blame(story, client, task->number, call->end);
    beat->blame.worked_for = story->heard_before;
    client->typed = 0;
    if (beat->waited > story->longest || story->longest_of == NULL) {
        story->longest = beat->waited;
        story->longest_of = client;
    }
}

void
story_left(struct story *story, struct task *task, struct beat *beat)
{
    struct call *call = &task->call;
    struct actor *client;

    decode_end(&story->decoder, task->pid, call);
    story_beat(beat, BEAT_CALL, task);
    beat->at = call->end;
    client = actor_of(call);
    beat->slept = task->asleep ? call->end - call->begin : 0;
    remember_sleep(story, task);
    if (call->kind == CALL_ACCEPT && call->error == 0 && client != NULL) {
        client->accepted_by = task->number;
        client->accepted_at = call->end;
        story->accepted++;
    } else if (client != NULL && call->kind == CALL_RECV && call->result > 0) {
        note_heard(story, task, client);
    } else if (client != NULL && call->kind == CALL_SEND && call->result > 0) {
        note_answered(story, task, client, beat);
    } else if (client != NULL && call->kind == CALL_RECV && call->error == EAGAIN) {
        client->unread_since = 0;
    }
    beat->client = client;
    beat->call = *call;
}

/*
 * Takes one row in. A client that nobody has accepted yet gets its name here, unless
 * several came since the last look: then accept() will tell their order.
 */
static void
look_at_client(struct story *story, const struct tcp_row *row, bool may_name, long long now)
{
    struct actor *client = find_actor(&story->decoder.cast, &row->remote);

    story->present++;
    if (client == NULL && (!may_name || row->inode != 0))
        return;
    if (client == NULL)
        client = actor_at(&story->decoder.cast, &row->remote);
    client->looked = story->sample;
    if (row->inode == 0)
        story->in_queue = client;
    client->unread = row->unread;
    if (row->unread == 0)
        client->unread_since = 0;
    else if (client->unread_since == 0)
        client->unread_since = row->quiet > COARSE ? now - row->quiet : now;
    if (row->unread > 0 && (story->unread == NULL || client->number < story->unread->number))
        story->unread = client;
}

static bool
is_client_row(const struct tcp_row *row)
{
    return row->state == TCP_STATE_ESTABLISHED || row->state == TCP_STATE_CLOSE_WAIT;
}

/* Looks at the clients of one port. */
static void
look_at_port(struct story *story, int port, long long now)
{
    size_t n = 0, strangers = 0, queued = 0;
    struct tcp_row *rows = tcp_table(story->server, port, &n);

    for (size_t i = 0; i < n; i++)
        if (is_client_row(&rows[i]) && rows[i].inode == 0 && ++queued > 0)
            strangers += find_actor(&story->decoder.cast, &rows[i].remote) == NULL;
    story->queued += (int)queued;
    for (size_t i = 0; i < n; i++)
        if (is_client_row(&rows[i]))
            look_at_client(story, &rows[i], strangers == 1, now);
    free(rows);
}

/* What this program has computed so far; on a busy machine the clock would say more. */
static long long
cpu_ns(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * 1000 * MS + used.tv_nsec;
}

/* The clients that a look saw carry its number. */
static void
look(struct story *story, long long now)
{
    long long began = cpu_ns();

    story->sampled = now;
    story->sample++;
    story->queued_before = story->queued;
    story->queued = 0;
    story->present = 0;
    story->unread = story->in_queue = NULL;
    for (int i = 0; i < LISTENERS && story->decoder.cast.ports[i] != 0; i++)
        look_at_port(story, story->decoder.cast.ports[i], now);
    story->period = (cpu_ns() - began) * LOOK_SHARE;
    if (story->period < LOOK_EVERY)
        story->period = LOOK_EVERY;
}

void
story_look(struct story *story, long long now, void (*tell)(void *ctx, struct beat *beat),
           void *ctx)
{
    struct actor *client = story->unread;
    struct beat beat;

    if (story->decoder.cast.ports[0] == 0 || now - story->sampled < story->period)
        return;
    look(story, now);
    /* What lasts from one look to the next is worth a line; what passes is not. */
    if (story->queued != story->queued_told && story->queued == story->queued_before) {
        story->queued_told = story->queued;
        story_beat(&beat, BEAT_QUEUED, NULL);
        beat.queued = story->queued;
        beat.client = story->queued == 1 ? story->in_queue : NULL;
        if (story->queued > 0)
            tell(ctx, &beat);
    }
    if (client != NULL && client == story->unread && client->unread_since < story->sampled &&
        client->unread_told != client->unread_since) {
        client->unread_told = client->unread_since;
        story_beat(&beat, BEAT_UNREAD, NULL);
        beat.client = client;
        beat.bytes = client->unread;
        tell(ctx, &beat);
    }
}

void
story_asleep(struct story *story, struct task *task, struct beat *beat)
{
    struct actor *client = actor_of(&task->call);

    if (story->decoder.cast.ports[0] != 0)
        look(story, monotonic_ns());
    story_beat(beat, BEAT_ASLEEP, task);
    beat->at = task->call.begin;
    beat->call = task->call;
    beat->client = client;
    beat->again = client != NULL && client->spoke;
    if (story->tasks > 1)
        return; /* others may serve them meanwhile */
    beat->others = story->present - (client != NULL && client->looked == story->sample);
    if (story->unread != client)
        beat->other = story->unread;
}
