/*
 * say.h -- the server's console: one write(2) a line, so that lines of threads and
 * processes never mix, and never a wait: a line that nobody reads is dropped and counted.
 */
#ifndef ECHOLAB_SAY_H
#define ECHOLAB_SAY_H

#include <stdbool.h>
#include <stddef.h>

/* Silences say(); complaints on stderr still come. */
void say_nothing(bool quiet);

/* Is anybody to hear say()? Saves making a text that is thrown away. */
bool saying(void);

/* Prints one line to stdout; the newline is added. */
__attribute__((format(printf, 1, 2))) void say(const char *fmt, ...);

/* Prints one line to stderr, "echolab STAGE: ..."; the newline is added. */
__attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...);

/* Lines dropped so far because nobody read them. */
unsigned long lines_dropped(void);

/*
 * Writes bytes into out as "te\r\n", in quotes, nothing raw: at most `room` bytes with the
 * final NUL; what does not fit is said as "..." and the number of bytes. Returns out.
 */
char *escape(char *out, size_t room, const void *bytes, size_t n);

#endif
