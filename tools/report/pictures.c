/* pictures.c -- which kind of picture a file gets, and the one that is made of text. */
#include "pictures.h"

#include <err.h>
#include <string.h>

#include "args.h"
#include "serverlanes.h"

enum picture
picture_named(const char *path)
{
    static const struct { const char *end; enum picture kind; } ends[] = {
        { ".trace.json", PICTURE_CHROME }, { ".txt", PICTURE_TEXT }, { ".svg", PICTURE_SVG },
        { ".html", PICTURE_HTML }, { ".md", PICTURE_MARKDOWN }, { ".jsonl", PICTURE_RUN }
    };
    size_t len = strlen(path);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i].end);

        if (len > end && strcmp(path + len - end, ends[i].end) == 0)
            return ends[i].kind;
    }
    errx(USAGE_ERROR, "-o %s: the name must end in .svg, .html, .md, .txt, .trace.json (for "
         "Perfetto), .json (play: verdicts) or .jsonl (the run itself)", path);
}

int
runs_draw_text(FILE *out, const struct run *runs, size_t n, struct lanes_style *style)
{
    int lines = 0;

    for (size_t i = 0; i < n; i++)
        if (runs[i].took > style->span)
            style->span = runs[i].took;
    for (size_t i = 0; i < n; i++) {
        lines += lanes_draw(out, runs[i].title, &runs[i].cast, &runs[i].log, runs[i].took, style);
        if (runs[i].traced)
            lines += server_lanes_draw(out, &runs[i], style);
    }
    return lines;
}

static void
draw_text_file(FILE *out, const struct run *runs, size_t n)
{
    struct lanes_style style = { .width = LANES_WIDTH, .drawing = true };

    runs_draw_text(out, runs, n, &style);
    lanes_legend(out, &style);
    server_lanes_legend(out, &style);
}

void
runs_complain(const struct run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (runs[i].log.dropped + runs[i].track.dropped > 0)
            warnx("%s: %zu of its last events are too many to be drawn", runs[i].title,
                  (size_t)runs[i].log.dropped + runs[i].track.dropped);
}

void
runs_draw_file(const char *path, enum picture kind, const char *title, const struct run *runs,
               size_t n)
{
    FILE *out;

    if (kind == PICTURE_HTML || kind == PICTURE_MARKDOWN) {
        runs_draw_page(path, title, runs, n);
        return;
    }
    out = fopen(path, "we");
    if (out == NULL)
        err(1, "cannot write %s", path);
    if (kind == PICTURE_SVG)
        runs_draw_svg(out, runs, n);
    else if (kind == PICTURE_CHROME)
        runs_draw_chrome(out, runs, n);
    else
        draw_text_file(out, runs, n);
    if (ferror(out) || fclose(out) == EOF)
        err(1, "cannot write %s", path);
}
