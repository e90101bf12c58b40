/* procfs.c -- reading /proc. */
#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What one line of /proc/PID/stat says. */
struct stat_line {
    pid_t parent;
    char state;
    double reaped_cpu; /* seconds of children that are gone */
    unsigned threads;
};

ssize_t
read_proc(pid_t pid, const char *name, char *text, size_t room)
{
    char path[96];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    n = read(fd, text, room - 1);
    close(fd);
    if (n >= 0)
        text[n] = '\0';
    return n;
}

static int
read_stat(pid_t pid, struct stat_line *line)
{
    char text[1024];
    const char *at;
    long child_user, child_kernel, threads;
    int parent;

    if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
        return -1;
    at = strrchr(text, ')'); /* the name before it may hold anything */
    if (at == NULL ||
        sscanf(at + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld %*d %*d %ld",
               &line->state, &parent, &child_user, &child_kernel, &threads) != 5)
        return -1;
    line->parent = parent;
    line->reaped_cpu = (double)(child_user + child_kernel) / (double)sysconf(_SC_CLK_TCK);
    line->threads = (unsigned)threads;
    return 0;
}

char
process_state(pid_t pid)
{
    struct stat_line line;

    return read_stat(pid, &line) == -1 ? '\0' : line.state;
}

/* All processes and their parents; the caller frees. Returns how many. */
static int
everybody(pid_t (**pairs)[2])
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0, room = 0;

    *pairs = NULL;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat_line line;
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

        if (pid == 0 || read_stat(pid, &line) == -1)
            continue;
        if (n == room) {
            room = room > 0 ? 2 * room : 256;
            void *more = realloc(*pairs, (size_t)room * sizeof(**pairs));

            if (more == NULL)
                break;
            *pairs = more;
        }
        (*pairs)[n][0] = pid;
        (*pairs)[n++][1] = line.parent;
    }
    if (dir != NULL)
        closedir(dir);
    return n;
}

int
processes_below(pid_t root, pid_t *pids, int most)
{
    pid_t(*pairs)[2];
    int n_all = everybody(&pairs), n = 0;

    /* Each turn finds the children of one that was found before; root is where we begin. */
    for (int turn = -1; turn < n; turn++)
        for (int i = 0; i < n_all && n < most; i++)
            if (pairs[i][1] == (turn == -1 ? root : pids[turn]) &&
                (turn >= 0 || process_state(pairs[i][0]) != 'Z'))
                pids[n++] = pairs[i][0];
    free(pairs);
    return n;
}

int
children_of(pid_t parent, pid_t *pids, int most)
{
    pid_t(*pairs)[2];
    int n_all = everybody(&pairs), n = 0;

    for (int i = 0; i < n_all && n < most; i++)
        if (pairs[i][1] == parent)
            pids[n++] = pairs[i][0];
    free(pairs);
    return n;
}

/* "Pss:  123 kB" of smaps_rollup; 0 when the kernel or the owner does not let us see it. */
static uint64_t
proportional_memory(pid_t pid)
{
    char text[1024];
    const char *at;

    if (read_proc(pid, "smaps_rollup", text, sizeof(text)) <= 0)
        return 0;
    at = strstr(text, "\nPss:");
    return at != NULL ? strtoull(at + 5, NULL, 10) * 1024 : 0;
}

static uint64_t
resident_memory(pid_t pid)
{
    char text[128];
    unsigned long pages;

    if (read_proc(pid, "statm", text, sizeof(text)) <= 0 || sscanf(text, "%*u %lu", &pages) != 1)
        return 0;
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static unsigned
open_fds(pid_t pid)
{
    char path[64];
    DIR *dir;
    unsigned n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n > 2 ? n - 2 : 0; /* "." and ".." */
}

/* The kernel's own clock of a process: finer than the ticks in stat. */
static double
process_cpu(pid_t pid)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) == -1)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/*
 * Seconds that the threads of a process ran or were ready to run: what they would have used
 * on a machine of their own. 0 when the kernel does not tell.
 */
static double
wanted_cpu(pid_t pid)
{
    char path[64], text[128];
    DIR *dir;
    struct dirent *entry;
    double wanted = 0;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        unsigned long long ran, waited;

        snprintf(path, sizeof(path), "task/%.20s/schedstat", entry->d_name);
        if (isdigit((unsigned char)entry->d_name[0]) &&
            read_proc(pid, path, text, sizeof(text)) > 0 &&
            sscanf(text, "%llu %llu", &ran, &waited) == 2)
            wanted += (double)(ran + waited) / 1e9;
    }
    if (dir != NULL)
        closedir(dir);
    return wanted;
}

void
usage_of(const pid_t *pids, int n, struct usage *usage)
{
    memset(usage, 0, sizeof(*usage));
    for (int i = 0; i < n; i++) {
        struct stat_line line;
        uint64_t memory;

        if (read_stat(pids[i], &line) == -1)
            continue;
        usage->cpu += process_cpu(pids[i]) + line.reaped_cpu;
        usage->wanted += wanted_cpu(pids[i]);
        if (line.state == 'Z') {
            usage->zombies++;
            continue;
        }
        memory = proportional_memory(pids[i]);
        usage->memory += memory > 0 ? memory : resident_memory(pids[i]);
        usage->fds += open_fds(pids[i]);
        usage->tasks += line.threads;
    }
}

/* One row of /proc/net/tcp, as far as a listener needs it. */
struct listener {
    bool found;
    bool any;       /* more than ::1 is meant */
    unsigned queue; /* connected and not yet accepted */
};

/* Looks for the port in one of the tables; listeners come before all other rows. */
static struct listener
find_listener(const char *path, int port)
{
    struct listener found = { .found = false };
    FILE *file = fopen(path, "re");
    char line[512], address[40];
    unsigned local, state = 0x0a, queue;

    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        state = 0;
    while (state == 0x0a && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, " %*d: %39[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%x", address, &local, &state,
                   &queue) != 4 ||
            state != 0x0a || local != (unsigned)port)
            continue;
        found.found = true;
        found.any = found.any || strspn(address, "0") == strlen(address);
        found.queue += queue;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

bool
port_listens(int port, bool *v6)
{
    struct listener listener = find_listener("/proc/net/tcp", port);

    *v6 = false;
    if (listener.found)
        return true;
    listener = find_listener("/proc/net/tcp6", port);
    *v6 = !listener.any;
    return listener.found;
}

unsigned
accept_queue(int port)
{
    return find_listener("/proc/net/tcp", port).queue + find_listener("/proc/net/tcp6", port).queue;
}
