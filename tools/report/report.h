/* report.h -- a page with headings, sentences and tables, as Markdown or as HTML. */
#ifndef ECHOLAB_REPORT_H
#define ECHOLAB_REPORT_H

#include <stdbool.h>
#include <stdio.h>

enum report_format { REPORT_MARKDOWN, REPORT_HTML, REPORT_JSON };

/*
 * What a cell means (WORDS: it is a sentence, and needs room). HTML shows it by colour and by
 * weight, never by colour alone.
 */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_STRANGE, TONE_FAINT, TONE_WORDS };

struct report {
    FILE *out;
    const char *path;
    enum report_format format;
};

/*
 * Creates the file; its ending chooses the format: .md, .html or .json. Ends the program with
 * exit code 2 for another ending, 1 when the file cannot be written.
 */
void report_open(struct report *report, const char *path);

/* Title, style and security policy of the page. Not for JSON. */
void report_begin(struct report *report, const char *title);
void report_heading(struct report *report, const char *text);
void report_sentence(struct report *report, const char *text);

/* A table: the heads of its n columns, then rows of cells. */
void report_table(struct report *report, const char *const *heads, size_t n);
void report_row(struct report *report);
void report_cell(struct report *report, enum tone tone, const char *text, const char *tip);
void report_row_end(struct report *report);
void report_table_end(struct report *report);

/* Ends the page. Ends the program with exit code 1 when it could not be written whole. */
void report_close(struct report *report);

#endif
