#!/usr/bin/env bats
# The prefork stage: workers, what happens when one dies, and the end with grace.
load helper

# Clients of a worker: its sockets but the listener.
clients_of() {
    echo $(($(ls -l "/proc/$1/fd" | grep -c 'socket:') - 1))
}

workers() {
    pgrep -P "$pid" | sort
}

# Are there so many workers, and do all of them sleep in accept()?
has_workers() {
    local one n=0

    for one in $(workers); do
        [[ $(<"/proc/$one/stat") == *') S '* ]] || return 1
        n=$((n + 1))
    done
    [ "$n" -eq "$1" ]
}

threads_of_all() {
    local one n=0

    for one in $(workers); do
        n=$((n + $(threads "$one")))
    done
    echo "$n"
}

# Seconds, in ms, that stop_stage takes.
timed_stop() {
    local from=${EPOCHREALTIME//[.,]/}

    stop_stage "$@"
    took=$(((${EPOCHREALTIME//[.,]/} - from) / 1000))
}

stop_peer() {
    limit 40 python3 "$BATS_TEST_DIRNAME/fixtures/stop_peer.py" "$@"
}

@test "row 11: three workers share the listener; each says its PID when it waits" {
    start_stage prefork
    await 5 has_workers 3
    waiting() {
        [ "$(sed -n 's/^Waiting for a new connection, PID //p' "$log" | sort)" = "$(workers)" ]
    }
    await 5 waiting
    stop_stage
    [ "$status" -eq 0 ]
    start_stage prefork --workers=5
    await 5 has_workers 5
}

@test "row 11: all workers get clients, each client is in one, with a thread of its own" {
    local talks=() one busy=0 sum=0
    start_stage prefork -q
    await 5 has_workers 3
    for i in {1..12}; do
        exec {one}<>"/dev/tcp/127.0.0.1/$port"
        echo "client $i" >&"$one"
        read -r -t 5 -u "$one" heard
        [ "$heard" = "client $i" ]
        talks+=("$one")
    done
    for one in $(workers); do
        sum=$((sum + $(clients_of "$one")))
        [ "$(clients_of "$one")" -eq 0 ] || busy=$((busy + 1))
    done
    [ "$sum" -eq 12 ]
    [ "$busy" -ge 2 ]
    # One by one: 12 threads more than 3 workers have, and none in the parent.
    [ "$(threads_of_all)" -ge $((12 + 3)) ]
}

@test "faults 52: one client wakes one worker, not all of them" {
    local tracer args
    command -v strace >/dev/null || skip "no strace"
    start_stage prefork -q
    await 5 has_workers 3
    args=$(workers | sed 's/^/-p /')
    # shellcheck disable=SC2086
    strace -qq -e trace=accept,accept4 -o "$BATS_TEST_TMPDIR/calls" $args 2>/dev/null 3>&- &
    tracer=$!
    started+=("$tracer")
    attached() {
        for one in $(workers); do
            grep -q "^TracerPid:[[:space:]]*$tracer$" "/proc/$one/status" || return 1
        done
    }
    await 5 attached || skip "strace is not allowed here"
    peers come-and-go "$port" 20
    kill -INT "$tracer"
    await 5 gone "$tracer"
    [ "$(grep -cE 'accept.*= [0-9]+$' "$BATS_TEST_TMPDIR/calls")" -eq 20 ]
    [ "$(grep -cE 'accept.*= -1 E(AGAIN|INTR)' "$BATS_TEST_TMPDIR/calls" || true)" -eq 0 ]
}

@test "a worker that dies takes its own clients along, nobody else's, and is replaced" {
    local one other heard owner
    start_stage prefork --boom=crash
    await 5 has_workers 3
    exec {one}<>"/dev/tcp/127.0.0.1/$port"
    echo here >&"$one"
    read -r -t 5 -u "$one" heard
    owner=$(for w in $(workers); do [ "$(clients_of "$w")" -eq 0 ] || echo "$w"; done)
    [ -n "$owner" ]
    # Somebody in another worker says boom.
    for _ in 1 2 3; do
        exec {other}<>"/dev/tcp/127.0.0.1/$port"
        echo there >&"$other"
        read -r -t 5 -u "$other" heard
        [ "$(clients_of "$owner")" -ne 1 ] || break
    done
    [ "$(clients_of "$owner")" -eq 1 ]
    echo boom >&"$other"
    await 5 grep -qE 'worker [0-9]+ died; another takes its place' "$errors"
    await 5 has_workers 3
    echo still here >&"$one"
    read -r -t 5 -u "$one" heard
    [ "$heard" = 'still here' ]
    peers come-and-go "$port" 10
}

@test "SIGKILL or SIGTERM to a worker: replaced, and the server goes on" {
    local victim
    start_stage prefork -q
    for signal in KILL TERM; do
        await 5 has_workers 3
        victim=$(workers | head -1)
        kill "-$signal" "$victim"
        await 5 grep -q "worker $victim died; another takes its place" "$errors"
        await 5 has_workers 3
        peers come-and-go "$port" 10
    done
    kill -0 "$pid"
    stop_stage
    [ "$status" -eq 0 ]
}

@test "when the parent is killed its workers go along, and the port is free" {
    local orphans one
    start_stage prefork -q
    await 5 has_workers 3
    orphans=$(workers)
    kill -KILL "$pid"
    for one in $orphans; do
        await 5 gone "$one"
    done
    start_server "$ECHOLAB" prefork -q --port "$port" --port-file '{port_file}'
    peers come-and-go "$port" 2
}

@test "--grace: what came before the signal goes back, newcomers are refused, exit 0" {
    start_stage prefork -q --grace=10
    stop_peer owed "$port" "$pid" 12000000
    await 12 gone "$pid"
    wait "$pid"
}

@test "--grace: three silent clients cost nothing, a stuck one costs one grace, not three" {
    local one two three
    start_stage prefork -q --grace=1.5
    exec {one}<>"/dev/tcp/127.0.0.1/$port" {two}<>"/dev/tcp/127.0.0.1/$port" \
        {three}<>"/dev/tcp/127.0.0.1/$port"
    timed_stop
    [ "$status" -eq 0 ]
    ((took < 1400))
    start_stage prefork -q --grace=1.5
    stop_peer stuck "$port" 3 >"$BATS_TEST_TMPDIR/stuck" 3>&- &
    started+=("$!")
    await 10 grep -q stuck "$BATS_TEST_TMPDIR/stuck"
    timed_stop
    [ "$status" -eq 0 ]
    ((took >= 1400 && took < 4000))
    start_stage prefork -q --grace=0
    stop_peer stuck "$port" 1 >"$BATS_TEST_TMPDIR/stuck" 3>&- &
    started+=("$!")
    await 10 grep -q stuck "$BATS_TEST_TMPDIR/stuck"
    timed_stop
    [ "$status" -eq 0 ]
    ((took < 1400))
}

@test "Ctrl-C, which all processes get: the grace holds; a second one ends it at once" {
    local offspring one
    # A session of its own: its process group gets the signal, as from a terminal.
    start_server setsid "$ECHOLAB" prefork -q --grace=20 --port 0 --port-file '{port_file}'
    await 5 has_workers 3
    offspring=$(workers)
    stop_peer owed "$port" "-$pid" 1000000 INT
    await 5 gone "$pid"
    for one in $offspring; do
        gone "$one"
    done
    start_server setsid "$ECHOLAB" prefork -q --grace=20 --port 0 --port-file '{port_file}'
    await 5 has_workers 3
    offspring=$(workers)
    stop_peer stuck "$port" 1 >"$BATS_TEST_TMPDIR/stuck" 3>&- &
    started+=("$!")
    await 10 grep -q stuck "$BATS_TEST_TMPDIR/stuck"
    kill -INT -- "-$pid"
    refused() { ! (exec {one}<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
    await 5 refused
    kill -0 "$pid"
    kill -INT -- "-$pid"
    await 3 gone "$pid"
    for one in $offspring; do
        await 3 gone "$one"
    done
}

@test "out of descriptors: the workers say so, serve on, and recover" {
    local lines
    start_server prlimit --nofile=24 "$ECHOLAB" prefork -q --port 0 --port-file '{port_file}'
    peers overflow "$port" 150 20
    lines=$(grep -c 'Too many open files' "$errors")
    [ "$lines" -ge 1 ]
    stop_stage
    [ "$status" -eq 0 ]
}

@test "no process for a worker: it says so, waits, and stops when told to" {
    local dir
    [ "$(id -u)" -eq 0 ] || skip "needs root, to become somebody with a limit"
    dir=$(mktemp -d) # open to others, as the tests' folders are not
    chmod 777 "$dir"
    cp "$ECHOLAB" "$dir/echolab"
    setpriv --reuid=54321 --clear-groups "$dir/echolab" --version || skip "cannot become somebody"
    # The leak checker would need a process of its own.
    ASAN_OPTIONS=detect_leaks=0 prlimit --nproc=1 \
        setpriv --reuid=54321 --clear-groups "$dir/echolab" prefork --port 0 \
        --port-file "$dir/port" </dev/null >"$dir/log" 2>"$dir/errors" 3>&- 4>&- &
    pid=$!
    started+=("$pid")
    await 10 grep -q 'cannot create a worker: Resource temporarily unavailable' "$dir/errors"
    stop_stage
    [ "$status" -eq 0 ]
    [ "$(grep -c 'cannot create' "$dir/errors")" -le 12 ]
    rm -rf "$dir"
}
