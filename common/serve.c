/* serve.c -- everything that happens before a stage's first line and after its last. */
#include "serve.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"
#include "net.h"
#include "options.h"
#include "say.h"
#include "stop.h"
#include "trace.h"

#define MOST_FDS 65536 /* containers often allow a million: tables need an end */

/* The environment speaks before the command line does, and through the same check. */
static void
check_port(const char *port)
{
    if (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 || atoi(port) > 65535)
        errx(2, "ECHOLAB_PORT must be 0 to 65535, not '%s'", port);
}

size_t
raise_fd_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(1, "getrlimit");
    if (limit.rlim_max > MOST_FDS)
        limit.rlim_max = limit.rlim_cur > MOST_FDS ? limit.rlim_cur : MOST_FDS;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_cur > MOST_FDS)
        limit.rlim_cur = MOST_FDS;
    setrlimit(RLIMIT_NOFILE, &limit); /* refused: we keep what we have */
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > MOST_FDS ? MOST_FDS : limit.rlim_cur;
}

/* Written under another name and renamed, so that a reader never sees half a number. */
static void
write_port_file(const char *path, int port)
{
    char *other;
    FILE *file;
    struct stat now;
    bool special = stat(path, &now) == 0 && !S_ISREG(now.st_mode);

    if (special) { /* a pipe is written to, not replaced */
        file = fopen(path, "we");
        if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) == EOF)
            err(1, "cannot write --port-file %s", path);
        return;
    }
    if (asprintf(&other, "%s.%d", path, getpid()) == -1)
        err(1, "asprintf");
    file = fopen(other, "we");
    if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) == EOF ||
        rename(other, path) == -1)
        err(1, "cannot write --port-file %s", path);
    free(other);
}

/* "127.0.0.1 8000", or "unix:PATH": what a client types behind its name. */
static void
client_words(int listen_fd, const struct settings *set, char *out, size_t room)
{
    char text[ADDRESS_TEXT];
    char *colon;

    snprintf(out, room, "%s", local_address_text(listen_fd, text));
    colon = strrchr(out, ':');
    if (strncmp(set->bind, "unix:", 5) == 0 || colon == NULL)
        return;
    *colon = ' ';
    if (out[0] == '[') { /* "[::1] 8000" becomes "::1 8000" */
        colon[-1] = ' ';
        memmove(colon, colon + 1, strlen(colon));
        memmove(out, out + 1, strlen(out));
    }
}

static void
banner(int listen_fd, const struct settings *set)
{
    char address[ADDRESS_TEXT], words[ADDRESS_TEXT];
    bool color = color_on(STDERR_FILENO);
    bool local = strncmp(set->bind, "unix:", 5) == 0;

    local_address_text(listen_fd, address);
    client_words(listen_fd, set, words, sizeof(words));
    fprintf(stderr, "%secholab %s%s   %s\nlistening on %s\n", color ? "\033[1m" : "",
            set->stage->name, color ? "\033[0m" : "", set->stage->summary, address);
    if (set->stage->framed) {
        fprintf(stderr, "talk:  echolab message-client %s%s search morpheus     stop:  Ctrl-C\n",
                local ? "--host=" : "--port=", local ? words : strchr(words, ' ') + 1);
        return;
    }
    fprintf(stderr, "talk:  %s %s     no telnet?  echolab client", local ? "nc -NU" : "telnet",
            local ? words + strlen("unix:") : words);
    if (strcmp(words, "127.0.0.1 8000") == 0)
        fprintf(stderr, "     stop:  Ctrl-C\n");
    else
        fprintf(stderr, " %s\nstop:  Ctrl-C\n", words);
}

/* Other machines can reach us: that should never be a surprise. */
static void
warn_if_reachable(int listen_fd)
{
    char address[ADDRESS_TEXT];

    local_address_text(listen_fd, address);
    if (strncmp(address, "127.", 4) != 0 && strncmp(address, "[::1]", 5) != 0 &&
        strncmp(address, "unix", 4) != 0)
        complain("warning: other machines can reach %s; --bind 127.0.0.1 keeps it here",
                 address);
}

int
serve(const struct stage *stage, int argc, char **argv)
{
    /* Static: threads may still read it while main() returns. */
    static struct settings set = {
        .backlog = SOMAXCONN, .reuseaddr = true, .eol = "\r\n", .prefix = "", .grace = 2,
        .max_content = 1 << 20
    };
    int listen_fd;

    set.stage = stage;
    set.chunk = stage->chunk;
    set.line = stage->lines;
    set.bind = from_environment("ECHOLAB_BIND", "127.0.0.1");
    set.port = from_environment("ECHOLAB_PORT", "8000");
    check_port(set.port);
    if (parse_options(argc, argv, &set) == -1)
        return 0;
    if (set.trace)
        return trace_stage(&set);
    say_nothing(set.quiet);
    set.max_fds = raise_fd_limit();
    listen_fd = listen_on(&set);
    warn_if_reachable(listen_fd);
    stop_on_signals(listen_fd, &set);
    if (!set.quiet)
        banner(listen_fd, &set);
    if (set.port_file != NULL)
        write_port_file(set.port_file, local_port(listen_fd));
    stage->run(listen_fd, &set);
    close(listen_fd);
    if (stage->framed && told_to_stop() == SIGINT)
        say("Caught keyboard interrupt, exiting");
    if (lines_dropped() > 0 && !set.quiet)
        complain("%lu console lines were dropped: nobody read them", lines_dropped());
    return 0;
}
