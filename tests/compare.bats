# compare.bats -- `echolab compare`: what it prints and writes; what the cells say is tested in
# scenarios.bats.

load helper

@test "the table fits into 100 columns, and every column has its name" {
    run limit 100 "$ECHOLAB" compare epoll nonblocking-naive \
        --only lf-only,reset,burst-20k,empty-connection,leaves-without-goodbye
    echo "$output"
    [ "$status" -eq 0 ]
    refute grep -n '.\{101\}' <<<"$output"
    # The names are a staircase: the n-th stands above the n-th column.
    column=$(grep -n 'lf-only$' <<<"$output" | head -1)
    line=$(grep '^ epoll  ' <<<"$output" | head -1)
    names=${column#*:}
    before=${names%lf-only}
    [ "${line:${#before}:1}" = + ]
    grep -Eq '^ nonblocking-naive  ( *-){5}$' <<<"$output"
}

@test "reports: JSON, Markdown and a page that needs nothing but itself" {
    for ending in json md html; do
        limit 60 "$ECHOLAB" compare epoll blocking --only lf-only \
            -o "$BATS_TEST_TMPDIR/r.$ending"
    done
    jq -e 'map(.stage) == ["blocking", "epoll"] or map(.stage) == ["epoll", "blocking"]' \
        "$BATS_TEST_TMPDIR/r.json"
    jq -e '.[] | select(.stage == "blocking") | .scenarios["lf-only"] |
        .mark == "-" and (.words | test("nothing came"))' "$BATS_TEST_TMPDIR/r.json"
    grep -q '^| lf\\-only\|^| lf-only' "$BATS_TEST_TMPDIR/r.md"
    grep -q 'default-src' "$BATS_TEST_TMPDIR/r.html"
    sed 's|http://www.w3.org/2000/svg||' "$BATS_TEST_TMPDIR/r.html" |
        refute grep -Eq '<script|https?://|<img'
    if command -v xmllint >/dev/null; then
        # libxml2 does not know the tags of SVG; anything else that it says is a mistake.
        xmllint --html --noout "$BATS_TEST_TMPDIR/r.html" 2>&1 | grep 'parser error' |
            refute grep -v ': Tag [a-z]* invalid$'
    fi
}

@test "mistakes, before any server is started" {
    bad() {
        run --separate-stderr limit 10 "$ECHOLAB" compare "${@:2}"
        echo "$* -> $status $stderr"
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [[ ${stderr_lines[0]} == "echolab compare: "*"$1"* ]]
    }
    bad "no stage 'nix'" nix
    bad "no scenario 'nix'" --only lf-only,nix
    bad "answers messages" message
    bad "must end in .md, .html or .json" -o report.pdf
    bad "--color must be" --color blue
    bad "--nonsense" --nonsense
}

@test "a report that cannot be written is said before the work, or at its end" {
    run --separate-stderr limit 10 "$ECHOLAB" compare -o "$BATS_TEST_TMPDIR/no/such.md"
    [ "$status" -eq 1 ]
    [[ $stderr == *"cannot write"*"No such file"* ]]
    ln -s /dev/full "$BATS_TEST_TMPDIR/full.md"
    run --separate-stderr limit 60 "$ECHOLAB" compare epoll --only lf-only \
        -o "$BATS_TEST_TMPDIR/full.md"
    [ "$status" -eq 1 ]
    [[ $stderr == *"cannot write"*"No space left"* ]]
}
