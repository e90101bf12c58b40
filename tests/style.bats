# style.bats -- the sources keep to the house style, and check-style.sh sees when they do not.
# at most 120 s a test: both compilers build everything

load helper

@test "check-style.sh finds nothing to complain about" {
    sh "$ROOT/tools/check-style.sh"
}

@test "make: no warning, with gcc and with clang" {
    local compiler

    for compiler in gcc clang; do
        run make -j2 -C "$ROOT" CC="$compiler" WERROR=-Werror BUILD="$BATS_TEST_TMPDIR/$compiler" \
            OUT="$BATS_TEST_TMPDIR/$compiler.out"
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output != *warning* ]]
        [ "$("$BATS_TEST_TMPDIR/$compiler.out" list)" = "$("$ECHOLAB" list)" ]
    done
}

@test "every header can be included alone" {
    local header

    for header in "$ROOT"/common/*.h "$ROOT"/tools/*.h "$ROOT"/tools/*/*.h; do
        echo "$header"
        printf '#include "%s"\n' "$header" | gcc -std=c11 -D_GNU_SOURCE -I"$ROOT/common" \
            -I"$ROOT/tools" -I"$ROOT/tools/scenario" -I"$ROOT/tools/microscope" \
            -I"$ROOT/tools/report" -Wall -Wextra -Werror -Wno-unused-function -fsyntax-only -x c -
    done
}

@test "shellcheck has nothing to say about our scripts" {
    shellcheck -S warning "$ROOT"/tools/*.sh "$ROOT"/tests/*.sh "$ROOT/.ci/run"
    shellcheck -S warning -s bash -e SC2034 "$ROOT/tests/helper.bash"
}

# A plain `! CMD`, and `[ A ] && [ B ]`, do not end a test when they fail, unless they stand
# last: bash's errexit does not look at them.
toothless() {
    awk '
        found != "" && !/^ *}/ { print found; bad = 1 }
        { found = "" }
        (/^ +! / && !/ \|\| /) || /^ +\[+ .*\]+ && \[+ .*\]+$/ { found = FILENAME ":" FNR ": " $0 }
        END { exit !bad }' "$@"
}

@test "no line of a test looks like a check and is none" {
    refute toothless "$ROOT"/tests/*.bats
    printf '%s\n' 'a() {' '    ! grep x y' '    true' '}' >"$BATS_TEST_TMPDIR/one"
    toothless "$BATS_TEST_TMPDIR/one"
    printf '%s\n' 'a() {' '    [ a = b ] && [ c = d ]' '    true' '}' >"$BATS_TEST_TMPDIR/two"
    toothless "$BATS_TEST_TMPDIR/two"
    printf '%s\n' 'a() {' '    [ a = b ] && [ c = d ]' '}' >"$BATS_TEST_TMPDIR/three"
    refute toothless "$BATS_TEST_TMPDIR/three"
}

@test "nothing in the tree knows on which machine it was written" {
    # The brackets keep this line from finding itself.
    refute grep -rnE --exclude-dir=build --exclude-dir=.git --exclude=echolab \
        '/[r]oot/|/[h]ome/[a-z]|/[t]mp/w/|/[w]ork/' "$ROOT"
}

# ---- every rule of check-style.sh can fail

# Copies the tree, changes FILE by a sed expression, and wants the complaint.
complains() {
    local file=$1 change=$2 wanted=$3

    rm -rf "$BATS_TEST_TMPDIR/tree"
    mkdir "$BATS_TEST_TMPDIR/tree"
    (cd "$ROOT" && cp -r stages common tools tests Makefile "$BATS_TEST_TMPDIR/tree")
    sed -i -E "$change" "$BATS_TEST_TMPDIR/tree/$file"
    if cmp -s "$ROOT/$file" "$BATS_TEST_TMPDIR/tree/$file"; then
        echo "this changes nothing in $file: $change" >&2
        return 1
    fi
    run sh "$ROOT/tools/check-style.sh" "$BATS_TEST_TMPDIR/tree"
    [ "$status" -eq 1 ] && grep -q "^${4:-$file}:[0-9]*: .*$wanted" <<<"$output" && return
    echo "$file after $change: wanted '$wanted', exit $status, heard: $output" >&2
    return 1
}

poll=stages/21_poll.c

@test "header contracts: fields, their order, their files" {
    complains $poll '1s/.*/\/* 21_poll.c/' 'begins with its header'
    complains $poll '2s/poll.c/pol.c/' 'the header begins with'
    complains $poll '2s/\.$//' 'ends with a full stop'
    complains $poll '/^ \* Gone:/d' 'here comes "Gone:"'
    complains $poll 's/^ \* Gone: /  * Lost: /; s/^  \* Lost/ * Lost/' 'here comes "Gone:"'
    complains $poll '/^ \* Grew from/{h;d};/^ \* Gone/{G}' 'here comes "Grew from:"'
    complains $poll '/^ \* Still wrong:/,/\*\//{/\*\//!d}' 'lacks "Still wrong:"'
    complains $poll '/^ \* Gone:/s/Gone: /Gone:/' 'column 17'
    complains $poll 's/22_epoll\.c/22_epol.c/' 'there is no stages\/22_epol.c'
    complains $poll '/^ \* Grew from/s/20_select/13_nonblocking_spin/' 'says that it grew from'
}

@test "the row: at the end, and it tells the truth" {
    complains $poll 's/\.name = "poll"/.name = "pol"/' 'should be called poll'
    complains $poll 's/\.file = "21_poll.c"/.file = "20_poll.c"/' 'this is 21_poll.c'
    complains $poll 's/\.parent = "select"/.parent = "epoll"/' 'says that it grew from'
    complains $poll 's/struct stage stage_poll/struct stage stage_pol/' 'the row of this file is'
    complains $poll '$s/$/\n\nstatic void\nafterwards(void)\n{\n}/' 'the row is the last thing'
    complains $poll '/^const struct stage/,$d' 'there is no row'
}

@test "shape of a stage: no globals, no forward declarations, run() last" {
    complains $poll 's/^#define FAIR_TURNS 16/&\nstatic int turns;/' 'neither globals'
    complains $poll 's/^#define FAIR_TURNS 16/&\nstatic int on_ready(struct conn *c);/' \
        'forward declarations'
    complains $poll 's/^#define FAIR_TURNS 16/&\nstatic const int turns[] = {\n    16\n};/' \
        'no globals'
    complains $poll 's/^const struct stage/static void\nlate(void)\n{\n}\n\n&/' \
        'run() is the last'
}

@test "same name, same bytes" {
    complains $poll 's/return try_again\(\) \? 0 : -1;/& \/* one *\//' 'is not the same bytes'
    complains $poll 's/^#define FAIR_TURNS 16/#define FAIR_TURNS 17/' 'FAIR_TURNS is not the same'
    complains stages/31_forked.c 's/^\/\* Serves one client until it leaves/&,/' \
        'serve_client() is not the same'
}

# The file $filler: N times a line, then M times another.
fill() {
    filler=$BATS_TEST_TMPDIR/filler
    : >"$filler"
    while [ $# -gt 0 ]; do
        yes "$2" | head -n "$1" >>"$filler"
        shift 2
    done
}

@test "sizes: columns, lines, functions, nesting, Makefile" {
    local many
    many=$(printf '%070d' 0)
    complains $poll "s/^#define FAIR_TURNS 16/& \/* $many *\//" 'longer than 77 columns'
    complains common/net.c "s/^#include <errno.h>/& \/* $many$many *\//" 'longer than 100 columns'
    complains tools/deps.sh "2s/\$/ $many$many/" 'longer than 100 columns'
    fill 60 '/* and so on */'
    complains $poll "\$r $filler" 'at most 160'
    complains $poll "/^    for \(;;\) \{/r $filler" 'run() has [0-9]* lines; at most 80'
    complains stages/30_threaded.c "/^    bool one_line/r $filler" \
        'serve_client() has [0-9]* lines; at most 55'
    complains common/net.c "/^    int flags = fcntl/r $filler" \
        'set_nonblock() has [0-9]* lines; at most 60'
    fill 400 '/* and so on */'
    complains common/net.c "\$r $filler" 'at most 400'
    complains Makefile "\$r $filler" 'a screen and a half'
    fill 5 'if (x) {' 5 '}'
    complains $poll "/^    for \(;;\) \{/r $filler" 'nested deeper than 4'
}

@test "forms: tabs, blanks, macros, typedefs, notes to ourselves, dead code" {
    complains $poll 's/^    bool more = true/\tbool more = true/' 'a tab'
    complains $poll 's/^    bool more = true;/& /' 'blanks at the end'
    complains $poll 's/^#define FAIR_TURNS 16/#define TURNS(x) (x)\n&/' \
        'a macro that is a function'
    complains $poll 's/^#define FAIR_TURNS 16/&\ntypedef struct conn conn_t;/' 'keeps its own name'
    complains $poll 's/^#define FAIR_TURNS 16/&\n\/* T''ODO: less *\//' 'a note to ourselves'
    complains $poll 's/^#define FAIR_TURNS 16/&\n#if 0\n#endif/' 'dead code'
    complains $poll 's/bool more = true;/& \/\/ still/' 'sentences'
    complains $poll 's/^#define FAIR_TURNS 16/\n\n&/' 'two empty lines'
    complains $poll 's/^on_ready\(struct conn \*c\)/int &/' 'a line of its own'
    complains common/net.h 's/^#include <stdbool.h>/#include "say.h"\n&/' \
        'system headers come before'
    complains common/net.h '/^\/\* Sets O_NONBLOCK/d' 'no comment says what this is for'
    complains tests/run.sh '2s/$/ /' 'blanks at the end'
}
