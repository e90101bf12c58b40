/*
 * forms.c -- the language of scenarios, as a table of the forms that a step may have.
 *
 * In a form, small words stand for themselves and CAPITALS for something to fill in. Every
 * form is tried, and how far the best one came is remembered: there we know what could have
 * gone on, and the message says so.
 */
#include "forms.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TIMES 10000

struct form {
    const char *words;
    enum action action;
};

/* Said by a client or a group: its name (and how many) stands in front. */
static const struct form client_forms[] = {
    { "connect", DO_CONNECT },
    { "connect within TIME", DO_CONNECT },
    { "send DATA", DO_SEND },
    { "drip DATA every TIME", DO_DRIP },
    { "shutdown", DO_SHUTDOWN },
    { "close", DO_CLOSE },
    { "reset", DO_RESET },
    { "stop reading", DO_STOP_READING },
    { "resume reading", DO_RESUME_READING },
    { "read SIZE every TIME", DO_READ_SLOWLY },
    { "expect echo within TIME", EXPECT_ECHO },
    { "expect eof within TIME", EXPECT_EOF },
    { "expect reset within TIME", EXPECT_RESET },
    { "expect closed within TIME", EXPECT_CLOSED },
    { "expect refused within TIME", EXPECT_REFUSED },
    { "expect sent within TIME", EXPECT_SENT },
    { "expect silence for TIME", EXPECT_SILENCE },
    { "expect TEXT within TIME", EXPECT_BYTES },
};
#define N_CLIENT_FORMS (sizeof(client_forms) / sizeof(client_forms[0]))

static const struct form other_forms[] = {
    { "wait TIME", DO_WAIT },
    { "wait until quiet for TIME within TIME", DO_QUIET },
    { "at TIME", DO_AT },
    { "barrier within TIME", DO_BARRIER },
    { "repeat COUNT times", DO_REPEAT },
    { "end", DO_END },
    { "server option OPTION", SERVER_OPTION },
    { "server limit COUNT descriptors", SERVER_LIMIT },
    { "server remember", SERVER_REMEMBER },
    { "server measure", SERVER_MEASURE },
    { "server signal SIGNAL", SERVER_SIGNAL },
    { "server restart within TIME", SERVER_RESTART },
    { "server expect twin fails within TIME", SERVER_TWIN_FAILS },
    { "server expect cpu below PERCENT for TIME", SERVER_CPU },
    { "server expect memory growth below SIZE", SERVER_MEMORY },
    { "server expect descriptors as before within TIME", SERVER_FDS },
    { "server expect tasks as before within TIME", SERVER_TASKS },
    { "server expect no zombies within TIME", SERVER_ZOMBIES },
    { "server expect alive", SERVER_ALIVE },
    { "server expect exit within TIME", SERVER_EXIT },
    { "server expect exit STATUS within TIME", SERVER_EXIT },
    { "about compare", ABOUT_COMPARE },
    { "about quick", ABOUT_QUICK },
    { "about alone", ABOUT_ALONE },
    { "about bonus", ABOUT_BONUS },
    { "about profile PROFILE", ABOUT_PROFILE },
    { "about hint TEXT", ABOUT_HINT },
};
#define N_OTHER_FORMS (sizeof(other_forms) / sizeof(other_forms[0]))

void
scenario_forms(FILE *out)
{
    for (size_t i = 0; i < N_CLIENT_FORMS; i++)
        fprintf(out, "NAME %s\n", client_forms[i].words);
    for (size_t i = 0; i < N_OTHER_FORMS; i++)
        fprintf(out, "%s\n", other_forms[i].words);
}

/* What is to be filled in for the words in capitals. */
static const struct {
    const char *name, *meaning;
} fields[] = {
    { "TIME", "a time such as 500ms or 2s" },
    { "DATA", "\"text\" or a size such as 20 KiB of lines" },
    { "TEXT", "\"text\"" },
    { "SIZE", "a size such as 20 KiB" },
    { "COUNT", "a number of 1 or more" },
    { "STATUS", "a status of 0 to 255" },
    { "SIGNAL", "a signal such as TERM" },
    { "OPTION", "an option such as --work" },
    { "PERCENT", "a percentage such as 5%" },
    { "PROFILE", "echo, line or smoke" },
};

/* The word of a form as a message calls it. */
static void
describe(const struct word *word, char *out, size_t room)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (word_is(word, fields[i].name)) {
            snprintf(out, room, "%s", fields[i].meaning);
            return;
        }
    snprintf(out, room, "'%.*s'", (int)word->len, word->text);
}

/* At this place the form would have gone on with that word; the furthest place counts. */
static void
hope(struct hopes *hopes, int at, const char *word)
{
    size_t used = strlen(hopes->text);

    if (at < hopes->at)
        return;
    if (at > hopes->at)
        used = 0;
    hopes->at = at;
    hopes->text[used] = '\0';
    if (strstr(hopes->text, word) == NULL && used + strlen(word) + 5 < sizeof(hopes->text))
        sprintf(hopes->text + used, "%s%s", used > 0 ? " or " : "", word);
}

static long
signal_number(const struct word *word)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = { { "TERM", SIGTERM }, { "INT", SIGINT },   { "HUP", SIGHUP },
                    { "QUIT", SIGQUIT }, { "KILL", SIGKILL }, { "STOP", SIGSTOP },
                    { "CONT", SIGCONT }, { "CHLD", SIGCHLD }, { "WINCH", SIGWINCH },
                    { "URG", SIGURG },   { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 } };

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (word_is(word, signals[i].name))
            return signals[i].number;
    return -1;
}

static long
profile_number(const struct word *word)
{
    if (word_is(word, "echo"))
        return PROFILE_ECHO;
    if (word_is(word, "line"))
        return PROFILE_LINE;
    return word_is(word, "smoke") ? PROFILE_SMOKE : -1;
}

/*
 * TEXT: "text" or SIZE of "text". DATA: also SIZE of random, SIZE of lines. Returns the words
 * used, 0 for none.
 */
static int
take_data(const struct word *words, int n, bool text_only, struct payload *data)
{
    size_t bad;
    int used = 0;

    *data = (struct payload){ .kind = PAYLOAD_TEXT };
    if (n < 1)
        return 0;
    if (!words[0].quoted) {
        used = words_size(words, n, &data->size);
        if (used == 0 || used + 1 >= n || !word_is(&words[used], "of") || data->size == 0)
            return 0;
        used++;
        if (!text_only && (word_is(&words[used], "random") || word_is(&words[used], "lines"))) {
            data->kind = word_is(&words[used], "lines") ? PAYLOAD_LINES : PAYLOAD_RANDOM;
            return used + 1;
        }
    }
    if (!words[used].quoted)
        return 0;
    data->text = word_bytes(&words[used], &data->text_len, &bad);
    if (data->text == NULL || data->text_len == 0) {
        free((void *)data->text);
        data->text = NULL;
        return 0;
    }
    if (data->size == 0)
        data->size = data->text_len;
    return used + 1;
}

/* Something to fill in, named by its capitals. Returns the words used, 0 when it is not that. */
static int
take_field(const char *field, size_t len, const struct word *words, int n, struct step *step)
{
    struct word name = { .text = field, .len = len };

    if (word_is(&name, "TIME")) {
        step->first_ms = step->ms;
        return (step->ms = word_time(words)) >= 0;
    }
    if (word_is(&name, "DATA") || word_is(&name, "TEXT"))
        return take_data(words, n, word_is(&name, "TEXT"), &step->data);
    if (word_is(&name, "SIZE"))
        return words_size(words, n, &step->size);
    if (word_is(&name, "COUNT"))
        return (step->number = word_number(words, MOST_TIMES)) > 0;
    if (word_is(&name, "STATUS"))
        return (step->number = word_number(words, 255)) >= 0;
    if (word_is(&name, "SIGNAL"))
        return (step->number = signal_number(words)) >= 0;
    if (word_is(&name, "PROFILE"))
        return (step->number = profile_number(words)) >= 0;
    if (word_is(&name, "OPTION"))
        return words->len > 0 && words->text[0] == '-';
    if (word_is(&name, "PERCENT") && words->len > 1 && words->text[words->len - 1] == '%') {
        struct word digits = { .text = words->text, .len = words->len - 1 };

        return (step->number = word_number(&digits, 10000)) >= 0;
    }
    return 0;
}

/* Do the words have this form? Fills in step. */
static bool
match(const struct form *form, const struct word *words, int n, struct step *step,
      struct hopes *hopes)
{
    const char *at = form->words;
    char text[60];
    int i = 0;

    step->number = -1;
    step->ms = -1;
    while (*at != '\0') {
        size_t len = strcspn(at, " ");
        struct word wanted = { .text = at, .len = len };
        int used = 0;

        if (i < n && at[0] >= 'A' && at[0] <= 'Z')
            used = take_field(at, len, words + i, n - i, step);
        else if (i < n && !words[i].quoted && words[i].len == wanted.len)
            used = memcmp(words[i].text, at, len) == 0;
        if (used == 0) {
            describe(&wanted, text, sizeof(text));
            hope(hopes, i, text);
            break;
        }
        i += used;
        at += len;
        at += strspn(at, " ");
    }
    if (*at == '\0' && i == n) {
        step->action = form->action;
        return true;
    }
    if (*at == '\0')
        hope(hopes, i, "the end of the line");
    free((void *)step->data.text);
    step->data.text = NULL;
    return false;
}

bool
is_client_word(const struct word *word)
{
    static const char *const taken[] = {
        "wait", "at", "barrier", "repeat", "end", "server", "about"
    };

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (word_is(word, taken[i]))
            return false;
    return true;
}

bool
match_forms(bool client, const struct word *words, int n, struct step *step, struct hopes *hopes)
{
    const struct form *forms = client ? client_forms : other_forms;
    size_t n_forms = client ? N_CLIENT_FORMS : N_OTHER_FORMS;

    *hopes = (struct hopes){ .at = 0 };
    for (size_t i = 0; i < n_forms; i++)
        if (match(&forms[i], words, n, step, hopes))
            return true;
    return false;
}
