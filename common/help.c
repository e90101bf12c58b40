/* help.c -- what echolab says about itself. */
#include "help.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "stage.h"

static const char *const numbers[] = {
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"
};

void
print_help(FILE *out)
{
    size_t n = 0;
    const char *group = "";

    while (stage_at(n) != NULL)
        n++;
    fprintf(out, "echolab - one echo server, told %s ways\n\n", n < 18 ? numbers[n] : "many");
    fputs("Start here, in two terminals:\n"
          "  echolab multi-blocking --trace    watch what the server waits for\n"
          "  telnet 127.0.0.1 8000             talk to it   (no telnet?  echolab client)\n\n"
          "The story, in order:\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out, "   %.2s %-18s %s\n", stage_at(i)->file, stage_at(i)->name,
                stage_at(i)->summary);
    for (size_t i = 0; command_at(i) != NULL; i++) {
        const struct command *command = command_at(i);
        char typed[60];

        if (strcmp(group, command->group) != 0)
            fprintf(out, "%s\n", command->group);
        group = command->group;
        snprintf(typed, sizeof(typed), "%s %s", command->name, command->operands);
        fprintf(out, "   %-28s %s\n", typed, command->summary);
    }
    fputs("\necholab help NAME explains a stage or a command and its options.\n", out);
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be added, dropped or changed to make b of a (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(b);

    if (n >= 64)
        return n;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t changed = diagonal + (a[i] != b[j]);

            diagonal = row[j + 1];
            row[j + 1] = least(changed, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[n];
}

int
unknown_command(const char *name)
{
    const char *best = NULL;
    size_t best_distance = strlen(name) / 2 + 1;

    for (size_t i = 0; stage_at(i) != NULL; i++)
        if (distance(name, stage_at(i)->name) < best_distance) {
            best = stage_at(i)->name;
            best_distance = distance(name, best);
        }
    for (size_t i = 0; command_at(i) != NULL; i++)
        if (distance(name, command_at(i)->name) < best_distance) {
            best = command_at(i)->name;
            best_distance = distance(name, best);
        }
    if (best != NULL)
        fprintf(stderr, "echolab: '%s' is not a command; did you mean '%s'?\n", name, best);
    else
        fprintf(stderr, "echolab: '%s' is not a command; 'echolab help' lists them\n", name);
    return 2;
}

int
help_main(int argc, char **argv)
{
    const struct stage *stage = argc > 1 ? stage_named(argv[1]) : NULL;
    char *const ask[] = { argv[argc > 1 ? 1 : 0], (char *)"--help", NULL };

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return 0;
    }
    if (stage != NULL) {
        stage_help(stdout, stage);
        return 0;
    }
    for (size_t i = 0; command_at(i) != NULL; i++)
        if (strcmp(command_at(i)->name, argv[1]) == 0)
            return command_at(i)->run(2, (char **)ask);
    return unknown_command(argv[1]);
}

/* One stage as a JSON object; names and summaries hold no character that JSON escapes. */
static void
list_json(const struct stage *stage)
{
    printf("{\"name\": \"%s\", \"file\": \"%s\", \"parent\": ", stage->name, stage->file);
    if (stage->parent != NULL)
        printf("\"%s\"", stage->parent);
    else
        printf("null");
    printf(", \"lines\": %s, \"framed\": %s, \"summary\": \"%s\"}",
           stage->lines ? "true" : "false", stage->framed ? "true" : "false", stage->summary);
}

int
list_main(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("usage: echolab list [--json]\n\nThe stages in reading order: name and summary.");
        return 0;
    }
    if (argc > 1 && !json)
        errx(2, "takes only --json, not '%s'", argv[1]);
    if (json)
        printf("[");
    for (size_t i = 0; stage_at(i) != NULL; i++) {
        if (!json) {
            printf("%-20s %s\n", stage_at(i)->name, stage_at(i)->summary);
            continue;
        }
        printf("%s", i > 0 ? ",\n " : "");
        list_json(stage_at(i));
    }
    if (json)
        printf("]\n");
    return 0;
}
