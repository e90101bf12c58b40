/* answer.h -- what the message server has to say: a search in a small book, or bytes back. */
#ifndef ECHOLAB_ANSWER_H
#define ECHOLAB_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "frame.h"

/*
 * Answers a whole message: f is its header, content its content, `who` sent it (for the
 * console). Returns the answer as bytes to be sent and then given to free(), their number in
 * *size; NULL with the reason in why[FRAME_REASON]. With crc the answer has a checksum.
 */
char *answer_to(const struct frame *f, const char *content, const char *who, bool crc,
                size_t *size, char *why);

#endif
