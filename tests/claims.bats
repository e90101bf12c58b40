# claims.bats -- what the headers of the stages promise and admit comes true.
#
# run alone: it counts CPU time and system calls
# at most 120 s a test: one of them plays a scenario for each of two dozen claims
#
# claims.txt lists every claim. A test whose title begins with "STAGE.CLAIM:" shows that one.

load helper

@test "headers, claims.txt, stages.conf, lessons/claims and the tests agree" {
    python3 "$BATS_TEST_DIRNAME/claims.py"
}

# Changes a file of a copy of the tree by a sed expression; claims.py must say $3.
disagrees() {
    local tree=$BATS_TEST_TMPDIR/tree

    rm -rf "$tree"
    mkdir -p "$tree/lessons"
    cp -r "$ROOT/stages" "$ROOT/tests" "$tree"
    cp -r "$ROOT/lessons/claims" "$ROOT/lessons/scenarios" "$tree/lessons"
    sed -i "$2" "$tree/$1"
    refute cmp -s "$tree/$1" "$ROOT/$1"
    run python3 "$BATS_TEST_DIRNAME/claims.py" "$tree"
    echo "$1, $2: exit $status: $output"
    [ "$status" -eq 1 ]
    grep -q "$3" <<<"$output"
}

@test "a claim without a test is noticed, and so is a test without a claim" {
    disagrees stages/22_epoll.c 's/in the kernel and here/and more/' 'epoll: the header says'
    disagrees stages/22_epoll.c '/^ \* Gone:/d' 'epoll: the header says under "Gone"'
    disagrees tests/claims.txt '/^poll.walk/d' 'poll: the header says under "Still wrong"'
    disagrees tests/claims.txt 's/^poll.walk/poll.walks/' 'no test that begins with "poll.walks:"'
    disagrees tests/claims.txt '/^poll.walk/s/here$/soon/' 'poll.walk: is not shown by any test'
    disagrees tests/claims.txt '/^poll.crash/s/boom$/bang/' 'there is no scenario bang'
    disagrees tests/claims.txt '/^message.cut/s/row 32/row 99/' 'message.bats has no test'
    disagrees lessons/claims '/^threaded  *boom/d' 'threaded.crash: lessons/claims does not say'
    disagrees lessons/claims 's/^# What.*/forked boom "one crash"/' 'forked.crash: is gone, but'
    disagrees tests/claims.bats 's/^@test "poll.walk:/@test "poll.r:/' 'there is no claim poll.r'
    disagrees tests/stages.conf 's/^blocking  *crowd /blocking crowds /' 'there is no case crowds'
    disagrees tests/stages.conf 's/nonblocking-naive.dies/naive.dies/' 'has no claim naive.dies'
}

@test "the scenarios fail and hold as claims.txt says" {
    local verdicts=$BATS_TEST_TMPDIR/verdicts

    # Exit code 0: as lessons/claims says. Four at a time: they wait more than they work.
    awk -F ' *[|] *' '/^[a-z]/ && $4 ~ /^play / {
        sub(/\..*/, "", $1); sub(/^play /, "", $4); print $4, $1 }' \
        "$BATS_TEST_DIRNAME/claims.txt" | sort -u >"$BATS_TEST_TMPDIR/cells"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/cells")" -ge 20 ]
    # shellcheck disable=SC2016
    limit 110 xargs -L 1 -P 4 sh -c '"$0" play "$1" --on "$2" -q || echo "NOT SO: $1, $2"' \
        "$ECHOLAB" <"$BATS_TEST_TMPDIR/cells" >"$verdicts" 2>&1
    cat "$verdicts"
    refute grep -q 'NOT SO' "$verdicts"
    [ "$(grep -cE ': all [0-9]+ expectations hold|, as its lesson says' "$verdicts")" -eq \
        "$(wc -l <"$BATS_TEST_TMPDIR/cells")" ]
}

# The code of a stage, without its header and its comments.
code_of() {
    sed -e '1,/^ \*\/$/d' -e 's,/\*.*\*/,,' -e '/^\/\*/,/\*\//d' "$ROOT/stages/$1"
}

# A line of bash's own on port $1; sets $talk. hear: one line from it within a second, in $heard.
connect() {
    exec {talk}<>"/dev/tcp/127.0.0.1/$1"
}

hear() {
    heard=
    read -r -t "${2:-1}" -u "$1" heard
}

# ---- 10 blocking

@test "blocking.queue: it sleeps in recv() for alice, bob waits in the kernel's queue" {
    start_stage blocking
    connect "$port"
    alice=$talk
    await 5 grep -q 'I got a connection' "$log"
    connect "$port"
    bob=$talk
    printf 'I am bob\r\n' >&"$bob"
    [ "$(asleep_in)" = recvfrom ]
    [ "$(ss -Hltn "sport = :$port" | awk '{ print $2 }')" -eq 1 ] # one in the queue
    printf 'I am alice\r\n' >&"$alice"
    hear "$alice"
    refute hear "$bob"
    exec {alice}>&-
    hear "$bob" 5
    [ "$heard" = $'I am bob\r' ]
}

@test "blocking.deaf: a client that never reads keeps it in send()" {
    start_stage blocking -q
    start_peer deaf "$port"
    [ "$(asleep_in)" = sendto ]
    connect "$port"
    echo hello >&"$talk"
    refute hear "$talk"
    [ "$(asleep_in)" = sendto ]
}

# ---- 11 multi-blocking

@test "multi-blocking.accepts: bob is in while alice still is" {
    start_stage multi-blocking
    connect "$port"
    printf 'I am alice\r\n' >&"$talk"
    hear "$talk"
    connect "$port"
    await 5 eval '[ "$(grep -c "I got a connection" "$log")" -eq 2 ]'
    refute grep -q Closing "$log"
}

@test "multi-blocking.sleeps: in accept(), in recv() and in send()" {
    start_stage multi-blocking -q
    [[ $(asleep_in) == accept* ]]
    connect "$port"
    [ "$(asleep_in)" = recvfrom ]
    stop_stage
    # In each round it hears a chunk from a client that never reads, and sends it back, until
    # nothing more fits. Newcomers who leave at once make the rounds.
    start_stage multi-blocking -q --stream --chunk 65536
    start_peer deaf "$port"
    for i in {1..200}; do
        connect "$port"
        exec {talk}>&-
    done
    in_send() {
        [ "$(asleep_in)" = sendto ]
    }
    await 10 in_send
}

# ---- 12, 13 non-blocking

@test "nonblocking-naive.accept: accept() does not sleep" {
    run -1 limit 5 strace -f -e trace=accept,accept4 -o "$BATS_TEST_TMPDIR/calls" \
        "$ECHOLAB" nonblocking-naive --port 0
    [ "$(grep -c EAGAIN "$BATS_TEST_TMPDIR/calls")" -eq 1 ]
}

@test "nonblocking-naive.dies: of EAGAIN, with exit code 1, and it says why that is the lesson" {
    run --separate-stderr limit 5 "$ECHOLAB" nonblocking-naive --port 0 -q
    [ "$status" -eq 1 ]
    [[ $stderr == "echolab nonblocking-naive: accept: Resource temporarily unavailable (EAGAIN)"* ]]
    [[ $stderr == *"that is the lesson: nobody has connected yet"* ]]
}

@test "nonblocking-spin.sleep: it runs whenever one looks" {
    start_stage nonblocking-spin -q
    start_peer silent "$port" 2
    for i in {1..20}; do
        [ "$(awk '{ print $3 }' "/proc/$pid/stat")" = R ]
        sleep 0.02
    done
}

@test "nonblocking-spin.no-wait: no call that waits for several, none that sleeps" {
    start_stage nonblocking-spin -q
    start_peer silent "$port" 2
    strace_on
    sleep 0.5
    strace_off
    [ "$(strace_lines)" -gt 500 ]
    refute grep -E '(select|poll|wait|sleep|nanosleep|pause)[a-z0-9_]*\(' "$calls_seen"
    grep -q 'WAIT' "$ROOT/stages/20_select.c"
}

@test "nonblocking-spin.in-vain: thousands of times a second, and nobody has said a word" {
    start_stage nonblocking-spin -q
    start_peer silent "$port" 2
    strace_on
    sleep 1
    strace_off
    asked=$(grep -cE 'recvfrom|accept4?' "$calls_seen")
    in_vain=$(grep -c EAGAIN "$calls_seen")
    echo "asked $asked times under strace, $in_vain in vain"
    [ "$asked" -gt 2000 ]
    [ "$in_vain" -gt $((asked * 99 / 100)) ]
}

# ---- 20, 21, 22: what waiting for many costs

@test "select.anew: the whole set goes down with each call" {
    start_stage select -q
    start_peer silent "$port" 30
    connect "$port"
    strace_on -e trace=select,pselect6
    for i in 1 2 3; do
        echo "$i" >&"$talk"
        hear "$talk"
    done
    await 5 strace_settled
    strace_off
    # Each call names the listener, 30 silent clients and this one.
    grep -E 'select6?\(' "$calls_seen" | awk -F '[][]' 'NR > 1 { n = split($2, fds, " ")
        if (n < 32) bad = 1 } END { exit bad || NR < 3 }'
}

@test "select.highest: its first argument is the highest descriptor and one more" {
    start_stage select -q
    start_peer silent "$port" 300
    connect "$port"
    strace_on -e trace=select,pselect6
    echo hello >&"$talk"
    hear "$talk"
    await 5 strace_settled
    strace_off
    [ "$(sed -n 's/.*select6\{0,1\}(\([0-9]*\),.*/\1/p' "$calls_seen" | tail -n 1)" -gt 300 ]
}

@test "poll.set: no fd_set in the source, and 1100 clients are served" {
    refute grep -nE 'fd_set|FD_SET|FD_SETSIZE|max_fd\b' <(code_of 21_poll.c)
    start_stage poll -q
    peers idle "$port" 1100
}

# CPU time, in ms, that 400 echoes cost the stage $1 while $2 others are silent.
cost_of_echoes() {
    local from

    start_stage "$1" -q
    if [ "$2" -gt 0 ]; then
        start_peer silent "$port" "$2"
    fi
    connect "$port"
    echo warm >&"$talk"
    hear "$talk"
    from=$(cpu_ms "$pid")
    for i in {1..400}; do
        echo "$i" >&"$talk"
        hear "$talk"
    done
    cost=$(($(cpu_ms "$pid") - from))
    echo "$1, $2 silent clients: $cost ms"
    exec {talk}>&-
    stop_all
}

@test "poll.walk: an echo costs more when more clients are silent" {
    cost_of_echoes poll 0
    alone=$cost
    cost_of_echoes poll 2000
    [ "$cost" -gt $((3 * alone + 40)) ]
}

@test "poll.limit: it ends when its limit of descriptors falls below its clients" {
    start_stage poll -q
    start_peer silent "$port" 20
    connect "$port"
    echo before >&"$talk"
    hear "$talk"
    prlimit --pid "$pid" --nofile=10
    echo after >&"$talk" # the poll() that sleeps is not touched; the next one is
    await 5 gone "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    grep -q '^echolab poll: poll: Invalid argument$' "$errors"
}

@test "epoll.walk: an echo costs the same, however many clients are silent" {
    cost_of_echoes epoll 0
    alone=$cost
    cost_of_echoes epoll 2000
    [ "$cost" -lt $((2 * alone + 30)) ]
}

@test "epoll.pieces: a line that comes in three pieces is three events" {
    start_stage epoll --line
    connect "$port"
    await 5 grep -q 'I got a connection' "$log"
    strace_on -e trace=epoll_wait,epoll_pwait,recvfrom,sendto
    for piece in 'one' ' line' $'\r\n'; do
        printf %s "$piece" >&"$talk"
        await 5 grep -qF "I got data: \"${piece/$'\r\n'/'\r\n'}\"" "$log"
    done
    hear "$talk"
    [ "$heard" = $'one line\r' ]
    await 5 strace_settled
    strace_off
    [ "$(grep -cE 'epoll_p?wait.* = 1$' "$calls_seen")" -eq 3 ]
    [ "$(grep -c 'recvfrom.*= [1-9]' "$calls_seen")" -eq 3 ]
    [ "$(grep -c sendto "$calls_seen")" -eq 1 ]
}

# ---- 30 threaded, 31 forked

@test "threaded.cost: a silent client costs a thread with a stack" {
    size() {
        awk '/^VmSize:/ { print $2 }' "/proc/$pid/status"
    }
    start_stage threaded -q
    [ "$(threads "$pid")" -eq 1 ]
    before=$(size)
    start_peer silent "$port" 20
    await 5 eval '[ "$(threads "$pid")" -eq 21 ]'
    echo "address space: $before KiB before, $(size) KiB with 20 clients"
    [ "$(size)" -gt $((before + 20 * 1024)) ]
    kill "$peer"
    await 5 eval '[ "$(threads "$pid")" -eq 1 ]'
}

@test "threaded.memory: one process, one memory" {
    start_stage threaded -q
    start_peer silent "$port" 5
    await 5 eval '[ "$(threads "$pid")" -eq 6 ]'
    [ "$(children "$pid")" -eq 0 ]
    [ "$(sort -u "/proc/$pid/task"/*/maps | md5sum)" = "$(sort -u "/proc/$pid/maps" | md5sum)" ]
}

# Memory in KiB that belongs to the processes $@, each shared page counted once.
pss() {
    local one

    for one; do
        cat "/proc/$one/smaps_rollup"
    done | awk '/^Pss:/ { sum += $2 } END { print sum }'
}

@test "forked.cost: a silent client costs a process, and that is more than a thread" {
    start_stage threaded -q
    before=$(pss "$pid")
    start_peer silent "$port" 50
    await 5 eval '[ "$(threads "$pid")" -eq 51 ]'
    thread=$((($(pss "$pid") - before) / 50))
    stop_all
    start_stage forked -q
    before=$(pss "$pid")
    start_peer silent "$port" 50
    await 5 eval '[ "$(children "$pid")" -eq 50 ]'
    # shellcheck disable=SC2046
    process=$((($(pss "$pid" $(pgrep -P "$pid")) - before) / 50))
    echo "a thread: $thread KiB, a process: $process KiB"
    [ "$process" -gt $((thread + thread / 2)) ]
    kill "$peer"
    await 5 eval '[ "$(children "$pid")" -eq 0 ]'
    [ -z "$(ps --ppid "$pid" -o stat=)" ]
}

@test "forked.alone: no memory and no channel that two children share" {
    start_stage forked -q
    start_peer silent "$port" 2
    await 5 eval '[ "$(children "$pid")" -eq 2 ]'
    for child in $(pgrep -P "$pid"); do
        refute grep -E '^[^ ]+ .w.s ' "/proc/$child/maps"
        # What it has and its parent has not: its client's socket.
        comm -13 <(readlink "/proc/$pid/fd"/* | sort -u) \
            <(readlink "/proc/$child/fd"/* | sort -u) >>"$BATS_TEST_TMPDIR/own"
    done
    cat "$BATS_TEST_TMPDIR/own"
    [ "$(grep -c '^socket:' "$BATS_TEST_TMPDIR/own")" -eq 2 ]
    [ "$(sort -u "$BATS_TEST_TMPDIR/own" | wc -l)" -eq 2 ]
}

@test "prefork.blind: newcomers go to a worker that computes, while another has nothing to do" {
    local worker busy
    start_stage prefork -q --workers 2 --work
    connect "$port"
    printf 'work 3000\r\n' >&"$talk"
    busy_one() {
        for worker in $(pgrep -P "$pid"); do
            [ "$(threads "$worker")" -eq 1 ] || busy=$worker
        done
        [ -n "$busy" ]
    }
    await 5 busy_one
    # One after the other: a crowd at once would wake both.
    for i in {1..8}; do
        connect "$port"
        echo "$i" >&"$talk"
        hear "$talk" 5
    done
    echo "the busy worker has $(threads "$busy") threads, one is its own"
    [ "$(threads "$busy")" -ge 4 ] # its own, the computing one, two newcomers
}

@test "prefork.cost: a silent client costs a thread, in one of the workers" {
    all_threads() {
        local worker sum=0

        for worker in $(pgrep -P "$pid"); do
            sum=$((sum + $(threads "$worker")))
        done
        [ "$sum" -eq "$1" ]
    }
    start_stage prefork -q --workers 2
    await 5 all_threads 2
    start_peer silent "$port" 20
    await 5 all_threads 22
}

# ---- 40 callback, 41 coroutine

@test "callback.calls: no loop, no recv, no send, no wait in the source" {
    refute grep -nE '\b(recv|send|epoll_wait|epoll_ctl|poll|select)\(' <(code_of 40_callback.c)
    grep -qE '\bepoll_wait\(' <(code_of 22_epoll.c)
}

@test "callback.pieces: seven functions for a client, and a timer with an eighth" {
    [ "$(grep -cE '^[a-z_]+\(struct transport \*t' <(code_of 40_callback.c))" -eq 6 ]
    grep -q '^on_newcomer(' <(code_of 40_callback.c)
    grep -q '^on_tick(' <(code_of 40_callback.c)
    grep -q 'call_later(.*tick' <(code_of 40_callback.c)
}

@test "coroutine.pieces: recv and send stand in one function again, as in blocking" {
    local body
    body=$(sed -n '/^await_echo_line(/,/^}/p' "$ROOT/stages/41_coroutine.c")
    [[ $body == *"while (c->owed == 0)"*"await_recv("*"client_said("*"await_send_all("* ]]
    body=$(sed -n '/^echo_line(/,/^}/p' "$ROOT/stages/10_blocking.c")
    [[ $body == *"while (c->owed == 0)"*"recv("*"client_said("*"send("* ]]
    # And it comes true: a line in three pieces.
    start_stage coroutine --line
    connect "$port"
    for piece in one ' line' $'\r\n'; do
        printf %s "$piece" >&"$talk"
        await 5 grep -qF "I got data: \"${piece/$'\r\n'/'\r\n'}\"" "$log"
    done
    hear "$talk"
    [ "$heard" = $'one line\r' ]
}

@test "coroutine.lost: with --boom=lost nobody closes the connection, and others go on" {
    start_stage coroutine --boom=lost
    connect "$port"
    printf 'boom\r\n' >&"$talk"
    await 5 grep -q 'Task exception was never retrieved: .*Unexpected network error' "$errors"
    refute hear "$talk" # neither an echo nor an end: the socket is still open
    [ -n "$(ss -Htn state established "sport = :$port")" ]
    peers come-and-go "$port" 4
    stop_stage
    [ "$status" -eq 0 ]
    # Caught instead, the connection ends.
    start_stage coroutine --boom=caught
    [ -z "$(say_on "$port" 'boom\r\n' 5)" ]
    await 5 grep -q 'Closing connection' "$log"
}

# ---- 50 message

@test "message.echo: bytes do not come back" {
    start_stage message
    run say_on "$port" 'hello, is anybody there?\r\n' 0.5
    refute grep -q hello <<<"$output"
}

@test "message.memory: half messages lie in memory, at most --max-content each" {
    start_stage message -q --max-content 1000000
    before=$(memory "$pid")
    limit 20 python3 - "$port" "$pid" "$before" <<'END'
import socket, sys, time
port, pid, before = map(int, sys.argv[1:])
header = (b'{"byteorder": "little", "content-type": "text/json", '
          b'"content-encoding": "utf-8", "content-length": 1000000}')
socks = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
for sock in socks:
    sock.sendall(len(header).to_bytes(2, "big") + header + b" " * 900000)
def grown():
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) - before
end = time.monotonic() + 10
while grown() < 20 * 800 and time.monotonic() < end:
    time.sleep(0.05)
print("20 clients with 900 kB each:", grown(), "KiB")
sys.exit(not 20 * 800 <= grown() <= 20 * 1100)
END
}

@test "message.trust: anybody is answered, and what he asks can be read on the way" {
    start_stage message
    strace_on -e trace=recvfrom
    run limit 5 "$ECHOLAB" message-client -p "$port" search morpheus
    [ "$status" -eq 0 ]
    [[ $output == *"Got result: "* ]]
    await 5 strace_settled
    strace_off
    grep -q morpheus "$calls_seen"
}
