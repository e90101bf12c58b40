# scripts.bats -- the scripts of tools/ do what their first lines say.
#
# run alone: the demo shows times and CPU use
# at most 120 s a test: the demo takes half a minute where nothing else runs

load helper

# ---- demo.sh

@test "demo.sh: bob waits under multi-blocking, not under epoll, and spin burns" {
    # What follows the name of a server in the table of costs: "bob waits", then the CPU.
    cost() {
        awk -v name="$1" -v field="$2" '
            /^ costs/ { on = 1 }
            on && $1 == name && $3 == "s" { print $field }' <<<"$output"
    }
    SECONDS=0
    run limit 100 sh "$ROOT/tools/demo.sh"
    echo "$output"
    [ "$status" -eq 0 ]
    ((SECONDS < 60))
    # The picture: bob's line with its waiting, until after the second time that alice typed.
    grep -A 2 -x multi-blocking <<<"$output" | grep -q 'alice.*TE.*TE'
    grep -A 3 -x multi-blocking <<<"$output" | grep -qE 'bob +C[^E]*T(░|~|\.)[^E]*E'
    grep -A 3 -x epoll <<<"$output" | grep -qE 'bob +C[^ET]*TE'
    # The table: seconds, per cent.
    awk -v waits="$(cost multi-blocking 2)" 'BEGIN { exit !(waits > 0.9) }'
    awk -v waits="$(cost epoll 2)" 'BEGIN { exit !(waits < 0.5) }'
    [ "$(cost nonblocking-spin 4)" -ge 50 ]
    [ "$(cost epoll 4)" -le 2 ]
}

@test "demo.sh fails when a server does not behave as its chapter says" {
    # A copy of the tree in which `play` and `compare` find something.
    local copy=$BATS_TEST_TMPDIR/copy command

    mkdir -p "$copy"
    cp -r "$ROOT/tools" "$copy"
    printf 'all:\n' >"$copy/Makefile"
    for command in play compare; do
        printf '#!/bin/sh\n[ "$1" != %s ]\n' "$command" >"$copy/echolab"
        chmod +x "$copy/echolab"
        run limit 5 sh "$copy/tools/demo.sh"
        [ "$status" -eq 1 ]
    done
    # Without a compiler's success nothing is shown at all.
    printf 'all:\n\tfalse\n' >"$copy/Makefile"
    run limit 5 sh "$copy/tools/demo.sh"
    [ "$status" -eq 1 ]
    refute grep -q alice <<<"$output"
}

# ---- diff-stage.sh

@test "diff-stage.sh: each stage with its parent; side by side only where that fits" {
    local name parent file
    while read -r name parent file; do
        run limit 5 env COLUMNS=160 sh "$ROOT/tools/diff-stage.sh" "$name"
        if [ "$parent" = null ]; then
            [ "$status" -eq 2 ]
            continue
        fi
        [ "$status" -eq 0 ]
        # Nothing is cut: every line of the stage stands there in full.
        while IFS= read -r line; do
            [[ $output == *"$line"* ]]
        done <"$ROOT/stages/$file"
        run limit 5 env COLUMNS=100 sh "$ROOT/tools/diff-stage.sh" "$name"
        [ "$status" -eq 0 ]
        [[ $output == "--- stages/"*"+++ stages/$file"* ]]
    done < <("$ECHOLAB" list --json | jq -r '.[] | "\(.name) \(.parent) \(.file)"')
}

@test "diff-stage.sh: mistakes are named, exit 2" {
    run limit 5 sh "$ROOT/tools/diff-stage.sh"
    [ "$status" -eq 2 ]
    [[ $output == "usage: "*epoll*"from poll"* ]]
    run limit 5 sh "$ROOT/tools/diff-stage.sh" epol
    [ "$status" -eq 2 ]
    [[ $output == *"no stage 'epol'"* ]]
    run limit 5 env COLUMNS=wide sh "$ROOT/tools/diff-stage.sh" epoll
    [ "$status" -eq 2 ]
}

# ---- classroom.sh

# A tmux of our own, where nobody's sessions can be met.
classroom() {
    env -u TMUX TMUX_TMPDIR="$BATS_TEST_TMPDIR" SHELL=/bin/sh LC_ALL=C.UTF-8 TERM=screen \
        timeout -k 1 20 "$@" </dev/null 3>&- 4>&-
}

pane() {
    classroom tmux capture-pane -p -t "echolab-classroom:0.$1"
}

pane_shows() {
    pane "$1" | grep -qF -- "$2"
}

close_classroom() {
    classroom tmux kill-server 2>/dev/null || true
}

teardown() {
    close_classroom
    stop_all
}

@test "classroom.sh: the server above, two real telnets below; bob waits for alice" {
    classroom sh "$ROOT/tools/classroom.sh" multi-blocking
    await 5 pane_shows 1 Connected
    await 5 pane_shows 2 Connected
    classroom tmux send-keys -t echolab-classroom:0.2 'I am bob' Enter
    classroom tmux send-keys -t echolab-classroom:0.1 'one' Enter
    await 5 pane_shows 0 'All the data is: "one\r\n"'
    refute pane_shows 0 'I am bob'
    classroom tmux send-keys -t echolab-classroom:0.1 'two' Enter
    await 5 pane_shows 0 'All the data is: "I am bob\r\n"'
    # The echo: bob's line stands there twice.
    await 5 eval '[ "$(pane 2 | grep -c "I am bob")" -eq 2 ]'
    # Ctrl-C in the server's pane ends it all.
    classroom tmux send-keys -t echolab-classroom:0.0 C-c
    await 5 eval '! classroom tmux has-session -t echolab-classroom 2>/dev/null'
}

@test "classroom.sh --kill ends server and telnets; mistakes are named" {
    run classroom sh "$ROOT/tools/classroom.sh" --kill
    [ "$status" -eq 1 ]
    run classroom sh "$ROOT/tools/classroom.sh" epol
    [ "$status" -eq 2 ]
    [[ $output == *"'epol' is not a stage"* ]]
    run classroom sh "$ROOT/tools/classroom.sh" epoll --chunk 0
    [ "$status" -eq 3 ]
    [[ $output == *"--chunk must be 1 to 65536"* ]]
    classroom sh "$ROOT/tools/classroom.sh" epoll --line
    await 5 pane_shows 2 Connected
    server=$(classroom tmux list-panes -t echolab-classroom -F '#{pane_pid}' | head -n 1)
    run classroom sh "$ROOT/tools/classroom.sh" epoll
    [ "$status" -eq 2 ]
    [[ $output == *"a classroom already"* ]]
    classroom sh "$ROOT/tools/classroom.sh" --kill
    await 5 gone "$server"
}

# ---- deps.sh

# Runs deps.sh where only the commands in $bin exist, and apt-get only notes what it is told.
deps_with() {
    run env PATH="$bin" /bin/sh "$ROOT/tools/deps.sh" "$@"
    echo "deps.sh $* -> $status: $output"
}

few_commands() {
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    for name in sh env cat mktemp rm tail id "$@"; do
        ln -s "$(command -v "$name")" "$bin/$name"
    done
}

@test "deps.sh: installs what is missing and nothing else, and says so" {
    few_commands cc
    cat >"$bin/apt-get" <<'END'
#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >>"${0%/*}/asked"
END
    chmod +x "$bin/apt-get"
    [ "$(id -u)" -eq 0 ] || skip 'only root may try'
    deps_with build
    [ "$status" -eq 0 ]
    grep -qx 'noninteractive -q install --yes --no-install-recommends make' "$bin/asked"
    rm "$bin/asked"
    ln -s "$(command -v make)" "$bin/make"
    deps_with build
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [ ! -e "$bin/asked" ]
}

@test "deps.sh: lists that are missing are fetched; a failure is shown, exit 1" {
    few_commands cc
    cat >"$bin/apt-get" <<'END'
#!/bin/sh
echo "$*" >>"${0%/*}/asked"
case $* in
*update) : >"${0%/*}/updated" ;;
*) [ -e "${0%/*}/updated" ] && [ ! -e "${0%/*}/broken" ] ;;
esac
END
    chmod +x "$bin/apt-get"
    [ "$(id -u)" -eq 0 ] || skip 'only root may try'
    deps_with build
    [ "$status" -eq 0 ]
    [ "$(wc -l <"$bin/asked")" -eq 3 ] # install, update, install
    : >"$bin/broken"
    deps_with build
    [ "$status" -eq 1 ]
    [[ $output == *"apt could not install make"* ]]
}

@test "deps.sh: without root, sudo or apt it says what to do, exit 4" {
    few_commands cc
    deps_with build
    [ "$status" -eq 4 ]
    [[ $output == *"no apt"*make* ]]
    printf '#!/bin/sh\nexit 1\n' >"$bin/apt-get"
    printf '#!/bin/sh\necho 1000\n' >"$bin/id.new"
    chmod +x "$bin/apt-get" "$bin/id.new"
    mv "$bin/id.new" "$bin/id"
    deps_with build
    [ "$status" -eq 4 ]
    [[ $output == *"apt-get install --yes --no-install-recommends make"* ]]
    deps_with nonsense
    [ "$status" -eq 2 ]
}
