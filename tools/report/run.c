/* run.c -- one server under one script of clients, in memory and in a file. */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "plain.h"

#define FAR 1000 /* lines of a trace */
#define OTHERS (MOST_PARTIES - 1) /* clients of a trace alone that get no lane of their own */

/* As they are called in the file, in the order of enum event_kind. */
static const char *const kinds[] = {
    "asked", "connected", "refused", "typed", "echo", "answer", "wrong", "eof", "reset", "left",
    "failed", "start", "signal", "exit"
};
#define N_KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

double
before_end(const struct run *run, double at)
{
    return at < run->took ? at : run->took;
}

const struct party *
run_party(const struct run *run, int who)
{
    for (int i = 0; who >= 0 && i < run->cast.n_parties; i++) {
        const struct party *party = &run->cast.parties[i];

        if ((unsigned)who >= party->first && (unsigned)who < party->first + party->count)
            return party;
    }
    return NULL;
}

void
run_index(struct run *run)
{
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        const struct party *party = run_party(run, event->who);

        if (event->kind == EVENT_CONNECTED && party != NULL && event->number < 65536)
            run->ports[event->number] = (unsigned char)(party - run->cast.parties + 1);
    }
}

const struct party *
run_port(const struct run *run, int port)
{
    int index = port > 0 && port < 65536 ? run->ports[port] : 0;

    return index > 0 ? &run->cast.parties[index - 1] : NULL;
}

const char *
run_name(const struct run *run, int port, const char *otherwise)
{
    const struct party *party = run_port(run, port);

    return party != NULL ? party->name : otherwise;
}

void
run_free(struct run *run)
{
    log_free(&run->log);
    track_free(&run->track);
}

static void
write_parties(struct json_writer *w, const struct scenario *cast)
{
    json_open(w, "parties", '[');
    for (int i = 0; i < cast->n_parties; i++) {
        json_open(w, NULL, '{');
        json_put_string(w, "name", cast->parties[i].name);
        json_put_integer(w, "count", cast->parties[i].count);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void
run_set_title(struct run *run, const char *title)
{
    snprintf(run->title, sizeof(run->title), "%s", title);
    make_plain(run->title);
}

/* Copies a file as it is. */
static void
append_file(FILE *out, const char *path)
{
    char bytes[65536];
    size_t n;
    FILE *in = path != NULL ? fopen(path, "re") : NULL;

    while (in != NULL && (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
        fwrite(bytes, 1, n, out);
    if (in != NULL)
        fclose(in);
}

void
run_write(FILE *out, const struct run *run)
{
    struct json_writer w = { .out = out };

    json_open(&w, NULL, '{');
    json_put_string(&w, "event", "run");
    json_put_string(&w, "title", run->title);
    json_put_integer(&w, "clock", (int64_t)(run->log.began * 1e9));
    json_put_real(&w, "took", run->took);
    write_parties(&w, &run->cast);
    json_close(&w, '}');
    fputc('\n', out);
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];

        w.more = false;
        json_open(&w, NULL, '{');
        json_put_real(&w, "t", event->at);
        json_put_string(&w, "event", "client");
        json_put_integer(&w, "client", event->who);
        json_put_string(&w, "did", kinds[event->kind]);
        json_put_integer(&w, "number", (int64_t)event->number);
        json_close(&w, '}');
        fputc('\n', out);
    }
    append_file(out, run->trace_path);
}

static void
begin_run(struct run *run, const struct json *line)
{
    const struct json *title = json_member(line, "title");
    const struct json *parties = json_member(line, "parties");

    run_set_title(run, title != NULL && title->type == JSON_STRING ? title->text : "a server");
    run->log.began = (double)json_member_integer(line, "clock", 0) / 1e9;
    json_real(json_member(line, "took"), &run->took);
    for (const struct json *one = parties != NULL ? parties->first : NULL;
         one != NULL && run->cast.n_parties < MOST_PARTIES; one = one->next) {
        struct party *party = &run->cast.parties[run->cast.n_parties++];
        const struct json *name = json_member(one, "name");
        int64_t count = json_member_integer(one, "count", 1);

        snprintf(party->name, sizeof(party->name), "%.27s",
                 name != NULL && name->type == JSON_STRING ? name->text : "?");
        make_plain(party->name);
        party->first = run->cast.n_clients;
        party->count = count > 0 && count <= MOST_CLIENTS ? (unsigned)count : 1;
        run->cast.n_clients += party->count;
    }
}

static void
take_client(struct run *run, const struct json *line)
{
    struct event event = { .who = (int)json_member_integer(line, "client", WHO_SERVER),
                           .number = (uint64_t)json_member_integer(line, "number", 0) };
    const struct json *did = json_member(line, "did");

    if (!json_real(json_member(line, "t"), &event.at) || event.at < 0 ||
        (event.who != WHO_SERVER && run_party(run, event.who) == NULL))
        return;
    for (int i = 0; i < N_KINDS; i++)
        if (json_is(did, kinds[i])) {
            event.kind = (enum event_kind)i;
            log_add(&run->log, &event);
            return;
        }
}

/* The number of the client whom a trace alone names; a new one has a lane, or shares one. */
static int
client_of_trace(struct run *run, const char *name)
{
    struct scenario *cast = &run->cast;
    struct party *last = &cast->parties[OTHERS];

    for (int i = 0; i < cast->n_parties && i < OTHERS; i++)
        if (strcmp(cast->parties[i].name, name) == 0)
            return i;
    if (cast->n_parties < OTHERS) {
        struct party *party = &cast->parties[cast->n_parties];

        snprintf(party->name, sizeof(party->name), "%.27s", name);
        party->first = (unsigned)cast->n_parties++;
        party->count = 1;
        return (int)cast->n_clients++;
    }
    if (cast->n_parties == OTHERS)
        *last = (struct party){ .name = "others", .first = OTHERS, .count = 1 };
    cast->n_parties = MOST_PARTIES;
    cast->n_clients = MOST_PARTIES;
    return OTHERS;
}

/* The next thing that the server did to the same client; NULL when it is far away. */
static const struct deed *
next_deed(const struct track *track, size_t i)
{
    const struct deed *deed = &track->deeds[i];

    for (size_t j = i + 1; j < track->n_deeds && j < i + FAR; j++)
        if (track->deeds[j].port == deed->port && strcmp(track->deeds[j].who, deed->who) == 0)
            return &track->deeds[j];
    return NULL;
}

/* When the client typed what was answered with this deed, as the trace tells. */
static double
typed_at(const struct deed *deed)
{
    return deed->waited > 0 ? deed->at - deed->waited : deed->at;
}

static int
by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->at != y->at)
        return x->at > y->at ? 1 : -1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

/* A trace without a script: what its clients did is read from what the server did. */
static void
clients_from_deeds(struct run *run)
{
    const struct track *track = &run->track;

    for (size_t i = 0; i < track->n_deeds; i++) {
        const struct deed *deed = &track->deeds[i], *next = next_deed(track, i);
        bool answered = next != NULL && next->kind == DEED_SEND && next->waited >= 0;
        struct event event = { .at = deed->at, .who = client_of_trace(run, deed->who) };

        if (deed->kind == DEED_ACCEPT) {
            event.kind = EVENT_CONNECTED;
            event.number = (uint64_t)deed->port;
            for (; next != NULL && next->kind == DEED_RECV;)
                next = next_deed(track, (size_t)(next - track->deeds));
            /* Who has typed before accept() was connected before it, too. */
            if (next != NULL && next->kind == DEED_SEND && typed_at(next) < deed->at)
                event.at = typed_at(next);
        } else if (deed->kind == DEED_RECV) {
            event.kind = EVENT_TYPED;
            event.at = answered && typed_at(next) < deed->at ? typed_at(next) : deed->at;
        } else {
            event.kind = deed->kind == DEED_SEND ? EVENT_ECHO : EVENT_LEFT;
        }
        log_add(&run->log, &event);
    }
    if (run->log.n > 0)
        qsort(run->log.events, run->log.n, sizeof(*run->log.events), by_time);
    run->took = track->end;
}

/* The first line of a trace: its times begin where it says, the run's where the run says. */
static void
begin_trace(struct run *run, const struct json *line)
{
    double clock = (double)json_member_integer(line, "clock", 0) / 1e9;

    track_free(&run->track);
    track_begin(&run->track, run->log.began > 0 ? clock - run->log.began : 0);
    run->traced = true;
}

static void
end_run(struct run *run)
{
    track_trim(&run->track);
    if (run->cast.n_parties == 0 && run->traced)
        clients_from_deeds(run);
    if (run->took <= 0)
        run->took = run->track.end;
    run_index(run);
}

/* One line of a trace for the run. */
static void
take_trace(struct run *run, const struct json *line)
{
    if (json_is(json_member(line, "event"), "start"))
        begin_trace(run, line);
    else if (run->traced)
        track_line(&run->track, line);
}

int
run_add_trace(struct run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t n;

    if (file == NULL)
        return -1;
    run->trace_path = path;
    while ((n = getline(&text, &room, file)) > 0) {
        struct json_error error;
        struct json *line = json_read(text, (size_t)n, &error);

        if (line != NULL)
            take_trace(run, line);
        json_free(line);
    }
    free(text);
    fclose(file);
    track_trim(&run->track);
    return 0;
}

/* Takes one line of a file in. Returns the number of runs so far. */
static size_t
take_line(struct run *runs, size_t n, size_t most, const struct json *line)
{
    const struct json *event = json_member(line, "event");
    bool alone = json_is(event, "start") && (n == 0 || runs[n - 1].traced);

    if (json_is(event, "run") || alone) {
        if (n > 0)
            end_run(&runs[n - 1]);
        if (n == most)
            return n;
        runs[n] = (struct run){ .track.calls = -1 };
        n++;
        begin_run(&runs[n - 1], line);
        if (alone)
            runs[n - 1].log.began = 0;
    }
    if (n > 0 && json_is(event, "client"))
        take_client(&runs[n - 1], line);
    else if (n > 0 && !json_is(event, "run"))
        take_trace(&runs[n - 1], line);
    return n;
}

size_t
runs_read(const char *path, struct run *runs, size_t most, char *problem, size_t room)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t text_room = 0, n = 0, number = 0;
    ssize_t len;

    if (file == NULL) {
        snprintf(problem, room, "cannot read %s: %s", path, strerror(errno));
        return 0;
    }
    problem[0] = '\0';
    while ((len = getline(&text, &text_room, file)) > 0) {
        struct json_error error = { .what = "it is no object", .at = 0 };
        struct json *line = json_read(text, (size_t)len, &error);

        number++;
        if (line == NULL || line->type != JSON_OBJECT) {
            snprintf(problem, room, "%s:%zu:%zu: not a line of a run: %s", path, number,
                     error.at + 1, error.what);
            json_free(line);
            break;
        }
        n = take_line(runs, n, most, line);
        json_free(line);
    }
    if (problem[0] == '\0' && ferror(file))
        snprintf(problem, room, "cannot read %s: %s", path, strerror(errno));
    if (n > 0)
        end_run(&runs[n - 1]);
    if (n == 0 && problem[0] == '\0')
        snprintf(problem, room, "%s: it holds no run", path);
    for (size_t i = 0; problem[0] != '\0' && i < n; i++)
        run_free(&runs[i]);
    free(text);
    fclose(file);
    return problem[0] != '\0' ? 0 : n;
}
