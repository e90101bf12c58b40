/*
 * args.h -- what stands on the command line: read a number, or name the mistake in one line
 * and end the program with exit code 2.
 */
#ifndef ECHOLAB_ARGS_H
#define ECHOLAB_ARGS_H

#include <getopt.h>

#define USAGE_ERROR 2

/* The whole number in text, least to most; `name` is how a complaint calls it ("PORT"). */
long number_argument(const char *name, const char *text, long least, long most);

/* A number of seconds in text, decimals allowed; 0 or more. What is under a millisecond is one. */
double seconds_argument(const char *name, const char *text);

/* The same, as milliseconds. */
int milliseconds_argument(const char *name, const char *text);

/* Checks that text is a port to connect to, 1 to 65535; returns text. */
const char *port_argument(const char *text);

/*
 * getopt_long() returned ':' or '?' for one of `longs`: says what is wrong, ends with exit
 * code 2. Needs opterr == 0 and short options that begin with ":" (or "+:").
 */
_Noreturn void bad_option(int key, char **argv, const struct option *longs);

/* The value of an environment variable, or `otherwise` when it is unset or empty. */
const char *from_environment(const char *name, const char *otherwise);

#endif
