/* play.c -- `echolab play`: one script of clients, one server or many. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "commands.h"
#include "lanes.h"
#include "launch.h"
#include "record.h"
#include "scenario.h"
#include "serverlanes.h"
#include "verdicts.h"
#include "worker.h"

#define DEFAULT_STAGES "multi-blocking,epoll"
#define LIMIT_MS 60000
#define MOST_LIMIT_MS 600000
#define OWN_CPU 0.8 /* of a core: from here on the player itself is the limit */
#define AT_ONCE 3   /* more servers side by side would disturb each other */

struct play {
    const char *name; /* of the scenario, or its file */
    const char *stages, *log_path;
    char **command; /* behind "--"; NULL: stages */
    int limit_ms;
    bool quiet, steps, trace;
    const char *output; /* -o; NULL: none */

    struct scenario *scenario;
    struct worker *workers;
    size_t n_workers;
    struct lanes_style style;
    bool live; /* the picture is drawn again and again, in its place */
    int lines; /* of the picture that was drawn last */
    struct record record;
};

static const char usage[] =
    "usage: echolab play SCENARIO [--on STAGE,...] [OPTION...]\n"
    "       echolab play SCENARIO [OPTION...] -- COMMAND... {port}\n"
    "       echolab play\n"
    "\n"
    "Plays a script of clients against servers of ours, or against any command that\n"
    "listens on the port it is given, and draws who waited for whom. Without an\n"
    "operand: lists the scenarios. SCENARIO is one of their names, or a file of yours\n"
    "that ends in .play.\n"
    "\n"
    "      --on STAGE,...   these servers of ours, or all\n"
    "                       (default " DEFAULT_STAGES ")\n"
    "  -l, --limit SEC      end the scenario after so long (default 60)\n"
    "  -t, --trace          trace the servers: lanes of the queue and of their tasks\n"
    "  -o, --output FILE    a picture or page: .svg, .html, .md, .txt, .trace.json\n"
    "                       (for Perfetto); .json, every step and its verdict; or\n"
    "                       .jsonl, the run, for `echolab draw`\n"
    "      --log FILE       append what the servers print to FILE\n"
    "  -s, --steps          every step with its time and its result\n"
    "  -q, --quiet          one line a server\n"
    "      --forms          the forms that a step may have\n"
    "      --color WHEN     auto, always or never\n"
    "      --ascii          draw with plain characters\n"
    "  -h, --help           this text\n"
    "\n"
    "exit status: 0 all expectations hold, or fail as the stage's lesson says; 1 some\n"
    "do not; 2 usage; 3 the command does not listen\n";

/* "run.json" are the verdicts; "run.trace.json" is a picture. */
static bool
wants_json(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot != NULL && strcmp(dot, ".json") == 0 &&
        (dot - path < 6 || strncmp(dot - 6, ".trace", 6) != 0);
}

static void
read_option(struct play *play, int opt, const char *value)
{
    switch (opt) {
    case 'n':
        play->stages = value;
        break;
    case 'l':
        play->limit_ms = milliseconds_argument("--limit", value);
        if (play->limit_ms == 0 || play->limit_ms > MOST_LIMIT_MS)
            errx(USAGE_ERROR, "--limit must be more than 0 and at most 600 seconds, not '%s'",
                 value);
        break;
    case 'L':
        play->log_path = value;
        break;
    case 's':
        play->steps = true;
        break;
    case 't':
        play->trace = true;
        break;
    case 'o':
        if (!wants_json(value))
            picture_named(value); /* a wrong name should not cost the whole play */
        play->output = value;
        break;
    case 'q':
        play->quiet = true;
        break;
    case 'c':
        if (choose_color(value) == -1)
            errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", value);
        break;
    case 'a':
        choose_ascii();
        break;
    case 'f':
        scenario_forms(stdout);
        exit(0);
    default:
        fputs(usage, stdout);
        exit(0);
    }
}

static void
read_arguments(int argc, char **argv, struct play *play)
{
    static const struct option longs[] = { { "on", 1, NULL, 'n' },    { "limit", 1, NULL, 'l' },
                                           { "log", 1, NULL, 'L' },   { "steps", 0, NULL, 's' },
                                           { "quiet", 0, NULL, 'q' }, { "forms", 0, NULL, 'f' },
                                           { "color", 1, NULL, 'c' }, { "ascii", 0, NULL, 'a' },
                                           { "trace", 0, NULL, 't' }, { "output", 1, NULL, 'o' },
                                           { "help", 0, NULL, 'h' },  { NULL, 0, NULL, 0 } };
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":l:to:sqh", longs, NULL)) != -1) {
        if (opt == ':' || opt == '?')
            bad_option(opt, argv, longs);
        read_option(play, opt, optarg);
    }
    /* getopt has moved "--" in front of the operands: the scenario, then the command. */
    bool dashes = strcmp(argv[optind - 1], "--") == 0;
    if (optind < argc)
        play->name = argv[optind++];
    if (optind < argc && !dashes)
        errx(USAGE_ERROR, "one scenario at a time; a command comes behind --: -- %s ... {port}",
             argv[optind]);
    if (optind < argc)
        play->command = argv + optind;
    if (dashes && play->command == NULL)
        errx(USAGE_ERROR, "which server? echolab play %s -- COMMAND... {port}",
             play->name != NULL ? play->name : "SCENARIO");
    if (play->command != NULL)
        check_command(play->command);
    if (play->command != NULL && play->stages != NULL)
        errx(USAGE_ERROR, "either --on STAGE,... or -- COMMAND, not both");
}

/* A name and a text. Of a screen that is `width` columns wide the text keeps to the right. */
static void
print_entry(const char *name, const char *text, size_t width)
{
    const size_t indent = 24;

    printf("%-*s", (int)indent, name);
    while (strlen(text) > width - indent) {
        size_t n = width - indent;

        while (n > 1 && text[n] != ' ')
            n--;
        printf("%.*s\n%*s", (int)n, text, (int)indent, "");
        text += n + strspn(text + n, " ");
    }
    printf("%s\n", text);
}

static int
list_scenarios(void)
{
    size_t width = isatty(STDOUT_FILENO) ? (size_t)lanes_width() : 4096;
    char problem[256];
    struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i, problem, sizeof(problem))) != NULL; i++) {
        print_entry(scenario->name, scenario->question, width);
        scenario_free(scenario);
    }
    return 0;
}

/* One more server to play against. */
static void
add_target(struct play *play, const struct target *target)
{
    struct worker *workers = realloc(play->workers, (play->n_workers + 1) * sizeof(*play->workers));

    if (workers == NULL)
        err(1, "out of memory");
    play->workers = workers;
    workers[play->n_workers++] = (struct worker){
        .scenario = play->scenario, .target = *target, .limit_ms = play->limit_ms, .fd = -1
    };
}

static void
choose_targets(struct play *play)
{
    struct target target = { .log_path = play->log_path };
    char *names = strdup(play->stages), *rest = names;
    const char *name;

    if (play->command != NULL) {
        target.name = play->command[0];
        target.command = play->command;
        add_target(play, &target);
    } else if (strcmp(play->stages, "all") == 0) {
        for (size_t i = 0; (target.stage = stage_at(i)) != NULL; i++) {
            target.name = target.stage->name;
            if (!target.stage->framed)
                add_target(play, &target);
        }
    } else {
        while ((name = strsep(&rest, ",")) != NULL) {
            target.stage = stage_named(name);
            if (target.stage == NULL)
                errx(USAGE_ERROR, "--on %s: there is no stage '%s'; 'echolab list' shows them",
                     play->stages, name);
            target.name = target.stage->name;
            add_target(play, &target);
        }
    }
    free(names);
}

/* The moment up to which there is something to draw. */
static double
drawn_until(const struct worker *worker)
{
    return worker->progress == OVER ? worker->outcome.took : now_s() - worker->outcome.log.began;
}

static void
draw(struct play *play, FILE *out)
{
    play->lines = 0;
    play->style.span = 0.5;
    for (size_t i = 0; i < play->n_workers; i++)
        if (play->workers[i].outcome.log.n > 0 && drawn_until(&play->workers[i]) > play->style.span)
            play->style.span = drawn_until(&play->workers[i]);
    for (size_t i = 0; i < play->n_workers; i++) {
        const struct worker *worker = &play->workers[i];

        if (worker->outcome.log.n == 0)
            continue;
        play->lines += lanes_draw(out, worker->target.name, play->scenario, &worker->outcome.log,
                                  drawn_until(worker), &play->style);
    }
}

/* Draws the picture of now over the one of before. */
static void
draw_live(void *context)
{
    struct play *play = context;

    if (play->lines > 0)
        printf("\033[%dA\033[J", play->lines);
    draw(play, stdout);
    fflush(stdout);
}

/* What else may help to understand a failure. */
static void
conclude_more(const struct worker *worker)
{
    const struct outcome *outcome = &worker->outcome;
    char end[400];

    explain_end(worker, end, sizeof(end));
    if (outcome->started == LISTENS && end[0] != '\0')
        printf("  the server ended: %s\n", end);
    if (outcome->took > 0.5 && outcome->own_cpu > OWN_CPU * outcome->took)
        printf("  the player itself needed %.0f %% of a core: more would not go\n",
               100 * outcome->own_cpu / outcome->took);
}

/* Says what became of it. Returns the exit code. */
static int
conclude(const struct play *play, const struct worker *worker)
{
    enum mark mark = mark_of(worker);
    unsigned held, all;
    char why[512];

    if (play->steps && worker->outcome.started == LISTENS && !worker->lost)
        print_steps(stdout, worker);
    count_expectations(worker, &held, &all);
    explain(worker, why, sizeof(why));
    if (mark == MARK_NOT_PLAYED)
        printf("%s: not played: %s\n", worker->target.name, why);
    else if (worker->outcome.started != LISTENS || mark == MARK_UNKNOWN)
        printf("%s: %s\n%s", worker->target.name, why, worker->outcome.words);
    else if (why[0] == '\0')
        printf("%s: %s: all %u expectations hold\n", worker->target.name, play->scenario->name,
               all);
    else if (held == all)
        printf("%s: %s: %s\n", worker->target.name, play->scenario->name, why);
    else
        printf("%s: %s: %u of %u expectations fail%s\n  %s\n", worker->target.name,
               play->scenario->name, all - held, all,
               mark == MARK_FAILS && worker->target.stage != NULL ? ", as its lesson says" : "",
               why);
    if (mark == MARK_NOT_PLAYED || mark == MARK_HOLDS)
        return 0;
    conclude_more(worker);
    if (worker->outcome.started != LISTENS)
        return 3;
    if (mark == MARK_FAILS && worker->target.stage != NULL)
        return 0;
    return mark == MARK_DIFFERS && !has_failed(worker) ? 0 : 1;
}

/* Draws what is to be seen when all is over. */
static void
draw_at_last(struct play *play)
{
    if (play->live && play->lines > 0)
        printf("\033[%dA\033[J", play->lines);
    play->style.span = 0.5;
    play->lines = runs_draw_text(stdout, play->record.runs, play->record.n, &play->style);
    if (play->lines > 0)
        lanes_legend(stdout, &play->style);
    if (play->lines > 0 && play->trace)
        server_lanes_legend(stdout, &play->style);
}

/* Plays against every target. Returns the exit code. */
static int
play_all(struct play *play)
{
    char title[512];
    int code = 0, number;

    snprintf(title, sizeof(title), "%s: %s", play->scenario->name, play->scenario->question);
    play->style.color = color_on(STDOUT_FILENO);
    play->style.drawing = drawing_on();
    play->style.width = lanes_width();
    play->live = isatty(STDOUT_FILENO) && !play->quiet;
    if (!play->quiet)
        printf("%s\n\n", title);
    fflush(stdout);
    if (play->trace)
        record_trace(&play->record, play->workers, play->n_workers);
    number =
        workers_play(play->workers, play->n_workers, AT_ONCE, play->live ? draw_live : NULL, play);
    record_take(&play->record, play->workers, play->n_workers);
    if (number == 0 && !play->quiet)
        draw_at_last(play);
    for (size_t i = 0; number == 0 && i < play->n_workers; i++) {
        int one = conclude(play, &play->workers[i]);

        code = one > code ? one : code;
    }
    fflush(stdout); /* a file that cannot be written ends the program: that comes last */
    if (number == 0 && play->output != NULL && wants_json(play->output))
        verdicts_write(play->output, play->workers, play->n_workers);
    else if (number == 0 && play->output != NULL)
        record_write(&play->record, play->output, title);
    record_free(&play->record, play->workers, play->n_workers);
    return number != 0 ? 128 + number : code;
}

int
play_main(int argc, char **argv)
{
    struct play play = { .limit_ms = LIMIT_MS };
    char problem[512];
    int code;

    read_arguments(argc, argv, &play);
    if (play.name == NULL && play.command == NULL)
        return list_scenarios();
    play.scenario = scenario_open(play.name, problem, sizeof(problem));
    if (play.scenario == NULL)
        errx(USAGE_ERROR, "%s", problem);
    if (play.stages == NULL)
        play.stages = DEFAULT_STAGES;
    check_log(play.log_path);
    launch_prepare();
    choose_targets(&play);
    code = play_all(&play);
    workers_free(play.workers, play.n_workers);
    free(play.workers);
    scenario_free(play.scenario);
    return code;
}
