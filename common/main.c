/*
 * main.c -- the table of stages, the table of commands, and who gets called.
 *
 * A new stage is its file, a line among the declarations and a line in the table.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "help.h"
#include "serve.h"
#include "stage.h"

extern const struct stage stage_blocking;
extern const struct stage stage_multi_blocking;
extern const struct stage stage_nonblocking_naive;
extern const struct stage stage_nonblocking_spin;
extern const struct stage stage_select;
extern const struct stage stage_poll;
extern const struct stage stage_epoll;
extern const struct stage stage_threaded;
extern const struct stage stage_forked;
extern const struct stage stage_prefork;
extern const struct stage stage_callback;
extern const struct stage stage_coroutine;
extern const struct stage stage_message;

static const struct stage *const stages[] = {
    &stage_blocking,
    &stage_multi_blocking,
    &stage_nonblocking_naive,
    &stage_nonblocking_spin,
    &stage_select,
    &stage_poll,
    &stage_epoll,
    &stage_threaded,
    &stage_forked,
    &stage_prefork,
    &stage_callback,
    &stage_coroutine,
    &stage_message,
};

static const struct command commands[] = {
    { "help", "Look:", "[COMMAND]", "this text, or the help of one command", help_main },
    { "list", "Look:", "[--json]", "the stages, a line each", list_main },
    { "show", "Look:", "STAGE [--diff]", "a stage's source, or what is new in it", show_main },
    { "client", "Clients:", "[HOST [PORT]]", "send lines, print echoes, stay for the last",
      client_main },
    { "message-client", "Clients:", "ACTION VALUE", "ask the message server",
      message_client_main },
    { "multi-client", "Clients:", "HOST PORT N", "N connections at once, two messages each",
      multi_client_main },
    { "deaf-peer", "Clients:", "listen|connect|flood", "a peer that never reads",
      deaf_peer_main },
    { "play", "See the difference:", "FILE", "one script of clients, one server or many",
      play_main },
    { "compare", "See the difference:", "[STAGE...]", "all stages, the same clients: one table",
      compare_main },
    { "grade", "See the difference:", "-- COMMAND...", "your own server, in any language",
      grade_main },
    { "trace", "Look inside:", "STAGE | -- CMD...", "what a server does, call by call",
      trace_main },
    { "watch", "Look inside:", "[STAGE | --port N]", "who sleeps in what, who waits; live",
      watch_main },
    { "draw", "Look inside:", "FILE", "a recorded run or trace as a picture", draw_main },
    { "primitives", "Learn:", "[NAME]", "small programs: tasks, locks, queues",
      primitives_main },
};

const struct stage *
stage_at(size_t i)
{
    return i < sizeof(stages) / sizeof(stages[0]) ? stages[i] : NULL;
}

const struct stage *
stage_named(const char *name)
{
    for (size_t i = 0; stage_at(i) != NULL; i++)
        if (strcmp(stage_at(i)->name, name) == 0)
            return stage_at(i);
    return NULL;
}

const struct command *
command_at(size_t i)
{
    return i < sizeof(commands) / sizeof(commands[0]) ? &commands[i] : NULL;
}

static const struct command *
command_named(const char *name)
{
    for (size_t i = 0; command_at(i) != NULL; i++)
        if (strcmp(command_at(i)->name, name) == 0)
            return command_at(i);
    return NULL;
}

/*
 * A server started with a closed stdin, stdout or stderr would get that number for a
 * client's socket, and send it the console. Fill the gaps.
 */
static void
fill_standard_fds(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

/* err() and complain() begin their lines with this: "echolab epoll: ...". */
static void
speak_as(const char *command)
{
    static char name[64];

    snprintf(name, sizeof(name), "echolab %.50s", command);
    program_invocation_short_name = name;
}

/*
 * The exit code of a command that has printed: a full disk turns 0 into 1.
 * A reader that has seen enough (`| head -1`) is no failure.
 */
static int
told(int code)
{
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    bool lost = fflush(stdout) == EOF;

    if (code != 0 || (!lost && !ferror(stdout)))
        return code;
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
        return code;
    warnx("cannot write to standard output: is the disk full?");
    return 1;
}

int
main(int argc, char **argv)
{
    fill_standard_fds();
    signal(SIGPIPE, SIG_IGN); /* a client that left is an errno of send(), not our end */
    setvbuf(stdout, NULL, _IOLBF, 0);
    program_invocation_short_name = (char *)"echolab";

    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("echolab %s\n", ECHOLAB_VERSION);
        return told(0);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return told(0);
    }

    const struct stage *stage = stage_named(argv[1]);
    const struct command *command = command_named(argv[1]);
    if (stage == NULL && command == NULL)
        return unknown_command(argv[1]);
    speak_as(argv[1]);
    if (stage != NULL)
        return told(serve(stage, argc - 1, argv + 1));
    return told(command->run(argc - 1, argv + 1));
}
