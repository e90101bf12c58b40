# conformance.bats -- what every server must do, shown on every stage.
#
# run alone: it counts CPU time, descriptors and system calls
# at most 150 s a test: each of them meets all stages, one after the other
#
# A new stage is tested by being in `echolab list`. What a stage does not do, because its
# lesson is that it does not, stands in stages.conf.

load helper

# ---- bytes

@test "one byte comes back" {
    one() { start_stage "$1" -q && peers echo "$port" 1; }
    each_stage one-byte one
}

@test "two bytes come back" {
    one() { start_stage "$1" -q && peers echo "$port" 2; }
    each_stage two-bytes one
}

@test "8 MiB of random bytes come back identical, then the end of the stream" {
    one() { start_stage "$1" -q && peers echo "$port" $((8 << 20)) --eof; }
    each_stage big one
}

@test "a byte at a time: each comes back before the next is typed" {
    one() { start_stage "$1" -q --stream && peers drip "$port" 300; }
    each_stage drip one
}

@test "a client that reads late and in sips hears every byte" {
    one() { start_stage "$1" -q && peers sips "$port" 600000; }
    each_stage sips one
}

@test "every byte value comes back, telnet's interrupt too; urgent data does no harm" {
    one() { start_stage "$1" -q && peers binary "$port"; }
    each_stage binary one
}

# ---- crowds and rude clients

@test "40 clients at once, while one resets, one half-closes and one never reads" {
    one() { start_stage "$1" -q && peers crowd "$port" --clients 40 --bytes 100000; }
    each_stage crowd one
}

@test "1000 clients come and go: descriptors, memory, threads and children are as before" {
    one() {
        local standing=0
        [ "$1" != prefork ] || standing=3
        start_stage "$1" -q
        peers come-and-go "$port" 40 # what is kept for ever is there now
        await 5 nobody_left
        local before=("$(descriptors "$pid")" "$(memory "$pid")")
        peers come-and-go "$port" 1000
        await 5 nobody_left
        local after=("$(descriptors "$pid")" "$(memory "$pid")")
        echo "$1: descriptors, KiB: ${before[*]} before, ${after[*]} after"
        [ "${after[0]}" -eq "${before[0]}" ]
        # A page kept of each client would be 4000 KiB.
        [ "${after[1]}" -lt $((before[1] + 2000)) ]
        [ -z "$(ps --ppid "$pid" -o stat= | grep Z)" ] # no zombie
    }
    nobody_left() {
        [ "$(children "$pid")" -eq "$standing" ] && [ "$(threads "$pid")" -eq 1 ]
    }
    each_stage come-and-go one
}

@test "somebody who is gone in the middle of an answer harms only himself" {
    one() {
        start_stage "$1" -q
        peers bye-mid-write "$port" 50
        peers come-and-go "$port" 1
    }
    each_stage gone-mid-write one
}

@test "one that never reads costs one buffer and no CPU, and holds up nobody" {
    one() {
        start_stage "$1" -q
        peers come-and-go "$port" 4
        local before
        before=$(memory "$pid")
        start_peer deaf "$port"
        echo "$1: $(head -n 1 "$peer_log")"
        peers come-and-go "$port" 20
        local from
        from=$(cpu_ms "$pid")
        sleep 1
        local used=$(($(cpu_ms "$pid") - from)) more=$(($(memory "$pid") - before))
        echo "$1: $used ms of CPU in a second, $more KiB more than before"
        [ "$more" -lt 1000 ]
        ! applies stuck-cpu "$1" || [ "$used" -lt 100 ]
    }
    each_stage stuck one
}

@test "5000 clients are silent while one types, then each of them is served" {
    [ "$(ulimit -H -n)" = unlimited ] || [ "$(ulimit -H -n)" -ge 5200 ] ||
        skip "this system allows only $(ulimit -H -n) descriptors"
    one() { start_stage "$1" -q && peers idle "$port" 5000; }
    each_stage idle-5000 one
}

@test "select with 1100 clients serves what fits; the rest wait and are served in the end" {
    start_stage select -q
    peers overflow "$port" 1100 1000
    stop_stage
    [ "$status" -eq 0 ]
}

# ---- sleep and system calls

@test "idle, with two silent clients, a stage takes less than 1 % of the CPU" {
    # All stages are idle at the same time: that saves half a minute.
    local stage used names=() pids=() from=()

    for stage in $(stages); do
        applies idle-cpu "$stage" || continue
        start_stage "$stage" -q
        names+=("$stage") pids+=("$pid")
        start_peer silent "$port" 2
    done
    [ "${#names[@]}" -gt 0 ]
    for i in "${!pids[@]}"; do
        from[i]=$(cpu_ms "${pids[i]}")
    done
    sleep 3
    for i in "${!pids[@]}"; do
        used=$(($(cpu_ms "${pids[i]}") - from[i]))
        echo "${names[i]}: $used ms of 3000"
        [ "$used" -lt 30 ]
    done
}

@test "under -q an echo costs at most three system calls: wait, recv, send" {
    one() {
        local talk heard from calls
        start_stage "$1" -q --stream --chunk 4096
        strace_on
        exec {talk}<>"/dev/tcp/127.0.0.1/$port"
        echo warm >&"$talk"
        read -r -t 5 -u "$talk" heard
        await 5 strace_settled
        from=$(strace_lines)
        for i in {1..50}; do
            echo "line $i" >&"$talk"
            read -r -t 5 -u "$talk" heard
            [ "$heard" = "line $i" ]
        done
        await 5 strace_settled
        calls=$(($(strace_lines) - from))
        echo "$1: $calls calls for 50 echoes"
        strace_off
        # The wait that is entered last may be counted or not.
        [ "$calls" -ge 100 ]
        [ "$calls" -le 151 ]
    }
    each_stage calls one
}

@test "a burst that is there already costs no wait" {
    one() {
        local talk text waits recvs
        start_stage "$1" -q --stream --chunk 100
        strace_on
        exec {talk}<>"/dev/tcp/127.0.0.1/$port"
        text=$(printf '%01000d' 7)
        printf %s "$text" >&"$talk"
        read -r -t 5 -N 1000 -u "$talk" heard
        [ "$heard" = "$text" ]
        strace_off
        recvs=$(grep -c 'recv' "$calls_seen")
        waits=$(grep -cE '(select|poll|wait)[a-z0-9]*\(' "$calls_seen" || true)
        echo "$1: $recvs times recv, $waits times wait"
        # One wait each for the connection, for the burst and for what comes next.
        [ "$recvs" -ge 10 ]
        [ "$waits" -le 4 ]
    }
    each_stage burst one
}

# ---- the end

@test "SIGTERM and SIGINT end an idle stage with exit code 0, and the port is free at once" {
    one() {
        local first
        for signal in TERM INT; do
            start_stage "$1" -q
            first=$port
            stop_stage "$pid" "$signal"
            [ "$status" -eq 0 ]
            start_server "$ECHOLAB" "$1" -q --port "$first" --port-file '{port_file}'
            stop_stage
            [ "$status" -eq 0 ]
        done
    }
    each_stage stop-idle one
}

@test "with silent clients connected: exit code 0, no child left, restart at once" {
    one() {
        local first offspring child
        start_stage "$1" -q
        first=$port
        start_peer silent "$port" 3 --text 'half a line'
        offspring=$(pgrep -P "$pid" || true)
        stop_stage
        [ "$status" -eq 0 ]
        for child in $offspring; do
            await 2 gone "$child"
        done
        start_server "$ECHOLAB" "$1" -q --port "$first" --port-file '{port_file}'
        peers come-and-go "$port" 1
    }
    each_stage stop-silent one
}

@test "with a client that never reads: exit code 0, no child left" {
    one() {
        local offspring child
        start_stage "$1" -q
        start_peer deaf "$port"
        offspring=$(pgrep -P "$pid" || true)
        stop_stage
        [ "$status" -eq 0 ]
        for child in $offspring; do
            await 2 gone "$child"
        done
    }
    each_stage stop-stuck one
}

@test "no signal is lost, whenever it comes" {
    one() {
        for i in {1..15}; do
            start_stage "$1" -q
            sleep "0.00$((RANDOM % 10))"
            stop_stage
            [ "$status" -eq 0 ]
        done
    }
    each_stage early-signal one
}

@test "SIGSTOP and SIGCONT: served as if nothing had been" {
    one() {
        start_stage "$1" -q
        peers come-and-go "$port" 1
        all_of_it STOP
        all_of_it CONT
        peers come-and-go "$port" 2
        # Ctrl-Z while a client waits: what it types meanwhile is answered afterwards.
        local talk heard
        exec {talk}<>"/dev/tcp/127.0.0.1/$port"
        all_of_it STOP
        printf 'typed meanwhile\r\n' >&"$talk"
        refute read -r -t 0.3 -u "$talk" heard
        all_of_it CONT
        read -r -t 5 -u "$talk" heard
        [ "$heard" = $'typed meanwhile\r' ]
    }
    # As a terminal does it: the signal goes to the server and its children.
    all_of_it() {
        # shellcheck disable=SC2046
        kill "-$1" "$pid" $(pgrep -P "$pid")
    }
    each_stage stop-cont one
}

# ---- surroundings

@test "a taken port: exit code 3, and the first instance does not notice" {
    one() {
        start_stage "$1" -q
        run --separate-stderr limit 5 "$ECHOLAB" "$1" --port "$port"
        [ "$status" -eq 3 ]
        [[ $stderr == "echolab $1: cannot listen on 127.0.0.1:$port: address already in use"* ]]
        peers come-and-go "$port" 2
        kill -0 "$pid"
    }
    each_stage port-taken one
}

# Starts a stage whose stdout is opened by the shell redirection $2.
start_with() {
    # shellcheck disable=SC2016
    start_server bash -c "exec \"\$@\" $2" bash "$ECHOLAB" "$1" --port 0 \
        --port-file '{port_file}'
}

@test "stdout is a full disk, or a pipe that nobody has open any more" {
    one() {
        local reader
        start_with "$1" '>/dev/full'
        peers come-and-go "$port" 20
        stop_stage
        [ "$status" -eq 0 ]
        mkfifo "$BATS_TEST_TMPDIR/closed.$1"
        exec {reader}<>"$BATS_TEST_TMPDIR/closed.$1"
        start_with "$1" ">'$BATS_TEST_TMPDIR/closed.$1' $reader>&-"
        exec {reader}>&-
        peers come-and-go "$port" 20
        stop_stage
        [ "$status" -eq 0 ]
    }
    each_stage broken-console one
}

@test "stdout is a pipe that nobody reads: lines are dropped, clients are served" {
    one() {
        local reader
        mkfifo "$BATS_TEST_TMPDIR/unread.$1"
        exec {reader}<>"$BATS_TEST_TMPDIR/unread.$1"
        start_with "$1" ">'$BATS_TEST_TMPDIR/unread.$1' $reader>&-"
        peers come-and-go "$port" 1000 # about 150 bytes of console each, 64 KiB fit
        stop_stage
        exec {reader}>&-
        [ "$status" -eq 0 ]
        grep -q "^echolab $1: [0-9]* console lines were dropped: nobody read them$" "$errors" ||
            ! applies unread-says "$1"
    }
    each_stage unread-console one
}

@test "started with stdin, stdout and stderr closed: no console line reaches a client" {
    one() {
        start_with "$1" '<&- >&- 2>&-'
        peers echo "$port" 100
        peers come-and-go "$port" 4
    }
    each_stage closed-fds one
}

@test "out of descriptors: alive, no hot loop, old clients served, and it recovers" {
    one() {
        local from used lines
        start_server prlimit --nofile=32 "$ECHOLAB" "$1" -q --port 0 --port-file '{port_file}'
        start_peer overflow "$port" 60 10 --hold
        from=$(cpu_ms "$pid")
        sleep 2
        used=$(($(cpu_ms "$pid") - from))
        lines=$(grep -c 'Too many open files' "$errors" || true)
        echo "$1: $used ms of CPU in 2 s, $lines complaints"
        ! applies overflow-cpu "$1" || [ "$used" -lt 100 ]
        [ "$lines" -ge 1 ]
        [ "$lines" -le 6 ]
        kill -USR1 "$peer"
        await 20 grep -qx 'all served in the end' "$peer_log"
        stop_stage
        [ "$status" -eq 0 ]
    }
    each_stage overflow one
}
