# harness.bats -- the tests can fail: broken servers turn them red, and run.sh counts them.
#
# at most 150 s a test: each bug that is looked for costs some seconds

load helper

# bats puts a folder of its own in front; a bats that runs inside another must not see it.
path=$(sed 's,[^:]*bats-core[^:]*:,,g' <<<"$PATH")

# Runs tests of ours against another `echolab`; what they say is in $output.
other() {
    local binary=$1 file=$2 pattern=$3

    run env -i PATH="$path" HOME="$BATS_TEST_TMPDIR" BUG="${BUG:-none}" \
        ${haste:+AWAIT=1 PATIENCE=3} \
        ECHOLAB="$binary" timeout -k 1 140 bats -f "$pattern" "$BATS_TEST_DIRNAME/$file" \
        </dev/null 3>&- 4>&-
}

broken=$BATS_TEST_DIRNAME/fixtures/broken_server.py

# A server with the bug $1 makes the test whose title has $2 fail, and it fails in the end.
caught() {
    haste=1 BUG=$1 other "$broken" "${3:-conformance.bats}" "$2"
    if [ "$status" -ne 1 ] || ! grep -q '^not ok 1 ' <<<"$output"; then
        echo "'$2' does not notice a server that has the bug '$1' (exit $status):"
        echo "$output"
        return 1
    fi
}

AT_ONCE=3

@test "a server without a bug passes all of conformance.bats" {
    other "$broken" conformance.bats .
    grep -v '^ok' <<<"$output" || true
    # The one test that is about our own select.
    [ "$(grep -c '^not ok' <<<"$output")" -eq 1 ]
    grep -q '^not ok .* select with 1100' <<<"$output"
    [ "$(grep -c '^ok' <<<"$output")" -ge 22 ]
}

@test "bytes: lost, waited for, stripped" {
    also caught loses-a-byte '8 MiB'
    also caught loses-a-byte 'late and in sips'
    also caught loses-a-byte '40 clients'
    also caught waits-for-two 'one byte comes'
    also caught waits-for-two 'a byte at a time'
    also caught strips-telnet 'every byte value'
    also caught mute 'two bytes'
    all_of_them
}

@test "rude clients: a reset kills, a deaf one stops all" {
    also caught dies-of-reset '40 clients'
    also caught dies-of-reset 'gone in the middle'
    also caught send-blocks 'never reads costs'
    also caught send-blocks '40 clients'
    all_of_them
}

@test "leaks: memory, descriptors, children" {
    also caught keeps-memory '1000 clients'
    also caught keeps-descriptors '1000 clients'
    also caught zombies '1000 clients'
    all_of_them
}

@test "costs: a burning core, too many calls, a wait for each chunk" {
    also caught burns '1 % of the CPU'
    also caught burns 'never reads costs'
    also caught too-many-calls 'three system calls'
    also caught waits-each-time 'burst'
    all_of_them
}

@test "the end: signals ignored, a wrong exit code, a child that stays, a port that stays taken" {
    also caught ignores-signals 'SIGTERM and SIGINT'
    also caught wrong-exit-code 'no signal is lost'
    also caught leaves-a-child 'with silent clients'
    also caught leaves-a-child 'a client that never reads: exit'
    also caught no-reuseaddr 'with silent clients'
    all_of_them
}

@test "surroundings: port, console, descriptors" {
    also caught shares-port 'a taken port'
    also caught console-kills 'full disk'
    also caught console-blocks 'nobody reads: lines'
    also caught dies-of-emfile 'out of descriptors'
    also caught spins-on-emfile 'out of descriptors'
    all_of_them
}

@test "telnet.bats: a server that says nothing" {
    also caught mute 'telnet: what is typed' telnet.bats
    also caught mute 'nc -N' telnet.bats
    also caught mute '/dev/tcp' telnet.bats
    also caught mute 'python3' telnet.bats
    also caught strips-telnet 'on a terminal' telnet.bats
    all_of_them
}

# A claim is red when its stage is secretly another one.
exchanged() {
    local wrapper

    wrapper=$(mktemp "$BATS_TEST_TMPDIR/as-$2.XXXXXX")
    cat >"$wrapper" <<END
#!/bin/sh
for word; do shift; [ "\$word" != $1 ] || word=$2; set -- "\$@" "\$word"; done
exec '$ECHOLAB' "\$@"
END
    chmod +x "$wrapper"
    haste=1 other "$wrapper" "${4:-claims.bats}" "^$3"
    [ "$status" -eq 1 ]
    if grep -q '^ok' <<<"$output"; then
        echo "$2 may call itself $1:" && grep '^ok' <<<"$output"
        return 1
    fi
}

@test "claims.bats: a stage that is secretly another one" {
    also exchanged blocking threaded blocking.queue:
    also exchanged multi-blocking blocking multi-blocking.accepts:
    also exchanged nonblocking-naive epoll nonblocking-naive.dies:
    also exchanged nonblocking-spin epoll nonblocking-spin.in-vain:
    also exchanged select poll select.anew:
    also exchanged poll epoll poll.walk:
    also exchanged epoll poll epoll.walk:
    also exchanged threaded forked threaded.cost:
    also exchanged forked threaded forked.cost:
    also exchanged forked prefork forked.alone:
    also exchanged message epoll message.echo:
    all_of_them
}

@test "telnet.bats: multi-blocking that is secretly epoll" {
    also exchanged multi-blocking epoll 'multi-blocking: the second telnet' telnet.bats
    also exchanged blocking epoll 'blocking: the second telnet' telnet.bats
    all_of_them
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
