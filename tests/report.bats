#!/usr/bin/env bats
# Lanes, SVG, pages and Chrome trace events: the same run gives the same bytes, they are well
# formed, they fit, and nothing that a client or a server is called gets out of its quotes.
#
# To draw the golden files anew after a change that is meant: REDRAW=1 bats tests/report.bats
load helper

GOLDEN=$BATS_TEST_DIRNAME/fixtures/golden

draw() {
    limit 20 "$ECHOLAB" draw "$@"
}

@test "a recorded run gives the same bytes again: text, SVG, HTML, Markdown, trace events" {
    local kind

    for kind in txt svg html md trace.json; do
        [ -z "${REDRAW:-}" ] || draw "$GOLDEN/second-client.jsonl" -o "$GOLDEN/second-client.$kind"
        draw "$GOLDEN/second-client.jsonl" -o "$BATS_TEST_TMPDIR/again.$kind"
        cmp "$BATS_TEST_TMPDIR/again.$kind" "$GOLDEN/second-client.$kind"
    done
    cp "$GOLDEN/second-client.txt" "$BATS_TEST_TMPDIR/drawn"
    LC_ALL=C.UTF-8 COLUMNS=100 draw "$GOLDEN/second-client.jsonl" |
        diff - "$BATS_TEST_TMPDIR/drawn"
}

@test "the picture tells the story: bob waits, the server sleeps on alice, the queue holds him" {
    local text=$GOLDEN/second-client.txt

    grep -qE '^  bob .*C.*T░{8,}' "$text"
    grep -qE '^  accept queue ·*1{10,}·' "$text"
    grep -qE '^  bob unread +·*▓{10,}' "$text"
    grep -qE '^  server +│ recv\(alice\) ▒+│' "$text"
    awk '/^epoll$/ { epoll = 1 } epoll && /epoll_wait/ { found = 1 }
         epoll && /^  (accept queue|[a-z]* unread)/ { wrong = 1 }
         END { exit !found || wrong }' "$text"
}

@test "xmllint and jq accept what is drawn" {
    xmllint --noout "$GOLDEN/second-client.svg"
    jq -e '[.traceEvents[] | select(.ph == "X" and .cat == "asleep" and .name == "recv(alice)")]
        | length >= 2' "$GOLDEN/second-client.trace.json" >/dev/null
    jq -e '.traceEvents | map(has("ph") and has("pid") and has("tid") and has("name")) | all' \
        "$GOLDEN/second-client.trace.json" >/dev/null
    jq -es 'map(select(.event == "run") | .parties[1].name == "bob") | length == 2 and all' \
        "$GOLDEN/second-client.jsonl" >/dev/null
}

# Tags that have an end are closed, in order: what a strict reader of HTML would see.
closed_tags() {
    python3 - "$1" <<'PYTHON'
import html.parser
import sys

EMPTY = {"meta", "line", "circle", "link", "br"}


class Reader(html.parser.HTMLParser):
    open = []

    def handle_starttag(self, tag, attrs):
        names = [name for name, value in attrs]
        assert not {"src", "href"} & set(names), (tag, names)
        assert not [name for name in names if name.startswith("on")], names
        assert tag != "script"
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())


reader = Reader()
text = open(sys.argv[1], encoding="utf-8").read()
reader.feed(text)
assert not reader.open, reader.open
assert "default-src 'none'" in text
assert "<table>" in text and "<svg" in text and "<title>" in text
PYTHON
}

@test "the page: closed tags, no script, no link, nothing from elsewhere, a table beside it" {
    closed_tags "$GOLDEN/second-client.html"
    grep -q 'prefers-color-scheme' "$GOLDEN/second-client.html"
    grep -q '@media print' "$GOLDEN/second-client.html"
    grep -q 'waited for alice, twice' "$GOLDEN/second-client.html"
    # Every bar says what it is to whoever points at it.
    refute grep -E '<rect class="(wait|asleep|queue|unread)"[^>]*[^/]>$' \
        "$GOLDEN/second-client.html"
}

@test "text fits 100 columns, and 60; with --ascii there is nothing but ASCII" {
    local columns

    for columns in 60 100; do
        COLUMNS=$columns LC_ALL=C.UTF-8 draw "$GOLDEN/second-client.jsonl" >"$BATS_TEST_TMPDIR/out"
        LC_ALL=C.UTF-8 refute grep -E "^(  |[a-z-]+$).{$((columns - 1))}" "$BATS_TEST_TMPDIR/out"
    done
    COLUMNS=100 LC_ALL=C draw "$GOLDEN/second-client.jsonl" >"$BATS_TEST_TMPDIR/out"
    LC_ALL=C refute grep -P '[^\x00-\x7f]' "$BATS_TEST_TMPDIR/out"
    grep -qE '^  server +\| recv\(alice\) ::' "$BATS_TEST_TMPDIR/out"
}

@test "names that are markup or terminal escapes stay text" {
    local kind

    for kind in svg html md txt trace.json; do
        draw "$GOLDEN/evil.jsonl" -o "$BATS_TEST_TMPDIR/evil.$kind"
        LC_ALL=C refute grep -P '[\x00-\x08\x0b-\x1f\x7f]' "$BATS_TEST_TMPDIR/evil.$kind"
    done
    xmllint --noout "$BATS_TEST_TMPDIR/evil.svg"
    refute grep -E '<script|<b>|<i>|</title>.*</title>' "$BATS_TEST_TMPDIR/evil.svg"
    closed_tags "$BATS_TEST_TMPDIR/evil.html"
    refute grep -E '<script|<b>|<i>' "$BATS_TEST_TMPDIR/evil.html"
    jq -e . "$BATS_TEST_TMPDIR/evil.trace.json" >/dev/null
}

@test "play --trace draws the server too, writes the run, and draw draws the same" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    TMPDIR=$BATS_TEST_TMPDIR/tmp COLUMNS=100 LC_ALL=C.UTF-8 limit 50 "$ECHOLAB" play \
        second-client --trace --on multi-blocking,epoll -o "$BATS_TEST_TMPDIR/run.jsonl" \
        >"$BATS_TEST_TMPDIR/play"
    grep -qE '^  server +│ recv\(alice\)' "$BATS_TEST_TMPDIR/play"
    grep -qE '^  accept queue ·*1' "$BATS_TEST_TMPDIR/play"
    COLUMNS=100 LC_ALL=C.UTF-8 draw "$BATS_TEST_TMPDIR/run.jsonl" >"$BATS_TEST_TMPDIR/again"
    # But for the first and the last lines, which are not of the picture.
    grep -E '^(  |multi-blocking$|epoll$| server)' "$BATS_TEST_TMPDIR/again" |
        while IFS= read -r line; do
            grep -qxF -- "$line" "$BATS_TEST_TMPDIR/play" || { echo "missing: $line"; exit 1; }
        done
    [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ] # nothing is left behind
}

@test "play --trace: a report that cannot be written costs neither the verdict nor a folder" {
    mkdir "$BATS_TEST_TMPDIR/tmp"
    for end in svg html jsonl json; do
        run --separate-stderr env TMPDIR="$BATS_TEST_TMPDIR/tmp" timeout 50 "$ECHOLAB" play \
            second-client -q --trace --on epoll -o "$BATS_TEST_TMPDIR/none/run.$end"
        [ "$status" -eq 1 ]
        [ "$output" = "epoll: second-client: all 6 expectations hold" ]
        [[ $stderr == *"cannot write $BATS_TEST_TMPDIR/none/run.$end: No such file"* ]]
        [ -z "$(ls "$BATS_TEST_TMPDIR/tmp")" ]
    done
}

@test "a server in another language has its lanes as well" {
    cat >"$BATS_TEST_TMPDIR/server.py" <<'PYTHON'
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    talk, _ = listener.accept()
    while data := talk.recv(100):
        talk.sendall(data)
    talk.close()
PYTHON
    run -0 env COLUMNS=100 LC_ALL=C.UTF-8 timeout 50 "$ECHOLAB" play second-client --trace \
        -o "$BATS_TEST_TMPDIR/run.svg" -- python3 "$BATS_TEST_TMPDIR/server.py" '{port}' || true
    [[ $output == *'recv(alice)'* ]]
    xmllint --noout "$BATS_TEST_TMPDIR/run.svg"
}

@test "a trace alone can be drawn: its clients are read from what the server did" {
    draw "$GOLDEN/trace.jsonl" -o "$BATS_TEST_TMPDIR/trace.txt"
    grep -qE '^  alice ' "$BATS_TEST_TMPDIR/trace.txt"
    grep -qE '^  bob .*T░{5,}' "$BATS_TEST_TMPDIR/trace.txt"
    grep -qE '^  server .*recv\(alice\)' "$BATS_TEST_TMPDIR/trace.txt"
}

@test "100 MB of event log: drawn in 128 MiB of addresses" {
    ! grep -q __asan_init "$ECHOLAB" || skip "a sanitizer needs terabytes of addresses"
    awk 'BEGIN {
        print "{\"t\": 0, \"event\": \"start\", \"clock\": 1000, \"pid\": 7}"
        peer = "\"peer\": \"127.0.0.1:5000\", \"who\": \"alice\", \"task\": 1, \"fd\": 4"
        for (i = 0; n < 100 * 1024 * 1024; i++) {
            t = i / 1000
            line = sprintf("{\"t\": %.6f, \"event\": \"asleep\", \"call\": \"recv\", %s}\n", \
                t, peer)
            line = line sprintf("{\"t\": %.6f, \"event\": \"call\", \"call\": \"recv\", %s, " \
                "\"result\": 5, \"slept\": 0.0004}\n", t + 0.0004, peer)
            line = line sprintf("{\"t\": %.6f, \"event\": \"call\", \"call\": \"send\", %s, " \
                "\"result\": 5, \"slept\": 0, \"waited\": 0.0001}\n", t + 0.0005, peer)
            printf "%s", line
            n += length(line)
        }
    }' >"$BATS_TEST_TMPDIR/big.jsonl"
    (
        ulimit -v 131072 # KiB; what is in use is a third of it
        limit 50 "$ECHOLAB" draw "$BATS_TEST_TMPDIR/big.jsonl" -o "$BATS_TEST_TMPDIR/big.svg"
    ) 2>"$BATS_TEST_TMPDIR/err"
    grep -q 'too many to be drawn' "$BATS_TEST_TMPDIR/err"
    xmllint --noout "$BATS_TEST_TMPDIR/big.svg"
    [ "$(stat -c %s "$BATS_TEST_TMPDIR/big.svg")" -lt 1000000 ]
}

@test "bad input and bad output are one clear line" {
    echo 'no json' >"$BATS_TEST_TMPDIR/bad"
    run draw "$BATS_TEST_TMPDIR/bad"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} == *"/bad:1:"* ]]
    : >"$BATS_TEST_TMPDIR/empty"
    run draw "$BATS_TEST_TMPDIR/empty"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == *"it holds no run" ]]
    run draw "$BATS_TEST_TMPDIR/nothing-there"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    run draw "$BATS_TEST_TMPDIR"
    [ "$status" -eq 1 ]
    [ "$output" = "echolab draw: cannot read $BATS_TEST_TMPDIR: Is a directory" ]
    run draw "$GOLDEN/second-client.jsonl" -o "$BATS_TEST_TMPDIR/picture.gif"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    run draw "$GOLDEN/second-client.jsonl" -o "$BATS_TEST_TMPDIR/no/such/folder.svg"
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 1 ]
    ln -s /dev/full "$BATS_TEST_TMPDIR/full.svg"
    run draw "$GOLDEN/second-client.jsonl" -o "$BATS_TEST_TMPDIR/full.svg"
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == "echolab draw: cannot write "*": No space left on device" ]]
}

@test "compare counts system calls in a traced run, and says that its times come from others" {
    run -0 limit 55 "$ECHOLAB" compare --quick multi-blocking epoll -o "$BATS_TEST_TMPDIR/c.json"
    [[ $output == *"in a traced run of second-client"* ]]
    [[ $output == *"all times above come from runs that were not traced"* ]]
    jq -e 'map({(.stage): .}) | add
        | .["multi-blocking"]["sleeps in"] == "recv(alice)"
            and .epoll["sleeps in"] == "epoll_wait()"
        and (map(.["system calls"] > 8 and .["system calls"] < 100) | all)
        and (map(.["all system calls"] > .["system calls"]) | all)' \
        "$BATS_TEST_TMPDIR/c.json" >/dev/null
}
