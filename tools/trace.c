/*
 * trace.c -- `echolab trace`: what a server does, call by call.
 *
 *   tracer  the calls as ptrace delivers them    decode  what each one means
 *   story   who waits for whom                   fold    many calls, few lines
 *   narrate, tracelog                            lines for people, lines for programs
 */
#include "trace.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "commands.h"
#include "fold.h"
#include "narrate.h"
#include "phrases.h"
#include "serve.h"
#include "tracelog.h"
#include "tracer.h"

#define KEYBOARD_MS 100 /* between two looks for a signal, while we wait for Enter */

static const char usage[] =
    "usage: echolab trace [OPTION...] STAGE [STAGE'S OPTION...]\n"
    "       echolab trace [OPTION...] -- COMMAND...\n"
    "       echolab trace [OPTION...] --pid N\n"
    "\n"
    "Runs a server, ours or any other, and tells each call that matters: in which it\n"
    "sleeps and for whom, who hears back after how long, and because of whom.\n"
    "\n"
    "  -j, --json           the same as JSON, a line each\n"
    "      --all            every system call, none counted together\n"
    "      --step           wait for Enter before each call\n"
    "  -o, --output=FILE    write to FILE; the server keeps standard output\n"
    "      --pid=N          a server that runs already; it goes on when we stop\n"
    "      --color=WHEN     auto, always or never\n"
    "  -h, --help           this text\n"
    "\n"
    "exit status: the server's; 4 when this system refuses to trace\n";

/* What was asked for, and where it stands. */
struct trace {
    bool json, all, step;
    const char *file;
    pid_t pid;            /* of a running server; 0: we start it */

    struct tracer tracer;
    struct story story;
    struct fold fold;
    struct narrator narrator;
    struct outbox out;
    int terminal;         /* --step: where Enter comes from */
    unsigned long counts[CALLS_MOST];
};

/* One at a time; it is big, and the options before and behind STAGE meet here. */
static struct trace trace = { .terminal = -1 };

/* The first news of the program itself: time begins. */
static void
begin(struct trace *t)
{
    if (t->story.zero != 0)
        return;
    t->story.zero = t->narrator.zero = monotonic_ns();
    t->story.server = t->tracer.server;
    if (t->json)
        tracelog_start(&t->out, &t->story);
    else
        narrate_heading(&t->narrator);
}

static void
tell(void *ctx, const struct beat *beat)
{
    struct trace *t = ctx;

    if (t->json)
        tracelog_beat(&t->out, &t->story, beat);
    else
        narrate(&t->narrator, beat);
}

/* With --all nothing is held back; else the folder decides. */
static void
pass_on(void *ctx, struct beat *beat)
{
    struct trace *t = ctx;

    if (t->all)
        tell(t, beat);
    else
        fold_beat(&t->fold, beat);
}

/* Our signals wait until the tracer asks for them; Ctrl-C must not have to wait for Enter. */
static bool
is_interrupted(void)
{
    sigset_t waiting;

    return sigpending(&waiting) == 0 &&
        (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1);
}

static void
wait_for_enter(struct trace *t, const struct task *task)
{
    struct pollfd keyboard = { .fd = t->terminal, .events = POLLIN };
    char byte = '\0';

    fold_flush(&t->fold);
    narrate_step(&t->narrator, task);
    outbox_push(&t->out);
    while (byte != '\n' && !is_interrupted())
        if (poll(&keyboard, 1, KEYBOARD_MS) == 1 && read(t->terminal, &byte, 1) != 1)
            return;
}

static void
on_entered(void *ctx, struct task *task)
{
    struct trace *t = ctx;

    begin(t);
    decode_begin(&t->story.decoder, task->pid, &task->call);
    if (t->step && task->call.told)
        wait_for_enter(t, task);
}

static void
on_asleep(void *ctx, struct task *task)
{
    struct trace *t = ctx;
    struct beat beat;

    begin(t);
    if (task->call.kind == CALL_OTHER && !t->all)
        return;
    story_asleep(&t->story, task, &beat);
    pass_on(t, &beat);
    fold_tick(&t->fold, monotonic_ns());
}

static void
on_left(void *ctx, struct task *task)
{
    struct trace *t = ctx;
    long nr = task->call.nr;
    struct beat beat;

    begin(t);
    t->counts[nr >= 0 && nr < CALLS_MOST && task->native ? nr : CALLS_MOST - 1]++;
    story_left(&t->story, task, &beat);
    t->story.serving += t->story.accepted > 0;
    if (task->call.error >= KERNEL_ERRNO && !t->all)
        return; /* it goes on, and the signal is told */
    if (task->call.told || t->all || (task->asleep && task->call.kind == CALL_RECV))
        pass_on(t, &beat);
}

static void
on_came(void *ctx, struct task *task)
{
    struct trace *t = ctx;
    struct beat beat;

    story_beat(&beat, BEAT_CAME, task);
    t->story.tasks++;
    if (t->story.tasks > t->story.most_tasks)
        t->story.most_tasks = t->story.tasks;
    pass_on(t, &beat);
}

static void
on_gone(void *ctx, struct task *task, int status)
{
    struct trace *t = ctx;
    struct beat beat;

    begin(t);
    story_beat(&beat, BEAT_GONE, task);
    beat.status = status;
    t->story.tasks--;
    pass_on(t, &beat);
}

static void
on_signalled(void *ctx, struct task *task, int sig)
{
    struct trace *t = ctx;
    struct beat beat;

    if ((sig == SIGWINCH || sig == SIGURG) && !t->all)
        return; /* a window was resized: nobody asked for it, and nothing comes of it */
    story_beat(&beat, BEAT_SIGNAL, task);
    beat.sig = sig;
    pass_on(t, &beat);
}

/* Nobody reads the trace, or the disk is full: the server stops, and so do we. */
static void
give_up(struct trace *t)
{
    if (t->tracer.ours)
        kill(t->tracer.server, SIGTERM);
    t->tracer.enough = true;
}

static void
on_tick(void *ctx, long long now)
{
    struct trace *t = ctx;

    story_look(&t->story, now, pass_on, t);
    fold_tick(&t->fold, now);
    outbox_push(&t->out);
    if (t->out.error != 0)
        give_up(t);
}

static void
set_up(struct trace *t)
{
    t->tracer.exit_kill = t->pid == 0;
    t->tracer.ctx = t;
    t->tracer.entered = on_entered;
    t->tracer.asleep = on_asleep;
    t->tracer.left = on_left;
    t->tracer.came = on_came;
    t->tracer.gone = on_gone;
    t->tracer.signalled = on_signalled;
    t->tracer.tick = on_tick;
    t->fold.tell = tell;
    t->fold.ctx = t;
    t->story.tasks = t->story.most_tasks = 1;
    outbox_open(&t->out, t->file);
    t->narrator = (struct narrator){ .out = &t->out, .width = screen_width(t->out.fd),
                                     .color = color_on(t->out.fd),
                                     .opened = t->all || t->pid != 0 };
    if (!t->step)
        return;
    t->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (t->terminal == -1)
        errx(2, "--step needs a terminal: it waits there for Enter");
}

/* Says why the output ended early, when it did. Returns the exit code. */
static int
finish(struct trace *t)
{
    long long now = monotonic_ns();
    int code = tracer_exit_code(&t->tracer), error;

    if (t->story.zero != 0) {
        fold_flush(&t->fold);
        if (t->json)
            tracelog_end(&t->out, &t->story, t->counts, now, code);
        else
            narrate_summary(&t->narrator, &t->story, now);
    }
    error = outbox_close(&t->out);
    if (t->out.dropped > 0)
        warnx("%lu lines were dropped: nobody read them in time", t->out.dropped);
    if (error == EPIPE)
        errx(1, "nobody reads the trace any more; the server was stopped");
    if (error != 0)
        errx(1, "cannot write %s: %s", t->file != NULL ? t->file : "the trace", strerror(error));
    return code;
}

/* Starts argv and tells what it does to the end. Returns its exit code. */
static int
run_traced(struct trace *t, char *const *argv, bool console)
{
    int in = -1, out = -1;

    set_up(t);
    /* The server's own lines must not mix with ours: they go elsewhere, or nowhere. */
    if (t->step)
        in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (t->file == NULL && !console)
        out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    else if (t->file == NULL && t->json)
        out = STDERR_FILENO;
    tracer_start(&t->tracer, argv, in, out);
    tracer_run(&t->tracer);
    return finish(t);
}

static int
run_attached(struct trace *t)
{
    set_up(t);
    tracer_attach(&t->tracer, t->pid);
    begin(t);
    survey(&t->story.decoder.cast, t->pid); /* it knows the listener, so it comes first */
    for (const struct task *task = t->tracer.tasks; task != NULL; task = task->next)
        if (!task->thread && task->pid != t->pid)
            survey(&t->story.decoder.cast, task->pid);
    t->story.accepted = t->story.decoder.cast.n_clients;
    t->story.tasks = t->story.most_tasks = t->tracer.alive + t->tracer.missed;
    if (t->tracer.missed > 0)
        warnx("%d child process%s not traced", t->tracer.missed,
              t->tracer.missed == 1 ? " is" : "es are");
    tracer_run(&t->tracer);
    return finish(t);
}

int
trace_stage(const struct settings *set)
{
    static char self[4096];
    char *argv[72] = { self, (char *)set->stage->name };
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n == -1)
        err(1, "/proc/self/exe");
    for (size_t i = 0; set->again != NULL && set->again[i] != NULL; i++)
        argv[i + 2] = set->again[i];
    trace.json = trace.json || set->json;
    trace.step = trace.step || set->step;
    return run_traced(&trace, argv, false);
}

enum { LONG_ALL = 256, LONG_STEPS, LONG_PID, LONG_COLORS };

/* Options in front of STAGE or "--". Returns the index of the first operand; -1: help. */
static int
read_options(int argc, char **argv)
{
    static const struct option longs[] = {
        { "json", 0, NULL, 'j' },         { "all", 0, NULL, LONG_ALL },
        { "step", 0, NULL, LONG_STEPS },  { "output", 1, NULL, 'o' },
        { "pid", 1, NULL, LONG_PID },     { "color", 1, NULL, LONG_COLORS },
        { "help", 0, NULL, 'h' },         { NULL, 0, NULL, 0 }
    };
    int key;

    opterr = 0;
    while ((key = getopt_long(argc, argv, "+:jo:h", longs, NULL)) != -1) {
        trace.json = trace.json || key == 'j';
        trace.all = trace.all || key == LONG_ALL;
        trace.step = trace.step || key == LONG_STEPS;
        if (key == 'o')
            trace.file = optarg;
        else if (key == LONG_PID)
            trace.pid = (pid_t)number_argument("--pid", optarg, 1, 4194304);
        else if (key == LONG_COLORS && choose_color(optarg) == -1)
            errx(2, "--color must be auto, always or never, not '%s'", optarg);
        else if (key == 'h')
            return -1;
        else if (key == ':' || key == '?')
            bad_option(key, argv, longs);
    }
    return optind;
}

int
trace_main(int argc, char **argv)
{
    int first = read_options(argc, argv);
    bool command = first > 0 && strcmp(argv[first - 1], "--") == 0;
    const struct stage *stage;

    if (first == -1) {
        fputs(usage, stdout);
        return 0;
    }
    if (trace.json && trace.step)
        errx(2, "--json and --step do not go together: a program does not press Enter");
    if (trace.pid != 0 && first < argc)
        errx(2, "--pid takes no operand, but got '%s'", argv[first]);
    if (trace.pid != 0)
        return run_attached(&trace);
    if (first == argc)
        errx(2, "whom? a STAGE, or -- and a command, or --pid N; 'echolab trace --help'");
    if (command)
        return run_traced(&trace, argv + first, true);
    stage = stage_named(argv[first]);
    if (stage == NULL)
        errx(2, "'%s' is not a stage; a command of your own goes behind --", argv[first]);
    argv[first - 1] = argv[first];
    argv[first] = (char *)"--trace";
    optind = 0; /* the stage's options are read anew, by its own table */
    return serve(stage, argc - first + 1, argv + first - 1);
}
