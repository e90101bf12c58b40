/*
 * stop.c -- the end of a server.
 *
 * No flag is set here that a loop would look at before it sleeps: between the look and the
 * sleep a signal would be lost. The handler shuts the listener down instead. That is an
 * event: it wakes accept(), poll() and epoll_wait() whether they sleep already or not yet.
 */
#include "stop.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <err.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int listener;
static bool at_once;
static const char *unix_path; /* to be removed at the end; NULL for TCP */
static struct stat unix_file; /* ... if it is still the one that we made */
static pid_t owner;
static volatile sig_atomic_t told;
static atomic_bool grace;

static void
remove_unix_path(void)
{
    struct stat now;

    if (unix_path != NULL && getpid() == owner && lstat(unix_path, &now) == 0 &&
        now.st_dev == unix_file.st_dev && now.st_ino == unix_file.st_ino)
        unlink(unix_path);
}

static void
on_signal(int sig)
{
    if (at_once) {
        remove_unix_path();
        _exit(0);
    }
    told = sig;
    shutdown(listener, SHUT_RDWR);
}

int
told_to_stop(void)
{
    return told;
}

static void
exit_after(double seconds)
{
    struct itimerval timer = { .it_value.tv_sec = (time_t)seconds };

    timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
    if (seconds > 0 && timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0)
        timer.it_value.tv_usec = 1;
    if (setitimer(ITIMER_REAL, &timer, NULL) == -1)
        err(1, "setitimer");
}

void
stop_on_signals(int listen_fd, const struct settings *set)
{
    struct sigaction on = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };
    const int signals[] = { SIGINT, SIGTERM, SIGALRM };
    sigset_t kept;

    owner = getpid();
    if (strncmp(set->bind, "unix:", 5) == 0)
        unix_path = set->bind + 5;
    if (unix_path != NULL && lstat(unix_path, &unix_file) == -1)
        unix_path = NULL; /* somebody was quicker: there is nothing of ours */
    if (unix_path != NULL && atexit(remove_unix_path) != 0)
        errx(1, "atexit: no memory");
    listener = listen_fd;
    at_once = set->stage->stops == STOPS_AT_ONCE;
    sigemptyset(&kept);
    for (size_t i = 0; i < 3; i++) {
        sigaddset(&kept, signals[i]);
        if (set->stage->stops != STOPS_ITSELF && sigaction(signals[i], &on, NULL) == -1)
            err(1, "sigaction");
    }
    /* A stage that stops itself will ask for its signals; until then they wait. */
    if (set->stage->stops == STOPS_ITSELF && sigprocmask(SIG_BLOCK, &kept, NULL) == -1)
        err(1, "sigprocmask");
    if (set->exit_after > 0)
        exit_after(set->exit_after);
}

void
stop_with_parent(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGALRM, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1 || getppid() != owner)
        _exit(0); /* the parent died before we could ask */
}

void
stop_by_listener(void)
{
    stop_with_parent();
    signal(SIGINT, SIG_IGN); /* Ctrl-C comes to all; our parent shuts the listener down */
}

void
end_within(double seconds)
{
    if (seconds == 0)
        _exit(0);
    atomic_store(&grace, true);
    exit_after(seconds);
}

bool
in_grace(void)
{
    return atomic_load(&grace);
}
