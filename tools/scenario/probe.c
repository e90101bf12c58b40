/* probe.c -- what a scenario asks of the server and does to it. */
#include "probe.h"

#include <sys/wait.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define BURNS 90.0   /* per cent: so much only a program wants that never sleeps */
#define STOP_MS 1000 /* at a restart, SIGTERM gets so long before SIGKILL */

/* Keeps what was seen, as a sentence. */
__attribute__((format(printf, 2, 3))) static void
saw(struct result *result, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(result->saw, sizeof(result->saw), fmt, args);
    va_end(args);
}

static bool
runs(struct player *player)
{
    pid_t pid;

    server_look(&player->server);
    return !player->server.gone || processes_below(getpid(), &pid, 1) > 0;
}

/* The first sentence of every failure that has a common cause. */
static bool
is_gone(struct player *player, struct result *result)
{
    char how[64];

    if (runs(player))
        return false;
    saw(result, "the server is gone: %s", server_end_text(&player->server, how));
    return true;
}

static enum verdict
probe_cpu(struct player *player, const struct step *step, double end, struct result *result)
{
    struct usage first, last;
    double began = now_s();

    server_usage(&player->server, &first);
    while (!player_over(player, end) && runs(player))
        player_turn(player, end);
    if (is_gone(player, result))
        return FAILS;
    server_usage(&player->server, &last);
    double time = now_s() - began, used = 100 * (last.cpu - first.cpu) / time;
    double wanted = 100 * (last.wanted - first.wanted) / time;
    /* Beside other programs a server that burns gets less than a core; what it wanted tells. */
    result->value = wanted > BURNS ? wanted : used;
    if (result->value < (double)step->number)
        return HOLDS;
    saw(result, "it used %.0f %% of a core", result->value);
    return FAILS;
}

static enum verdict
probe_memory(struct player *player, const struct step *step, struct result *result)
{
    struct usage now;

    if (is_gone(player, result))
        return FAILS;
    server_usage(&player->server, &now);
    if (now.memory < player->server.before.memory + step->size)
        return HOLDS;
    saw(result, "its memory grew by %.1f MiB",
        (double)(now.memory - player->server.before.memory) / (1024.0 * 1024.0));
    return FAILS;
}

/* Descriptors, tasks and zombies: does the number come back to what it was? */
static enum verdict
probe_numbers(struct player *player, const struct step *step, struct result *result)
{
    const struct usage *before = &player->server.before;
    struct usage now;

    if (is_gone(player, result))
        return FAILS;
    server_usage(&player->server, &now);
    if (step->action == SERVER_FDS) {
        saw(result, "%u descriptors are open; there were %u", now.fds, before->fds);
        return now.fds <= before->fds ? HOLDS : DONE;
    }
    if (step->action == SERVER_TASKS) {
        saw(result, "there are %u threads and processes; there were %u", now.tasks, before->tasks);
        return now.tasks <= before->tasks ? HOLDS : DONE;
    }
    saw(result, "%u ended children wait to be asked for (zombies)", now.zombies);
    return now.zombies == 0 ? HOLDS : DONE;
}

static enum verdict
probe_exit(struct player *player, const struct step *step, struct result *result)
{
    const struct server *server = &player->server;
    char how[64];

    if (runs(player)) {
        saw(result, "%s", server->gone ? "its children still run" : "it still runs");
        return DONE;
    }
    if (step->number == -1 ||
        (WIFEXITED(server->status) && WEXITSTATUS(server->status) == step->number))
        return HOLDS;
    saw(result, "%s", server_end_text(server, how));
    return FAILS;
}

/* Ends what still runs and starts it again on the same port. */
static enum verdict
restart(struct player *player, const struct step *step, struct result *result)
{
    struct server *server = &player->server;
    char problem[160];
    int port = server->port;

    if (!server->gone)
        log_event(&player->outcome->log, WHO_SERVER, EVENT_EXIT, 0);
    server_stop(server, STOP_MS);
    double left = 1e3 * (player->end - now_s()); /* ms until the end of the scenario */
    int within = step->ms < left ? step->ms : left > 0 ? (int)left : 0;
    if (server_start(server, player->target, player->scenario, port, within, problem,
                     sizeof(problem)) != LISTENS) {
        saw(result, "%s", problem);
        return FAILS;
    }
    log_event(&player->outcome->log, WHO_SERVER, EVENT_START, (uint64_t)port);
    return HOLDS;
}

/* A second server on the same port must give up, and leave the first one alone. */
static enum verdict
twin_fails(struct player *player, const struct step *step, struct result *result)
{
    struct server twin;
    char problem[160];
    bool clean;

    if (is_gone(player, result))
        return FAILS;
    /* The port listens already, so the start says LISTENS at once; only the end counts. */
    server_start(&twin, player->target, player->scenario, player->server.port, 100, problem,
                 sizeof(problem));
    for (double end = now_s() + step->ms / 1e3; !twin.gone && !player_over(player, end);) {
        player_turn(player, end);
        server_look(&twin);
    }
    clean = twin.gone && !(WIFEXITED(twin.status) && WEXITSTATUS(twin.status) == 0);
    saw(result, "%s",
        !twin.gone ? "the second one runs beside the first"
        : clean    ? ""
                   : "the second one ended as if all were well");
    server_end(&twin);
    return clean ? HOLDS : FAILS;
}

/* One look at a step that may become true later. */
static enum verdict
probe_once(struct player *player, const struct step *step, struct result *result)
{
    switch (step->action) {
    case SERVER_MEMORY:
        return probe_memory(player, step, result);
    case SERVER_ALIVE:
        return is_gone(player, result) ? FAILS : HOLDS;
    case SERVER_EXIT:
        return probe_exit(player, step, result);
    default:
        return probe_numbers(player, step, result);
    }
}

enum verdict
probe_server(struct player *player, const struct step *step, struct result *result)
{
    double end = now_s() + (step->ms > 0 ? step->ms : 0) / 1e3;
    enum verdict verdict;

    switch (step->action) {
    case SERVER_OPTION:
    case SERVER_LIMIT:
    case ABOUT_COMPARE:
    case ABOUT_QUICK:
    case ABOUT_ALONE:
    case ABOUT_BONUS:
    case ABOUT_PROFILE:
    case ABOUT_HINT:
        return DONE;
    case SERVER_MEASURE:
        server_usage(&player->server, &player->outcome->measured);
        return DONE;
    case SERVER_REMEMBER:
        server_usage(&player->server, &player->server.before);
        return DONE;
    case SERVER_SIGNAL:
        server_signal(&player->server, (int)step->number);
        log_event(&player->outcome->log, WHO_SERVER, EVENT_SIGNAL, (uint64_t)step->number);
        return DONE;
    case SERVER_RESTART:
        return restart(player, step, result);
    case SERVER_TWIN_FAILS:
        return twin_fails(player, step, result);
    case SERVER_CPU:
        return probe_cpu(player, step, end, result);
    default:
        break;
    }
    while ((verdict = probe_once(player, step, result)) == DONE && !player_over(player, end))
        player_turn(player, end);
    return verdict == HOLDS ? HOLDS : FAILS;
}
