#!/bin/sh
# classroom.sh STAGE [OPTION...] -- a tmux with the server above and two real telnets below.
# classroom.sh --kill            -- ends it from outside.
#
# The server listens on a free port and gets the OPTIONs. The screen is alice's on the left,
# bob's on the right; Ctrl-b and an arrow key go from one to the other, Ctrl-b and d leave,
# and everything ends when the server does (Ctrl-C in its pane).
set -u
cd "$(dirname "$0")/.." || exit 1
session=echolab-classroom

usage() {
    echo "classroom.sh: $1" >&2
    echo "usage: sh tools/classroom.sh STAGE [OPTION...] | --kill" >&2
    exit 2
}

[ $# -gt 0 ] || usage "which stage? ./echolab list shows them"
for needed in tmux telnet; do
    if ! command -v "$needed" >/dev/null 2>&1; then
        echo "classroom.sh: needs $needed; 'sh tools/deps.sh test' installs it" >&2
        exit 4
    fi
done
if [ "$1" = --kill ]; then
    tmux kill-session -t "$session" 2>/dev/null && exit 0
    echo "classroom.sh: there is no classroom to end" >&2
    exit 1
fi
if tmux has-session -t "$session" 2>/dev/null; then
    usage "there is a classroom already: join it with 'tmux attach -t $session', or --kill it"
fi
[ -x ./echolab ] || usage "there is no ./echolab yet: run make first"
./echolab list | grep -q "^$1 " || usage "'$1' is not a stage; ./echolab list shows them"
stage=$1
shift

work=$(mktemp -d) || exit 1
# Each word is quoted again for the shell of the pane.
quoted=
for word; do
    quoted="$quoted '$(printf %s "$word" | sed "s/'/'\\\\''/g")'"
done
# The session ends with the server; when that fails its words stay on the screen.
tmux new-session -d -s "$session" -x 100 -y 36 -n "$stage" \
    "trap : INT # Ctrl-C is for the server
     ./echolab $stage$quoted --port 0 --port-file '$work/port' ||
         { touch '$work/failed'; echo; echo 'Enter ends the classroom'; read _; }
     tmux kill-session -t $session" || exit 1

# Asks until the command succeeds, for at most ten seconds.
await() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ "$tries" -le 100 ] || return 1
        sleep 0.1
    done
}

listens_or_failed() {
    [ -s "$work/port" ] || [ -e "$work/failed" ]
}

await listens_or_failed
if [ ! -s "$work/port" ]; then
    tmux capture-pane -p -t "$session" 2>/dev/null | sed '/^$/d; /^Enter ends/d' >&2
    tmux kill-session -t "$session" 2>/dev/null
    rm -rf "$work"
    echo "classroom.sh: $stage does not listen" >&2
    exit 3
fi
port=$(cat "$work/port")
rm -rf "$work"

alice_is_in() {
    tmux capture-pane -p -t "$session" 2>/dev/null | grep -q -e Connected -e 'Enter talks'
}

# A telnet that ends leaves its last words on the screen until Enter.
talk="telnet 127.0.0.1 $port; echo; echo 'Enter talks again'; read _"
tmux split-window -v -l 60% -t "$session" "while :; do clear; echo alice; $talk; done"
await alice_is_in # first: she is the older client
tmux split-window -h -t "$session" "while :; do clear; echo bob; $talk; done"
tmux select-pane -t "$session" -L
if [ -t 0 ] && [ -t 1 ]; then
    exec tmux attach-session -t "$session"
fi
echo "the classroom is open: tmux attach -t $session" # no terminal here: somebody else looks
