#!/bin/sh
# check-lessons.sh [FILE...] -- is every lesson complete, short and up to date with the sources?
#
# Without files: all of lessons/, and that every stage has one. What has no number is no
# lesson: it needs no headings, but what it cites must exist all the same. Prints
# "FILE:LINE: what is wrong"; exit 1 when something is. tests/lessons.bats runs the commands.
#
# What it resolves: `name()` in `FILE` is a function that FILE defines. Any other text in
# backquotes must stand in the lesson's own blocks, in its stage or that stage's parent, in
# a file that the lesson names, or be an option, an errno, a name of Python's or of libc's.
# A block "c FILE" must stand in FILE as it is. Every file that is named must exist.
set -u
cd "$(dirname "$0")/.." || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# Headings, screens, blocks, the prediction: everything that the text alone shows.
check_form() {
    awk -v file="$1" '
        function wrong(line, what) { printf "%s:%d: %s\n", file, line, what }
        function end_section() {
            if (n > 0 && FNR - begun > 24)
                wrong(begun, "\"" title[n] "\" has " FNR - begun " lines; a screen has 24")
        }
        BEGIN {
            split("Goal,Predict,Run,Observe,Explain,Exercise,Check,For the teacher", title, ",")
        }
        length($0) > 80 { wrong(FNR, "longer than 80 columns") }
        /^```/ && fence == "" {
            fence = substr($0, 4)
            if (fence !~ /^(sh|output)( terminal [1-9])?$|^type terminal [1-9](, silent)?$/ &&
                fence !~ /^sh terminal( [1-9]|s [1-9] and [1-9])(, (stays|again))?$/ &&
                fence !~ /^(c|python) [a-z]+\/[a-z0-9_.\/]+$/)
                wrong(FNR, "no reader knows what to do with a block \"" fence "\"")
            split(fence, word, " ")
            seen[n, word[1]] = 1
            next
        }
        fence != "" {
            if ($0 == "```") fence = ""
            else if (fence ~ /^sh/ && /^\$ /) wrong(FNR, "commands have no prompt")
            next
        }
        /^## / {
            end_section()
            n++
            begun = FNR
            if ($0 != "## " title[n]) wrong(FNR, "heading " n " must be \"" title[n] "\"")
        }
        n == 2 && /^\* [a-e]\) / { option[substr($0, 3, 1)] = 1; options++ }
        n == 2 && /[Aa]nswer:/ { wrong(FNR, "the answer is not for this screen") }
        n == 4 && /___/ { blank = 1 }
        n == 8 && match($0, /^Answer: [a-e]\./) { answer = substr($0, 9, 1) }
        n == 8 && /^[0-9]+ minutes/ { minutes = 1 }
        END {
            FNR++
            end_section()
            if (fence != "") wrong(FNR, "a block does not end")
            if (n != 8) wrong(FNR, "8 headings are needed, not " n)
            if (options < 3) wrong(FNR, "Predict has " options + 0 " choices; three are needed")
            if (!(answer in option)) wrong(FNR, "For the teacher lacks \"Answer: x.\"")
            if (!minutes) wrong(FNR, "For the teacher lacks \"N minutes\"")
            if (!blank) wrong(FNR, "Observe has nothing to fill in (___)")
            if (!seen[3, "sh"]) wrong(FNR, "Run has no command")
            if (!seen[7, "sh"] && !seen[7, "output"]) wrong(FNR, "Check has no command or result")
        }' "$1"
}

# Where the text is not a block: its lines, each with its number and a tab.
prose() {
    awk '/^```/ { inside = !inside; next } !inside { print FNR "\t" $0 }' "$1"
}

squeezed() {
    tr -s ' \t' ' ' | sed 's/^ //'
}

# The blocks "c FILE" of a lesson, each line in its FILE, and in one piece.
check_quotes() {
    awk '/^```c / { file = $2; at = FNR; text = ""; next }
        /^```/ { if (file != "") print at "\t" file "\t" text; file = ""; next }
        file != "" { gsub(/^[ \t]+/, ""); gsub(/[ \t]+/, " "); text = text $0 "\001" }' "$1" |
        while IFS='	' read -r line file text; do
            [ -f "$file" ] || continue # said by check_files
            squeezed <"$file" | tr '\n' '\001' | grep -qF -- "$text" ||
                echo "$1:$line: $file has no such lines"
        done
}

# Every file that is named, with its folder or by its number alone.
check_files() {
    grep -noE '(stages|common|tools|tests|lessons)/[A-Za-z0-9_./-]+|[0-9]{2}_[a-z_]+\.(c|md)' "$1" |
        while IFS=: read -r line name; do
            name=${name%.}
            case $name in
            */*) ;;
            *.c) name=stages/$name ;;
            *.md) name=lessons/$name ;;
            esac
            if [ -e "$name" ]; then
                echo "$name" >>"$work/named"
            else
                echo "$1:$line: there is no $name"
            fi
        done
}

# `name()` in `FILE`: the sentence may go over the end of a line.
check_definitions() {
    # shellcheck disable=SC2016 # the backquotes are text
    prose "$1" | cut -f 2- | tr '\n' ' ' | grep -oE '`[a-z0-9_]+\(\)` in `[^`]+`' |
        while IFS='`' read -r _ name _ file _; do
            case $file in
            [0-9]*) file=stages/$file ;;
            esac
            [ ! -f "$file" ] || grep -q "^${name%()}(" "$file" ||
                echo "$1: $file does not define $name"
        done
}

# Names that may be Python's are asked for all at once, at the end: Python starts slowly.
maybe_python() {
    printf '%s\t%s\n' "$where" "$1" >>"$work/python"
}

check_python() {
    python3 - "$work/python" <<'END'
import pydoc
import sys
with open(sys.argv[1], encoding="utf-8") as names:
    for line in names:
        where, name = line.rstrip("\n").split("\t")
        bare = name.removesuffix("()")
        if not any(pydoc.locate(module + bare) for module in ("", "socket.", "asyncio.")):
            print(f"{where}: nothing is called `{name}`")
END
}

# Does one text in backquotes stand for something that exists?
resolves() {
    grep -qF -- "$1" "$work/text" && return
    [ ! -f "$1" ] || return 0
    case $1 in
    /proc/*) ;;
    -*' '* | --*=*) grep -qF -- "${1%%[ =]*}" "$work/text" ;;
    "git "* | "tshark "*) ;; # what a reader may have, and this machine need not
    *' '*)
        # A command to type: its program, and the files of ours that it names (check_files).
        command -v "${1%% *}" >/dev/null
        ;;
    *[!a-zA-Z0-9_.\(\)]*) false ;;
    *.*) maybe_python "$1" ;;
    *'()')
        grep -qE "(^|[^a-z0-9_])${1%()} ?\(" "$work/text" ||
            grep -rqswF -- "${1%()}" /usr/include/*.h /usr/include/sys /usr/include/*/sys ||
            maybe_python "$1"
        ;;
    E[A-Z]*[A-Z] | SIG[A-Z]*) grep -rqswF -- "$1" /usr/include/asm-generic ;;
    *) command -v "$1" >/dev/null || maybe_python "$1" ;;
    esac
}

check_citations() {
    prose "$1" | awk -F '\t' '{
            n = split($2, part, "`")
            for (i = 2; i < n; i += 2) print $1 "\t" part[i]
            if (n > 0 && n % 2 == 0) print $1 "\t`"
        }' |
        while IFS='	' read -r line text; do
            where=$1:$line
            resolves "$text" || echo "$where: nothing is called \`$text\`"
        done
    # The beats of the loop are signposts in the sources.
    prose "$1" | sed 's/[A-Z]*-[A-Z]*//g' | grep -owE '^[0-9]+|ASK|WAIT|SERVE|ACCEPT' |
        while read -r word; do
            case $word in
            [0-9]*) line=$word ;;
            *) grep -qw "$word" "$work/text" || echo "$1:$line: the stage has no $word" ;;
            esac
        done
}

check_lesson() {
    stem=$(basename "$1" .md)
    stage=$(jq -r --arg file "$stem.c" '.[] | select(.file == $file).name' "$work/list")
    : >"$work/named"
    case $stem in
    [0-9]*) check_form "$1" ;;
    esac
    check_files "$1"
    check_quotes "$1"
    {
        jq -r --arg name "$stage" '. as $all | .[] | select(.name == $name) |
            .file, (.parent as $parent | $all[] | select(.name == $parent).file) |
            "stages/" + .' "$work/list"
        cat "$work/named"
    } | sort -u | while read -r file; do
        [ ! -f "$file" ] || squeezed <"$file"
    done >"$work/text"
    # Its own blocks too, and the options and names of all commands.
    awk '/^```/ { inside = !inside; next } inside' "$1" >>"$work/text"
    ./echolab help >>"$work/text"
    named=$(grep -oE 'echolab [a-z][a-z-]+' "$1" | cut -d ' ' -f 2)
    for command in ${stage:-blocking} $named; do
        ./echolab "$command" --help >>"$work/text" 2>&1
    done
    check_definitions "$1"
    check_citations "$1"
}

# Every stage has a lesson of its own stem; a lesson without a stage has a number of its own.
check_stages() {
    jq -r '.[].file' "$work/list" | while read -r file; do
        [ -f "lessons/${file%.c}.md" ] || echo "stages/$file: there is no lessons/${file%.c}.md"
    done
    for lesson in lessons/[0-9]*.md; do
        stem=$(basename "$lesson" .md)
        for stage in stages/"${stem%%_*}"_*.c; do
            [ ! -f "$stage" ] || [ "$stage" = "stages/$stem.c" ] ||
                echo "$lesson: this number belongs to $stage"
        done
    done
}

for need in ./echolab jq python3; do
    if ! command -v "$need" >/dev/null; then
        echo "check-lessons.sh: needs $need; run make and sh tools/deps.sh first" >&2
        exit 4
    fi
done
./echolab list --json >"$work/list"
: >"$work/python"
{
    if [ $# -eq 0 ]; then
        check_stages
        set -- lessons/*.md
    fi
    for file; do
        check_lesson "$file"
    done
    check_python
} >"$work/wrong"
cat "$work/wrong"
[ ! -s "$work/wrong" ]
