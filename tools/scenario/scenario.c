/* scenario.c -- a file of steps, read line by line. */
#include "scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "forms.h"

#define MOST_FILE ((size_t)1 << 20)
#define MOST_NESTED 8
#define FOLDER "lessons/scenarios/"

/* The file while it is read. */
struct reader {
    struct scenario *scenario;
    const char *file;
    unsigned line;
    char *problem;
    size_t room;
    size_t open[MOST_NESTED]; /* repeats that have no end yet */
    int n_open;
    bool connects[MOST_PARTIES]; /* who has connected so far */
};

/* Says what is wrong, and where. Always returns -1. */
__attribute__((format(printf, 3, 4))) static int
complain_at(const struct reader *reader, unsigned column, const char *fmt, ...)
{
    int n =
        snprintf(reader->problem, reader->room, "%s:%u:%u: ", reader->file, reader->line, column);
    va_list args;

    va_start(args, fmt);
    if (n > 0 && (size_t)n < reader->room)
        vsnprintf(reader->problem + n, reader->room - (size_t)n, fmt, args);
    va_end(args);
    return -1;
}

/* The party of that name; a new one when `count` members are asked for. -1 with a message. */
static int
party_of(struct reader *reader, const struct word *name, long count)
{
    struct scenario *scenario = reader->scenario;

    for (int i = 0; i < scenario->n_parties; i++)
        if (word_is(name, scenario->parties[i].name)) {
            if (count == 0 || (unsigned)count == scenario->parties[i].count)
                return i;
            return complain_at(reader, name->column, "'%.*s' were %u before", (int)name->len,
                               name->text, scenario->parties[i].count);
        }
    if (count == 0)
        count = 1;
    if (scenario->n_parties == MOST_PARTIES ||
        scenario->n_clients + (unsigned long)count > MOST_CLIENTS)
        return complain_at(reader, name->column, "too many clients: at most %d in %d groups",
                           MOST_CLIENTS, MOST_PARTIES);
    struct party *party = &scenario->parties[scenario->n_parties];
    snprintf(party->name, sizeof(party->name), "%.*s", (int)name->len, name->text);
    party->first = scenario->n_clients;
    party->count = (unsigned)count;
    scenario->n_clients += (unsigned)count;
    return scenario->n_parties++;
}

/* The words with single blanks between them, quotes put back. */
static char *
joined(const struct word *words, int n)
{
    size_t room = 1, len = 0;
    char *text;

    for (int i = 0; i < n; i++)
        room += words[i].len + 3;
    text = malloc(room);
    for (int i = 0; text != NULL && i < n; i++)
        len += (size_t)sprintf(text + len, words[i].quoted ? "%s\"%.*s\"" : "%s%.*s",
                               i > 0 ? " " : "", (int)words[i].len, words[i].text);
    return text;
}

static int
note_about(const struct reader *reader, const struct step *step)
{
    struct scenario *scenario = reader->scenario;

    if (step->action == ABOUT_PROFILE)
        scenario->profiles |= (unsigned)step->number;
    if (step->action == ABOUT_HINT && scenario->hint != NULL)
        return complain_at(reader, 1, "one hint is enough");
    if (step->action == ABOUT_HINT)
        scenario->hint = strndup((const char *)step->data.text, step->data.text_len);
    scenario->compare |= step->action == ABOUT_COMPARE || step->action == ABOUT_QUICK;
    scenario->quick |= step->action == ABOUT_QUICK;
    scenario->alone |= step->action == ABOUT_ALONE;
    scenario->bonus |= step->action == ABOUT_BONUS;
    return 0;
}

/* What concerns the whole scenario, and the pairs of repeat and end. */
static int
settle_step(struct reader *reader, struct step *step, const struct word *words, int n)
{
    struct scenario *scenario = reader->scenario;
    size_t index = scenario->n_steps;
    const struct word *last = &words[n - 1];

    switch (step->action) {
    case SERVER_OPTION:
        if (scenario->n_options == MOST_OPTIONS)
            return complain_at(reader, last->column, "at most %d options", MOST_OPTIONS);
        scenario->options[scenario->n_options++] = strndup(last->text, last->len);
        return 0;
    case SERVER_LIMIT:
        scenario->fd_limit = step->number;
        return 0;
    case ABOUT_COMPARE:
    case ABOUT_QUICK:
    case ABOUT_ALONE:
    case ABOUT_BONUS:
    case ABOUT_PROFILE:
    case ABOUT_HINT:
        return note_about(reader, step);
    case DO_REPEAT:
        if (reader->n_open == MOST_NESTED)
            return complain_at(reader, words[0].column, "too many repeats inside each other");
        reader->open[reader->n_open++] = index;
        return 0;
    case DO_END:
        if (reader->n_open == 0)
            return complain_at(reader, words[0].column, "'end' without a 'repeat COUNT times'");
        step->partner = reader->open[--reader->n_open];
        scenario->steps[step->partner].partner = index;
        return 0;
    default:
        return 0;
    }
}

/* Tells what was expected instead, at the word where the best form broke off. */
static int
no_form(const struct reader *reader, const struct word *words, int n, const struct hopes *hopes,
        int skipped)
{
    int at = skipped + hopes->at;
    const struct word *word = &words[at < n ? at : n - 1];
    unsigned column = word->column;
    size_t bad, len;

    if (at >= n)
        return complain_at(reader, column + (unsigned)word->len + (word->quoted ? 2 : 0),
                           "the step ends too early: expected %s", hopes->text);
    if (word->quoted) {
        unsigned char *bytes = word_bytes(word, &len, &bad);

        free(bytes);
        if (bytes == NULL)
            return complain_at(reader, column + 1 + (unsigned)bad,
                               "unknown escape: there are \\r \\n \\t \\0 \\\\ \\\" and \\xHH");
        if (len == 0)
            return complain_at(reader, column, "an empty text says nothing");
    }
    return complain_at(reader, column, "expected %s, not '%.*s'", hopes->text,
                       word->len < 40 ? (int)word->len : 40, word->text);
}

/* Nobody can send who has never connected: no server should have to answer for that. */
static int
check_order(struct reader *reader, const struct step *step, const struct word *name)
{
    if (step->party == -1)
        return 0;
    if (step->action == DO_CONNECT)
        reader->connects[step->party] = true;
    if ((step->action == DO_SEND || step->action == DO_DRIP) && !reader->connects[step->party])
        return complain_at(reader, name->column, "%.*s has not connected yet", (int)name->len,
                           name->text);
    return 0;
}

/* One line that is not empty. Returns 0, or -1 with the problem said. */
static int
read_step(struct reader *reader, const struct word *words, int n)
{
    struct step step = { .line = reader->line, .party = -1 };
    bool client = is_client_word(&words[0]);
    long count = client && n > 1 ? word_number(&words[1], MOST_CLIENTS) : -1;
    int skipped = !client ? 0 : count > 0 ? 2 : 1;
    struct hopes hopes;

    if (reader->scenario->n_steps == MOST_STEPS)
        return complain_at(reader, 1, "a scenario has at most %d steps", MOST_STEPS);
    if (client && !word_is_name(&words[0]))
        return complain_at(reader, words[0].column,
                           "expected a client's name in small letters, or 'server', 'wait', "
                           "'at', 'barrier', 'repeat', 'end', 'about'");
    if (!match_forms(client, words + skipped, n - skipped, &step, &hopes))
        return no_form(reader, words, n, &hopes, skipped);
    if (client)
        step.party = party_of(reader, &words[0], count > 0 ? count : 0);
    if ((client && step.party == -1) || settle_step(reader, &step, words, n) == -1 ||
        check_order(reader, &step, &words[0]) == -1) {
        free((void *)step.data.text);
        return -1;
    }
    step.text = joined(words, n);
    reader->scenario->steps[reader->scenario->n_steps++] = step;
    return 0;
}

static int
read_line(struct reader *reader, const char *line, size_t len)
{
    struct scenario *scenario = reader->scenario;
    struct word words[MOST_WORDS];
    const char *problem;
    unsigned column;
    int n = cut_words(line, len, words, &column, &problem);

    if (n == -1)
        return complain_at(reader, column, "%s", problem);
    if (n > 0)
        return read_step(reader, words, n);
    if (scenario->question == NULL && column <= len && line[column - 1] == '#') {
        size_t from = column;

        while (from < len && line[from] == ' ')
            from++;
        scenario->question = strndup(line + from, len - from);
    }
    return 0;
}

static int
read_lines(struct reader *reader, const char *text, size_t len)
{
    const char *nul = memchr(text, '\0', len);

    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t size = end != NULL ? (size_t)(end - text) : len;

        reader->line++;
        if (nul != NULL && nul < text + size)
            return complain_at(reader, (unsigned)(nul - text) + 1, "a zero byte; write \\0");
        if (read_line(reader, text, size) == -1)
            return -1;
        text += size;
        len -= size;
        text += len > 0;
        len -= len > 0;
    }
    if (reader->n_open > 0) {
        reader->line = reader->scenario->steps[reader->open[reader->n_open - 1]].line;
        return complain_at(reader, 1, "this repeat has no 'end'");
    }
    if (reader->scenario->n_steps == 0)
        return complain_at(reader, 1, "there is no step in it");
    return 0;
}

struct scenario *
scenario_read(const char *file, const char *text, size_t len, char *problem, size_t room)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));
    struct reader reader = { .scenario = scenario, .file = file, .problem = problem, .room = room };
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    size_t base_len = strlen(base);

    if (base_len > 5 && strcmp(base + base_len - 5, ".play") == 0)
        base_len -= 5;
    if (scenario != NULL)
        scenario->steps = calloc(MOST_STEPS, sizeof(*scenario->steps));
    if (scenario == NULL || scenario->steps == NULL) {
        free(scenario);
        snprintf(problem, room, "%s: out of memory", file);
        return NULL;
    }
    scenario->name = strndup(base, base_len);
    if (len > MOST_FILE) {
        complain_at(&reader, 1, "a scenario has at most 1 MiB");
    } else if (read_lines(&reader, text, len) == 0) {
        if (scenario->question == NULL)
            scenario->question = strdup("");
        if (scenario->profiles == 0 && scenario->n_options == 0)
            scenario->profiles = PROFILE_ECHO | PROFILE_LINE;
        return scenario;
    }
    scenario_free(scenario);
    return NULL;
}

static struct scenario *
open_file(const char *path, char *problem, size_t room)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(MOST_FILE + 1);
    struct scenario *scenario = NULL;
    size_t len;

    if (file == NULL || text == NULL) {
        snprintf(problem, room, "cannot read %s: %s", path, strerror(errno));
    } else {
        len = fread(text, 1, MOST_FILE + 1, file);
        if (ferror(file))
            snprintf(problem, room, "cannot read %s: %s", path, strerror(errno));
        else
            scenario = scenario_read(path, text, len, problem, room);
    }
    if (file != NULL)
        fclose(file);
    free(text);
    return scenario;
}

struct scenario *
scenario_open(const char *name, char *problem, size_t room)
{
    const struct embedded *file;
    char path[100];
    size_t len = strlen(name);

    if (strchr(name, '/') != NULL || (len > 5 && strcmp(name + len - 5, ".play") == 0))
        return open_file(name, problem, room);
    snprintf(path, sizeof(path), FOLDER "%.60s.play", name);
    file = embedded_named(path);
    if (file != NULL)
        return scenario_read(path, file->text, file->len, problem, room);
    snprintf(problem, room,
             "there is no scenario '%.60s'; 'echolab play' lists them, and a file "
             "of yours ends in .play",
             name);
    return NULL;
}

struct scenario *
scenario_at(size_t i, char *problem, size_t room)
{
    for (size_t k = 0; embedded_at(k) != NULL; k++) {
        const struct embedded *file = embedded_at(k);

        if (strncmp(file->name, FOLDER, strlen(FOLDER)) == 0 && i-- == 0)
            return scenario_read(file->name, file->text, file->len, problem, room);
    }
    return NULL;
}

void
scenario_free(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->n_steps; i++) {
        free(scenario->steps[i].text);
        free((void *)scenario->steps[i].data.text);
    }
    for (int i = 0; i < scenario->n_options; i++)
        free(scenario->options[i]);
    free(scenario->steps);
    free(scenario->question);
    free(scenario->hint);
    free(scenario->name);
    free(scenario);
}
