/* launch.h -- inside server.c: how a server becomes a process. */
#ifndef ECHOLAB_LAUNCH_H
#define ECHOLAB_LAUNCH_H

#include "server.h"

/*
 * Call it once before all: orphans come to this process, and it may open as many descriptors
 * as it is allowed to. Servers get the limit of before. Returns the new limit.
 */
unsigned long launch_prepare(void);

/* Is this child of ours newer than launch_prepare(), so that it comes from a server? */
bool launched_since(pid_t pid);

/* Ends the program with exit code 2 when no word of a foreign command holds {port}. */
void check_command(char **command);

/* Ends the program with exit code 1 when the servers' words cannot go there; NULL is no log. */
void check_log(const char *path);

/* A port that nobody uses, not even an old connection. 0 when there is none. */
int launch_free_port(void);

/*
 * Forks and executes server->target; sets server->pid and server->console. Returns 0, or -1
 * with errno set when there is no such command.
 */
int launch(struct server *server);

#endif
