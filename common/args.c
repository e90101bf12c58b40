/* args.c -- numbers and names from the command line. */
#include "args.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_LIMIT 1e6 /* eleven days: fits into an int of milliseconds */
#define SECONDS_LEAST 1e-3 /* less would be cut to 0, which often means never */

long
number_argument(const char *name, const char *text, long least, long most)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (strspn(text, "-0123456789") == 0 || *end != '\0' || errno != 0 || value < least ||
        value > most)
        errx(USAGE_ERROR, "%s must be %ld to %ld, not '%s'", name, least, most, text);
    return value;
}

double
seconds_argument(const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0))
        errx(USAGE_ERROR, "%s must be a number of seconds, 0 or more, not '%s'", name, text);
    if (value > SECONDS_LIMIT)
        errx(USAGE_ERROR, "%s must be at most %g seconds, not '%s'", name, SECONDS_LIMIT, text);
    return value > 0 && value < SECONDS_LEAST ? SECONDS_LEAST : value;
}

int
milliseconds_argument(const char *name, const char *text)
{
    return (int)(seconds_argument(name, text) * 1000);
}

const char *
port_argument(const char *text)
{
    number_argument("PORT", text, 1, 65535);
    return text;
}

void
bad_option(int key, char **argv, const struct option *longs)
{
    const char *typed = argv[optind - 1];

    for (const struct option *o = longs; o->name != NULL; o++) {
        if (o->val != optopt || optopt == 0)
            continue;
        if (key == ':')
            errx(USAGE_ERROR, "--%s needs a value; --help shows which", o->name);
        errx(USAGE_ERROR, "--%s takes no value", o->name);
    }
    if (optopt != 0)
        errx(USAGE_ERROR, "unknown option '-%c'; --help lists the options", optopt);
    errx(USAGE_ERROR, "unknown option '%s'; --help lists the options", typed);
}

const char *
from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : otherwise;
}
