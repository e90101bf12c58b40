/*
 * dial.h -- what the clients do alike: connect, or say why not, in words and by the name
 * of the errno, and what to try next.
 */
#ifndef ECHOLAB_DIAL_H
#define ECHOLAB_DIAL_H

#include <stddef.h>

/* What an errno of a socket means, in a few words, with its name: "reset by the other side
 * (ECONNRESET)". Returns out. */
const char *trouble(int error, char *out, size_t room);
#define TROUBLE_TEXT 120

/* "127.0.0.1:8000", "[::1]:8000" or "unix:PATH", for messages. Returns out. */
const char *place(const char *host, const char *port, char *out, size_t room);

/*
 * Connects as connect_to() does (timeout_ms -1: never give up). Returns a blocking
 * descriptor; after a failure it explains and ends the program with exit code 3.
 */
int dial(const char *host, const char *port, int timeout_ms);

/* The explanation alone: connect_to() failed with errno and said what failed. */
void explain_failure(const char *host, const char *port, const char *failed);

/* Now, in ms since some moment in the past; it never goes back. */
long long now_ms(void);

#endif
