#!/bin/sh
# demo.sh -- in half a minute: who waits for whom, and what not waiting may cost.
#
# Installs a compiler when there is none, builds, and plays the same clients against three
# servers, with real sockets. Exit 0 when each server behaved as its chapter says.
set -u
cd "$(dirname "$0")/.." || exit 1

sh tools/deps.sh build || exit $?
make -s -j"$(nproc)" || exit 1

# Plays a scenario on a stage; $3 says how it must end: 0 all holds, 1 something fails.
act() {
    ./echolab play "lessons/scenarios/$1.play" --on "$2"
    [ $? -eq "$3" ] && return
    echo "demo.sh: that is not what $2 is known for" >&2
    exit 1
}

cat <<'TEXT'

1. alice connects and is silent. bob connects and types hello. The server accepts many
   clients, but it sleeps until alice has typed a line, and then until her next one:

TEXT
act second-client multi-blocking 1
cat <<'TEXT'

   Did you see the moment at which bob's echo came? The same clients again. This server
   sleeps until *anybody* types, so bob hears back at once:

TEXT
act second-client epoll 0
cat <<'TEXT'

2. A server can also do without sleep: it asks everybody, again and again. Nobody waits for
   anybody then. This is what it costs while nobody types:

TEXT
act idle-cpu nonblocking-spin 1
cat <<'TEXT'

   And epoll, which sleeps:

TEXT
act idle-cpu epoll 0
cat <<'TEXT'

All of them, in the order of the story:   ./echolab help
The first chapters to read:               lessons/10_blocking.md, lessons/11_multi_blocking.md
What one step changes:                    sh tools/diff-stage.sh multi-blocking
Talk to one yourself, with two telnets:   sh tools/classroom.sh multi-blocking
TEXT
