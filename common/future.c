/* future.c -- a result that is not there yet. */
#include "future.h"

#include <errno.h>
#include <string.h>

void
future_init(struct future *future, struct loop *loop)
{
    *future = (struct future){ .loop = loop };
    ring_make(&future->callbacks);
}

static bool
finish(struct future *future, long result, int error, const char *why)
{
    if (future->done)
        return false;
    future->done = true;
    future->result = result;
    future->error = error;
    future->why = why;
    while (!ring_empty(&future->callbacks)) {
        struct handle *callback = future->callbacks.next;

        handle_cancel(callback);
        call_soon(future->loop, callback);
    }
    return true;
}

bool
future_set_result(struct future *future, long result)
{
    return finish(future, result, 0, NULL);
}

bool
future_set_error(struct future *future, int error, const char *why)
{
    return finish(future, -1, error, why);
}

bool
future_cancel(struct future *future)
{
    return finish(future, -1, ECANCELED, NULL);
}

long
future_result(struct future *future)
{
    if (!future->done) {
        errno = EINPROGRESS;
        return -1;
    }
    future->heard = true;
    if (future->result == -1)
        errno = future->error;
    return future->result;
}

const char *
future_why(const struct future *future)
{
    if (!future->done || future->result != -1)
        return NULL;
    return future->why != NULL ? future->why : strerror(future->error);
}

void
future_add_callback(struct future *future, struct handle *callback)
{
    if (future->done)
        call_soon(future->loop, callback);
    else if (!handle_waits(callback))
        ring_append(&future->callbacks, callback);
}
