/* draw.c -- `echolab draw`: a recorded run, or a trace, as a picture. */
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "commands.h"
#include "pictures.h"
#include "serverlanes.h"

#define MOST_RUNS 64

static const char usage[] =
    "usage: echolab draw [OPTION...] FILE\n"
    "\n"
    "Draws again what `echolab play ... -o FILE.jsonl` or `echolab trace --json -o\n"
    "FILE` has written: who waited for whom, in lanes from left to right.\n"
    "\n"
    "  -o, --output FILE   into a file: .svg, .html, .md, .txt, or .trace.json (for\n"
    "                      Perfetto)\n"
    "      --color WHEN    auto, always or never\n"
    "      --ascii         draw with plain characters\n"
    "  -h, --help          this text\n";

/* Draws on the terminal. */
static void
draw_here(const struct run *runs, size_t n)
{
    struct lanes_style style = { .width = lanes_width(), .color = color_on(STDOUT_FILENO),
                                 .drawing = drawing_on() };

    runs_draw_text(stdout, runs, n, &style);
    lanes_legend(stdout, &style);
    server_lanes_legend(stdout, &style);
}

int
draw_main(int argc, char **argv)
{
    static const struct option longs[] = {
        { "output", 1, NULL, 'o' }, { "color", 1, NULL, 'c' }, { "ascii", 0, NULL, 'a' },
        { "help", 0, NULL, 'h' },   { NULL, 0, NULL, 0 }
    };
    struct run *runs = calloc(MOST_RUNS, sizeof(*runs));
    const char *output = NULL;
    char problem[512];
    size_t n;
    int key;

    opterr = 0;
    while ((key = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
        if (key == 'o')
            output = optarg;
        else if (key == 'c' && choose_color(optarg) == -1)
            errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", optarg);
        else if (key == 'a')
            choose_ascii();
        else if (key == 'h')
            return fputs(usage, stdout) == EOF;
        else if (key == ':' || key == '?')
            bad_option(key, argv, longs);
    }
    if (runs == NULL)
        err(1, "no memory");
    if (optind + 1 != argc)
        errx(USAGE_ERROR, "takes one FILE; 'echolab draw --help' says from where");
    if (output != NULL && picture_named(output) == PICTURE_RUN)
        errx(USAGE_ERROR, "-o %s: that is what %s is already", output, argv[optind]);
    n = runs_read(argv[optind], runs, MOST_RUNS, problem, sizeof(problem));
    if (n == 0)
        errx(1, "%s", problem);
    runs_complain(runs, n);
    if (output != NULL)
        runs_draw_file(output, picture_named(output), "Who waited for whom", runs, n);
    else
        draw_here(runs, n);
    for (size_t i = 0; i < n; i++)
        run_free(&runs[i]);
    free(runs);
    return 0;
}
