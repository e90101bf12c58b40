#!/usr/bin/env bats
# `echolab watch`: it sees who sleeps in what and who waits, and agrees with ss.
load helper

connect() {
    eval "exec {$1}<>/dev/tcp/127.0.0.1/$port"
}

types() {
    # shellcheck disable=SC2059
    printf "$2" >&"${!1}"
}

hears() {
    local line

    IFS= read -r -t 10 line <&"${!1}"
    [ "$line" = "$2"$'\r' ]
}

leaves() {
    eval "exec {$1}>&-"
}

# Under a sanitizer a program is slow, and takes no LD_PRELOAD.
sanitized() {
    grep -q __asan_init "$ECHOLAB"
}

look() {
    limit 10 "$ECHOLAB" watch --snapshot "$@"
}

# Does a look at process $pid satisfy this question of jq?
sees() {
    look --pid "$pid" --json | jq -e "$1" >/dev/null
}

@test "a stuck multi-blocking: asleep on alice, bob not accepted, his bytes unread" {
    start_stage multi-blocking --backlog 16
    connect alice
    await 5 sees '.tasks[0].call == "recv"'
    connect bob
    types bob 'hello bob\r\n'
    await 5 sees '.queue == {"waiting": 1, "backlog": 16}
        and (.clients | length) == 2
        and .clients[0].accepted == false and .clients[0].unread == 11
        and .clients[1].accepted == true and .clients[1].fd == .tasks[0].fd
        and .tasks[0].on == .clients[1].peer and .tasks[0].state == "S"'
    look --pid "$pid" >"$BATS_TEST_TMPDIR/text"
    cat "$BATS_TEST_TMPDIR/text"
    grep -qE "^echolab watch   127.0.0.1:$port   pid $pid   multi-blocking" "$BATS_TEST_TMPDIR/text"
    grep -qE '^ server +asleep in recv\(fd [0-9]+\), that is 127.0.0.1:[0-9]+ +CPU +[0-9]+ %' \
        "$BATS_TEST_TMPDIR/text"
    grep -qE '^ queue +1 of 16 waiting to be accepted +\[#' "$BATS_TEST_TMPDIR/text"
    grep -qE '^ 127.0.0.1:[0-9]+ +ESTAB +NO +11 +0 +#' "$BATS_TEST_TMPDIR/text"

    # ss sees the same bytes on the same connections.
    ss -tnH "sport = :$port" | awk '{ print $5, $2, $3 }' | sort >"$BATS_TEST_TMPDIR/ss"
    look --pid "$pid" --json | jq -r '.clients[] | "\(.peer) \(.unread) \(.unsent)"' | sort |
        diff - "$BATS_TEST_TMPDIR/ss"

    # Alice types twice, and all is clear.
    types alice 'one\r\n'
    hears alice one
    await 5 bob_is_in_and_unheard
    types alice 'two\r\n'
    hears alice two
    hears bob 'hello bob'
    await 5 sees '.queue.waiting == 0 and ([.clients[].unread] | add) == 0
        and ([.clients[].accepted] | all) and .tasks[0].call == "accept"
        and .tasks[0].on == "the listener"'
    leaves alice
    leaves bob
}

# After her first line bob is in, and still unheard.
bob_is_in_and_unheard() {
    sees '.queue.waiting == 0 and ([.clients[].accepted] | all)
        and ([.clients[].unread] | add) == 11 and .tasks[0].call == "recv"'
}

@test "found by its name, by its port, by its number; nobody there is said in one line" {
    start_stage poll
    # Other tests may run a poll of their own at the same time.
    look poll | grep -qE '^echolab watch   [0-9].* pid [0-9]+   poll'
    look --port "$port" | grep -q "pid $pid "
    ECHOLAB_PORT=$port look | grep -q "pid $pid "
    look --pid "$pid" | grep -qE 'asleep in poll\(\)'
    stop_stage
    run look --port "$port"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    run look --pid "$pid"
    [ "$status" -eq 1 ]
    run look nothing
    [ "$status" -eq 2 ]
    run look --every 0
    [ "$status" -eq 2 ]
}

@test "a stage under its own --trace: the server is looked at, not the tracer" {
    start_stage callback --trace
    look --pid "$pid" | grep -q ":$port   pid $pid "
    await 5 server_sleeps callback
    refute grep -q "no TCP port\|pid $pid " "$BATS_TEST_TMPDIR/text"
}

# Traced, it may also be seen while it is stopped.
server_sleeps() {
    look "$1" >"$BATS_TEST_TMPDIR/text"
    grep -q '^ server .*asleep in epoll_wait' "$BATS_TEST_TMPDIR/text"
}

@test "every task of a threaded and of a forked server, each with its own client" {
    local stage

    for stage in threaded forked; do
        start_stage "$stage"
        connect alice
        connect bob
        await 5 sees '(.tasks | length) == 3
            and ([.tasks[] | select(.call == "recv") | .on] | sort)
                == ([.clients[].peer] | sort)
            and ([.tasks[] | select(.call == "accept")] | length) == 1'
        leaves alice
        leaves bob
        stop_stage
    done
}

@test "a foreign server, in another language" {
    start_server python3 "$BATS_TEST_DIRNAME/fixtures/asyncio_server.py" '{port_file}' 10
    connect alice
    await 5 sees '.tasks[0].call == "epoll_wait" and (.clients | length) == 1'
    leaves alice
    await 5 sees '(.clients | length) == 0'
}

@test "the name of a file that it sleeps on cannot reach the terminal raw" {
    local fifo=$BATS_TEST_TMPDIR/$'\e[31m'

    mkfifo "$fifo"
    python3 -c 'import sys; open(sys.argv[1], "r+b", buffering=0).read(1)' "$fifo" 3>&- 4>&- &
    pid=$!
    started+=("$pid")
    await 10 sees '.tasks[0].on | endswith("?[31m")'
    refute grep -q $'\e' <<<"$(look --pid "$pid" --color never)"
}

@test "the spin is seen: awake, and most of a core; a loop that waits costs nothing" {
    start_stage nonblocking-spin -q
    await 20 sees '.cpu > 0.2'
    stop_stage
    start_stage epoll -q
    sees '.cpu < 0.1 and .wakeups < 50'
}

@test "CLOSE-WAIT and TIME-WAIT are counted" {
    start_stage multi-blocking
    connect alice
    await 5 sees '.tasks[0].call == "recv"'
    connect bob
    leaves bob # nobody hears that he left; he typed nothing
    await 5 sees '.close_wait == 1
        and ([.clients[] | select(.state == "CLOSE_WAIT") | .unread] == [0])'
    leaves alice
    stop_stage
    start_stage blocking --once
    connect alice
    types alice 'x\r\n'
    hears alice x
    await 5 gone "$pid"
    leaves alice # the server closed first: the waiting is on its side
    start_server "$ECHOLAB" blocking --port "$port" --port-file '{port_file}'
    await 5 sees '.time_wait == 1'
}

@test "where the calls may not be seen it says so and shows what it can" {
    ! sanitized || skip "not under a sanitizer"
    cc -shared -fPIC -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/hide.so" \
        "$BATS_TEST_DIRNAME/fixtures/hide_syscall.c"
    start_stage multi-blocking
    connect alice
    await 5 sees '.tasks[0].call == "recv"'
    LD_PRELOAD=$BATS_TEST_TMPDIR/hide.so look --pid "$pid" >"$BATS_TEST_TMPDIR/text"
    grep -qE '^ server +asleep' "$BATS_TEST_TMPDIR/text"
    grep -qE '^ not to be seen: .*ptrace_scope' "$BATS_TEST_TMPDIR/text"
    grep -qE 'ESTAB +yes, fd' "$BATS_TEST_TMPDIR/text"
    leaves alice
}

@test "another user's server: the queue and the clients, and one line about the rest" {
    [ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
    start_stage multi-blocking
    connect alice
    await 5 sees '.tasks[0].call == "recv"'
    limit 10 setpriv --reuid=65534 --clear-groups "$ECHOLAB" watch --snapshot --port "$port" \
        >"$BATS_TEST_TMPDIR/text"
    grep -qE '^ not to be seen: .*another user' "$BATS_TEST_TMPDIR/text"
    grep -qE '127.0.0.1:[0-9]+ +ESTAB +yes' "$BATS_TEST_TMPDIR/text"
    leaves alice
}

@test "live on a terminal: fits 80 columns, draws over itself, ends with the server" {
    start_stage multi-blocking
    connect alice
    TERM=xterm limit 20 script -qec \
        "stty cols 80 rows 24; '$ECHOLAB' watch --pid $pid --every 0.1" /dev/null \
        >"$BATS_TEST_TMPDIR/screen" 2>&1 </dev/null 3>&- &
    local viewer=$!

    await 10 grep -q 'asleep in recv' "$BATS_TEST_TMPDIR/screen"
    leaves alice
    stop_stage
    wait "$viewer"
    grep -q 'the server has ended' "$BATS_TEST_TMPDIR/screen"
    grep -q $'\e\\[H' "$BATS_TEST_TMPDIR/screen"
    refute eval "sed -E 's/\\x1b\\[[0-9;]*[A-Za-z]//g; s/\\r//g' '$BATS_TEST_TMPDIR/screen' |
        grep -qE '^.{81}'"
}

@test "its own CPU: under 2 % of a core" {
    ! sanitized || skip "not under a sanitizer"
    start_stage epoll -q
    connect alice
    "$ECHOLAB" watch --pid "$pid" >/dev/null 3>&- 4>&- </dev/null &
    local viewer=$! from

    started+=("$viewer")
    sleep 1 # the start is not what is measured
    from=$(cpu_ms "$viewer")
    sleep 4
    echo "$(($(cpu_ms "$viewer") - from)) ms in 4 s"
    (($(cpu_ms "$viewer") - from <= 80))
    leaves alice
}
