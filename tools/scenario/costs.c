/* costs.c -- from outcomes to a handful of numbers. */
#include "costs.h"

#include <string.h>

#define CROWD 100 /* fewer clients say nothing about how many a server can have */

const char *const cost_heads[N_COSTS] = { "bob waits", "CPU, idle", "tasks for 100",
                                          "memory a client", "clients at once" };

static const struct worker *
played(const struct worker *workers, size_t n, const char *scenario)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(workers[i].scenario->name, scenario) == 0 && !workers[i].lost &&
            workers[i].outcome.started == LISTENS)
            return &workers[i];
    return NULL;
}

/* The longest wait of second-client; alice never waits, so it is bob's. */
static void
bob_waits(const struct worker *worker, char *text)
{
    if (worker != NULL && worker->outcome.waits_still)
        snprintf(text, COST_TEXT, "for ever");
    else if (worker != NULL)
        snprintf(text, COST_TEXT, "%.3f s", worker->outcome.longest_wait);
}

static void
idle_cpu(const struct worker *worker, char *text)
{
    for (size_t i = 0; worker != NULL && i < worker->outcome.n_results; i++) {
        const struct result *result = &worker->outcome.results[i];

        if (worker->scenario->steps[i].action == SERVER_CPU && result->value >= 0 &&
            worker->outcome.end_text[0] == '\0')
            snprintf(text, COST_TEXT, "%.0f %%", result->value);
    }
}

/* At `server measure`, a hundred clients had got their first echo (if they got it). */
static void
tasks_and_memory(const struct worker *worker, char *tasks, char *memory)
{
    const struct usage *before, *then;
    double each;

    if (worker == NULL || worker->outcome.measured.tasks == 0)
        return;
    before = &worker->outcome.before;
    then = &worker->outcome.measured;
    snprintf(tasks, COST_TEXT, "%u", then->tasks);
    if (!worker->outcome.held)
        return;
    each = ((double)then->memory - (double)before->memory) / 100 / 1024;
    snprintf(memory, COST_TEXT, "%.1f KiB", each > 0 ? each : 0);
}

/* How many members of a crowd were served in the largest crowd that was played. */
static void
most_clients(const struct worker *workers, size_t n, char *text)
{
    unsigned most = 0, asked = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < workers[i].outcome.n_results && !workers[i].lost; k++) {
            const struct step *step = &workers[i].scenario->steps[k];
            const struct result *result = &workers[i].outcome.results[k];
            unsigned count = 0;

            if (step->action == EXPECT_ECHO && result->times > 0)
                count = workers[i].scenario->parties[step->party].count;
            if (count < CROWD)
                continue;
            if (count > asked)
                asked = count;
            if (result->served > most)
                most = result->served;
        }
    if (asked > 0)
        snprintf(text, COST_TEXT, "%u%s", most, most == asked ? "+" : "");
}

void
costs_of(const struct worker *workers, size_t n, char texts[N_COSTS][COST_TEXT])
{
    for (int i = 0; i < N_COSTS; i++)
        snprintf(texts[i], COST_TEXT, "-");
    bob_waits(played(workers, n, "second-client"), texts[0]);
    idle_cpu(played(workers, n, "idle-cpu"), texts[1]);
    tasks_and_memory(played(workers, n, "crowd-100"), texts[2], texts[3]);
    most_clients(workers, n, texts[4]);
}
