#!/usr/bin/env bats
# The message server and its client: the protocol byte for byte, and everything that is not it.
load helper

messages() {
    limit 50 python3 "$BATS_TEST_DIRNAME/fixtures/messages.py" "$@"
}

@test "row 25: the six frames of the document: the server's three answers, byte for byte" {
    start_stage message
    messages golden "$port"
}

@test "row 25: the six frames of the document: the client's three requests, byte for byte" {
    start_server python3 "$BATS_TEST_DIRNAME/fixtures/messages.py" record '{port_file}' \
        "$BATS_TEST_TMPDIR/sent"
    peer=127.0.0.1:$port
    run limit 10 "$ECHOLAB" message-client -p "$port" --byteorder big search morpheus
    [ "$status" -eq 0 ]
    [ "${lines[0]}" = "Starting connection to 127.0.0.1:$port" ]
    [[ ${lines[1]} == 'Sending "\x00d{'*'" to 127.0.0.1:'"$port" ]]
    [ "${lines[2]}" = 'Received response {"result": "Follow the white rabbit. 🐰"} from '"$peer" ]
    [ "${lines[3]}" = 'Got result: Follow the white rabbit. 🐰' ]
    [ "${lines[4]}" = "Closing connection to 127.0.0.1:$port" ]
    run limit 10 "$ECHOLAB" message-client --byteorder=big --port "$port" search 🐶
    [ "${lines[3]}" = 'Got result: 🐾 Playing ball! 🏐' ]
    run limit 10 "$ECHOLAB" message-client -p "$port" --byteorder big binary 😃
    [ "${lines[2]}" = "Received binary/custom-server-binary-type response from 127.0.0.1:$port" ]
    [ "${lines[3]}" = 'Got response: "First 10 bytes of request: binary\xf0\x9f\x98\x83"' ]
    messages recorded "$BATS_TEST_TMPDIR/sent"
}

@test "row 35: a little-endian search for morpheus: 146 bytes there, 148 back" {
    start_stage message
    strace -o "$BATS_TEST_TMPDIR/calls" -e trace=sendto,recvfrom true 2>/dev/null ||
        skip "strace is not allowed here"
    ASAN_OPTIONS=detect_leaks=0 limit 20 strace -o "$BATS_TEST_TMPDIR/calls" \
        -e trace=sendto,recvfrom \
        "$ECHOLAB" message-client -p "$port" --byteorder little search morpheus
    [[ $(grep sendto "$BATS_TEST_TMPDIR/calls") == *' = 146' ]]
    [ "$(awk '/recvfrom/ { n += $NF } END { print n }' "$BATS_TEST_TMPDIR/calls")" -eq 148 ]
}

@test "message: the console tells of a request in the document's words" {
    start_stage message
    messages wordings "$port" "$log"
}

@test "message: no match, unknown action, bytes, an escaped dog, a value of 900 kB" {
    start_stage message -q
    messages other_answers "$port"
}

@test "row 25, faults 54-56: malformed requests: one line each, and the next is served" {
    start_stage message
    messages malformed "$port" "$log"
    kill -0 "$pid"
    [ ! -s "$errors" ] || refute grep -qi 'sanitizer\|runtime error' "$errors"
}

@test "row 32: a request cut at every byte, one byte at a time, a header of 65535 bytes" {
    start_stage message
    messages cut_anywhere "$port"
    messages byte_by_byte "$port"
    messages biggest_header "$port"
    stop_stage
    start_stage message --chunk 1 -q
    messages golden "$port"
    messages biggest_header "$port"
}

@test "message: bytes behind the message, two messages at once, half-close" {
    start_stage message
    messages more_than_announced "$port"
}

@test "message --keep: many messages on one connection, also in one piece" {
    start_stage message --keep -q
    messages keep "$port"
    run limit 10 "$ECHOLAB" message-client -p "$port" --keep search morpheus dance now search bob
    [ "$status" -eq 0 ]
    [ "$(grep -c 'Starting connection' <<<"$output")" -eq 1 ]
    [ "$(grep -c '^Got ' <<<"$output")" -eq 3 ]
}

@test "row 23: --crc: a checksum in the answer; a damaged content is refused" {
    start_stage message --crc
    messages checksums "$port"
    limit 10 "$ECHOLAB" message-client -p "$port" --crc search morpheus binary abc
    grep -q 'damaged on the way' "$log"
    stop_stage
    start_stage message
    run limit 10 "$ECHOLAB" message-client -p "$port" --crc search morpheus
    [ "$status" -eq 1 ]
    [[ $output == *'the answer has no checksum; start the server with --crc'* ]]
}

@test "message --max-content: a larger content is refused before it comes" {
    start_stage message --max-content 41
    limit 10 "$ECHOLAB" message-client -p "$port" search morpheus
    run limit 10 "$ECHOLAB" message-client -p "$port" search morpheus.
    [ "$status" -eq 1 ]
    grep -q "whole number, 0 to 41, not 42" "$log"
}

@test "faults 56: 50 who dribble and 30 who never read cost no CPU and bounded memory" {
    start_stage message -q --keep
    messages rude_crowd "$port" "$pid"
}

@test "message --read-timeout: the silent are closed in time, the slow are not" {
    start_stage message --read-timeout 1
    messages silence "$port" "$log"
}

@test "message: what the fuzzer found interesting harms nobody else" {
    start_stage message -q
    messages corpus "$port" "$BATS_TEST_DIRNAME/fixtures/fuzzed_message.txt"
    stop_stage
    start_stage message -q --keep --chunk 7
    messages corpus "$port" "$BATS_TEST_DIRNAME/fixtures/fuzzed_message.txt"
    stop_stage
    [ "$status" -eq 0 ]
    refute grep -qi 'sanitizer\|runtime error' "$errors"
}

@test "message: 200 come and go: descriptors as before; SIGINT says what it is, exit 0" {
    local before
    start_stage message
    before=$(descriptors "$pid")
    for ((i = 0; i < 100; i++)); do
        exec {a}<>"/dev/tcp/127.0.0.1/$port" {b}<>"/dev/tcp/127.0.0.1/$port"
        printf '\0' >&"$a"
        exec {a}>&- {b}>&-
    done
    same() { [ "$(descriptors "$pid")" -eq "$before" ]; }
    await 5 same
    messages golden "$port"
    # In the background SIGINT is ignored; a process of its own gets it.
    stop_stage
    [ "$status" -eq 0 ]
    run env --default-signal=INT timeout -s INT -k 5 1 "$ECHOLAB" message --port 0
    [[ $output == *'Caught keyboard interrupt, exiting'* ]]
}

@test "message: options that mean nothing to it are refused, and its own elsewhere" {
    for option in --line --boom=crash --work --sink --tick=1 --grace=1; do
        run limit 5 "$ECHOLAB" message "$option"
        [ "$status" -eq 2 ]
        [[ $output == "echolab message: does not take ${option%%=*}: "* ]]
    done
    run limit 5 "$ECHOLAB" epoll --keep
    [ "$status" -eq 2 ]
    [[ $output == *'does not take --keep: it knows no messages; try message' ]]
    [ "$("$ECHOLAB" list --json | jq -r '.[] | select(.framed) | .name')" = message ]
}

@test "message-client: servers that do not keep to the protocol: one line, exit 1" {
    start_stage epoll -q
    run limit 10 "$ECHOLAB" message-client -p "$port" search morpheus
    [ "$status" -eq 1 ]
    [[ $output == *'the answer has no "result"; is this an echo server?'* ]]
    while read -r how words; do
        start_server python3 "$BATS_TEST_DIRNAME/fixtures/odd_server.py" '{port_file}' "$how"
        run limit 10 "$ECHOLAB" message-client -p "$port" --read-timeout 0.7 search morpheus
        [ "$status" -eq 1 ] || { echo "$how: $status $output"; false; }
        [[ $output == *"Error: Exception for 127.0.0.1:$port: $words"* ]] || {
            echo "$how: $output"
            false
        }
    done <<'EOF'
deaf receive data timeout
early Peer closed.
reset receive data error: reset by the other side (ECONNRESET)
forever not a message: behind the length (24935) comes "a", not a JSON object
wrong not a message
EOF
    start_stage epoll
    stop_stage
    run limit 10 "$ECHOLAB" message-client -p "$port" search morpheus
    [ "$status" -eq 3 ]
    [[ $output == *'connection refused (ECONNREFUSED)'* ]]
}

@test "message-client: mistakes on the command line: one line each, exit 2" {
    while IFS='|' read -r arguments words; do
        # shellcheck disable=SC2086
        run limit 5 "$ECHOLAB" message-client $arguments </dev/null
        [ "$status" -eq 2 ]
        [[ ${lines[0]} == *"$words"* ]] || { echo "$arguments: $output"; false; }
        [ "${#lines[@]}" -eq 1 ]
    done <<'EOF'
|needs ACTION and VALUE
search|'search' has no VALUE
search a binary|'binary' has no VALUE
--byteorder=middle search x|--byteorder must be big or little, not 'middle'
-p 0 search x|PORT must be 1 to 65535, not '0'
--max-content=-1 search x|--max-content must be 0 to
--loud search x|unknown option '--loud'
EOF
    run limit 5 "$ECHOLAB" message-client search $'\xff'
    [ "$status" -eq 2 ]
    [[ $output == *'must be UTF-8'* ]]
}
