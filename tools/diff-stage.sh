#!/bin/sh
# diff-stage.sh STAGE -- what is new in a stage: it and its parent, side by side.
#
# As wide as the terminal; where 160 columns do not fit, one below the other (diff -u).
# COLUMNS=N says how wide when there is no terminal. Without STAGE: the stages and parents.
set -u
cd "$(dirname "$0")/.." || exit 1

# The string behind `.field = ` in a stage's row.
row() {
    sed -n "s/^    \.$2 = \"\(.*\)\",\$/\1/p" "$1"
}

file_of() {
    for file in stages/*.c; do
        if [ "$(row "$file" name)" = "$1" ]; then
            echo "$file"
            return
        fi
    done
}

if [ $# -ne 1 ]; then
    echo "usage: sh tools/diff-stage.sh STAGE    which of these?" >&2
    for file in stages/*.c; do
        parent=$(row "$file" parent)
        printf '  %-20s %s\n' "$(row "$file" name)" "${parent:+from $parent}" >&2
    done
    exit 2
fi
child=$(file_of "$1")
if [ -z "$child" ]; then
    echo "diff-stage.sh: there is no stage '$1'; sh tools/diff-stage.sh lists them" >&2
    exit 2
fi
parent=$(row "$child" parent)
if [ -z "$parent" ]; then
    echo "diff-stage.sh: $1 is the first stage: it has no parent; read $child" >&2
    exit 2
fi
parent=$(file_of "$parent")

width=${COLUMNS:-}
if [ -z "$width" ] && [ -t 1 ]; then
    width=$(stty size </dev/tty 2>/dev/null | cut -d ' ' -f 2)
fi
case ${width:-80} in
*[!0-9]* | ?????*)
    echo "diff-stage.sh: COLUMNS must be a number of columns, not '$width'" >&2
    exit 2
    ;;
esac

# diff's exit code says whether there is a difference; only 2 is trouble.
if [ "${width:-80}" -ge 160 ]; then
    diff -y -W "$width" "$parent" "$child"
else
    diff -u "$parent" "$child"
fi
[ $? -le 1 ]
