#!/bin/sh
# run.sh [NAME...] -- installs what is missing, builds, and runs the tests: all of
# tests/*.bats, or only the named ones (`sh tests/run.sh cli telnet`).
#
# Prints one TAP stream and, as its last line, "N passed, N failed", counted from that TAP.
# Exit 0 only when something ran, everything that was planned ran, and nothing failed.
#
# A test file may say two things in its first lines:
#   # run alone: WHY               nothing else runs meanwhile (it measures, or is heavy)
#   # at most N s a test: WHY      instead of 60
set -u
cd "$(dirname "$0")/.." || exit 1

file_limit=400 # seconds, for all tests of one file: nothing may hang for ever

# Seconds that one test of a file may take.
limit_of() {
    sed -n '1,12s/^# at most \([0-9]*\) s a test.*/\1/p; $s/.*/60/p' "$1" | head -n 1
}

# Runs one file and adds its results to the stream: `--one` holds failures back, `--again`
# tells of those tests that have not passed yet. Called by xargs below.
if [ "${1:-}" = --one ] || [ "${1:-}" = --again ]; then
    file=$2
    tap=$RESULTS/$(basename "$file" .bats).tap
    limit=$(limit_of "$file")
    begun=$(date +%s)
    # timeout has a process group of its own; its number is kept for the trap below.
    BATS_TEST_TIMEOUT=$limit sh -c 'echo $$ >"$1.pid"; exec timeout -k 5 "$2" bats "$3"' \
        sh "$tap" "$file_limit" "$file" >"$tap.part" 2>&1 </dev/null
    [ $? -ne 124 ] || echo "# $file took more than $file_limit s and was stopped" >>"$tap.part"
    touch "$tap"
    mv "$tap" "$tap.first"
    # What passed before has passed.
    awk '
        { name = $0; sub(/^(not )?ok [0-9]+ /, "", name) }
        FILENAME == ARGV[1] { if (/^ok /) passed[name] = $0; next }
        /^(not )?ok / && name in passed { print passed[name]; next }
        { print }
    ' "$tap.first" "$tap.part" >"$tap"
    rm -f "$tap.pid"
    # One numbering for all files, in the order in which they end.
    exec flock "$RESULTS/lock" awk -v file="$(basename "$file" .bats)" -v count="$RESULTS/count" \
        -v try="$1" -v before="$tap.first" -v took=$(($(date +%s) - begun)) '
        BEGIN {
            getline n < count; close(count)
            print "# tests/" file ".bats" (try == "--again" ? ", what failed, alone" : "") \
                ", " took " s"
            while ((getline line < before) > 0)
                told[line] = line ~ /^ok /
        }
        /^1\.\.[0-9]+$/ || told[$0] { next }
        try == "--one" && /^not ok / { print "# not yet: " file ": " $0; next }
        /^ok [0-9]+ / { sub(/^ok [0-9]+ /, "ok " ++n " " file ": ") }
        /^not ok [0-9]+ / { sub(/^not ok [0-9]+ /, "not ok " ++n " " file ": ") }
        { print }
        END { print n > count }
    ' "$tap"
fi

sh tools/deps.sh build test || exit $?
if ! make -s -j"$(nproc)" >&2; then
    echo "run.sh: the build failed" >&2
    echo "0 passed, 1 failed"
    exit 1
fi
# python3 may be a script that looks for the real one, at length: spare the tests that.
PATH=$(python3 -c 'import os, sys; print(os.path.dirname(sys.executable))' || echo /usr/bin):$PATH
# The crowds need descriptors; where sh cannot raise the limit, the tests say so and skip.
# shellcheck disable=SC3045
ulimit -n "$(ulimit -H -n)" 2>/dev/null

if [ $# -eq 0 ]; then
    set -- tests/*.bats
else
    for name; do
        shift
        name=tests/$(basename "$name" .bats).bats
        if [ ! -f "$name" ]; then
            echo "run.sh: there is no $name" >&2
            exit 2
        fi
        set -- "$@" "$name"
    done
fi

RESULTS=$(mktemp -d) || exit 1
export RESULTS
trap 'rm -rf "$RESULTS"' EXIT
# shellcheck disable=SC2154
trap 'for pid in $(cat "$RESULTS"/*.pid); do kill "$pid"; done 2>/dev/null; exit 130' INT TERM
echo 0 >"$RESULTS/count"

echo "TAP version 13"
alone=$(grep -l '^# run alone' "$@")
# The long ones first, so that the last one does not run without company.
together=$(for file in $(grep -L '^# run alone' "$@"); do
    echo "$(limit_of "$file") $file"
done | sort -rn | cut -d ' ' -f 2)
# One more than there are processors: tests wait more than they work.
printf '%s\n' "$together" | xargs -r -n 1 -P $(($(nproc) + 1)) sh tests/run.sh --one
printf '%s\n' "$alone" | xargs -r -n 1 sh tests/run.sh --one

# The machines are shared, and some tests look at clocks. What failed is tried once more,
# with nothing beside it; what fails twice has failed.
for file; do
    tap=$RESULTS/$(basename "$file" .bats).tap
    awk '/^1\.\./ { plan = substr($0, 4) } /^ok / { n++ } END { exit plan == "" || n < plan }' \
        "$tap" || sh tests/run.sh --again "$file"
done

# A file whose plan is not fulfilled (stopped, or broken before its first test) has failed
# by as many tests as are missing, and by one at least.
sed 's/^/1../' "$RESULTS/count"
for file; do
    tap=$RESULTS/$(basename "$file" .bats).tap
    [ -f "$tap" ] || tap=/dev/null
    awk -v file="$file" '
        /^1\.\.[0-9]+$/ { plan = substr($0, 4); planned = 1 }
        /^not ok / { failed++; next }
        /^ok .* # skip/ { skipped++; next }
        /^ok / { passed++ }
        END {
            seen = passed + failed + skipped
            if (!planned || plan != seen) {
                print "run.sh: " file ": " plan + 0 " tests planned, " seen " ran" > "/dev/stderr"
                failed += plan > seen ? plan - seen : 1
            }
            print passed + 0, failed + 0, skipped + 0
        }' "$tap"
done | awk '
    { passed += $1; failed += $2; skipped += $3 }
    END {
        printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : ""
        exit !(passed > 0 && failed == 0)
    }'
