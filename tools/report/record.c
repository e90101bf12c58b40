/* record.c -- what `echolab play` has seen, kept as runs. */
#include "record.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"

/*
 * The folder of the traces, which must go even when the program is ended by a report that
 * cannot be written; in the process that made it, and not in a worker that was forked later.
 */
static struct {
    char path[64]; /* empty: there is none (any more) */
    size_t files;
    pid_t owner;
} traces;

static void
remove_traces(void)
{
    char path[96];

    if (traces.path[0] == '\0' || getpid() != traces.owner)
        return;
    for (size_t i = 0; i < traces.files; i++) {
        snprintf(path, sizeof(path), "%s/%zu.jsonl", traces.path, i);
        unlink(path);
    }
    rmdir(traces.path);
    traces.path[0] = '\0';
}

void
record_trace(struct record *record, struct worker *workers, size_t n)
{
    const char *where = from_environment("TMPDIR", "/tmp");

    snprintf(traces.path, sizeof(traces.path), "%.40s/echolab.XXXXXX", where);
    if (mkdtemp(traces.path) == NULL)
        err(1, "cannot create a folder in %s", where);
    traces.files = n;
    traces.owner = getpid();
    atexit(remove_traces);
    record->traced = true;
    for (size_t i = 0; i < n; i++) {
        char *path;

        if (asprintf(&path, "%s/%zu.jsonl", traces.path, i) == -1)
            err(1, "asprintf");
        workers[i].target.trace_path = path;
    }
}

void
record_take(struct record *record, const struct worker *workers, size_t n)
{
    record->runs = calloc(n, sizeof(*record->runs));
    if (record->runs == NULL)
        err(1, "no memory for the picture");
    for (size_t i = 0; i < n; i++) {
        const struct outcome *outcome = &workers[i].outcome;
        const struct scenario *scenario = workers[i].scenario;
        struct run *run = &record->runs[record->n];

        if (workers[i].lost || outcome->started != LISTENS || outcome->log.n == 0)
            continue;
        record->n++;
        *run = (struct run){ .log = outcome->log, .took = outcome->took, .track.calls = -1 };
        run_set_title(run, workers[i].target.name);
        memcpy(run->cast.parties, scenario->parties, sizeof(run->cast.parties));
        run->cast.n_parties = scenario->n_parties;
        run->cast.n_clients = scenario->n_clients;
        run_index(run);
        if (workers[i].target.trace_path != NULL)
            run_add_trace(run, workers[i].target.trace_path);
    }
}

void
record_write(const struct record *record, const char *path, const char *title)
{
    enum picture kind = picture_named(path);
    FILE *out;

    if (kind != PICTURE_RUN) {
        runs_draw_file(path, kind, title, record->runs, record->n);
        return;
    }
    out = fopen(path, "we");
    if (out == NULL)
        err(1, "cannot write %s", path);
    for (size_t i = 0; i < record->n; i++)
        run_write(out, &record->runs[i]);
    if (ferror(out) || fclose(out) == EOF)
        err(1, "cannot write %s", path);
}

void
record_free(struct record *record, const struct worker *workers, size_t n)
{
    for (size_t i = 0; i < record->n; i++)
        track_free(&record->runs[i].track);
    free(record->runs);
    if (!record->traced)
        return;
    for (size_t i = 0; i < n; i++)
        free((void *)workers[i].target.trace_path);
    remove_traces();
}
