/* compare.c -- `echolab compare`: every stage in the standard scenarios, as one table. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "choice.h"
#include "color.h"
#include "commands.h"
#include "launch.h"
#include "matrix.h"
#include "scenario.h"
#include "worker.h"

#define LIMIT_MS 90000
#define MOST_STAGES 64

static const char usage[] =
    "usage: echolab compare [STAGE...] [OPTION...]\n"
    "\n"
    "Plays the same clients against every stage (or those that are named) and shows\n"
    "in one table who serves and who fails, and what it costs. Without --quick, --all\n"
    "and --only: about a dozen scenarios, a minute or two.\n"
    "\n"
    "      --quick        only the scenarios that tell the stages apart best\n"
    "      --all          every scenario\n"
    "      --only NAME,.. these scenarios\n"
    "  -o, --output FILE  write a report too: .md, .html or .json\n"
    "      --color WHEN   auto, always or never\n"
    "  -h, --help         this text\n"
    "\n"
    "exit status: 0 when every cell is as the stages' lessons say, else 1; 2 usage\n";

struct compare {
    enum { QUICK, STANDARD, ALL } which;
    const char *only; /* names, a comma between them; NULL: as `which` says */
    struct matrix matrix;
    const char *output;
};

static bool
is_chosen(const struct compare *compare, const struct scenario *scenario)
{
    if (compare->only != NULL)
        return name_in(compare->only, scenario->name);
    if (compare->which == ALL)
        return true;
    return compare->which == QUICK ? scenario->quick : scenario->compare;
}

static void
choose_scenarios(struct compare *compare)
{
    struct matrix *matrix = &compare->matrix;
    char problem[256];
    struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i, problem, sizeof(problem))) != NULL; i++) {
        if (!is_chosen(compare, scenario) || matrix->n_scenarios == MATRIX_SCENARIOS)
            scenario_free(scenario);
        else
            matrix->scenarios[matrix->n_scenarios++] = scenario;
    }
}

static void
choose_stages(struct matrix *matrix, char **names, int n)
{
    for (int i = 0; i < n; i++) {
        const struct stage *stage = stage_named(names[i]);

        if (stage == NULL)
            errx(USAGE_ERROR, "there is no stage '%s'; 'echolab list' shows them", names[i]);
        if (stage->framed)
            errx(USAGE_ERROR, "%s answers messages, it does not echo: it cannot be compared",
                 names[i]);
        if (matrix->n_stages < MATRIX_STAGES)
            matrix->stages[matrix->n_stages++] = stage;
    }
    for (size_t i = 0; n == 0 && stage_at(i) != NULL; i++)
        if (!stage_at(i)->framed && matrix->n_stages < MATRIX_STAGES)
            matrix->stages[matrix->n_stages++] = stage_at(i);
}

static void
read_arguments(int argc, char **argv, struct compare *compare)
{
    static const struct option longs[] = {
        { "only", 1, NULL, 'O' },   { "quick", 0, NULL, 'Q' }, { "all", 0, NULL, 'A' },
        { "output", 1, NULL, 'o' }, { "color", 1, NULL, 'c' }, { "help", 0, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
        switch (opt) {
        case 'Q':
        case 'A':
            if (compare->which == (opt == 'Q' ? ALL : QUICK))
                errx(USAGE_ERROR, "either --quick or --all, not both");
            compare->which = opt == 'Q' ? QUICK : ALL;
            break;
        case 'O':
            compare->only = optarg;
            check_names(optarg);
            break;
        case 'o':
            compare->output = optarg;
            break;
        case 'c':
            if (choose_color(optarg) == -1)
                errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", optarg);
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            bad_option(opt, argv, longs);
        }
    }
    choose_scenarios(compare);
    choose_stages(&compare->matrix, argv + optind, argc - optind);
}

int
compare_main(int argc, char **argv)
{
    static struct compare compare = { .which = STANDARD };
    struct matrix *matrix = &compare.matrix;
    struct report report;
    int code;

    read_arguments(argc, argv, &compare);
    if (compare.output != NULL)
        report_open(&report, compare.output); /* a wrong name should not cost a minute */
    launch_prepare();
    code = matrix_play(matrix, LIMIT_MS);
    if (code == 0) {
        matrix_print(matrix, color_on(STDOUT_FILENO));
        code = matrix_differs(matrix) ? 1 : 0;
    }
    if (compare.output != NULL && code <= 1)
        matrix_report(matrix, &report);
    matrix_free(matrix);
    return code;
}
