/* handle.h -- a call to be made later, and the rings in which such calls wait. */
#ifndef ECHOLAB_HANDLE_H
#define ECHOLAB_HANDLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A call to be made later. Its owner keeps the memory while it waits, so that waiting never
 * needs memory and never fails.
 */
struct handle {
    void (*call)(void *arg);
    void *arg;
    struct handle *next, *prev; /* its neighbours in a ring; NULL when it is in none */
};

/* Makes an empty ring of this handle: its head, which is never called. */
static inline void
ring_make(struct handle *ring)
{
    ring->next = ring->prev = ring;
}

/* Is nobody in the ring? */
static inline bool
ring_empty(const struct handle *ring)
{
    return ring->next == ring;
}

/* Puts a handle that is in no ring at the end of this one. */
static inline void
ring_append(struct handle *ring, struct handle *handle)
{
    handle->prev = ring->prev;
    handle->next = ring;
    ring->prev->next = handle;
    ring->prev = handle;
}

/* Takes the first handle out of a ring that is not empty. */
static inline struct handle *
ring_take(struct handle *ring)
{
    struct handle *first = ring->next;

    ring->next = first->next;
    first->next->prev = ring;
    first->next = first->prev = NULL;
    return first;
}

/* Does it wait in a ring? */
static inline bool
handle_waits(const struct handle *handle)
{
    return handle->next != NULL;
}

/* The call is not to be made: takes it out of its ring. Does nothing when it is in none. */
static inline void
handle_cancel(struct handle *handle)
{
    if (handle->next == NULL)
        return;
    handle->prev->next = handle->next;
    handle->next->prev = handle->prev;
    handle->next = handle->prev = NULL;
}

#endif
