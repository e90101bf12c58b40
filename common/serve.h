/* serve.h -- from a stage's name to its run(): settings, listener, banner. */
#ifndef ECHOLAB_SERVE_H
#define ECHOLAB_SERVE_H

#include "stage.h"

/* Runs the stage with the options in argv[1..] until it ends. Returns the exit code. */
int serve(const struct stage *stage, int argc, char **argv);

/*
 * Asks for as many descriptors as we may have, so that a crowd meets the stage's limit and
 * not the shell's. Returns how many that are.
 */
size_t raise_fd_limit(void);

#endif
