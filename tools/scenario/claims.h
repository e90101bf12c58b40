/*
 * claims.h -- what the lessons say: which scenarios a stage fails. The one place for it is the
 * file lessons/claims, which also quotes the words of the stage's header that admit it.
 */
#ifndef ECHOLAB_CLAIMS_H
#define ECHOLAB_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the stage's lesson say that it fails this scenario? When it does, the words that its
 * header has for it go to words[room] (which may be NULL).
 */
bool claims_failure(const char *stage, const char *scenario, char *words, size_t room);

#endif
