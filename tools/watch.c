/* watch.c -- `echolab watch`: who sleeps in what, live, on any running server. */
#include <sys/ioctl.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "commands.h"
#include "narrate.h"
#include "proctask.h"
#include "screen.h"
#include "stage.h"

#define EVERY 0.5       /* seconds */
#define CPU_SHARE 75    /* a look takes a 75th of the time at most: on big machines it is dear */
#define FAMILY 64       /* processes of a stage among which a traced one is looked for */
#define FIRST_PAUSE 0.2 /* seconds between the two looks that a snapshot compares */

static const char usage[] =
    "usage: echolab watch [OPTION...] [STAGE]\n"
    "\n"
    "Looks at a server that runs, ours or any other: in which call each of its tasks\n"
    "sleeps and on whom, who waits in the accept queue, whose bytes lie unread. It\n"
    "only reads /proc and the kernel's table of sockets; the server does not notice.\n"
    "\n"
    "  STAGE              the running server of that name\n"
    "      --pid=N        the server with that process number\n"
    "  -p, --port=PORT    who listens there (default 8000, or ECHOLAB_PORT)\n"
    "      --every=SEC    look so often (default 0.5)\n"
    "      --snapshot     look once\n"
    "  -j, --json         a JSON object a look\n"
    "      --color=WHEN   auto, always or never\n"
    "  -h, --help         this text\n";

struct wish {
    pid_t pid;
    int port;
    double chosen; /* --every; 0: not given */
    bool snapshot, json;
};

enum { LONG_PID = 256, LONG_EVERY, LONG_SNAPSHOT, LONG_COLORS };

/* Returns false when the help was asked for. */
static bool
read_options(int argc, char **argv, struct wish *wish)
{
    static const struct option longs[] = {
        { "pid", 1, NULL, LONG_PID },           { "port", 1, NULL, 'p' },
        { "every", 1, NULL, LONG_EVERY },       { "snapshot", 0, NULL, LONG_SNAPSHOT },
        { "json", 0, NULL, 'j' },               { "color", 1, NULL, LONG_COLORS },
        { "help", 0, NULL, 'h' },               { NULL, 0, NULL, 0 }
    };
    int key;

    opterr = 0;
    while ((key = getopt_long(argc, argv, ":p:jh", longs, NULL)) != -1) {
        if (key == LONG_PID)
            wish->pid = (pid_t)number_argument("--pid", optarg, 1, 4194304);
        else if (key == 'p')
            wish->port = (int)number_argument("--port", optarg, 1, 65535);
        else if (key == LONG_EVERY)
            {
            wish->chosen = seconds_argument("--every", optarg);
            if (wish->chosen < 0.05)
                errx(2, "--every must be 0.05 seconds or more");
        }
        else if (key == LONG_SNAPSHOT)
            wish->snapshot = true;
        else if (key == 'j')
            wish->json = true;
        else if (key == LONG_COLORS && choose_color(optarg) == -1)
            errx(2, "--color must be auto, always or never, not '%s'", optarg);
        else if (key == 'h')
            return false;
        else if (key == ':' || key == '?')
            bad_option(key, argv, longs);
    }
    return true;
}

/* Is this process `echolab STAGE`, by its command line? */
static bool
runs_stage(pid_t pid, const char *stage)
{
    char text[512] = "";
    ssize_t n = read_proc(pid, "cmdline", text, sizeof(text));
    size_t first;
    const char *base;

    first = strlen(text);
    base = strrchr(text, '/') != NULL ? strrchr(text, '/') + 1 : text;
    return n > (ssize_t)first + 1 && strcmp(base, "echolab") == 0 &&
        strcmp(text + first + 1, stage) == 0;
}

/* With --trace the eldest is the tracer: then the server is the child that it traces. */
static pid_t
traced_by(pid_t pid)
{
    pid_t pids[FAMILY];
    int n = family_of(pid, pids, FAMILY);

    for (int i = 1; i < n; i++)
        if (tracer_of(pids[i]) == pid)
            return pids[i];
    return pid;
}

/* The eldest process that runs the stage: the others are its children. */
static pid_t
stage_process(const char *stage)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    pid_t eldest = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid_t pid = (pid_t)atoi(entry->d_name);

        if (pid > 0 && (eldest == 0 || pid < eldest) && runs_stage(pid, stage))
            eldest = pid;
    }
    if (dir != NULL)
        closedir(dir);
    return eldest != 0 ? traced_by(eldest) : 0;
}

/* From what was asked for to a process and a port. Ends with exit code 1 if there is none. */
static void
find_server(struct wish *wish, const char *stage)
{
    size_t n = 0;
    struct tcp_row *rows;

    if (stage != NULL) {
        if (stage_named(stage) == NULL)
            errx(2, "'%s' is not a stage; another server is --pid N or --port N", stage);
        wish->pid = stage_process(stage);
        if (wish->pid == 0)
            errx(1, "no echolab %s runs here; start one in another terminal", stage);
        return;
    }
    if (wish->pid != 0)
        return;
    if (wish->port == 0)
        wish->port = (int)number_argument("ECHOLAB_PORT",
                                          from_environment("ECHOLAB_PORT", "8000"), 1, 65535);
    wish->pid = listener_process(wish->port);
    if (wish->pid != 0)
        return;
    rows = tcp_table(0, wish->port, &n);
    free(rows);
    if (n == 0)
        errx(1, "nobody listens on port %d; who does:  ss -ltn", wish->port);
}

static void
pause_for(double seconds)
{
    struct timespec left = { .tv_sec = (time_t)seconds };

    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

static void
measure_screen(struct screen *screen, bool snapshot)
{
    struct winsize size;

    screen->columns = screen_width(STDOUT_FILENO);
    screen->rows = 0;
    if (!snapshot && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
        screen->rows = size.ws_row;
}

/* What this program has computed so far, in seconds. */
static double
own_cpu(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* How long to pause after a look that cost so much; who chose a time gets it. */
static double
pause_after(const struct wish *wish, double cost)
{
    if (wish->chosen > 0)
        return wish->chosen;
    return cost * CPU_SHARE > EVERY ? cost * CPU_SHARE : EVERY;
}

/* Looks again and again until the server or the reader is gone. */
static int
watch(const struct wish *wish)
{
    static struct view views[2]; /* this look and the one before */
    bool terminal = isatty(STDOUT_FILENO) && !wish->json && !wish->snapshot;
    struct screen screen = { .color = color_on(STDOUT_FILENO), .clear = terminal,
                             .every = wish->snapshot ? 0 : pause_after(wish, 0) };

    if (view_look(&views[0], wish->pid, wish->port, NULL) == -1)
        errx(1, "no process has the number %d", wish->pid);
    if (terminal)
        fputs("\033[2J", stdout);
    pause_for(FIRST_PAUSE);
    for (unsigned turn = 1;; turn++) {
        struct view *now = &views[turn % 2], *before = &views[(turn + 1) % 2];
        double began = own_cpu();

        if (view_look(now, wish->pid, wish->port, before) == -1) {
            puts(wish->json ? "{\"event\": \"ended\"}" : "the server has ended");
            return 0;
        }
        view_free(before);
        measure_screen(&screen, wish->snapshot);
        if (wish->json)
            put_view(stdout, now);
        else
            show_view(stdout, &screen, now);
        if (ferror(stdout))
            err(1, "cannot write");
        if (wish->snapshot)
            return 0;
        pause_for(pause_after(wish, own_cpu() - began));
    }
}

int
watch_main(int argc, char **argv)
{
    struct wish wish = { .pid = 0 };

    if (!read_options(argc, argv, &wish)) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc - optind > 1)
        errx(2, "takes one STAGE, but got '%s' as well", argv[optind + 1]);
    find_server(&wish, optind < argc ? argv[optind] : NULL);
    return watch(&wish);
}
