#!/usr/bin/env bats
# `echolab primitives`: each program prints these lines, every time.
load helper

# prints NAME TEXT: the program prints TEXT, five times in a row.
prints() {
    for _ in 1 2 3 4 5; do
        run -0 limit 10 "$ECHOLAB" primitives "$1"
        if [ "$output" != "$2" ]; then
            diff <(echo "$2") <(echo "$output")
            return 1
        fi
    done
}

@test "every program of the list has a test here, and a section that --predict shows" {
    local names
    names=$("$ECHOLAB" primitives | sed -n 's/^  \([a-z-]\{4,14\}\) .*/\1/p')
    [ "$(wc -w <<<"$names")" -ge 16 ]
    for name in $names; do
        grep -Eq "^    (prints|predict) $name |primitives $name " "$BATS_TEST_FILENAME"
        [ "$name" != delay ] || continue
        limit 10 "$ECHOLAB" primitives --predict "$name" </dev/null >"$BATS_TEST_TMPDIR/out" || true
        grep -q "^/\* ---- $name: " "$BATS_TEST_TMPDIR/out"
        grep -q "_program(void \*loop)" "$BATS_TEST_TMPDIR/out"
        grep -q 'What will it print' "$BATS_TEST_TMPDIR/out"
    done
}

@test "row 12: loop" {
    prints loop 'all is asked for
soon
in 10 ms
in 20 ms'
}

@test "row 14: future" {
    prints future 'main: is it done? no
timer: I bring 42
callback: the result is 42
main: it is 42
main: a second result counts? no
main: the other one failed: Connection reset by peer'
}

@test "row 15: task" {
    prints task 'main: both are created, none has begun
alice: 1
bob: 1
alice: 2
bob: 2
alice: 3
bob: 3
main: alice returned 3
main: bob returned 3'
}

@test "row 15: streams" {
    prints streams 'client: half a line is sent, and no answer
server: heard the line "hello"
server: heard the line "bob"
client: the first ten bytes are "echo hello"
client: the next eight are "echo bob"
server: the client says no more
client: then 0: the end'
}

@test "row 16: error" {
    prints error 'task: I fail
main: it has ended, and I have heard nothing
main: now I hear of it: Unexpected network error'
}

@test "row 17: delay is interrupted, and says how many tasks that cancels" {
    "$ECHOLAB" primitives delay >"$BATS_TEST_TMPDIR/out" </dev/null 3>&- &
    pid=$!
    started+=("$pid")
    await 5 grep -q sleeping "$BATS_TEST_TMPDIR/out"
    kill -INT "$pid"
    await 5 gone "$pid"
    wait "$pid"
    diff - "$BATS_TEST_TMPDIR/out" <<'END'
delay: sleeping for 10 s
Got the signal SIGINT
2 tasks are being cancelled
main: Operation canceled
END
}

@test "row 18: cancel" {
    prints cancel 'task: asleep for an hour
main: cancelled it? yes
task: woken: Operation canceled
task: cleaned up
main: it ended by: Operation canceled'
}

@test "row 18: wait-for" {
    prints wait-for 'quick: 7
slow: -1
why: Connection timed out'
}

@test "row 18: gather" {
    prints gather 'bob ends
carol ends
alice ends
results: 30 10 20'
}

@test "row 18: lock" {
    prints lock 'coins, without a lock: 1
coins, with a lock: 2'
}

@test "row 18: event" {
    prints event 'alice waits
bob waits
the doors open
alice goes in
bob goes in
carol waits
carol goes in'
}

@test "row 18: condition" {
    prints condition 'alice: no bread, I wait
bob: no bread, I wait
baker: a loaf is ready, I wake all
alice: I have one, 0 left
bob: no bread, I wait
baker: a loaf is ready, I wake all
bob: I have one, 0 left'
}

@test "row 18: semaphore" {
    prints semaphore 'alice comes in
bob comes in
alice leaves
bob leaves
carol comes in
carol leaves'
}

@test "row 18: queue" {
    prints queue 'put 1
put 2
main: now I begin to get
got 1
got 2
put 3
put 4
got 3
got 4'
}

@test "row 18: thread-queue" {
    prints thread-queue 'task: what is 2 squared?
thread: 4
task: what is 3 squared?
thread: 9
task: what is 4 squared?
thread: 16'
}

@test "row 33: generator" {
    prints generator 'yields 1
generator: I was sent 5
yields 2
generator: thrown at me: Invalid argument
yields 10000
generator: I was sent 6
ends with 77
and now with yield from:
yields 0
yields 1
generator: I was sent 5
yields 2
generator: thrown at me: Invalid argument
yields 10000
generator: I was sent 6
outer: inner returned 77
ends with 78'
}

@test "--predict: a right prediction, a wrong one, one that is too short" {
    run -0 limit 10 "$ECHOLAB" primitives lock --predict \
        <<<$'coins, without a lock: 1\ncoins, with a lock: 2\n'
    [ "${lines[-1]}" = 'All 2 lines as you said.' ]
    run -1 limit 10 "$ECHOLAB" primitives --predict lock \
        <<<$'coins, without a lock: 2\ncoins, with a lock: 2\n'
    [[ $output == *'0 of 2 lines as you said; then line 1:'* ]]
    [[ $output == *'you:     coins, without a lock: 2'* ]]
    run -1 limit 10 "$ECHOLAB" primitives --predict lock <<<'coins, without a lock: 1'
    [[ $output == *'1 of 2 lines as you said; then line 2:'* ]]
}

@test "what is wrong on the command line is said in one line, exit code 2" {
    run -2 --separate-stderr "$ECHOLAB" primitives lok
    # shellcheck disable=SC2154
    [ "$stderr" = "echolab primitives: there is no program 'lok'; 'echolab primitives' lists them" ]
    run -2 "$ECHOLAB" primitives lock queue
    run -2 "$ECHOLAB" primitives --predict
    run -2 "$ECHOLAB" primitives --predicate
    run -0 "$ECHOLAB" primitives --help
    [ "${lines[0]}" = 'usage: echolab primitives [--predict] [NAME]' ]
}
