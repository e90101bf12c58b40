/* phrases.c -- what a beat of the story means, in words. */
#include "phrases.h"

#include <sys/wait.h>

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

char *
grouped(char *out, long long n)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", n), at = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ' ';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *
end_name(const struct end *end)
{
    static const char *const names[] = {
        [END_OTHER] = "", [END_LISTENER] = "the listener", [END_CLIENT] = "a client",
        [END_EPOLL] = "", [END_PIPE] = "a pipe", [END_TIMER] = "a timer",
        [END_EVENT] = "an event", [END_SIGNAL] = "a signal", [END_FILE] = "a file",
        [END_URING] = ""
    };

    if (end == NULL)
        return "";
    return end->client != NULL ? end->client->name : names[end->kind];
}

/* In a call's brackets the plain name is enough, and a listener is not said at all. */
static const char *
argument(const struct call *call)
{
    if (call->kind == CALL_BIND || call->kind == CALL_CONNECT || call->kind == CALL_OPTION)
        return call->note;
    if (call->on == NULL || call->on->kind == END_LISTENER)
        return "";
    return end_name(call->on);
}

char *
call_words(char *out, size_t room, const struct beat *beat)
{
    const struct call *call = &beat->call;
    const char *name = call->name != NULL ? call->name : "an unknown call";
    char times[32];

    if (beat->kind == BEAT_ASLEEP)
        snprintf(out, room, "%s(%s) ...", name, argument(call));
    else if (beat->kind == BEAT_REPEAT && call->error != 0)
        snprintf(out, room, "%s(%s) = %s  x %s", name, argument(call),
                 errno_name(call->error), grouped(times, beat->times));
    else if (beat->kind == BEAT_REPEAT)
        snprintf(out, room, "%s(%s)  x %s", name, argument(call), grouped(times, beat->times));
    else if (call->error >= KERNEL_ERRNO)
        snprintf(out, room, "%s() ...", name);
    else if (call->error != 0)
        snprintf(out, room, "%s() = %s", name, errno_name(call->error));
    else if (call->kind == CALL_BIND || call->kind == CALL_LISTEN || call->kind == CALL_OPTION ||
             call->kind == CALL_FLAGS || call->kind == CALL_CLOSE || call->kind == CALL_EPOLL_CTL)
        snprintf(out, room, "%s()", name);
    else if (beat->times > 1)
        snprintf(out, room, "%s() = %lld, %ldx", name, call->result, beat->times);
    else
        snprintf(out, room, "%s() = %lld", name, call->result);
    return out;
}

/* How long a wait for many lasts at most, when the call says so in ms; -1: no limit. */
static long
limit_of(const struct call *call)
{
    bool epoll = call->kind == CALL_EPOLL_WAIT, poll = strcmp(call->name, "poll") == 0;
    uint64_t limit = epoll ? call->args[3] : call->args[2];

    return (epoll || poll) && limit < INT32_MAX ? (long)limit : -1;
}

char *
meanwhile_words(char *out, size_t room, const struct beat *beat)
{
    bool one = beat->client != NULL || beat->call.kind == CALL_ACCEPT;

    out[0] = '\0';
    if (beat->kind != BEAT_ASLEEP || waits_for_many(beat->call.kind))
        return out;
    if (beat->other != NULL)
        snprintf(out, room, "%s's bytes lie unread", beat->other->name);
    else if (beat->others > 0 && one)
        snprintf(out, room, "%s", beat->client != NULL ? "nobody else gets served" :
                 "whoever is in goes unheard");
    return out;
}

/* What a sleeping call waits for. */
static char *
asleep_words(char *out, size_t room, const struct beat *beat)
{
    const struct call *call = &beat->call;
    const char *who = end_name(call->on), *again = beat->again ? " again" : "";

    if (call->kind == CALL_ACCEPT)
        snprintf(out, room, "asleep until somebody connects");
    else if (call->kind == CALL_RECV && beat->client != NULL)
        snprintf(out, room, "asleep until %s types%s", who, again);
    else if (call->kind == CALL_SEND && beat->client != NULL)
        snprintf(out, room, "asleep until %s reads", who);
    else if (waits_for_many(call->kind) && limit_of(call) >= 0)
        snprintf(out, room, "asleep until somebody stirs, %.3f s at most",
                 (double)limit_of(call) / 1000);
    else if (waits_for_many(call->kind))
        snprintf(out, room, "asleep until somebody stirs");
    else if (call->kind == CALL_WAIT)
        snprintf(out, room, "asleep until a child ends");
    else if (call->kind == CALL_FUTEX)
        snprintf(out, room, "asleep until another thread wakes it");
    else if (call->kind == CALL_URING)
        snprintf(out, room, "asleep until something is done");
    else if (call->kind == CALL_NAP)
        snprintf(out, room, "asleep for a while");
    else
        snprintf(out, room, "asleep");
    return out;
}

/* What was typed, quoted, cut to DATA_SHOWN characters. */
static char *
data_words(char *out, size_t room, const struct call *call)
{
    char text[4 * CALL_DATA + 64];
    size_t n = call->kept;

    while (n > 0 && strlen(escape(text, sizeof(text), call->data, n)) > DATA_SHOWN + 2)
        n--;
    snprintf(out, room, "%s%s", escape(text, sizeof(text), call->data, n),
             (long long)n < call->result ? "..." : "");
    return out;
}

/* "woken for bob alone", "woken for alice and bob". */
static char *
woken_words(char *out, size_t room, const struct call *call)
{
    size_t len = 0;

    if (call->result == 0) {
        snprintf(out, room, limit_of(call) == 0 ? "nobody stirs just now" :
                 "nobody: the time is up");
        return out;
    }
    if (call->n_ready == 0) {
        snprintf(out, room, "woken");
        return out;
    }
    for (int i = 0; i < call->n_ready && len < room; i++) {
        const struct end *end = call->ready[i];
        const char *name = end_name(end);
        const char *lead = i == 0 ? "woken for " : i + 1 == call->result ? " and " : ", ";

        len += (size_t)snprintf(out + len, room - len, "%s%s", lead,
                                *name != '\0' ? name : "something");
    }
    if (len < room && call->result > call->n_ready)
        snprintf(out + len, room - len, " and %lld more", call->result - call->n_ready);
    else if (len < room && call->n_ready == 1 && call->ready[0]->client != NULL)
        snprintf(out + len, room - len, " alone");
    return out;
}

static char *
accept_words(char *out, size_t room, const struct beat *beat)
{
    const struct call *call = &beat->call;
    int queued = call->queued;

    if (queued <= 0)
        snprintf(out, room, "%s is in", end_name(call->on));
    else
        snprintf(out, room, "%s is in  (%d client%s in the queue)", end_name(call->on), queued,
                 queued == 1 ? " was" : "s were");
    return out;
}

/* A failure in words, where it has a meaning of its own here. */
static const char *
failure_words(const struct call *call)
{
    switch (call->error) {
    case EAGAIN:
        if (call->kind == CALL_ACCEPT)
            return "nobody is waiting to come in";
        return call->kind == CALL_SEND ? "not now: its buffer is full, it does not read" :
            "not now: nothing has come";
    case EMFILE:
    case ENFILE:
        return "no descriptor is left for a newcomer";
    case ECONNRESET:
        return "it hung up on us (reset)";
    case EPIPE:
        return "nobody is there to read it";
    case EINTR:
        return "a signal woke it";
    case EINVAL:
        return call->kind == CALL_ACCEPT ? "the listener is shut: nobody more comes" :
            strerrordesc_np(EINVAL);
    default:
        return call->error >= KERNEL_ERRNO ? "a signal breaks in" : strerrordesc_np(call->error);
    }
}

static char *
send_words(char *out, size_t room, const struct beat *beat)
{
    const struct call *call = &beat->call;
    const char *who = end_name(call->on);
    bool parted = strcmp(call->name, "send") == 0 || strcmp(call->name, "write") == 0;

    if (beat->waited > SHORT_WAIT) {
        for (size_t i = 0; i + 1 < room && (i == 0 || out[i - 1] != '\0'); i++)
            out[i] = (char)toupper((unsigned char)who[i]);
        snprintf(out + strlen(who), room - strlen(who), " HEARS BACK AFTER %.3f s",
                 (double)beat->waited / 1e9);
    } else if (beat->waited >= 0)
        snprintf(out, room, "%s hears back after %.3f s", who, (double)beat->waited / 1e9);
    else if (parted && (uint64_t)call->result < call->args[2])
        snprintf(out, room, "only a part of %llu bytes went out",
                 (unsigned long long)call->args[2]);
    else
        data_words(out, room, call);
    return out;
}

static const char *
plain_words(const struct call *call)
{
    static const struct { const char *note, *words; } options[] = {
        { "SO_REUSEADDR", "its port may be taken again at once" },
        { "SO_REUSEPORT", "others may listen there as well" },
        { "TCP_NODELAY", "small answers leave at once" },
        { "SO_RCVTIMEO", "recv() will not sleep for ever" },
        { "SO_SNDTIMEO", "send() will not sleep for ever" }
    };

    switch (call->kind) {
    case CALL_SOCKET:
        return "a new socket";
    case CALL_EPOLL_NEW:
        return "a list that the kernel keeps";
    case CALL_WAIT:
        return call->result > 0 ? "a child that ended is brought home" : "no child has ended";
    case CALL_OPTION:
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
            if (strcmp(call->note, options[i].note) == 0)
                return options[i].words;
        return call->note;
    default:
        return "";
    }
}

/* What a call that succeeded means. */
static char *
result_words(char *out, size_t room, const struct beat *beat)
{
    const struct call *call = &beat->call;
    const char *who = end_name(call->on);

    if (call->kind == CALL_ACCEPT)
        return accept_words(out, room, beat);
    if (call->kind == CALL_SEND)
        return send_words(out, room, beat);
    if (waits_for_many(call->kind))
        return woken_words(out, room, call);
    if (call->kind == CALL_RECV && call->result == 0 && call->on != NULL)
        snprintf(out, room, "%s says no more (end of stream)", who);
    else if (call->kind == CALL_RECV)
        data_words(out, room, call);
    else if (call->kind == CALL_BIND || call->kind == CALL_CONNECT)
        snprintf(out, room, "%s", call->note);
    else if (call->kind == CALL_LISTEN)
        snprintf(out, room, "from now on the kernel answers callers");
    else if (call->kind == CALL_CLOSE)
        snprintf(out, room, "%s%s is closed", call->on->kind == END_CLIENT ? "the socket of " : "",
                 who);
    else if (call->kind == CALL_FLAGS)
        snprintf(out, room, "%s: calls on it %s sleep", who, call->nonblock ? "never" : "may");
    else if (call->kind == CALL_SHUTDOWN)
        snprintf(out, room, "no more to %s", who);
    else if (call->kind == CALL_EPOLL_CTL)
        snprintf(out, room, "%s: %s", *who != '\0' ? who : "something", call->note);
    else if (call->kind == CALL_FORK)
        snprintf(out, room, "a new %s", call->nonblock ? "thread" : "process");
    else
        snprintf(out, room, "%s", plain_words(call));
    return out;
}

/* As the pictures call it: the server, one of its children, or one of their threads. */
static void
task_words(char *out, size_t room, const struct beat *beat)
{
    if (beat->task == 1)
        snprintf(out, room, "the server");
    else
        snprintf(out, room, "%s %d", beat->thread ? "thread" : "child", beat->task);
}

char *
beat_words(char *out, size_t room, const struct beat *beat)
{
    char what[32];

    task_words(what, sizeof(what), beat);
    out[0] = '\0';
    if (beat->kind == BEAT_ASLEEP)
        return asleep_words(out, room, beat);
    if (beat->kind == BEAT_CALL && beat->call.error != 0)
        snprintf(out, room, "%s", failure_words(&beat->call));
    else if (beat->kind == BEAT_CALL)
        return result_words(out, room, beat);
    else if (beat->kind == BEAT_REPEAT && beat->bytes > 0 && beat->client != NULL)
        snprintf(out, room, "%lld bytes more", beat->bytes);
    else if (beat->kind == BEAT_CAME)
        snprintf(out, room, "%s begins", what);
    else if (beat->kind == BEAT_GONE && WIFSIGNALED(beat->status))
        snprintf(out, room, "%s is ended by SIG%s", what,
                 sigabbrev_np(WTERMSIG(beat->status)));
    else if (beat->kind == BEAT_GONE)
        snprintf(out, room, "%s ends, exit code %d", what, WEXITSTATUS(beat->status));
    else if (beat->kind == BEAT_SIGNAL)
        snprintf(out, room, "the signal SIG%s comes", sigabbrev_np(beat->sig));
    else if (beat->kind == BEAT_QUEUED && beat->client != NULL)
        snprintf(out, room, "is connected; nobody has accepted it");
    else if (beat->kind == BEAT_QUEUED)
        snprintf(out, room, "%d are connected; nobody has accepted them", beat->queued);
    else if (beat->kind == BEAT_UNREAD)
        snprintf(out, room, "typed: %lld byte%s unread in the kernel", beat->bytes,
                 beat->bytes == 1 ? " lies" : "s lie");
    return out;
}

char *
blame_words(char *out, size_t room, const struct beat *beat)
{
    const struct blame *blame = &beat->blame;
    char times[32] = "";

    out[0] = '\0';
    if (beat->waited <= SHORT_WAIT)
        return out;
    if (blame->busy > blame->ns) {
        snprintf(out, room, "the server was busy%s%s",
                 blame->worked_for != NULL ? " for " : "",
                 blame->worked_for != NULL ? blame->worked_for->name : "");
        return out;
    }
    if (blame->times == 2)
        snprintf(times, sizeof(times), ", twice");
    else if (blame->times > 2)
        snprintf(times, sizeof(times), ", %d times", blame->times);
    if (blame->who != NULL)
        snprintf(out, room, "waited for %s%s", blame->who->name, times);
    else if (blame->kind == CALL_ACCEPT)
        snprintf(out, room, "waited for somebody to connect%s", times);
    else if (blame->kind == CALL_WAIT)
        snprintf(out, room, "waited for a child to end%s", times);
    else
        snprintf(out, room, "waited while the server slept%s", times);
    return out;
}
