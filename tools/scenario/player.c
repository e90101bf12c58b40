/* player.c -- one step after the other, and an end in any case. */
#include "player.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "judge.h"
#include "probe.h"

#define START_MS 10000  /* a server gets so long until it listens */
#define CONNECT_MS 5000 /* a client, when the step gives no time */
#define STOP_MS 1000    /* at the end, SIGTERM gets so long before SIGKILL */
#define TURN_MS 10
#define CROWD_STEP 32      /* so many connect, then we look how many the server has accepted */
#define CROWD_QUEUE 64     /* more than so many wait: it needs a moment */
#define CROWD_PAUSE_S 0.01 /* ... but no longer, for it may never accept */
#define LOOK_S 0.1

static volatile sig_atomic_t interrupted;

void
player_interrupt(void)
{
    interrupted = 1;
}

bool
player_over(const struct player *player, double end)
{
    double now = now_s();

    return now >= end || now >= player->end || interrupted;
}

void
player_turn(struct player *player, double end)
{
    double now = now_s();
    double left = (end < player->end ? end : player->end) - now;
    int ms = left > TURN_MS / 1e3 ? TURN_MS : left > 0 ? (int)(left * 1e3) + 1 : 0;

    bool was_gone = player->server.gone;

    crowd_pump(&player->crowd, ms);
    server_look(&player->server);
    if (player->server.gone && !was_gone)
        log_event(&player->outcome->log, WHO_SERVER, EVENT_EXIT, 0);
    if (player->look != NULL && now >= player->next_look) {
        player->next_look = now + LOOK_S;
        player->look(player);
    }
}

/* What a client does at once at the beginning of its step. */
static void
act(struct player *player, const struct step *step, struct client *c)
{
    struct crowd *crowd = &player->crowd;

    switch (step->action) {
    case DO_CONNECT:
    case EXPECT_REFUSED:
        client_connect(crowd, c);
        break;
    case DO_SEND:
    case DO_DRIP:
        client_send(crowd, c, &step->data, step->action == DO_DRIP ? step->ms : 0);
        break;
    case DO_SHUTDOWN:
        client_shutdown(crowd, c);
        break;
    case DO_CLOSE:
        client_close(crowd, c);
        break;
    case DO_RESET:
        client_reset(crowd, c);
        break;
    case DO_STOP_READING:
        client_stop_reading(crowd, c);
        break;
    case DO_RESUME_READING:
    case DO_READ_SLOWLY:
        client_read_slowly(crowd, c, step->size, step->ms);
        break;
    default:
        break;
    }
}

/* A crowd that comes at once would overflow short queues: let the server follow. */
static void
let_it_accept(struct player *player)
{
    double end = now_s() + CROWD_PAUSE_S;

    while (accept_queue(player->server.port) > CROWD_QUEUE && now_s() < end)
        crowd_pump(&player->crowd, 1);
}

static void
act_all(struct player *player, const struct step *step)
{
    const struct party *party = &player->scenario->parties[step->party];

    for (unsigned i = 0; i < party->count; i++) {
        act(player, step, &player->crowd.clients[party->first + i]);
        if (step->action == DO_CONNECT && i % CROWD_STEP == CROWD_STEP - 1)
            let_it_accept(player);
    }
}

/* Asks every member of the party until each has its verdict or the time is over. */
static enum verdict
await_party(struct player *player, const struct step *step, double end, struct result *result)
{
    const struct party *party = &player->scenario->parties[step->party];
    struct client *members = player->crowd.clients + party->first;
    bool settled[MOST_CLIENTS] = { false };
    unsigned n_open = party->count, n_failed = 0, first = 0;
    char text[128] = "";

    for (bool over = false; n_open > 0 && !over;) {
        over = player_over(player, end);
        for (unsigned i = 0; i < party->count; i++) {
            enum verdict verdict = settled[i] ? DONE : judge_client(player, step, &members[i]);

            if (verdict == DONE && over && !settled[i])
                verdict = step->action == EXPECT_SILENCE ? HOLDS : FAILS;
            if (verdict == DONE)
                continue;
            settled[i] = true;
            n_open--;
            if (verdict == FAILS && n_failed++ == 0) {
                first = i + 1;
                judge_says(step, &members[i], text, sizeof(text));
            }
            judge_settle(player, step, &members[i], verdict == HOLDS);
        }
        if (n_open > 0 && !over)
            player_turn(player, end);
    }
    if (n_failed > 0 && party->count > 1)
        snprintf(result->saw, sizeof(result->saw), "%u of %u fail; %s-%u: %.100s",
                 n_failed, party->count, party->name, first, text);
    else
        snprintf(result->saw, sizeof(result->saw), "%s", text);
    result->served = party->count - n_failed;
    return n_failed == 0 ? HOLDS : FAILS;
}

/* Until everything that anybody was told to send has been sent. */
static enum verdict
await_barrier(struct player *player, double end, struct result *result)
{
    for (;;) {
        unsigned behind = 0;

        for (unsigned i = 0; i < player->crowd.n; i++) {
            const struct client *c = &player->crowd.clients[i];

            behind += c->where == CONNECTING || (c->where == CONNECTED && c->written < c->told);
        }
        if (behind == 0)
            return HOLDS;
        if (player_over(player, end)) {
            snprintf(result->saw, sizeof(result->saw), "%u clients still have something to send",
                     behind);
            return FAILS;
        }
        player_turn(player, end);
    }
}

/* Until no client has sent or heard anything for a while. */
static void
await_quiet(struct player *player, int quiet_ms, double end)
{
    uint64_t moved = 0, last = 0;
    double since = now_s();

    while (!player_over(player, end) && now_s() - since < quiet_ms / 1e3) {
        player_turn(player, end);
        moved = 0;
        for (unsigned i = 0; i < player->crowd.n; i++)
            moved += player->crowd.clients[i].heard + player->crowd.clients[i].written;
        if (moved != last)
            since = now_s();
        last = moved;
    }
}

static bool
is_expectation(enum action action)
{
    return action == DO_CONNECT || (action >= EXPECT_BYTES && action <= EXPECT_SILENCE);
}

static enum verdict
play_step(struct player *player, const struct step *step, struct result *result)
{
    int ms = step->ms >= 0 ? step->ms : step->action == DO_CONNECT ? CONNECT_MS : 0;
    double end = now_s() + ms / 1e3;

    if (step->action == DO_BARRIER)
        return await_barrier(player, end, result);
    if (step->action == DO_QUIET) {
        await_quiet(player, step->first_ms, end);
        return DONE;
    }
    if (step->action == DO_AT)
        end = player->outcome->log.began + ms / 1e3;
    else if (step->party == -1 && step->action != DO_WAIT)
        return probe_server(player, step, result);
    if (step->party >= 0)
        act_all(player, step);
    if (is_expectation(step->action))
        return await_party(player, step, end, result);
    do
        player_turn(player, end);
    while ((step->action == DO_WAIT || step->action == DO_AT) && !player_over(player, end));
    return DONE;
}

/* Keeps what became of a step; in a repeat the first failure stays. */
static void
keep(struct player *player, size_t index, const struct result *result)
{
    struct result *kept = &player->outcome->results[index];
    unsigned times = kept->times + 1;

    if (kept->verdict != FAILS)
        *kept = *result;
    kept->times = times;
    if (kept->verdict == FAILS)
        player->outcome->held = false;
    else
        kept->saw[0] = '\0';
}

static void
play_steps(struct player *player, long *laps)
{
    const struct scenario *scenario = player->scenario;

    for (size_t i = 0; i < scenario->n_steps; i++) {
        const struct step *step = &scenario->steps[i];
        struct result result = { .verdict = DONE, .began = log_now(&player->outcome->log) };

        if (player_over(player, player->end)) {
            player->outcome->cut_short = true;
            player->outcome->held = false;
            return;
        }
        if (step->action == DO_REPEAT)
            laps[i] = step->number;
        else if (step->action == DO_END && --laps[step->partner] > 0)
            i = step->partner;
        else if (step->action != DO_END)
            result.verdict = play_step(player, step, &result);
        result.ended = log_now(&player->outcome->log);
        keep(player, i, &result);
    }
}

/* What the player measured, once all is over. */
static void
take_stock(struct player *player)
{
    struct outcome *outcome = player->outcome;

    for (unsigned i = 0; i < player->crowd.n; i++) {
        const struct client *c = &player->crowd.clients[i];
        double waited = c->longest_wait;

        if (c->waiting_since >= 0 && log_now(&outcome->log) - c->waiting_since > waited)
            waited = log_now(&outcome->log) - c->waiting_since;
        if (waited > outcome->longest_wait) {
            outcome->longest_wait = waited;
            outcome->waits_still = waited > c->longest_wait;
        }
    }
    outcome->took = log_now(&outcome->log);
    outcome->own_limit = player->crowd.own_limit;
    server_look(&player->server);
    server_usage(&player->server, &outcome->used);
    if (player->server.gone)
        server_end_text(&player->server, outcome->end_text);
}

static double
own_cpu(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

int
play_scenario(const struct scenario *scenario, const struct target *target, int limit_ms,
              void (*look)(struct player *player), struct outcome *outcome)
{
    struct player player = { .scenario = scenario, .target = target, .outcome = outcome };
    long *laps = calloc(scenario->n_steps, sizeof(*laps));
    double cpu = own_cpu();

    memset(outcome, 0, sizeof(*outcome));
    outcome->held = true;
    outcome->n_results = scenario->n_steps;
    outcome->results = calloc(scenario->n_steps, sizeof(*outcome->results));
    if (laps == NULL || outcome->results == NULL ||
        crowd_open(&player.crowd, scenario->n_clients, &outcome->log) == -1) {
        free(laps);
        outcome_free(outcome);
        return -1;
    }
    outcome->started = server_start(&player.server, target, scenario, 0, START_MS, outcome->problem,
                                    sizeof(outcome->problem));
    log_begin(&outcome->log);
    outcome->held = outcome->started == LISTENS;
    if (outcome->held) {
        outcome->before = player.server.before;
        log_event(&outcome->log, WHO_SERVER, EVENT_START, (uint64_t)player.server.port);
        crowd_aim(&player.crowd, player.server.port, player.server.v6);
        player.end = now_s() + limit_ms / 1e3;
        player.look = look;
        play_steps(&player, laps);
    }
    take_stock(&player);
    crowd_close(&player.crowd);
    server_stop(&player.server, STOP_MS);
    memcpy(outcome->words, player.server.words, sizeof(outcome->words));
    outcome->own_cpu = own_cpu() - cpu;
    outcome->interrupted = interrupted;
    free(laps);
    return 0;
}

void
outcome_free(struct outcome *outcome)
{
    free(outcome->results);
    log_free(&outcome->log);
    memset(outcome, 0, sizeof(*outcome));
}
