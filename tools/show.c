/* show.c -- `echolab show`: the source of a stage, its diff to another, a scenario, a lesson. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "commands.h"
#include "diff.h"
#include "embedded.h"
#include "stage.h"

static const char usage[] =
    "usage: echolab show STAGE [--vs STAGE | --diff]\n"
    "       echolab show SCENARIO | FILE\n"
    "\n"
    "Prints the source of a stage, what changed from another stage to it (--diff:\n"
    "from its parent), a scenario, or any file that `echolab show` without an operand\n"
    "lists, by its whole name or the last part of it.\n";

static int
list_files(void)
{
    for (size_t i = 0; embedded_at(i) != NULL; i++)
        printf("%s\n", embedded_at(i)->name);
    return 0;
}

/* The source of a stage. Ends the program when there is no such stage. */
static const struct embedded *
source_of(const char *name)
{
    const struct stage *stage = stage_named(name);
    const struct embedded *file = NULL;
    char path[80];

    if (stage != NULL) {
        snprintf(path, sizeof(path), "stages/%s", stage->file);
        file = embedded_named(path);
    }
    if (file == NULL)
        errx(USAGE_ERROR, "there is no stage '%s'; 'echolab list' shows them", name);
    return file;
}

/* The file whose name ends in /NAME. */
static const struct embedded *
file_called(const char *name)
{
    for (size_t i = 0; embedded_at(i) != NULL; i++) {
        const char *slash = strrchr(embedded_at(i)->name, '/');

        if (slash != NULL && strcmp(slash + 1, name) == 0)
            return embedded_at(i);
    }
    return NULL;
}

/* A stage, a scenario, or a file by its whole name or the last part of it. */
static const struct embedded *
anything(const char *name)
{
    const struct embedded *file;
    char path[80];

    if (stage_named(name) != NULL)
        return source_of(name);
    snprintf(path, sizeof(path), "lessons/scenarios/%.40s.play", name);
    file = embedded_named(path);
    if (file == NULL)
        file = embedded_named(name);
    if (file == NULL)
        file = file_called(name);
    if (file == NULL)
        errx(USAGE_ERROR, "there is nothing named '%s'; 'echolab show' lists what there is", name);
    return file;
}

/* The part of `-vs` and `--diff`. Returns the exit code. */
static int
show_diff(const char *name, const char *other)
{
    const struct embedded *new = source_of(name), *old;

    if (other == NULL)
        other = stage_named(name)->parent;
    if (other == NULL)
        errx(USAGE_ERROR, "%s has no parent; --vs STAGE chooses another stage", name);
    old = source_of(other);
    if (diff_print(stdout, old->name, old->text, old->len, new->name, new->text, new->len,
                   color_on(STDOUT_FILENO)) == -1)
        err(1, "cannot compare");
    return 0;
}

int
show_main(int argc, char **argv)
{
    static const struct option longs[] = { { "vs", 1, NULL, 'v' },
                                           { "diff", 0, NULL, 'd' },
                                           { "color", 1, NULL, 'c' },
                                           { "help", 0, NULL, 'h' },
                                           { NULL, 0, NULL, 0 } };
    const char *other = NULL;
    bool diff = false;
    int opt;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":dh", longs, NULL)) != -1) {
        if (opt == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (opt == ':' || opt == '?')
            bad_option(opt, argv, longs);
        if (opt == 'c' && choose_color(optarg) == -1)
            errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", optarg);
        if (opt == 'v')
            other = optarg;
        diff = diff || opt == 'v' || opt == 'd';
    }
    if (argc - optind > 1)
        errx(USAGE_ERROR, "one name at a time, but got '%s' too", argv[optind + 1]);
    if (optind == argc && diff)
        errx(USAGE_ERROR, "which stage? echolab show STAGE --diff");
    if (optind == argc)
        return list_files();
    if (diff)
        return show_diff(argv[optind], other);
    const struct embedded *file = anything(argv[optind]);
    fwrite(file->text, 1, file->len, stdout);
    return 0;
}
