#!/usr/bin/env bats
# common/loop.c and its timers and transports, and the stage that lives by calls: callback.
load helper

# compile NAME FILE...: tests/unit/NAME.c with these files of common/, watched by sanitizers
# where there are any.
compile() {
    local name=$1 flags="-std=c11 -D_GNU_SOURCE -g -pthread -I$ROOT/common"

    shift
    cd "$ROOT/common" || return
    # shellcheck disable=SC2086
    ${CC:-cc} $flags -fsanitize=address,undefined -fno-sanitize-recover=undefined \
        -o "$BATS_TEST_TMPDIR/$name" "../tests/unit/$name.c" "$@" 2>/dev/null ||
        ${CC:-cc} $flags -o "$BATS_TEST_TMPDIR/$name" "../tests/unit/$name.c" "$@"
}

@test "row 12: timers: 100 000 random steps give what a search of the whole list gives" {
    compile timers timers.c
    run -0 limit 30 "$BATS_TEST_TMPDIR/timers"
    [[ $output =~ ^([0-9]+)\ added,\ ([0-9]+)\ cancelled,\ ([0-9]+)\ fired$ ]]
    [ "${BASH_REMATCH[1]}" -gt 40000 ]
    [ "${BASH_REMATCH[2]}" -gt 20000 ]
    [ "${BASH_REMATCH[3]}" -gt 10000 ]
}

@test "row 12: the loop: order, cancelled calls, readers and writers, signals, other threads" {
    compile loop loop.c timers.c signals.c
    limit 30 "$BATS_TEST_TMPDIR/loop"
}

@test "rows 13 and 31: transport and protocol: what is told, water marks, paused reading" {
    compile transport transport.c loop.c timers.c signals.c net.c say.c
    limit 30 "$BATS_TEST_TMPDIR/transport"
}

@test "row 9: callback --tick says when nothing has come, and only then" {
    start_stage callback --tick 0.3
    await 5 grep -qx 'No events, waiting a bit more!' "$log"
    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    local before
    before=$(grep -c 'No events' "$log")
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        echo hello >&"$talk"
        read -r -t 5 -u "$talk"
        sleep 0.05
    done
    exec {talk}>&-
    # Busy for half a second: at most the tick that had begun before was a silent one.
    [ "$(grep -c 'No events' "$log")" -le $((before + 1)) ]
}

@test "row 34: callback watches its standard input: quit stops it, other words do not" {
    mkfifo "$BATS_TEST_TMPDIR/keys"
    exec {keys}<>"$BATS_TEST_TMPDIR/keys"
    "$ECHOLAB" callback --port 0 --port-file "$BATS_TEST_TMPDIR/port" \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- 4>&- &
    pid=$!
    started+=("$pid")
    await 10 test -s "$BATS_TEST_TMPDIR/port"
    port=$(<"$BATS_TEST_TMPDIR/port")
    echo "do not quit yet" >&"$keys"
    [ "$(say_on "$port" 'still here\r\n' 0.3)" = $'still here\r' ]
    kill -0 "$pid"
    echo quit >&"$keys"
    await 5 gone "$pid"
    wait "$pid"
    grep -q '^Got the signal SIGTERM: 0 clients, 2 s to finish$' "$BATS_TEST_TMPDIR/log"
}

@test "row 34: the end of standard input is no reason to stop, nor to burn the CPU" {
    local before
    "$ECHOLAB" callback --port 0 --port-file "$BATS_TEST_TMPDIR/port" \
        < <(true) >/dev/null 2>&1 3>&- 4>&- &
    pid=$!
    started+=("$pid")
    await 10 test -s "$BATS_TEST_TMPDIR/port"
    before=$(cpu_ms "$pid")
    [ "$(say_on "$(<"$BATS_TEST_TMPDIR/port")" 'hello\r\n' 0.5)" = $'hello\r' ]
    [ $(($(cpu_ms "$pid") - before)) -lt 100 ]
}
