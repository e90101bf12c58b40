# lessons.bats -- the lessons are complete, cite what exists, and come true.
# at most 150 s a test: every lesson starts servers and telnets, four lessons at a time

# shellcheck disable=SC2016 # backquotes are text here
load helper

# Reads a lesson after sed has made a mistake in it; its complaint is in $output.
with_mistake() {
    local lesson=$1 copy=$BATS_TEST_TMPDIR/$1

    shift
    sed "$@" "$ROOT/lessons/$lesson" >"$copy"
    refute cmp -s "$copy" "$ROOT/lessons/$lesson"
    LESSON_LIMIT=3 run limit 60 python3 "$ROOT/tests/lesson.py" "$copy"
    echo "lesson.py -> exit $status: $output"
    [ "$status" -eq 1 ]
}

# Checks a lesson after sed has made a mistake in it; it must be found, and called $2.
form_mistake() {
    local lesson=$1 wanted=$2 copy=$BATS_TEST_TMPDIR/$1

    shift 2
    sed "$@" "$ROOT/lessons/$lesson" >"$copy"
    refute cmp -s "$copy" "$ROOT/lessons/$lesson"
    run sh "$ROOT/tools/check-lessons.sh" "$copy"
    echo "check-lessons.sh -> exit $status: $output"
    [ "$status" -eq 1 ]
    [[ $output == *"$wanted"* ]]
}

@test "check-lessons.sh: nothing is missing, too long, or cited in vain" {
    sh "$ROOT/tools/check-lessons.sh"
}

@test "every command of every lesson does what the lesson says" {
    printf '%s\n' "$ROOT"/lessons/*.md |
        limit 145 xargs -P 4 -n 1 python3 "$ROOT/tests/lesson.py"
}

@test "lesson.py finds a wrong transcript, a wrong figure, a wrong silence" {
    with_mistake 10_blocking.md 's/recv(alice) \.\.\./recv(bob) .../'
    [[ $output == *"terminal 1 should show"*"recv(bob)"* ]]
    with_mistake 10_blocking.md 's/7 bytes lie unread/8 bytes lie unread/'
    with_mistake 10_blocking.md 's/"ll" from 127.0.0.1:40002/"ll" from 127.0.0.1:40004/'
    with_mistake 12_nonblocking_naive.md 's/^exit status 1/exit status 0/'
    with_mistake 13_nonblocking_spin.md 's/^>20 % of a core/>101 % of a core/'
    with_mistake 11_multi_blocking.md 's/^```type terminal 2$/```type terminal 2, silent/'
    [[ $output == *"was to stay silent"* ]]
}

@test "check-lessons.sh finds what a change of the sources or of the text breaks" {
    form_mistake 10_blocking.md 'heading 3 must be "Run"' '/^## Run/d'
    form_mistake 10_blocking.md 'the answer is not for this screen' 's/^Vote, /Answer: c. &/'
    form_mistake 10_blocking.md 'lacks "Answer' 's/^Answer: c\./Answer: z./'
    form_mistake 10_blocking.md 'choices' '/^\* [cd])/d'
    form_mistake 10_blocking.md 'longer than 80' \
        's/^Vote,/&                                        /'
    form_mistake 10_blocking.md 'a screen has 24' 's/^## Observe/&\n\n\n\n\n\n\n\n\n\n\n/'
    form_mistake 10_blocking.md 'Run has no command' '/^## Run/,/^## Obs/s/^```sh.*/```output/'
    form_mistake 10_blocking.md 'nothing to fill in' 's/___/etwas/g'
    form_mistake 10_blocking.md 'no prompt' 's/^telnet/$ &/'
    form_mistake 10_blocking.md 'has no such lines' 's/== 0 && !one_line/== 1 \&\& !one_line/'
    form_mistake 10_blocking.md 'there is no stages/10_locking.c' 's/10_blocking\.c/10_locking.c/'
    form_mistake 10_blocking.md 'nothing is called `serve_clients()`' \
        's/`serve_client()`/`serve_clients()`/'
    form_mistake 10_blocking.md 'nothing is called `socket.receive`' \
        's/`socket.recv`/`socket.receive`/'
    form_mistake 10_blocking.md 'nothing is called `--chank`' 's/`--chunk`/`--chank`/'
    form_mistake 12_nonblocking_naive.md 'nothing is called `EAGAINST`' 's/`EAGAIN`/`EAGAINST`/'
    form_mistake 10_blocking.md 'the stage has no WAIT' 's/to ACCEPT/to WAIT/'
    form_mistake 10_blocking.md 'no reader knows' 's/^```sh terminal 4/```zsh terminal 4/'
    form_mistake 10_blocking.md 'does not define' 's/^Vote,/`run()` in `common\/net.c`/'
}
