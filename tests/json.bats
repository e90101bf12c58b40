#!/usr/bin/env bats
# common/json.c: what the standard allows is read, everything else is refused.
load helper

setup_file() {
    # Sanitizers see what no comparison of outputs can; where they are missing, do without.
    local flags="-std=c11 -D_GNU_SOURCE -g -I$BATS_TEST_DIRNAME/../common"
    local files="json.c json_write.c utf8.c"

    cd "$BATS_TEST_DIRNAME/../common"
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -fsanitize=address,undefined -fno-sanitize-recover=undefined \
        -o "$BATS_FILE_TMPDIR/json" ../tests/unit/json.c $files 2>/dev/null ||
        ${CC:-cc} $flags -o "$BATS_FILE_TMPDIR/json" ../tests/unit/json.c $files
}

@test "json: numbers exact to 64 bits, members, limits, UTF-8, the writer" {
    limit 20 "$BATS_FILE_TMPDIR/json" check
}

@test "json: a table of texts, allowed and not: depth bombs, huge numbers, lone surrogates, NUL" {
    limit 30 python3 "$BATS_TEST_DIRNAME/fixtures/json_cases.py" "$BATS_FILE_TMPDIR/json" table
}

@test "json: 20000 random and damaged texts are judged as by another reader" {
    limit 50 python3 "$BATS_TEST_DIRNAME/fixtures/json_cases.py" "$BATS_FILE_TMPDIR/json" random
}

@test "json: the texts that a fuzzer found to reach every branch" {
    limit 30 python3 "$BATS_TEST_DIRNAME/fixtures/json_cases.py" "$BATS_FILE_TMPDIR/json" fuzzed
}
