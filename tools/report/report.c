/* report.c -- Markdown and HTML, of the kind that needs nothing but itself. */
#include "report.h"

#include <err.h>
#include <string.h>

#include "args.h"

#define WIDE_TABLE 8 /* more columns than this are a name, a sentence, and marks */

/* Light first, dark when the reader's system asks for it, and plain on paper. */
static const char style[] =
    "body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem;\n"
    "  padding: 0 1rem; color: #1b1b1b; background: #fff; }\n"
    "h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }\n"
    ".wide { overflow-x: auto; }\n"
    "table { border-collapse: collapse; font-size: .85rem; }\n"
    "th, td { border: 1px solid #bbb; padding: .25rem .6rem; text-align: left;\n"
    "  vertical-align: top; }\n"
    "th { background: #eee; }\n"
    "td.good { background: #d6efe4; } td.bad { background: #f6ddc9; font-weight: bold; }\n"
    "td.strange { background: #f0e442; font-weight: bold; text-decoration: underline; }\n"
    "td.faint { color: #666; } td { white-space: nowrap; }\n"
    "td.words { min-width: 12rem; white-space: normal; }\n"
    ".matrix th:nth-child(n+3) { writing-mode: vertical-rl; transform: rotate(180deg);\n"
    "  padding: .6rem .1rem; vertical-align: middle; }\n"
    ".matrix td:nth-child(n+3) { text-align: center; min-width: 1rem; }\n"
    ".matrix td.words { width: 26rem; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  body { color: #e8e8e8; background: #16181b; } th { background: #2a2d31; }\n"
    "  th, td { border-color: #555; }\n"
    "  td.good { background: #0b4a38; } td.bad { background: #6b3408; }\n"
    "  td.strange { background: #6e6600; } td.faint { color: #aaa; }\n"
    "}\n"
    "@media (max-width: 700px) {\n" /* a row's sentence stands below its marks */
    "  .matrix tr { display: flex; flex-wrap: wrap; }\n"
    "  .matrix th:first-child, .matrix td:first-child { flex: 1; min-width: 4rem;\n"
    "    white-space: normal; }\n"
    "  .matrix th:nth-child(2) { display: none; }\n"
    "  .matrix th:nth-child(n+3) { width: .95rem; padding: .4rem .1rem; }\n"
    "  .matrix td:nth-child(n+3) { width: .95rem; min-width: 0; padding: .25rem .1rem; }\n"
    "  .matrix td.words { order: 1; width: 100%; border-top: none; }\n"
    "}\n"
    "@media print { body { margin: 0; max-width: none; font-size: 10pt; } }\n";

void
report_open(struct report *report, const char *path)
{
    const char *dot = strrchr(path, '.');

    report->path = path;
    if (dot != NULL && strcmp(dot, ".md") == 0)
        report->format = REPORT_MARKDOWN;
    else if (dot != NULL && strcmp(dot, ".html") == 0)
        report->format = REPORT_HTML;
    else if (dot != NULL && strcmp(dot, ".json") == 0)
        report->format = REPORT_JSON;
    else
        errx(USAGE_ERROR, "-o %s: the name must end in .md, .html or .json", path);
    report->out = fopen(path, "we");
    if (report->out == NULL)
        err(1, "cannot write %s", path);
}

/* Text as the format needs it: nothing in it can be taken for a tag or a column. */
static void
put(struct report *report, const char *text)
{
    for (; *text != '\0'; text++) {
        bool html = report->format == REPORT_HTML;

        if (*text == '<')
            fputs("&lt;", report->out);
        else if (*text == '&')
            fputs("&amp;", report->out);
        else if (*text == '"' && html)
            fputs("&quot;", report->out);
        else if (!html && strchr("|\\*_`", *text) != NULL)
            fprintf(report->out, "\\%c", *text);
        else
            fputc(*text == '\n' ? ' ' : *text, report->out);
    }
}

void
report_begin(struct report *report, const char *title)
{
    if (report->format == REPORT_MARKDOWN) {
        fputs("# ", report->out);
        put(report, title);
        fputs("\n", report->out);
        return;
    }
    fprintf(report->out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    put(report, title);
    fprintf(report->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>", style);
    put(report, title);
    fputs("</h1>\n", report->out);
}

void
report_heading(struct report *report, const char *text)
{
    fputs(report->format == REPORT_HTML ? "<h2>" : "\n## ", report->out);
    put(report, text);
    fputs(report->format == REPORT_HTML ? "</h2>\n" : "\n", report->out);
}

void
report_sentence(struct report *report, const char *text)
{
    fputs(report->format == REPORT_HTML ? "<p>" : "\n", report->out);
    put(report, text);
    fputs(report->format == REPORT_HTML ? "</p>\n" : "\n", report->out);
}

void
report_table(struct report *report, const char *const *heads, size_t n)
{
    bool html = report->format == REPORT_HTML;

    if (html)
        fprintf(report->out, "<div class=\"wide\"><table%s>\n<thead><tr>",
                n > WIDE_TABLE ? " class=\"matrix\"" : "");
    else
        fputs("\n|", report->out);
    for (size_t i = 0; i < n; i++) {
        fputs(html ? "<th scope=\"col\">" : " ", report->out);
        put(report, heads[i]);
        fputs(html ? "</th>" : " |", report->out);
    }
    fputs(html ? "</tr></thead>\n<tbody>\n" : "\n|", report->out);
    for (size_t i = 0; !html && i < n; i++)
        fputs(" --- |", report->out);
    if (!html)
        fputc('\n', report->out);
}

void
report_row(struct report *report)
{
    fputs(report->format == REPORT_HTML ? "<tr>" : "|", report->out);
}

void
report_cell(struct report *report, enum tone tone, const char *text, const char *tip)
{
    static const char *const classes[] = { "", "good", "bad", "strange", "faint",
                                           "words" };

    if (report->format == REPORT_MARKDOWN) {
        fputc(' ', report->out);
        put(report, text);
        fputs(" |", report->out);
        return;
    }
    fputs("<td", report->out);
    if (tone != TONE_PLAIN)
        fprintf(report->out, " class=\"%s\"", classes[tone]);
    if (tip != NULL && tip[0] != '\0') {
        fputs(" title=\"", report->out);
        put(report, tip);
        fputc('"', report->out);
    }
    fputc('>', report->out);
    put(report, text);
    fputs("</td>", report->out);
}

void
report_row_end(struct report *report)
{
    fputs(report->format == REPORT_HTML ? "</tr>\n" : "\n", report->out);
}

void
report_table_end(struct report *report)
{
    if (report->format == REPORT_HTML)
        fputs("</tbody></table></div>\n", report->out);
}

void
report_close(struct report *report)
{
    if (report->format == REPORT_HTML)
        fputs("</body>\n</html>\n", report->out);
    if (ferror(report->out) || fclose(report->out) == EOF)
        err(1, "cannot write %s", report->path);
}
