/*
 * chores.h -- one client, and what happens to it in every stage: the console line, the
 * socket option, the demonstration that --work or --boom asks for. Side business, kept
 * out of the chapters; a stage calls each chore at the place where it happens.
 */
#ifndef ECHOLAB_CHORES_H
#define ECHOLAB_CHORES_H

#include <stdbool.h>
#include <stddef.h>

#include "net.h"
#include "stage.h"

#define WORD_LIMIT 20 /* "work 1000" and "boom" are shorter */

/*
 * One client. A stage fills buf behind len, and sends owed bytes from its beginning.
 * One buffer is enough: while we owe something we hear nothing new, so a client that
 * never reads costs no more than this.
 */
struct conn {
    int fd;
    size_t len;  /* bytes heard and not yet sent back */
    size_t owed; /* of them, what may go back now: a whole line, or all with --stream */
    const struct settings *set;
    char name[ADDRESS_TEXT]; /* "127.0.0.1:56526" */
    char word[WORD_LIMIT];   /* what --work and --boom look at: the line so far */
    unsigned char word_len;
    bool lent;               /* its memory is not ours to free */
    bool boom;               /* it typed "boom": the handler is to fail (--boom) */
    char buf[]; /* set->room bytes */
};

/*
 * A client came: says so, sets --nodelay and --read-timeout. Returns its conn, to be given
 * back to client_left(); NULL when there is no memory (then fd is closed already).
 */
struct conn *client_came(int fd, const struct peer *peer, const struct settings *set);

/*
 * The same in memory of sizeof(struct conn) + set->room bytes that somebody lends for as
 * long as the client stays. It cannot fail.
 */
void client_came_at(struct conn *c, int fd, const struct peer *peer, const struct settings *set);

/* How many bytes the next recv() may put behind c->len; never 0 while nothing is owed. */
static inline size_t
room_for(const struct conn *c)
{
    size_t left = c->set->room - PREFIX_LIMIT - c->len;

    return c->set->chunk < left ? c->set->chunk : left;
}

/* The long way of client_said() and client_got(), when there is something to say or to do. */
void client_said_more(struct conn *c, size_t n);
void client_got_part(struct conn *c, size_t n);

/*
 * recv() put n bytes behind c->len; 0 says that no more will come. Says so, obeys a line
 * "work 1000" or "boom" when --work or --boom allows, and sets c->owed.
 */
static inline void
client_said(struct conn *c, size_t n)
{
    if (!c->set->plain) {
        client_said_more(c, n);
        return;
    }
    c->len += n; /* the short way: next to nothing beside recv() and send() */
    c->owed = c->len;
}

/* send() took n of the owed bytes: moves the rest to the front, looks for the next line. */
static inline void
client_got(struct conn *c, size_t n)
{
    if (n == c->len)
        c->owed = c->len = 0;
    else
        client_got_part(c, n);
}

/* Says that --read-timeout is over: "Close connection by timeout". */
void client_silent(const struct conn *c);

/*
 * A call for this client failed with errno: it has to go. Says so when it was --read-timeout
 * or our own lack of memory; a client that is gone is no news. Returns -1.
 */
int client_failed(const struct conn *c);

/* A client leaves: says so, closes its socket, frees c. Leaves errno alone. */
void client_left(struct conn *c);

/* How many clients this process has now. */
int clients_now(void);

/*
 * accept() failed with errno: complains at most once a second. Returns -1 when the listener
 * was shut down (the server is to stop), else how many ms to ask for no new client: 0, or
 * 1000 when descriptors or memory ran out.
 */
int accept_failed(void);

/* How many ms the pause of accept_failed() still lasts; 0 once a client has left. */
int accept_pause(void);

/* What a loop may sleep, in ms: the pause, or --tick, or -1 for ever. */
int wait_limit(const struct settings *set);

/* A wait ended without any event: says so when --tick asked for it. */
void no_events(const struct settings *set);

#endif
