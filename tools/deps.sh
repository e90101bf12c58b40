#!/bin/sh
# deps.sh [build] [test] -- installs what is missing, with apt. Without a group: both.
#
# Needs root or sudo; without them it prints the line to run and exits 4. Looks for
# commands and files first, so it costs nothing where everything is there already.
set -u

# What must be there, and the Debian package that brings it. A path is looked for as a file.
build='cc:gcc make:make /usr/include/stdio.h:libc6-dev'
test='bats:bats clang:clang expect:expect ip:iproute2 jq:jq lsof:lsof mandoc:mandoc
    nc:netcat-openbsd node:nodejs patch:patch ps:procps python3:python3
    shellcheck:shellcheck strace:strace telnet:telnet tmux:tmux valgrind:valgrind
    xmllint:libxml2-utils'

[ $# -gt 0 ] || set -- build test
wanted=
for group; do
    case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    *)
        echo "deps.sh: '$group' is not a group; there are build and test" >&2
        exit 2
        ;;
    esac
done

is_there() {
    case $1 in
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
for pair in $wanted; do
    is_there "${pair%%:*}" || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps.sh: this system has no apt; please install the likes of:$missing" >&2
    exit 4
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    # sudo may ask for a password, but only somebody who is there to answer.
    if command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root=sudo
    else
        echo "deps.sh: some programs are missing, and only root may install them. Run as root:" >&2
        echo "  apt-get update && apt-get install --yes --no-install-recommends$missing" >&2
        exit 4
    fi
fi

apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null
}

echo "deps.sh: installing$missing" >&2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# The package lists may be old or not there at all: then fetch them and try again.
# shellcheck disable=SC2086 # the names are separate words
if ! apt install --yes --no-install-recommends $missing >"$log" 2>&1 &&
    ! { apt update && apt install --yes --no-install-recommends $missing; } >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "deps.sh: apt could not install$missing; its last lines stand above" >&2
    exit 1
fi
