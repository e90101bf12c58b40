/*
 * frame.h -- messages on a stream of bytes. A message is
 *
 *     2 bytes          how long the header is, the higher byte first
 *     header           a JSON object: byteorder, content-type, content-encoding,
 *                      content-length, perhaps content-crc32
 *     content          as many bytes as the header says
 *
 * Here is what a server and a client do alike: read a header, check a content, write a
 * message. When enough bytes have come for that is theirs to find out.
 */
#ifndef ECHOLAB_FRAME_H
#define ECHOLAB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_PREFIX 2   /* bytes in front of the header */
#define FRAME_REASON 240 /* room for a sentence about what is wrong */

/* What the header of a message said. */
struct frame {
    struct json *header;  /* NULL before frame_read(); all texts below stand in it */
    const char *byteorder; /* "big" or "little": the machine of the sender */
    const char *type, *encoding;
    size_t content_len;
    size_t size; /* of the whole message, with the two bytes and the header */
    bool has_crc;
    uint32_t crc;
};

/*
 * The first len bytes of a message have come. Returns 1 when it is known where its header
 * ends, and sets *header_end; 0 when it takes more bytes; -1 with the reason in
 * why[FRAME_REASON] when this is no message: strangers (HTTP, TLS, telnet) are told early, by
 * what stands behind the length.
 */
int frame_begins(const char *bytes, size_t len, size_t *header_end, char *why);

/*
 * The first header_end bytes of a message have come: reads the header into *f, to be given
 * back to frame_free() in any case; a content above max_content is refused. Returns 0, or -1
 * with the reason in why[FRAME_REASON].
 */
int frame_read(struct frame *f, const char *bytes, size_t header_end, size_t max_content,
               char *why);

/* Compares the content with its checksum, if it has one. Returns 0, or -1 as above. */
int frame_check(const struct frame *f, const char *content, char *why);

/* Is the content text in JSON? Everything else is bytes that we do not understand. */
bool frame_is_json(const struct frame *f);

/*
 * The JSON object in the content of a frame_is_json(), to be given back to json_free(); or
 * NULL with the reason in why[FRAME_REASON].
 */
struct json *frame_object(const struct frame *f, const char *content, char *why);

void frame_free(struct frame *f);

/*
 * Writes a message: the header says what f->byteorder, type, encoding say, and a checksum
 * when f->has_crc. Returns its bytes, to be given to free(), and their number in *size; NULL
 * when there is no memory.
 */
char *frame_write(const struct frame *f, const char *content, size_t len, size_t *size);

/* "big" or "little": this machine. */
const char *own_byteorder(void);

/* The checksum of zip, Ethernet and PNG (CRC-32, polynomial 0xedb88320). */
uint32_t crc32_of(const char *bytes, size_t n);

#endif
