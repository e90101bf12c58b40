/*
 * svg.c -- runs as a drawing. Colours are those of Okabe and Ito, which most colour-blind
 * readers can tell apart; asleep is hatched and waiting is dotted, so that it reads in grey.
 */
#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "serverlanes.h"

#define LEFT 120    /* where time begins; the numbers are units of the drawing */
#define WIDTH 860   /* of the whole span */
#define RIGHT 30
#define ROW 28
#define BAR 16      /* height of a bar in its row */
#define HEAD 50     /* title and axis above the rows of a run */
#define MOST_TASKS 24
#define LETTER 6.2  /* about the width of a letter in a bar */
#define SIGN 9.0    /* ... and of a mark */
#define CROWDED 30  /* a mark moves no further from its moment than this */
#define THIN 0.4    /* what is narrower is seen by nobody */

static const char style[] =
    ".echolab text{font:12px system-ui,sans-serif;fill:#1b1b1b}\n"
    ".echolab .title{font-weight:bold;font-size:14px}.echolab .number{fill:#555}\n"
    ".echolab .grid{stroke:#ccc;stroke-width:1}.echolab .here{stroke:#555;stroke-width:1.5}\n"
    ".echolab .wait{fill:url(#dots);stroke:#d55e00;stroke-width:1}\n"
    ".echolab .asleep{fill:url(#hatch);stroke:#0072b2;stroke-width:.7}\n"
    ".echolab .awake{fill:#009e73}.echolab .queue{fill:#e69f00;stroke:#8a5f00;stroke-width:.7}\n"
    ".echolab .unread{fill:#cc79a7}.echolab .in{fill:#003b5c;font-size:11px}\n"
    ".echolab .mark{font-weight:bold;text-anchor:middle;paint-order:stroke;stroke:#fff;\n"
    "stroke-width:3}.echolab .T{text-anchor:end}.echolab .E{text-anchor:start}\n"
    ".echolab .paper{fill:#fff}.echolab .hatch{stroke:#0072b2}.echolab .sky{fill:#d6ecfa}\n"
    ".echolab .dot{fill:#d55e00}.echolab .sand{fill:#fbe3d0}\n"
    "@media (prefers-color-scheme:dark){.echolab text{fill:#e8e8e8}.echolab .number{fill:#aaa}\n"
    ".echolab .grid{stroke:#444}.echolab .here{stroke:#bbb}.echolab .in{fill:#e2f3ff}\n"
    ".echolab .sky{fill:#0b3a56}.echolab .sand{fill:#4a2408}.echolab .paper{fill:#16181b}\n"
    ".echolab .mark{stroke:#16181b}}\n"
    "@media print{svg.echolab{width:100%;height:auto}}\n";

struct canvas {
    FILE *out;
    double span; /* seconds */
    int y;       /* where the next row begins */
};

/* Text that cannot be taken for a tag. */
static void
put_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (*text == '>')
            fputs("&gt;", out);
        else if (*text == '&')
            fputs("&amp;", out);
        else
            fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
    }
}

static double
x_of(const struct canvas *canvas, double at)
{
    if (at < 0)
        at = 0;
    if (at > canvas->span)
        at = canvas->span;
    return LEFT + at / canvas->span * WIDTH;
}

static void
label(const struct canvas *canvas, const char *class, double x, double y, const char *text)
{
    fprintf(canvas->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    put_text(canvas->out, text);
    fputs("</text>\n", canvas->out);
}

/* A bar in the current row, with what it means for whoever points at it. */
static void
bar(const struct canvas *canvas, const char *class, double from, double to, double top,
    double height, const char *what)
{
    double x = x_of(canvas, from), width = x_of(canvas, to) - x;

    if (width < THIN)
        return;
    fprintf(canvas->out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
            "height=\"%.1f\"><title>", class, x, canvas->y + top, width, height);
    put_text(canvas->out, what);
    fprintf(canvas->out, ": %.3f s to %.3f s (%.3f s)</title></rect>\n", from, to, to - from);
}

/*
 * A letter at a moment: T ends there, E begins there, all else stands above it. One that would
 * stand on the letter before moves to the right. Returns the right edge of what stands.
 */
static double
mark(const struct canvas *canvas, double edge, double at, const char *sign, const char *who,
     const char *did)
{
    double x = x_of(canvas, at);
    double left = *sign == 'T' ? x - SIGN : *sign == 'E' ? x : x - SIGN / 2;

    if (edge - left > CROWDED)
        return edge; /* no room any more */
    if (left < edge) {
        x += edge - left;
        left = edge;
    }
    fprintf(canvas->out, "<text class=\"mark %s\" x=\"%.1f\" y=\"%d\">%s<title>",
            *sign == 'T' || *sign == 'E' ? sign : "at", x, canvas->y + ROW - 9, sign);
    put_text(canvas->out, who);
    fprintf(canvas->out, " %s at %.3f s</title></text>\n", did, at);
    return left + SIGN;
}

/* A step that is easy to read, at least a tenth of the span. */
static double
tick_of(double span)
{
    static const double steps[] = { 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2,
                                    5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600 };
    size_t n = sizeof(steps) / sizeof(steps[0]);

    for (size_t i = 0; i < n; i++)
        if (steps[i] * 10 >= span)
            return steps[i];
    return span / 10;
}

static void
draw_axis(const struct canvas *canvas, int rows)
{
    double tick = tick_of(canvas->span);
    char text[32];

    for (int i = 0; i * tick <= canvas->span * 1.0001; i++) {
        double x = x_of(canvas, i * tick);

        fprintf(canvas->out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" "
                "y2=\"%d\"/>\n", x, canvas->y + HEAD - 6, x, canvas->y + HEAD + rows * ROW);
        snprintf(text, sizeof(text), "%g s", i * tick);
        label(canvas, "number", x + 3, canvas->y + HEAD - 8, text);
    }
}

/* The state of one lane of clients while its events are walked through. */
struct lane {
    unsigned here, waiting;
    double came, waits; /* since when */
};

static void
end_wait(const struct canvas *canvas, struct lane *lane, const char *name, double at)
{
    char what[64];

    snprintf(what, sizeof(what), "%s waits for the echo", name);
    bar(canvas, "wait", lane->waits, at, 6, BAR, what);
}

static void
end_stay(const struct canvas *canvas, const struct lane *lane, double at)
{
    fprintf(canvas->out, "<line class=\"here\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n",
            x_of(canvas, lane->came), canvas->y + ROW / 2, x_of(canvas, at),
            canvas->y + ROW / 2);
}

/* Walks through the events of a party; first its lines and bars, in a second turn its marks. */
static void
draw_party(const struct canvas *canvas, const struct run *run, const struct party *party,
           bool marks, unsigned char *waits)
{
    static const struct { const char *sign, *did; } signs[] = {
        [EVENT_CONNECTED] = { "C", "is connected" }, [EVENT_REFUSED] = { "R", "is refused" },
        [EVENT_TYPED] = { "T", "types" }, [EVENT_ECHO] = { "E", "hears the echo" },
        [EVENT_ANSWER] = { "E", "hears an answer" },
        [EVENT_WRONG] = { "!", "hears something else" }, [EVENT_EOF] = { "|", "hears the end" },
        [EVENT_RESET] = { "R", "is reset" }, [EVENT_LEFT] = { "X", "leaves" },
        [EVENT_FAILED] = { "!", "is disappointed" }, [EVENT_EXIT] = { NULL, NULL }
    };
    struct lane lane = { .here = 0 };
    double marked[EVENT_EXIT + 1]; /* where the last mark of each kind stands */
    double edge = 0;               /* of the last mark of all */

    for (int i = 0; i <= EVENT_EXIT; i++)
        marked[i] = -1;
    for (size_t i = 0; i < run->log.n; i++) {
        const struct event *event = &run->log.events[i];
        bool leaves = event->kind == EVENT_LEFT || event->kind == EVENT_RESET;

        if (run_party(run, event->who) != party)
            continue;
        if (marks) {
            double x = x_of(canvas, event->at);

            if (party->count > 1 || signs[event->kind].sign == NULL ||
                x - marked[event->kind] < 1)
                continue;
            marked[event->kind] = x;
            edge = mark(canvas, edge, event->at, signs[event->kind].sign, party->name,
                        signs[event->kind].did);
            continue;
        }
        if (event->kind == EVENT_CONNECTED && lane.here++ == 0)
            lane.came = event->at;
        if (event->kind == EVENT_TYPED && !waits[event->who] && lane.waiting++ == 0)
            lane.waits = event->at;
        if (event->kind == EVENT_TYPED)
            waits[event->who] = 1;
        if ((event->kind == EVENT_ECHO || event->kind == EVENT_ANSWER || leaves) &&
            waits[event->who]) {
            waits[event->who] = 0;
            if (--lane.waiting == 0)
                end_wait(canvas, &lane, party->name, event->at);
        }
        if (leaves && lane.here > 0 && --lane.here == 0)
            end_stay(canvas, &lane, event->at);
    }
    if (lane.here > 0)
        end_stay(canvas, &lane, run->took);
    if (lane.waiting > 0)
        end_wait(canvas, &lane, party->name, run->took);
}

static void
draw_clients(struct canvas *canvas, const struct run *run)
{
    unsigned char *waits = calloc(run->cast.n_clients + 1, 1);
    size_t n = 0;
    struct unread_span *spans = unread_spans(run, &n);

    for (int i = 0; waits != NULL && i < run->cast.n_parties; i++) {
        const struct party *party = &run->cast.parties[i];
        char name[48];

        snprintf(name, sizeof(name), party->count > 1 ? "%s x%u" : "%s", party->name,
                 party->count);
        label(canvas, "name", 6, canvas->y + ROW - 9, name);
        draw_party(canvas, run, party, false, waits);
        for (size_t j = 0; run->traced && j < n; j++)
            if (spans[j].party == i)
                bar(canvas, "unread", spans[j].from, spans[j].to, ROW - 6, 4,
                    "bytes lie unread in the kernel");
        draw_party(canvas, run, party, true, waits);
        canvas->y += ROW;
    }
    free(spans);
    free(waits);
}

static void
draw_queue(struct canvas *canvas, const struct run *run)
{
    size_t n = 0;
    struct backlog_step *steps = queue_steps(run, &n);
    int most = 1;

    for (size_t i = 0; i < n; i++)
        if (steps[i].waiting > most)
            most = steps[i].waiting;
    label(canvas, "name", 6, canvas->y + ROW - 9, "accept queue");
    for (size_t i = 0; i < n; i++) {
        double height = (double)BAR * steps[i].waiting / most;
        char what[64];

        snprintf(what, sizeof(what), "%d connected, not accepted", steps[i].waiting);
        if (steps[i].waiting > 0)
            bar(canvas, "queue", steps[i].at, i + 1 < n ? steps[i + 1].at : run->took,
                6 + BAR - height, height, what);
    }
    canvas->y += ROW;
    free(steps);
}

static void
draw_task(struct canvas *canvas, const struct run *run, int index)
{
    const struct track_task *task = &run->track.tasks[index];
    double gone = before_end(run, task->gone);
    char name[64];

    label(canvas, "name", 6, canvas->y + ROW - 9, task_name(task, name));
    bar(canvas, "awake", task->born, gone, 6, BAR, "awake, but for what is hatched");
    for (size_t i = 0; i < run->track.n_naps; i++) {
        const struct nap *nap = &run->track.naps[i];
        double to = before_end(run, nap->to);
        char what[80];
        double room = x_of(canvas, to) - x_of(canvas, nap->from);

        if (nap->task != index)
            continue;
        nap_name(run, nap, name, sizeof(name));
        snprintf(what, sizeof(what), "asleep in %s", name);
        bar(canvas, "asleep", nap->from, to, 6, BAR, what);
        if (room > LETTER * (double)strlen(name) + 8)
            label(canvas, "in", x_of(canvas, nap->from) + 4, canvas->y + ROW - 10, name);
    }
    canvas->y += ROW;
}

static int
tasks_drawn(const struct run *run)
{
    return run->track.n_tasks < MOST_TASKS ? run->track.n_tasks : MOST_TASKS;
}

static int
rows_of(const struct run *run)
{
    return run->cast.n_parties + (run->traced ? 1 + tasks_drawn(run) : 0);
}

static void
draw_legend(const struct canvas *canvas)
{
    int y = canvas->y + 20;
    const char *const marks = "C connects   T types   E echo   X leaves   ! disappointed";
    static const struct { const char *class, *text; int x; } keys[] = {
        { "wait", "waits for its echo", 0 }, { "asleep", "server asleep", 150 },
        { "awake", "awake", 270 }, { "queue", "not accepted", 345 }, { "unread", "unread", 458 }
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        fprintf(canvas->out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"18\" height=\"12\"/>\n",
                keys[i].class, LEFT + keys[i].x, y - 10);
        label(canvas, "number", LEFT + keys[i].x + 23, y, keys[i].text);
    }
    label(canvas, "number", LEFT + 535, y, marks);
}

void
runs_draw_svg(FILE *out, const struct run *runs, size_t n)
{
    struct canvas canvas = { .out = out, .span = 0.001 };
    int height = 40;

    for (size_t i = 0; i < n; i++) {
        height += HEAD + rows_of(&runs[i]) * ROW;
        if (runs[i].took > canvas.span)
            canvas.span = runs[i].took;
    }
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"echolab\" role=\"img\" "
            "viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n"
            "<title>Who waited for whom</title>\n<style>\n%s</style>\n", LEFT + WIDTH + RIGHT,
            height, LEFT + WIDTH + RIGHT, height, style);
    fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
          "patternTransform=\"rotate(45)\"><rect class=\"sky\" width=\"6\" height=\"6\"/>"
          "<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern>\n"
          "<pattern id=\"dots\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
          "<rect class=\"sand\" width=\"6\" height=\"6\"/>"
          "<circle class=\"dot\" cx=\"3\" cy=\"3\" r=\"1.2\"/></pattern></defs>\n", out);
    fprintf(out, "<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", LEFT + WIDTH + RIGHT,
            height);
    for (size_t i = 0; i < n; i++) {
        label(&canvas, "title", 6, canvas.y + 26, runs[i].title);
        draw_axis(&canvas, rows_of(&runs[i]));
        canvas.y += HEAD;
        draw_clients(&canvas, &runs[i]);
        if (runs[i].traced)
            draw_queue(&canvas, &runs[i]);
        for (int task = 0; runs[i].traced && task < tasks_drawn(&runs[i]); task++)
            draw_task(&canvas, &runs[i], task);
    }
    draw_legend(&canvas);
    fputs("</svg>\n", out);
}
