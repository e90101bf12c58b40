/* matrix.c -- the table of `echolab compare`. */
#include "matrix.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "costs.h"
#include "json.h"
#include "lanes.h"

#define STAGE_COLUMN 20
#define COST_COLUMN 12

static struct worker *
cell(const struct matrix *matrix, size_t stage, size_t scenario)
{
    return &matrix->cells[stage * matrix->n_scenarios + scenario];
}

/* One line on a terminal that is written over and over. */
static void
show_progress(void *context)
{
    const struct matrix *matrix = context;
    size_t n = matrix->n_stages * matrix->n_scenarios, over = 0;
    const struct worker *playing = NULL;

    for (size_t i = 0; i < n; i++) {
        over += matrix->cells[i].progress == OVER;
        if (playing == NULL && matrix->cells[i].progress == PLAYS)
            playing = &matrix->cells[i];
    }
    fprintf(stderr, "\r\033[K  %zu of %zu", over, n);
    if (playing != NULL)
        fprintf(stderr, "   %s: %s", playing->target.name, playing->scenario->name);
    fflush(stderr);
}

static bool
is_strange(const struct worker *worker)
{
    enum mark mark = mark_of(worker);

    return mark == MARK_DIFFERS || mark == MARK_UNKNOWN;
}

/* A cell as it was before it was played. */
static void
make_cell(const struct matrix *matrix, size_t stage, size_t scenario, int limit_ms)
{
    *cell(matrix, stage, scenario) = (struct worker){
        .scenario = matrix->scenarios[scenario],
        .target = { .name = matrix->stages[stage]->name, .stage = matrix->stages[stage] },
        .limit_ms = limit_ms,
        .fd = -1,
    };
}

/* Plays what is strange once more, with nobody beside it. */
static int
play_again(struct matrix *matrix, int limit_ms)
{
    for (size_t i = 0; i < matrix->n_stages; i++)
        for (size_t k = 0; k < matrix->n_scenarios; k++) {
            struct worker *worker = cell(matrix, i, k);
            int number;

            if (!is_strange(worker))
                continue;
            matrix->n_again++;
            workers_free(worker, 1);
            make_cell(matrix, i, k, limit_ms);
            number = workers_play(worker, 1, 1, NULL, NULL);
            if (number != 0)
                return number;
        }
    return 0;
}

int
matrix_play(struct matrix *matrix, int limit_ms)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned at_once = cores > 4 ? 8 : cores > 1 ? 2 * (unsigned)cores : 2;
    bool tell = isatty(STDERR_FILENO);
    double began = now_s();
    int number;

    matrix->cells = calloc(matrix->n_stages * matrix->n_scenarios, sizeof(*matrix->cells));
    if (matrix->cells == NULL)
        err(1, "out of memory");
    for (size_t i = 0; i < matrix->n_stages; i++)
        for (size_t k = 0; k < matrix->n_scenarios; k++)
            make_cell(matrix, i, k, limit_ms);
    number = workers_play(matrix->cells, matrix->n_stages * matrix->n_scenarios, at_once,
                          tell ? show_progress : NULL, matrix);
    if (number == 0)
        number = play_again(matrix, limit_ms);
    if (number == 0)
        number = inside_play(&matrix->inside, matrix->stages, matrix->n_stages);
    matrix->took = now_s() - began;
    if (tell)
        fprintf(stderr, "\r\033[K");
    return number == 0 ? 0 : 128 + number;
}

bool
matrix_differs(const struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->n_stages * matrix->n_scenarios; i++)
        if (is_strange(&matrix->cells[i]))
            return true;
    return false;
}

/* The names of the scenarios as a staircase: each above its column. */
static void
print_heads(const struct matrix *matrix, size_t width)
{
    for (size_t k = 0; k < matrix->n_scenarios; k++) {
        printf("%*s", STAGE_COLUMN, "");
        for (size_t i = 0; i < k; i++)
            printf("%-*s", (int)width, "|");
        printf("%s\n", matrix->scenarios[k]->name);
    }
}

static void
print_mark(enum mark mark, size_t width, bool color)
{
    int number = mark == MARK_HOLDS ? 29 : mark == MARK_NOT_PLAYED ? 0 : 166;

    if (color && number != 0)
        printf("\033[%s38;5;%dm", mark == MARK_DIFFERS ? "1;" : "", number);
    printf("%c%s%*s", mark_letter(mark), color ? "\033[0m" : "", (int)width - 1, "");
}

static void
print_marks(const struct matrix *matrix, bool color)
{
    /* 100 columns must hold the last name too. */
    size_t width = matrix->n_scenarios > 28 ? 2 : matrix->n_scenarios > 16 ? 3 : 4;

    print_heads(matrix, width);
    for (size_t i = 0; i < matrix->n_stages; i++) {
        printf(" %s%-*s%s", color ? "\033[1m" : "", STAGE_COLUMN - 1, matrix->stages[i]->name,
               color ? "\033[0m" : "");
        for (size_t k = 0; k < matrix->n_scenarios; k++)
            print_mark(mark_of(cell(matrix, i, k)), k + 1 < matrix->n_scenarios ? width : 1, color);
        printf("\n");
    }
    printf("\n + holds   - fails, as its lesson says   ! not as its lesson says\n"
           " . does not take an option that this needs   ? could not be told\n");
}

static void
print_strange(const struct matrix *matrix)
{
    char why[512];

    for (size_t i = 0; i < matrix->n_stages * matrix->n_scenarios; i++) {
        const struct worker *worker = &matrix->cells[i];

        if (!is_strange(worker))
            continue;
        explain(worker, why, sizeof(why));
        printf("\n%c %s, %s: %s\n", mark_letter(mark_of(worker)), worker->target.name,
               worker->scenario->name, why);
    }
}

/* cost_heads, in two lines: all columns fit into 80. */
static const char *const cost_words[2][N_COSTS] = {
    { "bob", "CPU,", "tasks for", "memory", "clients" },
    { "waits", "idle", "100", "a client", "at once" },
};

void
matrix_print(const struct matrix *matrix, bool color)
{
    size_t n_echo = 0;

    print_marks(matrix, color);
    print_strange(matrix);
    for (int line = 0; line < 2; line++) {
        printf("%s %-*s", line == 0 ? "\n" : "", STAGE_COLUMN - 1, line == 0 ? "costs" : "");
        for (int c = 0; c < N_COSTS; c++)
            printf("%*s", COST_COLUMN, cost_words[line][c]);
        printf("\n");
    }
    for (size_t i = 0; i < matrix->n_stages; i++) {
        char texts[N_COSTS][COST_TEXT];

        costs_of(cell(matrix, i, 0), matrix->n_scenarios, texts);
        printf(" %-*s", STAGE_COLUMN - 1, matrix->stages[i]->name);
        for (int c = 0; c < N_COSTS; c++)
            printf("%*s", COST_COLUMN, texts[c]);
        printf("\n");
    }
    inside_print(&matrix->inside);
    printf("\n%zu stage%s, %zu scenario%s, %.0f s", matrix->n_stages,
           matrix->n_stages == 1 ? "" : "s", matrix->n_scenarios,
           matrix->n_scenarios == 1 ? "" : "s", matrix->took);
    if (matrix->n_again > 0)
        printf("; %zu cells were played a second time, alone", matrix->n_again);
    printf("\n");
    for (size_t i = 0; stage_at(i) != NULL; i++)
        n_echo += !stage_at(i)->framed;
    for (size_t i = 0; stage_at(i) != NULL && matrix->n_stages == n_echo; i++)
        if (stage_at(i)->framed)
            printf("%s is not among them: it has a protocol of its own\n", stage_at(i)->name);
}

/* Why a cell is marked as it is: for the tip over it, and for JSON. */
static void
cell_words(const struct worker *worker, char *words, size_t room)
{
    explain(worker, words, room);
    if (words[0] == '\0')
        snprintf(words, room, "holds");
}

static void
report_marks(const struct matrix *matrix, struct report *report)
{
    static const enum tone tones[] = { TONE_GOOD, TONE_BAD, TONE_STRANGE, TONE_FAINT,
                                       TONE_STRANGE };
    const char *heads[MATRIX_STAGES + 2] = { "scenario", "the question" };
    char words[512];

    for (size_t i = 0; i < matrix->n_stages; i++)
        heads[i + 2] = matrix->stages[i]->name;
    report_table(report, heads, matrix->n_stages + 2);
    for (size_t k = 0; k < matrix->n_scenarios; k++) {
        report_row(report);
        report_cell(report, TONE_PLAIN, matrix->scenarios[k]->name, NULL);
        report_cell(report, TONE_WORDS, matrix->scenarios[k]->question, NULL);
        for (size_t i = 0; i < matrix->n_stages; i++) {
            const struct worker *worker = cell(matrix, i, k);
            char letter[2] = { mark_letter(mark_of(worker)), '\0' };

            cell_words(worker, words, sizeof(words));
            report_cell(report, tones[mark_of(worker)], letter, words);
        }
        report_row_end(report);
    }
    report_table_end(report);
}

static void
report_costs(const struct matrix *matrix, struct report *report)
{
    const char *heads[N_COSTS + 1] = { "stage" };
    char texts[N_COSTS][COST_TEXT];

    memcpy(heads + 1, cost_heads, sizeof(cost_heads));
    report_table(report, heads, N_COSTS + 1);
    for (size_t i = 0; i < matrix->n_stages; i++) {
        costs_of(cell(matrix, i, 0), matrix->n_scenarios, texts);
        report_row(report);
        report_cell(report, TONE_PLAIN, matrix->stages[i]->name, matrix->stages[i]->summary);
        for (int c = 0; c < N_COSTS; c++)
            report_cell(report, TONE_PLAIN, texts[c], NULL);
        report_row_end(report);
    }
    report_table_end(report);
}

static void
json_stage(const struct matrix *matrix, size_t stage, struct json_writer *w)
{
    char texts[N_COSTS][COST_TEXT], words[512];

    json_open(w, NULL, '{');
    json_put_string(w, "stage", matrix->stages[stage]->name);
    json_open(w, "scenarios", '{');
    for (size_t k = 0; k < matrix->n_scenarios; k++) {
        const struct worker *worker = cell(matrix, stage, k);
        char letter[2] = { mark_letter(mark_of(worker)), '\0' };

        cell_words(worker, words, sizeof(words));
        json_open(w, worker->scenario->name, '{');
        json_put_string(w, "mark", letter);
        json_put_string(w, "words", words);
        json_put_real(w, "seconds", worker->outcome.took);
        json_close(w, '}');
    }
    json_close(w, '}');
    costs_of(cell(matrix, stage, 0), matrix->n_scenarios, texts);
    json_open(w, "costs", '{');
    for (int c = 0; c < N_COSTS; c++)
        json_put_string(w, cost_heads[c], texts[c]);
    json_close(w, '}');
    inside_json(&matrix->inside, matrix->stages[stage]->name, w);
    json_close(w, '}');
}

static void
matrix_json(const struct matrix *matrix, FILE *out)
{
    struct json_writer w = { .out = out };

    json_open(&w, NULL, '[');
    for (size_t i = 0; i < matrix->n_stages; i++)
        json_stage(matrix, i, &w);
    json_close(&w, ']');
    fputc('\n', out);
}

void
matrix_report(const struct matrix *matrix, struct report *report)
{
    if (report->format == REPORT_JSON) {
        matrix_json(matrix, report->out);
    } else {
        report_begin(report, "echolab: the same clients, many servers");
        report_sentence(report, "+ holds. - fails, as the stage's lesson says. ! is not as its "
                                "lesson says. . needs an option that the stage does not take. "
                                "? could not be told.");
        report_marks(matrix, report);
        report_heading(report, "What it costs");
        report_costs(matrix, report);
        inside_report(&matrix->inside, report);
    }
    report_close(report);
}

void
matrix_free(struct matrix *matrix)
{
    inside_free(&matrix->inside);
    workers_free(matrix->cells, matrix->n_stages * matrix->n_scenarios);
    free(matrix->cells);
    for (size_t k = 0; k < matrix->n_scenarios; k++)
        scenario_free(matrix->scenarios[k]);
}
