/* inside.c -- what each stage does under the tracer. */
#include "inside.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "phrases.h"
#include "serverlanes.h"

#define SCENARIO "second-client"
#define LIMIT_MS 20000
#define AT_ONCE 4 /* times are not measured here: they may disturb each other a little */
#define STAGE_COLUMN 20
#define CALL_COLUMN 18

static const char said[] =
    "Seen by the tracer while second-client was played once more, three echoes in all; the "
    "times above are without it.";

int
inside_play(struct inside *inside, const struct stage *const *stages, size_t n)
{
    char problem[256];
    int number;

    inside->scenario = scenario_open(SCENARIO, problem, sizeof(problem));
    inside->workers = calloc(n, sizeof(*inside->workers));
    if (inside->scenario == NULL || inside->workers == NULL)
        errx(1, "%s", inside->scenario == NULL ? problem : "out of memory");
    inside->n = n;
    for (size_t i = 0; i < n; i++)
        inside->workers[i] = (struct worker){
            .scenario = inside->scenario, .limit_ms = LIMIT_MS, .fd = -1,
            .target = { .name = stages[i]->name, .stage = stages[i] }
        };
    record_trace(&inside->record, inside->workers, n);
    number = workers_play(inside->workers, n, AT_ONCE, NULL, NULL);
    record_take(&inside->record, inside->workers, n);
    return number;
}

/* The call in which the first task slept longest in all; "never" when it did not. */
static const char *
sleeps_in(const struct run *run, char *out, size_t room)
{
    double most = 0;

    snprintf(out, room, "never");
    for (size_t i = 0; i < run->track.n_naps; i++) {
        char name[64], other[64];
        double sum = 0;

        nap_name(run, &run->track.naps[i], name, sizeof(name));
        for (size_t k = 0; run->track.naps[i].task == 0 && k < run->track.n_naps; k++) {
            const struct nap *nap = &run->track.naps[k];

            if (nap->task == 0 && strcmp(nap_name(run, nap, other, sizeof(other)), name) == 0)
                sum += before_end(run, nap->to) - nap->from;
        }
        if (sum > most) {
            most = sum;
            snprintf(out, room, "%s", name);
        }
    }
    return out;
}

/* The numbers of one run as three cells of text. */
static void
cells_of(const struct run *run, char sleeps[64], char calls[40], char tasks[16])
{
    char number[32];

    sleeps_in(run, sleeps, 64);
    snprintf(calls, 40, "%s", run->track.calls >= 0 ? grouped(number, run->track.serving) : "-");
    snprintf(tasks, 16, "%d", run->track.n_tasks);
}

static bool
any_traced(const struct inside *inside)
{
    for (size_t i = 0; i < inside->record.n; i++)
        if (inside->record.runs[i].traced)
            return true;
    return false;
}

void
inside_print(const struct inside *inside)
{
    char sleeps[64], calls[40], tasks[16];

    if (!any_traced(inside)) {
        printf("\n system calls are not counted: this system refuses to trace\n");
        return;
    }
    printf("\n %-*s%-*s%16s%16s\n", STAGE_COLUMN - 1, "inside", CALL_COLUMN, "sleeps in",
           "system calls", "tasks");
    for (size_t i = 0; i < inside->record.n; i++) {
        const struct run *run = &inside->record.runs[i];

        if (!run->traced)
            continue;
        cells_of(run, sleeps, calls, tasks);
        printf(" %-*s%-*s%16s%16s\n", STAGE_COLUMN - 1, run->title, CALL_COLUMN, sleeps, calls,
               tasks);
    }
    printf(" system calls: from the first accept() on, in a traced run of " SCENARIO ";\n"
           " all times above come from runs that were not traced\n");
}

void
inside_report(const struct inside *inside, struct report *report)
{
    static const char *const heads[] = { "stage", "sleeps in", "system calls", "tasks" };
    char sleeps[64], calls[40], tasks[16];

    if (!any_traced(inside))
        return;
    report_heading(report, "What it looks like from inside");
    report_sentence(report, said);
    report_table(report, heads, 4);
    for (size_t i = 0; i < inside->record.n; i++) {
        cells_of(&inside->record.runs[i], sleeps, calls, tasks);
        report_row(report);
        report_cell(report, TONE_PLAIN, inside->record.runs[i].title, NULL);
        report_cell(report, TONE_PLAIN, sleeps, NULL);
        report_cell(report, TONE_PLAIN, calls, NULL);
        report_cell(report, TONE_PLAIN, tasks, NULL);
        report_row_end(report);
    }
    report_table_end(report);
    put_picture(report, inside->record.runs, inside->record.n);
}

void
inside_json(const struct inside *inside, const char *stage, struct json_writer *w)
{
    char sleeps[64];

    for (size_t i = 0; i < inside->record.n; i++) {
        const struct run *run = &inside->record.runs[i];

        if (!run->traced || strcmp(run->title, stage) != 0)
            continue;
        json_put_string(w, "sleeps in", sleeps_in(run, sleeps, sizeof(sleeps)));
        json_put_integer(w, "system calls", run->track.serving);
        json_put_integer(w, "all system calls", run->track.calls);
    }
}

void
inside_free(struct inside *inside)
{
    record_free(&inside->record, inside->workers, inside->n);
    if (inside->workers != NULL)
        workers_free(inside->workers, inside->n);
    free(inside->workers);
    if (inside->scenario != NULL)
        scenario_free(inside->scenario);
}
