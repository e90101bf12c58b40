/* serverlanes.c -- the server's side of the lanes of text. */
#include "serverlanes.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TASK_LANES 8
#define MOST_UNREAD_LANES 4

/* A cell is a letter, or one of these. */
enum cell { CELL_ABSENT = 1, CELL_ASLEEP, CELL_AWAKE, CELL_EDGE, CELL_EMPTY, CELL_UNREAD };

struct grid {
    double per_cell;
    int n_cells; /* that the run fills */
};

const char *
task_name(const struct track_task *task, char *out)
{
    if (task->number == 1)
        strcpy(out, "server");
    else
        snprintf(out, 32, "%s %d", task->thread ? "thread" : "child", task->number);
    return out;
}

const char *
nap_name(const struct run *run, const struct nap *nap, char *out, size_t room)
{
    snprintf(out, room, "%s(%s)", nap->call, run_name(run, nap->port, nap->who));
    return out;
}

static int
cell_at(const struct grid *grid, double at)
{
    double cell = at / grid->per_cell;

    return cell < 0 ? 0 : cell < grid->n_cells ? (int)cell : grid->n_cells;
}

static void
print_cells(FILE *out, const struct lanes_style *style, const char *label, const char *cells,
            int n)
{
    static const struct { const char *drawn, *plain; int color; } signs[] = {
        [CELL_ABSENT] = { " ", " ", 0 }, [CELL_ASLEEP] = { "\u2592", ":", 166 },
        [CELL_AWAKE] = { "\u2588", "#", 29 }, [CELL_EDGE] = { "\u2502", "|", 166 },
        [CELL_EMPTY] = { "\u00b7", ".", 0 }, [CELL_UNREAD] = { "\u2593", "%", 166 }
    };
    int last = 0;

    fprintf(out, "  %s%-*.*s%s ", style->color ? "\033[1m" : "", LANES_LABEL - 3,
            LANES_LABEL - 3, label, style->color ? "\033[0m" : "");
    while (n > 0 && cells[n - 1] == CELL_ABSENT)
        n--;
    for (int i = 0; i < n; i++) {
        bool sign = cells[i] <= CELL_UNREAD;
        int color = sign ? signs[(int)cells[i]].color : cells[i] == ' ' ? last : 166;

        if (style->color && color != last)
            fprintf(out, color != 0 ? "\033[38;5;%dm" : "\033[0m", color);
        last = color;
        if (!sign)
            fputc(cells[i], out);
        else
            fputs(style->drawing ? signs[(int)cells[i]].drawn : signs[(int)cells[i]].plain, out);
    }
    fputs(style->color && last != 0 ? "\033[0m\n" : "\n", out);
}

static int
draw_queue(FILE *out, const struct run *run, const struct lanes_style *style,
           const struct grid *grid)
{
    char cells[LANES_WIDTH];
    size_t n = 0;
    struct backlog_step *steps = queue_steps(run, &n);
    bool any = false;

    memset(cells, CELL_EMPTY, sizeof(cells));
    for (size_t i = 0; i < n; i++) {
        double until = i + 1 < n ? steps[i + 1].at : run->took;
        int from = cell_at(grid, steps[i].at), to = cell_at(grid, until);

        /* Who waits for less than a cell has not waited. */
        if (steps[i].waiting <= 0 || until - steps[i].at < grid->per_cell)
            continue;
        for (int cell = from; cell <= to && cell < grid->n_cells; cell++)
            cells[cell] = (char)(steps[i].waiting > 9 ? '+' : '0' + steps[i].waiting);
        any = true;
    }
    free(steps);
    if (any)
        print_cells(out, style, "accept queue", cells, grid->n_cells);
    return any;
}

static int
draw_unread(FILE *out, const struct run *run, const struct lanes_style *style,
            const struct grid *grid)
{
    size_t n = 0;
    struct unread_span *spans = unread_spans(run, &n);
    int lines = 0;

    for (int party = 0; party < run->cast.n_parties && lines < MOST_UNREAD_LANES; party++) {
        char cells[LANES_WIDTH], label[48];
        bool any = false;

        memset(cells, CELL_EMPTY, sizeof(cells));
        for (size_t i = 0; i < n; i++) {
            if (spans[i].party != party || spans[i].to - spans[i].from < grid->per_cell)
                continue;
            for (int cell = cell_at(grid, spans[i].from);
                 cell <= cell_at(grid, spans[i].to) && cell < grid->n_cells; cell++)
                cells[cell] = CELL_UNREAD;
            any = true;
        }
        snprintf(label, sizeof(label), "%.5s unread", run->cast.parties[party].name);
        if (any) {
            print_cells(out, style, label, cells, grid->n_cells);
            lines++;
        }
    }
    free(spans);
    return lines;
}

/* Writes "recv(alice)" into the cells behind the edge of a sleep, when there is room. */
static void
label_nap(char *cells, int from, int to, const char *label)
{
    int len = (int)strlen(label);

    if (to - from - 1 < len + 1)
        return;
    cells[from + 1] = ' ';
    memcpy(cells + from + 2, label, (size_t)len);
    if (from + 2 + len < to)
        cells[from + 2 + len] = ' ';
}

/* A cell is asleep when the task slept for more than half of it. */
static void
draw_task(FILE *out, const struct run *run, const struct lanes_style *style,
          const struct grid *grid, int index)
{
    const struct track_task *task = &run->track.tasks[index];
    double asleep[LANES_WIDTH] = { 0 }, gone = before_end(run, task->gone);
    char cells[LANES_WIDTH], label[64];
    int labelled = -1;

    for (size_t i = 0; i < run->track.n_naps; i++) {
        const struct nap *nap = &run->track.naps[i];
        double to = before_end(run, nap->to);

        for (int cell = cell_at(grid, nap->from); nap->task == index && cell < grid->n_cells &&
             cell * grid->per_cell < to; cell++) {
            double left = cell * grid->per_cell, right = left + grid->per_cell;

            asleep[cell] += (to < right ? to : right) - (nap->from > left ? nap->from : left);
        }
    }
    for (int cell = 0; cell < grid->n_cells; cell++) {
        double middle = (cell + 0.5) * grid->per_cell;
        bool lives = middle >= task->born && middle < gone;

        cells[cell] = !lives ? CELL_ABSENT :
            asleep[cell] > grid->per_cell / 2 ? CELL_ASLEEP : CELL_AWAKE;
    }
    for (size_t i = 0; i < run->track.n_naps; i++) {
        const struct nap *nap = &run->track.naps[i];
        int from = cell_at(grid, nap->from);
        int to = cell_at(grid, before_end(run, nap->to));

        if (nap->task != index || from <= labelled || from >= grid->n_cells || to - from < 1)
            continue;
        cells[from] = CELL_EDGE;
        label_nap(cells, from, to, nap_name(run, nap, label, sizeof(label)));
        labelled = from;
    }
    print_cells(out, style, task_name(task, label), cells, grid->n_cells);
}

int
server_lanes_draw(FILE *out, const struct run *run, const struct lanes_style *style)
{
    struct grid grid;
    int lines, tasks = run->track.n_tasks;

    grid.per_cell = lanes_scale(style, run->took, &grid.n_cells);
    if (run->took < grid.per_cell * grid.n_cells)
        grid.n_cells = (int)(run->took / grid.per_cell);
    lines = draw_queue(out, run, style, &grid);
    lines += draw_unread(out, run, style, &grid);
    for (int i = 0; i < tasks && i < MOST_TASK_LANES; i++)
        draw_task(out, run, style, &grid, i);
    if (tasks > MOST_TASK_LANES)
        fprintf(out, "  ... and %d more tasks\n", tasks - MOST_TASK_LANES);
    return lines + (tasks > MOST_TASK_LANES ? MOST_TASK_LANES + 1 : tasks);
}

int
server_lanes_legend(FILE *out, const struct lanes_style *style)
{
    fprintf(out, " server: %s asleep  %s awake    queue: clients not accepted    "
            "%s bytes unread\n", style->drawing ? "\u2592" : ":",
            style->drawing ? "\u2588" : "#", style->drawing ? "\u2593" : "%");
    return 1;
}
