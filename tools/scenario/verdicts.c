/* verdicts.c -- what the outcome of a scenario means, in words. */
#include "verdicts.h"

#include <err.h>
#include <string.h>

#include "claims.h"
#include "json.h"

bool
has_failed(const struct worker *worker)
{
    return worker->outcome.started != LISTENS || !worker->outcome.held;
}

enum mark
mark_of(const struct worker *worker)
{
    const struct stage *stage = worker->target.stage;

    if (worker->lost || worker->outcome.interrupted)
        return MARK_UNKNOWN;
    if (worker->outcome.started == NOT_FOR_IT)
        return MARK_NOT_PLAYED;
    if (has_failed(worker) && worker->outcome.own_limit != 0)
        return MARK_UNKNOWN;
    if (stage != NULL &&
        has_failed(worker) != claims_failure(stage->name, worker->scenario->name, NULL, 0))
        return MARK_DIFFERS;
    return has_failed(worker) ? MARK_FAILS : MARK_HOLDS;
}

char
mark_letter(enum mark mark)
{
    return "+-!.?"[mark];
}

const struct step *
first_failure(const struct worker *worker, const struct result **result)
{
    for (size_t i = 0; i < worker->outcome.n_results; i++)
        if (worker->outcome.results[i].verdict == FAILS) {
            *result = &worker->outcome.results[i];
            return &worker->scenario->steps[i];
        }
    return NULL;
}

void
count_expectations(const struct worker *worker, unsigned *held, unsigned *all)
{
    *held = *all = 0;
    for (size_t i = 0; i < worker->outcome.n_results; i++) {
        enum verdict verdict = worker->outcome.results[i].verdict;

        *held += verdict == HOLDS;
        *all += verdict == HOLDS || verdict == FAILS;
    }
}

void
explain(const struct worker *worker, char *out, size_t room)
{
    const struct outcome *outcome = &worker->outcome;
    const struct result *result = NULL;
    const struct step *step;

    out[0] = '\0';
    if (worker->lost) {
        snprintf(out, room, "the player itself was lost");
        return;
    }
    step = first_failure(worker, &result);
    if (outcome->started != LISTENS)
        snprintf(out, room, "%s", outcome->problem);
    else if (outcome->own_limit != 0)
        snprintf(out, room, "the player itself is at its limit: %s", strerror(outcome->own_limit));
    else if (step != NULL)
        snprintf(out, room, "line %u: %s: %s", step->line, step->text, result->saw);
    else if (outcome->cut_short)
        snprintf(out, room, "the time was over before the end of the scenario");
    else if (mark_of(worker) == MARK_DIFFERS)
        snprintf(out, room, "it holds, although the stage's lesson says that it fails");
    out[strcspn(out, "\n")] = '\0';
}

void
explain_end(const struct worker *worker, char *out, size_t room)
{
    const char *words = worker->outcome.words;
    size_t len = strlen(words), from;

    out[0] = '\0';
    if (worker->lost || worker->outcome.end_text[0] == '\0')
        return;
    while (len > 0 && words[len - 1] == '\n')
        len--;
    for (from = len; from > 0 && words[from - 1] != '\n';)
        from--;
    snprintf(out, room, "%s%s%.*s%s", worker->outcome.end_text,
             len > from ? "; its last line: \"" : "", (int)(len - from < 200 ? len - from : 200),
             words + from, len > from ? "\"" : "");
}

void
print_steps(FILE *out, const struct worker *worker)
{
    static const char *const words[] = { "not reached", "", "ok", "FAILS" };

    for (size_t i = 0; i < worker->scenario->n_steps; i++) {
        const struct step *step = &worker->scenario->steps[i];
        const struct result *result = &worker->outcome.results[i];

        if (step->action >= ABOUT_COMPARE)
            continue;
        fprintf(out, "  %3u %8.3f  %-44s  %s", step->line, result->began, step->text,
                words[result->verdict]);
        if (result->verdict == HOLDS && result->ended - result->began >= 0.001)
            fprintf(out, " after %.3f s", result->ended - result->began);
        fprintf(out, "%s%s\n", result->saw[0] != '\0' ? ": " : "", result->saw);
    }
}

static void
json_step(struct json_writer *w, const struct step *step, const struct result *result)
{
    static const char *const words[] = { "not reached", "done", "holds", "fails" };

    json_open(w, NULL, '{');
    json_put_integer(w, "line", step->line);
    json_put_string(w, "step", step->text);
    json_put_string(w, "verdict", words[result->verdict]);
    json_put_real(w, "began", result->began);
    json_put_real(w, "ended", result->ended);
    if (result->saw[0] != '\0')
        json_put_string(w, "saw", result->saw);
    json_close(w, '}');
}

static void
json_server(struct json_writer *w, const struct worker *worker)
{
    char letter[2] = { mark_letter(mark_of(worker)), '\0' }, why[512], end[400];

    explain(worker, why, sizeof(why));
    explain_end(worker, end, sizeof(end));
    json_open(w, NULL, '{');
    json_put_string(w, "server", worker->target.name);
    json_put_string(w, "mark", letter);
    json_put_string(w, "words", why);
    json_put_string(w, "ended", end);
    json_put_real(w, "seconds", worker->outcome.took);
    json_put_real(w, "longest_wait", worker->outcome.longest_wait);
    json_open(w, "steps", '[');
    for (size_t i = 0; i < worker->outcome.n_results; i++)
        if (worker->scenario->steps[i].action < ABOUT_COMPARE)
            json_step(w, &worker->scenario->steps[i], &worker->outcome.results[i]);
    json_close(w, ']');
    json_close(w, '}');
}

void
verdicts_write(const char *path, const struct worker *workers, size_t n)
{
    struct json_writer w = { .out = fopen(path, "we") };

    if (w.out == NULL)
        err(1, "cannot write %s", path);
    json_open(&w, NULL, '{');
    json_put_string(&w, "scenario", workers[0].scenario->name);
    json_put_string(&w, "question", workers[0].scenario->question);
    json_open(&w, "servers", '[');
    for (size_t i = 0; i < n; i++)
        json_server(&w, &workers[i]);
    json_close(&w, ']');
    json_close(&w, '}');
    fputc('\n', w.out);
    if (ferror(w.out) || fclose(w.out) == EOF)
        err(1, "cannot write %s", path);
}
