#!/usr/bin/env bash
# A session among hostile and stalled peers (hostile.py), and at awkward moments: killed launchers, stopped and killed supervisors,
# full disks, many at once. Nothing may hang, be lost without a word, or be left behind.
. "$(dirname "$0")/lib.sh"

cgroups_of() { find /sys/fs/cgroup -maxdepth 6 -type d -name "s-$1" 2>/dev/null; }
supervisor_of() { # by the peer credentials of its socket
	python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1] + "/sessions/" + sys.argv[2] + "/control")
print(struct.unpack("iii", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])' "$WARDER_RUNTIME_DIR" "$1"
}
ours() { # processes of this test's binary: supervisors and the sandboxes' first processes
	local p
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/exe" 2>/dev/null)" = "$W" ] && basename "$p"
	done
}
none_of_ours() { [ -z "$(ours)" ]; }
is() { [ "$(state_of "$1")" = "$2" ]; }
reason_of() { field_of "$1" reason; }
millis() { echo $(($(date +%s%N) / 1000000)); }
left_behind() { # what no session may leave in the directories; empty when clean
	find "$WARDER_RUNTIME_DIR/sessions" "$WARDER_RUNTIME_DIR/names" -mindepth 1 -maxdepth 1 2>/dev/null
	find "$WARDER_RUNTIME_DIR/ids" -type f -size +0 2>/dev/null
}

for mode in root user; do
	who $mode
	as_words=
	[ "$mode" = user ] && as_words="setpriv --reuid $USER_NAME --regid $USER_GROUP --clear-groups --inh-caps=-all \
		env -u XDG_RUNTIME_DIR HOME=/nonexistent"
	AS=$as_words W=$W PROJECT=$PROJECT EXTRA=${EXTRA[*]} WHO=$WHO python3 tests/session/hostile.py || failures=$((failures + 1))
done

who root

# the launcher is killed as soon as the agent runs
"$W" run -C "$PROJECT" -- sh -c 'touch /workspace/started; sleep 1; touch /workspace/after' &
launcher=$!
wait_for 10 test -e "$PROJECT/started"
id=$(w ps -q)
kill -9 "$launcher"
wait "$launcher" 2>/dev/null
wait_for 10 test -e "$PROJECT/after"
check_eq "launcher killed: the session goes on" $? 0
wait_for 5 is "$id" exited
check_eq "launcher killed: it ends by itself" "$(state_of "$id")" exited

# SIGTERM to the supervisor: as a stop
id=$(run -d -- sh -c 'trap "echo bye; exit 0" TERM; while :; do sleep 0.05; done')
sleep 0.3
kill -TERM "$(supervisor_of "$id")"
wait_for 5 is "$id" killed
check_eq "SIGTERM to the supervisor ends the session" "$(state_of "$id")" killed
check_eq "SIGTERM to the supervisor: the record says so" "$(reason_of "$id")" "stopped by root"
check_in "SIGTERM to the supervisor: the agent heard TERM" "$(w logs "$id")" bye

# a stopped supervisor stops nobody else
id=$(run -d -- sleep 1000)
super=$(supervisor_of "$id")
kill -STOP "$super"
began=$(millis)
check_eq "stopped supervisor: ps shows it" "$(state_of "$id")" running
check_in "stopped supervisor: show works" "$(w show "$id" --json)" "\"$id\""
took=$(($(millis) - began))
if [ "$took" -lt 2000 ]; then pass "stopped supervisor: at once"; else fail "stopped supervisor: ps and show took $took ms"; fi
began=$(millis)
err=$(w kill -s TERM "$id" 2>&1)
check_eq "stopped supervisor: kill -s is an error" $? 1
took=$(($(millis) - began))
if [ "$took" -lt 7000 ]; then pass "stopped supervisor: within the deadline"; else fail "stopped supervisor: kill -s took $took ms"; fi
check_in "stopped supervisor: it says so" "$err" "not answer"
kill -CONT "$super"
w kill --grace 0 "$id" >/dev/null 2>&1
wait_for 5 is "$id" killed
check_eq "stopped supervisor: goes on where it was" "$(state_of "$id")" killed

# two reapers, and more, at once
for round in 1 2 3; do
	id=$(run -d -- sleep 1000)
	kill -9 "$(supervisor_of "$id")"
	for i in 1 2 3 4 5 6; do w __reap "$id" & done
	wait
	check_eq "six reapers at once ($round): one says lost" "$(w trail "$id" --json | grep -c '"to":"lost"')" 1
	check_eq "six reapers at once ($round): state" "$(state_of "$id")" lost
	w trail "$id" --verify >/dev/null
	check_eq "six reapers at once ($round): the trail verifies" $? 0
	check_eq "six reapers at once ($round): nothing is left" "$(left_behind)$(cgroups_of "$id")" ""
done

# one name, many launches: one gets it
for i in 1 2 3 4 5 6 7 8; do run -d --name only -- sleep 1000 >>"$T/named" 2>/dev/null & done
wait
check_eq "eight launches under one name: one lives" "$(w ps -q | wc -l) $(wc -l <"$T/named")" "1 1"
w kill --all --grace 0 >/dev/null

# the state directory's disk is full before the agent is done
mkdir -p "$T/full"
cat >"$T/full.sh" <<-'SH'
	mount -t tmpfs -o size=160k,mode=755 none "$WARDER_STATE_DIR" || exit 77
	id=$("$W" run -d -C "$PROJECT" -- sh -c 'sleep 1000 & i=0; while [ $i -lt 6000 ]; do echo "line $i of what fills the disk, and more of it"; i=$((i+1)); done; wait') || exit 1
	i=0; while [ $i -lt 100 ] && ! "$W" trail "$id" | grep -q "no longer kept"; do sleep 0.1; i=$((i+1)); done
	"$W" trail "$id" | grep -c "no longer kept" >"$T/full/told"
	"$W" ps -q | wc -l >"$T/full/lives"
	# each is a record, until none can be written any more
	i=0; while [ $i -lt 100 ] && "$W" kill -s CONT "$id" >/dev/null 2>&1; do i=$((i+1)); done
	i=0; while [ $i -lt 100 ] && [ -n "$("$W" ps -q)" ]; do sleep 0.1; i=$((i+1)); done
	"$W" show "$id" --json >"$T/full/show"
	"$W" trail "$id" --verify >"$T/full/verify" 2>&1; echo $? >>"$T/full/verify"
	cat "$WARDER_STATE_DIR/sessions/$id/supervisor.log" >"$T/full/log"
SH
mkdir -p "$T/full/state"
export PROJECT W T
WARDER_STATE_DIR=$T/full/state unshare -m --propagation private sh "$T/full.sh"
case $? in
77) skip "full disk: no tmpfs can be mounted here" ;;
*)
	shown=$(python3 -c 'import json,sys; r = json.load(open(sys.argv[1])); print(r["state"], "/", r["reason"])' "$T/full/show")
	check_eq "full disk: that output is not kept is told once, and the agent goes on" "$(cat "$T/full/told" "$T/full/lives" | tr '\n' ' ')" "1 1 "
	check_eq "full disk: the session fails, and says why" "$shown" "failed / the trail cannot be written: No space left on device"
	check_eq "full disk: the trail verifies as far as it goes" "$(tail -1 "$T/full/verify")" 0
	check_eq "full disk: no crash" "$(cat "$T/full/log")" ""
	check_eq "full disk: nothing is left" "$(left_behind)" "" ;;
esac

# fifty at once
began=$(millis)
for i in $(seq 50); do run -d -- sleep 1000 >>"$T/fifty" & done
wait
check_eq "fifty at once: all run" "$(w ps -q | wc -l) $(sort -u "$T/fifty" | wc -l)" "50 50"
w kill --all --grace 0 >/dev/null
check_eq "fifty at once: all are killed" "$(w ps -q)" ""
check_eq "fifty at once: nothing is left" "$(left_behind)$(cgroups_of '*' | grep -F -f "$T/fifty")" ""
wait_for 5 none_of_ours
check_eq "fifty at once: no process is left" "$(ours)" ""

# supervisors killed at any moment of a launch
empty_cgroups() { # those of sessions, without a process; other tests may make and remove some meanwhile
	local dir
	find /sys/fs/cgroup -maxdepth 6 -type d -name 's-????????????' 2>/dev/null | while read -r dir; do
		[ -n "$(cat "$dir/cgroup.procs" 2>/dev/null)" ] || echo "$dir"
	done | sort
}
empty_cgroups >"$T/before"
: >"$T/killed"
for i in $(seq 40); do
	python3 - "$W" "$PROJECT" "$i" >>"$T/killed" <<-'PY'
		import os, random, signal, subprocess, sys, time
		random.seed(int(sys.argv[3]))
		child = subprocess.Popen([sys.argv[1], "run", "-d", "-C", sys.argv[2], "--", "sleep", "1000"],
		                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		path = f"/proc/{child.pid}/task/{child.pid}/children"
		end = time.monotonic() + 2
		kids = []
		while not kids and time.monotonic() < end and child.poll() is None:
		    try:
		        kids = open(path).read().split()
		    except OSError:
		        break
		time.sleep(random.random() * 0.015)
		for pid in kids:
		    try:
		        os.kill(int(pid), signal.SIGKILL)
		        print("killed")
		    except OSError:
		        print("late")
		child.wait()
	PY
done
w ps -a >/dev/null
w ps -a >/dev/null
check_eq "supervisors killed while they launch: some were" "$(grep -c killed "$T/killed" | grep -vx 0 >/dev/null && echo yes)" yes
check_eq "supervisors killed while they launch: no session" "$(w ps -q)" ""
wait_for 5 none_of_ours
check_eq "supervisors killed while they launch: no process" "$(ours)" ""
staged=$(find "$WARDER_RUNTIME_DIR/sessions" -mindepth 1 -name '.new-*' | wc -l)
find "$WARDER_RUNTIME_DIR/sessions" -mindepth 1 -maxdepth 1 -exec touch -d '2 minutes ago' {} +
run --rm -- true
check_eq "supervisors killed while they launch: the next launch clears the $staged half-made ones" "$(left_behind)" ""
empty_cgroups | comm -13 "$T/before" - >"$T/after"
sleep 2
check_eq "supervisors killed while they launch: no cgroup" "$(empty_cgroups | comm -12 "$T/after" -)" ""
check_eq "supervisors killed while they launch: all records are of sessions that ended" \
	"$(w ps -a --json | python3 -c 'import json,sys; print({s["state"] for s in json.load(sys.stdin)} & {"starting", "running", "paused"} or "")')" ""

# whatever a supervisor had to say for itself (an abort, a sanitizer) went there
said=$(find "$T/root/state" "$T/user/state" -name supervisor.log -size +0)
check_eq "no supervisor had a word to say" "$(for log in $said; do head -20 "$log"; done)" ""
