#!/bin/sh
# demo.sh -- in half a minute: who waits for whom, and what not waiting may cost.
#
# Installs a compiler when there is none, builds, plays the same clients against three
# servers, with real sockets, and then shows all servers in one table. Exit 0 when each
# server behaved as its chapter says.
set -u
cd "$(dirname "$0")/.." || exit 1

sh tools/deps.sh build || exit $?
make -s -j"$(nproc)" || exit 1

cat <<'TEXT'

1. alice connects and is silent. bob connects and types hello. Then alice
   types twice, and leaves. The same clients at three servers:

TEXT
# Where ptrace is allowed, the servers' side is in the picture too.
trace=
./echolab trace -- true >/dev/null 2>&1 && trace=--trace
./echolab play second-client $trace --on multi-blocking,epoll,threaded || exit 1
# Nobody should be taken in by a demonstration that shows nothing.
if ! ./echolab play second-client --on multi-blocking -q |
    grep -q 'fail, as its lesson says'; then
    echo "demo.sh: that is not what multi-blocking is known for" >&2
    exit 1
fi
cat <<'TEXT'

   multi-blocking accepts many clients, but it sleeps until alice has typed a
   line, and then until her next one: only after it bob hears back. epoll
   sleeps until *anybody* types, and threaded gives each client a sleeper of
   its own.

2. All servers, and other clients: one crashes its handler, one never reads,
   one types half a line ... Each line is a server, each column a question.
   (half a minute)

TEXT
./echolab compare --quick || exit 1
cat <<'TEXT'

   nonblocking-spin does without sleep: nobody waits for anybody, but look at
   its CPU.

What a column asks:                      ./echolab play
All servers, in the order of the story:  ./echolab help
The first chapters to read:              lessons/10_blocking.md, then 11
What one step changes:                   sh tools/diff-stage.sh multi-blocking
Talk to one yourself, two telnets:       sh tools/classroom.sh multi-blocking
TEXT
