# harness.bats -- the tests can fail: broken servers turn them red, and run.sh counts them.
#
# at most 150 s a test: each bug that is looked for costs some seconds

load helper

# bats puts a folder of its own in front; a bats that runs inside another must not see it.
path=$(sed 's,[^:]*bats-core[^:]*:,,g' <<<"$PATH")

# Runs tests of ours against another `echolab`; what they say is in $output.
other() {
    local binary=$1 file=$2 pattern=$3

    run env -i PATH="$path" HOME="$BATS_TEST_TMPDIR" BUG="${BUG:-none}" PATIENCE=4 \
        ECHOLAB="$binary" timeout -k 1 140 bats -f "$pattern" "$BATS_TEST_DIRNAME/$file" \
        </dev/null 3>&- 4>&-
}

broken=$BATS_TEST_DIRNAME/fixtures/broken_server.py

# A server with the bug $1 makes the test whose title has $2 fail, and it fails in the end.
caught() {
    BUG=$1 other "$broken" "${3:-conformance.bats}" "$2"
    if [ "$status" -ne 1 ] || ! grep -q '^not ok 1 ' <<<"$output"; then
        echo "'$2' does not notice a server that has the bug '$1' (exit $status):"
        echo "$output"
        return 1
    fi
}

@test "a server without a bug passes all of conformance.bats" {
    other "$broken" conformance.bats .
    grep -v '^ok' <<<"$output" || true
    # The one test that is about our own select.
    [ "$(grep -c '^not ok' <<<"$output")" -eq 1 ]
    grep -q '^not ok .* select with 1100' <<<"$output"
    [ "$(grep -c '^ok' <<<"$output")" -ge 22 ]
}

@test "bytes: lost, waited for, stripped" {
    caught loses-a-byte '8 MiB'
    caught loses-a-byte 'late and in sips'
    caught loses-a-byte '40 clients'
    caught waits-for-two 'one byte comes'
    caught waits-for-two 'a byte at a time'
    caught strips-telnet 'every byte value'
    caught mute 'two bytes'
}

@test "rude clients: a reset kills, a deaf one stops all" {
    caught dies-of-reset '40 clients'
    caught dies-of-reset 'gone in the middle'
    caught send-blocks 'never reads costs'
}

@test "leaks: memory, descriptors, children" {
    caught keeps-memory '1000 clients'
    caught keeps-descriptors '1000 clients'
    caught zombies '1000 clients'
}

@test "costs: a burning core, too many calls, a wait for each chunk" {
    caught burns '1 % of the CPU'
    caught burns 'never reads costs'
    caught too-many-calls 'three system calls'
    caught waits-each-time 'burst'
}

@test "the end: signals ignored, a wrong exit code, a child that stays, a port that stays taken" {
    caught ignores-signals 'SIGTERM and SIGINT'
    caught wrong-exit-code 'no signal is lost'
    caught leaves-a-child 'with silent clients'
    caught leaves-a-child 'a client that never reads: exit'
    caught no-reuseaddr 'with silent clients'
}

@test "surroundings: port, console, descriptors" {
    caught shares-port 'a taken port'
    caught console-kills 'full disk'
    caught console-blocks 'nobody reads: lines'
    caught dies-of-emfile 'out of descriptors'
    caught spins-on-emfile 'out of descriptors'
}

@test "telnet.bats: a server that says nothing" {
    caught mute 'telnet: what is typed' telnet.bats
    caught mute 'nc -N' telnet.bats
    caught mute '/dev/tcp' telnet.bats
    caught mute 'python3' telnet.bats
    caught strips-telnet 'on a terminal' telnet.bats
}

# A claim is red when its stage is secretly another one.
exchanged() {
    local wrapper=$BATS_TEST_TMPDIR/as-$2

    cat >"$wrapper" <<END
#!/bin/sh
for word; do shift; [ "\$word" != $1 ] || word=$2; set -- "\$@" "\$word"; done
exec '$ECHOLAB' "\$@"
END
    chmod +x "$wrapper"
    other "$wrapper" "${4:-claims.bats}" "^$3"
    [ "$status" -eq 1 ]
    if grep -q '^ok' <<<"$output"; then
        echo "$2 may call itself $1:" && grep '^ok' <<<"$output"
        return 1
    fi
}

@test "claims.bats: a stage that is secretly another one" {
    exchanged blocking threaded blocking.queue:
    exchanged blocking threaded blocking.deaf:
    exchanged multi-blocking blocking multi-blocking.accepts:
    exchanged nonblocking-naive epoll nonblocking-naive.dies:
    exchanged nonblocking-spin epoll nonblocking-spin.sleep:
    exchanged nonblocking-spin poll nonblocking-spin.no-wait:
    exchanged nonblocking-spin epoll nonblocking-spin.in-vain:
    exchanged select poll select.anew:
    exchanged select epoll select.highest:
    exchanged poll select poll.set:
    exchanged poll epoll poll.walk:
    exchanged epoll poll epoll.walk:
    exchanged threaded forked threaded.cost:
    exchanged threaded forked threaded.memory:
    exchanged forked threaded forked.cost:
    exchanged forked prefork forked.alone:
    exchanged message epoll message.echo:
}

@test "telnet.bats: multi-blocking that is secretly epoll" {
    exchanged multi-blocking epoll 'multi-blocking: the second telnet' telnet.bats
    exchanged blocking epoll 'blocking: the second telnet' telnet.bats
}

# ---- run.sh

# A tree with run.sh and the test files that stdin describes: "NAME: LINE" for each line.
tree() {
    rm -rf "$BATS_TEST_TMPDIR/tree"
    mkdir -p "$BATS_TEST_TMPDIR/tree/tests" "$BATS_TEST_TMPDIR/tree/tools"
    cp "$ROOT/tests/run.sh" "$BATS_TEST_TMPDIR/tree/tests"
    cp "$ROOT/tools/deps.sh" "$BATS_TEST_TMPDIR/tree/tools"
    printf 'all:\n' >"$BATS_TEST_TMPDIR/tree/Makefile"
    while IFS= read -r line; do
        printf '%s\n' "${line#*: }" >>"$BATS_TEST_TMPDIR/tree/tests/${line%%: *}.bats"
    done
}

run_tree() {
    run --separate-stderr env -i PATH="$path" HOME="$BATS_TEST_TMPDIR" timeout -k 1 60 \
        sh "$BATS_TEST_TMPDIR/tree/tests/run.sh" "$@" </dev/null 3>&- 4>&-
    last=${output##*$'\n'}
    echo "run.sh $* -> $status: $output; stderr: $stderr"
}

@test "run.sh: counts what passed, exit 0" {
    tree <<'END'
a: @test "one" { true; }
a: @test "two" { skip "no need"; }
b: # run alone: because
b: @test "three" { true; }
END
    run_tree
    [ "$status" -eq 0 ]
    [ "$last" = '2 passed, 0 failed, 1 skipped' ]
    [[ $output == *"1..3"* ]]
    grep -qx 'ok 3 b: three' <<<"$output"
    run_tree b
    [ "$status" -eq 0 ]
    [ "$last" = '1 passed, 0 failed' ]
    run_tree nothing
    [ "$status" -eq 2 ]
}

@test "run.sh: a failure, a file that cannot be read, a file that ends early: exit 1" {
    tree <<'END'
a: @test "good" { true; }
b: @test "bad" { false; }
END
    run_tree
    [ "$status" -eq 1 ]
    [ "$last" = '1 passed, 1 failed' ]
    tree <<'END'
a: @test "good" { true; }
b: @test "never closed" { if true
END
    run_tree
    [ "$status" -eq 1 ]
    [ "$last" = '1 passed, 1 failed' ]
    # The plan says three tests; the second takes bats' process for this file along.
    tree <<'END'
a: # at most 3 s a test: the watch over the one that dies lasts as long
a: @test "good" { true; }
a: @test "gone" { kill -KILL $PPID $$; }
a: @test "never" { true; }
END
    run_tree
    [ "$status" -eq 1 ]
    [[ $last =~ ^1\ passed,\ [12]\ failed$ ]]
}

@test "run.sh: nothing ran, or everything was skipped: exit 1" {
    tree <<<'a: # no test at all'
    run_tree
    [ "$status" -eq 1 ]
    [[ $last == '0 passed, '* ]]
    tree <<<'a: @test "one" { skip; }'
    run_tree
    [ "$status" -eq 1 ]
    [ "$last" = '0 passed, 0 failed, 1 skipped' ]
}

@test "run.sh: a test that hangs is stopped, the next one runs, and the build must succeed" {
    tree <<'END'
a: # at most 2 s a test: it is to hang
a: @test "hangs" { sleep 50; }
a: @test "after it" { true; }
END
    SECONDS=0
    run_tree
    ((SECONDS < 20))
    [ "$status" -eq 1 ]
    [ "$last" = '1 passed, 1 failed' ]
    printf 'all:\n\tfalse\n' >"$BATS_TEST_TMPDIR/tree/Makefile"
    run_tree
    [ "$status" -eq 1 ]
    [ "$last" = '0 passed, 1 failed' ]
}
