/*
 * server.h -- a server process for a scenario: started, observed, stopped, swept away.
 *
 * The caller's process adopts whatever a server leaves behind (it is made a "subreaper"), so
 * that one which forks and forgets is found all the same. One server at a time a process.
 */
#ifndef ECHOLAB_SERVER_H
#define ECHOLAB_SERVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "procfs.h"
#include "scenario.h"
#include "stage.h"

#define LAST_WORDS 2048

/* What is to be started: a stage of ours, or any command with {port} in an argument. */
struct target {
    const char *name;
    const struct stage *stage; /* NULL: a foreign command */
    char **command;            /* its argv, ended by NULL */
    const char *log_path;      /* what the server prints goes there too; NULL: nowhere */
    const char *trace_path;    /* it runs under `echolab trace`, which writes there; NULL: no */
};

enum started {
    LISTENS,       /* it accepts connections (or is already gone again) */
    NOT_FOR_IT,    /* a stage that does not take one of the scenario's options */
    CANNOT_RUN,    /* the command does not exist */
    ENDED_EARLY,   /* it ended before it listened */
    NEVER_LISTENED /* it runs, but does not listen */
};

struct server {
    const struct target *target;
    const struct scenario *scenario;
    pid_t pid;       /* 0: never started */
    int port;
    bool v6;         /* only ::1 answers */
    bool gone;       /* the process has ended, and `status` is as from waitpid() */
    int status;
    double gone_at;  /* on the clock of now_s() */
    int console;     /* what it prints, a pipe; -1: closed */
    int log_fd;
    char words[LAST_WORDS]; /* the last that it printed */
    size_t n_words;
    char folder[64]; /* for the port file */
    struct usage before; /* as it was at the start, or at `server remember` */
};

/*
 * Starts the target and waits until it listens, at most within_ms. With port 0 any free one is
 * taken. `problem` gets a sentence when the result is not LISTENS.
 */
enum started server_start(struct server *server, const struct target *target,
                          const struct scenario *scenario, int port, int within_ms,
                          char *problem, size_t room);

/* Notes an end and reads the console. Call it often: a full console stops some servers. */
void server_look(struct server *server);

/* Sends a signal to the server; when it has put itself into the background, to what is there. */
void server_signal(struct server *server, int number);

/* What the server and all its children use now. */
void server_usage(const struct server *server, struct usage *usage);

/* Ends it: SIGTERM, after grace_ms SIGKILL, to everything that it left behind as well. */
void server_stop(struct server *server, int grace_ms);

/* Ends every process below this one, with SIGKILL; those from before launch_prepare() stay. */
void server_sweep(void);

/* Ends only this process, with SIGKILL; for a second server beside the first. */
void server_end(struct server *server);

/* "exit status 3", "signal 11 (Segmentation fault)": how it ended, as text into out[64]. */
const char *server_end_text(const struct server *server, char *out);

#endif
