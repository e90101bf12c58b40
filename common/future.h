/* future.h -- a result that is not there yet, and the calls to make when it comes. */
#ifndef ECHOLAB_FUTURE_H
#define ECHOLAB_FUTURE_H

#include <stdbool.h>

#include "loop.h"

struct future {
    struct loop *loop;
    struct handle callbacks; /* the head of a ring */
    long result;             /* 0 or more; -1: it failed */
    int error;               /* the errno of a failure; ECANCELED: it was cancelled */
    const char *why;         /* the failure in words; NULL: strerror() knows them */
    bool done;
    bool heard;              /* somebody has asked how it ended */
};

/* Makes a future that has not come yet. */
void future_init(struct future *future, struct loop *loop);

/* It has come to this. Only the first one counts: returns false when it was done already. */
bool future_set_result(struct future *future, long result);

/* It has failed: errno `error`, and in words `why`, which may be NULL. The same rule. */
bool future_set_error(struct future *future, int error, const char *why);

/* Nobody needs it any more: it fails with ECANCELED. The same rule. */
bool future_cancel(struct future *future);

/* Its result; or -1 with its errno, which is EINPROGRESS while it is not done. */
long future_result(struct future *future);

/* Its failure in words; NULL when it has not failed. */
const char *future_why(const struct future *future);

/* Makes the call soon after it is done; handle_cancel() takes it back. */
void future_add_callback(struct future *future, struct handle *callback);

#endif
