#!/usr/bin/env bats
# `echolab client`: it hears while it types, stays for the last echo, and names what failed.
load helper

odd_server() {
    start_server python3 "$BATS_TEST_DIRNAME/fixtures/odd_server.py" '{port_file}' "$1"
}

# Prints the seconds that CMD took to stderr's file and keeps its exit code.
timed() {
    local from=${EPOCHREALTIME//[.,]/} code=0

    "$@" || code=$?
    took=$(((${EPOCHREALTIME//[.,]/} - from) / 1000)) # ms
    return "$code"
}

@test "client: a typed line comes back, with the CR LF that telnet would send" {
    start_stage epoll
    printf 'hi\n' | limit 10 "$ECHOLAB" client 127.0.0.1 "$port" >"$BATS_TEST_TMPDIR/out"
    [ "$(od -An -c "$BATS_TEST_TMPDIR/out" | tr -s ' ')" = ' h i \r \n' ]
    printf 'x\r\ny\n' | limit 10 "$ECHOLAB" client 127.0.0.1 "$port" >"$BATS_TEST_TMPDIR/out"
    [ "$(od -An -c "$BATS_TEST_TMPDIR/out" | tr -s ' ')" = ' x \r \n y \r \n' ]
    grep -qF 'I got data: "hi\r\n"' "$log"
}

@test "client: an empty input is a connection and nothing else, exit 0" {
    start_stage epoll
    run limit 10 "$ECHOLAB" client 127.0.0.1 "$port" </dev/null
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    await 5 grep -q 'Closing connection' "$log"
}

@test "client: leaves only when the last echo came, however late" {
    odd_server late
    timed limit 20 "$ECHOLAB" client 127.0.0.1 "$port" <<<'are you there?' >"$BATS_TEST_TMPDIR/out"
    grep -q 'are you there?' "$BATS_TEST_TMPDIR/out"
    ((took >= 900))
}

@test "client: reads while it writes: 20 MB through an echo, byte for byte (--eol=lf)" {
    start_stage epoll -q
    head -c 20000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
    limit 40 "$ECHOLAB" client --eol=lf 127.0.0.1 "$port" <"$BATS_TEST_TMPDIR/in" |
        cmp - "$BATS_TEST_TMPDIR/in"
}

@test "client: HOST may be a name, an IPv6 address or unix:PATH; ECHOLAB_BIND, ECHOLAB_PORT" {
    start_stage epoll
    [ "$(limit 10 "$ECHOLAB" client localhost "$port" <<<one)" = $'one\r' ]
    [ "$(ECHOLAB_PORT=$port limit 10 "$ECHOLAB" client <<<two)" = $'two\r' ]
    stop_stage
    "$ECHOLAB" epoll --bind "unix:$BATS_TEST_TMPDIR/sock" </dev/null >/dev/null 2>&1 3>&- 4>&- &
    started+=("$!")
    await 10 test -S "$BATS_TEST_TMPDIR/sock"
    [ "$(limit 10 "$ECHOLAB" client "unix:$BATS_TEST_TMPDIR/sock" <<<three)" = $'three\r' ]
    [ "$(ECHOLAB_BIND=unix:$BATS_TEST_TMPDIR/sock limit 10 "$ECHOLAB" client <<<four)" = $'four\r' ]
    if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
        start_stage epoll --bind ::1
        [ "$(limit 10 "$ECHOLAB" client ::1 "$port" <<<five)" = $'five\r' ]
    fi
}

@test "row 20: half-close: the client says that it is done and reads the final answer" {
    odd_server at-eof
    run limit 10 "$ECHOLAB" client --eol=lf --half-close 127.0.0.1 "$port" <<<stressed
    [ "$status" -eq 0 ]
    [ "$output" = $'\ndesserts' ]
    for stage in blocking epoll threaded forked; do
        start_stage "$stage" -q
        [ "$(printf 'no line end' | limit 10 "$ECHOLAB" client --half-close 127.0.0.1 "$port")" = \
            'no line end' ]
    done
}

@test "row 19: --read-timeout gives up on a silent server, not before its time, exit 1" {
    odd_server deaf
    run timed limit 10 "$ECHOLAB" client --read-timeout 0.6 127.0.0.1 "$port" <<<hello
    [ "$status" -eq 1 ]
    [[ $output == *'Close connection by timeout: 0 of 7 bytes came back'* ]]
    timed limit 10 "$ECHOLAB" client -i 0.6 127.0.0.1 "$port" <<<hello 2>/dev/null || true
    ((took >= 600 && took < 5000))
    # An input that stays open is no reason to wait for ever when a limit was asked for.
    timed limit 10 "$ECHOLAB" client -i 0.6 127.0.0.1 "$port" 2>/dev/null \
        < <(echo hello; exec sleep 8) || code=$?
    [ "$code" -eq 1 ]
    ((took >= 600 && took < 5000))
}

@test "row 19: without a terminal the client gives up after 5 s by itself" {
    start_stage multi-blocking
    # alice is silent: nobody hears bob
    exec {alice}<>"/dev/tcp/127.0.0.1/$port"
    await 5 grep -q 'I got a connection' "$log"
    timed limit 20 "$ECHOLAB" client 127.0.0.1 "$port" <<<bob 2>"$BATS_TEST_TMPDIR/err" || code=$?
    [ "$code" -eq 1 ]
    ((took >= 4900))
    grep -q 'busy with another client' "$BATS_TEST_TMPDIR/err"
    exec {alice}>&-
}

@test "client: a half line that no server answers is named as the reason" {
    start_stage blocking
    run limit 10 bash -c "printf hi | '$ECHOLAB' client -i 0.5 127.0.0.1 $port"
    [ "$status" -eq 1 ]
    [[ $output == *'the last line has no end'* ]]
    run limit 10 bash -c "echo hi | '$ECHOLAB' client --eol=lf -i 0.5 127.0.0.1 $port"
    [ "$status" -eq 1 ]
    [[ $output == *'CR LF'* ]]
}

@test "row 19: a server that takes no more bytes: send data timeout" {
    odd_server deaf
    run limit 20 bash -c "head -c 30000000 /dev/zero |
        '$ECHOLAB' client -i 0.6 127.0.0.1 $port"
    [ "$status" -eq 1 ]
    [[ $output == *'send data timeout: the server took '*' bytes and no more'* ]]
}

@test "row 19: --connect-timeout: a full queue of new clients answers nobody, exit 3" {
    odd_server full
    run timed limit 10 "$ECHOLAB" client --connect-timeout 0.7 127.0.0.1 "$port" <<<x
    [ "$status" -eq 3 ]
    [[ ${lines[0]} == *"cannot connect to 127.0.0.1:$port: timed out (ETIMEDOUT)" ]]
}

@test "row 22: refused, reset, not found, no socket file: each in words and by its name" {
    start_stage epoll
    stop_stage
    run limit 10 "$ECHOLAB" client 127.0.0.1 "$port" </dev/null
    [ "$status" -eq 3 ]
    [[ ${lines[0]} == *"cannot connect to 127.0.0.1:$port: connection refused (ECONNREFUSED)" ]]
    run limit 20 "$ECHOLAB" client no-such-name.invalid 80 </dev/null
    [ "$status" -eq 3 ]
    [[ ${lines[0]} == *'address not found: '*'(EAI_'*')' ]]
    run limit 10 "$ECHOLAB" client unix:/no/such/socket </dev/null
    [ "$status" -eq 3 ]
    [[ ${lines[0]} == *'no such socket file (ENOENT)' ]]
    odd_server reset
    run limit 10 "$ECHOLAB" client 127.0.0.1 "$port" <<<hello
    [ "$status" -eq 1 ]
    [[ $output == *'reset by the other side (ECONNRESET)'* ]]
}

@test "row 22: a network without a route: unreachable (ENETUNREACH)" {
    unshare -rn true 2>/dev/null || skip "no private network here"
    run limit 10 unshare -rn "$ECHOLAB" client 192.0.2.1 80 </dev/null
    [ "$status" -eq 3 ]
    [[ ${lines[0]} == *'network unreachable (ENETUNREACH)' ]]
}

@test "client: a server that closes before the echo is complete costs exit 1" {
    odd_server early
    run limit 10 "$ECHOLAB" client 127.0.0.1 "$port" <<<'much more'
    [ "$status" -eq 1 ]
    [[ $output == much*'closed the connection when 4 of 11 bytes had come back' ]]
}

@test "client: a server that answers for ever does not keep it for ever" {
    odd_server forever
    limit 10 "$ECHOLAB" client 127.0.0.1 "$port" <<<hello >"$BATS_TEST_TMPDIR/out"
    grep -q again "$BATS_TEST_TMPDIR/out"
}

@test "client: output that nobody takes ends it with exit 1, not silently" {
    start_stage epoll -q
    run limit 10 bash -c "echo hi | '$ECHOLAB' client 127.0.0.1 $port >/dev/full"
    [ "$status" -eq 1 ]
    [[ $output == *'cannot print what came back'* ]]
}

@test "row 29: in a terminal: line by line, Ctrl-D ends, the closing server is named" {
    start_stage blocking --once
    cat >"$BATS_TEST_TMPDIR/typing.exp" <<EOF
set timeout 10
log_user 0
spawn "$ECHOLAB" client 127.0.0.1 $port
expect "Connected to 127.0.0.1:$port" {} timeout { exit 11 }
send "hello\r"
expect "hello\r\nhello\r" {} timeout { exit 12 } eof { exit 12 }
expect "Connection closed by foreign host." {} timeout { exit 13 }
expect eof
exit [lindex [wait] 3]
EOF
    limit 30 expect "$BATS_TEST_TMPDIR/typing.exp"
    start_stage epoll
    cat >"$BATS_TEST_TMPDIR/ctrl_d.exp" <<EOF
set timeout 10
log_user 0
spawn "$ECHOLAB" client 127.0.0.1 $port
expect "Ctrl-D ends" {} timeout { exit 11 }
send "one\r"
expect "one\r\none\r" {} timeout { exit 12 }
send "two\r"
expect "two\r\ntwo\r" {} timeout { exit 13 }
send "\004"
expect eof {} timeout { exit 14 }
exit [lindex [wait] 3]
EOF
    limit 30 expect "$BATS_TEST_TMPDIR/ctrl_d.exp"
}

@test "client: a number alone is a port" {
    start_stage epoll -q
    [ "$(limit 5 "$ECHOLAB" client "$port" <<<hello)" = $'hello\r' ]
}

@test "client: mistakes on the command line: one line each, exit 2" {
    while IFS='|' read -r arguments words; do
        # shellcheck disable=SC2086
        run limit 5 "$ECHOLAB" client $arguments </dev/null
        [ "$status" -eq 2 ]
        [[ ${lines[0]} == *"$words"* ]] || { echo "$arguments: $output"; false; }
        [ "${#lines[@]}" -eq 1 ]
    done <<'EOF'
127.0.0.1 70000|PORT must be 1 to 65535, not '70000'
127.0.0.1 0|PORT must be 1 to 65535, not '0'
127.0.0.1 http|PORT must be 1 to 65535, not 'http'
one 2 three|takes HOST and PORT, but got a third: 'three'
--eol=cr|--eol must be crlf or lf, not 'cr'
--eol|--eol needs a value
--half-close=yes|--half-close takes no value
--read-timeout=-1|--read-timeout must be a number of seconds
--connect-timeout=soon|--connect-timeout must be a number of seconds
--loud|unknown option '--loud'
-x|unknown option '-x'
EOF
    [[ $("$ECHOLAB" client --help) == 'usage: echolab client '* ]]
    [ "$("$ECHOLAB" client --help)" = "$(echolab help client)" ]
}
