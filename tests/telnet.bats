# telnet.bats -- the clients that everybody has: telnet, nc, bash, python3.
#
# telnet leaves as soon as its input ends, before it shows the echo. So its input is a fifo
# that we keep open, as a terminal would be.

load helper

# telnet_to NAME: connects; type_to NAME types into it; hears NAME TEXT: did TEXT come back?
telnet_to() {
    local name=$1 in=$BATS_TEST_TMPDIR/$1.in

    rm -f "$in"
    mkfifo "$in"
    (
        # Whoever else holds a fifo open would keep its telnet from leaving.
        for fd in "${inputs[@]}"; do
            exec {fd}>&-
        done
        exec telnet 127.0.0.1 "$port"
    ) <"$in" >"$BATS_TEST_TMPDIR/$name.out" 2>&1 3>&- 4>&- &
    telnets[$name]=$!
    started+=("$!")
    exec {inputs[$name]}>"$in"
    await 5 hears "$name" Connected
}
declare -gA telnets inputs

type_to() {
    printf '%s\n' "$2" >&"${inputs[$1]}"
}

hears() {
    grep -qF "$2" "$BATS_TEST_TMPDIR/$1.out"
}

hang_up() {
    exec {inputs[$1]}>&-
    await 5 gone "${telnets[$1]}"
}

# Nothing comes, though everybody had time for it.
stays_deaf() {
    sleep 0.5
    refute hears "$@"
}

teardown() {
    local fd

    for fd in "${inputs[@]}"; do
        exec {fd}>&-
    done 2>/dev/null
    stop_all
}

@test "telnet: what is typed comes back, from every stage" {
    one() {
        start_stage "$1"
        telnet_to alice
        type_to alice 'hello, is anybody there?'
        await 5 hears alice 'hello, is anybody there?'
        [ "$(grep -c 'hello' "$BATS_TEST_TMPDIR/alice.out")" -eq 1 ] # not a terminal's echo
        hang_up alice
    }
    each_stage telnet one
}

@test "two telnets: both are answered at once where nobody waits for anybody" {
    one() {
        start_stage "$1" -q
        telnet_to alice
        telnet_to bob
        type_to bob 'I am bob'
        await 5 hears bob 'I am bob'
        type_to alice 'I am alice'
        await 5 hears alice 'I am alice'
        hang_up alice
        hang_up bob
    }
    each_stage two-telnets one
}

@test "blocking: the second telnet is stuck until the first has left" {
    start_stage blocking
    telnet_to alice
    telnet_to bob # connected, says telnet: the kernel did that
    type_to bob 'I am bob'
    type_to alice 'one'
    await 5 hears alice one
    type_to alice 'two'
    await 5 hears alice two
    stays_deaf bob 'I am bob'
    hang_up alice
    await 5 hears bob 'I am bob'
}

@test "multi-blocking: the second telnet is stuck until the first has typed twice" {
    start_stage multi-blocking
    telnet_to alice
    await 5 grep -q 'I got a connection' "$log"
    telnet_to bob
    type_to bob 'I am bob'
    stays_deaf bob 'I am bob'
    type_to alice 'one'
    await 5 hears alice one
    stays_deaf bob 'I am bob'
    type_to alice 'two'
    await 5 hears bob 'I am bob'
}

@test "multi-blocking: the second telnet is stuck until the first has left" {
    start_stage multi-blocking
    telnet_to alice
    await 5 grep -q 'I got a connection' "$log"
    telnet_to bob
    type_to bob 'I am bob'
    stays_deaf bob 'I am bob'
    hang_up alice
    await 5 hears bob 'I am bob'
}

@test "blocking --once: one line, then telnet says that the connection was closed" {
    start_stage blocking --once
    telnet_to alice
    type_to alice 'only this'
    await 5 hears alice 'Connection closed by foreign host'
    hears alice 'only this'
    await 5 gone "$pid"
    wait "$pid"
}

@test "telnet on a terminal: ^C, then a line, and it still talks" {
    one() {
        start_stage "$1" -q
        cat >"$BATS_TEST_TMPDIR/talk.exp" <<END
set timeout 5
spawn telnet 127.0.0.1 $port
expect "Escape character" {} timeout { exit 3 }
# Each line stands there twice: the terminal shows what is typed, telnet what comes back.
send "before\r"
expect "before" {} timeout { exit 4 }
expect "before" {} timeout { exit 5 }
send "\003"
expect -ex "^C" {} timeout { exit 6 }
# After an interrupt telnet shows nothing until its own mark has come back: what is typed
# before that is lost, but soon a line must come through.
set timeout 1
set came 0
for { set i 1 } { \$i < 10 && !\$came } { incr i } {
    send "line \$i\r"
    expect "line \$i" {} timeout { exit 7 }
    expect "line \$i" { set came 1 } timeout {}
}
if { !\$came } { exit 8 }
set timeout 5
send "\035"
expect "telnet>" {} timeout { exit 9 }
send "quit\r"
expect "Connection closed" {} timeout { exit 10 }
END
        limit 30 expect "$BATS_TEST_TMPDIR/talk.exp" </dev/null
    }
    each_stage telnet-terminal one
}

@test "nc: a line with LF alone waits under the line stages, until nc ends its input" {
    start_stage blocking
    coproc NC { limit 20 nc -N 127.0.0.1 "$port"; }
    echo 'no carriage return' >&"${NC[1]}"
    refute read -r -t 0.5 -u "${NC[0]}" heard
    exec {NC[1]}>&-
    read -r -t 5 -u "${NC[0]}" heard
    [ "$heard" = 'no carriage return' ]
    await 5 gone "$NC_PID"
}

@test "nc: with --eol=lf, or with nc -C, the line comes back at once" {
    start_stage blocking --eol=lf
    coproc NC { limit 20 nc 127.0.0.1 "$port"; }
    echo 'line feed' >&"${NC[1]}"
    read -r -t 5 -u "${NC[0]}" heard
    [ "$heard" = 'line feed' ]
    kill "$NC_PID"
    await 5 gone "$NC_PID"
    stop_stage
    start_stage blocking
    coproc NC { limit 20 nc -C 127.0.0.1 "$port"; }
    echo 'both' >&"${NC[1]}"
    read -r -t 5 -u "${NC[0]}" heard
    [ "$heard" = $'both\r' ]
    kill "$NC_PID"
    await 5 gone "$NC_PID"
}

@test "nc -N: a text and its end, from every stage" {
    one() {
        start_stage "$1"
        limit 10 nc -C -N 127.0.0.1 "$port" <<<'by nc' >"$BATS_TEST_TMPDIR/nc.out"
        grep -qx $'by nc\r' "$BATS_TEST_TMPDIR/nc.out"
    }
    each_stage nc one
}

@test "bash: /dev/tcp, from every stage" {
    one() {
        start_stage "$1"
        [ "$(say_on "$port" 'by bash\r\n' 0.3)" = $'by bash\r' ]
    }
    each_stage bash one
}

@test "python3: a socket, a line, from every stage" {
    one() {
        start_stage "$1"
        limit 10 python3 - "$port" <<'END'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5) as sock:
    sock.sendall("\u0431 \U0001f430\r\n".encode())
    assert sock.makefile(encoding="utf-8", newline="").readline() == "\u0431 \U0001f430\r\n"
END
    }
    each_stage python one
}
