/* narrate.c -- beats as lines for people. */
#include "narrate.h"

#include <sys/ioctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phrases.h"

#define CALL_WIDTH 16
#define WHAT_WIDTH 30
#define TASK_WIDTH 4    /* more for the call once there are threads: "12| recv()" */
#define WAITING "\033[38;5;166m"
#define GOOD "\033[38;5;29m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* The parts of one line, before they are laid out. */
struct parts {
    double seconds;
    const char *who;
    char call[80];
    char what[WORDS_TEXT];
    char right[WORDS_TEXT]; /* at the right end, or on a line of its own */
    bool keep;              /* right is no decoration: it may take a line of its own */
    const char *color;      /* of what; "" for none */
};

int
screen_width(int fd)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;

    if (columns != NULL && atoi(columns) >= 20)
        return atoi(columns);
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

/* Adds text to a line, `pad` columns wide at least, and never past the screen's edge. */
static size_t
add(const struct narrator *narrator, char *line, size_t *column, const char *color,
    const char *text, int pad)
{
    size_t left = (size_t)narrator->width > *column ? (size_t)narrator->width - *column : 0;
    size_t len = strlen(text), at = strlen(line);
    bool colored = narrator->color && *color != '\0' && len > 0;

    if (len > left)
        len = left;
    at += (size_t)sprintf(line + at, "%s%.*s%s", colored ? color : "", (int)len, text,
                          colored ? PLAIN : "");
    *column += len;
    for (int i = (int)len; i < pad && *column < (size_t)narrator->width; i++) {
        line[at++] = ' ';
        ++*column;
    }
    line[at] = '\0';
    return *column;
}

static void
emit(const struct narrator *narrator, char *line)
{
    size_t len = strlen(line);

    while (len > 0 && line[len - 1] == ' ')
        line[--len] = '\0';
    outbox_line(narrator->out, line);
}

static void
put(const struct narrator *narrator, const struct parts *parts)
{
    char line[1024] = "", clock[32];
    size_t column = 0, indent;
    int what_width = WHAT_WIDTH, call_width = CALL_WIDTH + (narrator->many ? TASK_WIDTH : 0);
    size_t right = strlen(parts->right);

    snprintf(clock, sizeof(clock), "%6.3f", parts->seconds);
    add(narrator, line, &column, "", clock, 8);
    add(narrator, line, &column, BOLD, parts->who, 6);
    add(narrator, line, &column, "", " ", 1);
    indent = column + (size_t)call_width + 1;
    add(narrator, line, &column, "", parts->call, call_width);
    add(narrator, line, &column, "", " ", 1);
    if (right > 0 && column + WHAT_WIDTH + 2 + right > (size_t)narrator->width)
        what_width = (int)((size_t)narrator->width - column - 2 - right);
    add(narrator, line, &column, parts->color, parts->what, right > 0 ? what_width : 0);
    if (right > 0 && column + 2 + right <= (size_t)narrator->width) {
        add(narrator, line, &column, "", "  ", 2);
        add(narrator, line, &column, parts->color, parts->right, 0);
    } else if (parts->keep) {
        emit(narrator, line);
        line[0] = '\0';
        column = 0;
        add(narrator, line, &column, "", "", (int)indent);
        add(narrator, line, &column, parts->color, parts->right, 0);
    }
    emit(narrator, line);
}

void
narrate_heading(const struct narrator *narrator)
{
    outbox_line(narrator->out, "  time  who    call             what happened");
}

/* Whose name stands in front: who made it happen. Sleeps and counts stand for nobody. */
static const char *
who_of(const struct beat *beat)
{
    bool spoken = beat->kind == BEAT_CALL || beat->kind == BEAT_UNREAD ||
        beat->kind == BEAT_QUEUED;

    return spoken && beat->client != NULL ? beat->client->name : "";
}

/* The story begins with the first socket, and with whatever happens to the server itself. */
static bool
opens(const struct beat *beat)
{
    if (beat->kind == BEAT_GONE)
        return beat->task == 1;
    return beat->kind == BEAT_CALL && beat->call.told && beat->call.kind != CALL_WAIT &&
        !waits_for_many(beat->call.kind);
}

void
narrate(struct narrator *narrator, const struct beat *beat)
{
    struct parts parts = { .seconds = (double)(beat->at - narrator->zero) / 1e9, .color = "" };
    char call[64], blame[96];
    bool about_call = beat->kind == BEAT_CALL || beat->kind == BEAT_ASLEEP ||
        beat->kind == BEAT_REPEAT;

    narrator->opened = narrator->opened || opens(beat);
    if (!narrator->opened)
        return;
    if (beat->kind == BEAT_REPEAT && beat->times == 1)
        return; /* once more in vain: not worth a line */
    narrator->many = narrator->many || beat->task > 1;
    parts.who = who_of(beat);
    call_words(call, sizeof(call), beat);
    if (about_call && narrator->many)
        snprintf(parts.call, sizeof(parts.call), "%d| %s", beat->task, call);
    else if (about_call)
        snprintf(parts.call, sizeof(parts.call), "%s", call);
    beat_words(parts.what, sizeof(parts.what), beat);
    blame_words(blame, sizeof(blame), beat);
    if (*blame != '\0')
        snprintf(parts.right, sizeof(parts.right), "<-- %s", blame);
    else if (*meanwhile_words(blame, sizeof(blame), beat) != '\0')
        snprintf(parts.right, sizeof(parts.right), "%s", blame);
    else if (beat->kind == BEAT_CALL && beat->slept > 0)
        snprintf(parts.right, sizeof(parts.right), "slept %.3f s", (double)beat->slept / 1e9);
    parts.keep = *blame != '\0';
    if (beat->kind == BEAT_ASLEEP || beat->kind == BEAT_UNREAD ||
        beat->kind == BEAT_QUEUED || parts.keep)
        parts.color = WAITING;
    else if (beat->waited >= 0)
        parts.color = GOOD;
    put(narrator, &parts);
}

void
narrate_step(struct narrator *narrator, const struct task *task)
{
    struct parts parts = { .seconds = (double)(monotonic_ns() - narrator->zero) / 1e9,
                           .who = "", .color = "", .what = "press Enter to let it happen" };
    struct beat beat = { .kind = BEAT_ASLEEP, .call = task->call };

    call_words(parts.call, sizeof(parts.call), &beat);
    put(narrator, &parts);
}

void
narrate_summary(const struct narrator *narrator, const struct story *story, long long now)
{
    char line[256];
    int n = snprintf(line, sizeof(line), "stopped after %.1f s: %d client%s, %lld bytes echoed",
                     (double)(now - story->zero) / 1e9, story->accepted,
                     story->accepted == 1 ? "" : "s", story->bytes_out);

    if (story->longest_of != NULL)
        snprintf(line + n, sizeof(line) - (size_t)n, ", longest wait %.3f s (%s)",
                 (double)story->longest / 1e9, story->longest_of->name);
    line[narrator->width < 255 ? narrator->width : 255] = '\0';
    outbox_line(narrator->out, line);
}
