#!/bin/sh
# check-style.sh [DIR] -- does the source keep to the house style?
#
# Checks what a script can: header contracts, same name same bytes, sizes, columns, shapes.
# Prints "FILE:LINE: what is wrong", exit 1 when something is. DIR is the tree to look at.
# What only a reader can judge (one idea a stage, comments that say why) is left to readers.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2
export LC_ALL=C
found=$(mktemp) || exit 2
trap 'rm -f "$found"' EXIT

# Lines, columns, functions, nesting and forms, in every C file and header.
check_shape() {
    awk '
        function wrong(line, what) { printf "%s:%d: %s\n", FILENAME, line, what }
        function limits(   stem) {
            in_stage = FILENAME ~ /^stages\//
            stem = FILENAME
            sub(/.*\//, "", stem)
            columns = in_stage ? 77 : 100
            most_lines = in_stage ? 160 : 400
            if (in_stage && stem ~ /_(callback|coroutine|message|io_uring)\.c$/)
                most_lines = 220
            deepest = stem ~ /_epoll\.c$/ ? 5 : 4
        }
        function end_file() {
            if (last > most_lines)
                printf "%s:%d: %d lines; at most %d\n", file, last, last, most_lines
        }
        # Code without strings, characters and comments: what is left has only real braces.
        function bare(text) {
            gsub(/\\./, "", text)
            gsub(/\047[^\047]*\047/, "0", text)
            gsub(/"[^"]*"/, "0", text)
            gsub(/\/\*[^*]*\*\//, "", text)
            if (in_comment && text ~ /\*\//) { sub(/.*\*\//, "", text); in_comment = 0 }
            if (in_comment) return ""
            if (text ~ /\/\*/) { sub(/\/\*.*/, "", text); in_comment = 1 }
            return text
        }
        FNR == 1 {
            if (NR > 1) end_file()
            limits()
            file = FILENAME
            depth = in_comment = ours = includes = first_is_ours = 0
            head = before = ""
        }
        {
            last = FNR
            shown = $0
            gsub(/[\200-\277]/, "", shown)      # UTF-8: one column for each character
            if (length(shown) > columns) wrong(FNR, "longer than " columns " columns")
            if (/\t/) wrong(FNR, "a tab; indent with four spaces")
            if (/[ \t]$/) wrong(FNR, "blanks at the end")
            if ($0 == "" && before == "" && FNR > 1) wrong(FNR, "two empty lines in a row")
            if (/(^|[^#] )[T]ODO|[F]IXME|(^|[^X])XXX([^X]|$)/)
                wrong(FNR, "a note to ourselves; write an issue, or do it")
            if (/^#if 0/) wrong(FNR, "dead code")
            if (/^#define [A-Za-z0-9_]*\(/) wrong(FNR, "a macro that is a function in disguise")
            if (/^ *typedef .*(struct|union)/) wrong(FNR, "a struct keeps its own name")
            before = $0
            code = bare($0)
            if (code ~ /\/\//) wrong(FNR, "comments are /* sentences */")
            if (/^#include "/) ours++
            # The first include of chores.c may be chores.h: so it is seen to need nothing else.
            if (/^#include </ && ours > (FILENAME ~ /\.c$/ && first_is_ours))
                wrong(FNR, "system headers come before our own")
            if (/^#include / && !includes++) first_is_ours = /"/
        }
        /^[A-Za-z_].*/ && depth == 0 && code !~ /^#/ { head = code; head_line = FNR }
        code == "{" && depth == 0 {
            name = head
            sub(/\(.*/, "", name)
            if (name ~ /[ *]/)
                wrong(head_line, "the return type stands on a line of its own: " name)
            begun = head_line
            in_function = 1
        }
        {
            opened = gsub(/{/, "{", code)
            closed = gsub(/}/, "}", code)
            depth += opened - closed
            # The braces of the function itself do not count, nor do those of a value.
            if (in_function && opened > closed && depth - 1 > deepest)
                wrong(FNR, "nested deeper than " deepest " levels")
        }
        in_function && depth == 0 && closed > 0 {
            in_function = 0
            most = !in_stage ? 60 : name == "run" ? 80 : 55
            if (FNR - begun + 1 > most)
                wrong(begun, name "() has " FNR - begun + 1 " lines; at most " most)
        }
        END { end_file() }
    ' "$@"
}

# In a header, what others may call has a comment; one may stand for a group without empty
# lines, and what a name that ends in _free does is clear.
check_headers() {
    awk '
        FNR == 1 { before = "" }
        /^static inline/ { next }
        /^[a-z_].*\(/ && before !~ /(\*\/|;)$/ && before !~ /^__attribute__/ && !/_free\(/ {
            printf "%s:%d: no comment says what this is for\n", FILENAME, FNR
        }
        { before = $0 }
    ' "$@"
}

# The contract in a stage's header, its row at the end, and nothing that a chapter may not have.
check_stage() {
    awk -v stem="$(basename "$1" .c)" '
        function wrong(line, what) { printf "%s:%d: %s\n", FILENAME, line, what }
        function value(line) { sub(/^[^"]*"/, "", line); sub(/".*/, "", line); return line }
        BEGIN {
            n = split("Grew from:,New here:,Gone:,Still wrong:", field, ",")
            name = stem
            sub(/^[0-9][0-9]_/, "", name)
            row = "stage_" name
            gsub(/_/, "-", name)
        }
        FNR == 1 && $0 != "/*" { wrong(1, "a stage begins with its header, /* on a line") }
        FNR == 2 && index($0, " * " stem ".c -- ") != 1 {
            wrong(2, "the header begins with \" * " stem ".c -- \" and what the stage is")
        }
        FNR == 2 && !/\.$/ { wrong(2, "the title is a sentence and ends with a full stop") }
        !over && /^ \*\/$/ {
            over = FNR
            if (at != n)
                wrong(FNR, "the header lacks \"" field[at + 1] "\"")
            next
        }
        !over && match($0, /^ \* [A-Z][a-z]+( [a-z]+)?: /) {
            at++
            label = substr($0, 4, RLENGTH - 4)
            if (label != field[at])
                wrong(FNR, at > n ? "one field too many" : "here comes \"" field[at] "\"")
            if (!match($0, /^ \* .............[^ ]/) || substr($0, 16, 1) != " ")
                wrong(FNR, "the text of a field begins in column 17")
            filled[label] = substr($0, 17)
        }
        !over && FNR > 3 && !/^ \* ([A-Z][a-z]+( [a-z]+)?: |             [^ ])/ {
            wrong(FNR, "a field of the header, or its text in column 17, goes on here")
        }
        !over {
            rest = $0
            while (match(rest, /[0-9][0-9]_[a-z0-9_]+\.c/)) {
                print "names", substr(rest, RSTART, RLENGTH), FNR > "/dev/stderr"
                rest = substr(rest, RSTART + RLENGTH)
            }
            next
        }
        /^[a-z].*;$/ && !/^(};|extern )/ && !in_row {
            wrong(FNR, "neither globals nor forward declarations: order the functions")
        }
        /^(static )?(const )?[a-z].* = {?$/ && !/^const struct stage / {
            wrong(FNR, "a stage has no globals but its row")
        }
        /^run\(/ { run_at = FNR }
        /^[a-z_]+\(/ && !/^run\(/ && run_at { wrong(FNR, "run() is the last function") }
        /^const struct stage / {
            in_row = FNR
            if ($4 != row) wrong(FNR, "the row of this file is " row)
        }
        in_row && /^    \.name = / && value($0) != name { wrong(FNR, "should be called " name) }
        in_row && /^    \.file = / && value($0) != stem ".c" { wrong(FNR, "this is " stem ".c") }
        in_row && /^    \.parent = / {
            parent = $0 ~ /NULL/ ? "" : value($0)
            gsub(/-/, "_", parent)
            grew = filled["Grew from:"]
            if (parent == "" ? grew ~ /\.c/ : index(grew, "_" parent ".c") != 3)
                wrong(FNR, "the header says that it grew from " grew)
        }
        in_row && /^};$/ { ended = FNR }
        END {
            if (!run_at) wrong(FNR, "there is no run()")
            if (!in_row) wrong(FNR, "there is no row " row)
            if (ended != FNR) wrong(FNR, "the row is the last thing in the file")
        }
    ' "$1" 2>"$found.names"
    while read -r _ name line; do
        [ -f "stages/$name" ] || echo "$1:$line: there is no stages/$name"
    done <"$found.names"
    rm -f "$found.names"
}

# A function, a macro or a struct that two stages have is the same, byte for byte, in both.
check_same_bytes() {
    awk '
        function finish(   key) {
            key = kind " " name
            if (!(key in text)) {
                text[key] = body
                where[key] = FILENAME ":" begun
            } else if (text[key] != body) {
                printf "%s:%d: %s is not the same bytes as in %s\n", FILENAME, begun, name,
                    where[key]
            }
            body = comment = ""
        }
        FNR == 1 { comment = body = type = ""; header = 1 }
        header { if (/^ \*\/$/) header = 0; next }
        /^#define / { kind = "macro"; name = $2; begun = FNR; body = $0; finish(); next }
        body == "" && /^(\/\*| \*)/ { comment = comment $0 "\n"; next }
        body == "" && /^(struct|enum) [a-z_]+ {$/ {
            kind = $1; name = $1 " " $2; begun = FNR; body = comment $0 "\n"
            next
        }
        body == "" && /^(static|struct|void|int|const)/ { type = $0 "\n"; next }
        body == "" && /^[a-z_]+\(/ {
            kind = "function"; name = $0; sub(/\(.*/, "()", name)
            begun = FNR; body = comment type $0 "\n"
            next
        }
        body != "" { body = body $0 "\n" }
        body != "" && /^};?$/ {
            if (name == "run()") body = comment = ""
            else finish()
        }
        $0 == "" && body == "" { comment = type = "" }
    ' "$@"
}

check_makefile() {
    awk 'END {
        if (NR > 75) printf "Makefile:%d: %d lines; a screen and a half are 75\n", NR, NR
    }' Makefile
}

check_scripts() {
    awk '
        function wrong(what) { printf "%s:%d: %s\n", FILENAME, FNR, what }
        { shown = $0; gsub(/[\200-\277]/, "", shown) }
        length(shown) > 100 { wrong("longer than 100 columns") }
        /^ *\t/ { wrong("a tab; indent with four spaces") }
        /[ \t]$/ { wrong("blanks at the end") }
        /[T]ODO|[F]IXME/ { wrong("a note to ourselves; write an issue, or do it") }
    ' "$@"
}

{
    check_shape stages/*.c common/*.[ch] tools/*.[ch] tools/*/*.[ch]
    check_headers common/*.h tools/*.h tools/*/*.h
    for stage in stages/*.c; do
        check_stage "$stage"
    done
    check_same_bytes stages/*.c
    check_makefile
    check_scripts tools/*.sh tests/*.sh tests/*.bash tests/*.bats
} >"$found"
sort -t: -k1,1 -k2,2n "$found"
[ ! -s "$found" ]
