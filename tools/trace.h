/* trace.h -- a stage that was asked to run with --trace. */
#ifndef ECHOLAB_TRACE_H
#define ECHOLAB_TRACE_H

#include "stage.h"

/* Runs set->stage with set->again as a traced process of its own. Returns the exit code. */
int trace_stage(const struct settings *set);

#endif
