/* track.c -- what the server did, read from its trace. */
#include "track.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain.h"

#define CELLS 2000 /* a nap shorter than this part of the whole is seen by nobody */

void
track_begin(struct track *track, double offset)
{
    *track = (struct track){ .offset = offset, .calls = -1, .n_tasks = 1 };
    track->tasks[0] = (struct track_task){ .number = 1, .born = offset, .gone = STILL };
}

void
track_free(struct track *track)
{
    free(track->naps);
    free(track->deeds);
    *track = (struct track){ .calls = -1 };
}

static void
copy_text(char *out, size_t room, const struct json *line, const char *name)
{
    const struct json *member = json_member(line, name);
    bool text = member != NULL && member->type == JSON_STRING;

    snprintf(out, room, "%s", text ? member->text : "");
    make_plain(out);
}

/* "127.0.0.1:5000" is port 5000; 0 when the line names nobody. */
static int
port_in(const struct json *line)
{
    const struct json *peer = json_member(line, "peer");
    const char *colon = peer != NULL && peer->type == JSON_STRING ? strrchr(peer->text, ':') :
        NULL;

    return colon != NULL ? atoi(colon + 1) : 0;
}

static int
task_index(struct track *track, int number, double at)
{
    for (int i = 0; i < track->n_tasks; i++)
        if (track->tasks[i].number == number)
            return i;
    if (track->n_tasks == TRACK_TASKS)
        return TRACK_TASKS - 1;
    track->tasks[track->n_tasks] = (struct track_task){ .number = number, .born = at,
                                                        .gone = STILL };
    return track->n_tasks++;
}

/* Grows a list by doubling; returns it, or ends the program without memory. */
static void *
grown(void *list, size_t n, size_t size)
{
    if (n != 0 && (n & (n - 1)) != 0)
        return list;
    list = realloc(list, (n == 0 ? 1 : 2 * n) * size);
    if (list == NULL)
        err(1, "no memory for the trace");
    return list;
}

/* The list of naps is full: those that no picture could show go. */
static void
thin_out(struct track *track)
{
    while (track->n_naps > TRACK_NAPS / 2) {
        size_t kept = 0;

        track->shortest = track->shortest > 0 ? 2 * track->shortest : track->end / CELLS;
        if (track->shortest <= 0)
            track->shortest = 1e-6;
        for (size_t i = 0; i < track->n_naps; i++) {
            const struct nap *nap = &track->naps[i];

            if (nap->to == STILL || nap->to - nap->from >= track->shortest)
                track->naps[kept++] = *nap;
        }
        track->n_naps = kept;
    }
}

/* The nap that the task is in; NULL when it is awake. */
static struct nap *
open_nap(const struct track *track, int task)
{
    size_t oldest = track->n_naps > 4 * TRACK_TASKS ? track->n_naps - 4 * TRACK_TASKS : 0;

    for (size_t i = track->n_naps; i > oldest; i--)
        if (track->naps[i - 1].task == task)
            return track->naps[i - 1].to == STILL ? &track->naps[i - 1] : NULL;
    return NULL;
}

static void
add_nap(struct track *track, const struct json *line, int task, double from, double to)
{
    struct nap *nap;

    if (to - from < track->shortest)
        return;
    if (track->n_naps >= TRACK_NAPS)
        thin_out(track);
    /* Thinning keeps the room: realloc() only where n is a power of two again. */
    track->naps = grown(track->naps, track->n_naps, sizeof(*track->naps));
    nap = &track->naps[track->n_naps++];
    *nap = (struct nap){ .task = task, .from = from, .to = to, .port = port_in(line) };
    copy_text(nap->call, sizeof(nap->call), line, "call");
    copy_text(nap->who, sizeof(nap->who), line, "who");
}

static void
add_deed(struct track *track, const struct json *line, enum deed_kind kind, double at)
{
    struct deed *deed;

    if (track->n_deeds >= TRACK_DEEDS) {
        track->dropped++;
        return;
    }
    track->deeds = grown(track->deeds, track->n_deeds, sizeof(*track->deeds));
    deed = &track->deeds[track->n_deeds++];
    *deed = (struct deed){ .at = at, .port = port_in(line), .waited = -1 };
    deed->kind = kind;
    copy_text(deed->who, sizeof(deed->who), line, "who");
    copy_text(deed->because, sizeof(deed->because), line, "because");
    if (kind == DEED_SEND)
        deed->waited = json_member_real(line, "waited", -1);
}

/* A call has ended: the nap in it is over, and a client may have been served. */
static void
take_call(struct track *track, const struct json *line, int task, double at)
{
    double slept = json_member_real(line, "slept", 0);
    struct nap *nap = open_nap(track, task);
    const struct json *call = json_member(line, "call");
    long long result = json_member_integer(line, "result", -1);

    if (nap != NULL)
        nap->to = at;
    else if (slept > 0)
        add_nap(track, line, task, at - slept, at);
    if (json_member(line, "who") == NULL || result < 0 || call == NULL)
        return;
    if (json_is(call, "accept") || json_is(call, "accept4"))
        add_deed(track, line, DEED_ACCEPT, at);
    else if (json_is(call, "recv") || json_is(call, "read") || json_is(call, "recvmsg") ||
             json_is(call, "readv"))
        add_deed(track, line, result > 0 ? DEED_RECV : DEED_EOF, at);
    else if (json_is(call, "send") || json_is(call, "write") || json_is(call, "sendmsg") ||
             json_is(call, "writev"))
        add_deed(track, line, DEED_SEND, at);
}

void
track_line(struct track *track, const struct json *line)
{
    const struct json *event = json_member(line, "event");
    double at = json_member_real(line, "t", 0) + track->offset;
    int task = task_index(track, (int)json_member_integer(line, "task", 1), at);

    if (at > track->end)
        track->end = at;
    if (json_is(event, "asleep")) {
        if (open_nap(track, task) == NULL)
            add_nap(track, line, task, at, STILL);
    } else if (json_is(event, "call")) {
        take_call(track, line, task, at);
    } else if (json_is(event, "task")) {
        track->tasks[task].thread = json_member(line, "thread") != NULL &&
            json_member(line, "thread")->type == JSON_TRUE;
    } else if (json_is(event, "gone")) {
        struct nap *nap = open_nap(track, task);

        if (nap != NULL)
            nap->to = at;
        track->tasks[task].gone = at;
    } else if (json_is(event, "end")) {
        track->calls = json_member_integer(line, "all_calls", -1);
        track->serving = json_member_integer(line, "serving_calls", -1);
    }
}

void
track_trim(struct track *track)
{
    int places[TRACK_TASKS], n_tasks = 0; /* where each task goes; -1: nowhere */
    size_t n = 0;

    for (int i = 0; i < track->n_tasks; i++) {
        struct track_task task = track->tasks[i];

        places[i] = task.gone > 0 ? n_tasks : -1;
        if (task.gone <= 0)
            continue;
        if (task.born < 0)
            task.born = 0;
        track->tasks[n_tasks++] = task;
    }
    track->n_tasks = n_tasks;
    for (size_t i = 0; i < track->n_naps; i++) {
        struct nap nap = track->naps[i];

        if (places[nap.task] == -1 || nap.to <= 0)
            continue;
        nap.task = places[nap.task];
        if (nap.from < 0)
            nap.from = 0;
        track->naps[n++] = nap;
    }
    track->n_naps = n;
}
