/* verdicts.h -- what the outcome of a scenario means, in words. */
#ifndef ECHOLAB_VERDICTS_H
#define ECHOLAB_VERDICTS_H

#include <stdbool.h>
#include <stdio.h>

#include "worker.h"

enum mark {
    MARK_HOLDS,      /* everything that was expected came true */
    MARK_FAILS,      /* something did not; the stage's lesson says so, or it has none */
    MARK_DIFFERS,    /* not as the stage's lesson says */
    MARK_NOT_PLAYED, /* the stage does not take an option that it needs */
    MARK_UNKNOWN     /* we ourselves were at a limit, or were stopped */
};

/* The mark of a worker that is over. */
enum mark mark_of(const struct worker *worker);

/* '+', '-', '!', '.', '?'. */
char mark_letter(enum mark mark);

/* Did the server fail, whatever a lesson says? Only for HOLDS, FAILS and DIFFERS. */
bool has_failed(const struct worker *worker);

/* The first step that failed; NULL when none did. */
const struct step *first_failure(const struct worker *worker, const struct result **result);

/* How many expectations were judged, and how many of them held. */
void count_expectations(const struct worker *worker, unsigned *held, unsigned *all);

/*
 * One sentence on why the mark is what it is ("line 9: bob expect "hello\r\n" within 500ms:
 * nothing came"), into out[room]; empty when all is well.
 */
void explain(const struct worker *worker, char *out, size_t room);

/*
 * How the server ended and what it said last, into out[room]; empty when the player ended it.
 */
void explain_end(const struct worker *worker, char *out, size_t room);

/* Prints every step with its time and its result. */
void print_steps(FILE *out, const struct worker *worker);

/*
 * Writes what became of one scenario against n > 0 servers as JSON: for each the mark, the
 * words, and every step. Ends the program with exit code 1 when the file cannot be written.
 */
void verdicts_write(const char *path, const struct worker *workers, size_t n);

#endif
