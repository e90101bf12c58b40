/*
 * proctask.h -- what /proc tells about the threads and descriptors of a process. Only reads;
 * nothing here touches the process that is looked at.
 */
#ifndef ECHOLAB_PROCTASK_H
#define ECHOLAB_PROCTASK_H

#include <sys/types.h>

#include <stdbool.h>

/* Enough for what a link in /proc/PID/fd says, cut when it is a long path. */
#define LINK_TEXT 80

/* The process that a thread belongs to; tid itself when that cannot be read. */
pid_t process_of(pid_t tid);

/* The process that traces this one; 0: nobody does, or there is no such process. */
pid_t tracer_of(pid_t pid);

/* Does the thread sleep in the kernel? False as well when it has ended. */
bool sleeps(pid_t pid, pid_t tid);

/* The threads of a process, to be freed; *n says how many. NULL when there is none. */
pid_t *threads_of(pid_t pid, int *n);

/* kernel.yama.ptrace_scope: 0 when everybody may trace his own, or without Yama. */
int yama_scope(void);

/* The open descriptors of a process, to be freed; *n says how many. NULL: not to be seen. */
int *fds_of(pid_t pid, int *n);

/*
 * The process, its children, and theirs, into pids[most]; the process comes first. Returns
 * how many. Cheap: unlike processes_below() it does not look at all that run here.
 */
int family_of(pid_t pid, pid_t *pids, int most);

/* What descriptor fd of the process is: "socket:[123]", "/dev/null". Returns false if none. */
bool fd_link(pid_t pid, int fd, char out[LINK_TEXT]);

/* The number in "socket:[123]"; 0 for anything else. */
unsigned long socket_inode(const char *link);

#endif
