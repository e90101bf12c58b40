/* color.c -- may the output be coloured, may it be drawn? */
#include "color.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum { AUTO, ALWAYS, NEVER } chosen;
static bool ascii;

int
choose_color(const char *when)
{
    if (strcmp(when, "auto") == 0)
        chosen = AUTO;
    else if (strcmp(when, "always") == 0)
        chosen = ALWAYS;
    else if (strcmp(when, "never") == 0)
        chosen = NEVER;
    else
        return -1;
    return 0;
}

void
choose_ascii(void)
{
    ascii = true;
}

static bool
wanted(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0';
}

bool
color_on(int fd)
{
    const char *term = getenv("TERM");

    if (chosen != AUTO)
        return chosen == ALWAYS;
    if (wanted("NO_COLOR"))
        return false;
    if (wanted("FORCE_COLOR"))
        return true;
    if (term != NULL && strcmp(term, "dumb") == 0)
        return false;
    return isatty(fd);
}

bool
drawing_on(void)
{
    static bool asked;

    if (!asked) {
        setlocale(LC_CTYPE, "");
        asked = true;
    }
    return !ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}
