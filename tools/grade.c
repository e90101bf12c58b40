/* grade.c -- `echolab grade`: any server, in any language, against all scenarios. */
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
#include "gradebook.h"
#include "launch.h"
#include "plain.h"
#include "scenario.h"
#include "worker.h"

#define LIMIT_MS 60000
#define AT_ONCE 4

static const char usage[] =
    "usage: echolab grade [OPTION...] -- COMMAND... {port}\n"
    "\n"
    "Starts the command again and again, with a free port in the place of {port},\n"
    "plays every scenario against it, and says for each what the clients saw, what\n"
    "they expected, and what the mistake may be.\n"
    "\n"
    "      --profile NAME    echo: what is sent comes back as it was (default)\n"
    "                        line: it comes back line by line\n"
    "                        smoke: five clients, any bytes, one half-close\n"
    "      --only NAME,...   only these scenarios\n"
    "      --tap, --json     print the verdicts in this form\n"
    "  -o, --output FILE     write a report too: .md, .html or .json\n"
    "      --color WHEN      auto, always or never\n"
    "  -h, --help            this text\n"
    "\n"
    "exit status: 0 every required scenario holds; 1 not all of them; 2 usage;\n"
    "3 the command cannot be run, or does not listen\n";

struct grade {
    struct gradebook book;
    const char *only, *output;
    enum { AS_TEXT, AS_TAP, AS_JSON } form;
};

static void
choose_profile(struct gradebook *book, const char *name)
{
    book->profile_name = name;
    if (strcmp(name, "echo") == 0)
        book->profile = PROFILE_ECHO;
    else if (strcmp(name, "line") == 0)
        book->profile = PROFILE_LINE;
    else if (strcmp(name, "smoke") == 0)
        book->profile = PROFILE_SMOKE;
    else
        errx(USAGE_ERROR, "--profile must be echo, line or smoke, not '%s'", name);
}

static void
read_option(struct grade *grade, int opt, const char *value)
{
    switch (opt) {
    case 'p':
        choose_profile(&grade->book, value);
        break;
    case 'O':
        grade->only = value;
        check_names(value);
        break;
    case 'T':
    case 'J':
        grade->form = opt == 'T' ? AS_TAP : AS_JSON;
        break;
    case 'o':
        grade->output = value;
        break;
    case 'c':
        if (choose_color(value) == -1)
            errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", value);
        break;
    default:
        fputs(usage, stdout);
        exit(0);
    }
}

/* "python3 server.py {port}": what stands over the verdicts. */
static const char *
words_of(char **command)
{
    static char text[60];
    size_t n = 0;

    for (char **word = command; *word != NULL && n < sizeof(text); word++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n > 0 ? " " : "", *word);
    make_plain(text);
    return text;
}

static void
read_arguments(int argc, char **argv, struct grade *grade)
{
    static const struct option longs[] = {
        { "profile", 1, NULL, 'p' }, { "only", 1, NULL, 'O' },   { "tap", 0, NULL, 'T' },
        { "json", 0, NULL, 'J' },    { "output", 1, NULL, 'o' }, { "color", 1, NULL, 'c' },
        { "help", 0, NULL, 'h' },    { NULL, 0, NULL, 0 },
    };
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, "+:o:h", longs, NULL)) != -1) {
        if (opt == ':' || opt == '?')
            bad_option(opt, argv, longs);
        read_option(grade, opt, optarg);
    }
    if (optind == argc)
        errx(USAGE_ERROR, "which server? echolab grade -- COMMAND... {port}");
    grade->book.target.name = words_of(argv + optind);
    grade->book.target.command = argv + optind;
    check_command(argv + optind);
}

static void
choose_scenarios(struct gradebook *book, const char *only)
{
    char problem[256];
    struct scenario *scenario;

    for (size_t i = 0; (scenario = scenario_at(i, problem, sizeof(problem))) != NULL; i++) {
        if ((scenario->profiles & book->profile) == 0 ||
            (only != NULL && !name_in(only, scenario->name))) {
            scenario_free(scenario);
            continue;
        }
        struct worker *workers = realloc(book->workers, (book->n + 1) * sizeof(*workers));

        if (workers == NULL)
            err(1, "out of memory");
        book->workers = workers;
        workers[book->n++] = (struct worker){
            .scenario = scenario, .target = book->target, .limit_ms = LIMIT_MS, .fd = -1
        };
    }
    if (book->n == 0)
        errx(USAGE_ERROR, "--only %s: not graded in the profile %s", only, book->profile_name);
}

static void
show_progress(void *context)
{
    const struct gradebook *book = context;
    size_t over = 0;

    for (size_t i = 0; i < book->n; i++)
        over += book->workers[i].progress == OVER;
    fprintf(stderr, "\r\033[K  %zu of %zu", over, book->n);
    fflush(stderr);
}

/* A server that does not come up for the first scenario has nothing to be graded. */
static bool
never_listens(const struct gradebook *book)
{
    return !book->workers[0].lost && book->workers[0].outcome.started != LISTENS;
}

/* What failed beside another scenario is played once more, alone: load is no mistake. */
static int
play(struct gradebook *book)
{
    bool tell = isatty(STDERR_FILENO);
    int number = workers_play(book->workers, 1, 1, NULL, NULL);

    if (number != 0 || never_listens(book))
        return number;
    number = workers_play(book->workers, book->n, AT_ONCE, tell ? show_progress : NULL, book);

    for (size_t i = 0; i < book->n && number == 0; i++) {
        struct worker *worker = &book->workers[i];
        struct worker fresh = { .scenario = worker->scenario,
                                .target = worker->target,
                                .limit_ms = worker->limit_ms,
                                .fd = -1 };

        if (mark_of(worker) == MARK_HOLDS)
            continue;
        workers_free(worker, 1);
        *worker = fresh;
        number = workers_play(worker, 1, 1, NULL, NULL);
    }
    if (tell)
        fprintf(stderr, "\r\033[K");
    return number;
}

int
grade_main(int argc, char **argv)
{
    struct grade grade = { .book = { .profile = PROFILE_ECHO, .profile_name = "echo" } };
    struct gradebook *book = &grade.book;
    struct report report;
    int number;

    read_arguments(argc, argv, &grade);
    choose_scenarios(book, grade.only);
    if (grade.output != NULL)
        report_open(&report, grade.output);
    launch_prepare();
    number = play(book);
    if (number != 0)
        return 128 + number;
    if (never_listens(book)) {
        warnx("%s: %s", book->target.name, book->workers[0].outcome.problem);
        fputs(book->workers[0].outcome.words, stderr);
        return 3;
    }
    if (grade.form == AS_TAP)
        gradebook_tap(book, stdout);
    else if (grade.form == AS_JSON)
        gradebook_json(book, stdout);
    else
        gradebook_print(book, stdout, color_on(STDOUT_FILENO));
    if (grade.output != NULL)
        gradebook_report(book, &report);
    number = gradebook_passed(book) ? 0 : 1;
    for (size_t i = 0; i < book->n; i++)
        scenario_free((struct scenario *)book->workers[i].scenario);
    workers_free(book->workers, book->n);
    free(book->workers);
    return number;
}
