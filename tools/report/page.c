/* page.c -- runs as a page: the drawing, and beside it a table with the same in numbers. */
#include <string.h>

#include "pictures.h"
#include "report.h"
#include "serverlanes.h"

#define ROWS_MOST 200 /* of a table; the rest is counted */

/* Why did the client wait? What the trace said with the answer that ended the wait. */
static const char *
reason_of(const struct run *run, const struct party *party, double from, double to)
{
    for (size_t i = 0; i < run->track.n_deeds; i++) {
        const struct deed *deed = &run->track.deeds[i];

        if (deed->kind == DEED_SEND && deed->at >= from && deed->at <= to + 0.05 &&
            deed->because[0] != '\0' && run_port(run, deed->port) == party)
            return deed->because;
    }
    return run->traced ? "" : "(the server was not traced)";
}

static void
put_wait(struct report *report, const struct run *run, const struct party *party, double typed,
         double heard)
{
    char text[64];
    double until = heard >= 0 ? heard : run->took;

    report_row(report);
    report_cell(report, TONE_PLAIN, run->title, NULL);
    report_cell(report, TONE_PLAIN, party->name, NULL);
    snprintf(text, sizeof(text), "%.3f\u00a0s", typed);
    report_cell(report, TONE_PLAIN, text, NULL);
    snprintf(text, sizeof(text), heard >= 0 ? "%.3f\u00a0s" : "never", heard);
    report_cell(report, heard >= 0 ? TONE_PLAIN : TONE_BAD, text, NULL);
    snprintf(text, sizeof(text), "%.3f\u00a0s", until - typed);
    report_cell(report, until - typed > 0.1 ? TONE_BAD : TONE_GOOD, text, NULL);
    report_cell(report, TONE_WORDS, reason_of(run, party, typed, until), NULL);
    report_row_end(report);
}

/* Every wait of every client that has a lane of its own. Returns how many rows. */
static size_t
put_waits(struct report *report, const struct run *run, size_t rows)
{
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        const struct party *party = run_party(run, event->who);
        double heard = -1;

        if (event->kind != EVENT_TYPED || party == NULL || party->count > 1)
            continue;
        if (rows++ >= ROWS_MOST)
            continue;
        for (size_t j = i + 1; j < run->log.n && heard < 0; j++) {
            const struct event *later = &run->log.events[j];

            if (later->who == event->who && (later->kind == EVENT_ECHO ||
                                             later->kind == EVENT_ANSWER))
                heard = later->at;
            else if (later->who == event->who && later->kind == EVENT_TYPED)
                break;
        }
        put_wait(report, run, party, event->at, heard);
    }
    return rows;
}

/* How long the task slept in all, and in which call most of it. */
static double
sleep_of(const struct run *run, int task, char *most, size_t room)
{
    double all = 0, longest = -1;

    snprintf(most, room, "-");
    for (size_t i = 0; i < run->track.n_naps; i++) {
        const struct nap *nap = &run->track.naps[i];
        double to = before_end(run, nap->to);

        if (nap->task != task)
            continue;
        all += to - nap->from;
        if (to - nap->from > longest) {
            longest = to - nap->from;
            nap_name(run, nap, most, room);
        }
    }
    return all;
}

static void
put_tasks(struct report *report, const struct run *run)
{
    for (int i = 0; i < run->track.n_tasks; i++) {
        const struct track_task *task = &run->track.tasks[i];
        double life = before_end(run, task->gone) - task->born, asleep;
        char text[64], most[64];

        asleep = sleep_of(run, i, most, sizeof(most));
        report_row(report);
        report_cell(report, TONE_PLAIN, run->title, NULL);
        report_cell(report, TONE_PLAIN, task_name(task, text), NULL);
        snprintf(text, sizeof(text), "%.0f\u00a0%%", life > 0 ? 100 * asleep / life : 0);
        report_cell(report, TONE_PLAIN, text, NULL);
        report_cell(report, TONE_PLAIN, most, NULL);
        snprintf(text, sizeof(text), run->track.calls >= 0 && i == 0 ? "%lld" : "-",
                 run->track.calls);
        report_cell(report, TONE_PLAIN, text, NULL);
        report_row_end(report);
    }
}

void
put_picture(struct report *report, const struct run *runs, size_t n)
{
    struct lanes_style style = { .width = LANES_WIDTH, .drawing = true };

    if (report->format == REPORT_HTML) {
        fputs("<div class=\"wide\">\n", report->out);
        runs_draw_svg(report->out, runs, n);
        fputs("</div>\n", report->out);
        return;
    }
    fputs("\n```text\n", report->out);
    runs_draw_text(report->out, runs, n, &style);
    lanes_legend(report->out, &style);
    server_lanes_legend(report->out, &style);
    fputs("```\n", report->out);
}

void
runs_draw_page(const char *path, const char *title, const struct run *runs, size_t n)
{
    static const char *const waits[] = { "server", "client", "types", "hears back", "waited",
                                         "because" };
    static const char *const tasks[] = { "server", "task", "asleep", "longest in",
                                         "system calls" };
    struct report report;
    size_t rows = 0, traced = 0;
    char text[96];

    report_open(&report, path);
    report_begin(&report, title);
    put_picture(&report, runs, n);
    report_heading(&report, "Who waited, and because of whom");
    report_table(&report, waits, sizeof(waits) / sizeof(waits[0]));
    for (size_t i = 0; i < n; i++) {
        rows = put_waits(&report, &runs[i], rows);
        traced += runs[i].traced;
    }
    report_table_end(&report);
    snprintf(text, sizeof(text), "... and %zu more waits.", rows - ROWS_MOST);
    if (rows > ROWS_MOST)
        report_sentence(&report, text);
    if (traced > 0) {
        report_heading(&report, "What the servers did");
        report_table(&report, tasks, sizeof(tasks) / sizeof(tasks[0]));
        for (size_t i = 0; i < n; i++)
            if (runs[i].traced)
                put_tasks(&report, &runs[i]);
        report_table_end(&report);
        report_sentence(&report, "Tracing slows a server down: the order of things is right, "
                        "short times are longer than without it.");
    }
    report_close(&report);
}
