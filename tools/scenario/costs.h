/* costs.h -- what a server costs, read from the scenarios that were played against it. */
#ifndef ECHOLAB_COSTS_H
#define ECHOLAB_COSTS_H

#include <stdio.h>

#include "worker.h"

#define N_COSTS 5
#define COST_TEXT 24

/* The columns: what their heads say. */
extern const char *const cost_heads[N_COSTS];

/*
 * The costs of the server that the n workers (one a scenario) have played against, as text;
 * "-" where nothing was measured.
 */
void costs_of(const struct worker *workers, size_t n, char texts[N_COSTS][COST_TEXT]);

#endif
