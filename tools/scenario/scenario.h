/*
 * scenario.h -- a script of clients, read from text into steps.
 *
 * The language is written down in lessons/scenarios/README.md; its forms are the rows of
 * one table in scenario.c.
 */
#ifndef ECHOLAB_SCENARIO_H
#define ECHOLAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "payload.h"

#define MOST_PARTIES 32
#define MOST_CLIENTS 20000
#define MOST_STEPS 2000
#define MOST_OPTIONS 8

enum action {
    DO_CONNECT,
    DO_SEND,
    DO_DRIP,
    DO_SHUTDOWN,
    DO_CLOSE,
    DO_RESET,
    DO_STOP_READING,
    DO_RESUME_READING,
    DO_READ_SLOWLY,
    EXPECT_BYTES,
    EXPECT_ECHO,
    EXPECT_EOF,
    EXPECT_RESET,
    EXPECT_CLOSED,
    EXPECT_REFUSED,
    EXPECT_SENT,
    EXPECT_SILENCE,
    DO_WAIT,
    DO_AT,
    DO_QUIET,
    DO_BARRIER,
    DO_REPEAT,
    DO_END,
    SERVER_OPTION,
    SERVER_LIMIT,
    SERVER_REMEMBER,
    SERVER_MEASURE,
    SERVER_SIGNAL,
    SERVER_RESTART,
    SERVER_TWIN_FAILS,
    SERVER_CPU,
    SERVER_MEMORY,
    SERVER_FDS,
    SERVER_TASKS,
    SERVER_ZOMBIES,
    SERVER_ALIVE,
    SERVER_EXIT,
    ABOUT_COMPARE,
    ABOUT_QUICK,
    ABOUT_ALONE,
    ABOUT_BONUS,
    ABOUT_PROFILE,
    ABOUT_HINT
};

/* Who grades with a scenario; a sum, for one may be in several. */
enum profile { PROFILE_ECHO = 1, PROFILE_LINE = 2, PROFILE_SMOKE = 4 };

/* One client, or a group that does the same; its members are numbered from `first`. */
struct party {
    char name[28];
    unsigned first, count;
};

struct step {
    enum action action;
    unsigned line;       /* in the file, from 1 */
    int party;           /* who, an index into parties; -1: the script or the server */
    char *text;          /* the step as it was written, blanks made single */
    struct payload data; /* what is sent, dripped or expected */
    uint64_t size;       /* SERVER_MEMORY, DO_READ_SLOWLY: bytes */
    int ms;              /* within, for or every: milliseconds */
    int first_ms;        /* the first of two times */
    long number;         /* a count, per cent, signal, profile or status; -1 for any status */
    size_t partner;      /* DO_REPEAT: its end; DO_END: its repeat; an index into steps */
};

struct scenario {
    char *name;     /* the file's name without folder and ending */
    char *question; /* the first comment */
    struct step *steps;
    size_t n_steps;
    struct party parties[MOST_PARTIES];
    int n_parties;
    unsigned n_clients;         /* members of all parties */
    char *options[MOST_OPTIONS]; /* for our own stages; foreign servers do without */
    int n_options;
    long fd_limit;              /* the server may open so many descriptors; 0: as it likes */

    /* What the commands that choose among scenarios want to know about this one. */
    bool compare, quick;        /* `echolab compare` plays it; even with --quick */
    bool alone;                 /* it measures something that other programs disturb */
    bool bonus;                 /* a good server may fail it */
    unsigned profiles;          /* enum profile; 0: it is not for grading */
    char *hint;                 /* for a student whose server fails; NULL: none */
};

/*
 * Reads a scenario of `len` bytes; `file` is its name for the messages. Returns NULL with
 * "file:line:column: what was expected" in problem[room].
 */
struct scenario *scenario_read(const char *file, const char *text, size_t len, char *problem,
                               size_t room);

/*
 * Reads the scenario of that name, or in that file: a name with a '/' or ending in ".play" is
 * a file, another one is looked for among those inside the binary. As scenario_read().
 */
struct scenario *scenario_open(const char *name, char *problem, size_t room);

/* The i-th scenario inside the binary, in the order of their names; NULL behind the last. */
struct scenario *scenario_at(size_t i, char *problem, size_t room);

void scenario_free(struct scenario *scenario);

/* Prints every form that a step may have, a line each. */
void scenario_forms(FILE *out);

#endif
