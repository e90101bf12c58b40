#!/usr/bin/env bats
# `echolab multi-client` and `echolab deaf-peer`.
load helper

odd_server() {
    start_server python3 "$BATS_TEST_DIRNAME/fixtures/odd_server.py" '{port_file}' "$1"
}

multi() {
    limit 30 "$ECHOLAB" multi-client "$@"
}

@test "row 24: two connections, two messages each, closed when all came back" {
    start_stage epoll
    run multi 127.0.0.1 "$port" 2
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "Starting connection 1 to 127.0.0.1:$port" ]
    [ "${lines[1]}" = "Starting connection 2 to 127.0.0.1:$port" ]
    for id in 1 2; do
        for message in 1 2; do
            grep -qxF "Sending \"Message $message from client.\" to connection $id" <<<"$output"
        done
        # However the echoes were cut: together they are the two messages.
        heard=$(sed -n "s/^Received \"\(.*\)\" from connection $id\$/\1/p" <<<"$output")
        [ "${heard//$'\n'/}" = 'Message 1 from client.Message 2 from client.' ]
        grep -qxF "Closing connection $id" <<<"$output"
    done
    [ "${lines[-1]}" = '2 of 2 connections complete' ]
    await 5 test "$(grep -c '^Closing connection' "$log")" -eq 2
}

@test "multi-client: every stage that serves many serves 300 at once" {
    for stage in nonblocking-spin select poll epoll threaded forked; do
        start_stage "$stage" -q --stream
        [ "$(multi -q 127.0.0.1 "$port" 300)" = '300 of 300 connections complete' ]
        stop_stage
    done
}

@test "multi-client: nobody listens: one line a connection, exit 3" {
    start_stage epoll
    stop_stage
    run --separate-stderr multi -q 127.0.0.1 "$port" 3
    [ "$status" -eq 3 ]
    [ "$output" = '0 of 3 connections complete' ]
    [ "${#stderr_lines[@]}" -eq 3 ]
    [[ ${stderr_lines[1]} == *'connection 2: connect: connection refused (ECONNREFUSED)' ]]
}

@test "row 24: a connection that is reset is one line, not the end of the others" {
    odd_server every-other
    run --separate-stderr multi -q 127.0.0.1 "$port" 10
    [ "$status" -eq 1 ]
    [ "$output" = '5 of 10 connections complete' ]
    [ "${#stderr_lines[@]}" -eq 5 ]
    [[ ${stderr_lines[0]} == *'connection '*'reset by the other side (ECONNRESET)' ]] ||
        [[ ${stderr_lines[0]} == *'connection '*'broken pipe'* ]]
}

@test "multi-client: silent, wrong, early, overloaded servers are named" {
    odd_server deaf
    run multi -q -i 0.5 127.0.0.1 "$port" 2
    [ "$status" -eq 1 ]
    [[ $output == *'connection 1: Close connection by timeout: 0 of 44 bytes came back'* ]]
    odd_server wrong
    run multi -q 127.0.0.1 "$port" 1
    [ "$status" -eq 1 ]
    [[ $output == *'connection 1: these are not the bytes that were sent'* ]]
    odd_server early
    run multi -q 127.0.0.1 "$port" 1
    [ "$status" -eq 1 ]
    [[ $output == *'the server closed when 4 of 44 bytes had come back'* ]]
    odd_server full
    run multi -q --connect-timeout 0.5 127.0.0.1 "$port" 2
    [ "$status" -eq 3 ]
    [[ $output == *'connection 2: connect: timed out (ETIMEDOUT)'* ]]
}

@test "multi-client: out of descriptors: those that got one are served" {
    start_stage epoll -q
    run --separate-stderr prlimit --nofile=40:40 "$ECHOLAB" multi-client -q 127.0.0.1 "$port" 60
    [ "$status" -eq 1 ]
    [[ ${stderr_lines[0]} == *'too many open descriptors (EMFILE)' ]]
    complete=${output%% *}
    ((complete >= 20 && complete + ${#stderr_lines[@]} == 60))
}

@test "multi-client: a line server answers with --eol=crlf; Ctrl-C is named" {
    start_stage blocking
    [ "$(multi -q --eol=crlf 127.0.0.1 "$port" 3)" = '3 of 3 connections complete' ]
    odd_server deaf
    run env --default-signal=INT timeout -s INT -k 5 0.5 "$ECHOLAB" multi-client 127.0.0.1 "$port" 1
    [[ $output == *'Caught keyboard interrupt, exiting' ]]
}

@test "multi-client: mistakes on the command line: one line each, exit 2" {
    while IFS='|' read -r arguments words; do
        # shellcheck disable=SC2086
        run limit 5 "$ECHOLAB" multi-client $arguments
        [ "$status" -eq 2 ]
        [[ ${lines[0]} == *"$words"* ]] || { echo "$arguments: $output"; false; }
        [ "${#lines[@]}" -eq 1 ]
    done <<'EOF'
|needs HOST, PORT and N
127.0.0.1 8000|needs HOST, PORT and N
127.0.0.1 8000 0|N must be 1 to 20000, not '0'
127.0.0.1 8000 many|N must be 1 to 20000, not 'many'
127.0.0.1 0 2|PORT must be 1 to 65535
unix:/tmp/x 1 2|HOST must be an address or a name
--eol=cr 127.0.0.1 8000 2|--eol must be none, crlf or lf
EOF
    run limit 5 "$ECHOLAB" multi-client no-such-name.invalid 8000 2
    [ "$status" -eq 3 ]
    [[ $output == *'address not found'* ]]
}

# The Recv-Q of the server's side of the connections to $port, as the kernel tells it.
kernel_recv_q() {
    local queues

    queues=$(awk -v at="0100007F:$(printf %04X "$port")" '$2 == at && $4 == "01" { print $5 }' \
        /proc/net/tcp)
    echo $((16#${queues#*:}))
}

@test "row 26: flood against a deaf server: how many bytes fitted, and where they lie" {
    start_stage deaf-peer listen
    "$ECHOLAB" deaf-peer flood --hold=30 127.0.0.1 "$port" >"$BATS_TEST_TMPDIR/flood" \
        </dev/null 3>&- &
    started+=("$!")
    await 15 grep -q EAGAIN "$BATS_TEST_TMPDIR/flood"
    read -r fitted unsent taken < <(sed -n \
        's/.*(EAGAIN): \([0-9]*\) bytes fitted, \([0-9]*\) .* here, \([0-9]*\) taken.*/\1 \2 \3/p' \
        "$BATS_TEST_TMPDIR/flood")
    ((fitted > 50000 && fitted == unsent + taken))
    [ "$(kernel_recv_q)" -eq "$taken" ]
    await 5 grep -q "^Recv-Q of 127.0.0.1:[0-9]*: $taken bytes that nobody reads" "$log"
    stop_stage "${started[-1]}"
    await 5 grep -q 'it has hung up' "$log"
    stop_stage
    [ "$status" -eq 0 ]
}

@test "row 26: a client that never reads: its Recv-Q is told, others are served" {
    start_stage epoll -q
    "$ECHOLAB" deaf-peer connect --hold=30 127.0.0.1 "$port" >"$BATS_TEST_TMPDIR/deaf" \
        </dev/null 3>&- &
    started+=("$!")
    await 10 grep -q 'bytes sent, Send-Q [1-9][0-9]* here, Recv-Q [1-9][0-9]* here' \
        "$BATS_TEST_TMPDIR/deaf"
    [ "$(limit 10 "$ECHOLAB" client 127.0.0.1 "$port" <<<hello)" = $'hello\r' ]
}

@test "deaf-peer: a server that reads takes everything; one that hangs up is named" {
    start_stage blocking --sink -q
    run limit 20 "$ECHOLAB" deaf-peer flood --bytes 30000000 127.0.0.1 "$port"
    [ "$status" -eq 0 ]
    [[ $output == *'all 30000000 bytes were taken'* ]]
    odd_server reset
    run limit 20 "$ECHOLAB" deaf-peer connect 127.0.0.1 "$port"
    [ "$status" -eq 1 ]
    [[ $output == *'hung up'* || $output == *'send data error'* ]]
}

@test "deaf-peer: mistakes on the command line, and nobody there" {
    while IFS='|' read -r code arguments words; do
        # shellcheck disable=SC2086
        run limit 5 "$ECHOLAB" deaf-peer $arguments
        [ "$status" -eq "$code" ]
        [[ ${lines[0]} == *"$words"* ]] || { echo "$arguments: $output"; false; }
    done <<'EOF'
2||needs one of listen, connect, flood
2|listn|'listn' is none of listen, connect, flood
2|listen --boom=crash|does not take --boom: it hears no lines
2|listen --line|does not take --line
2|flood --bytes=x 127.0.0.1 8000|--bytes must be
2|connect --hold|--hold needs a value
2|connect 127.0.0.1 70000|PORT must be 1 to 65535
3|connect unix:/no/such/socket|no such socket file (ENOENT)
EOF
}
