/* judge.h -- inside the player: does an expectation hold? */
#ifndef ECHOLAB_JUDGE_H
#define ECHOLAB_JUDGE_H

#include "player.h"

/*
 * Does the expectation of the step hold for client c now? HOLDS, FAILS (and never will), or
 * DONE when it is too early to say.
 */
enum verdict judge_client(struct player *player, const struct step *step, struct client *c);

/* The expectation came to its end for c: uses up the bytes that it was about. */
void judge_settle(struct player *player, const struct step *step, struct client *c, bool held);

/* What c saw instead of what the step expects, as a sentence into out[room]. */
void judge_says(const struct step *step, const struct client *c, char *out, size_t room);

#endif
