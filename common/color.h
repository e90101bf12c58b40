/* color.h -- may the output be coloured, may it be drawn? One answer for all commands. */
#ifndef ECHOLAB_COLOR_H
#define ECHOLAB_COLOR_H

#include <stdbool.h>

/* --color: "auto", "always" or "never". Returns 0, or -1 when it is none of them. */
int choose_color(const char *when);

/* --ascii: no drawing characters. */
void choose_ascii(void);

/* May fd get colours? --color, then NO_COLOR, FORCE_COLOR, TERM=dumb, then isatty(). */
bool color_on(int fd);

/* May drawing characters be used? Only in a UTF-8 locale, and not after --ascii. */
bool drawing_on(void);

#endif
