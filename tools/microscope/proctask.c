/* proctask.c -- what /proc tells about the threads and descriptors of a process. */
#include "proctask.h"

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line of /proc/PID/status that holds a process number, by its name; else `otherwise`. */
static pid_t
status_line(pid_t pid, const char *name, pid_t otherwise)
{
    char path[64], line[128];
    size_t len = strlen(name);
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, len) == 0) {
            otherwise = (pid_t)atoi(line + len);
            break;
        }
    if (file != NULL)
        fclose(file);
    return otherwise;
}

pid_t
process_of(pid_t tid)
{
    return status_line(tid, "Tgid:", tid);
}

pid_t
tracer_of(pid_t pid)
{
    return status_line(pid, "TracerPid:", 0);
}

bool
sleeps(pid_t pid, pid_t tid)
{
    char path[64], text[512];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    n = fread(text, 1, sizeof(text) - 1, file);
    text[n] = '\0';
    fclose(file);

    /* "123 (any name, even with brackets) S ...": the last bracket closes the name. */
    const char *name_end = strrchr(text, ')');
    return name_end != NULL && (strncmp(name_end, ") S", 3) == 0 ||
                                strncmp(name_end, ") D", 3) == 0);
}

/* The names in a folder of /proc that are numbers; NULL when there is none to see. */
static int *
numbers_in(const char *path, int *n)
{
    int *numbers = NULL;
    struct dirent *entry;
    DIR *dir = opendir(path);

    *n = 0;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        int *more;

        if (!isdigit((unsigned char)entry->d_name[0]))
            continue; /* "." and ".." */
        more = realloc(numbers, ((size_t)*n + 1) * sizeof(*numbers));
        if (more == NULL)
            err(1, "realloc");
        numbers = more;
        numbers[(*n)++] = atoi(entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return numbers;
}

pid_t *
threads_of(pid_t pid, int *n)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    return numbers_in(path, n);
}

int *
fds_of(pid_t pid, int *n)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    return numbers_in(path, n);
}

int
family_of(pid_t pid, pid_t *pids, int most)
{
    int n = 1;

    pids[0] = pid;
    for (int i = 0; i < n; i++) {
        int n_tids;
        pid_t *tids = threads_of(pids[i], &n_tids);

        for (int k = 0; k < n_tids; k++) {
            char path[64];
            FILE *file;

            snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pids[i], tids[k]);
            file = fopen(path, "re");
            while (file != NULL && n < most && fscanf(file, "%d", &pids[n]) == 1)
                n++;
            if (file != NULL)
                fclose(file);
        }
        free(tids);
    }
    return n;
}

int
yama_scope(void)
{
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    int scope = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%d", &scope) != 1)
        scope = 0;
    fclose(file);
    return scope;
}

bool
fd_link(pid_t pid, int fd, char out[LINK_TEXT])
{
    char path[64];
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
    n = readlink(path, out, LINK_TEXT - 1);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

unsigned long
socket_inode(const char *link)
{
    unsigned long inode = 0;

    return sscanf(link, "socket:[%lu]", &inode) == 1 ? inode : 0;
}
