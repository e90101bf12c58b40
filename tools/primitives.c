/*
 * primitives.c -- `echolab primitives`: small programs, one for each thing that tasks are
 * made of. Each prints the same lines every time, so that you can say them before.
 */
#include "primitives.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "embedded.h"

#define LINE_ROOM 120
#define MOST_LINES 40
#define MOST_FDS 64

static const struct primitive primitives[] = {
    { "loop", "call_soon, call_later, and a call that is cancelled",
      "tools/primitives_loop.c", loop_program },
    { "future", "a result that is not there yet", "tools/primitives_loop.c", future_program },
    { "task", "two tasks take turns", "tools/primitives_loop.c", task_program },
    { "error", "where a task's failure comes out", "tools/primitives_loop.c", error_program },
    { "cancel", "what a cancelled task can do", "tools/primitives_loop.c", cancel_program },
    { "delay", "ten seconds, or until Ctrl-C", "tools/primitives_loop.c", delay_program },
    { "wait-for", "a task that takes too long", "tools/primitives_sync.c", wait_for_program },
    { "gather", "many tasks, one wait", "tools/primitives_sync.c", gather_program },
    { "lock", "one at a time", "tools/primitives_sync.c", lock_program },
    { "event", "many wait for one thing", "tools/primitives_sync.c", event_program },
    { "condition", "wait until something is so", "tools/primitives_sync.c", condition_program },
    { "semaphore", "two at a time", "tools/primitives_sync.c", semaphore_program },
    { "queue", "one puts, one gets, neither too fast", "tools/primitives_sync.c",
      queue_program },
    { "thread-queue", "the other end is a thread", "tools/primitives_sync.c",
      thread_queue_program },
    { "streams", "readline, read_exactly, write, drain", "tools/primitives_stream.c",
      streams_program },
    { "generator", "yield, send, throw, yield from", "tools/primitives_stream.c",
      generator_program },
};
#define N_PRIMITIVES (sizeof(primitives) / sizeof(primitives[0]))

static const char usage[] =
    "usage: echolab primitives [--predict] [NAME]\n"
    "\n"
    "Small programs, one for each thing that tasks are made of. With a NAME: runs it.\n"
    "      --predict   shows its source, asks what it will print, and compares\n"
    "\n";

/* What the program has printed so far. */
static char printed[MOST_LINES][LINE_ROOM];
static size_t n_printed;

void
tell(const char *fmt, ...)
{
    int saved = errno;
    char line[LINE_ROOM];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    puts(line);
    if (n_printed < MOST_LINES)
        memcpy(printed[n_printed++], line, sizeof(line));
    errno = saved;
}

struct task *
begin(struct loop *loop, const char *name, long (*run)(void *arg), void *arg)
{
    struct task *task = task_start(loop, name, __func__, run, arg);

    if (task == NULL)
        err(1, "cannot create task %s", name);
    return task;
}

static void
list(FILE *out)
{
    fputs(usage, out);
    for (size_t i = 0; i < N_PRIMITIVES; i++)
        fprintf(out, "  %-14s %s\n", primitives[i].name, primitives[i].summary);
}

static const struct primitive *
primitive_named(const char *name)
{
    for (size_t i = 0; i < N_PRIMITIVES; i++)
        if (strcmp(primitives[i].name, name) == 0)
            return &primitives[i];
    errx(USAGE_ERROR, "there is no program '%s'; 'echolab primitives' lists them", name);
}

/* Prints the program's section of its file: from its headline to the next one. */
static void
show_source(const struct primitive *primitive)
{
    const struct embedded *file = embedded_named(primitive->file);
    char headline[64];
    const char *begins, *ends;
    size_t left;

    if (file == NULL)
        errx(1, "the source of %s is not in this binary", primitive->name);
    snprintf(headline, sizeof(headline), "/* ---- %s: ", primitive->name);
    begins = memmem(file->text, file->len, headline, strlen(headline));
    if (begins == NULL)
        errx(1, "%s has no section on %s", primitive->file, primitive->name);
    left = file->len - (size_t)(begins - file->text);
    ends = memmem(begins + 1, left - 1, "/* ---- ", 8);
    fwrite(begins, 1, ends != NULL ? (size_t)(ends - begins) : left, stdout);
}

/* Asks for the lines; returns how many were typed. An empty one ends. */
static size_t
ask_for_lines(char lines[MOST_LINES][LINE_ROOM])
{
    size_t n = 0;

    printf("What will it print? A line each; an empty line ends.\n");
    for (;;) {
        printf("%2zu> ", n + 1);
        fflush(stdout);
        if (n == MOST_LINES || fgets(lines[n], LINE_ROOM, stdin) == NULL)
            break;
        lines[n][strcspn(lines[n], "\n")] = '\0';
        if (lines[n][0] == '\0')
            break;
        n++;
    }
    return n;
}

/* Says how good the prediction was. Returns the exit code. */
static int
compare_lines(char lines[MOST_LINES][LINE_ROOM], size_t n)
{
    size_t most = n > n_printed ? n : n_printed;

    for (size_t i = 0; i < most; i++) {
        const char *yours = i < n ? lines[i] : "(nothing)";
        const char *its = i < n_printed ? printed[i] : "(nothing)";

        if (strcmp(yours, its) != 0) {
            printf("\n%zu of %zu lines as you said; then line %zu:\n", i, n_printed, i + 1);
            printf("  you:     %s\n  program: %s\nWhy?\n", yours, its);
            return 1;
        }
    }
    printf("\nAll %zu lines as you said.\n", n_printed);
    return 0;
}

static void
run(const struct primitive *primitive)
{
    struct loop *loop = loop_open(MOST_FDS);
    struct task *task;

    if (loop == NULL)
        err(1, "cannot open a loop");
    task = task_start(loop, "main", __func__, primitive->run, loop);
    if (task == NULL || task_run(task) == -1)
        err(1, "%s", primitive->name);
    tasks_end(loop);
    loop_close(loop);
}

int
primitives_main(int argc, char **argv)
{
    static const struct option longs[] = { { "predict", 0, NULL, 'p' },
                                           { "help", 0, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
    static char lines[MOST_LINES][LINE_ROOM];
    bool predict = false;
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":ph", longs, NULL)) != -1) {
        if (opt == 'h') {
            list(stdout);
            return 0;
        }
        if (opt != 'p')
            bad_option(opt, argv, longs);
        predict = true;
    }
    if (argc - optind > 1)
        errx(USAGE_ERROR, "one program at a time, but got '%s' too", argv[optind + 1]);
    if (optind == argc && predict)
        errx(USAGE_ERROR, "which program? echolab primitives --predict NAME");
    if (optind == argc) {
        list(stdout);
        return 0;
    }
    const struct primitive *primitive = primitive_named(argv[optind]);
    if (!predict) {
        run(primitive);
        return 0;
    }
    show_source(primitive);
    size_t n = ask_for_lines(lines);
    putchar('\n');
    run(primitive);
    return compare_lines(lines, n);
}
