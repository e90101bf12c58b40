#!/usr/bin/env bats
# Tasks: common/task.c and what stands on it, and the stage that lives by them: coroutine.
load helper

LIBRARY="task.c future.c switch.c await.c sync.c thread_queue.c generator.c stream.c
         transport.c loop.c timers.c signals.c net.c say.c"

# compile OUT NAME FLAG...: tests/unit/NAME.c with all of the above.
compile() {
    local out=$1 name=$2

    shift 2
    cd "$ROOT/common" || return
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -g -pthread -I. "$@" -o "$BATS_TEST_TMPDIR/$out" \
        "../tests/unit/$name.c" $LIBRARY
}

sanitized() {
    compile "$1" "$1" -fsanitize=address,undefined -fno-sanitize-recover=undefined 2>/dev/null ||
        compile "$1" "$1"
}

# slow_client PORT BYTES SIGNAL-FILE: sends BYTES and reads nothing until SIGNAL-FILE is there,
# then half-closes; prints how many of them came back, and whether they were the same.
slow_client() {
    limit 30 python3 - "$@" <<'END'
import os, select, socket, sys, time
port, size, flag = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.connect(("127.0.0.1", port))
data, sent = os.urandom(size), 0
sock.setblocking(False)
while select.select([], [sock], [], 0.5)[1] and sent < size:
    sent += sock.send(data[sent:sent + 65536])
print("stuck", flush=True)
while not os.path.exists(flag):
    time.sleep(0.01)
sock.setblocking(True)
sock.settimeout(20)
sock.shutdown(socket.SHUT_WR)
back = b""
while part := sock.recv(65536):
    back += part
print("all came back" if back == data[:sent] else f"{len(back)} of {sent}")
END
}

# So many clients have spoken.
heard_from() {
    [ "$(grep -c '^I got data' "$log")" -ge "$1" ]
}

@test "rows 14 and 15: results, errors, limits, recv_until; row 18: cancelled at every await" {
    sanitized task
    run -0 limit 50 "$BATS_TEST_TMPDIR/task"
    [[ $output =~ ^cancelled\ at\ each\ of\ ([0-9]+)\ awaits$ ]]
    [ "${BASH_REMATCH[1]}" -gt 30 ]
}

@test "row 18: cancelled at every await, and valgrind misses nothing" {
    command -v valgrind >/dev/null || skip "no valgrind"
    compile task task -O1
    limit 55 valgrind -q --leak-check=full --error-exitcode=9 "$BATS_TEST_TMPDIR/task"
}

@test "row 18: locks, events, conditions, queues, threads; row 33: generators" {
    sanitized sync
    limit 50 "$BATS_TEST_TMPDIR/sync"
}

@test "the switch keeps what must be kept, costs no system call, and stacks have a guard" {
    sanitized switch
    limit 30 "$BATS_TEST_TMPDIR/switch"
    compile switch switch -O2
    run -0 limit 30 "$BATS_TEST_TMPDIR/switch"
    echo "$output"
    case $(uname -m) in # with system calls it would be 300 ns and more
    x86_64 | aarch64) [ "${output%%.*}" -lt 60 ] ;;
    esac
}

@test "where there is no assembler for it, ucontext switches all the same" {
    compile task task -DSWITCH_BY_UCONTEXT -O1
    limit 30 "$BATS_TEST_TMPDIR/task"
}

@test "row 16: --boom=lost: the task dies, its client hangs, we hear of it at once and at the end" {
    start_stage coroutine --boom lost
    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    printf 'boom\r\n' >&"$talk"
    local told='Task exception was never retrieved: task 127.0.0.1:[0-9]*, created in '
    told+='accept_clients: Unexpected network error$'
    await 5 grep -q "^echolab coroutine: $told" "$errors"
    [ "$(say_on "$port" 'alive\r\n' 0.3)" = $'alive\r' ]
    status=0
    read -r -t 0.3 -u "$talk" || status=$?
    [ "$status" -gt 128 ] # nothing came, not even the end
    stop_stage
    [ "$status" -eq 0 ]
    grep -q "^echolab coroutine: at the end: $told" "$errors"
    exec {talk}>&-
}

@test "row 16: --boom=caught: it is logged, that client is closed, the others are not" {
    start_stage coroutine --boom caught
    exec {other}<>"/dev/tcp/127.0.0.1/$port"
    [ "$(say_on "$port" 'boom\r\n' 5)" = '' ] # ended long before the 5 s
    await 5 grep -q '^echolab coroutine: caught: Unexpected network error; closing 127' "$errors"
    printf 'still here\r\n' >&"$other"
    read -r -t 5 -u "$other" heard
    [ "$heard" = $'still here\r' ]
    refute grep -q 'never retrieved' "$errors"
    exec {other}>&-
}

@test "row 17: three silent clients: one deadline for all, not three, and nobody new" {
    local begun took
    for stage in callback coroutine; do
        start_stage "$stage" --grace 1
        start_peer silent "$port" 3 --text 'hello\r\n'
        await 5 heard_from 3
        begun=$(date +%s%N)
        kill -TERM "$pid"
        await 2 grep -q '^Got the signal SIGTERM: 3 [a-z]*, 1 s to finish$' "$log"
        refute bash -c "exec 9<>/dev/tcp/127.0.0.1/$port" 2>/dev/null
        await 5 gone "$pid"
        took=$((($(date +%s%N) - begun) / 1000000))
        status=0
        wait "$pid" || status=$?
        echo "$stage: $took ms, exit $status"
        [ "$status" -eq 0 ]
        [ "$took" -ge 1000 ]
        [ "$took" -lt 2500 ]
    done
}

@test "row 17: what is owed when the signal comes is delivered in the time of --grace" {
    for stage in callback coroutine; do
        start_stage "$stage" -q --grace 10
        slow_client "$port" 30000000 "$BATS_TEST_TMPDIR/$stage.go" \
            >"$BATS_TEST_TMPDIR/$stage" 3>&- &
        local client=$!
        await 10 grep -qx stuck "$BATS_TEST_TMPDIR/$stage"
        kill -TERM "$pid"
        touch "$BATS_TEST_TMPDIR/$stage.go"
        wait "$client"
        grep -qx 'all came back' "$BATS_TEST_TMPDIR/$stage"
        await 5 gone "$pid" # nobody is left, so it does not wait for the rest of the 10 s
        wait "$pid"
    done
}

@test "row 17: a second signal ends it at once, --grace 0 too" {
    for stage in callback coroutine; do
        start_stage "$stage" --grace 60
        start_peer silent "$port" 1 --text 'hello\r\n'
        await 5 heard_from 1
        kill -TERM "$pid"
        await 2 grep -q '^Got the signal SIGTERM' "$log"
        kill -TERM "$pid"
        await 2 gone "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq 143 ]

        start_stage "$stage" --grace 0
        start_peer silent "$port" 1 --text 'hello\r\n'
        await 5 heard_from 1
        kill -TERM "$pid"
        await 2 gone "$pid"
        wait "$pid"
    done
}

@test "row 19: --read-timeout closes the silent one in time, and not the one who talks" {
    for stage in callback coroutine; do
        start_stage "$stage" --read-timeout 1
        limit 20 python3 - "$port" <<'END'
import socket, sys, time
silent, talker = (socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(2))
begun = time.monotonic()
silent.settimeout(5)
talker.settimeout(5)
ended = None
while time.monotonic() < begun + 2.5:
    talker.sendall(b"x")
    assert talker.recv(1) == b"x", "the talker was closed"
    silent.settimeout(0.1)
    try:
        if ended is None and silent.recv(1) == b"":
            ended = time.monotonic() - begun
    except TimeoutError:
        pass
assert ended is not None and 0.95 <= ended <= 2, f"the silent one was closed after {ended} s"
END
        grep -q '^Close connection by timeout: 127.0.0.1:[0-9]* was silent for 1 s$' "$log"
        stop_stage
    done
}

@test "SIGUSR1: who is here, what he awaits, since when, and where he was created" {
    start_stage coroutine
    start_peer silent "$port" 2 --text 'hello\r\n'
    await 5 heard_from 2
    kill -USR1 "$pid"
    await 5 grep -q '^echolab coroutine: 4 tasks$' "$errors"
    local line='  127\.[0-9.:]+ +awaits recv\([0-9]+\) +for [0-9.]+ s, created in accept_clients'
    await 5 grep -Eq "$line" "$errors"
    grep -Eq '  accept +awaits accept\([0-9]+\) ' "$errors"
    [ "$(grep -c 'awaits recv' "$errors")" -eq 2 ]
}

@test "an idle client of coroutine costs at most 8.5 KiB after one echo, everything included" {
    local before after
    start_stage coroutine -q
    [ "$(say_on "$port" 'warm\r\n' 0.2)" = $'warm\r' ]
    before=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
    start_peer silent "$port" 800 --text 'hello\r\n'
    [ "$(say_on "$port" 'the last\r\n' 0.5)" = $'the last\r' ] # so the others were served
    after=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup")
    echo "$(((after - before) * 1024 / 800)) bytes a client"
    [ $(((after - before) * 1024 / 800)) -le 8704 ]
}

@test "at the edge of the stack's mappings a client is refused, and nobody else notices" {
    local size
    start_stage coroutine -q --chunk 65536
    exec {first}<>"/dev/tcp/127.0.0.1/$port"
    printf 'hello\r\n' >&"$first"
    read -r -t 5 -u "$first"
    size=$(awk '/^VmSize:/ { print $2 }' "/proc/$pid/status")
    prlimit --pid "$pid" --as=$((size * 1024))
    [ "$(say_on "$port" 'hello\r\n' 5)" = '' ]
    grep -q '^echolab coroutine: cannot create a task for 127.*: Cannot allocate memory$' "$errors"
    printf 'still here\r\n' >&"$first"
    read -r -t 5 -u "$first" heard
    [ "$heard" = $'still here\r' ]
    exec {first}>&-
}
