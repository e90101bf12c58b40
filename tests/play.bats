# play.bats -- `echolab play`: lanes, exit codes, servers of all kinds, and an end in any case.

load helper

SERVERS=$BATS_TEST_DIRNAME/fixtures/servers

play() {
    limit 60 "$ECHOLAB" play "$@"
}

scenario() {
    printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/own.play"
}

own() {
    play "$BATS_TEST_TMPDIR/own.play" "$@"
}

# odd HOW STATUS [WORDS]: plays second-client on a server of odd.py; it must end with this exit
# code, say these words, and leave no process behind.
odd() {
    local status=0 output began=$SECONDS

    output=$(limit 60 "$ECHOLAB" play second-client -q -- "$python" "$SERVERS/odd.py" "$1" \
        '{port}' 2>&1) || status=$?
    echo "$1, $((SECONDS - began)) s, exit $status: $output"
    ((SECONDS - began <= 20)) || return 1
    [ "$status" -eq "$2" ] || return 1
    [[ $output == *"${3-}"* ]] || return 1
    ! pgrep -f "odd.py $1 [0-9]"
}

# Several of them at a time; each line of the standard input is the words of one call.
odd_ones() {
    local pids=() pid failed=0

    # Python itself: what is called python3 may be a script that looks for it.
    python=$(python3 -c 'import sys; print(sys.executable)')
    while IFS='|' read -r how status words; do
        odd "$how" "$status" "$words" 3>&- 4>&- </dev/null &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    return "$failed"
}

@test "lanes: second-client as the course draws it" {
    run play second-client --on blocking,multi-blocking,epoll --color never
    echo "$output"
    [ "$status" -eq 0 ]
    # bob types, waits, and hears back: behind alice's leaving, behind her second line, at once.
    grep -Eq '^  bob +C─+T░+!░+E─*$' <<<"$output"
    grep -Eq '^  bob +C─+TE─*$' <<<"$output"
    [ "$(grep -Ec '^  alice +C─+TE─+TE─+X' <<<"$output")" -eq 3 ]
    [ "$(grep -c '^  seconds ' <<<"$output")" -eq 3 ]
    # One time axis for all.
    [ "$(grep '^  seconds ' <<<"$output" | sort -u | wc -l)" -eq 1 ]
    refute grep -n '.\{101\}' <<<"$output"
}

@test "lanes: plain ASCII when asked for or when the locale knows no more" {
    run play second-client --on multi-blocking --ascii
    refute grep -P '[^\x20-\x7e]' <<<"$output"
    grep -Eq '^  bob +C-+T~+!~+E-*$' <<<"$output"
    run env LC_ALL=C "$ECHOLAB" play second-client --on multi-blocking
    refute grep -P '[^\x20-\x7e]' <<<"$output"
}

@test "lanes: a narrower terminal gets shorter lines, never wrapped ones" {
    scenario '# Long?' 'alice connect' 'alice send "x"' 'wait 700ms' 'alice close'
    for width in 60 80 100 200; do
        COLUMNS=$width run own --on epoll --ascii
        awk -v most="$((width < 100 ? width : 100))" '
            /^  (seconds|alice)/ { seen++; if (length > most) { print; bad = 1 } }
            END { exit bad || seen != 2 }' <<<"$output"
    done
}

@test "lanes in a terminal are drawn in place, and end as they would in a file" {
    scenario '# Live?' 'alice connect' 'alice send "x"' 'wait 500ms' 'alice expect "x" within 1s'
    limit 30 script -qec "stty cols 100; '$ECHOLAB' play '$BATS_TEST_TMPDIR/own.play' --on epoll \
        --color never" /dev/null >"$BATS_TEST_TMPDIR/typescript" </dev/null
    grep -q $'\033\\[[0-9]*A' "$BATS_TEST_TMPDIR/typescript"
    # No picture on the way knew a longer time than the play has lasted.
    refute grep -qE 'seconds  .* [0-9]{2}' "$BATS_TEST_TMPDIR/typescript"
    # What remains when every redrawing has covered the one before it.
    [ "$(grep -c 'all 2 expectations hold' "$BATS_TEST_TMPDIR/typescript")" -eq 1 ]
}

@test "--steps shows each step with its line, its moment and its result" {
    scenario '# Steps?' 'alice connect' 'alice send "x"' 'alice expect "y" within 300ms'
    run own --on epoll --steps
    echo "$output"
    [ "$status" -eq 1 ]
    grep -Eq '^ +2 +0\.[0-9]{3} +alice connect +ok' <<<"$output"
    grep -Eq '^ +4 +0\.[0-9]{3} +alice expect "y" within 300ms +FAILS: "x" came$' <<<"$output"
}

@test "a failed expectation is noted, the script goes on, and late bytes are no surprise" {
    scenario '# Late?' 'alice connect' 'bob connect' 'bob send "one\r\n"' \
        'bob expect "one\r\n" within 200ms' 'alice close' 'bob send "two\r\n"' \
        'bob expect "two\r\n" within 2s'
    run own --on blocking --steps
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q 'bob expect "one\\r\\n" within 200ms *FAILS: nothing came' <<<"$output"
    grep -q 'bob expect "two\\r\\n" within 2s *ok' <<<"$output"
    [[ $output == *"1 of 4 expectations fail"* ]]
}

@test "every byte is verified, also in the middle of megabytes" {
    scenario '# Whole?' 'alice connect' 'alice send 3 MiB of random' 'alice expect echo within 9s'
    own --on epoll -q
    cat >"$BATS_TEST_TMPDIR/flip.py" <<'END'
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
client, _ = listener.accept()
seen = 0
while data := bytearray(client.recv(65536)):
    if seen <= 2000000 < seen + len(data):
        data[2000000 - seen] ^= 1
    seen += len(data)
    client.sendall(data)
END
    run own -q -- python3 "$BATS_TEST_TMPDIR/flip.py" '{port}'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"after 2000000 right bytes came others"* ]]
}

@test "an answer that went to the wrong client is seen" {
    cat >"$BATS_TEST_TMPDIR/swap.py" <<'END'
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
one, other = listener.accept()[0], listener.accept()[0]
data = one.recv(100), other.recv(100)
one.sendall(data[1])
other.sendall(data[0])
one.recv(1)
END
    scenario '# Whose?' 'pair 2 connect' 'pair send 50 bytes of lines' 'pair expect echo within 2s'
    run own -q -- python3 "$BATS_TEST_TMPDIR/swap.py" '{port}'
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"2 of 2 fail"* ]]
}

@test "an answer that comes before all is sent does not change what is sent" {
    cat >"$BATS_TEST_TMPDIR/greet.py" <<'END'
import socket, sys
client, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
client.sendall(b"hello\n")
while data := client.recv(100):
    print(data.decode(), end="", flush=True)
END
    scenario '# Greeted?' 'alice connect' 'alice drip "abcdefgh" every 50ms' \
        'alice expect "hello\n" within 1s' 'wait 600ms'
    own -q --log "$BATS_TEST_TMPDIR/heard" -- python3 "$BATS_TEST_TMPDIR/greet.py" '{port}'
    [ "$(cat "$BATS_TEST_TMPDIR/heard")" = abcdefgh ]
}

@test "the steps about the server see what they are about" {
    scenario '# Seen?' 'alice connect' 'alice send "x"' 'alice expect echo within 1s' \
        'server expect descriptors as before within 200ms' \
        'server expect tasks as before within 200ms' 'server signal KILL' \
        'server expect exit 0 within 2s' 'server expect alive' 'alice expect closed within 1s' \
        'bob expect refused within 1s' 'server restart within 5s' 'server expect alive' \
        'bob connect'
    run own --on threaded --steps
    echo "$output"
    grep -q 'descriptors as before within 200ms *FAILS: [0-9]* descriptors are open; there' \
        <<<"$output"
    grep -q 'tasks as before within 200ms *FAILS: there are 2 threads' <<<"$output"
    grep -q 'server expect exit 0 within 2s *FAILS: signal 9' <<<"$output"
    grep -q 'server expect alive *FAILS: the server is gone' <<<"$output"
    [ "$(grep -c ' ok' <<<"$output")" -eq 7 ]
}

@test "odd servers: each ends with a verdict, in time, and leaves nothing behind" {
    odd_ones <<'END'
never-accepts|1|nothing came
never-answers|1|nothing came
forever|1|and another thing
wrong|1|"HELLO\r\n" came
hangs-up|1|connection
dies-later|1|I have seen enough
asleep|1|nothing came
daemon|0|all 6 expectations hold
stubborn|0|all 6 expectations hold
litter|0|all 6 expectations hold
chatty|0|all 6 expectations hold
dies|3|it ended before it listened: exit status 3
never-listens|3|it does not listen on port
END
}

@test "a command that does not exist: exit 3" {
    run play second-client -q -- ./no-such-server '{port}'
    [ "$status" -eq 3 ]
    [[ $output == *"cannot run it: No such file or directory"* ]]
}

@test "--limit ends a scenario early, whatever it waits for" {
    scenario '# Long?' 'alice connect' 'alice expect "x" within 50s' 'wait 50s'
    SECONDS=0
    run own --on epoll -l 1 -q
    ((SECONDS <= 8))
    [ "$status" -eq 1 ]
}

@test "Ctrl-C in the middle: no server stays, exit 130 or 143" {
    scenario '# Long?' 'alice connect' 'wait 50s'
    for signal in INT TERM; do
        # A background job of a shell ignores SIGINT; python3 restores it.
        python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$ECHOLAB" play "$BATS_TEST_TMPDIR/own.play" -q -- \
            python3 "$SERVERS/odd.py" stubborn '{port}' 3>&- 4>&- </dev/null &
        pid=$!
        started+=("$pid")
        await 10 pgrep -f "odd.py stubborn [0-9]" >/dev/null
        kill -"$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -eq "$((128 + $(kill -l "$signal")))" ]
        refute pgrep -f "odd.py stubborn [0-9]"
    done
}

@test "killed outright, it takes its server along" {
    scenario '# Long?' 'alice connect' 'wait 50s'
    "$ECHOLAB" play "$BATS_TEST_TMPDIR/own.play" -q -- python3 "$SERVERS/odd.py" litter '{port}' \
        3>&- 4>&- </dev/null &
    pid=$!
    await 10 pgrep -f "odd.py litter [0-9]" >/dev/null
    kill -KILL "$pid"
    wait "$pid" || true
    await 10 refute pgrep -f "odd.py litter [0-9]"
}

@test "a child from before, as a shell leaves one behind, is no server and stays" {
    SECONDS=0
    # shellcheck disable=SC2016
    limit 30 bash -c 'sleep 77 >/dev/null 2>&1 3>&- 4>&- & echo $! >"$1/pid"
        exec "$2" play second-client -q --on epoll' - "$BATS_TEST_TMPDIR" "$ECHOLAB"
    kill "$(cat "$BATS_TEST_TMPDIR/pid")"
    ((SECONDS <= 10))
}

@test "too few descriptors of our own are no fault of the server" {
    scenario '# Enough?' 'crowd 300 connect' 'crowd send "x"' 'crowd expect echo within 2s'
    run bash -c "ulimit -n 128; exec '$ECHOLAB' play '$BATS_TEST_TMPDIR/own.play' --on epoll -q"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"the player itself is at its limit: Too many open files"* ]]
}

@test "options for our stages: those that do not take one are not played; foreign servers are" {
    run play silent-forever --on select -q
    [ "$status" -eq 0 ]
    [[ $output == "select: not played: "*"does not take --read-timeout"* ]]
    scenario '# Option?' 'server option --work' 'alice connect' 'alice send "work 9000\r\n"' \
        'alice expect echo within 2s'
    own -q -- python3 "$SERVERS/good.py" '{port}'
    run own -q --on epoll -l 1
    [ "$status" -eq 1 ]
}

@test "what a server prints cannot steer the terminal" {
    printf '%s\n' 'import sys' 'sys.exit("\033[31m red \007")' >"$BATS_TEST_TMPDIR/red.py"
    run play second-client -q -- python3 "$BATS_TEST_TMPDIR/red.py" '{port}'
    [ "$status" -eq 3 ]
    [[ $output == *red* ]]
    refute grep -P '[\x00-\x08\x0b-\x1f]' <<<"$output"
    # C1, as bare bytes and as UTF-8; honest UTF-8 has such bytes inside, and stays.
    printf '%s\n' 'import os, sys' 'os.write(2, b"\x9b31m red \xc2\x9b2J \xe2\x94\x80 \xe2\x9b")' \
        'sys.exit(1)' >"$BATS_TEST_TMPDIR/red.py"
    run play second-client -q -- python3 "$BATS_TEST_TMPDIR/red.py" '{port}'
    echo "$output" | od -c
    [[ $output == *'?31m red ??2J ─ '* ]]
    LC_ALL=C refute grep -aP '\xc2[\x80-\x9f]|[ \n]\x9b|\xe2\x9b' <<<"$output"
}

@test "--log keeps what the servers print" {
    play second-client -q --log "$BATS_TEST_TMPDIR/log" -- python3 "$SERVERS/odd.py" chatty '{port}'
    grep -q 'nothing to say' "$BATS_TEST_TMPDIR/log"
    run --separate-stderr play second-client -q --on epoll --log "$BATS_TEST_TMPDIR/none/log"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == "echolab play: cannot write $BATS_TEST_TMPDIR/none/log: No such file"* ]]
}

@test "mistakes on the command line" {
    bad() {
        run --separate-stderr limit 10 "$ECHOLAB" play "${@:2}"
        echo "$* -> $status $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ ${stderr_lines[0]} == "echolab play: "*"$1"* ]]
    }
    bad "there is no stage 'nix'" second-client --on nix
    bad "one scenario at a time" second-client half-line
    bad "must say where its port belongs" second-client -- python3 server.py
    bad "either --on STAGE,... or -- COMMAND" second-client --on epoll -- server '{port}'
    bad "--limit must be" second-client -l 0
    bad "--limit" second-client -l soon
    bad "--nonsense" second-client --nonsense
    bad "--on" second-client --on
    bad "--color must be" second-client --color=blue
}

@test "-o FILE.json: every server with its mark, every step with its verdict" {
    local json=$BATS_TEST_TMPDIR/verdicts.json

    limit 30 "$ECHOLAB" play second-client -q --on multi-blocking,epoll -o "$json"
    jq -e '[.servers[] | .server, .mark] == ["multi-blocking", "-", "epoll", "+"]' "$json"
    jq -e '.scenario == "second-client" and (.question | endswith("?"))' "$json"
    jq -e '.servers[0].steps | map(select(.verdict == "fails")) |
        length == 1 and (.[0].step | startswith("bob expect")) and .[0].saw != ""' "$json"
    jq -e '.servers[1].steps | length >= 10 and all(.verdict == "holds" or .verdict == "done")
        and all(.ended >= .began)' "$json"
    ln -s /dev/full "$BATS_TEST_TMPDIR/full.json"
    run limit 30 "$ECHOLAB" play second-client -q --on epoll -o "$BATS_TEST_TMPDIR/full.json"
    [ "$status" -eq 1 ]
    # A picture all the same.
    limit 30 "$ECHOLAB" play second-client -q --on epoll -o "$BATS_TEST_TMPDIR/x.trace.json"
    jq -e '.traceEvents | length > 5' "$BATS_TEST_TMPDIR/x.trace.json"
}
