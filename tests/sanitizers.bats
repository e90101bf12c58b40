# sanitizers.bats -- every stage under the address, undefined behaviour and thread sanitizers.
#
# at most 150 s a test: the first ones build everything again

load helper

setup_file() {
    build "$BATS_FILE_TMPDIR/asan" "$address"
    build "$BATS_FILE_TMPDIR/tsan" "$thread"
}

address='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
thread='-O1 -g -fsanitize=thread'

# Builds the tree $3 (ours) into the folder $1 with the flags $2.
build() {
    limit 140 make -s -j2 -C "${3:-$ROOT}" BUILD="$1" OUT="$1/echolab" \
        CFLAGS="$2 -Wno-error" >"$1.log" 2>&1 || {
        cat "$1.log"
        return 1
    }
}

# The binary of folder $1; its reports, those of children too, go to the files $reports.*.
under() {
    ECHOLAB=$1/echolab
    reports=$(mktemp -u "$BATS_TEST_TMPDIR/report.XXXXXX")
    export ASAN_OPTIONS=log_path=$reports:detect_leaks=1
    export UBSAN_OPTIONS=log_path=$reports:print_stacktrace=1
    export TSAN_OPTIONS=log_path=$reports
}

no_report() {
    if compgen -G "$reports.*" >/dev/null; then
        head -n 60 "$reports".*
        return 1
    fi
    refute grep -E 'Sanitizer|runtime error' "$errors"
}

# What a stage has to go through. It ends with clients connected, which must not leak.
ordeal() {
    start_stage "$1"
    peers echo "$port" 2
    ! applies big "$1" || peers echo "$port" 200000 --eof
    ! applies binary "$1" || peers binary "$port"
    ! applies crowd "$1" || peers crowd "$port" --clients 20 --bytes 30000
    peers bye-mid-write "$port" 10
    peers come-and-go "$port" 200
    start_peer silent "$port" 3 --text 'half a line'
    stop_stage
    [ "$status" -eq 0 ]
    no_report
    # Out of descriptors.
    applies overflow "$1" || return 0
    start_server prlimit --nofile=32 "$ECHOLAB" "$1" -q --port 0 --port-file '{port_file}'
    peers overflow "$port" 60 10
    stop_stage
    [ "$status" -eq 0 ]
    no_report
}

@test "address and undefined behaviour: every stage, without a report" {
    under "$BATS_FILE_TMPDIR/asan"
    each_stage sanitized ordeal
}

@test "address: options, mistakes and commands that end by themselves" {
    under "$BATS_FILE_TMPDIR/asan"
    errors=/dev/null
    for words in '' help list 'list --json' 'help epoll' 'show poll' 'epol' 'epoll --port 70000' \
        'epoll --bind no-such-name.invalid' 'blocking --prefix' 'play' 'play nothing' --version \
        'client 127.0.0.1 1' 'poll --exit-after 0.1 --port 0' 'coroutine --exit-after 0.1 -p 0'; do
        # shellcheck disable=SC2086
        run limit 20 "$ECHOLAB" $words </dev/null
        [ "$status" -le 4 ]
        no_report
    done
}

# gcc's thread sanitizer cannot live with the address layout of some kernels.
straight() {
    if setarch -R true 2>/dev/null; then
        setarch -R "$@"
    else
        "$@"
    fi
}

@test "threads: every stage that has some, without a report" {
    under "$BATS_FILE_TMPDIR/tsan"
    straight "$ECHOLAB" list >/dev/null || skip "the thread sanitizer does not work on this kernel"
    local file stage tried=0
    printf '#!/bin/sh\nexec setarch -R "%s" "$@"\n' "$ECHOLAB" >"$BATS_TEST_TMPDIR/straight"
    chmod +x "$BATS_TEST_TMPDIR/straight"
    ! setarch -R true 2>/dev/null || ECHOLAB=$BATS_TEST_TMPDIR/straight
    for file in "$ROOT"/stages/*.c; do
        grep -q 'pthread_create(' "$file" || continue
        stage=$(sed -n 's/^    \.name = "\(.*\)",$/\1/p' "$file")
        ordeal "$stage"
        tried=$((tried + 1))
    done
    [ "$tried" -ge 1 ]
}

# Builds a copy in which a line of common/chores.c has changed; only that is compiled again.
planted() {
    local tree=$BATS_TEST_TMPDIR/tree

    rm -rf "$tree"
    mkdir "$tree"
    (cd "$ROOT" && cp -a Makefile common stages tools lessons "$tree")
    cp -a "$BATS_FILE_TMPDIR/$1" "$tree/build"
    sed -i "$3" "$tree/common/chores.c"
    refute cmp -s "$tree/common/chores.c" "$ROOT/common/chores.c"
    build "$tree/build" "$2 -w" "$tree"
    under "$tree/build"
}

# In a subshell, as `run` makes one: it must stop by itself what it started.
apart() {
    started=()
    trap stop_all EXIT
    "$@"
}

@test "a planted fault is reported: use after free, leak, shift, race" {
    planted asan "$address" 's/free(c);$/{ free(c); c->len = 0; }/'
    run apart ordeal epoll
    [ "$status" -ne 0 ]
    [[ $output == *heap-use-after-free* ]]
    planted asan "$address" 's/free(c);$/c = NULL;/'
    run apart ordeal epoll
    [ "$status" -ne 0 ]
    [[ $output == *"detected memory leaks"* ]]
    planted asan "$address" 's/free(c);$/{ c->owed = 1 << (c->fd + 40); free(c); }/'
    run apart ordeal epoll
    [ "$status" -ne 0 ]
    [[ $output == *"runtime error: shift exponent"* ]]
    planted tsan "$thread" 's/free(c);$/{ static int gone; gone++; free(c); }/'
    straight "$ECHOLAB" list >/dev/null || return 0
    run apart ordeal threaded
    [ "$status" -ne 0 ]
    [[ $output == *"data race"* ]]
}
