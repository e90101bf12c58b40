/* gradebook.c -- verdicts, and what a student should read about each. */
#include "gradebook.h"

#include <string.h>

#include "json.h"
#include "lanes.h"

#define LABEL 16  /* of them, those in front of what is said about a failure */
#define VERDICT 6 /* ... and those of the verdict */
#define WORD_TEXT 640

struct score {
    unsigned held, required, bonus_held, bonus;
};

static bool
holds(const struct worker *worker)
{
    return mark_of(worker) == MARK_HOLDS;
}

static struct score
score_of(const struct gradebook *book)
{
    struct score score = { .held = 0 };

    for (size_t i = 0; i < book->n; i++) {
        bool held = holds(&book->workers[i]);

        if (book->workers[i].scenario->bonus) {
            score.bonus++;
            score.bonus_held += held;
        } else {
            score.required++;
            score.held += held;
        }
    }
    return score;
}

bool
gradebook_passed(const struct gradebook *book)
{
    struct score score = score_of(book);

    return score.held == score.required;
}

/* What the clients saw: the first thing that was not as expected. */
static void
saw_text(const struct worker *worker, char *out, size_t room)
{
    const struct result *result = NULL;

    if (worker->lost || first_failure(worker, &result) == NULL)
        explain(worker, out, room);
    else
        snprintf(out, room, "%s", result->saw);
}

/* What they expected; empty when the scenario did not come so far. */
static void
expected_text(const struct worker *worker, char *out, size_t room)
{
    const struct result *result;
    const struct step *step = worker->lost ? NULL : first_failure(worker, &result);

    out[0] = '\0';
    if (step != NULL)
        snprintf(out, room, "%s   (line %u of %s)", step->text, step->line, worker->scenario->name);
}

/* Text behind a label that is `indent` wide; where it is longer than a line, more lines. */
static void
print_wrapped(FILE *out, const char *label, int indent, const char *text)
{
    size_t room = (size_t)(lanes_width() - indent);

    while (*text != '\0') {
        size_t len = strlen(text);

        if (len > room) {
            len = room;
            while (len > 0 && text[len] != ' ')
                len--;
            if (len == 0)
                len = room;
        }
        if (label != NULL)
            fprintf(out, "%s%.*s\n", label, (int)len, text);
        else
            fprintf(out, "%*s%.*s\n", indent, "", (int)len, text);
        text += len;
        text += strspn(text, " ");
        label = NULL;
    }
}

static void
print_failure(const struct worker *worker, FILE *out)
{
    char text[WORD_TEXT];

    expected_text(worker, text, sizeof(text));
    print_wrapped(out, "      expected  ", LABEL, text);
    saw_text(worker, text, sizeof(text));
    print_wrapped(out, "      saw       ", LABEL, text);
    explain_end(worker, text, sizeof(text));
    print_wrapped(out, "      server    ", LABEL, text);
    if (worker->scenario->hint != NULL)
        print_wrapped(out, "      hint      ", LABEL, worker->scenario->hint);
}

/* "ok    second-client: Does bob have to wait ...?" */
static void
print_verdict(const struct worker *worker, FILE *out, bool color)
{
    bool held = holds(worker);
    const char *word = held ? "ok" : mark_of(worker) == MARK_UNKNOWN ? "????" : "FAIL";
    char label[40], text[WORD_TEXT];

    if (color)
        snprintf(label, sizeof(label), "\033[38;5;%dm%-*s\033[0m", held ? 29 : 166, VERDICT, word);
    else
        snprintf(label, sizeof(label), "%-*s", VERDICT, word);
    snprintf(text, sizeof(text), "%s%s: %s", worker->scenario->name,
             worker->scenario->bonus ? " (bonus)" : "", worker->scenario->question);
    print_wrapped(out, label, VERDICT, text);
}

/* Most of what fails with a server that hears one client at a time fails for that alone. */
static bool
one_at_a_time(const struct gradebook *book)
{
    bool found = false;
    unsigned others = 0;

    for (size_t i = 0; i < book->n; i++) {
        bool second = strcmp(book->workers[i].scenario->name, "second-client") == 0;

        found = found || (second && !holds(&book->workers[i]));
        others += !second && !holds(&book->workers[i]);
    }
    return found && others > 0;
}

void
gradebook_print(const struct gradebook *book, FILE *out, bool color)
{
    struct score score = score_of(book);

    fprintf(out, "%s, profile %s\n\n", book->target.name, book->profile_name);
    for (size_t i = 0; i < book->n; i++) {
        print_verdict(&book->workers[i], out, color);
        if (!holds(&book->workers[i]))
            print_failure(&book->workers[i], out);
    }
    fprintf(out, "\n%u of %u required scenarios hold", score.held, score.required);
    if (score.bonus > 0)
        fprintf(out, ", and %u of %u bonus", score.bonus_held, score.bonus);
    fprintf(out, "\n");
    if (one_at_a_time(book))
        print_wrapped(out, "", 0, "Begin with second-client: whoever keeps bob waiting there keeps "
                      "the bystanders of other scenarios waiting as well.");
}

void
gradebook_tap(const struct gradebook *book, FILE *out)
{
    char text[WORD_TEXT];

    fprintf(out, "TAP version 13\n1..%zu\n", book->n);
    for (size_t i = 0; i < book->n; i++) {
        const struct worker *worker = &book->workers[i];

        /* What is not required must not fail whoever reads the TAP. */
        bool bonus = worker->scenario->bonus;

        fprintf(out, "%sok %zu - %s%s\n", holds(worker) || bonus ? "" : "not ", i + 1,
                worker->scenario->name,
                !bonus          ? ""
                : holds(worker) ? " (bonus)"
                                : " (bonus: does not hold)");
        if (holds(worker))
            continue;
        expected_text(worker, text, sizeof(text));
        fprintf(out, "# expected: %s\n", text);
        saw_text(worker, text, sizeof(text));
        fprintf(out, "# saw: %s\n", text);
        explain_end(worker, text, sizeof(text));
        if (text[0] != '\0')
            fprintf(out, "# server: %s\n", text);
        if (worker->scenario->hint != NULL)
            fprintf(out, "# hint: %s\n", worker->scenario->hint);
    }
}

static void
json_verdict(const struct worker *worker, struct json_writer *w)
{
    char text[WORD_TEXT];

    json_open(w, NULL, '{');
    json_put_string(w, "scenario", worker->scenario->name);
    json_put_string(w, "question", worker->scenario->question);
    json_put_bool(w, "required", !worker->scenario->bonus);
    json_put_bool(w, "holds", holds(worker));
    json_put_real(w, "seconds", worker->outcome.took);
    if (!holds(worker)) {
        expected_text(worker, text, sizeof(text));
        json_put_string(w, "expected", text);
        saw_text(worker, text, sizeof(text));
        json_put_string(w, "saw", text);
        explain_end(worker, text, sizeof(text));
        json_put_string(w, "server", text);
        json_put_string(w, "hint", worker->scenario->hint != NULL ? worker->scenario->hint : "");
    }
    json_close(w, '}');
}

void
gradebook_json(const struct gradebook *book, FILE *out)
{
    struct json_writer w = { .out = out };
    struct score score = score_of(book);

    json_open(&w, NULL, '{');
    json_put_string(&w, "profile", book->profile_name);
    json_open(&w, "command", '[');
    for (char **word = book->target.command; *word != NULL; word++)
        json_put_string(&w, NULL, *word);
    json_close(&w, ']');
    json_put_bool(&w, "passed", gradebook_passed(book));
    json_put_integer(&w, "held", score.held);
    json_put_integer(&w, "required", score.required);
    json_put_integer(&w, "bonus_held", score.bonus_held);
    json_put_integer(&w, "bonus", score.bonus);
    json_open(&w, "verdicts", '[');
    for (size_t i = 0; i < book->n; i++)
        json_verdict(&book->workers[i], &w);
    json_close(&w, ']');
    json_close(&w, '}');
    fputc('\n', out);
}

static void
report_verdict(const struct worker *worker, struct report *report)
{
    char saw[2 * WORD_TEXT] = "", expected[WORD_TEXT] = "", name[120], end[400];
    bool held = holds(worker), bonus = worker->scenario->bonus;
    size_t n;

    snprintf(name, sizeof(name), "%s%s", worker->scenario->name, bonus ? " (bonus)" : "");
    if (!held) {
        saw_text(worker, saw, WORD_TEXT);
        explain_end(worker, end, sizeof(end));
        n = strlen(saw);
        if (end[0] != '\0')
            snprintf(saw + n, sizeof(saw) - n, "; the server: %s", end);
        expected_text(worker, expected, sizeof(expected));
    }
    report_row(report);
    report_cell(report, held ? TONE_GOOD : bonus ? TONE_FAINT : TONE_BAD,
                held ? "holds" : "FAILS", NULL);
    report_cell(report, TONE_PLAIN, name, NULL);
    report_cell(report, TONE_WORDS, worker->scenario->question, NULL);
    report_cell(report, TONE_WORDS, expected, NULL);
    report_cell(report, TONE_WORDS, saw, NULL);
    report_cell(report, TONE_WORDS,
                !held && worker->scenario->hint != NULL ? worker->scenario->hint : "", NULL);
    report_row_end(report);
}

void
gradebook_report(const struct gradebook *book, struct report *report)
{
    static const char *const heads[] = { "verdict",  "scenario", "the question",
                                         "expected", "saw",      "hint" };
    struct score score = score_of(book);
    char text[200];

    if (report->format == REPORT_JSON) {
        gradebook_json(book, report->out);
        report_close(report);
        return;
    }
    report_begin(report, "echolab grade");
    snprintf(text, sizeof(text),
             "%.80s, profile %s: %u of %u required scenarios hold, and %u of "
             "%u bonus.",
             book->target.name, book->profile_name, score.held, score.required, score.bonus_held,
             score.bonus);
    report_sentence(report, text);
    report_table(report, heads, sizeof(heads) / sizeof(heads[0]));
    for (size_t i = 0; i < book->n; i++)
        report_verdict(&book->workers[i], report);
    report_table_end(report);
    report_close(report);
}
