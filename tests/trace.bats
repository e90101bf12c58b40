#!/usr/bin/env bats
# `echolab trace`: it tells the truth, it tells it in few lines, and it changes nothing.
load helper

# Starts `echolab trace ARG...`; {port_file} as in start_server. $log holds the narration.
start_trace() {
    start_server "$ECHOLAB" trace "$@"
}

# Starts the traced stage $1 with the options of trace behind it.
trace_of() {
    local stage=$1

    shift
    start_trace "$@" "$stage" --port 0 --port-file '{port_file}'
}

told() {
    await 10 grep -qE -- "$1" "$log"
}

# Opens a connection under the name of a variable: `connect alice`.
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

# Both clients of the mock-up, each step after the trace has told the step before it.
alice_and_bob() {
    connect alice
    told 'alice +.*accept.*alice is in'
    told "$1"
    connect bob
    types bob 'bob!\r\n'
}

@test "multi-blocking: asleep on alice while bob waits, and who made him wait" {
    trace_of multi-blocking
    alice_and_bob 'recv\(alice\) \.\.\. +asleep until alice types'
    told 'bob .*(connected; nobody has accepted it|unread)'
    sleep 0.5 # the wait that is to be told; no step depends on its length
    types alice 'hi\r\n'
    hears alice hi
    told "recv\(alice\) .*asleep until alice types again"
    told "bob's bytes lie unread"
    types alice 'A again\r\n'
    hears alice 'A again'
    hears bob 'bob!'
    told 'BOB HEARS BACK AFTER [0-9.]+ s'
    told '<-- waited for alice, twice'
    leaves alice
    leaves bob
    stop_stage
    [ "$status" -eq 0 ]
    told '^stopped after .*: 2 clients, 19 bytes echoed, longest wait [0-9.]+ s \(bob\)'
    # He waited at least as long as we did on purpose, and not longer than the whole run.
    awk '/BOB HEARS/ { for (i = 1; i < NF; i++) if ($i == "AFTER") waited = $(i + 1) }
         /^stopped/ { whole = $3 }
         END { exit !(waited >= 0.5 && waited <= whole) }' "$log"
}

@test "epoll: woken for bob alone, and nobody waits" {
    trace_of epoll
    alice_and_bob 'epoll_wait\(\) \.\.\. +asleep'
    hears bob 'bob!'
    told 'epoll_wait\(\) = 1 +woken for bob alone'
    told 'bob hears back after 0\.0'
    leaves alice
    leaves bob
    stop_stage
    refute grep -q 'HEARS' "$log"
}

@test "select and poll name the client that woke them as well" {
    local stage

    for stage in select poll; do
        trace_of "$stage"
        connect alice
        told 'woken for the listener'
        types alice 'hi\r\n'
        hears alice hi
        told "$stage\(\) = 1 +woken for alice alone"
        leaves alice
        stop_stage
    done
}

# Three lines of two clients, one after the other, then the server ends by itself.
two_talks() {
    local talk

    for talk in 1 2; do
        connect talker
        types talker "line $talk\r\n"
        hears talker "line $talk"
        leaves talker
    done
}

# Starts the same server under trace and under strace, and talks to both. They end by
# themselves; $1 is a name for what they write.
begin_counts() {
    local name=$BATS_TEST_TMPDIR/$1

    shift
    start_server "$ECHOLAB" trace --json -o "$name.trace" -- "$@"
    echo "$pid" >"$name.pids"
    two_talks
    start_server strace -f -c -o "$name.strace" "$@"
    echo "$pid" >>"$name.pids"
    two_talks
}

# Both have ended: do they agree, name by name? $2 calls may differ between any two runs.
counts_agree() {
    local name=$BATS_TEST_TMPDIR/$1 one

    for one in $(cat "$name.pids"); do
        await 20 gone "$one"
    done
    tail -n 1 "$name.trace" |
        jq -r '.system_calls | to_entries[] | "\(.key) \(.value)"' | sort >"$name.ours"
    awk '$1 ~ /^[0-9]/ && $NF != "total" { print $NF, $4 }' "$name.strace" | sort >"$name.theirs"
    join -a 1 -a 2 -e 0 -o 0,1.2,2.2 "$name.ours" "$name.theirs" |
        awk -v name="$(basename "$name")" -v slack="$2" -v ignore="${3:-^$}" '
            $1 ~ ignore { next }
            { off = $2 - $3; if (off < 0) off = -off; all += $2; bad += off
              if (off > 0) print name " differs: " $0 }
            END { print name ": " all " calls, " bad " off"; exit !(all > 30 && bad <= slack) }'
}

# A sanitizer takes memory, and threads, as it pleases.
sanitized() {
    grep -q __asan_init "$ECHOLAB"
}

begin_stage_counts() {
    begin_counts "$1" "$ECHOLAB" "$1" --port 0 --port-file '{port_file}' --exit-after 1.5
}

# A wait may end once for two events, or twice; an accept() is begun anew when a child has
# ended; a thread's malloc() may need a new arena. strace differs from itself by so much.
stage_agrees() {
    counts_agree "$1" "$(sanitized && echo 40 || echo 6)"
}

@test "counts: as many calls of each kind as strace -f -c, on every stage" {
    local stage ran=()

    ulimit -n 256 # some stages walk through all descriptors when they stop
    for stage in $(stages); do
        case $stage in
        *-naive) continue ;; # ends by itself before a client comes
        *-spin) continue ;;  # no two runs ask equally often; see below
        message) continue ;; # speaks another protocol
        esac
        begin_stage_counts "$stage"
        ran+=("$stage")
    done
    for stage in "${ran[@]}"; do
        # Once more when a busy machine made one of the two runs go another way.
        stage_agrees "$stage" && continue
        begin_stage_counts "$stage"
        stage_agrees "$stage"
    done
    ((${#ran[@]} >= 8))
}

@test "counts: on an asyncio server and a Node server, that were not written for this" {
    local noise='^(futex|m(un)?map|mprotect|madvise|brk)$' # as its collector of garbage pleases

    begin_counts python python3 "$BATS_TEST_DIRNAME/fixtures/asyncio_server.py" '{port_file}' 1
    if command -v node >/dev/null; then
        begin_counts node node "$BATS_TEST_DIRNAME/fixtures/node_server.js" '{port_file}' 1.5
        counts_agree node 16 "$noise"
    fi
    counts_agree python 12
}

@test "an asyncio server is narrated like one of ours" {
    start_trace -- python3 "$BATS_TEST_DIRNAME/fixtures/asyncio_server.py" '{port_file}' 20
    connect alice
    types alice 'hi\r\n'
    hears alice hi
    told 'epoll_wait\(\) = 1 +woken for alice alone'
    # The number of the task stands before the call when python3 is a script that starts one.
    told 'alice +([0-9]+\| )?recv\(\) = 4 +"hi\\r\\n"'
    told 'alice +([0-9]+\| )?send\(\) = 4 +alice hears back'
    leaves alice
    # A python that is a shell script in disguise is no part of the story.
    refute grep -q 'wait4' "$log"
}

follows_crowd() {
    local json=$BATS_TEST_TMPDIR/$1.json

    start_server "$ECHOLAB" trace --json -o "$json" "$1" -q --port 0 --port-file '{port_file}'
    [ "$(limit 60 python3 "$BATS_TEST_DIRNAME/fixtures/crowd.py" "$port" "$2")" -eq "$2" ]
    await 10 eval "[ \$(grep -c '\"event\": \"gone\"' '$json') -eq $2 ]"
    stop_stage
    jq -e -s --argjson n "$2" --argjson tasks "$3" '
        (map(select(.event == "task")) | length) == $n
        and (map(select(.event == "gone")) | length) == $n + 1
        and (map(select(.call == "recv" and .result > 0) | .who) | unique | length) == $n
        and (map(select(.call == "send" and .waited != null) | .who) | unique | length) == $n
        and (.[-1] | .event == "end" and .clients == $n and .bytes_in == .bytes_out)
        and .[-1].tasks >= $tasks' "$json" >/dev/null
}

@test "a threaded server with 100 clients: no thread, no line lost" {
    follows_crowd threaded 100 101
}

@test "a forked server with 50 clients: no process, no line lost" {
    follows_crowd forked 50 51
}

@test "nonblocking-spin: a handful of lines, however often it asks in vain" {
    trace_of nonblocking-spin
    connect alice
    told 'alice is in'
    sleep 2 # let it spin
    stop_stage
    told 'accept4\(\) = EAGAIN  x [0-9 ]+'
    told 'recv\(alice\) = EAGAIN  x [0-9 ]+'
    leaves alice
    [ "$(wc -l <"$log")" -lt 30 ]
    # The folded lines stand for thousands of calls.
    awk -F 'x ' '/EAGAIN  x/ { gsub(/ /, "", $2); n += $2 } END { exit !(n > 2000) }' "$log"
}

@test "what a client sends cannot reach the terminal raw" {
    trace_of epoll
    connect alice
    types alice '\033[31mred\a\x9b\r\n'
    told 'alice +recv\(\) = [0-9]+ +"\\x1b'
    leaves alice
    stop_stage
    refute grep -qP '[^\x20-\x7e\n]' "$log"
}

@test "the path of a Unix socket cannot reach the terminal raw" {
    cd "$BATS_TEST_TMPDIR"
    run limit 20 "$ECHOLAB" trace -- python3 -c '
import socket
path = "\33[31m\x9b"
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen()
socket.socket(socket.AF_UNIX).connect(path)
'
    echo "$output" | cat -v
    grep -q 'bind() *unix:?\[31m' <<<"$output"
    grep -q 'connect() = 0 *unix:?\[31m' <<<"$output"
    refute grep -qP '\x1b|\x{9b}' <<<"$output"
}

@test "no line is wider than the screen, and none has a blank at its end" {
    local columns

    for columns in 60 80 100; do
        COLUMNS=$columns trace_of multi-blocking
        alice_and_bob 'asleep until alice types'
        types alice 'hi\r\nand a long text that does not fit into any column of the trace\r\n'
        hears alice hi
        leaves alice
        hears bob 'bob!'
        leaves bob
        stop_stage
        refute grep -qE "^.{$((columns + 1))}| $" "$log"
    done
}

@test "colours: only when asked for, and then 166 for waiting and bold for names" {
    trace_of epoll
    refute grep -q $'\e' "$log"
    stop_stage
    trace_of epoll --color=always
    connect alice
    told 'alice'
    leaves alice
    stop_stage
    grep -q $'\e\\[38;5;166m''asleep' "$log"
    grep -q $'\e\\[1m''alice'$'\e\\[0m' "$log"
}

@test "STAGE --trace is trace STAGE, and its options reach the stage" {
    start_stage epoll --trace --backlog 7 --chunk=3
    told 'listen\(\)'
    connect alice
    types alice 'abcdef'
    told 'recv\(\) = 3'
    leaves alice
    stop_stage
    start_stage epoll -qj
    told '"call": "epoll_wait"'
    stop_stage
    tail -n 1 "$log" | jq -e '.event == "end"' >/dev/null
}

@test "the server's end is ours: exit code, signal, no such command" {
    run limit 10 "$ECHOLAB" trace -- sh -c 'exit 7'
    [ "$status" -eq 7 ]
    run limit 10 "$ECHOLAB" trace -- sh -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    run limit 10 "$ECHOLAB" trace -- no-such-command-here
    [ "$status" -eq 1 ]
    [[ $output == *"cannot run no-such-command-here"* ]]
    run limit 10 "$ECHOLAB" trace epoll --port 70000
    [ "$status" -eq 2 ]
    run limit 10 "$ECHOLAB" trace nothing
    [ "$status" -eq 2 ]
    run limit 10 "$ECHOLAB" trace epoll -o file
    [ "$status" -eq 2 ]
    [[ $output == *"-o"*"those of trace stand before the stage" ]]
    run limit 10 "$ECHOLAB" trace
    [ "$status" -eq 2 ]
}

@test "signals pass: a stopped server stays stopped until it is told to go on" {
    trace_of epoll
    local server=$(pgrep -P "$pid")

    kill -STOP "$server"
    await 5 grep -q '^State:.[Tt]' "/proc/$server/status"
    connect alice
    types alice 'hi\r\n'
    sleep 0.3 # time in which it must not answer
    refute grep -q 'alice is in' "$log"
    kill -CONT "$server"
    hears alice hi
    leaves alice
    stop_stage
    [ "$status" -eq 0 ]
}

@test "a server that trace started dies with it; one that it came to does not" {
    trace_of epoll
    local server=$(pgrep -P "$pid")

    kill -KILL "$pid"
    await 5 gone "$server"

    start_stage epoll -q
    local ours=$pid here=$port
    "$ECHOLAB" trace --pid "$ours" </dev/null >"$BATS_TEST_TMPDIR/late" 3>&- 4>&- &
    started+=("$!")
    log=$BATS_TEST_TMPDIR/late
    told 'epoll_wait\(\) \.\.\.'
    connect alice
    types alice 'hi\r\n'
    hears alice hi
    told 'alice hears back'
    kill -KILL "${started[-1]}"
    types alice 'still there\r\n'
    hears alice 'still there'
    [ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$ours/status")" -eq 0 ]
    leaves alice
}

@test "a reader that leaves and a disk that is full: one clear line, and no server left" {
    local code=0

    limit 10 "$ECHOLAB" trace nonblocking-spin -q --port 0 --port-file "$BATS_TEST_TMPDIR/p" \
        2>"$BATS_TEST_TMPDIR/err" 3>&- | head -n 2 >/dev/null
    [ "${PIPESTATUS[0]}" -eq 1 ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = \
        "echolab trace: nobody reads the trace any more; the server was stopped" ]
    limit 10 "$ECHOLAB" trace -o /dev/full epoll -q --port 0 \
        --port-file "$BATS_TEST_TMPDIR/p2" 2>"$BATS_TEST_TMPDIR/err" 3>&- || code=$?
    [ "$code" -eq 1 ]
    [ "$(cat "$BATS_TEST_TMPDIR/err")" = \
        "echolab trace: cannot write /dev/full: No space left on device" ]
}

@test "a reader that does not read cannot stop the server" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    sleep 60 <"$BATS_TEST_TMPDIR/pipe" 3>&- 4>&- &
    started+=("$!")
    start_server "$ECHOLAB" trace --all -o "$BATS_TEST_TMPDIR/pipe" epoll -q --port 0 \
        --port-file '{port_file}'
    local n

    connect alice
    for n in $(seq 1000); do # far more lines than a pipe holds
        types alice 'x\r\n'
        hears alice x
    done
    leaves alice
}

@test "--step: nothing happens before Enter; without a terminal it is refused" {
    mkfifo "$BATS_TEST_TMPDIR/keys"
    script -qec "'$ECHOLAB' trace --step epoll -q --port 0" /dev/null \
        <"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 3>&- 4>&- &
    started+=("$!")
    exec {keys}>"$BATS_TEST_TMPDIR/keys"
    log=$BATS_TEST_TMPDIR/screen
    told 'socket\(\) \.\.\. +press Enter'
    sleep 0.2 # time in which it must not go on
    refute grep -q 'setsockopt' "$log"
    echo >&"$keys"
    told 'setsockopt\(SO_REUSEADDR\) \.\.\. +press Enter'
    refute grep -q 'bind' "$log"
    echo >&"$keys"
    told 'bind\(127.0.0.1:0\) \.\.\. +press Enter'
    exec {keys}>&-
    run limit 10 setsid "$ECHOLAB" trace --step epoll -q --port 0 </dev/null
    [ "$status" -eq 2 ]
    run limit 10 "$ECHOLAB" trace --step --json epoll -q --port 0 </dev/null
    [ "$status" -eq 2 ]
}

@test "--pid of a forked server: the children that serve already are heard too" {
    start_stage forked -q
    connect alice
    types alice 'hi\r\n'
    hears alice hi
    log=$BATS_TEST_TMPDIR/late
    "$ECHOLAB" trace --pid "$pid" </dev/null >"$log" 3>&- 4>&- &
    started+=("$!")
    told '1\| accept4?\(\) \.\.\. '
    told '2\| recv\(alice\) \.\.\. '
    types alice 'still there\r\n'
    hears alice 'still there'
    told 'alice +2\| send\(\) = 13 +alice hears back'
    stop_stage "${started[-1]}" INT
    told '1 client, 13 bytes echoed'
    refute grep -q 'goes unheard' "$log"
    types alice 'and now\r\n'
    hears alice 'and now'
    leaves alice
}

@test "ptrace refused: one line that says why, exit code 4" {
    command -v setpriv >/dev/null || skip "no setpriv here"
    [ "$(id -u)" -eq 0 ] || skip "needs root, to be somebody else"
    start_stage epoll -q
    run limit 10 setpriv --reuid=65534 --clear-groups "$ECHOLAB" trace --pid "$pid"
    [ "$status" -eq 4 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} == "echolab trace: ptrace is refused: "* ]]
    run limit 10 "$ECHOLAB" trace --pid 4000000
    [ "$status" -eq 1 ]
}

@test "a stage holds no line of tracing, and an untraced run meets no ptrace" {
    refute grep -riE 'trace' "$ROOT/stages" --include='*.c'
    strace -f -o "$BATS_TEST_TMPDIR/calls" "$ECHOLAB" epoll -q --port 0 --exit-after 0.2
    refute grep -q ptrace "$BATS_TEST_TMPDIR/calls"
    # One that is traced does: else this test could not fail.
    strace -f -o "$BATS_TEST_TMPDIR/calls" "$ECHOLAB" epoll -q --port 0 --exit-after 0.2 \
        --trace >/dev/null 2>&1 || true
    grep -q 'ptrace(PTRACE_SEIZE' "$BATS_TEST_TMPDIR/calls"
}

# Echoes a second of a server that was started by `start_server CMD...`.
speed_of() {
    start_server "$@"
    limit 20 "$BATS_TEST_TMPDIR/load" "$port" 20 0.5
    stop_stage
}

@test "a stage run by echolab is as fast as its file alone, built without the tracer" {
    local round speed bare=0 ours=0

    cd "$ROOT"
    gcc -O2 -std=c11 -o "$BATS_TEST_TMPDIR/load" tests/fixtures/load.c -D_GNU_SOURCE
    gcc -O2 -std=c11 -D_GNU_SOURCE -pthread -Icommon -o "$BATS_TEST_TMPDIR/bare" \
        tests/fixtures/bare.c stages/22_epoll.c common/chores.c common/net.c common/say.c \
        common/color.c common/line.c common/args.c common/stop.c
    refute grep -qa ptrace "$BATS_TEST_TMPDIR/bare"
    # By turns, and the best counts: whatever else the machine does only makes it slower.
    for round in 1 2 3 4; do
        speed=$(speed_of "$BATS_TEST_TMPDIR/bare" '{port_file}')
        ((bare = speed > bare ? speed : bare))
        speed=$(speed_of "$ECHOLAB" epoll -q --port 0 --port-file '{port_file}')
        ((ours = speed > ours ? speed : ours))
    done
    echo "echoes a second: $bare alone, $ours in echolab"
    ((bare > 0 && ours > bare * 7 / 10 && bare > ours * 7 / 10))
}
