/*
 * signals.c -- signals as events of the loop.
 *
 * A signal handler may interrupt anything, so it may do next to nothing. Here a signal is
 * blocked instead, and waits in a descriptor until the loop reads it: its call may do
 * whatever any other call may do.
 */
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "loop.h"

static struct loop *listener;
static int signal_fd = -1;
static sigset_t taken;
static struct handle calls[NSIG];

static void
take_signals(void *arg)
{
    struct signalfd_siginfo info;

    (void)arg;
    while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
        if (calls[info.ssi_signo].call != NULL)
            call_soon(listener, &calls[info.ssi_signo]);
}

/* Begins to listen, or listens for other signals than before. */
static int
listen_to_signals(struct loop *loop)
{
    bool first = signal_fd == -1;
    int fd = signalfd(signal_fd, &taken, SFD_CLOEXEC | SFD_NONBLOCK);

    if (fd == -1)
        return -1;
    signal_fd = fd;
    listener = loop;
    return first ? add_reader(loop, fd, take_signals, NULL) : 0;
}

/* Blocks one signal for this thread and those it will start, or lets it through. */
static int
block(int how, int sig)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, sig);
    errno = pthread_sigmask(how, &one, NULL);
    return errno == 0 ? 0 : -1;
}

int
add_signal(struct loop *loop, int sig, void (*call)(void *), void *arg)
{
    if (signal_fd == -1)
        sigemptyset(&taken);
    if (sigaddset(&taken, sig) == -1 || block(SIG_BLOCK, sig) == -1)
        return -1;
    calls[sig] = (struct handle){ .call = call, .arg = arg };
    return listen_to_signals(loop);
}

void
remove_signal(struct loop *loop, int sig)
{
    handle_cancel(&calls[sig]);
    calls[sig].call = NULL;
    sigdelset(&taken, sig);
    listen_to_signals(loop);
    signal(sig, SIG_DFL);
    block(SIG_UNBLOCK, sig);
}

void
signals_close(struct loop *loop)
{
    if (loop != listener)
        return;
    loop_forget(loop, signal_fd);
    close(signal_fd);
    signal_fd = -1;
    listener = NULL;
}
