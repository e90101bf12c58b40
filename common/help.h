/* help.h -- what echolab says about itself; everything is read from the two tables. */
#ifndef ECHOLAB_HELP_H
#define ECHOLAB_HELP_H

#include <stdio.h>

#include "commands.h"

#define ECHOLAB_VERSION "0.1"

/* The i-th command in the order of the help; NULL behind the last. */
const struct command *command_at(size_t i);

/* Prints what `echolab help` shows. */
void print_help(FILE *out);

/* Names the mistake and the nearest command on stderr. Returns the exit code 2. */
int unknown_command(const char *name);

/* `echolab help [COMMAND]`. Returns the exit code. */
int help_main(int argc, char **argv);

/* `echolab list [--json]`. Returns the exit code. */
int list_main(int argc, char **argv);

#endif
