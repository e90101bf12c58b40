/*
 * lanes.c -- lanes of text.
 *
 * A lane is a row of cells. Walking through the log, each event puts its letter into the cell
 * of its time, and the cells between two events are filled with the state between them.
 */
#include "lanes.h"

#include <sys/ioctl.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LABEL LANES_LABEL
#define TICK 12  /* cells between two numbers of the time line */
#define MOST_LANES (MOST_PARTIES + 1)
#define DRIFT 3 /* a letter whose cell is taken moves right, but no further */

/* A cell is a letter, or one of these states. */
enum cell { CELL_NOTHING = 1, CELL_COMING, CELL_QUIET, CELL_WAITING };

struct lane {
    const char *label;
    unsigned members;
    unsigned coming, connected, waiting; /* how many of the members */
    int drawn;                           /* cells that are filled */
    char cells[LANES_WIDTH];
};

struct picture {
    struct lane lanes[MOST_LANES];
    int n_lanes, n_cells;
    bool with_server;
    double per_cell; /* seconds */
};

int
lanes_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size;
    int width = LANES_WIDTH;

    if (columns != NULL && atoi(columns) > 0)
        width = atoi(columns);
    else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    if (width > LANES_WIDTH)
        width = LANES_WIDTH;
    return width < LABEL + TICK + 1 ? LABEL + TICK + 1 : width;
}

static char
state_of(const struct lane *lane)
{
    if (lane->waiting > 0)
        return CELL_WAITING;
    if (lane->connected > 0)
        return CELL_QUIET;
    return lane->coming > 0 ? CELL_COMING : CELL_NOTHING;
}

/* Fills the cells up to the moment with the state that lasted until then. */
static void
fill(const struct picture *picture, struct lane *lane, double at)
{
    int end = (int)(at / picture->per_cell);

    if (end > picture->n_cells)
        end = picture->n_cells;
    while (lane->drawn < end)
        lane->cells[lane->drawn++] = state_of(lane);
}

/* Puts a letter at its time; a crowded place keeps the letters that came first. */
static void
put(const struct picture *picture, struct lane *lane, double at, char letter)
{
    int cell = (int)(at / picture->per_cell);

    fill(picture, lane, at);
    if (lane->drawn < picture->n_cells && lane->drawn <= cell + DRIFT)
        lane->cells[lane->drawn++] = letter;
}

/* What an event means for one member of a lane. Returns its letter, or 0 for none. */
static char
letter_of(struct lane *lane, const struct event *event, unsigned char *state)
{
    enum { IS_COMING = 1, IS_CONNECTED = 2, IS_WAITING = 4 };
    unsigned char before = *state;
    char letter = 0;

    switch (event->kind) {
    case EVENT_ASKED:
        *state = IS_COMING;
        break;
    case EVENT_CONNECTED:
        *state = (unsigned char)((*state & IS_WAITING) | IS_CONNECTED);
        letter = 'C';
        break;
    case EVENT_TYPED:
        *state |= IS_WAITING;
        letter = 'T';
        break;
    case EVENT_ECHO:
    case EVENT_ANSWER:
        *state &= (unsigned char)~IS_WAITING;
        letter = 'E';
        break;
    case EVENT_REFUSED:
    case EVENT_RESET:
        *state = 0;
        letter = 'R';
        break;
    case EVENT_LEFT:
        *state = 0;
        letter = 'X';
        break;
    case EVENT_EOF:
        letter = '|';
        break;
    case EVENT_WRONG:
    case EVENT_FAILED:
        letter = '!';
        break;
    default:
        break;
    }
    lane->coming += (unsigned)((*state & IS_COMING) != 0) - (unsigned)((before & IS_COMING) != 0);
    lane->connected +=
        (unsigned)((*state & IS_CONNECTED) != 0) - (unsigned)((before & IS_CONNECTED) != 0);
    lane->waiting +=
        (unsigned)((*state & IS_WAITING) != 0) - (unsigned)((before & IS_WAITING) != 0);
    return letter;
}

/* In a group a letter is only worth its place when it changes the state of the whole. */
static bool
worth_it(const struct lane *lane, char letter, unsigned connected, unsigned waiting)
{
    if (lane->members == 1)
        return true;
    switch (letter) {
    case 'C':
        return connected == 0;
    case 'T':
        return waiting == 0;
    case 'E':
        return lane->waiting == 0 && waiting > 0;
    case 'X':
    case 'R':
        return lane->connected == 0 && connected > 0;
    default:
        return letter == '!';
    }
}

static void
draw_client_event(struct picture *picture, const struct scenario *scenario,
                  const struct event *event, unsigned char *states)
{
    for (int i = 0; i < scenario->n_parties; i++) {
        const struct party *party = &scenario->parties[i];
        struct lane *lane = &picture->lanes[i];
        struct lane before = *lane;
        char letter;

        if ((unsigned)event->who < party->first ||
            (unsigned)event->who >= party->first + party->count)
            continue;
        fill(picture, lane, event->at);
        letter = letter_of(lane, event, &states[event->who]);
        if (letter != 0 && worth_it(lane, letter, before.connected, before.waiting))
            put(picture, lane, event->at, letter);
        return;
    }
}

static void
draw_server_event(struct picture *picture, const struct event *event)
{
    struct lane *lane = &picture->lanes[picture->n_lanes - 1];

    fill(picture, lane, event->at);
    switch (event->kind) {
    case EVENT_START:
        lane->connected = 1;
        if (event->at > picture->per_cell)
            put(picture, lane, event->at, 'S');
        break;
    case EVENT_SIGNAL:
        put(picture, lane, event->at, 'K');
        break;
    case EVENT_EXIT:
        lane->connected = 0;
        put(picture, lane, event->at, '|');
        break;
    default:
        break;
    }
}

static void
draw_cells(struct picture *picture, const struct scenario *scenario, const struct eventlog *log,
           double now)
{
    unsigned char *states = calloc(scenario->n_clients + 1, 1);

    for (size_t i = 0; states != NULL && i < log->n; i++) {
        const struct event *event = &log->events[i];

        if (event->at > now)
            break;
        if (event->who >= 0)
            draw_client_event(picture, scenario, event, states);
        else if (picture->with_server)
            draw_server_event(picture, event);
    }
    for (int i = 0; i < picture->n_lanes; i++)
        fill(picture, &picture->lanes[i], now);
    free(states);
}

/* A whole number of steps that look good must hold the span. Returns seconds per tick. */
static double
tick_for(double span, int n_cells)
{
    static const double steps[] = { 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60 };
    size_t n = sizeof(steps) / sizeof(steps[0]);

    for (size_t i = 0; i < n; i++)
        if (span / steps[i] * TICK <= n_cells)
            return steps[i];
    return span / n_cells * TICK;
}

double
lanes_scale(const struct lanes_style *style, double now, int *n_cells)
{
    *n_cells = style->width - LABEL;
    return tick_for(style->span > now ? style->span : now, *n_cells) / TICK;
}

/* A cell as it is written; *color gets its colour in the table of 256, 0 for none. */
static const char *
cell_text(char cell, bool drawing, int *color)
{
    static char letter[2];

    *color = cell == '!' || cell == 'R' ? 166 : cell == 'E' ? 29 : 0;
    switch (cell) {
    case CELL_NOTHING:
        return " ";
    case CELL_COMING:
        return drawing ? "\u00b7" : ".";
    case CELL_QUIET:
        return drawing ? "\u2500" : "-";
    case CELL_WAITING:
        *color = 166;
        return drawing ? "\u2591" : "~";
    case '|':
        return drawing ? "\u2502" : "|";
    default:
        letter[0] = cell;
        return letter;
    }
}

static void
print_lane(FILE *out, const struct lane *lane, const struct lanes_style *style)
{
    int color, last = 0;

    fprintf(out, "  %s%-*.*s%s", style->color ? "\033[1m" : "", LABEL - 3, LABEL - 3, lane->label,
            style->color ? "\033[0m " : " ");
    for (int i = 0; i < lane->drawn; i++) {
        const char *text = cell_text(lane->cells[i], style->drawing, &color);

        if (style->color && color != last)
            fprintf(out, color != 0 ? "\033[38;5;%dm" : "\033[0m", color);
        last = color;
        fputs(text, out);
    }
    fputs(style->color && last != 0 ? "\033[0m\n" : "\n", out);
}

static void
print_time_line(FILE *out, double tick, int n_cells)
{
    fprintf(out, "  %-*s ", LABEL - 3, "seconds");
    for (int i = 0; i + TICK <= n_cells; i += TICK)
        fprintf(out, "%-*g", i + 2 * TICK <= n_cells ? TICK : 0, tick * (i / TICK));
    fputc('\n', out);
}

/* Has anything happened to the server that a picture should show? */
static bool
server_matters(const struct eventlog *log)
{
    for (size_t i = 0; i < log->n; i++)
        if (log->events[i].who == WHO_SERVER && log->events[i].kind != EVENT_START)
            return true;
    return false;
}

int
lanes_draw(FILE *out, const char *title, const struct scenario *scenario,
           const struct eventlog *log, double now, const struct lanes_style *style)
{
    struct picture picture = { .n_lanes = 0 };
    char labels[MOST_LANES][40];

    picture.with_server = server_matters(log);
    picture.n_lanes = scenario->n_parties + picture.with_server;
    picture.per_cell = lanes_scale(style, now, &picture.n_cells);
    for (int i = 0; i < picture.n_lanes; i++) {
        const struct party *party = &scenario->parties[i];

        if (i == scenario->n_parties)
            snprintf(labels[i], sizeof(labels[i]), "server");
        else if (party->count == 1)
            snprintf(labels[i], sizeof(labels[i]), "%s", party->name);
        else
            snprintf(labels[i], sizeof(labels[i]), "%s x%u", party->name, party->count);
        picture.lanes[i].label = labels[i];
        picture.lanes[i].members = i < scenario->n_parties ? party->count : 1;
    }
    draw_cells(&picture, scenario, log, now);
    fprintf(out, "%s%s%s\n", style->color ? "\033[1m" : "", title, style->color ? "\033[0m" : "");
    print_time_line(out, picture.per_cell * TICK, picture.n_cells);
    for (int i = 0; i < picture.n_lanes; i++)
        print_lane(out, &picture.lanes[i], style);
    return picture.n_lanes + 2;
}

int
lanes_legend(FILE *out, const struct lanes_style *style)
{
    const char *wait = style->drawing ? "\u2591" : "~";
    const char *bar = style->drawing ? "\u2502" : "|";

    fprintf(out, " C connects  T types  %s waits for its echo  E echo  X leaves\n", wait);
    fprintf(out, " ! an expectation fails  R refused or reset  %s closed  K signal  "
            "S restart\n", bar);
    return 2;
}
