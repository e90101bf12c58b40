/* stop.h -- how SIGINT, SIGTERM and --exit-after end a server. */
#ifndef ECHOLAB_STOP_H
#define ECHOLAB_STOP_H

#include "stage.h"

/*
 * Arms SIGINT, SIGTERM and --exit-after in the way of the stage's row. The second signal
 * takes its default action. Ends the program on failure.
 */
void stop_on_signals(int listen_fd, const struct settings *set);

/* The signal (SIGALRM for --exit-after) that has shut the listener down; 0 before that. */
int told_to_stop(void);

/*
 * For a forked child: a signal ends it by default action, and it gets SIGTERM when its
 * parent dies, however that happens.
 */
void stop_with_parent(void);

/*
 * The same for a forked worker that shares the listener: Ctrl-C does not end it, since its
 * parent gets that, too, and shuts the listener down.
 */
void stop_by_listener(void);

/*
 * The grace begins: ends a forked child after so many seconds, whatever it does then; at once
 * for 0. Until then client_left() waits for the last bytes of each client to arrive.
 */
void end_within(double seconds);

/* Has the grace begun? */
bool in_grace(void);

#endif
