#!/usr/bin/env bats
# faults.bats -- what hardly ever happens: accept() fails, memory runs out, a limit is lowered.
#
# run alone: a clock that jumps and a queue that waits are no company for a busy machine

load helper

setup_file() {
    ${CC:-cc} -shared -fPIC -O1 -D_GNU_SOURCE -o "$BATS_FILE_TMPDIR/faults.so" \
        "$BATS_TEST_DIRNAME/fixtures/faults.c"
}

# A sanitizer wants to be the first library, before our faults.
needs_preload() {
    if grep -q '__[at]san_init' "$ECHOLAB"; then
        skip "not with a sanitizer"
    fi
}

# Starts a stage on a machine with faults: faulty FAULT_...=... STAGE [OPTION...].
faulty() {
    local faults=()

    while [[ $1 == FAULT_* ]]; do
        faults+=("$1")
        shift
    done
    start_server env LD_PRELOAD="$BATS_FILE_TMPDIR/faults.so" "${faults[@]}" \
        "$ECHOLAB" "$@" -q --port 0 --port-file '{port_file}'
}

# Is a newcomer answered within so many seconds?
answered_within() {
    local talk heard

    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    printf 'hello\r\n' >&"$talk"
    read -r -t "$1" -u "$talk" heard
    exec {talk}>&-
    [ "$heard" = $'hello\r' ]
}

@test "accept() fails for one client: that client is lost, one line says so, the next is served" {
    one() {
        local said
        # ECONNABORTED, EPERM, EPROTO, ENETDOWN, EHOSTUNREACH, EINTR
        faulty 'FAULT_ACCEPT=103 1 71 100 113 4' "$1"
        answered_within 10
        # One line a second; prefork has three workers that say it.
        said=$(grep -c "^echolab $1: accept: .*; one new client is lost$" "$errors")
        [ "$said" -ge 1 ]
        [ "$said" -le 3 ]
        refute grep -q 'wait in the queue' "$errors"
        stop_stage
        [ "$status" -eq 0 ]
    }
    needs_preload
    each_stage accept-fails one
}

@test "a pause that ends between two looks at the clock does not last for ever" {
    one() {
        # One EMFILE makes a pause of 1000 ms: the second look from there is behind its end.
        faulty FAULT_ACCEPT=24 FAULT_CLOCK=600 "$1"
        answered_within 10
        grep -q "^echolab $1: accept: Too many open files; new clients wait in the queue$" \
            "$errors"
    }
    needs_preload
    each_stage accept-pause one
}

@test "message: when memory runs out an answer is whole or does not come, and the server lives" {
    local every

    needs_preload
    for every in $(seq 15 46); do
        faulty "FAULT_MEMORY=$every" message
        python3 "$BATS_TEST_DIRNAME/fixtures/whole_or_nothing.py" "$port" 12 \
            >>"$BATS_TEST_TMPDIR/answers"
        stop_stage
        [ "$status" -eq 0 ]
    done
    grep -q '^[1-9][0-9]* of 12 answers came' "$BATS_TEST_TMPDIR/answers"
}

@test "the limit of descriptors is lowered at run time: poll ends and says so, as its header does" {
    local stage talk i held

    for stage in select poll epoll coroutine; do
        start_stage "$stage" -q
        held=()
        for ((i = 0; i < 20; i++)); do
            exec {talk}<>"/dev/tcp/127.0.0.1/$port"
            held+=("$talk")
            printf 'in\r\n' >&"$talk"
            read -r -t 5 -u "$talk" _
        done
        prlimit --pid "$pid" --nofile=10:10
        printf 'still here\r\n' >&"${held[0]}"
        if [ "$stage" = poll ]; then
            await 5 gone "$pid"
            grep -qx 'echolab poll: poll: Invalid argument' "$errors"
        else
            read -r -t 5 -u "${held[0]}" _
            kill -0 "$pid"
        fi
        for talk in "${held[@]}"; do
            exec {talk}>&-
        done
    done
}

# While epoll_ctl() fails with the error $2, a newcomer is lost or waits; afterwards all is well.
list_is_full() {
    local talk newcomer tracer

    start_stage "$1"
    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    printf 'hello\r\n' >&"$talk"
    read -r -t 5 -u "$talk"
    strace -f -qq -o "$BATS_TEST_TMPDIR/full" -e trace=epoll_ctl,accept4 \
        -e inject=epoll_ctl:error="$2" -p "$pid" 2>/dev/null 3>&- 4>&- &
    tracer=$!
    started+=("$tracer")
    await 5 grep -q "^TracerPid:[[:space:]]*$tracer$" "/proc/$pid/status"
    exec {newcomer}<>"/dev/tcp/127.0.0.1/$port"
    printf 'still there?\r\n' >&"$talk"
    read -r -t 5 -u "$talk" # nobody else is harmed
    await 5 grep -qE "No space left|Cannot allocate" "$errors"
    sleep 0.5
    kill -INT "$tracer"
    await 5 gone "$tracer"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/full")" -lt 50 ] # no hot loop
    exec {newcomer}>&-
    answered_within 5
}

@test "epoll_ctl() fails: one client is lost or waits, in words, nobody spins, and it recovers" {
    needs_preload
    list_is_full epoll ENOSPC
    stop_stage
    list_is_full callback ENOMEM
    stop_stage
    list_is_full coroutine ENOSPC
}
