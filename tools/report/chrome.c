/*
 * chrome.c -- runs as Chrome trace events, which Perfetto and chrome://tracing show: a
 * process a run, a thread a task of the server and a thread a client.
 */
#include <stdlib.h>

#include "json.h"
#include "pictures.h"
#include "serverlanes.h"

#define FIRST_CLIENT 1000 /* the tasks have the numbers below */

/* What all events have. Times are in microseconds. */
static void
begin(struct json_writer *w, const char *kind, const char *name, size_t run, int thread)
{
    json_open(w, NULL, '{');
    json_put_string(w, "ph", kind);
    json_put_string(w, "name", name);
    json_put_integer(w, "pid", (int64_t)run + 1);
    json_put_integer(w, "tid", thread);
}

static void
put_name(struct json_writer *w, const char *what, const char *name, size_t run, int thread)
{
    begin(w, "M", what, run, thread);
    json_open(w, "args", '{');
    json_put_string(w, "name", name);
    json_close(w, '}');
    json_close(w, '}');
}

static void
put_bar(struct json_writer *w, const char *name, const char *kind, size_t run, int thread,
        double from, double to)
{
    begin(w, "X", name, run, thread);
    json_put_string(w, "cat", kind);
    json_put_integer(w, "ts", (int64_t)(from * 1e6));
    json_put_integer(w, "dur", (int64_t)((to - from) * 1e6));
    json_close(w, '}');
}

static void
put_moment(struct json_writer *w, const char *name, size_t run, int thread, double at)
{
    begin(w, "i", name, run, thread);
    json_put_string(w, "s", "t");
    json_put_integer(w, "ts", (int64_t)(at * 1e6));
    json_close(w, '}');
}

static void
put_server(struct json_writer *w, const struct run *run, size_t number)
{
    char name[64];

    for (int i = 0; i < run->track.n_tasks; i++)
        put_name(w, "thread_name", task_name(&run->track.tasks[i], name), number,
                 run->track.tasks[i].number);
    for (size_t i = 0; i < run->track.n_naps; i++) {
        const struct nap *nap = &run->track.naps[i];
        const struct track_task *task = &run->track.tasks[nap->task];

        put_bar(w, nap_name(run, nap, name, sizeof(name)), "asleep", number, task->number,
                nap->from, before_end(run, nap->to));
    }
}

static void
put_queue(struct json_writer *w, const struct run *run, size_t number)
{
    size_t n = 0;
    struct backlog_step *steps = queue_steps(run, &n);

    for (size_t i = 0; i < n; i++) {
        begin(w, "C", "accept queue", number, 0);
        json_put_integer(w, "ts", (int64_t)(steps[i].at * 1e6));
        json_open(w, "args", '{');
        json_put_integer(w, "clients", steps[i].waiting > 0 ? steps[i].waiting : 0);
        json_close(w, '}');
        json_close(w, '}');
    }
    free(steps);
}

static void
put_clients(struct json_writer *w, const struct run *run, size_t number)
{
    static const char *const names[] = {
        [EVENT_CONNECTED] = "connects", [EVENT_REFUSED] = "is refused",
        [EVENT_TYPED] = "types", [EVENT_ECHO] = "hears its echo", [EVENT_ANSWER] = "hears",
        [EVENT_WRONG] = "hears something else", [EVENT_EOF] = "hears the end",
        [EVENT_RESET] = "is reset", [EVENT_LEFT] = "leaves", [EVENT_FAILED] = "is disappointed",
        [EVENT_EXIT] = NULL
    };
    double *typed = calloc(run->cast.n_clients + 1, sizeof(*typed)); /* 1 + the moment; 0 no */

    for (int i = 0; i < run->cast.n_parties; i++)
        put_name(w, "thread_name", run->cast.parties[i].name, number, FIRST_CLIENT + i);
    for (size_t i = 0; typed != NULL && i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        const struct party *party = run_party(run, event->who);
        int thread = party != NULL ? FIRST_CLIENT + (int)(party - run->cast.parties) : 0;

        if (party == NULL || names[event->kind] == NULL)
            continue;
        put_moment(w, names[event->kind], number, thread, event->at);
        if (event->kind == EVENT_TYPED)
            typed[event->who] = event->at + 1;
        if (event->kind == EVENT_ECHO && typed[event->who] > 0 && party->count == 1)
            put_bar(w, "waits for its echo", "client", number, thread, typed[event->who] - 1,
                    event->at);
        if (event->kind == EVENT_ECHO)
            typed[event->who] = 0;
    }
    free(typed);
}

void
runs_draw_chrome(FILE *out, const struct run *runs, size_t n)
{
    struct json_writer w = { .out = out };

    json_open(&w, NULL, '{');
    json_put_string(&w, "displayTimeUnit", "ms");
    json_open(&w, "traceEvents", '[');
    for (size_t i = 0; i < n; i++) {
        put_name(&w, "process_name", runs[i].title, i, 0);
        put_server(&w, &runs[i], i);
        put_queue(&w, &runs[i], i);
        put_clients(&w, &runs[i], i);
    }
    json_close(&w, ']');
    json_close(&w, '}');
    fputc('\n', out);
}
