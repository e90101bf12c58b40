/* answer.c -- what the message server has to say. */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "say.h"
#include "text.h"

#define SHOWN 300 /* of what came or goes, on the console */

/* What can be searched for, and what is found. */
static const char *const book[][2] = {
    { "morpheus", "Follow the white rabbit. \U0001f430" },
    { "\U0001f436", "\U0001f43e Playing ball! \U0001f3d0" },
    { "alice", "Connected, and silent. \U0001f910" },
    { "bob", "Still waiting for alice. \u23f3" },
};

/* Writes what is found, as plain text. */
static void
search(const struct json *value, FILE *out)
{
    for (size_t i = 0; i < sizeof(book) / sizeof(book[0]); i++)
        if (json_is(value, book[i][0])) {
            fputs(book[i][1], out);
            return;
        }
    fputs("No match for '", out);
    fwrite(value->text, 1, value->len, out);
    fputs("'.", out);
}

/* Obeys {"action": "search", "value": "bob"}; writes the result as plain text. */
static int
obey(const struct json *request, const char *who, FILE *out, char *why)
{
    const struct json *action = json_member(request, "action");
    const struct json *value = json_member(request, "value");
    char what[SHOWN], for_what[SHOWN];

    if (action == NULL || action->type != JSON_STRING || value == NULL ||
        value->type != JSON_STRING) {
        snprintf(why, FRAME_REASON, "a request needs \"action\" and \"value\", both strings");
        return -1;
    }
    say("Received request %s %s from %s", escape(what, SHOWN, action->text, action->len),
        escape(for_what, SHOWN, value->text, value->len), who);
    if (json_is(action, "search")) {
        search(value, out);
    } else {
        fputs("Error: invalid action '", out);
        fwrite(action->text, 1, action->len, out);
        fputs("'.", out);
    }
    return 0;
}

/*
 * Writes {"result": "..."}. Returns -1 when the request makes no sense, and says why, or when
 * there is no memory.
 */
static int
answer_json(const struct frame *f, const char *content, const char *who, FILE *out, char *why)
{
    struct json *request = frame_object(f, content, why);
    struct json_writer w = { .out = out };
    struct text text = { .bytes = NULL };
    FILE *words = request != NULL ? text_open(&text) : NULL;
    int result = words != NULL ? obey(request, who, words, why) : -1;

    if (text_close(words, &text) == -1)
        result = -1;
    if (result == 0) {
        json_open(&w, NULL, '{');
        json_put_bytes(&w, "result", text.bytes, text.len);
        json_close(&w, '}');
    }
    free(text.bytes);
    json_free(request);
    return result;
}

/* Whatever this is, ten bytes of it go back. */
static int
answer_bytes(const struct frame *f, const char *content, const char *who, FILE *out)
{
    char what[SHOWN];

    say("Received %s request from %s", escape(what, SHOWN, f->type, strlen(f->type)), who);
    fputs("First 10 bytes of request: ", out);
    fwrite(content, 1, f->content_len < 10 ? f->content_len : 10, out);
    return 0;
}

char *
answer_to(const struct frame *f, const char *content, const char *who, bool crc, size_t *size,
          char *why)
{
    bool is_json = frame_is_json(f);
    const struct frame ours = {
        .byteorder = own_byteorder(),
        .type = is_json ? "text/json" : "binary/custom-server-binary-type",
        .encoding = is_json ? "utf-8" : "binary",
        .has_crc = crc,
    };
    char *message = NULL, shown[SHOWN];
    struct text text = { .bytes = NULL };
    FILE *out = text_open(&text);
    int result = -1;

    snprintf(why, FRAME_REASON, "no memory for an answer");
    if (out != NULL && frame_check(f, content, why) == 0) {
        result = is_json ? answer_json(f, content, who, out, why)
                         : answer_bytes(f, content, who, out);
    }
    if (text_close(out, &text) == 0 && result == 0)
        message = frame_write(&ours, text.bytes, text.len, size);
    if (message != NULL && saying())
        say("Sending %s to %s", escape(shown, SHOWN, message, *size), who);
    free(text.bytes);
    return message;
}
