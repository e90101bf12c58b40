/* play.c -- `echolab play`: one script of clients, one server or many. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "launch.h"
#include "player.h"
#include "scenario.h"

#define DEFAULT_STAGES "multi-blocking,epoll"
#define LIMIT_MS 60000

struct wishes {
    const char *file, *stages, *log_path;
    char **command; /* behind "--"; NULL: stages */
    int limit_ms;
    bool quiet;
};

static const char usage[] =
    "usage: echolab play FILE [--on STAGE,...] [OPTION...]\n"
    "       echolab play FILE [OPTION...] -- COMMAND... {port}\n"
    "\n"
    "Plays a script of clients against a server and tells which expectations hold.\n"
    "\n"
    "      --on STAGE,...   these servers of ours, or all (default " DEFAULT_STAGES ")\n"
    "  -l, --limit SEC      end the scenario after so long (default 60)\n"
    "      --log FILE       append what the server prints to FILE\n"
    "  -q, --quiet          one line a server\n"
    "  -h, --help           this text\n"
    "\n"
    "exit status: 0 all expectations hold, 1 some do not, 2 usage, 3 the server does not listen\n";

static void
read_wishes(int argc, char **argv, struct wishes *wishes)
{
    static const struct option longs[] = { { "on", 1, NULL, 'o' },    { "limit", 1, NULL, 'l' },
                                           { "log", 1, NULL, 'L' },   { "quiet", 0, NULL, 'q' },
                                           { "help", 0, NULL, 'h' },  { NULL, 0, NULL, 0 } };
    int opt;
    char *end;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":l:qh", longs, NULL)) != -1) {
        switch (opt) {
        case 'o':
            wishes->stages = optarg;
            break;
        case 'l':
            wishes->limit_ms = (int)(strtod(optarg, &end) * 1000);
            if (*end != '\0' || wishes->limit_ms <= 0 || wishes->limit_ms > 600000)
                errx(2, "--limit must be 0.001 to 600 seconds, not '%s'", optarg);
            break;
        case 'L':
            wishes->log_path = optarg;
            break;
        case 'q':
            wishes->quiet = true;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case ':':
            errx(2, "%s needs a value; --help tells which", argv[optind - 1]);
        default:
            errx(2, "unknown option '%s'; --help lists them", argv[optind - 1]);
        }
    }
    /* getopt has moved "--" in front of the operands: FILE, then the command. */
    bool dashes = strcmp(argv[optind - 1], "--") == 0;
    if (optind < argc)
        wishes->file = argv[optind++];
    if (optind < argc && !dashes)
        errx(2, "one scenario at a time; a command comes behind --: -- %s ... {port}",
             argv[optind]);
    if (optind < argc)
        wishes->command = argv + optind;
}

static const char *
verdict_word(enum verdict verdict)
{
    static const char *const words[] = { "not reached", "", "ok", "FAILS" };

    return words[verdict];
}

static void
print_steps(const struct scenario *scenario, const struct outcome *outcome)
{
    for (size_t i = 0; i < scenario->n_steps; i++) {
        const struct result *result = &outcome->results[i];

        printf("  %3u  %7.3f  %-44s  %s", scenario->steps[i].line, result->began,
               scenario->steps[i].text, verdict_word(result->verdict));
        if (result->verdict == HOLDS && result->ended - result->began >= 0.001)
            printf(" after %.3f s", result->ended - result->began);
        if (result->saw[0] != '\0')
            printf(": %s", result->saw);
        printf("\n");
    }
}

/* Plays it once and prints what came of it. Returns the exit code. */
static int
play_one(const struct scenario *scenario, const struct target *target,
         const struct wishes *wishes)
{
    struct outcome outcome;
    unsigned n_expected = 0, n_held = 0;
    int code;

    if (play_scenario(scenario, target, wishes->limit_ms, NULL, &outcome) == -1)
        err(1, "cannot play");
    for (size_t i = 0; i < outcome.n_results; i++) {
        n_held += outcome.results[i].verdict == HOLDS;
        n_expected += outcome.results[i].verdict == HOLDS || outcome.results[i].verdict == FAILS;
    }
    if (!wishes->quiet && outcome.started == LISTENS)
        print_steps(scenario, &outcome);
    if (outcome.started == NOT_FOR_IT)
        printf("%s: not played: %s", target->name, outcome.problem);
    else if (outcome.started != LISTENS)
        printf("%s: %s\n%s", target->name, outcome.problem, outcome.words);
    else
        printf("%s: %s: %u of %u expectations hold%s\n", target->name, scenario->name, n_held,
               n_expected, outcome.cut_short ? "; the time was over before the end" : "");
    if (outcome.own_limit != 0)
        printf("%s: the player itself is at its limit: %s\n", target->name,
               strerror(outcome.own_limit));
    code = outcome.started == NOT_FOR_IT ? 0 : outcome.started != LISTENS ? 3 : !outcome.held;
    outcome_free(&outcome);
    return code;
}

static int
play_stages(const struct scenario *scenario, const struct wishes *wishes)
{
    bool all = strcmp(wishes->stages, "all") == 0;
    char *names = strdup(wishes->stages), *rest = names;
    const char *name;
    int code = 0;

    for (size_t i = 0; all ? stage_at(i) != NULL : rest != NULL; i++) {
        struct target target = { .log_path = wishes->log_path };
        int one;

        name = all ? stage_at(i)->name : strsep(&rest, ",");
        target.stage = stage_named(name);
        target.name = name;
        if (target.stage == NULL)
            errx(2, "--on %s: there is no stage '%s'; 'echolab list' shows them", wishes->stages,
                 name);
        one = play_one(scenario, &target, wishes);
        code = one > code ? one : code;
    }
    free(names);
    return code;
}

int
play_main(int argc, char **argv)
{
    struct wishes wishes = { .limit_ms = LIMIT_MS };
    char problem[512];
    struct scenario *scenario;
    int code;

    read_wishes(argc, argv, &wishes);
    if (wishes.file == NULL)
        errx(2, "which scenario? echolab play FILE --on STAGE,...");
    if (wishes.command != NULL && wishes.stages != NULL)
        errx(2, "either --on STAGE,... or -- COMMAND, not both");
    scenario = scenario_open(wishes.file, problem, sizeof(problem));
    if (scenario == NULL)
        errx(2, "%s", problem);
    if (wishes.stages == NULL)
        wishes.stages = DEFAULT_STAGES;
    launch_prepare();
    if (wishes.command != NULL) {
        struct target target = { .name = wishes.command[0], .command = wishes.command,
                                 .log_path = wishes.log_path };

        code = play_one(scenario, &target, &wishes);
    } else {
        code = play_stages(scenario, &wishes);
    }
    scenario_free(scenario);
    return code;
}
