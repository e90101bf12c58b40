# show.bats -- `echolab show`: the files inside the binary, and their differences.

load helper

@test "show: every stage, scenario and lesson as it lies in the tree" {
    for stage in $(stages); do
        file=$("$ECHOLAB" list --json | jq -r --arg s "$stage" '.[] | select(.name == $s) | .file')
        cmp <("$ECHOLAB" show "$stage") "$ROOT/stages/$file"
    done
    "$ECHOLAB" show | while read -r file; do
        cmp <("$ECHOLAB" show "$file") "$ROOT/$file"
    done
    # And none is missing.
    comm -13 <("$ECHOLAB" show | LC_ALL=C sort) <(cd "$ROOT" && ls stages/*.c lessons/*.md \
        lessons/claims lessons/scenarios/*.play | LC_ALL=C sort) | refute grep .
}

@test "show --vs: patch makes the one stage of the other, for every pair" {
    for old in $(stages); do
        for new in $(stages); do
            "$ECHOLAB" show "$old" >"$BATS_TEST_TMPDIR/file"
            "$ECHOLAB" show "$new" --vs "$old" >"$BATS_TEST_TMPDIR/diff"
            if [ "$old" = "$new" ]; then
                [ ! -s "$BATS_TEST_TMPDIR/diff" ]
                continue
            fi
            patch -s "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/diff"
            cmp "$BATS_TEST_TMPDIR/file" <("$ECHOLAB" show "$new")
        done
    done
}

@test "show --diff: against the parent, no longer than diff's, coloured when asked" {
    "$ECHOLAB" list --json | jq -r '.[] | select(.parent) | .name + " " + .parent' |
        while read -r stage parent; do
            diff <("$ECHOLAB" show "$stage" --diff) <("$ECHOLAB" show "$stage" --vs "$parent")
            diff -u <("$ECHOLAB" show "$parent") <("$ECHOLAB" show "$stage") \
                >"$BATS_TEST_TMPDIR/diff" || true
            [ "$("$ECHOLAB" show "$stage" --diff | grep -c '^[-+]')" -le \
                "$(grep -c '^[-+]' "$BATS_TEST_TMPDIR/diff")" ]
        done
    "$ECHOLAB" show poll --diff --color always | grep -q $'^\033\\[38;5;29m+'
    refute grep -q $'\033' <("$ECHOLAB" show poll --diff)
}

@test "show: mistakes" {
    bad() {
        run --separate-stderr limit 10 "$ECHOLAB" show "${@:2}"
        echo "$* -> $status $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ $stderr == "echolab show: "*"$1"* ]]
    }
    bad "nothing named 'nix'" nix
    bad "no stage 'nix'" epoll --vs nix
    bad "no stage 'second-client'" second-client --diff
    bad "has no parent" blocking --diff
    bad "one name at a time" epoll poll
    bad "which stage?" --diff
    bad "--nonsense" --nonsense
}
