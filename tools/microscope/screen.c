/* screen.c -- one look at a server as text. */
#include "screen.h"

#include <stdarg.h>
#include <string.h>

#include "json.h"

#define WAITING "\033[38;5;166m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"
#define BAR_MOST 10
#define QUEUE_BAR 16
#define TASKS_SHOWN 8 /* when the screen has no room for all */

/* Prints one line, cut at the screen's edge. */
__attribute__((format(printf, 4, 5))) static void
line(FILE *out, const struct screen *screen, const char *color, const char *fmt, ...)
{
    char text[512];
    va_list args;
    size_t len;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    len = strlen(text);
    if (len > (size_t)screen->columns)
        len = (size_t)screen->columns;
    while (len > 0 && text[len - 1] == ' ')
        len--;
    fprintf(out, "%s%.*s%s%s\n", screen->color ? color : "", (int)len, text,
            screen->color && *color != '\0' ? PLAIN : "", screen->clear ? "\033[K" : "");
}

static const char *
task_words(const struct view_task *task, char *out, size_t room)
{
    char about[160] = "";

    if (task->fd >= 0 && task->on[0] != '\0')
        snprintf(about, sizeof(about), "fd %d), that is %s", task->fd, task->on);
    else if (task->fd >= 0)
        snprintf(about, sizeof(about), "fd %d)", task->fd);
    else if (task->call[0] != '\0')
        snprintf(about, sizeof(about), ")");
    if (task->state == 'R')
        snprintf(out, room, "awake");
    else if (task->state == 'T' || task->state == 't')
        snprintf(out, room, "stopped");
    else if (task->state == 'Z')
        snprintf(out, room, "ended, not brought home");
    else if (task->call[0] != '\0')
        snprintf(out, room, "asleep in %s(%s", task->call, about);
    else
        snprintf(out, room, "asleep");
    return out;
}

static void
show_tasks(FILE *out, const struct screen *screen, const struct view *view, int most)
{
    char words[256], cpu[32] = "";

    if (view->cpu >= 0)
        snprintf(cpu, sizeof(cpu), "CPU %3.0f %%", view->cpu * 100);
    for (int i = 0; i < view->n_tasks && i < most; i++) {
        const struct view_task *task = &view->tasks[i];
        char who[24] = "server";

        if (i > 0)
            snprintf(who, sizeof(who), "%s %d", task->tid != task->pid ? "thread" : "child",
                     task->tid);
        line(out, screen, task->state == 'S' ? WAITING : "", " %-14s %-50s %s", who,
             task_words(task, words, sizeof(words)), i == 0 ? cpu : "");
    }
    if (view->n_tasks > most)
        line(out, screen, "", " ... and %d more tasks", view->n_tasks - most);
}

static void
show_queue(FILE *out, const struct screen *screen, const struct view *view)
{
    char bar[QUEUE_BAR + 1], limit[24] = "";
    int filled = 0;

    if (!view->listening) {
        line(out, screen, "", " queue          nobody listens any more");
        return;
    }
    if (view->backlog > 0) {
        filled = view->waiting * QUEUE_BAR / view->backlog;
        snprintf(limit, sizeof(limit), " of %d", view->backlog);
    }
    if (view->waiting > 0 && filled == 0)
        filled = 1;
    for (int i = 0; i < QUEUE_BAR; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[QUEUE_BAR] = '\0';
    line(out, screen, view->waiting > 0 ? WAITING : "",
         " queue          %d%s waiting to be accepted   [%s]", view->waiting, limit, bar);
}

static void
show_clients(FILE *out, const struct screen *screen, const struct view *view, int most)
{
    line(out, screen, BOLD, " %-22s %-11s %-13s %8s %8s", "client", "TCP state", "accepted",
         "unread", "unsent");
    line(out, screen, "", " %-22s %-11s %-13s %8s %8s", "", "", "", "Recv-Q", "Send-Q");
    for (int i = 0; i < view->n_clients && i < most; i++) {
        const struct view_client *client = &view->clients[i];
        const struct tcp_row *row = &client->row;
        char address[ADDRESS_TEXT], accepted[32] = "yes", bar[BAR_MOST + 1] = "";

        if (row->inode == 0)
            snprintf(accepted, sizeof(accepted), row->state == TCP_STATE_ESTABLISHED ||
                     row->state == TCP_STATE_CLOSE_WAIT ? "NO" : "-");
        else if (client->fd >= 0)
            snprintf(accepted, sizeof(accepted), "yes, fd %d", client->fd);
        memset(bar, '#', row->unread < BAR_MOST ? row->unread : BAR_MOST);
        line(out, screen, row->unread > 0 ? WAITING : "", " %-22s %-11s %-13s %8u %8u   %s",
             address_text(&row->remote, address), tcp_state_name(row->state), accepted,
             row->unread, row->unsent, bar);
    }
    if (view->n_clients > most)
        line(out, screen, "", " ... and %d more clients", view->n_clients - most);
}

static void
show_usage(FILE *out, const struct screen *screen, const struct view *view)
{
    char wakes[40] = "", have[96] = "";

    if (view->wakes >= 0)
        snprintf(wakes, sizeof(wakes), "%.0f wakes/s   ", view->wakes);
    if (view->pid != 0)
        snprintf(have, sizeof(have), "%.1f MiB   %u fds   ",
                 (double)view->usage.memory / 1048576, view->usage.fds);
    line(out, screen, "", " has            %s%sTIME-WAIT %d, CLOSE-WAIT %d", have, wakes,
         view->time_wait, view->close_wait);
}

void
show_view(FILE *out, const struct screen *screen, const struct view *view)
{
    char every[40] = "", pid[32] = "";
    int left = screen->rows > 0 ? screen->rows - 8 : 1000000;
    int tasks = view->n_tasks;

    /* Tasks and clients share what the screen has left. */
    if (tasks + view->n_clients > left && tasks > TASKS_SHOWN)
        tasks = left / 2 > TASKS_SHOWN ? left / 2 : TASKS_SHOWN;
    if (view->pid != 0)
        snprintf(pid, sizeof(pid), "   pid %d", view->pid);
    if (screen->every > 0)
        snprintf(every, sizeof(every), "   every %g s", screen->every);
    if (screen->clear)
        fputs("\033[H", out);
    line(out, screen, BOLD, "echolab watch   %s%s   %s%s",
         view->port != 0 ? view->address : "(no TCP port)", pid, view->name, every);
    show_tasks(out, screen, view, tasks);
    if (view->port != 0)
        show_queue(out, screen, view);
    show_usage(out, screen, view);
    if (view->hidden != NULL)
        line(out, screen, "", " not to be seen: %s", view->hidden);
    if (view->port != 0)
        show_clients(out, screen, view, left - tasks > 1 ? left - tasks : 1);
    if (screen->clear)
        fputs("\033[J", out);
    fflush(out);
}

static void
put_tasks(struct json_writer *w, const struct view *view)
{
    json_open(w, "tasks", '[');
    for (int i = 0; i < view->n_tasks; i++) {
        const struct view_task *task = &view->tasks[i];
        char state[2] = { task->state, '\0' };

        json_open(w, NULL, '{');
        json_put_integer(w, "pid", task->pid);
        json_put_integer(w, "tid", task->tid);
        json_put_string(w, "state", state);
        if (task->call[0] != '\0')
            json_put_string(w, "call", task->call);
        if (task->fd >= 0)
            json_put_integer(w, "fd", task->fd);
        if (task->on[0] != '\0')
            json_put_string(w, "on", task->on);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void
put_clients(struct json_writer *w, const struct view *view)
{
    json_open(w, "clients", '[');
    for (int i = 0; i < view->n_clients; i++) {
        const struct view_client *client = &view->clients[i];
        char address[ADDRESS_TEXT];

        json_open(w, NULL, '{');
        json_put_string(w, "peer", address_text(&client->row.remote, address));
        json_put_string(w, "state", tcp_state_name(client->row.state));
        json_put_bool(w, "accepted", client->row.inode != 0);
        if (client->fd >= 0)
            json_put_integer(w, "fd", client->fd);
        json_put_integer(w, "unread", client->row.unread);
        json_put_integer(w, "unsent", client->row.unsent);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void
put_view(FILE *out, const struct view *view)
{
    struct json_writer w = { .out = out };

    json_open(&w, NULL, '{');
    json_put_real(&w, "t", view->at);
    json_put_integer(&w, "pid", view->pid);
    json_put_string(&w, "name", view->name);
    json_put_string(&w, "address", view->address);
    put_tasks(&w, view);
    json_open(&w, "queue", '{');
    json_put_integer(&w, "waiting", view->waiting);
    json_put_integer(&w, "backlog", view->backlog);
    json_close(&w, '}');
    put_clients(&w, view);
    if (view->cpu >= 0)
        json_put_real(&w, "cpu", view->cpu);
    if (view->wakes >= 0)
        json_put_real(&w, "wakeups", view->wakes);
    json_put_integer(&w, "memory", (int64_t)view->usage.memory);
    json_put_integer(&w, "descriptors", view->usage.fds);
    json_put_integer(&w, "time_wait", view->time_wait);
    json_put_integer(&w, "close_wait", view->close_wait);
    if (view->hidden != NULL)
        json_put_string(&w, "hidden", view->hidden);
    json_close(&w, '}');
    putc('\n', out);
    fflush(out);
}
