/* primitives_stream.c -- small programs: streams, and generators, from which tasks grew. */
#include "primitives.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "generator.h"
#include "stream.h"
#include "task.h"

/* ---- streams: lines and fixed lengths, though TCP knows neither. */

static long
answer(void *arg)
{
    struct stream *stream = arg;
    char line[100];

    while (await_readline(stream, line, sizeof(line)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        tell("server: heard the line \"%s\"", line);
        stream_write(stream, "echo ", 5);
        stream_write(stream, line, strlen(line));
        await_drain(stream);
    }
    tell("server: the client says no more");
    stream_close(stream);
    return 0;
}

long
streams_program(void *loop)
{
    int ends[2];
    char text[20] = "";

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == -1)
        return -1;
    struct stream *here = stream_open(loop, ends[0]), *there = stream_open(loop, ends[1]);
    struct task *server = begin(loop, "server", answer, there);
    stream_write(here, "he", 2);
    await_sleep(0.001);
    tell("client: half a line is sent, and no answer");
    stream_write(here, "llo\nbob\n", 8);
    await_read_exactly(here, text, 10);
    tell("client: the first ten bytes are \"%s\"", text);
    stream_write_eof(here);
    text[await_read_exactly(here, text, 8)] = '\0';
    tell("client: the next eight are \"%s\"", text);
    tell("client: then %zd: the end", await_read(here, text, 1));
    stream_close(here);
    return await_task(server);
}

/* ---- generator: yield gives a value out, send and throw bring something in. */

static long
ask(struct generator *self, void *arg)
{
    long heard;

    (void)arg;
    generator_yield(self, 1, &heard);
    tell("generator: I was sent %ld", heard);
    if (generator_yield(self, 2, &heard) == -1) {
        tell("generator: thrown at me: %s", strerror(errno));
        generator_yield(self, 10000, &heard);
        tell("generator: I was sent %ld", heard);
    }
    return 77;
}

static long
ask_through(struct generator *self, void *arg)
{
    struct generator inner;
    long heard;

    (void)arg;
    generator_yield(self, 0, &heard);
    if (generator_make(&inner, ask, NULL) == -1)
        return -1;
    tell("outer: inner returned %ld", generator_yield_from(self, &inner));
    return 78;
}

/* Sends 5, throws, sends 6: whoever is inside. */
static void
play_with(struct generator *generator)
{
    long value;

    generator_send(generator, 0, &value);
    tell("yields %ld", value);
    while (value == 0 && generator_send(generator, 0, &value))
        tell("yields %ld", value);
    generator_send(generator, 5, &value);
    tell("yields %ld", value);
    generator_throw(generator, EINVAL, &value);
    tell("yields %ld", value);
    if (!generator_send(generator, 6, &value))
        tell("ends with %ld", value);
    generator_free(generator);
}

long
generator_program(void *loop)
{
    struct generator plain, chained;

    (void)loop;
    if (generator_make(&plain, ask, NULL) == -1 ||
        generator_make(&chained, ask_through, NULL) == -1)
        return -1;
    play_with(&plain);
    tell("and now with yield from:");
    play_with(&chained);
    return 0;
}
