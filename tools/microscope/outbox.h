/*
 * outbox.h -- output that its writer never waits for: what a slow reader does not take yet
 * is kept, up to a limit, and what does not fit is dropped and counted.
 */
#ifndef ECHOLAB_OUTBOX_H
#define ECHOLAB_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#define OUTBOX_ROOM (4 << 20) /* bytes kept for a slow reader */

struct outbox {
    int fd;
    const char *name;      /* of the file; NULL for stdout */
    char *kept;
    size_t from, len;      /* the bytes not written yet are kept[from..len) */
    unsigned long dropped; /* lines */
    int error;             /* errno of the write that failed; then nothing more is written */
};

/* Opens the file, or stdout for NULL. Ends the program with a line when it cannot. */
void outbox_open(struct outbox *box, const char *name);

/* Adds one line; the newline is added here. */
void outbox_line(struct outbox *box, const char *text);

/* Writes what can be written at once. Returns how many bytes are still kept. */
size_t outbox_push(struct outbox *box);

/* Writes the rest; waits two seconds at most for a reader. Returns 0, or the errno. */
int outbox_close(struct outbox *box);

#endif
