/*
 * stage.h -- what every server has in common: a row in the table of stages,
 * and the settings that the command line chose for this run.
 */
#ifndef ECHOLAB_STAGE_H
#define ECHOLAB_STAGE_H

#include <stdbool.h>
#include <stddef.h>

/* How long an answer may get before it goes back in parts. */
#define LINE_LIMIT 4096
/* The longest text of --prefix. */
#define PREFIX_LIMIT 256

/* Options that only some stages take; a row's `takes` is the sum of its own. */
enum takes {
    TAKES_LINE = 1 << 0,         /* --line, --stream, --eol */
    TAKES_PREFIX = 1 << 1,       /* --prefix */
    TAKES_SINK = 1 << 2,         /* --sink */
    TAKES_ONCE = 1 << 3,         /* --once */
    TAKES_TICK = 1 << 4,         /* --tick */
    TAKES_READ_TIMEOUT = 1 << 5, /* --read-timeout */
    TAKES_GRACE = 1 << 6,        /* --grace */
    TAKES_WORKERS = 1 << 7,      /* --workers */
    TAKES_BOOM_TASK = 1 << 8,    /* --boom=lost and --boom=caught */
    TAKES_CHUNK = 1 << 9,        /* --chunk */
    TAKES_CRC = 1 << 10          /* --crc, --max-content, --keep */
};

/* What the first SIGINT or SIGTERM does to a stage. */
enum stops {
    STOPS_AT_ONCE,     /* the process ends: the stage sleeps where no event reaches it */
    STOPS_BY_LISTENER, /* the listener is shut down; accept() says so and run() returns */
    STOPS_ITSELF       /* the stage has its own way */
};

enum boom { BOOM_OFF, BOOM_LOST, BOOM_CAUGHT, BOOM_CRASH };

struct settings;

struct stage {
    const char *name;    /* what the user types */
    const char *file;    /* "21_poll.c": for help, show and diff */
    const char *parent;  /* the stage to diff against; NULL for the first */
    const char *summary; /* one line for `echolab list` */
    unsigned takes;      /* enum takes */
    size_t chunk;        /* the default of --chunk, in bytes */
    bool lines;          /* answers line by line unless --stream is given */
    bool own_listeners;  /* opens its own sockets; run() gets -1 */
    bool framed;         /* answers messages: it is no echo */
    enum stops stops;
    void (*run)(int listen_fd, const struct settings *set);
};

struct settings {
    const struct stage *stage;
    const char *bind;     /* address, name or unix:PATH */
    const char *port;     /* decimal text; "0" is any free port */
    const char *port_file;
    int backlog;
    bool reuseaddr, nodelay, quiet;

    size_t chunk;         /* how much one recv() may take, in bytes */
    size_t room;          /* how big one client's buffer must be, in bytes */
    bool line;            /* answer whole lines, not chunks */
    const char *eol;      /* what ends a line */
    const char *prefix;   /* in front of each answer; "" for nothing */
    bool sink, once;

    int tick_ms;          /* say "No events" after so long; 0 never */
    double read_timeout;  /* seconds without a byte until a client is closed; 0 never */
    double grace;         /* seconds for what is owed at the end */
    double exit_after;    /* seconds until the server stops by itself; 0 never */
    int workers;

    enum boom boom;
    bool work;
    bool plain;           /* what is heard goes back at once, and nobody watches */
    size_t max_fds;       /* descriptors this process may open */

    bool trace;           /* run under the tracer instead; so do: */
    bool json, step;      /* told as JSON lines; stopping before each call */
    char **again;         /* all options but these three, ended by NULL; NULL: none */

    bool crc, keep;       /* message: add checksums; many messages a connection */
    size_t max_content;   /* message: the largest content accepted, in bytes */
};

/* The i-th stage in reading order; NULL behind the last. */
const struct stage *stage_at(size_t i);

/* The stage of that name; NULL when there is none. */
const struct stage *stage_named(const char *name);

#endif
