/* hearing.h -- inside the crowd: what came back, compared with what was sent. */
#ifndef ECHOLAB_HEARING_H
#define ECHOLAB_HEARING_H

#include "crowd.h"

/* How many bytes go through the crowd's buffers at a time. */
#define CROWD_CHUNK 65536

/* Copies n bytes that c was told to send, from place `from` on. */
void sent_bytes(const struct client *c, uint64_t from, unsigned char *out, size_t n);

/* n bytes in crowd->buffer came for c. */
void client_hears(struct crowd *crowd, struct client *c, size_t n);

#endif
