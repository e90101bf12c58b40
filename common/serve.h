/* serve.h -- from a stage's name to its run(): settings, listener, banner. */
#ifndef ECHOLAB_SERVE_H
#define ECHOLAB_SERVE_H

#include "stage.h"

/* Runs the stage with the options in argv[1..] until it ends. Returns the exit code. */
int serve(const struct stage *stage, int argc, char **argv);

#endif
