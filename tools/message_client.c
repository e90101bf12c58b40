/*
 * message_client.c -- `echolab message-client`: asks the message server.
 *
 * It has one conversation and may sleep in it, so it reads a message as it is told: two
 * bytes, the header, the content. Compare how the server, which must not sleep, collects the
 * same three parts in stages/50_message.c.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "commands.h"
#include "dial.h"
#include "frame.h"
#include "json.h"
#include "net.h"
#include "say.h"
#include "text.h"
#include "utf8.h"

struct wish {
    const char *host, *port, *byteorder;
    bool keep, crc;
    int connect_ms, read_ms;
    size_t max_content;
    char where[ADDRESS_TEXT]; /* "127.0.0.1:8000" */
};

enum { LONG_HOST = 256, LONG_BYTEORDER, LONG_KEEP, LONG_CRC, LONG_CONNECT_TIMEOUT,
       LONG_MAX_CONTENT };

static const struct option longs[] = {
    { "host", 1, NULL, LONG_HOST },
    { "port", 1, NULL, 'p' },
    { "byteorder", 1, NULL, LONG_BYTEORDER },
    { "keep", 0, NULL, LONG_KEEP },
    { "crc", 0, NULL, LONG_CRC },
    { "connect-timeout", 1, NULL, LONG_CONNECT_TIMEOUT },
    { "read-timeout", 1, NULL, 'i' },
    { "max-content", 1, NULL, LONG_MAX_CONTENT },
    { "help", 0, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char help[] =
    "usage: echolab message-client [OPTION...] ACTION VALUE [ACTION VALUE]...\n"
    "\n"
    "Sends a request to `echolab message` and prints the answer. The ACTION search\n"
    "looks VALUE up (try morpheus, bob, alice); any other ACTION is sent, with VALUE\n"
    "behind it, as bytes.\n"
    "\n"
    "  -p, --port=PORT            default 8000, or ECHOLAB_PORT\n"
    "      --host=HOST            address, name or unix:PATH; default 127.0.0.1, or\n"
    "                             ECHOLAB_BIND\n"
    "      --byteorder=big|little what we say of our machine (default: the truth)\n"
    "      --keep                 all requests on one connection (the server needs\n"
    "                             --keep, too); otherwise each has its own\n"
    "      --crc                  send a checksum, and want one in the answer\n"
    "      --max-content=BYTES    the largest answer accepted (default 1048576)\n"
    "      --connect-timeout=SEC  give up connecting after so long (default 10)\n"
    "  -i, --read-timeout=SEC     give up when no byte moved for so long (default 5)\n"
    "\n"
    "0 seconds: never give up. Exit code: 0 answered, 1 no answer or not as agreed,\n"
    "2 usage, 3 cannot connect.\n";

/* A send() or recv() failed with errno: says so in why. Returns -1. */
static int
call_failed(const char *doing, char *why)
{
    char what[TROUBLE_TEXT];

    if (errno == EAGAIN) /* SO_SNDTIMEO and SO_RCVTIMEO end a call like this */
        snprintf(why, FRAME_REASON, "%s timeout", doing);
    else
        snprintf(why, FRAME_REASON, "%s error: %s", doing, trouble(errno, what, sizeof(what)));
    return -1;
}

static int
send_all(int fd, const char *bytes, size_t n, char *why)
{
    while (n > 0) {
        ssize_t done = send(fd, bytes, n, 0);

        if (done == -1 && errno != EINTR)
            return call_failed("send data", why);
        if (done > 0) {
            bytes += done;
            n -= (size_t)done;
        }
    }
    return 0;
}

/* Makes *bytes `size` long and hears what is missing, from `len` on. */
static int
hear_up_to(int fd, char **bytes, size_t len, size_t size, char *why)
{
    char *room = realloc(*bytes, size);

    if (room == NULL) {
        snprintf(why, FRAME_REASON, "no memory for %zu bytes", size);
        return -1;
    }
    *bytes = room;
    while (len < size) {
        ssize_t n = recv(fd, room + len, size - len, 0);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return call_failed("receive data", why);
        if (n == 0) {
            snprintf(why, FRAME_REASON, "Peer closed. The console of the server says why.");
            return -1;
        }
        len += (size_t)n;
    }
    return 0;
}

/* Prints text as it is, but nothing that a terminal would obey. */
static void
print_text(const char *text, size_t len)
{
    while (len > 0) {
        size_t n = utf8_length(text, len);
        bool control = n == 1 ? (unsigned char)*text < 0x20 || *text == 0x7f
                              : n == 2 && *text == '\xc2' && (unsigned char)text[1] < 0xa0;

        if (n == 0 || control)
            printf("\\x%02x", (unsigned)(unsigned char)*text);
        else
            fwrite(text, 1, n, stdout);
        text += n > 0 ? n : 1;
        len -= n > 0 ? n : 1;
    }
}

static int
show_json(const struct wish *wish, const struct frame *f, const char *content, char *why)
{
    struct json *value = frame_object(f, content, why);
    const struct json *text = value == NULL ? NULL : json_member(value, "result");
    bool fine = text != NULL && text->type == JSON_STRING;

    if (value != NULL) {
        printf("Received response ");
        print_text(content, f->content_len);
        printf(" from %s\n", wish->where);
        snprintf(why, FRAME_REASON, "the answer has no \"result\"; is this an echo server?");
    }
    if (fine) {
        printf("Got result: ");
        print_text(text->text, text->len);
        putchar('\n');
    }
    json_free(value);
    return fine ? 0 : -1;
}

static int
show_bytes(const struct wish *wish, const struct frame *f, const char *content, char *why)
{
    size_t room = 4 * f->content_len + 60; /* each byte may become \xff */
    char *shown = malloc(room);

    if (shown == NULL) {
        snprintf(why, FRAME_REASON, "no memory to show the answer");
        return -1;
    }
    printf("Received ");
    print_text(f->type, strlen(f->type));
    printf(" response from %s\nGot response: %s\n", wish->where,
           escape(shown, room, content, f->content_len));
    free(shown);
    return 0;
}

/* Hears one message and prints it. *f and *bytes are to be freed in any case. */
static int
hear_answer(const struct wish *wish, int fd, struct frame *f, char **bytes, char *why)
{
    const size_t least = FRAME_PREFIX + 1; /* so much tells a stranger already */
    const char *content;
    size_t end;

    if (hear_up_to(fd, bytes, 0, least, why) == -1 ||
        frame_begins(*bytes, least, &end, why) == -1 ||
        hear_up_to(fd, bytes, least, end, why) == -1 ||
        frame_read(f, *bytes, end, wish->max_content, why) == -1 ||
        hear_up_to(fd, bytes, end, f->size, why) == -1 ||
        frame_check(f, *bytes + end, why) == -1)
        return -1;
    if (wish->crc && !f->has_crc) {
        snprintf(why, FRAME_REASON, "the answer has no checksum; start the server with --crc");
        return -1;
    }
    content = *bytes + end;
    return frame_is_json(f) ? show_json(wish, f, content, why)
                            : show_bytes(wish, f, content, why);
}

/* The request as a message; NULL when there is no memory. */
static char *
write_request(const struct wish *wish, const char *action, const char *value, size_t *size)
{
    bool is_search = strcmp(action, "search") == 0;
    const struct frame f = {
        .byteorder = wish->byteorder,
        .type = is_search ? "text/json" : "binary/custom-client-binary-type",
        .encoding = is_search ? "utf-8" : "binary",
        .has_crc = wish->crc,
    };
    char *message = NULL;
    struct text content;
    FILE *out = text_open(&content);
    struct json_writer w = { .out = out };

    if (out == NULL)
        return NULL;
    if (is_search) {
        json_open(&w, NULL, '{');
        json_put_string(&w, "action", action);
        json_put_string(&w, "value", value);
        json_close(&w, '}');
    } else {
        fprintf(out, "%s%s", action, value);
    }
    if (text_close(out, &content) == 0)
        message = frame_write(&f, content.bytes, content.len, size);
    free(content.bytes);
    return message;
}

/* One request and its answer. Returns 0, or -1 when something was not as agreed. */
static int
ask(const struct wish *wish, int fd, const char *action, const char *value)
{
    char why[FRAME_REASON], shown[300];
    struct frame f = { .header = NULL };
    char *answer = NULL;
    size_t size;
    char *request = write_request(wish, action, value, &size);
    int result;

    if (request == NULL)
        errx(1, "no memory for the request");
    printf("Sending %s to %s\n", escape(shown, sizeof(shown), request, size), wish->where);
    result = send_all(fd, request, size, why);
    if (result == 0)
        result = hear_answer(wish, fd, &f, &answer, why);
    if (result == -1)
        warnx("Error: Exception for %s: %s", wish->where, why);
    frame_free(&f);
    free(answer);
    free(request);
    return result;
}

static int
start_connection(const struct wish *wish)
{
    struct timeval limit = { .tv_sec = wish->read_ms / 1000,
                             .tv_usec = wish->read_ms % 1000 * 1000 };
    int fd;

    printf("Starting connection to %s\n", wish->where);
    fd = dial(wish->host, wish->port, wish->connect_ms == 0 ? -1 : wish->connect_ms);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == -1)
        err(1, "setsockopt");
    return fd;
}

static void
read_option(struct wish *wish, int key, char **argv)
{
    switch (key) {
    case 'p':
        wish->port = optarg;
        break;
    case LONG_HOST:
        wish->host = optarg;
        break;
    case LONG_BYTEORDER:
        if (strcmp(optarg, "big") != 0 && strcmp(optarg, "little") != 0)
            errx(USAGE_ERROR, "--byteorder must be big or little, not '%s'", optarg);
        wish->byteorder = optarg;
        break;
    case LONG_KEEP:
        wish->keep = true;
        break;
    case LONG_CRC:
        wish->crc = true;
        break;
    case LONG_MAX_CONTENT:
        wish->max_content = (size_t)number_argument("--max-content", optarg, 0, 1 << 30);
        break;
    case LONG_CONNECT_TIMEOUT:
        wish->connect_ms = milliseconds_argument("--connect-timeout", optarg);
        break;
    case 'i':
        wish->read_ms = milliseconds_argument("--read-timeout", optarg);
        break;
    default:
        bad_option(key, argv, longs);
    }
}

/* ACTION and VALUE, always two of them, and VALUE a text when it goes into JSON. */
static void
check_operands(int argc, char **argv)
{
    if (optind == argc)
        errx(USAGE_ERROR, "needs ACTION and VALUE, for example: search morpheus");
    if ((argc - optind) % 2 != 0)
        errx(USAGE_ERROR, "'%s' has no VALUE; ACTION and VALUE come in pairs", argv[argc - 1]);
    for (int i = optind; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], "search") != 0)
            continue;
        for (size_t left = strlen(value), n; left > 0; value += n, left -= n) {
            n = utf8_length(value, left);
            if (n == 0)
                errx(USAGE_ERROR, "VALUE of search must be UTF-8; send other bytes as binary");
        }
    }
}

int
message_client_main(int argc, char **argv)
{
    struct wish wish = {
        .host = from_environment("ECHOLAB_BIND", "127.0.0.1"),
        .port = from_environment("ECHOLAB_PORT", "8000"),
        .byteorder = own_byteorder(),
        .connect_ms = 10000, .read_ms = 5000, .max_content = 1 << 20,
    };
    int fd = -1, failed = 0, key;

    opterr = 0;
    while ((key = getopt_long(argc, argv, ":p:i:h", longs, NULL)) != -1) {
        if (key == 'h') {
            fputs(help, stdout);
            return 0;
        }
        read_option(&wish, key, argv);
    }
    check_operands(argc, argv);
    port_argument(wish.port);
    place(wish.host, wish.port, wish.where, sizeof(wish.where));
    for (int i = optind; i < argc; i += 2) {
        if (fd == -1)
            fd = start_connection(&wish);
        if (ask(&wish, fd, argv[i], argv[i + 1]) == -1)
            failed = 1;
        if (wish.keep && i + 2 < argc && failed == 0)
            continue;
        printf("Closing connection to %s\n", wish.where);
        close(fd);
        fd = -1;
        if (wish.keep && failed == 1)
            return 1;
    }
    return failed;
}
