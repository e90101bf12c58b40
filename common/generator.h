/*
 * generator.h -- a function that gives values one after another, and stands still between
 * them: half of what a coroutine is. Whoever asks for the next value goes on with it.
 */
#ifndef ECHOLAB_GENERATOR_H
#define ECHOLAB_GENERATOR_H

#include <stdbool.h>

#include "switch.h"

struct generator {
    struct stack stack;
    struct context context, caller;
    long (*run)(struct generator *self, void *arg);
    void *arg;
    long value;  /* yielded, sent, or returned */
    int error;   /* the errno that was thrown into it, or that it ended with; 0: none */
    bool done;
};

/* Makes a generator that will run(self, arg). Returns 0, or -1 with errno ENOMEM. */
int generator_make(struct generator *generator, long (*run)(struct generator *, void *),
                   void *arg);

/* Frees it, wherever it stands: it is not gone on with. */
void generator_free(struct generator *generator);

/*
 * Goes on with it: its yield returns `sent` (the first send starts it, and is not seen).
 * Returns true with what it yields next in *value. Returns false when it has ended: then
 * *value is what it returned, and errno its error if that is -1.
 */
bool generator_send(struct generator *generator, long sent, long *value);

/* The same, but its yield returns -1 with this errno. */
bool generator_throw(struct generator *generator, int error, long *value);

/* In a generator: gives a value. Returns 0 and what was sent in *sent; or -1, see throw. */
int generator_yield(struct generator *self, long value, long *sent);

/*
 * In a generator: lets the other one yield in its place until it ends, sends and errors
 * included. Returns what that one returned; frees it.
 */
long generator_yield_from(struct generator *self, struct generator *other);

#endif
