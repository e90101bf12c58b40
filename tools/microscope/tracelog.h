/*
 * tracelog.h -- the beats of a trace as JSON, an object a line. Renderers read it, and so
 * may anybody; bytes of a client stand in "data", U+FFFD for those that are no UTF-8.
 *
 *   start   the first line: clock (ns on the monotonic clock where all times begin), pid
 *   asleep  a call sleeps; call   a call ended (slept: seconds); repeat   many calls alike
 *   task, gone   a thread or process begins, ends; signal; queue; unread
 *   end     the last line: seconds, clients, bytes, longest wait, and each system call's count
 */
#ifndef ECHOLAB_TRACELOG_H
#define ECHOLAB_TRACELOG_H

#include "outbox.h"
#include "story.h"

#define CALLS_MOST 512 /* numbers of system calls that are counted one by one */

/* The first line, and a line for each beat. */
/* Writes the first line. */
void tracelog_start(struct outbox *out, const struct story *story);

/* Writes what happened. */
void tracelog_beat(struct outbox *out, const struct story *story, const struct beat *beat);

/* The last line. counts[nr] says how often a system call ended; the last one counts all others. */
void tracelog_end(struct outbox *out, const struct story *story, const unsigned long *counts,
                  long long now, int exit_code);

#endif
