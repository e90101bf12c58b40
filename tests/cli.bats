# cli.bats -- what a user types, and what the program says to mistakes.

load helper

# The first line on stderr, which must name the mistake; the exit code stands in $status.
mistake() {
    run --separate-stderr limit 10 "$ECHOLAB" "$@" </dev/null
    first=${stderr%%$'\n'*}
    echo "echolab $* -> exit $status, stderr: $stderr"
}

@test "no command: the overview on stderr, exit 2" {
    run --separate-stderr "$ECHOLAB"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == "echolab - one echo server, told "*" ways"* ]]
}

@test "help: the same overview on stdout, exit 0, with every stage and command" {
    run --separate-stderr "$ECHOLAB" help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = "$("$ECHOLAB" 2>&1 >/dev/null)" ]
    [ "$output" = "$("$ECHOLAB" --help)" ]
    for stage in $(stages); do
        grep -q "^   [0-9][0-9] $stage " <<<"$output"
    done
}

@test "help CMD, CMD --help and CMD -h say the same, on stdout" {
    for name in $(stages) list; do
        text=$("$ECHOLAB" "$name" --help 2>/dev/null)
        [ -n "$text" ]
        [ "$text" = "$("$ECHOLAB" "$name" -h)" ]
        [ "$text" = "$("$ECHOLAB" help "$name")" ]
    done
}

@test "the help fits into 80 columns" {
    for name in '' $(stages) list; do
        # shellcheck disable=SC2086 # no name: the overview
        refute grep -n '.\{81\}' <("$ECHOLAB" help $name)
    done
}

@test "--version" {
    run --separate-stderr "$ECHOLAB" --version
    [ "$status" -eq 0 ]
    [[ $output =~ ^echolab\ [0-9]+\.[0-9]+ ]]
}

@test "list --json is JSON, in the order of the files" {
    "$ECHOLAB" list --json | jq -e 'map(.file) == (map(.file) | sort)'
    "$ECHOLAB" list --json | jq -e 'all(.name != "" and .summary != "")'
    [ "$("$ECHOLAB" list --json | jq length)" -eq "$("$ECHOLAB" list | wc -l)" ]
    [ "$("$ECHOLAB" list --json | jq length)" -eq "$(ls "$ROOT"/stages/*.c | wc -l)" ]
}

@test "unknown commands: exit 2, and the nearest name when one is near" {
    mistake epol
    [ "$status" -eq 2 ]
    [ "$first" = "echolab: 'epol' is not a command; did you mean 'epoll'?" ]
    mistake zzzzzz
    [ "$status" -eq 2 ]
    [[ $first == "echolab: 'zzzzzz' is not a command; 'echolab help' lists them" ]]
    mistake --frobnicate
    [ "$status" -eq 2 ]
    mistake "$(printf 'x%.0s' {1..500})"
    [ "$status" -eq 2 ]
}
