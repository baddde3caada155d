#!/usr/bin/env bash
# How sessions start, are watched, paused, and end, as root and as an ordinary user; and that nothing is left of them.
. "$(dirname "$0")/lib.sh"

cgroups_of() { find /sys/fs/cgroup -maxdepth 6 -type d -name "s-$1" 2>/dev/null; }
gone() { # gone ID PID: what a session must leave
	[ ! -e "$WARDER_RUNTIME_DIR/sessions/$1" ] && [ ! -e "$WARDER_RUNTIME_DIR/sessions/.new-$1" ] && [ ! -e "$WARDER_RUNTIME_DIR/sessions/.old-$1" ] &&
		[ -z "$(cgroups_of "$1")" ] && { [ -z "${2:-}" ] || [ ! -d "/proc/$2" ]; } &&
		[ -z "$(find "$WARDER_RUNTIME_DIR/names" -lname "$1" 2>/dev/null)" ]
}
in_namespace() { # processes whose pid namespace is that of PID
	local ns
	ns=$(readlink "/proc/$1/ns/pid") || return
	for p in /proc/[0-9]*; do [ "$(readlink "$p/ns/pid" 2>/dev/null)" = "$ns" ] && basename "$p"; done
}

for mode in root user; do
	who $mode
	run --rm -- true
	check_eq "$mode: exit 0" $? 0
	run --rm -- sh -c 'exit 42'
	check_eq "$mode: exit status is the command's" $? 42
	run --rm -- sh -c 'kill -TERM $$'
	check_eq "$mode: 128+N for a signal" $? 143
	run --rm -- /no/such/program 2>/dev/null
	check_eq "$mode: 127 not found" $? 127
	touch "$PROJECT/plain"
	run --rm -- ./plain 2>/dev/null
	check_eq "$mode: 126 cannot execute" $? 126
	run --timeout 1s --rm -- sleep 30
	check_eq "$mode: 124 timed out" $? 124
	run --idle-timeout 1s --rm -- sleep 30
	check_eq "$mode: 124 idle" $? 124
	out=$(run --idle-timeout 2s --rm -- sh -c 'for i in 1 2 3 4 5 6; do sleep 0.5; echo $i; done; echo busy')
	check_in "$mode: printing is not idling" "$out" busy

	check_eq "$mode: stdout and stderr are apart" "$(run --rm -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out
	check_eq "$mode: stdin comes in" "$(echo hello | run --rm -- cat)" hello
	check_eq "$mode: a big stream is whole" "$(head -c 20000000 /dev/zero | run --rm -- cat | wc -c)" 20000000
	check_eq "$mode: a reader that stops early ends it" "$(run --rm -- yes 2>/dev/null | head -2 | tr -d '\n')" yy
	check_in "$mode: a terminal where stdin is one" "$(as script -qec "$W run ${EXTRA[*]} --rm -C $PROJECT -- tty" /dev/null </dev/null)" /dev/pts/

	id=$(run -d -- sh -c 'while :; do sleep 100 & wait; done')
	check_eq "$mode: -d prints an id" "${#id}" 12
	check_eq "$mode: running" "$(state_of "$id")" running
	pid=$(field_of "$id" pid)
	w pause "$id" >/dev/null
	check_eq "$mode: pause" "$(state_of "$id")" paused
	w resume "$id" >/dev/null
	check_eq "$mode: resume" "$(state_of "$id")" running
	check_in "$mode: who paused is on record" "$(w trail "$id" --kind state)" "running -> paused: by "
	w kill "$id" --grace 0 >/dev/null
	check_eq "$mode: killed" "$(state_of "$id")" killed
	if gone "$id" "$pid"; then pass "$mode: nothing is left"; else fail "$mode: something is left of $id"; fi
	w trail "$id" --verify >/dev/null
	check_eq "$mode: trail verifies" $? 0
	check_in "$mode: trail tells the end" "$(w trail "$id")" killed
	w rm "$id" >/dev/null
	check_eq "$mode: rm removes the record" "$(state_of "$id")" ""

	# a session that forks as fast as it can, killed: no process escapes
	id=$(run -d --pids-limit 60 -- python3 -c 'import os, signal
for s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)
while True:
    try:
        if os.fork() and os.getpid() != 2: os._exit(0)
    except OSError: pass')
	pid=$(field_of "$id" pid)
	sleep 0.5
	w kill "$id" --grace 0 >/dev/null
	check_eq "$mode: a forking session is killed" "$(state_of "$id")" killed
	if gone "$id" "$pid"; then pass "$mode: nothing of it escapes"; else fail "$mode: left of the forking session"; fi

	# TERM is heard; after the grace the rest is killed
	id=$(run -d -- sh -c 'trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done')
	sleep 0.3
	w kill "$id" >/dev/null
	check_in "$mode: TERM is heard" "$(w logs "$id")" bye
	id=$(run -d -- sh -c 'trap "" TERM; while :; do sleep 0.1; done')
	w kill "$id" --grace 1s >/dev/null
	check_eq "$mode: after the grace it is killed" "$(state_of "$id")" killed
	w kill "$id" >/dev/null 2>&1
	check_eq "$mode: killing what has ended says so" $? 1
	# paused sessions can be killed too
	id=$(run -d -- sleep 100)
	w pause "$id" >/dev/null
	w kill "$id" --grace 0 >/dev/null
	check_eq "$mode: a paused session is killed" "$(state_of "$id")" killed

	# a supervisor that dies takes its agent with it; others live on
	id=$(run -d -- sleep 1000) other=$(run -d -- sleep 1000)
	pid=$(field_of "$id" pid)
	super=$(awk '/^PPid/ {print $2}' "/proc/$(awk '/^PPid/ {print $2}' "/proc/$pid/status")/status")
	kill -9 "$super"
	if wait_for 3 test ! -d "/proc/$pid"; then pass "$mode: the agent dies with its supervisor"; else fail "$mode: agent $pid outlives its supervisor"; fi
	check_eq "$mode: it is told as lost" "$(state_of "$id")" lost
	check_eq "$mode: others live on" "$(state_of "$other")" running
	if gone "$id" "$pid"; then pass "$mode: nothing is left of the lost one"; else fail "$mode: left of the lost session"; fi
	w trail "$id" --verify >/dev/null
	check_eq "$mode: its trail still verifies" $? 0
	check_in "$mode: its trail says lost" "$(w trail "$id" --json | tail -1)" '"to":"lost"'

	# panic: freezes all, lets all go on, kills all
	two=$(run -d -- sleep 1000)
	w panic --freeze >/dev/null
	check_eq "$mode: panic freezes" "$(state_of "$other") $(state_of "$two")" "paused paused"
	w panic --resume >/dev/null
	check_eq "$mode: panic resumes" "$(state_of "$other") $(state_of "$two")" "running running"
	w kill --all --grace 0 >/dev/null
	check_eq "$mode: kill --all" "$(w ps -q)" ""
done

# names: taken while it lives, free afterwards
who root
run -d --name twin -- sleep 60 >/dev/null
err=$(run -d --name twin -- true 2>&1)
check_eq "name taken: refused" $? 125
check_in "name taken: said" "$err" "taken by a live session"
w kill twin --grace 0 >/dev/null
run --rm --name twin -- true
check_eq "name is free again" $? 0

# prefixes
a=$(run -d -- sleep 60)
check_eq "a prefix of the id will do" "$(w show "${a:0:6}" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])')" "$a"
w show nosuch >/dev/null 2>&1
check_eq "no such session" $? 1
w kill "$a" --grace 0 >/dev/null

# output is bounded and kept from the newest
id=$(run -d --timeout 60s -- sh -c 'i=0; while [ $i -lt 3 ]; do i=$((i+1)); head -c 1000000 /dev/zero | tr "\0" $i; done; echo; echo THE-END')
wait_for 10 test "$(state_of "$id")" = exited
sleep 0.2
check_in "logs has the end" "$(w logs "$id" | tail -1)" THE-END

# a terminal session: window size, attach and what it leaves
id=$(run -d -t -- sh -c 'stty size; read x; echo "got $x"; stty size')
sleep 0.3
out=$(printf 'word\n' | timeout 5 script -qec "stty rows 33 cols 99; $W attach $id" /dev/null 2>&1)
check_in "attach types into the session" "$out" "got word"
check_in "attach brings its window size" "$(w logs "$id")" "33 99"
id2=$(run -d -t -- sh -c 'echo before; sleep 20')
sleep 0.3
out=$( (sleep 1; printf '\021') | timeout 5 script -qec "$W attach $id2" /dev/null 2>&1)
check_in "attach shows what was printed before" "$out" before
w kill "$id2" --grace 0 >/dev/null
check_in "the policy in force is on record" "$(w trail "$id" --json --kind policy)" '"new":"default"'
check_in "attach is on record" "$(w trail "$id" --json --kind attach)" '"by_uid":0'
