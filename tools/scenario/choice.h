/* choice.h -- which scenarios? The names behind --only. */
#ifndef ECHOLAB_CHOICE_H
#define ECHOLAB_CHOICE_H

#include <stdbool.h>

/* Is the name among `names`, which have commas between them? */
bool name_in(const char *names, const char *name);

/* Ends the program with exit code 2 when one of the names is no scenario inside the binary. */
void check_names(const char *names);

#endif
