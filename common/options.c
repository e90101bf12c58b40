/*
 * options.c -- the options of the servers.
 *
 * One row an option: how it is typed, who takes it, what it does. The parser, the help
 * and the refusals are all read from these rows.
 */
#include "options.h"

#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "color.h"

#define CHUNK_LIMIT 65536
#define CONTENT_LIMIT (1 << 30)

struct option_row {
    int key;          /* the short letter, or a number above 255 */
    const char *name; /* without the dashes */
    const char *arg;  /* what stands behind the '='; NULL for a switch */
    unsigned takes;   /* which stages take it; 0: all */
    const char *help;
    const char *instead; /* what to say to a user whose stage refuses it */
};

enum {
    LONG_STREAM = 256,
    LONG_LINE,
    LONG_EOL,
    LONG_SINK,
    LONG_PREFIX,
    LONG_TICK,
    LONG_GRACE,
    LONG_BOOM,
    LONG_WORK,
    LONG_WORKERS,
    LONG_NODELAY,
    LONG_NO_REUSEADDR,
    LONG_STEP,
    LONG_EXIT_AFTER,
    LONG_PORT_FILE,
    LONG_COLOR,
    LONG_ASCII,
    LONG_KEEP,
    LONG_CRC,
    LONG_MAX_CONTENT
};

static const struct option_row rows[] = {
    { 'p', "port", "PORT", 0, "listen here; 0 is any free port (default 8000)", NULL },
    { 'b', "bind", "ADDR", 0, "IPv4, IPv6, a name or unix:PATH (default 127.0.0.1)", NULL },
    { 'B', "backlog", "N", 0, "clients that may wait to be accepted", NULL },
    { LONG_PORT_FILE, "port-file", "FILE", 0, "write the port there once listening", NULL },
    { 'c', "chunk", "BYTES", TAKES_CHUNK, "how much one recv() may take", NULL },
    { LONG_LINE, "line", NULL, TAKES_LINE, "echo each line when it is whole",
      "it hears messages, not lines" },
    { LONG_STREAM, "stream", NULL, TAKES_LINE, "echo each chunk at once",
      "it hears messages, not a stream" },
    { LONG_EOL, "eol", "crlf|lf", TAKES_LINE, "what ends a line (default crlf)",
      "it hears messages, not lines" },
    { LONG_PREFIX, "prefix", "TEXT", TAKES_PREFIX, "put TEXT in front of each answer",
      "only stages 10 to 13 answer with a prefix" },
    { LONG_SINK, "sink", NULL, TAKES_SINK, "only print; a blank text or one with exit ends",
      "only blocking, threaded and forked print without answering" },
    { '1', "once", NULL, TAKES_ONCE, "serve one client (--line: one line), then exit",
      "only blocking serves once" },
    { LONG_TICK, "tick", "SEC", TAKES_TICK, "say \"No events\" after so long a silence",
      "it has no wait with a limit; try select, poll or epoll" },
    { 'i', "read-timeout", "SEC", TAKES_READ_TIMEOUT,
      "close a client that is silent so long (0: never)",
      "it has no clock per client; try blocking, threaded or coroutine" },
    { LONG_GRACE, "grace", "SEC", TAKES_GRACE, "at the end, time for what is owed (default 2)",
      "it stops at once; try coroutine" },
    { LONG_WORKERS, "workers", "N", TAKES_WORKERS, "how many workers (default 3)", "it has none" },
    { LONG_KEEP, "keep", NULL, TAKES_CRC, "many messages on one connection, not one",
      "it knows no messages; try message" },
    { LONG_CRC, "crc", NULL, TAKES_CRC, "a checksum in each answer",
      "it knows no messages; try message" },
    { LONG_MAX_CONTENT, "max-content", "BYTES", TAKES_CRC,
      "the largest content accepted (default 1 MiB)", "it knows no messages; try message" },
    { LONG_BOOM, "boom", "HOW", 0, "the line \"boom\" hits a bug: crash, lost or caught",
      "it hears no lines" },
    { LONG_WORK, "work", NULL, 0, "the line \"work 1000\" costs 1000 ms of CPU",
      "it hears no lines" },
    { LONG_NODELAY, "nodelay", NULL, 0, "set TCP_NODELAY on every client", NULL },
    { LONG_NO_REUSEADDR, "no-reuseaddr", NULL, 0, "do not set SO_REUSEADDR", NULL },
    { LONG_EXIT_AFTER, "exit-after", "SEC", 0, "stop by itself after so long (0: never)", NULL },
    { 't', "trace", NULL, 0, "narrate what the server does, call by call", NULL },
    { 'j', "json", NULL, 0, "the same as JSON, a line each", NULL },
    { LONG_STEP, "step", NULL, 0, "the same, and wait for Enter before each call", NULL },
    { 'q', "quiet", NULL, 0, "no banner, no console lines", NULL },
    { LONG_COLOR, "color", "WHEN", 0, "auto, always or never", NULL },
    { LONG_ASCII, "ascii", NULL, 0, "draw with plain characters", NULL },
    { 'h', "help", NULL, 0, "this text", NULL },
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct option_row *
row_of(int key)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].key == key)
            return &rows[i];
    return NULL;
}

/* May this stage be given this option? */
static bool
taken(const struct option_row *row, const struct stage *stage)
{
    /* Nobody looks for lines in messages, or in bytes that are never read. */
    if ((stage->framed || stage->chunk == 0) && (row->key == LONG_BOOM || row->key == LONG_WORK))
        return false;
    return row->takes == 0 || (row->takes & stage->takes) != 0;
}

void
stage_help(FILE *out, const struct stage *stage)
{
    fprintf(out, "usage: echolab %s [OPTION...]\n\n%s\n\n", stage->name, stage->summary);
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct option_row *row = &rows[i];
        char typed[40], normal[32] = "";

        if (!taken(row, stage))
            continue;
        if (row->key == 'c')
            snprintf(normal, sizeof(normal), " (default %zu)", stage->chunk);
        snprintf(typed, sizeof(typed), "--%s%s%s", row->name, row->arg != NULL ? "=" : "",
                 row->arg != NULL ? row->arg : "");
        if (row->key < 256)
            fprintf(out, "  -%c, %-20s %s%s\n", row->key, typed, row->help, normal);
        else
            fprintf(out, "      %-20s %s\n", typed, row->help);
    }
    fprintf(out, "\nsource: stages/%s   lesson: lessons/%.*smd\n", stage->file,
            (int)strlen(stage->file) - 1, stage->file);
    if (stage->parent != NULL)
        fprintf(out, "what is new against %s:  sh tools/diff-stage.sh %s\n",
                stage->parent, stage->name);
}

static enum boom
boom_named(const char *how, const struct stage *stage)
{
    if (strcmp(how, "crash") == 0)
        return BOOM_CRASH;
    if (strcmp(how, "lost") != 0 && strcmp(how, "caught") != 0)
        errx(USAGE_ERROR, "--boom must be crash, lost or caught, not '%s'", how);
    if ((stage->takes & TAKES_BOOM_TASK) == 0)
        errx(USAGE_ERROR, "--boom=%s needs tasks that can fail one by one; "
             "here only --boom=crash", how);
    return strcmp(how, "lost") == 0 ? BOOM_LOST : BOOM_CAUGHT;
}

static const char *
eol_named(const char *name)
{
    if (strcmp(name, "crlf") == 0)
        return "\r\n";
    if (strcmp(name, "lf") == 0)
        return "\n";
    errx(USAGE_ERROR, "--eol must be crlf or lf, not '%s'", name);
}

static const char *
short_text(const char *name, const char *text, size_t most)
{
    if (strlen(text) > most)
        errx(USAGE_ERROR, "--%s must be at most %zu bytes long", name, most);
    return text;
}

/* Options that every stage takes. Returns false when key is not one of them. */
static bool
apply_common(struct settings *set, int key, const char *arg)
{
    switch (key) {
    case 'p':
        number_argument("--port", arg, 0, 65535);
        set->port = arg;
        return true;
    case 'b':
        set->bind = arg;
        return true;
    case 'B':
        set->backlog = (int)number_argument("--backlog", arg, 0, INT_MAX);
        return true;
    case 'q':
        set->quiet = true;
        return true;
    case LONG_PORT_FILE:
        set->port_file = arg;
        return true;
    case LONG_BOOM:
        set->boom = boom_named(arg, set->stage);
        return true;
    case LONG_WORK:
        set->work = true;
        return true;
    case LONG_NODELAY:
        set->nodelay = true;
        return true;
    case LONG_NO_REUSEADDR:
        set->reuseaddr = false;
        return true;
    case LONG_EXIT_AFTER:
        set->exit_after = seconds_argument("--exit-after", arg);
        return true;
    case LONG_COLOR:
        if (choose_color(arg) == -1)
            errx(USAGE_ERROR, "--color must be auto, always or never, not '%s'", arg);
        return true;
    case LONG_ASCII:
        choose_ascii();
        return true;
    default:
        return false;
    }
}

static void
apply(struct settings *set, int key, const char *arg)
{
    switch (key) {
    case 't':
    case 'j':
    case LONG_STEP:
        set->trace = true;
        set->json = set->json || key == 'j';
        set->step = set->step || key == LONG_STEP;
        break;
    case 'c':
        set->chunk = (size_t)number_argument("--chunk", arg, 1, CHUNK_LIMIT);
        break;
    case 'i':
        set->read_timeout = seconds_argument("--read-timeout", arg);
        break;
    case '1':
        set->once = true;
        break;
    case LONG_LINE:
    case LONG_STREAM:
        set->line = key == LONG_LINE;
        break;
    case LONG_EOL:
        set->eol = eol_named(arg);
        break;
    case LONG_PREFIX:
        set->prefix = short_text("prefix", arg, PREFIX_LIMIT);
        break;
    case LONG_SINK:
        set->sink = true;
        set->line = false;
        break;
    case LONG_TICK:
        set->tick_ms = (int)(seconds_argument("--tick", arg) * 1000);
        break;
    case LONG_GRACE:
        set->grace = seconds_argument("--grace", arg);
        break;
    case LONG_KEEP:
        set->keep = true;
        break;
    case LONG_CRC:
        set->crc = true;
        break;
    case LONG_MAX_CONTENT:
        set->max_content = (size_t)number_argument("--max-content", arg, 0, CONTENT_LIMIT);
        break;
    case LONG_WORKERS:
        set->workers = (int)number_argument("--workers", arg, 1, 1024);
        break;
    }
}

/* Notes an option in its long form, for the same server under the tracer. */
static void
note_again(struct settings *set, const struct option_row *row, const char *arg)
{
    static char *again[64];
    static size_t n;

    set->again = again;
    if (row->key == 't' || row->key == 'j' || row->key == LONG_STEP)
        return;
    if (n + 1 >= sizeof(again) / sizeof(again[0]))
        errx(USAGE_ERROR, "too many options");
    if (asprintf(&again[n], "--%s%s%s", row->name, arg != NULL ? "=" : "",
                 arg != NULL ? arg : "") == -1)
        err(1, "asprintf");
    again[++n] = NULL;
}

static void
refuse(const struct option_row *row)
{
    const char *why = row->instead != NULL ? row->instead : "it means nothing here";

    errx(USAGE_ERROR, "does not take --%s: %s", row->name, why);
}

/* getopt's complaint, in our words; never returns. */
static void
wrong_option(int opt, char **argv)
{
    const struct option_row *row = row_of(optopt);
    bool traced = strcmp(program_invocation_short_name, "echolab trace") == 0;
    const char *hint = traced ? "--help lists them; those of trace stand before the stage"
                              : "--help lists them";

    if (opt == ':' && row != NULL)
        errx(USAGE_ERROR, "--%s needs a value: --%s=%s", row->name, row->name, row->arg);
    if (row != NULL)
        errx(USAGE_ERROR, "--%s takes no value", row->name);
    if (optopt != 0 && optopt < 256)
        errx(USAGE_ERROR, "unknown option '-%c'; %s", optopt, hint);
    errx(USAGE_ERROR, "unknown option '%s'; %s", argv[optind - 1], hint);
}

static void
fill_getopt(struct option *longs, char *shorts)
{
    *shorts++ = ':'; /* tell a missing value from an unknown option */
    for (size_t i = 0; i < N_ROWS; i++) {
        longs[i] = (struct option){ .name = rows[i].name, .val = rows[i].key,
                                    .has_arg = rows[i].arg != NULL ? 1 : 0 };
        if (rows[i].key < 256) {
            *shorts++ = (char)rows[i].key;
            if (rows[i].arg != NULL)
                *shorts++ = ':';
        }
    }
    *shorts = '\0';
}

int
parse_options(int argc, char **argv, struct settings *set)
{
    struct option longs[N_ROWS + 1] = { { .name = NULL } };
    char shorts[2 * N_ROWS + 2];
    bool chunk_given = false;
    int key;

    fill_getopt(longs, shorts);
    opterr = 0;
    while ((key = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct option_row *row = key == ':' || key == '?' ? NULL : row_of(key);

        if (row == NULL)
            wrong_option(key, argv);
        if (!taken(row, set->stage))
            refuse(row);
        if (key == 'h') {
            stage_help(stdout, set->stage);
            return -1;
        }
        chunk_given = chunk_given || key == 'c';
        note_again(set, row, optarg);
        if (!apply_common(set, key, optarg))
            apply(set, key, optarg);
    }
    if (optind < argc && strspn(argv[optind], "0123456789") == strlen(argv[optind]))
        errx(USAGE_ERROR, "takes no operand, but got '%s'; a port is --port %s", argv[optind],
             argv[optind]);
    if (optind < argc)
        errx(USAGE_ERROR, "takes no operand, but got '%s'; --help lists the options", argv[optind]);
    if (set->sink && set->prefix[0] != '\0')
        errx(USAGE_ERROR, "--sink sends nothing back, so --prefix has nothing to stand before");
    if (set->sink && !set->line && !chunk_given)
        set->chunk = 1024; /* the text that --sink looks at is what one recv() brings */
    if (set->stage->framed) /* one message must fit: 2 bytes, header, content */
        set->room = PREFIX_LIMIT + 2 + 65535 + set->max_content + set->chunk;
    else
        set->room = PREFIX_LIMIT + (set->line && set->chunk < LINE_LIMIT ? LINE_LIMIT : set->chunk);
    set->plain = !set->line && !set->sink && set->quiet && !set->work && set->boom == BOOM_OFF &&
                 set->prefix[0] == '\0';
    return 0;
}
