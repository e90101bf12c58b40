# helper.bash -- what the tests share. Put `load helper` at the top of a .bats file.
#
#   start_stage STAGE [OPTION...]   starts it on a free port of 127.0.0.1 and waits until it
#                                   listens; sets $port, $pid, $log (its stdout) and $errors
#                                   (its stderr)
#   start_server CMD...             the same for any server; {port_file} in CMD is the file
#                                   where it must write its port
#   stop_stage [PID [SIGNAL]]       SIGTERM, waits at most 5 s; sets $status
#   await SECONDS CMD...            asks again and again until CMD succeeds
#   limit SECONDS CMD...            runs CMD, kills it after so long (exit code 124); use it
#                                   for everything that could hang: bats' own time limit does
#                                   not end a command under `run`
#   refute CMD...                   fails when CMD succeeds (a plain `! CMD` never fails a test)
#   peers CMD...                    rude and exact clients in Python: see tests/peers.py
#   start_peer CMD...               one of them that stays connected; sets $peer, $peer_log
#   say_on PORT TEXT [SECONDS]      one connection of bash: types TEXT (printf's escapes),
#                                   prints what comes back within SECONDS (default 1)
#   line_on PORT TEXT               the same, but leaves with the first line that comes back
#   each_stage CASE FUNCTION        calls FUNCTION STAGE for all stages to which CASE of
#                                   tests/stages.conf applies; fails when one fails
#   also CMD...                     runs CMD beside those before it, $AT_ONCE (4) at a time
#   all_of_them                     waits for these; fails when one failed, and shows it
#
#   strace_on, strace_off           the system calls of $pid go into the file $calls_seen
#   asleep_in                       prints the call in which $pid sleeps
#
# Everything that was started is stopped after each test. A file that has a teardown() of
# its own calls stop_all in it.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# Another binary can be tested, for example one made with sanitizers.
ECHOLAB=${ECHOLAB:-$ROOT/echolab}
PATH=$ROOT:$PATH
unset ECHOLAB_PORT ECHOLAB_BIND NO_COLOR FORCE_COLOR COLUMNS LC_ALL LC_CTYPE
export LANG=C.UTF-8
started=()

limit() {
    timeout -k 1 "$@"
}

refute() {
    if "$@"; then
        echo "should have failed: $*" >&2
        return 1
    fi
}

# A server that starts under a sanitizer, on a busy machine, is slow: be generous.
await() {
    # AWAIT makes all waits short, for tests that want to see a failure.
    local end=$((SECONDS + ${AWAIT:-$1} + 1))

    shift
    until "$@"; do
        if ((SECONDS >= end)); then
            echo "in vain: $*" >&2
            return 1
        fi
        sleep 0.02
    done
}

# Has the server said where it listens, or ended?
up_or_over() {
    [ -s "$1" ] || ! kill -0 "$pid" 2>/dev/null
}

start_server() {
    local dir

    dir=$(mktemp -d "$BATS_TEST_TMPDIR/server.XXXXXX")
    log=$dir/log errors=$dir/errors
    "${@//\{port_file\}/$dir/port}" </dev/null >"$log" 2>"$errors" 3>&- 4>&- &
    pid=$!
    started+=("$pid")
    await 10 up_or_over "$dir/port"
    if [ ! -s "$dir/port" ]; then
        echo "the server ended before it listened: $*" >&2
        cat "$errors" >&2
        return 1
    fi
    port=$(<"$dir/port")
}

start_stage() {
    start_server "$ECHOLAB" "$@" --port 0 --port-file '{port_file}'
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

stop_stage() {
    local which=${1:-$pid}

    kill "-${2:-TERM}" "$which" 2>/dev/null || true
    if ! await 5 gone "$which"; then
        kill -KILL "$which"
        echo "SIG${2:-TERM} did not end process $which within 5 s" >&2
        return 1
    fi
    status=0
    wait "$which" || status=$?
}

stop_all() {
    local one

    for one in "${started[@]}"; do
        kill -TERM "$one" 2>/dev/null || continue
        await 5 gone "$one" 2>/dev/null || kill -KILL "$one"
    done
    started=()
}

teardown() {
    stop_all
}

peers() {
    limit "${PEERS_LIMIT:-50}" python3 "$BATS_TEST_DIRNAME/peers.py" "$@"
}

# A client of peers.py that stays: waits until it says "ready"; sets $peer and $peer_log.
start_peer() {
    peer_log=$(mktemp "$BATS_TEST_TMPDIR/peer.XXXXXX")
    python3 "$BATS_TEST_DIRNAME/peers.py" "$@" </dev/null >"$peer_log" 2>&1 3>&- 4>&- &
    peer=$!
    started+=("$peer")
    await 30 ready_or_over
    if ! grep -qx ready "$peer_log"; then
        echo "the client gave up: $*: $(cat "$peer_log")" >&2
        return 1
    fi
}

ready_or_over() {
    grep -qsx ready "$peer_log" || gone "$peer"
}

# So many seconds on a quiet machine; more on one that has other work for its processors.
patience() {
    awk -v s="$1" -v n="$(nproc)" '{ m = 2 * $1 / n; print s * (m < 1 ? 1 : m > 10 ? 10 : m) }' \
        /proc/loadavg
}

# As say_on, but leaves with the first line that comes back, and waits long for it.
line_on() {
    local talk

    exec {talk}<>"/dev/tcp/127.0.0.1/$1"
    # shellcheck disable=SC2059
    printf "$2" >&"$talk"
    limit 15 head -n 1 <&"$talk" || true
    exec {talk}>&-
}

say_on() {
    local talk

    exec {talk}<>"/dev/tcp/127.0.0.1/$1"
    # shellcheck disable=SC2059
    printf "$2" >&"$talk"
    limit "$(patience "${3:-1}")" cat <&"$talk" || true
    exec {talk}>&-
}

# ---- what a stage costs, seen from /proc

# CPU time in ms that a process and its children have used so far, with all their threads.
cpu_ms() {
    local one files=()

    for one in "$1" $(pgrep -P "$1"); do
        files+=("/proc/$one"/task/*/schedstat)
    done
    awk '{ ns += $1 } END { printf "%d\n", ns / 1e6 }' "${files[@]}"
}

descriptors() {
    ls "/proc/$1/fd" | wc -l
}

threads() {
    ls "/proc/$1/task" | wc -l
}

children() {
    pgrep -c -P "$1" || true
}

# Resident memory in KiB.
memory() {
    awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

# ---- the system calls of $pid, its threads and children, seen by strace

# Options of strace may follow. The calls come into the file $calls_seen.
# shellcheck disable=SC2120
strace_on() {
    local one all

    calls_seen=$(mktemp "$BATS_TEST_TMPDIR/calls.XXXXXX")
    mapfile -t all < <(echo "$pid"; pgrep -P "$pid")
    strace -f -qq -s 200 -o "$calls_seen" "$@" "${all[@]/#/-p}" 2>/dev/null 3>&- 4>&- &
    tracer=$!
    started+=("$tracer")
    for one in "${all[@]}"; do
        await 5 grep -q "^TracerPid:[[:space:]]*$tracer$" "/proc/$one/status"
    done
}

strace_off() {
    kill -INT "$tracer" 2>/dev/null || true
    await 5 gone "$tracer"
}

strace_lines() {
    grep -c '(' "$calls_seen" || true
}

# Has strace written down what the server did? It has when the count stands still.
strace_settled() {
    local before

    before=$(strace_lines)
    sleep 0.2
    [ "$(strace_lines)" -eq "$before" ]
}

# In which call does a server sleep? Empty: in none.
asleep_in() {
    strace_on
    sleep 0.2
    strace_off
    sed -n '1s/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' "$calls_seen"
}

# ---- the table of stages

stages() {
    "$ECHOLAB" list --json | jq -r '.[].name'
}

# Does a case apply to a stage? Yes, unless a line of stages.conf takes it out.
applies() {
    awk -v wanted="$1" -v stage="$2" '
        $1 == stage && ($2 == wanted || $2 == "*") { found = 1 }
        END { exit found }' "$BATS_TEST_DIRNAME/stages.conf"
}

# One stage of each_stage, in a subshell of its own.
at_stage() {
    BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR/$3
    mkdir -p "$BATS_TEST_TMPDIR"
    echo "$1 on $3:"
    started=()
    trap stop_all EXIT
    "$2" "$3"
}

each_stage() {
    local stage ran=0

    for stage in $(stages); do
        applies "$1" "$stage" || continue
        also at_stage "$1" "$2" "$stage"
        ran=$((ran + 1))
    done
    echo "$1: $ran stages"
    [ "$ran" -gt 0 ]
    all_of_them
}

# ---- side by side: most of a test is waiting

jobs=()

# In the background, because only there errexit still counts in a call whose exit code is
# looked at: one failure must not hide the next one's.
also() {
    local said=$BATS_TEST_TMPDIR/said.${#jobs[@]}

    ((${#jobs[@]} < ${AT_ONCE:-4})) || wait "${jobs[-${AT_ONCE:-4}]}" || true
    "$@" >"$said" 2>&1 3>&- 4>&- &
    jobs+=("$!")
}

# Not a plain `wait`: among our children is the clock of bats.
all_of_them() {
    local i failed=0

    for i in "${!jobs[@]}"; do
        wait "${jobs[i]}" && continue
        cat "$BATS_TEST_TMPDIR/said.$i"
        failed=$((failed + 1))
    done
    echo "${#jobs[@]} side by side, $failed failed"
    jobs=()
    [ "$failed" -eq 0 ]
}
