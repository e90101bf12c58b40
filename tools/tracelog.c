/* tracelog.c -- the beats of a trace as JSON lines. */
#include "tracelog.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "phrases.h"

#define LINE_ROOM 32768

/* One line that grows; what does not fit is left out, which the sizes rule out. */
struct line {
    char text[LINE_ROOM];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void
add(struct line *line, const char *fmt, ...)
{
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(line->text + line->len, LINE_ROOM - line->len, fmt, args);
    va_end(args);
    if (n > 0 && line->len + (size_t)n < LINE_ROOM)
        line->len += (size_t)n;
}

/* Bytes as a JSON string, each byte one character. */
static void
add_bytes(struct line *line, const char *bytes, size_t n)
{
    add(line, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '"' || byte == '\\')
            add(line, "\\%c", byte);
        else if (byte >= 0x20 && byte < 0x7f)
            add(line, "%c", byte);
        else
            add(line, "\\u%04x", byte);
    }
    add(line, "\"");
}

static double
seconds_of(const struct story *story, long long at)
{
    return (double)(at - story->zero) / 1e9;
}

static void
add_client(struct line *line, const char *key, const struct client *client)
{
    if (client == NULL)
        return;
    add(line, ",\"%s\":\"%s\",\"peer\":", key, client->name);
    add_bytes(line, client->address, strlen(client->address));
}

static void
add_ready(struct line *line, const struct call *call)
{
    add(line, ",\"ready\":[");
    for (int i = 0; i < call->n_ready; i++) {
        const struct end *end = call->ready[i];

        add(line, "%s\"%s\"", i > 0 ? "," : "",
            end->kind == END_LISTENER ? "listener" : end_name(end));
    }
    add(line, "]");
}

static void
add_blame(struct line *line, const struct beat *beat)
{
    char text[96];

    if (beat->waited < 0)
        return;
    add(line, ",\"waited\":%.6f", (double)beat->waited / 1e9);
    if (*blame_words(text, sizeof(text), beat) != '\0')
        add(line, ",\"because\":\"%s\"", text);
}

static void
add_call(struct line *line, const struct beat *beat)
{
    const struct call *call = &beat->call;

    add(line, ",\"call\":\"%s\"", call->name != NULL ? call->name : "unknown");
    if (call->fd >= 0)
        add(line, ",\"fd\":%d", call->fd);
    if (beat->kind == BEAT_ASLEEP)
        return;
    if (call->error != 0)
        add(line, ",\"error\":\"%s\"", errno_name(call->error));
    else
        add(line, ",\"result\":%lld", call->result);
    if (beat->times > 1)
        add(line, ",\"times\":%ld", beat->times);
    if (beat->kind == BEAT_REPEAT) {
        add(line, ",\"bytes\":%lld", beat->bytes);
        return;
    }
    add(line, ",\"slept\":%.6f", (double)beat->slept / 1e9);
    if (call->kept > 0)
        add(line, ",\"data\":");
    if (call->kept > 0)
        add_bytes(line, call->data, call->kept);
    if (waits_for_many(call->kind) && call->error == 0)
        add_ready(line, call);
    if (call->queued > 0)
        add(line, ",\"queued\":%d", call->queued);
    add_blame(line, beat);
}

void
tracelog_start(struct outbox *out, const struct story *story)
{
    struct line line = { .len = 0 };

    add(&line, "{\"t\":0,\"event\":\"start\",\"clock\":%lld,\"pid\":%d}", story->zero,
        story->server);
    outbox_line(out, line.text);
}

void
tracelog_beat(struct outbox *out, const struct story *story, const struct beat *beat)
{
    static const char *const names[] = {
        [BEAT_ASLEEP] = "asleep", [BEAT_CALL] = "call", [BEAT_REPEAT] = "repeat",
        [BEAT_CAME] = "task", [BEAT_GONE] = "gone", [BEAT_SIGNAL] = "signal",
        [BEAT_QUEUED] = "queue", [BEAT_UNREAD] = "unread"
    };
    struct line line = { .len = 0 };

    add(&line, "{\"t\":%.6f,\"event\":\"%s\"", seconds_of(story, beat->at), names[beat->kind]);
    if (beat->task > 0)
        add(&line, ",\"task\":%d", beat->task);
    add_client(&line, "who", beat->client);
    if (beat->kind == BEAT_ASLEEP || beat->kind == BEAT_CALL || beat->kind == BEAT_REPEAT)
        add_call(&line, beat);
    else if (beat->kind == BEAT_CAME)
        add(&line, ",\"tid\":%d,\"thread\":%s", beat->tid, beat->thread ? "true" : "false");
    else if (beat->kind == BEAT_GONE)
        add(&line, ",\"status\":%d", beat->status);
    else if (beat->kind == BEAT_SIGNAL)
        add(&line, ",\"signal\":%d", beat->sig);
    else if (beat->kind == BEAT_QUEUED)
        add(&line, ",\"waiting\":%d", beat->queued);
    else
        add(&line, ",\"bytes\":%lld", beat->bytes);
    add(&line, "}");
    outbox_line(out, line.text);
}

void
tracelog_end(struct outbox *out, const struct story *story, const unsigned long *counts,
             long long now, int exit_code)
{
    struct line line = { .len = 0 };
    unsigned long all = 0;
    const char *comma = "";

    add(&line, "{\"t\":%.6f,\"event\":\"end\",\"exit\":%d,\"clients\":%d,\"bytes_in\":%lld,"
        "\"bytes_out\":%lld,\"tasks\":%d", seconds_of(story, now), exit_code, story->accepted,
        story->bytes_in, story->bytes_out, story->most_tasks);
    if (story->longest_of != NULL)
        add(&line, ",\"longest_wait\":%.6f,\"longest_of\":\"%s\"", (double)story->longest / 1e9,
            story->longest_of->name);
    add(&line, ",\"system_calls\":{");
    for (long nr = 0; nr < CALLS_MOST; nr++) {
        const char *name = nr < CALLS_MOST - 1 ? syscall_name(nr) : "other";

        all += counts[nr];
        if (counts[nr] > 0)
            add(&line, "%s\"%s\":%lu", comma, name != NULL ? name : "other", counts[nr]);
        comma = line.text[line.len - 1] == '{' ? "" : ",";
    }
    add(&line, "},\"all\":%lu}", all);
    outbox_line(out, line.text);
}
