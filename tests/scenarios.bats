# scenarios.bats -- the language of scenarios, those of lessons/scenarios, and what every stage
# makes of them: exactly what lessons/claims says, in both directions.
# at most 300 s a test: every stage plays nearly every scenario

load helper

SCENARIOS=$BATS_TEST_DIRNAME/../lessons/scenarios
CLAIMS=$BATS_TEST_DIRNAME/../lessons/claims

# Every stage plays every scenario, once for all tests; without the two that take most of the
# time, which have a test of their own below.
setup_file() {
    names=$(cd "$SCENARIOS" && ls ./*.play | sed 's|./||; s/\.play//' |
        grep -vx -e crowd-5000 -e burst-8M | paste -sd,)
    limit 290 "$ECHOLAB" compare --only "$names" -o "$BATS_FILE_TMPDIR/all.json" \
        >"$BATS_FILE_TMPDIR/all.txt" 2>&1 && status=0 || status=$?
    echo "$status" >"$BATS_FILE_TMPDIR/status"
}

# Asks jq something about the result.
marks() {
    jq -e "$@" "$BATS_FILE_TMPDIR/all.json" >/dev/null
}

play() {
    limit 60 "$ECHOLAB" play "$@"
}

# A tree that may be changed; what is built already need not be built again.
copy_tree() {
    mkdir -p "$1"
    cp -rp "$ROOT"/{Makefile,common,stages,tools,lessons} "$1"
    [ ! -d "$ROOT/build" ] || cp -rp "$ROOT/build" "$1/build"
}

claims() {
    sed 's/#.*//; /^ *$/d' "$CLAIMS"
}

# The comment at the top of a stage's file, in one line, without the stars.
header_of() {
    local file

    file=$("$ECHOLAB" list --json | jq -r --arg name "$1" '.[] | select(.name == $name) | .file')
    sed '/\*\//q; s/^[ /]*\*//' "$ROOT/stages/$file" | tr -s ' \n' ' '
}

@test "every scenario has a question that is one sentence, and is inside the binary" {
    for file in "$SCENARIOS"/*.play; do
        name=$(basename "$file" .play)
        grep -q '^# .*?$' <(head -1 "$file")
        diff "$file" <("$ECHOLAB" show "$name")
        "$ECHOLAB" play | grep -q "^$name  *[A-Z].*?\$"
    done
    [ "$("$ECHOLAB" play | wc -l)" -eq "$(ls "$SCENARIOS"/*.play | wc -l)" ]
}

@test "README.md names every form that a step may have, and no other" {
    # In the table's first column, a form may show an optional part and a pair of lines.
    diff <("$ECHOLAB" play --forms | sort) <(
        sed -n 's/^| \(`[^|]*\) |.*/\1/p' "$SCENARIOS/README.md" |
            awk -F'`' '
                / \.\.\. / { print $2; print $4; next }
                $4 != "" { gsub(/[][]/, "", $4); print $2; print $2 " " $4; next }
                { print $2 }' | sort)
}

@test "mistakes are named with file, line, column and what was expected" {
    for file in "$BATS_TEST_DIRNAME"/fixtures/scenarios-bad/*.play; do
        want=$(head -1 "$file" | cut -c3-)
        run --separate-stderr play "$file" --on epoll
        echo "$file: $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr == "echolab play: $file:"* ]]
        [[ $stderr == *"$want"* ]]
    done
}

@test "a scenario that is not there, or no file" {
    run --separate-stderr play no-such-thing
    [ "$status" -eq 2 ]
    [[ $stderr == *"no scenario 'no-such-thing'"*"'echolab play' lists them"* ]]
    run --separate-stderr play ./no-such.play
    [ "$status" -eq 2 ]
    [[ $stderr == *"cannot read ./no-such.play: No such file"* ]]
    run --separate-stderr play "$BATS_TEST_DIRNAME/"
    [ "$status" -eq 2 ]
    [[ $stderr == *"cannot read"*"Is a directory"* ]]
}

@test "claims: stages and scenarios exist, and the stage's header has the words" {
    claims | while read -r stage scenario words; do
        words=${words#\"} words=${words%\"}
        echo "$stage, $scenario: $words"
        stages | grep -qx -- "$stage"
        [ "$scenario" = '*' ] || [ -e "$SCENARIOS/$scenario.play" ]
        header=$(header_of "$stage")
        [ -n "$words" ]
        [[ ${header#*Still wrong:} == *"$words"* ]]
    done
    [ "$(claims | wc -l)" -gt 40 ]
    [ -z "$(claims | awk '{ print $1, $2 }' | sort | uniq -d)" ]
}

@test "every stage fails exactly what lessons/claims says" {
    cat "$BATS_FILE_TMPDIR/all.txt"
    [ "$(cat "$BATS_FILE_TMPDIR/status")" -eq 0 ]
    # compare judges by the same claims; count here what it cannot see.
    marks 'length >= 11'
    marks 'all(.[]; .scenarios | length >= 30)'
    marks '[.[].scenarios[].mark] | all(. == "+" or . == "-" or . == ".")'
    marks '.[] | select(.stage == "nonblocking-naive") | [.scenarios[].mark] | all(. != "+")'
    claims | grep -v -e '\*' -e crowd-5000 -e burst-8M | while read -r stage scenario _; do
        marks --arg a "$stage" --arg b "$scenario" \
            '.[] | select(.stage == $a) | .scenarios[$b].mark == "-"'
    done
}

@test "second-client: when bob's echo comes" {
    # The moments stand in the scenario: bob types at 0.5 s, alice at 1.1 s and 1.5 s, and she
    # leaves at 1.9 s.
    local waits='.[] | select(.stage == $stage) | .costs["bob waits"] | rtrimstr(" s") | tonumber'

    marks --arg stage blocking "$waits | . >= 1.25"
    marks --arg stage multi-blocking "$waits | . >= 0.85 and . < 1.25"
    for stage in nonblocking-spin select poll epoll threaded forked callback coroutine; do
        marks --arg stage "$stage" "$waits | . < 0.5"
    done
}

@test "busy-neighbour and boom tell the families apart" {
    marks '[.[] | select(.scenarios["busy-neighbour"].mark == "+") | .stage] |
        contains(["threaded", "forked"]) and (contains(["epoll"]) or contains(["coroutine"]) | not)'
    marks '[.[] | select(.scenarios.boom.mark == "+") | .stage] |
        contains(["forked"]) and (contains(["threaded"]) | not)'
}

@test "a claim that is wrong is found, in both directions" {
    copy=$BATS_TEST_TMPDIR/copy
    copy_tree "$copy"
    sed -i '/^blocking *lf-only/d' "$copy/lessons/claims"
    echo 'epoll lf-only "one thread"' >>"$copy/lessons/claims"
    limit 200 make -s -C "$copy"
    run limit 60 "$copy/echolab" compare blocking epoll poll --only lf-only
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q '^ blocking *!$' <<<"$output"
    grep -q '^ epoll *!$' <<<"$output"
    grep -q '^ poll *+$' <<<"$output"
    [[ $output == *"! blocking, lf-only: line "*"nothing came"* ]]
    [[ $output == *"! epoll, lf-only: it holds, although"* ]]
    # play: exit 1 only for the failure that no lesson announces.
    run limit 60 "$copy/echolab" play lf-only --on blocking -q
    [ "$status" -eq 1 ]
    run limit 60 "$copy/echolab" play lf-only --on epoll -q
    [ "$status" -eq 0 ]
    [[ $output == *"although the stage's lesson says"* ]]
}

@test "a new scenario is a new file: play, compare and grade have it" {
    copy=$BATS_TEST_TMPDIR/copy
    copy_tree "$copy"
    printf '%s\n' '# Is this one new?' 'about quick' 'alice connect' 'alice send "new\r\n"' \
        'alice expect "new\r\n" within 2s' >"$copy/lessons/scenarios/brand-new.play"
    limit 200 make -s -C "$copy"
    "$copy/echolab" play | grep -q '^brand-new  *Is this one new?$'
    limit 60 "$copy/echolab" play brand-new --on epoll,forked -q
    run limit 60 "$copy/echolab" compare --quick epoll -o "$BATS_TEST_TMPDIR/one.json"
    [ "$status" -eq 0 ]
    jq -e '.[0].scenarios["brand-new"].mark == "+"' "$BATS_TEST_TMPDIR/one.json"
    run limit 60 "$copy/echolab" grade --only brand-new -- python3 \
        "$BATS_TEST_DIRNAME/fixtures/servers/good.py" '{port}'
    [ "$status" -eq 0 ]
    [[ $output == *"ok "*brand-new*"1 of 1 required"* ]]
}

@test "crowd-5000 against epoll takes a few seconds" {
    [ "$(ulimit -n)" -ge 5200 ] || skip "this shell allows only $(ulimit -n) descriptors"
    SECONDS=0
    play crowd-5000 --on epoll -q
    ((SECONDS <= 15))
}

@test "burst-8M: every byte, from those stages that can" {
    play burst-8M --on epoll,threaded,forked -q
}
