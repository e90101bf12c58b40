/* probe.h -- inside the player: the steps that are about the server. */
#ifndef ECHOLAB_PROBE_H
#define ECHOLAB_PROBE_H

#include "player.h"

/*
 * Plays a step of the server: asks until it holds, its time is over, or the scenario's is.
 * Returns the verdict; what was seen goes to *result.
 */
enum verdict probe_server(struct player *player, const struct step *step, struct result *result);

#endif
