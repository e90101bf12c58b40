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

/* What to call for one signal. */
struct receiver {
    struct handle handle;
    void (*call)(int sig, void *arg); /* NULL: nobody listens */
    void *arg;
};
static struct receiver receivers[NSIG];

static void
deliver(void *arg)
{
    const struct receiver *receiver = arg;

    receiver->call((int)(receiver - receivers), receiver->arg);
}

static void
take_signals(void *arg)
{
    struct signalfd_siginfo info;

    (void)arg;
    while (read(signal_fd, &info, sizeof(info)) == sizeof(info))
        if (receivers[info.ssi_signo].call != NULL)
            call_soon(listener, &receivers[info.ssi_signo].handle);
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
add_signal(struct loop *loop, int sig, void (*call)(int sig, void *arg), void *arg)
{
    if (signal_fd == -1)
        sigemptyset(&taken);
    if (sigaddset(&taken, sig) == -1 || block(SIG_BLOCK, sig) == -1)
        return -1;
    receivers[sig] = (struct receiver){
        .handle = { .call = deliver, .arg = &receivers[sig] }, .call = call, .arg = arg
    };
    return listen_to_signals(loop);
}

void
remove_signal(struct loop *loop, int sig)
{
    handle_cancel(&receivers[sig].handle);
    receivers[sig].call = NULL;
    sigdelset(&taken, sig);
    listen_to_signals(loop);
    signal(sig, SIG_DFL);
    block(SIG_UNBLOCK, sig);
}

static const int stops[] = { SIGINT, SIGTERM, SIGALRM };
static struct receiver stop; /* whom to tell of the first of them */

static void
first_stop(int sig, void *loop)
{
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        remove_signal(loop, stops[i]);
    stop.call(sig, stop.arg);
}

int
add_stop_signals(struct loop *loop, void (*call)(int sig, void *arg), void *arg)
{
    stop = (struct receiver){ .call = call, .arg = arg };
    for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
        if (add_signal(loop, stops[i], first_stop, loop) == -1)
            return -1;
    return 0;
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
