#!/usr/bin/env bash
# Every command on record, as its program received it: against a thread that rewrites memory, by every way to execute, in storms, and in
# the middle of pauses and kills. As root and as an ordinary user.
. "$(dirname "$0")/lib.sh"

trail_of() { w trail "$1" --json; }
# records ID KIND EXPRESSION: evaluates over `r`, the list of records of that kind.
records() { trail_of "$1" | python3 -c 'import json, sys
r = [json.loads(l) for l in sys.stdin]
r = [x for x in r if x["kind"] == sys.argv[1]]
print(eval(sys.argv[2]))' "$2" "$3"; }
newest() { w ps -aq | tail -1; }
stopped_processes() { # of the session of PID: in state t (traced) or T
	local ns
	ns=$(readlink "/proc/$1/ns/pid") || return
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/ns/pid" 2>/dev/null)" = "$ns" ] && awk '$3 == "t" || $3 == "T"' "$p/stat" 2>/dev/null
	done
}

for mode in root user; do
	who $mode
	cp "$T/bin/exec_race" "$T/bin/exec_kinds" "$PROJECT/"

	run -- ./exec_race 300 >"$T/printed"
	id=$(newest)
	records "$id" exec '"\n".join(x["argv"][2] for x in r if x["exe"] == "/usr/bin/printf")' >"$T/recorded"
	check_eq "$mode race: 300 of 300 on record" "$(wc -l <"$T/recorded")" 300
	if cmp -s "$T/printed" "$T/recorded"; then pass "$mode race: what is on record is what ran"; else fail "$mode race: $(diff "$T/printed" "$T/recorded" | grep -c '^<') of 300 differ"; fi
	check_eq "$mode race: all verified" "$(records "$id" exec 'all(x["verified"] for x in r)')" True

	check_eq "$mode kinds: all went through" "$(run -- ./exec_kinds)" 12
	id=$(newest)
	for kind in by-fork by-vfork by-spawn by-thread by-path; do
		check_eq "$mode kinds: $kind" "$(records "$id" exec "[x['argv'] for x in r if '$kind' in x['argv']]")" "[['true', '$kind']]"
	done
	check_eq "$mode kinds: a script is its interpreter" "$(records "$id" exec '[(x["argv"][:2], x["argv"][-1]) for x in r if "by-script" in x["argv"]]')" "[(['/bin/sh', '-e'], 'by-script')]"
	check_in "$mode kinds: a deleted program says so" "$(records "$id" exec '[x["exe"] for x in r if "by-deleted" in x["argv"]]')" "(deleted)"
	check_eq "$mode kinds: odd bytes come back as JSON" "$(records "$id" exec 'sum("odd-" in str(x["argv"]) for x in r)')" 1
	check_eq "$mode kinds: 1.8 MB of arguments are cut, and told" "$(records "$id" exec '[(x["argv_bytes"], len(x["argv_sha256"])) for x in r if "by-big" in x["argv"]]')" "[(1800030, 64)]"
	check_eq "$mode kinds: ten misses and a hit are one command" "$(records "$id" exec 'len(r)')" 13
	check_eq "$mode kinds: 20,002 arguments are cut, and told" "$(records "$id" exec '[(len(x["argv"]), x["argv_bytes"]) for x in r if "by-many" in x["argv"]]')" "[(8192, 20013)]"
	check_eq "$mode kinds: control bytes are cut, and told" "$(records "$id" exec '[x["argv_bytes"] for x in r if "by-control" in x["argv"]]')" "[60017]"
	check_out "$mode kinds: nothing raw for a terminal" "$(w trail "$id")" $'\x1b'
	w trail "$id" --verify >/dev/null
	check_eq "$mode kinds: the trail verifies" $? 0

	# duration and end of each command
	run -- sh -c '/usr/bin/sleep 0.3; sh -c "exit 7"; sh -c "kill -9 \$\$"; true' 2>/dev/null
	id=$(newest)
	check_eq "$mode end: each command has one" "$(records "$id" exec 'len(r)')" "$(records "$id" exec_end 'len(r)')"
	check_eq "$mode end: how long it took" "$(records "$id" exec_end 'sum(300 <= x["duration_ms"] < 900 for x in r) >= 1')" True
	check_eq "$mode end: exit codes, or unknown" "$(records "$id" exec_end '7 in [x["exit_code"] for x in r] or all(x["exit_code"] is None for x in r)')" True
	check_eq "$mode end: signals, or unknown" "$(records "$id" exec_end '9 in [x["signal"] for x in r] or all(x["signal"] is None for x in r)')" True
	check_eq "$mode end: counted" "$(field_of "$id" counts.exec)" "$(records "$id" exec 'len(r)')"

	# a storm, with pauses in it: nobody stays stopped, nothing is lost, the door stays open
	id=$(run -d --pids-limit 60 -- sh -c 'i=0; while [ $i -lt 400 ]; do for k in 1 2 3 4; do /usr/bin/true $i-$k & done; wait; i=$((i+1)); done; sleep 60')
	pid=$(field_of "$id" pid)
	slow=0
	for _ in 1 2 3 4 5 6; do
		start=$(date +%s%N)
		w pause "$id" >/dev/null
		w resume "$id" >/dev/null
		[ $((($(date +%s%N) - start) / 1000000)) -lt 1000 ] || slow=$((slow + 1))
	done
	check_eq "$mode storm: paused and resumed in time" "$slow" 0
	# its last command is the sleep: once that is on record, so is all before it
	storm_over() { trail_of "$id" | grep -q '"exe":"/usr/bin/sleep"'; }
	wait_for 60 storm_over
	check_eq "$mode storm: 1600 commands, 1600 records" "$(records "$id" exec 'sum(x["exe"] == "/usr/bin/true" for x in r)')" 1600
	check_eq "$mode storm: each once" "$(records "$id" exec 'len({x["argv"][1] for x in r if x["exe"] == "/usr/bin/true"})')" 1600
	check_eq "$mode storm: nobody is left stopped" "$(stopped_processes "$pid")" ""
	w kill "$id" --grace 0 >/dev/null
	check_eq "$mode storm: killed" "$(state_of "$id")" killed

	# killed in the middle, many times: always gone, always whole
	bad=
	for delay in 0.01 0.02 0.05 0.1 0.15 0.2 0.25 0.3; do
		id=$(run -d --pids-limit 60 -- sh -c 'while :; do for k in 1 2 3 4 5 6; do /usr/bin/true & done; wait; done')
		pid=$(field_of "$id" pid)
		sleep $delay
		w kill "$id" --grace 0 >/dev/null
		[ "$(state_of "$id")" = killed ] && [ ! -d "/proc/$pid" ] && w trail "$id" --verify >/dev/null || bad="$bad $delay"
	done
	check_eq "$mode kill in the middle: gone, and the trail verifies" "$bad" ""
	id=$(run -d --pids-limit 60 -- sh -c 'while :; do for k in 1 2 3 4 5 6; do /usr/bin/true & done; wait; done')
	pid=$(field_of "$id" pid)
	kill -9 "$(awk '/^PPid/ {print $2}' "/proc/$(awk '/^PPid/ {print $2}' "/proc/$pid/status")/status")"
	if wait_for 3 test ! -d "/proc/$pid"; then pass "$mode supervisor killed in the middle: the agent is gone"; else fail "$mode supervisor killed in the middle: $pid stays"; fi
	check_eq "$mode supervisor killed in the middle: lost" "$(state_of "$id")" lost
	w trail "$id" --verify >/dev/null
	check_eq "$mode supervisor killed in the middle: the trail verifies" $? 0

	# what lives on many processes at once goes on working
	out=$(run --rm -- python3 -c 'import subprocess, concurrent.futures as f
with f.ThreadPoolExecutor(16) as p: print(sum(p.map(lambda i: subprocess.call(["true"]) == 0, range(300))))' 2>&1)
	check_eq "$mode 300 spawns from 16 threads" "$out" 300
	rm -f "$PROJECT/exec_race" "$PROJECT/exec_kinds"
done

# a debugger inside, where the policy lets it
who root
if command -v gdb >/dev/null; then
	echo '{ "name": "debug", "extends": "default", "toggles": { "ptrace": true } }' >"$T/policies/debug.json"
	out=$(run --policy "$T/policies/debug.json" -- gdb -q -batch -ex run --args /usr/bin/true under-gdb 2>&1)
	check_in "gdb: runs a program to its end" "$out" "exited normally"
	id=$(newest)
	check_eq "gdb: what it traces is on record as not verified" "$(records "$id" exec '[x["verified"] for x in r if "under-gdb" in str(x["argv"]) and "gdb" not in x["exe"]][-1:]')" "[False]"
else
	skip "gdb: not installed here"
fi
