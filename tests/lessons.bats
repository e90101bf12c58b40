# lessons.bats -- the lessons are complete, cite what exists, and come true.
# at most 150 s a test: every lesson starts servers and telnets, six lessons at a time

# shellcheck disable=SC2016 # backquotes are text here
load helper

# with_mistake N LESSON COMMAND: a copy of it in folder N, after sed made a mistake in it.
with_mistake() {
    mkdir "$BATS_TEST_TMPDIR/$1"
    sed "$3" "$ROOT/lessons/$2" >"$BATS_TEST_TMPDIR/$1/$2"
    refute cmp -s "$BATS_TEST_TMPDIR/$1/$2" "$ROOT/lessons/$2"
}

# Reads one lesson that is wrong; what is said of it goes to a file beside it.
read_mistake() {
    LESSON_LIMIT=3 limit 60 python3 "$ROOT/tests/lesson.py" "$1" 2>"$1.said" ||
        echo "exit $?" >>"$1.said"
}

# Checks a lesson after sed has made mistakes in it: COMMAND, what must be said of it, ...
form_mistakes() {
    local lesson=$1 copy=$BATS_TEST_TMPDIR/$1 before=$BATS_TEST_TMPDIR/before said=()

    shift
    cp "$ROOT/lessons/$lesson" "$copy"
    while [ $# -gt 0 ]; do
        cp "$copy" "$before"
        sed -i "$1" "$copy"
        refute cmp -s "$copy" "$before"
        said+=("$2")
        shift 2
    done
    run sh "$ROOT/tools/check-lessons.sh" "$copy"
    echo "check-lessons.sh -> exit $status: $output"
    [ "$status" -eq 1 ]
    for what in "${said[@]}"; do
        grep -qF -- "$what" <<<"$output" || {
            echo "not found: $what"
            return 1
        }
    done
}

@test "check-lessons.sh: nothing is missing, too long, or cited in vain" {
    sh "$ROOT/tools/check-lessons.sh"
}

@test "every command of every lesson does what the lesson says" {
    printf '%s\n' "$ROOT"/lessons/*.md |
        limit 145 xargs -P 6 -n 1 python3 "$ROOT/tests/lesson.py"
}

@test "lesson.py finds a wrong transcript, a wrong figure, a wrong silence" {
    with_mistake 1 10_blocking.md 's/recv(alice) \.\.\./recv(bob) .../'
    with_mistake 2 10_blocking.md 's/7 bytes lie unread/8 bytes lie unread/'
    with_mistake 3 10_blocking.md 's/"ll" from 127.0.0.1:40002/"ll" from 127.0.0.1:40004/'
    with_mistake 4 12_nonblocking_naive.md 's/^exit status 1/exit status 0/'
    with_mistake 5 13_nonblocking_spin.md 's/^>8 % of a core/>101 % of a core/'
    with_mistake 6 11_multi_blocking.md 's/^```type terminal 2$/```type terminal 2, silent/'
    export -f read_mistake limit
    export ROOT
    find "$BATS_TEST_TMPDIR" -name '*.md' -print0 | xargs -0 -P 4 -I {} bash -c 'read_mistake {}'
    for n in 1 2 3 4 5 6; do
        echo "$n: $(cat "$BATS_TEST_TMPDIR/$n"/*.said)"
        grep -q '^exit 1$' "$BATS_TEST_TMPDIR/$n"/*.said
    done
    grep -q 'terminal 1 should show' "$BATS_TEST_TMPDIR"/1/*.said
    grep -q 'was to stay silent' "$BATS_TEST_TMPDIR"/6/*.said
}

@test "check-lessons.sh finds what a change of the sources or of the text breaks" {
    form_mistakes 10_blocking.md '/^## Run/d' 'heading 3 must be "Run"'
    form_mistakes 10_blocking.md \
        's/^Vote, /Answer: c. &/' 'the answer is not for this screen' \
        's/^Answer: c\./Answer: z./' 'lacks "Answer' \
        '/^\* [cd])/d' 'choices' \
        's/ Only then/&                                                 /' 'longer than 80' \
        's/^## Observe/&\n\n\n\n\n\n\n\n\n\n\n/' 'a screen has 24' \
        's/___/etwas/g' 'nothing to fill in' \
        's/^.\/echolab show/$ &/' 'no prompt' \
        's/^```sh terminal 4/```zsh terminal 4/' 'no reader knows' \
        's/== 0 && !one_line/== 1 \&\& !one_line/' 'has no such lines' \
        's/`stages.10_blocking\.c`/`stages\/10_locking.c`/' 'there is no stages/10_locking.c' \
        's/`serve_client()`/`serve_clients()`/' 'nothing is called `serve_clients()`' \
        's/`socket.recv`/`socket.receive`/' 'nothing is called `socket.receive`' \
        's/`--chunk`/`--chank`/' 'nothing is called `--chank`' \
        's/`recv()` brings/`EAGAINST` brings/' 'nothing is called `EAGAINST`' \
        's/to ACCEPT/to WAIT/' 'the stage has no WAIT' \
        's/^15 minutes/`run()` in `common\/net.c`/' 'does not define run' \
        '/^## Run/,/^## Obs/s/^```sh.*/```output/' 'Run has no command'
}
