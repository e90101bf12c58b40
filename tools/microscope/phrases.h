/* phrases.h -- what a beat of the story means, in words. */
#ifndef ECHOLAB_PHRASES_H
#define ECHOLAB_PHRASES_H

#include <stddef.h>

#include "story.h"

#define WORDS_TEXT 160
#define DATA_SHOWN 24 /* characters of what was typed */

/* Whom or what a call is about: "alice", "the listener"; "" when it is about nothing. */
const char *end_name(const struct end *end);

/* "recv(alice) ..." while it sleeps, "recv() = 2" when it has ended. Returns out. */
char *call_words(char *out, size_t room, const struct beat *beat);

/* What happened: "asleep until alice types". Returns out. */
char *beat_words(char *out, size_t room, const struct beat *beat);

/* Who else waits while a call sleeps: "bob's bytes lie unread", or "". Returns out. */
char *meanwhile_words(char *out, size_t room, const struct beat *beat);

/* "waited for alice, twice"; "" when nobody is to blame. Returns out. */
char *blame_words(char *out, size_t room, const struct beat *beat);

/* 1204331 as "1 204 331". Returns out, which must have room for 32. */
char *grouped(char *out, long long n);

#endif
