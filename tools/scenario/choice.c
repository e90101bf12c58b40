/* choice.c -- names of scenarios with commas between them. */
#include "choice.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "embedded.h"

bool
name_in(const char *names, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = names; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    }
    return false;
}

void
check_names(const char *names)
{
    char *copy = strdup(names), *rest = copy, *name;
    char path[120];

    while ((name = strsep(&rest, ",")) != NULL) {
        snprintf(path, sizeof(path), "lessons/scenarios/%.80s.play", name);
        if (embedded_named(path) == NULL)
            errx(USAGE_ERROR, "--only: there is no scenario '%s'; 'echolab play' lists them", name);
    }
    free(copy);
}
