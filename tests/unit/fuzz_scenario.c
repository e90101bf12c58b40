/*
 * fuzz_scenario.c -- any bytes as the text of a scenario: it is read or refused with a message
 * that names the file, and nothing of it stays in memory. Not one of the tests that run each
 * time; it was used to find what lies in tests/fixtures/scenarios-bad:
 *
 *   clang -g -O1 -std=c11 -D_GNU_SOURCE -fsanitize=fuzzer,address,undefined -Icommon \
 *     -Itools/scenario tests/unit/fuzz_scenario.c tools/scenario/{scenario,forms,words}.c
 *   ./a.out -max_total_time=600 -dict=... CORPUS lessons/scenarios
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"
#include "scenario.h"

/* The files inside the binary are not what this is about. */
const struct embedded *
embedded_at(size_t i)
{
    (void)i;
    return NULL;
}

const struct embedded *
embedded_named(const char *name)
{
    (void)name;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char problem[512] = "";
    struct scenario *scenario =
        scenario_read("fuzz.play", (const char *)data, size, problem, sizeof(problem));

    if (scenario == NULL && strncmp(problem, "fuzz.play:", 10) != 0)
        abort(); /* refused, and nobody knows why */
    if (scenario != NULL) {
        for (size_t i = 0; i < scenario->n_steps; i++)
            if (scenario->steps[i].text == NULL || scenario->steps[i].ms > 600000 ||
                scenario->steps[i].party >= scenario->n_parties)
                abort();
        scenario_free(scenario);
    }
    return 0;
}
