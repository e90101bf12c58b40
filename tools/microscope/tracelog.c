/* tracelog.c -- the beats of a trace as JSON lines. */
#include "tracelog.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "phrases.h"

/* One line: it is written into memory first, so that it leaves as a whole. */
struct line {
    char *text;
    size_t len;
    struct json_writer w;
};

/* Seconds, to the microsecond. */
static void
put_seconds(struct line *line, const char *name, long long ns)
{
    json_put_real(&line->w, name, (double)(ns / 1000) / 1e6);
}

static void
begin(struct line *line, const struct story *story, long long at, const char *event)
{
    *line = (struct line){ .text = NULL };
    line->w.out = open_memstream(&line->text, &line->len);
    if (line->w.out == NULL)
        err(1, "no memory for a line");
    json_open(&line->w, NULL, '{');
    put_seconds(line, "t", at - story->zero);
    json_put_string(&line->w, "event", event);
}

static void
end(struct line *line, struct outbox *out)
{
    json_close(&line->w, '}');
    if (fclose(line->w.out) == EOF)
        err(1, "no memory for a line");
    outbox_line(out, line->text);
    free(line->text);
}

static void
put_ready(struct line *line, const struct call *call)
{
    json_open(&line->w, "ready", '[');
    for (int i = 0; i < call->n_ready; i++)
        json_put_string(&line->w, NULL, call->ready[i]->kind == END_LISTENER ? "listener" :
                        end_name(call->ready[i]));
    json_close(&line->w, ']');
}

static void
put_waited(struct line *line, const struct beat *beat)
{
    char text[96];

    if (beat->waited < 0)
        return;
    put_seconds(line, "waited", beat->waited);
    if (*blame_words(text, sizeof(text), beat) != '\0')
        json_put_string(&line->w, "because", text);
}

static void
put_call(struct line *line, const struct beat *beat)
{
    const struct call *call = &beat->call;

    json_put_string(&line->w, "call", call->name != NULL ? call->name : "unknown");
    if (call->fd >= 0)
        json_put_integer(&line->w, "fd", call->fd);
    if (beat->kind == BEAT_ASLEEP)
        return;
    if (call->error != 0)
        json_put_string(&line->w, "error", errno_name(call->error));
    else
        json_put_integer(&line->w, "result", call->result);
    if (beat->times > 1)
        json_put_integer(&line->w, "times", beat->times);
    if (beat->kind == BEAT_REPEAT) {
        json_put_integer(&line->w, "bytes", beat->bytes);
        return;
    }
    put_seconds(line, "slept", beat->slept);
    if (call->kept > 0)
        json_put_bytes(&line->w, "data", call->data, call->kept);
    if (waits_for_many(call->kind) && call->error == 0)
        put_ready(line, call);
    if (call->queued > 0)
        json_put_integer(&line->w, "queued", call->queued);
    put_waited(line, beat);
}

void
tracelog_start(struct outbox *out, const struct story *story)
{
    struct line line;

    begin(&line, story, story->zero, "start");
    json_put_integer(&line.w, "clock", story->zero);
    json_put_integer(&line.w, "pid", story->server);
    end(&line, out);
}

void
tracelog_beat(struct outbox *out, const struct story *story, const struct beat *beat)
{
    static const char *const names[] = {
        [BEAT_ASLEEP] = "asleep", [BEAT_CALL] = "call", [BEAT_REPEAT] = "repeat",
        [BEAT_CAME] = "task", [BEAT_GONE] = "gone", [BEAT_SIGNAL] = "signal",
        [BEAT_QUEUED] = "queue", [BEAT_UNREAD] = "unread"
    };
    struct line line;

    begin(&line, story, beat->at, names[beat->kind]);
    if (beat->task > 0)
        json_put_integer(&line.w, "task", beat->task);
    if (beat->client != NULL) {
        json_put_string(&line.w, "who", beat->client->name);
        json_put_string(&line.w, "peer", beat->client->address);
    }
    if (beat->kind == BEAT_ASLEEP || beat->kind == BEAT_CALL || beat->kind == BEAT_REPEAT)
        put_call(&line, beat);
    else if (beat->kind == BEAT_CAME)
        json_put_bool(&line.w, "thread", beat->thread);
    else if (beat->kind == BEAT_GONE)
        json_put_integer(&line.w, "status", beat->status);
    else if (beat->kind == BEAT_SIGNAL)
        json_put_integer(&line.w, "signal", beat->sig);
    else if (beat->kind == BEAT_QUEUED)
        json_put_integer(&line.w, "waiting", beat->queued);
    else
        json_put_integer(&line.w, "bytes", beat->bytes);
    end(&line, out);
}

/* Each system call by the kernel's name, and how often it ended. Returns the sum. */
static int64_t
put_counts(struct line *line, const unsigned long *counts)
{
    int64_t all = 0;

    json_open(&line->w, "system_calls", '{');
    for (long nr = 0; nr < CALLS_MOST; nr++) {
        const char *name = nr < CALLS_MOST - 1 ? syscall_name(nr) : NULL;
        char number[32];

        all += (int64_t)counts[nr];
        snprintf(number, sizeof(number), nr < CALLS_MOST - 1 ? "number %ld" : "other", nr);
        if (counts[nr] > 0)
            json_put_integer(&line->w, name != NULL ? name : number, (int64_t)counts[nr]);
    }
    json_close(&line->w, '}');
    return all;
}

void
tracelog_end(struct outbox *out, const struct story *story, const unsigned long *counts,
             long long now, int exit_code)
{
    struct line line;

    begin(&line, story, now, "end");
    json_put_integer(&line.w, "exit", exit_code);
    json_put_integer(&line.w, "clients", story->accepted);
    json_put_integer(&line.w, "bytes_in", story->bytes_in);
    json_put_integer(&line.w, "bytes_out", story->bytes_out);
    json_put_integer(&line.w, "tasks", story->most_tasks);
    if (story->longest_of != NULL) {
        put_seconds(&line, "longest_wait", story->longest);
        json_put_string(&line.w, "longest_of", story->longest_of->name);
    }
    json_put_integer(&line.w, "serving_calls", story->serving);
    json_put_integer(&line.w, "all_calls", put_counts(&line, counts));
    end(&line, out);
}
