/* options.h -- the options of the servers: one table that parses, refuses and explains. */
#ifndef ECHOLAB_OPTIONS_H
#define ECHOLAB_OPTIONS_H

#include <stdio.h>

#include "stage.h"

/*
 * Reads argv[1..] into *set for the stage set->stage. Returns 0 to go on, or -1 when
 * --help was asked for and printed. A mistake is named on stderr and ends the program
 * with exit code 2.
 */
int parse_options(int argc, char **argv, struct settings *set);

/* Prints the help of one stage: its summary, and only the options that it takes. */
void stage_help(FILE *out, const struct stage *stage);

#endif
