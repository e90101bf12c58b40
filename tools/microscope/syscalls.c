/*
 * syscalls.c -- which system calls there are, and what each is about. The full list of
 * names comes from the C library's header; the Makefile says how.
 */
#include "syscalls.h"

#include <sys/syscall.h>

#include <stdio.h>
#include <string.h>

static const char *const all_names[] = {
#include "syscall_names.h"
};

static const struct shape shapes[] = {
    { SYS_socket, "socket", CALL_SOCKET, BYTES_NONE, false },
    { SYS_bind, "bind", CALL_BIND, BYTES_NONE, true },
    { SYS_listen, "listen", CALL_LISTEN, BYTES_NONE, true },
    { SYS_setsockopt, "setsockopt", CALL_OPTION, BYTES_NONE, true },
    { SYS_connect, "connect", CALL_CONNECT, BYTES_NONE, true },
    { SYS_accept, "accept", CALL_ACCEPT, BYTES_NONE, true },
    { SYS_accept4, "accept4", CALL_ACCEPT, BYTES_NONE, true },
    { SYS_recvfrom, "recv", CALL_RECV, BYTES_PLAIN, true },
    { SYS_recvmsg, "recvmsg", CALL_RECV, BYTES_MESSAGE, true },
    { SYS_read, "read", CALL_RECV, BYTES_PLAIN, true },
    { SYS_readv, "readv", CALL_RECV, BYTES_VECTOR, true },
    { SYS_sendto, "send", CALL_SEND, BYTES_PLAIN, true },
    { SYS_sendmsg, "sendmsg", CALL_SEND, BYTES_MESSAGE, true },
    { SYS_write, "write", CALL_SEND, BYTES_PLAIN, true },
    { SYS_writev, "writev", CALL_SEND, BYTES_VECTOR, true },
    { SYS_sendfile, "sendfile", CALL_SEND, BYTES_NONE, true },
    { SYS_shutdown, "shutdown", CALL_SHUTDOWN, BYTES_NONE, true },
    { SYS_close, "close", CALL_CLOSE, BYTES_NONE, true },
    { SYS_fcntl, "fcntl", CALL_FLAGS, BYTES_NONE, true },
    { SYS_ioctl, "ioctl", CALL_FLAGS, BYTES_NONE, true },
#ifdef SYS_poll
    { SYS_poll, "poll", CALL_POLL, BYTES_NONE, false },
#endif
    { SYS_ppoll, "ppoll", CALL_POLL, BYTES_NONE, false },
#ifdef SYS_select
    { SYS_select, "select", CALL_SELECT, BYTES_NONE, false },
#endif
    { SYS_pselect6, "select", CALL_SELECT, BYTES_NONE, false },
#ifdef SYS_epoll_wait
    { SYS_epoll_wait, "epoll_wait", CALL_EPOLL_WAIT, BYTES_NONE, true },
#endif
    { SYS_epoll_pwait, "epoll_wait", CALL_EPOLL_WAIT, BYTES_NONE, true },
#ifdef SYS_epoll_pwait2
    { SYS_epoll_pwait2, "epoll_wait", CALL_EPOLL_WAIT, BYTES_NONE, true },
#endif
#ifdef SYS_epoll_create
    { SYS_epoll_create, "epoll_create", CALL_EPOLL_NEW, BYTES_NONE, false },
#endif
    { SYS_epoll_create1, "epoll_create1", CALL_EPOLL_NEW, BYTES_NONE, false },
    { SYS_epoll_ctl, "epoll_ctl", CALL_EPOLL_CTL, BYTES_NONE, true },
    { SYS_clone, "clone", CALL_FORK, BYTES_NONE, false },
#ifdef SYS_clone3
    { SYS_clone3, "clone", CALL_FORK, BYTES_NONE, false },
#endif
#ifdef SYS_fork
    { SYS_fork, "fork", CALL_FORK, BYTES_NONE, false },
    { SYS_vfork, "vfork", CALL_FORK, BYTES_NONE, false },
#endif
    { SYS_wait4, "wait4", CALL_WAIT, BYTES_NONE, false },
    { SYS_waitid, "waitid", CALL_WAIT, BYTES_NONE, false },
    { SYS_exit, "exit", CALL_EXIT, BYTES_NONE, false },
    { SYS_exit_group, "exit", CALL_EXIT, BYTES_NONE, false },
    { SYS_futex, "futex", CALL_FUTEX, BYTES_NONE, false },
    { SYS_nanosleep, "nanosleep", CALL_NAP, BYTES_NONE, false },
    { SYS_clock_nanosleep, "nanosleep", CALL_NAP, BYTES_NONE, false },
#ifdef SYS_pause
    { SYS_pause, "pause", CALL_NAP, BYTES_NONE, false },
#endif
    { SYS_rt_sigsuspend, "sigsuspend", CALL_NAP, BYTES_NONE, false },
    { SYS_rt_sigtimedwait, "sigwait", CALL_NAP, BYTES_NONE, false },
#ifdef SYS_io_uring_setup
    { SYS_io_uring_setup, "io_uring_setup", CALL_URING, BYTES_NONE, false },
    { SYS_io_uring_enter, "io_uring_enter", CALL_URING, BYTES_NONE, true },
    { SYS_io_uring_register, "io_uring_register", CALL_URING, BYTES_NONE, true },
#endif
};
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

const char *
syscall_name(long nr)
{
    return nr >= 0 && (size_t)nr < sizeof(all_names) / sizeof(all_names[0]) ? all_names[nr] :
        NULL;
}

const struct shape *
shape_of(long nr)
{
    for (size_t i = 0; i < N_SHAPES; i++)
        if (shapes[i].nr == nr)
            return &shapes[i];
    return NULL;
}

const char *
errno_name(int error)
{
    static const char *const kernels[] = { "ERESTARTSYS", "ERESTARTNOINTR", "ERESTARTNOHAND",
                                           "ENOIOCTLCMD", "ERESTARTBLOCK" };
    static char number[24];
    const char *name = error > 0 ? strerrorname_np(error) : NULL;

    if (error >= 512 && error <= 516)
        return kernels[error - 512];
    if (name != NULL)
        return name;
    snprintf(number, sizeof(number), "errno %d", error);
    return number;
}
