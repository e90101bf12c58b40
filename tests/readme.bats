# readme.bats -- the README shows nothing that is not so, and no command that nobody has run.

load helper

readme=$BATS_TEST_DIRNAME/../README.md

@test "the table of servers is the one of echolab list" {
    diff <(grep '^| `[0-9][0-9]_' "$readme") <("$ECHOLAB" list --json |
        jq -r '.[] | "| `\(.file)` | `\(.name)` | \(.summary) |"')
}

@test "every path that it names is there" {
    local path n=0

    for path in $(grep -oE '`((stages|lessons|common|tools|tests)/[^` ]*|[A-Z]+(\.md)?)`' \
        "$readme" | tr -d '`'); do
        echo "$path"
        [ -e "$ROOT/$path" ]
        n=$((n + 1))
    done
    [ "$n" -ge 8 ]
}

# The commands of its code blocks, and those that stand first in a table.
commands() {
    awk '/^ *```sh$/ { on = 1; next } /^ *```$/ { on = 0 } on { sub(/^ +/, ""); print }' "$readme"
    sed -n 's/^| `\([^`]* [^`]*\)` | .*/\1/p' "$readme"
}

@test "every command in it works" {
    local command talk heard n=0

    cd "$ROOT"
    start_stage epoll
    exec {talk}<>"/dev/tcp/127.0.0.1/$port"
    while IFS= read -r command; do
        echo "$command"
        n=$((n + 1))
        case $command in
        'sh tools/demo.sh' | 'sh tools/classroom.sh '*) ;; # scripts.bats does
        'sh tests/run.sh') ;;                               # you are looking at it
        './echolab compare --quick') ;;                     # demo.sh does
        './echolab '*' --trace' | './echolab trace '*)
            # shellcheck disable=SC2086
            run -0 limit 10 $command --port 0 --exit-after 0.3
            ;;
        'telnet 127.0.0.1 8000')
            run limit 10 telnet 127.0.0.1 "$port" </dev/null
            [[ $output == *"Connected to 127.0.0.1"* ]]
            ;;
        './echolab watch --port 8000')
            run -0 limit 10 ./echolab watch --port "$port" --snapshot
            [[ $output == *epoll* ]]
            ;;
        './echolab grade -- python3 my_server.py {port}')
            run limit 50 ./echolab grade --profile smoke -- \
                python3 "$BATS_TEST_DIRNAME/fixtures/servers/good.py" '{port}'
            [ "$status" -eq 0 ]
            ;;
        './echolab '* | 'sh tools/diff-stage.sh '*)
            # shellcheck disable=SC2086
            run -0 limit 50 $command
            [ -n "$output" ]
            ;;
        *) false ;; # nobody has tried this one: add it above
        esac
    done < <(commands)
    [ "$n" -ge 12 ]
}

@test "the tour: the trace says whom the server waits for, and who was made to wait" {
    local alice bob heard

    start_stage multi-blocking --trace
    exec {alice}<>"/dev/tcp/127.0.0.1/$port"
    await 5 grep -q 'asleep until alice types' "$log"
    exec {bob}<>"/dev/tcp/127.0.0.1/$port"
    printf 'hello\r\n' >&"$bob"
    refute read -r -t 0.5 -u "$bob" heard
    printf 'one\r\n' >&"$alice"
    read -r -t 5 -u "$alice" heard
    await 5 grep -q 'asleep until alice types again' "$log"
    refute read -r -t 0.5 -u "$bob" heard
    printf 'two\r\n' >&"$alice"
    read -r -t 5 -u "$bob" heard
    await 5 grep -q 'BOB HEARS BACK AFTER' "$log"
    await 5 grep -q 'waited for alice, twice' "$log"
}

@test "the picture: bob's echo comes after alice's second line, or at once" {
    local second bobs
    export LC_ALL=C.UTF-8 # a character is a column
    shapes() {
        sed -nE 's/^  (alice|bob) +C/\1 C/p' | sed 's/─//g; s/!//g; s/░\{1,\}/~/g' | head -n 4
    }
    diff <(shapes <"$readme") <(LC_ALL=C.UTF-8 "$ECHOLAB" play second-client \
        --on multi-blocking,epoll | shapes)
    # The echo of bob is not left of alice's second one.
    second=$(grep -m 1 '^  alice' "$readme" | sed 's/.*TE.*TE/&~/; s/E~.*//')
    bobs=$(grep -m 1 '^  bob' "$readme" | sed 's/E.*//')
    [ "${#bobs}" -ge "$((${#second} - 1))" ]
}
