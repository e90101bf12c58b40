/* view.c -- one look at a running server. */
#include "view.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eventlog.h"
#include "plain.h"
#include "proctask.h"
#include "syscalls.h"

#define MOST_LOOKED_AT 512 /* processes */

static const struct tcp_row *
row_with(const struct tcp_row *rows, size_t n, unsigned long inode)
{
    for (size_t i = 0; i < n && inode != 0; i++)
        if (rows[i].inode == inode)
            return &rows[i];
    return NULL;
}

/* A descriptor that is no TCP connection, from its link in /proc. */
static const char *
plain_name(const char *link)
{
    if (strcmp(link, "anon_inode:[eventpoll]") == 0)
        return "its epoll list";
    if (strncmp(link, "pipe:", 5) == 0)
        return "a pipe";
    return socket_inode(link) != 0 ? "" : link;
}

/* What descriptor fd of the process is, in words for people. */
static void
name_fd(struct view_task *task, const struct tcp_row *rows, size_t n)
{
    char link[LINK_TEXT];
    const struct tcp_row *row;

    task->on[0] = '\0';
    if (!fd_link(task->pid, task->fd, link))
        return;
    row = row_with(rows, n, socket_inode(link));
    if (row == NULL)
        snprintf(task->on, sizeof(task->on), "%s", plain_name(link));
    else if (row->state == TCP_STATE_LISTEN)
        snprintf(task->on, sizeof(task->on), "the listener");
    else
        address_text(&row->remote, task->on);
    make_plain(task->on); /* a file's name may hold anything */
}

/*
 * /proc/PID/task/TID/syscall says "45 0x4 ..." (number, arguments), "running", or "-1" for
 * a sleep outside of a call. It is shown to whom ptrace is allowed; wchan to everybody.
 */
static void
look_at_call(struct view *view, struct view_task *task, const struct tcp_row *rows, size_t n)
{
    char path[64], text[256];
    const struct shape *shape;
    unsigned long first;
    long nr;

    task->fd = -1;
    snprintf(path, sizeof(path), "task/%d/syscall", task->tid);
    if (read_proc(task->pid, path, text, sizeof(text)) > 0) {
        if (sscanf(text, "%ld %lx", &nr, &first) != 2 || nr < 0)
            return;
        shape = shape_of(nr);
        snprintf(task->call, sizeof(task->call), "%s", shape != NULL ? shape->name :
                 syscall_name(nr) != NULL ? syscall_name(nr) : "?");
        if (shape != NULL && shape->about_fd)
            task->fd = (int)first;
        if (task->fd >= 0)
            name_fd(task, rows, n);
        return;
    }
    view->hidden = "on whom it sleeps (refused: kernel.yama.ptrace_scope)";
    snprintf(path, sizeof(path), "task/%d/wchan", task->tid);
    if (read_proc(task->pid, path, text, sizeof(text)) > 0 && strcmp(text, "0") != 0)
        snprintf(task->call, sizeof(task->call), "%.23s", text);
}

static void
look_at_task(struct view *view, pid_t pid, pid_t tid, const struct tcp_row *rows, size_t n)
{
    struct view_task *task = &view->tasks[view->n_tasks];
    char path[64], text[2048];
    const char *at;

    *task = (struct view_task){ .pid = pid, .tid = tid, .fd = -1 };
    snprintf(path, sizeof(path), "task/%d/status", tid);
    if (read_proc(pid, path, text, sizeof(text)) <= 0 || (at = strstr(text, "\nState:\t")) == NULL)
        return;
    task->state = at[8];
    if ((at = strstr(text, "\nvoluntary_ctxt_switches:")) != NULL)
        view->switches += strtoul(at + 25, NULL, 10);
    if ((at = strstr(text, "\nnonvoluntary_ctxt_switches:")) != NULL)
        view->switches += strtoul(at + 28, NULL, 10);
    if (task->state == 'S' || task->state == 'D')
        look_at_call(view, task, rows, n);
    view->n_tasks++;
}

/* Which descriptor of the process is which client? Returns false when that is not to be seen. */
static bool
find_descriptors(struct view *view, pid_t pid)
{
    int n;
    int *fds = fds_of(pid, &n);
    bool seen = fds != NULL;

    for (int k = 0; k < n && view->n_clients <= VIEW_SOCKETS; k++) {
        char link[LINK_TEXT];
        unsigned long inode;

        if (!fd_link(pid, fds[k], link) || (inode = socket_inode(link)) == 0)
            continue;
        for (int i = 0; i < view->n_clients; i++)
            if (view->clients[i].row.inode == inode) {
                view->clients[i].pid = pid;
                view->clients[i].fd = fds[k];
            }
    }
    free(fds);
    return seen;
}

/* Who waits comes first, then who has bytes unread or unsent, then by address. */
static int
by_interest(const void *a, const void *b)
{
    const struct tcp_row *x = &((const struct view_client *)a)->row;
    const struct tcp_row *y = &((const struct view_client *)b)->row;
    char left[ADDRESS_TEXT], right[ADDRESS_TEXT];
    bool busy_x = x->unread + x->unsent > 0, busy_y = y->unread + y->unsent > 0;

    if ((x->inode == 0) != (y->inode == 0))
        return x->inode == 0 ? -1 : 1;
    if (busy_x != busy_y)
        return busy_x ? -1 : 1;
    return strcmp(address_text(&x->remote, left), address_text(&y->remote, right));
}

static void
sort_rows(struct view *view, const struct tcp_row *rows, size_t n)
{
    view->clients = calloc(n + 1, sizeof(*view->clients));
    for (size_t i = 0; i < n && view->clients != NULL; i++) {
        const struct tcp_row *row = &rows[i];

        if (row->state == TCP_STATE_LISTEN) {
            view->listening = true;
            view->waiting += (int)row->unread;
            view->backlog = row->backlog;
            address_text(&row->local, view->address);
        } else if (row->state == TCP_STATE_TIME_WAIT) {
            view->time_wait++;
        } else {
            view->close_wait += row->state == TCP_STATE_CLOSE_WAIT;
            view->clients[view->n_clients++] = (struct view_client){ .row = *row, .fd = -1 };
        }
    }
}

/* The command line, as much of it as tells which server this is. */
static void
name_process(struct view *view, pid_t pid)
{
    char text[512];
    ssize_t n = read_proc(pid, "cmdline", text, sizeof(text));
    const char *base;

    if (n <= 0)
        return;
    base = strrchr(text, '/') != NULL ? strrchr(text, '/') + 1 : text;
    if (strcmp(base, "echolab") == 0 && (size_t)n > strlen(text) + 1)
        base = text + strlen(text) + 1; /* the stage is what the reader knows it by */
    for (ssize_t i = 0; i < n - 1; i++)
        if (text[i] == '\0' && base != text + strlen(text) + 1)
            text[i] = ' ';
    snprintf(view->name, sizeof(view->name), "%.40s", base);
    for (char *at = view->name; *at != '\0'; at++)
        if (!isprint((unsigned char)*at))
            *at = '?';
}

/* The port of the first of these sockets that the process holds; 0 when it holds none. */
static int
port_held(pid_t pid, const struct tcp_row *rows, size_t n_rows)
{
    int n, port = 0;
    int *fds = fds_of(pid, &n);

    for (int i = 0; i < n && port == 0; i++) {
        char link[LINK_TEXT];
        const struct tcp_row *row = fd_link(pid, fds[i], link) ?
            row_with(rows, n_rows, socket_inode(link)) : NULL;

        port = row != NULL ? port_of(&row->local) : 0;
    }
    free(fds);
    return port;
}

/* The first port that the process listens on, or else one of its children; 0: there is none. */
static int
listening_port(pid_t pid)
{
    size_t n = 0;
    struct tcp_row *rows = tcp_listeners(pid, &n);
    pid_t pids[MOST_LOOKED_AT];
    int n_pids = family_of(pid, pids, MOST_LOOKED_AT), port = 0;

    for (int i = 0; i < n_pids && port == 0; i++)
        port = port_held(pids[i], rows, n);
    free(rows);
    return port;
}

pid_t
listener_process(int port)
{
    size_t n = 0, kept = 0;
    struct tcp_row *rows = tcp_listeners(0, &n);
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    pid_t eldest = 0;

    for (size_t i = 0; i < n; i++)
        if (port_of(&rows[i].local) == port)
            rows[kept++] = rows[i];
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

        if (pid > 0 && (eldest == 0 || pid < eldest) && port_held(pid, rows, kept) != 0)
            eldest = pid;
    }
    if (dir != NULL)
        closedir(dir);
    free(rows);
    return eldest;
}

/* All processes of the server, one by one. */
static void
look_at_processes(struct view *view, const struct tcp_row *rows, size_t n)
{
    pid_t pids[MOST_LOOKED_AT];
    int n_pids = family_of(view->pid, pids, MOST_LOOKED_AT);
    bool seen = false;

    usage_of(pids, n_pids, &view->usage);
    for (int i = 0; i < n_pids; i++) {
        int n_tids = 0;
        pid_t *tids = threads_of(pids[i], &n_tids);

        for (int j = 0; j < n_tids && view->n_tasks < VIEW_TASKS; j++)
            look_at_task(view, pids[i], tids[j], rows, n);
        free(tids);
        seen = find_descriptors(view, pids[i]) || seen;
    }
    if (!seen)
        view->hidden = "its tasks and descriptors: the server is another user's";
}

int
view_look(struct view *view, pid_t pid, int port, const struct view *before)
{
    struct tcp_row *rows;
    size_t n = 0;

    *view = (struct view){ .pid = pid, .port = port, .backlog = -1, .cpu = -1, .wakes = -1,
                           .at = now_s() };
    if (pid != 0 && (process_state(pid) == '\0' || process_state(pid) == 'Z'))
        return -1;
    if (port == 0)
        view->port = listening_port(pid);
    rows = view->port != 0 ? tcp_table(pid, view->port, &n) : NULL;
    sort_rows(view, rows, n);
    if (pid != 0) {
        name_process(view, pid);
        look_at_processes(view, rows, n);
    } else {
        view->hidden = "who listens there: the server is another user's";
    }
    free(rows);
    qsort(view->clients, (size_t)view->n_clients, sizeof(*view->clients), by_interest);
    if (before != NULL && pid != 0 && view->at > before->at) {
        view->cpu = (view->usage.cpu - before->usage.cpu) / (view->at - before->at);
        view->wakes = ((double)view->switches - (double)before->switches) /
            (view->at - before->at);
    }
    return 0;
}

void
view_free(struct view *view)
{
    free(view->clients);
    view->clients = NULL;
    view->n_clients = 0;
}
