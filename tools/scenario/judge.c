/* judge.c -- what a step expects of its clients, and what they saw instead. */
#include "judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

#define SEEN_BYTES 40 /* of an unexpected answer, so many are shown */

static enum verdict
judge_bytes(struct player *player, const struct step *step, const struct client *c)
{
    enum agreement agreement = client_agrees(&player->crowd, c, &step->data);

    if (agreement == AGREES)
        return HOLDS;
    return agreement == DISAGREES || c->eof || c->where != CONNECTED ? FAILS : DONE;
}

static enum verdict
judge_echo(const struct client *c)
{
    if (c->n_odd > 0)
        return FAILS;
    if (client_all_echoed(c) && c->where != ABSENT)
        return HOLDS;
    return c->eof || c->where != CONNECTED ? FAILS : DONE;
}

/* Refused at last? Otherwise the client knocks again. */
static enum verdict
judge_refused(struct player *player, struct client *c)
{
    if (c->where == BROKEN && c->error == ECONNREFUSED)
        return HOLDS;
    if (c->where != CONNECTING)
        client_connect(&player->crowd, c);
    return DONE;
}

enum verdict
judge_client(struct player *player, const struct step *step, struct client *c)
{
    switch (step->action) {
    case DO_CONNECT:
        return c->where == CONNECTED ? HOLDS : c->where == CONNECTING ? DONE : FAILS;
    case EXPECT_BYTES:
        return judge_bytes(player, step, c);
    case EXPECT_ECHO:
        return judge_echo(c);
    case EXPECT_EOF:
        return c->eof ? HOLDS : c->where != CONNECTED ? FAILS : DONE;
    case EXPECT_RESET:
        return c->reset ? HOLDS : c->where != CONNECTED ? FAILS : DONE;
    case EXPECT_CLOSED:
        return c->eof || c->reset ? HOLDS : c->where != CONNECTED ? FAILS : DONE;
    case EXPECT_REFUSED:
        return judge_refused(player, c);
    case EXPECT_SENT:
        return c->where != CONNECTED ? FAILS : c->written == c->told ? HOLDS : DONE;
    case EXPECT_SILENCE:
        return client_unused(c) > c->late || c->eof || c->where != CONNECTED ? FAILS : DONE;
    default:
        return HOLDS;
    }
}

void
judge_settle(struct player *player, const struct step *step, struct client *c, bool held)
{
    if (!held)
        log_event(player->crowd.log, (int)c->number, EVENT_FAILED, step->line);
    if (step->action != EXPECT_BYTES && step->action != EXPECT_ECHO)
        return;
    if (held && step->action == EXPECT_BYTES)
        client_take(&player->crowd, c, c->late + step->data.size);
    else if (held || c->n_odd > 0)
        client_take(&player->crowd, c, client_unused(c));
    else if (step->action == EXPECT_BYTES)
        c->late += step->data.size;
}

/* How the connection is, when it is not simply open. */
static const char *
state_text(const struct client *c)
{
    if (c->where == ABSENT)
        return "it was not connected";
    if (c->where == CONNECTING)
        return "the connection never came about";
    if (c->where == BROKEN && c->reset)
        return "the connection was reset";
    if (c->where == BROKEN)
        return strerror(c->error);
    return c->eof ? "the server closed the connection" : NULL;
}

/* "nothing came", "\"hel\" came and no more", "...; then the connection was reset". */
static void
say_bytes(const struct client *c, uint64_t expected, char *out, size_t room)
{
    unsigned char bytes[SEEN_BYTES];
    char text[4 * SEEN_BYTES + 8];
    uint64_t there = client_unused(c) > c->late ? client_unused(c) - c->late : 0;
    const char *state = state_text(c);
    const char *then = state != NULL ? "; then " : "";

    if (there == 0)
        snprintf(out, room, "%s", state != NULL ? state : "nothing came");
    else if (there <= sizeof(bytes) || c->n_odd > 0)
        snprintf(out, room, "%s came%s%s",
                 escape(text, sizeof(text), bytes, client_peek(c, bytes, sizeof(bytes))), then,
                 state != NULL ? state : "");
    else
        snprintf(out, room, "%llu of %llu bytes came%s%s", (unsigned long long)there,
                 (unsigned long long)expected, then, state != NULL ? state : "");
}

void
judge_says(const struct step *step, const struct client *c, char *out, size_t room)
{
    const char *state = state_text(c);
    uint64_t same = c->echoed;

    switch (step->action) {
    case EXPECT_BYTES:
        say_bytes(c, step->data.size, out, room);
        break;
    case EXPECT_ECHO:
        if (c->n_odd > 0 && same > 0)
            snprintf(out, room, "after %llu right bytes came others", (unsigned long long)same);
        else
            say_bytes(c, c->told - c->mark, out, room);
        break;
    case EXPECT_SILENCE:
        say_bytes(c, 0, out, room);
        break;
    case EXPECT_SENT:
        snprintf(out, room, "%llu of %llu bytes could be sent%s%s", (unsigned long long)c->written,
                 (unsigned long long)c->told, state != NULL ? "; " : "",
                 state != NULL ? state : "");
        break;
    case EXPECT_REFUSED:
        snprintf(out, room, "%s", c->where == CONNECTED ? "it was let in" : state);
        break;
    default:
        snprintf(out, room, "%s", state != NULL ? state : "the connection is still open");
    }
}
