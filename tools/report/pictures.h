/* pictures.h -- runs, one above the other on one axis of time, as a file for people. */
#ifndef ECHOLAB_PICTURES_H
#define ECHOLAB_PICTURES_H

#include <stdio.h>

#include "lanes.h"
#include "report.h"
#include "run.h"

/* How a file is to be written. Its ending says so. */
enum picture { PICTURE_TEXT, PICTURE_SVG, PICTURE_HTML, PICTURE_MARKDOWN, PICTURE_CHROME,
               PICTURE_RUN };

/*
 * The kind that the name asks for: .txt, .svg, .html, .md, .trace.json or .jsonl. Ends the
 * program with exit code 2 for any other.
 */
enum picture picture_named(const char *path);

/* Lanes of text: clients, accept queue, unread bytes, tasks of the server. */
int runs_draw_text(FILE *out, const struct run *runs, size_t n, struct lanes_style *style);

/* A drawing that needs nothing but itself; in a page it stands without its heading line. */
void runs_draw_svg(FILE *out, const struct run *runs, size_t n);

/* A page with the drawing and a table beside it; Markdown has the lanes of text instead. */
void runs_draw_page(const char *path, const char *title, const struct run *runs, size_t n);

/* The drawing, or in Markdown the lanes of text, as a part of a page that is open. */
void put_picture(struct report *report, const struct run *runs, size_t n);

/* Chrome trace events, for Perfetto. */
void runs_draw_chrome(FILE *out, const struct run *runs, size_t n);

/* Says on stderr which runs were too long to be drawn whole. */
void runs_complain(const struct run *runs, size_t n);

/* All but PICTURE_RUN, into the file. Ends the program when it cannot be written. */
void runs_draw_file(const char *path, enum picture kind, const char *title,
                    const struct run *runs, size_t n);

#endif
