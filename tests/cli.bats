# cli.bats -- what a user types, and what the program says to mistakes.

load helper

# The first line on stderr, which must name the mistake; the exit code stands in $status.
mistake() {
    run --separate-stderr limit 10 "$ECHOLAB" "$@" </dev/null
    first=${stderr%%$'\n'*}
    echo "echolab $* -> exit $status, stderr: $stderr"
}

@test "no command: the overview on stderr, exit 2" {
    run --separate-stderr "$ECHOLAB"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == "echolab - one echo server, told "*" ways"* ]]
}

@test "help: the same overview on stdout, exit 0, with every stage and command" {
    run --separate-stderr "$ECHOLAB" help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = "$("$ECHOLAB" 2>&1 >/dev/null)" ]
    [ "$output" = "$("$ECHOLAB" --help)" ]
    for stage in $(stages); do
        grep -q "^   [0-9][0-9] $stage " <<<"$output"
    done
}

@test "help CMD, CMD --help and CMD -h say the same, on stdout" {
    for name in $(stages) list; do
        text=$("$ECHOLAB" "$name" --help 2>/dev/null)
        [ -n "$text" ]
        [ "$text" = "$("$ECHOLAB" "$name" -h)" ]
        [ "$text" = "$("$ECHOLAB" help "$name")" ]
    done
}

@test "the help fits into 80 columns" {
    for name in '' $(stages) list; do
        # shellcheck disable=SC2086 # no name: the overview
        refute grep -n '.\{81\}' <("$ECHOLAB" help $name)
    done
}

@test "--version" {
    run --separate-stderr "$ECHOLAB" --version
    [ "$status" -eq 0 ]
    [[ $output =~ ^echolab\ [0-9]+\.[0-9]+ ]]
}

@test "list --json is JSON, in the order of the files" {
    "$ECHOLAB" list --json | jq -e 'map(.file) == (map(.file) | sort)'
    "$ECHOLAB" list --json | jq -e 'all(.name != "" and .summary != "")'
    [ "$("$ECHOLAB" list --json | jq length)" -eq "$("$ECHOLAB" list | wc -l)" ]
    [ "$("$ECHOLAB" list --json | jq length)" -eq "$(ls "$ROOT"/stages/*.c | wc -l)" ]
}

@test "unknown commands: exit 2, and the nearest name when one is near" {
    mistake epol
    [ "$status" -eq 2 ]
    [ "$first" = "echolab: 'epol' is not a command; did you mean 'epoll'?" ]
    mistake zzz
    [ "$status" -eq 2 ]
    [[ $first == "echolab: 'zzz' is not a command; 'echolab help' lists them" ]]
    mistake --frobnicate
    [ "$status" -eq 2 ]
    mistake "$(printf 'x%.0s' {1..500})"
    [ "$status" -eq 2 ]
}

# ---- servers: mistakes

@test "options that mean nothing, anywhere: exit 2, the first line names them" {
    mistake epoll --frobnicate
    [ "$status" -eq 2 ]
    [ "$first" = "echolab epoll: unknown option '--frobnicate'; --help lists them" ]
    mistake epoll -Z
    [ "$status" -eq 2 ]
    [[ $first == "echolab epoll: unknown option '-Z'; "* ]]
    mistake epoll --port
    [ "$status" -eq 2 ]
    [ "$first" = "echolab epoll: --port needs a value: --port=PORT" ]
    mistake epoll --quiet=yes
    [ "$status" -eq 2 ]
    [ "$first" = "echolab epoll: --quiet takes no value" ]
    mistake epoll 8000
    [ "$status" -eq 2 ]
    [[ $first == "echolab epoll: takes no operand, but got '8000'; a port is --port 8000" ]]
}

@test "values out of range: exit 2, the first line says what is allowed" {
    for port in 70000 -1 http 80x '' ' ' 99999999999999999999; do
        mistake epoll --port="$port"
        [ "$status" -eq 2 ]
        [ "$first" = "echolab epoll: --port must be 0 to 65535, not '$port'" ]
    done
    for chunk in 0 65537 -1 1e3 0x10; do
        mistake blocking --chunk="$chunk"
        [ "$status" -eq 2 ]
        [ "$first" = "echolab blocking: --chunk must be 1 to 65536, not '$chunk'" ]
    done
    for seconds in -1 soon nan inf 1s; do
        mistake poll --tick="$seconds"
        [ "$status" -eq 2 ]
        [[ $first == "echolab poll: --tick must be "*", not '$seconds'" ]]
    done
    mistake blocking --eol=cr
    [ "$status" -eq 2 ]
    [ "$first" = "echolab blocking: --eol must be crlf or lf, not 'cr'" ]
    mistake blocking --backlog=many
    [ "$status" -eq 2 ]
    mistake blocking --color=purple
    [ "$status" -eq 2 ]
    [ "$first" = "echolab blocking: --color must be auto, always or never, not 'purple'" ]
    mistake blocking --prefix="$(printf '%0300d' 0)"
    [ "$status" -eq 2 ]
    mistake blocking --boom=bang
    [ "$status" -eq 2 ]
}

# A stage's help names an option exactly when the stage takes it.
@test "an option is taken or refused, in words, as the stage's help says" {
    local stage option refused=0
    for stage in $(stages); do
        for option in --line --eol=lf --prefix=x --sink --once --tick=1 --read-timeout=1 \
            --grace=1 --workers=2; do
            # A listener that cannot be: a stage that takes the option gets as far as exit 3.
            mistake "$stage" "$option" --bind=192.0.2.1 --port=0
            if "$ECHOLAB" "$stage" --help | grep -q -- "${option%%=*}[ =]"; then
                [ "$status" -eq 3 ]
            else
                [ "$status" -eq 2 ]
                [[ $first == "echolab $stage: does not take ${option%%=*}: "?* ]]
                refused=$((refused + 1))
            fi
        done
    done
    [ "$refused" -gt 0 ]
    mistake epoll --once
    [[ $first == *"only blocking serves once"* ]]
}

@test "nobody can listen: exit 3, and the first line says where and why" {
    start_stage epoll
    mistake poll --port "$port"
    [ "$status" -eq 3 ]
    [ "$first" = "echolab poll: cannot listen on 127.0.0.1:$port: address already in use" ]
    [[ $stderr == *"ss -ltnp 'sport = :$port'"*"echolab poll --port 0"* ]]
    mistake poll --bind=192.0.2.1
    [ "$status" -eq 3 ]
    [ "$first" = "echolab poll: cannot listen on 192.0.2.1:8000: this machine has no such address" ]
    mistake poll --bind=no-such-name.invalid
    [ "$status" -eq 3 ]
    [[ $first == "echolab poll: cannot listen on no-such-name.invalid:8000: "?* ]]
    mistake poll --bind="unix:$BATS_TEST_TMPDIR/no/such/folder"
    [ "$status" -eq 3 ]
    mistake poll --bind="unix:/$(printf '%0200d' 0)"
    [ "$status" -eq 3 ]
}

@test "no permission for a small port: exit 3, and what to do instead" {
    local small
    small=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
    [ "$small" -gt 1 ] || skip "this system lets everybody have every port"
    local without=()
    [ "$(id -u)" -ne 0 ] || without=(setpriv --bounding-set=-net_bind_service)
    run --separate-stderr limit 5 "${without[@]}" "$ECHOLAB" poll --port 1
    echo "exit $status, stderr: $stderr"
    [ "$status" -eq 3 ]
    [[ $stderr == "echolab poll: cannot listen on 127.0.0.1:1: permission denied"*"--port 8000" ]]
}

@test "a port file that cannot be written: exit 1, in words" {
    mistake epoll --port=0 --port-file="$BATS_TEST_TMPDIR/no/such/folder"
    [ "$status" -eq 1 ]
    [[ $stderr == *"cannot write --port-file $BATS_TEST_TMPDIR/no/such/folder: No such file"* ]]
}

# ---- servers: where they listen

@test "the banner on stderr says where to talk, once the port is open" {
    start_stage epoll
    [ "$(head -n 1 "$errors")" = "echolab epoll   one thread, the kernel keeps the list" ]
    grep -qx "listening on 127.0.0.1:$port" "$errors"
    grep -q "telnet 127.0.0.1 $port" "$errors"
    grep -q 'Ctrl-C' "$errors"
    refute grep -q '.\{81\}' "$errors"
    refute grep -q warning "$errors"
}

@test "ECHOLAB_PORT and ECHOLAB_BIND; options win; a wrong one is named" {
    ECHOLAB_BIND=127.0.0.2 start_stage epoll
    grep -qx "listening on 127.0.0.2:$port" "$errors"
    stop_stage
    ECHOLAB_BIND=127.0.0.2 ECHOLAB_PORT=1 start_stage epoll --bind 127.0.0.3
    grep -qx "listening on 127.0.0.3:$port" "$errors"
    stop_stage
    local taken
    start_stage epoll
    taken=$port
    ECHOLAB_PORT=$taken mistake poll
    [ "$status" -eq 3 ]
    [[ $first == *"127.0.0.1:$taken: address already in use" ]]
    ECHOLAB_PORT=http mistake poll
    [ "$status" -eq 2 ]
    [ "$first" = "echolab poll: ECHOLAB_PORT must be 0 to 65535, not 'http'" ]
    ECHOLAB_PORT='' ECHOLAB_BIND='' start_stage epoll
}

@test "IPv6, names, and a warning when other machines can come" {
    [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6 || skip "no IPv6 here"
    start_stage epoll --bind ::1
    grep -qx "listening on \[::1\]:$port" "$errors"
    grep -q "telnet ::1 $port" "$errors"
    exec {talk}<>"/dev/tcp/::1/$port"
    echo six >&"$talk"
    read -r -t 5 -u "$talk" heard
    [ "$heard" = six ]
    exec {talk}>&-
    grep -q 'I got a connection from \[::1\]:[0-9]*!' "$log"
    stop_stage
    start_stage epoll --bind localhost
    grep -qE "^listening on (127\.0\.0\.1|\[::1\]):$port$" "$errors"
    stop_stage
    start_stage epoll --bind 0.0.0.0
    grep -q '^echolab epoll: warning: other machines can reach 0.0.0.0' "$errors"
    stop_stage
    start_stage epoll --bind ::
    grep -q '^echolab epoll: warning: other machines can reach' "$errors"
}

@test "unix:PATH: served, removed at the end, taken over when nobody listens any more" {
    one() {
        local path=$BATS_TEST_TMPDIR/$1.socket offspring process
        "$ECHOLAB" "$1" --bind "unix:$path" </dev/null >"$path.log" 2>"$path.err" 3>&- 4>&- &
        pid=$!
        started+=("$pid")
        await 5 test -S "$path"
        await 5 grep -qx "listening on unix:$path" "$path.err"
        [ "$(printf 'local\r\n' | limit 5 nc -NU "$path")" = $'local\r' ]
        grep -q 'I got a connection from unix' "$path.log"
        run limit 5 "$ECHOLAB" "$1" --bind "unix:$path"
        [ "$status" -eq 3 ]
        stop_stage
        [ "$status" -eq 0 ]
        [ ! -e "$path" ]
        # A server that was killed leaves its path behind.
        "$ECHOLAB" "$1" --bind "unix:$path" </dev/null >/dev/null 2>&1 3>&- 4>&- &
        pid=$!
        started+=("$pid")
        await 5 test -S "$path"
        offspring=$(pgrep -P "$pid" || true)
        kill -KILL "$pid"
        for process in "$pid" $offspring; do # they would listen still
            await 5 gone "$process"
        done
        "$ECHOLAB" "$1" --bind "unix:$path" </dev/null >/dev/null 2>"$path.err" 3>&- 4>&- &
        pid=$!
        started+=("$pid")
        await 5 grep -qx "listening on unix:$path" "$path.err"
        stop_stage
    }
    each_stage unix one
}

@test "--port-file appears whole, after listen(), and nothing else is left beside it" {
    start_stage epoll
    [[ $(cat "$(dirname "$log")/port") =~ ^[1-9][0-9]*$ ]]
    [ "$(find "$(dirname "$log")" -name 'port*' | wc -l)" -eq 1 ]
    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    exec {talk}>&-
}

# ---- servers: what they say and do

@test "the console, in the words of the story" {
    start_stage blocking
    [ "$(say_on "$port" 'te\001st\r\n' 0.5)" = $'te\001st\r' ]
    await 5 grep -q Closing "$log"
    run sed 's/127.0.0.1:[0-9]*/ADDRESS/' "$log"
    [ "${lines[0]}" = 'I got a connection from ADDRESS!' ]
    [ "${lines[1]}" = 'I got data: "te" from ADDRESS' ]
    [ "${lines[2]}" = 'I got data: "\x01s" from ADDRESS' ]
    [ "${lines[3]}" = 'I got data: "t\r" from ADDRESS' ]
    [ "${lines[4]}" = 'I got data: "\n" from ADDRESS' ]
    [ "${lines[5]}" = 'All the data is: "te\x01st\r\n" from ADDRESS' ]
    [ "${lines[6]}" = 'Closing connection to ADDRESS' ]
}

@test "--quiet: neither banner nor console" {
    start_stage blocking --quiet
    say_on "$port" 'hello\r\n' 0.3
    [ ! -s "$log" ]
    [ ! -s "$errors" ]
}

@test "--chunk, --line, --stream, --eol" {
    start_stage blocking --chunk 3
    say_on "$port" 'hello\r\n' 0.3
    grep -q 'I got data: "hel" ' "$log"
    stop_stage
    start_stage blocking --stream
    [ "$(say_on "$port" half 0.3)" = half ]
    stop_stage
    start_stage blocking --line
    [ -z "$(say_on "$port" half 0.3)" ]
    stop_stage
    start_stage epoll --line
    [ -z "$(say_on "$port" 'half\n' 0.3)" ]
    [ "$(say_on "$port" 'whole\r\nhalf' 0.3)" = $'whole\r' ]
    stop_stage
    start_stage epoll --line --eol=lf
    [ "$(say_on "$port" 'whole\nhalf' 0.3)" = whole ]
    stop_stage
    # A line longer than 4096 goes back in parts, and nothing of it is lost.
    start_stage epoll --line
    [ "$(say_on "$port" "$(printf '%05000d' 1)" 0.5 | wc -c)" -eq 4096 ]
    [ "$(say_on "$port" "$(printf '%05000d' 1)\\r\\n" 0.5 | wc -c)" -eq 5002 ]
}

@test "--prefix stands in front of each answer" {
    start_stage blocking --prefix 'Buffer: '
    [ "$(say_on "$port" 'one\r\ntwo\r\n' 0.3)" = $'Buffer: one\r\nBuffer: two\r' ]
}

@test "--sink: a request for / hangs, one for /exit ends with an empty reply" {
    start_stage blocking --sink
    request() {
        limit "$(patience 2)" python3 - "$port" "$1" <<'END'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
    sock.sendall(f"GET {sys.argv[2]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    sys.exit(0 if sock.recv(100) == b"" else 1)
END
    }
    run request /
    [ "$status" -eq 124 ]
    run request /exit
    [ "$status" -eq 0 ]
    grep -q 'GET /exit HTTP' "$log"
    kill -0 "$pid"
}

@test "--once: one client with --stream, one line with --line, then exit 0" {
    start_stage blocking --once
    [ "$(say_on "$port" 'one\r\ntwo\r\n' 5)" = $'one\r' ]
    await 5 gone "$pid"
    wait "$pid"
    start_stage blocking --once --stream
    [ "$(say_on "$port" 'onetwo' 0.5)" = onetwo ]
    await 5 gone "$pid"
    wait "$pid"
}

@test "--exit-after ends every stage, with exit code 0" {
    one() {
        start_stage "$1" --exit-after 0.3
        exec {talk}<>"/dev/tcp/127.0.0.1/$port"
        await 5 gone "$pid"
        wait "$pid"
        exec {talk}>&-
    }
    each_stage exit-after one
}

@test "--tick says that nothing happened, about so often" {
    one() {
        "$ECHOLAB" "$1" --help | grep -q -- --tick || return 0
        start_stage "$1" --tick 0.2
        await 5 eval '[ "$(grep -cx "No events, waiting a bit more!" "$log")" -ge 3 ]'
        [ "$(wc -l <"$log")" -le 30 ]
        stop_stage
        start_stage "$1"
        sleep 0.5
        [ ! -s "$log" ]
    }
    each_stage tick one
}

@test "--read-timeout closes a client that is silent, and says so" {
    one() {
        "$ECHOLAB" "$1" --help | grep -q -- --read-timeout || return 0
        start_stage "$1" --read-timeout 0.3
        exec {talk}<>"/dev/tcp/127.0.0.1/$port"
        refute read -r -t 5 -u "$talk" heard # the end of the stream, not 5 s later
        await 2 grep -q '^Close connection by timeout: .* was silent for 0.3 s$' "$log"
        exec {talk}>&-
    }
    each_stage read-timeout one
}

@test "--work costs its client's handler CPU time; --boom=crash ends whoever shares its fate" {
    one() {
        local before
        start_stage "$1" --work --boom=crash
        before=$(cpu_ms "$pid")
        [ "$(line_on "$port" 'work 200\r\n')" = $'work 200\r' ]
        [ "$(line_on "$port" 'boom\r\n')" = '' ]
        await 2 grep -q '^echolab .*: boom: the handler of .* hits a bug and crashes$' "$errors"
        if [ "$1" = forked ] || [ "$1" = prefork ]; then
            kill -0 "$pid"
            [ "$(line_on "$port" 'alive\r\n')" = $'alive\r' ]
        else
            await 5 gone "$pid"
            refute wait "$pid"
        fi
    }
    ulimit -c 0
    each_stage boom one
}

@test "without --work and --boom the same lines are lines" {
    start_stage epoll
    [ "$(say_on "$port" 'work 200\r\nboom\r\n' 0.3)" = $'work 200\r\nboom\r' ]
}

@test "colour: only on a terminal, --color over NO_COLOR over FORCE_COLOR" {
    coloured() {
        await 5 test -s "$errors"
        grep -q $'\e\[' "$errors"
    }
    start_stage epoll
    refute coloured
    start_stage epoll --color=always
    coloured
    FORCE_COLOR=1 start_stage epoll
    coloured
    FORCE_COLOR=1 NO_COLOR=1 start_stage epoll
    refute coloured
    FORCE_COLOR=1 start_stage epoll --color=never
    refute coloured
    NO_COLOR=1 start_stage epoll --color=always
    coloured
}

@test "--nodelay and --no-reuseaddr reach the kernel" {
    start_stage epoll --nodelay --no-reuseaddr --backlog 7
    strace -f -qq -e trace=setsockopt,accept4 -o "$BATS_TEST_TMPDIR/trace" -p "$pid" \
        </dev/null 2>/dev/null 3>&- 4>&- &
    started+=("$!")
    await 5 grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"
    say_on "$port" x 0.3
    await 5 grep -q 'TCP_NODELAY, \[1\]' "$BATS_TEST_TMPDIR/trace"
    limit 5 ss -ltn "sport = :$port" | awk 'NR == 2 && $3 != 7 { exit 1 }'
    # Whoever ends a connection first keeps its port busy (TIME-WAIT): without SO_REUSEADDR
    # nobody can listen there for a minute.
    start_stage blocking --once --no-reuseaddr
    say_on "$port" 'bye\r\n' 2
    await 5 gone "$pid"
    mistake blocking --port "$port" --no-reuseaddr
    [ "$status" -eq 3 ]
    start_stage blocking --once
    say_on "$port" 'bye\r\n' 2
    await 5 gone "$pid"
    start_server "$ECHOLAB" blocking --port "$port" --port-file '{port_file}'
}

@test "unix:PATH: no other file is replaced, a full queue is taken, a successor keeps its path" {
    local path=$BATS_TEST_TMPDIR/socket first

    echo precious >"$path"
    run limit 5 "$ECHOLAB" epoll --bind "unix:$path"
    [ "$status" -eq 3 ]
    [ "$(cat "$path")" = precious ]
    rm "$path"
    python3 - "$path" <<'END' 3>&- &
import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(0)
kept = []
for _ in range(3):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].setblocking(False)
    kept[-1].connect_ex(sys.argv[1])
time.sleep(30)
END
    started+=("$!")
    await 10 test -S "$path"
    sleep 0.2
    run limit 5 "$ECHOLAB" epoll --bind "unix:$path"
    [ "$status" -eq 3 ]
    [[ $output == *"address already in use"* ]]
    stop_all
    rm "$path"
    "$ECHOLAB" epoll -q --bind "unix:$path" </dev/null >/dev/null 2>&1 3>&- 4>&- &
    first=$!
    started+=("$first")
    await 5 test -S "$path"
    rm "$path"
    "$ECHOLAB" poll -q --bind "unix:$path" </dev/null >/dev/null 2>&1 3>&- 4>&- &
    started+=("$!")
    await 5 test -S "$path"
    stop_stage "$first"
    [ -S "$path" ]
}

@test "--port-file may be a pipe that somebody reads" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    "$ECHOLAB" epoll -q --port 0 --port-file "$BATS_TEST_TMPDIR/pipe" --exit-after 5 \
        </dev/null 3>&- 4>&- &
    started+=("$!")
    [[ $(limit 5 cat "$BATS_TEST_TMPDIR/pipe") =~ ^[0-9]+$ ]]
    [ -p "$BATS_TEST_TMPDIR/pipe" ]
}

@test "options that exclude each other, and help that finds no room, say so" {
    mistake blocking --sink --prefix='Buffer: '
    [[ $stderr == *"--prefix"* ]]
    mistake epoll --port ' +8123'
    run --separate-stderr bash -c "'$ECHOLAB' epoll --help >/dev/full"
    [ "$status" -eq 1 ]
    [[ $stderr == *"is the disk full?"* ]]
}

@test "--read-timeout says so, too, when the client is stuck in not reading" {
    one() {
        start_stage "$1" --read-timeout=2 --chunk=16384
        start_peer deaf "$port"
        await 10 grep -q 'Close connection by timeout' "$log"
    }
    one blocking
    stop_stage
    one threaded
    stop_stage
    one coroutine
}
