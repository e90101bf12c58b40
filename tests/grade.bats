# grade.bats -- `echolab grade`: full marks for correct servers in three languages, and each
# known mistake is caught by exactly the scenarios that its file names.
# run alone: it plays several servers at a time
# at most 200 s a test: many servers play many scenarios
#
# A fixture plays the scenarios that it names (but for those that take long when they fail) and
# a dozen others, which must hold. ECHOLAB_SLOW=1 plays all of them on all servers.

load helper

SERVERS=$BATS_TEST_DIRNAME/fixtures/servers
long='burst-8M|crowd-1100|crowd-5000|come-and-go-1000|stop-under-load|slow-reader|signal-storm'
dozen=(second-client half-line one-byte-at-a-time pipelined-lines burst-20k reset never-reads
    idle-cpu fd-leak restart-at-once port-taken stop-with-clients)

grade() {
    limit 190 "$ECHOLAB" grade "$@"
}

# Python itself: what is called python3 may be a script that looks for it, again and again.
interpreter() {
    python3 -c 'import sys; print(sys.executable)'
}

# The command that runs a fixture, into $command; C is compiled first.
command_of() {
    case $1 in
    *.c)
        [ -x "$BATS_FILE_TMPDIR/$1" ] ||
            cc -O1 -pthread -o "$BATS_FILE_TMPDIR/$1" "$SERVERS/$1"
        command=("$BATS_FILE_TMPDIR/$1")
        ;;
    *.js) command=(node "$SERVERS/$1") ;;
    *) command=("$(interpreter)" "$SERVERS/$1") ;;
    esac
}

# What a fixture says about itself: the scenarios that catch it, a line each.
caught_by() {
    tr -d '*"' <"$SERVERS/$1" | awk '
        /caught by:/ { sub(/.*caught by:/, ""); on = 1 }
        on && (/^ *\/?$/ || !/[a-z]/) { exit }
        on' | tr -s ' ' '\n' | grep . | sort
}

scenarios() {
    (cd "$ROOT/lessons/scenarios" && grep -L '^server option' ./*.play | sed 's|./||; s/\.play//')
}

# Grades a fixture and compares what it fails with what its file says.
caught_exactly() {
    local all must

    if [ -n "${ECHOLAB_SLOW:-}" ]; then
        must=$(caught_by "$1") all=$(scenarios)
    else
        must=$(caught_by "$1" | grep -Evx "$long")
        all=$(printf '%s\n' "${dozen[@]}" "$must")
    fi
    command_of "$1"
    diff <(echo "$must") <(
        grade --json --only "$(sort -u <<<"$all" | paste -sd,)" -- "${command[@]}" '{port}' |
            jq -r '.verdicts[] | select(.holds | not) | .scenario' | sort) ||
        { echo "$1 is caught by others than its file says" >&2; return 1; }
}

AT_ONCE=6

# Calls a function for each of several servers.
at_the_same_time() {
    local one

    for one in "${@:2}"; do
        also "$1" "$one"
    done
    all_of_them
}

full_marks() {
    command_of "$1"
    grade --json -- "${command[@]}" '{port}' >"$BATS_TEST_TMPDIR/$1.json"
    jq -e '.passed and .held == .required and .bonus_held == .bonus and .required > 20' \
        "$BATS_TEST_TMPDIR/$1.json" && return
    jq -c '.verdicts[] | select(.holds | not)' "$BATS_TEST_TMPDIR/$1.json"
    return 1
}

@test "full marks for good.c, good.py and good.js, bonus and all" {
    at_the_same_time full_marks good.c good.py good.js
}

@test "every fixture names the scenarios that catch it" {
    for file in "$SERVERS"/bad_*; do
        [ -n "$(caught_by "$(basename "$file")")" ]
        for name in $(caught_by "$(basename "$file")"); do
            scenarios | grep -qx "$name"
        done
    done
    # And each scenario that is graded catches a mistake of its own, or is about being many.
    comm -13 <(for file in "$SERVERS"/bad_*; do caught_by "$(basename "$file")"; done | sort -u) \
        <(scenarios | sort) >"$BATS_TEST_TMPDIR/idle"
    diff - "$BATS_TEST_TMPDIR/idle" <<<"$(printf '%s\n' come-and-go-1000 lf-only)"
}

@test "each mistake is caught by exactly the scenarios that its file names" {
    cd "$SERVERS"
    at_the_same_time caught_exactly bad_*.c bad_*.py
}

@test "a verdict says what the client saw, what it expected, how the server ended, and a hint" {
    command_of bad_reset.c
    run grade --only reset -- "${command[@]}" '{port}'
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^FAIL  reset: Does anybody suffer' <<<"$output"
    grep -q '^ *expected  .*   (line [0-9]* of reset)$' <<<"$output"
    grep -q '^ *saw       .*' <<<"$output"
    grep -q '^ *server    exit status 1; its last line: "bad_reset.c: .*: Connection reset' \
        <<<"$output"
    grep -q '^ *hint      A client may vanish' <<<"$output"
    grep -q '^0 of 1 required scenarios hold$' <<<"$output"
    refute grep -n '.\{101\}' <<<"$output"
}

@test "one mistake that shows in many scenarios: grade says where to begin" {
    run grade --only second-client,half-line -- "$ECHOLAB" blocking -q --stream --port '{port}'
    [ "$status" -eq 1 ]
    [[ ${lines[*]: -2} == *"Begin with second-client: "* ]]
    run grade --only second-client,half-line -- "$ECHOLAB" epoll -q --port '{port}'
    [[ $output != *"Begin with"* ]]
}

@test "--tap, --json and reports are what they say" {
    grade --tap --only half-line,reset -- python3 "$SERVERS/bad_half_line.py" '{port}' \
        >"$BATS_TEST_TMPDIR/tap" || [ $? -eq 1 ]
    cat "$BATS_TEST_TMPDIR/tap"
    [ "$(head -2 "$BATS_TEST_TMPDIR/tap")" = $'TAP version 13\n1..2' ]
    grep -qx 'not ok 1 - half-line' "$BATS_TEST_TMPDIR/tap"
    grep -qx 'ok 2 - reset' "$BATS_TEST_TMPDIR/tap"
    refute grep -Evq '^(TAP version 13|1\.\.2|(not )?ok [12] - .*|# .*)$' "$BATS_TEST_TMPDIR/tap"
    for ending in json md html; do
        run grade --only half-line -o "$BATS_TEST_TMPDIR/r.$ending" -- \
            python3 "$SERVERS/bad_half_line.py" '{port}'
        [ "$status" -eq 1 ]
        grep -q half-line "$BATS_TEST_TMPDIR/r.$ending"
    done
    jq -e '.verdicts | length == 1' "$BATS_TEST_TMPDIR/r.json"
    if command -v xmllint; then
        xmllint --html --noout "$BATS_TEST_TMPDIR/r.html"
    fi
    refute grep -Eq '<script|https?://|<img' "$BATS_TEST_TMPDIR/r.html"
}

@test "profiles: line takes servers that wait for CR LF, smoke is one scenario" {
    grade --profile smoke -- python3 "$SERVERS/good.py" '{port}'
    run grade --profile line --only half-line,pipelined-lines,lf-only -- \
        "$ECHOLAB" threaded -q --port '{port}'
    [ "$status" -eq 0 ]
    [[ $output != *lf-only* ]]
    run grade --profile echo --only lf-only -- "$ECHOLAB" nonblocking-spin -q --port '{port}'
    [ "$status" -eq 1 ]
}

@test "a server that does not come up: exit 3, one reason, and not one verdict" {
    SECONDS=0
    run --separate-stderr grade -- python3 "$SERVERS/odd.py" dies '{port}'
    [ "$status" -eq 3 ]
    [ -z "$output" ]
    [[ $stderr == *"it ended before it listened: exit status 3"*"I do not feel like it"* ]]
    run --separate-stderr grade -- "$BATS_TEST_TMPDIR/nothing" '{port}'
    [ "$status" -eq 3 ]
    [[ $stderr == *"No such file or directory"* ]]
    ((SECONDS < 20))
}

@test "mistakes on the command line" {
    bad() {
        run --separate-stderr limit 10 "$ECHOLAB" grade "${@:2}"
        echo "$* -> $status $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ ${stderr_lines[0]} == "echolab grade: "*"$1"* ]]
    }
    bad "which server?"
    bad "must say where its port belongs" -- python3 server.py
    bad "--profile must be echo, line or smoke, not 'best'" --profile best -- x '{port}'
    bad "no scenario 'nix'" --only nix -- x '{port}'
    bad "not graded in the profile echo" --only boom -- x '{port}'
    bad "must end in .md, .html or .json" -o report.txt -- x '{port}'
    bad "--nonsense" --nonsense -- x '{port}'
}
