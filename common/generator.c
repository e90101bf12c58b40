/* generator.c -- a function that gives values one after another. */
#include "generator.h"

#include <errno.h>

static _Thread_local struct generator *starting; /* for begin(), which takes no argument */

static void
begin(void)
{
    struct generator *self = starting;

    context_entered(&self->caller);
    self->value = self->error != 0 ? -1 : self->run(self, self->arg);
    if (self->value == -1 && self->error == 0)
        self->error = errno;
    self->done = true;
    context_end(&self->context, &self->caller);
}

int
generator_make(struct generator *generator, long (*run)(struct generator *, void *), void *arg)
{
    *generator = (struct generator){ .run = run, .arg = arg };
    if (stack_make(&generator->stack, 0) == -1)
        return -1;
    context_make(&generator->context, &generator->stack, begin);
    return 0;
}

void
generator_free(struct generator *generator)
{
    stack_free(&generator->stack);
}

/* Goes on with it until it yields or ends. */
static bool
go_on(struct generator *generator, long sent, int error, long *value)
{
    if (!generator->done) {
        generator->value = sent;
        generator->error = error;
        starting = generator;
        context_switch(&generator->caller, &generator->context);
    }
    *value = generator->value;
    if (generator->done && generator->value == -1)
        errno = generator->error;
    return !generator->done;
}

bool
generator_send(struct generator *generator, long sent, long *value)
{
    return go_on(generator, sent, 0, value);
}

bool
generator_throw(struct generator *generator, int error, long *value)
{
    return go_on(generator, 0, error, value);
}

int
generator_yield(struct generator *self, long value, long *sent)
{
    self->value = value;
    context_switch(&self->context, &self->caller);
    *sent = self->value;
    if (self->error == 0)
        return 0;
    errno = self->error;
    self->error = 0;
    return -1;
}

long
generator_yield_from(struct generator *self, struct generator *other)
{
    long value, sent;
    bool more = generator_send(other, 0, &value);

    while (more) {
        if (generator_yield(self, value, &sent) == 0)
            more = generator_send(other, sent, &value);
        else
            more = generator_throw(other, errno, &value);
    }
    int saved = errno;
    generator_free(other);
    errno = saved;
    return value;
}
