/* launch.c -- a command becomes a process: its port, its words, its limits. */
#include "launch.h"

#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eventlog.h"
#include "net.h"

/* Foreign servers get a port below those that the kernel gives to clients. */
#define FIRST_PORT 12000
#define N_PORTS 18000
#define MOST_ARGS 64

static struct rlimit first_limit;

/* A shell that does `job & exec echolab play ...` leaves us children that are its own affair. */
static pid_t before_us[MOST_PROCESSES];
static int n_before_us;

unsigned long
launch_prepare(void)
{
    struct rlimit more;

    n_before_us = processes_below(getpid(), before_us, MOST_PROCESSES);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    getrlimit(RLIMIT_NOFILE, &first_limit);
    more = first_limit;
    more.rlim_cur = more.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &more) == -1)
        return first_limit.rlim_cur;
    return more.rlim_cur;
}

bool
launched_since(pid_t pid)
{
    for (int i = 0; i < n_before_us; i++)
        if (before_us[i] == pid)
            return false;
    return true;
}

void
check_command(char **command)
{
    int n = 0;
    bool found = false;

    for (; command[n] != NULL; n++)
        found = found || strstr(command[n], "{port}") != NULL;
    if (!found)
        errx(2, "the command must say where its port belongs: -- %s ... {port}", command[0]);
    if (n > MOST_ARGS - 7)
        errx(2, "the command has more than %d words", MOST_ARGS - 7);
}

void
check_log(const char *path)
{
    int fd;

    if (path == NULL)
        return;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd == -1)
        err(1, "cannot write %s", path);
    close(fd);
}

int
launch_free_port(void)
{
    static unsigned tried;

    for (int i = 0; i < 200; i++) {
        unsigned mix = (unsigned)getpid() * 7919u + (unsigned)(now_s() * 1e6) + tried++ * 613u;
        int port = FIRST_PORT + (int)(mix % N_PORTS);
        struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
        struct sockaddr_in any4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int taken;

        if (fd != -1) {
            taken = bind(fd, (struct sockaddr *)&any, sizeof(any));
        } else { /* no IPv6 here */
            fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            taken = bind(fd, (struct sockaddr *)&any4, sizeof(any4));
        }
        close(fd);
        if (taken == 0)
            return port;
    }
    return 0;
}

/* A copy of arg with every {port} replaced. */
static char *
with_port(const char *arg, int port)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *at;

    if (out == NULL)
        return NULL;
    while ((at = strstr(arg, "{port}")) != NULL) {
        fprintf(out, "%.*s%d", (int)(at - arg), arg, port);
        arg = at + strlen("{port}");
    }
    fputs(arg, out);
    fclose(out);
    return text;
}

/* The path of this program. */
static char *
own_path(void)
{
    static char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

    self[len > 0 ? len : 0] = '\0';
    return access(self, X_OK) == 0 ? self : (char *)"/proc/self/exe";
}

/* What to execute, into argv[MOST_ARGS]. Returns where the server's own words begin. */
static int
make_argv(const struct server *server, char **argv)
{
    static char port[16], port_file[96];
    const struct target *target = server->target;
    int n = 0, first;

    if (target->trace_path != NULL) {
        argv[n++] = own_path();
        argv[n++] = (char *)"trace";
        argv[n++] = (char *)"--json";
        argv[n++] = (char *)"-o";
        argv[n++] = (char *)target->trace_path;
        argv[n++] = (char *)"--";
    }
    first = n;
    if (target->stage == NULL) {
        for (int i = 0; target->command[i] != NULL && n < MOST_ARGS - 1; i++)
            argv[n++] = with_port(target->command[i], server->port);
        argv[n] = NULL;
        return first;
    }
    snprintf(port, sizeof(port), "%d", server->port);
    snprintf(port_file, sizeof(port_file), "%s/port", server->folder);
    argv[n++] = own_path();
    argv[n++] = (char *)target->stage->name;
    argv[n++] = (char *)"--quiet";
    argv[n++] = (char *)"--port";
    argv[n++] = port;
    argv[n++] = (char *)"--port-file";
    argv[n++] = port_file;
    for (int i = 0; i < server->scenario->n_options; i++)
        argv[n++] = server->scenario->options[i];
    argv[n] = NULL;
    return first;
}

/* In the child: never returns. */
static void
become_server(const struct server *server, char **argv, int console, int trouble)
{
    struct rlimit limit = first_limit;
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (server->scenario->fd_limit > 0)
        limit.rlim_cur = limit.rlim_max = (rlim_t)server->scenario->fd_limit;
    setrlimit(RLIMIT_NOFILE, &limit);
    dup2(null, STDIN_FILENO);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    execvp(argv[0], argv);
    int error = errno;
    if (write(trouble, &error, sizeof(error)) == -1)
        _exit(126);
    _exit(127);
}

int
launch(struct server *server)
{
    char *argv[MOST_ARGS] = { NULL };
    int console[2] = { -1, -1 }, trouble[2] = { -1, -1 }, error = 0, first;

    if (pipe2(console, O_CLOEXEC) == -1 || pipe2(trouble, O_CLOEXEC) == -1)
        return -1;
    first = make_argv(server, argv);
    server->pid = fork();
    if (server->pid == 0)
        become_server(server, argv, console[1], trouble[1]);
    if (server->pid == -1)
        error = errno;
    close(console[1]);
    close(trouble[1]);
    if (server->pid > 0 && read(trouble[0], &error, sizeof(error)) > 0)
        waitpid(server->pid, NULL, 0);
    close(trouble[0]);
    for (int i = first; server->target->stage == NULL && argv[i] != NULL; i++)
        free(argv[i]);
    if (error != 0) {
        close(console[0]);
        server->pid = 0;
        errno = error;
        return -1;
    }
    set_nonblock(console[0]);
    server->console = console[0];
    return 0;
}
