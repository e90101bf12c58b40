/* matrix.h -- many stages times many scenarios: played, and shown as a table. */
#ifndef ECHOLAB_MATRIX_H
#define ECHOLAB_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "inside.h"
#include "report.h"
#include "scenario.h"
#include "verdicts.h"
#include "worker.h"

#define MATRIX_STAGES 32
#define MATRIX_SCENARIOS 64

struct matrix {
    const struct stage *stages[MATRIX_STAGES];
    size_t n_stages;
    struct scenario *scenarios[MATRIX_SCENARIOS];
    size_t n_scenarios;
    struct worker *cells; /* a row a stage, a column a scenario */
    struct inside inside; /* of each stage, from a traced run of its own */
    size_t n_again;       /* cells that were played a second time */
    double took;          /* seconds */
};

/*
 * Plays every cell within limit_ms, several at once. A cell that is not as its stage's lesson
 * says is played once more, alone: the first time others may have disturbed it. Tells of its
 * progress on a terminal. Returns 0, or 128 + the number of the signal that ended it.
 */
int matrix_play(struct matrix *matrix, int limit_ms);

/* Is any cell not as its stage's lesson says? */
bool matrix_differs(const struct matrix *matrix);

/* Prints the table of marks, what is strange, and the costs. */
void matrix_print(const struct matrix *matrix, bool color);

/* Writes the same to a report, and closes it. */
void matrix_report(const struct matrix *matrix, struct report *report);

void matrix_free(struct matrix *matrix);

#endif
