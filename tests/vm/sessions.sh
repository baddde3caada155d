#!/bin/bash
# shellcheck disable=SC2015,SC2016,SC2317
# (A && B || C means just that here; programs for the sandbox are in single quotes; tests are called by name.)
#
# sessions.sh: whole sessions under a pure cgroup v2; sourced by guest.sh. Each test is a function test_NAME, which succeeds or
# prints why not; it is run once as root and once as uid 1000 with a delegated cgroup. `w` is warder as that user; $tree the
# directory that the cgroups of its sessions are in.

project=/srv/project
cg=/sys/fs/cgroup
who='' tree=''

w() {
	"as_$who" warder "$@"
}

# Starts a session in the background under a name; its id in $id, its cgroup in $dir.
begin() { # NAME OPTIONS… -- COMMAND…
	local name=$1
	shift
	id=$(w run -d --name "$name" -C $project "$@") || return 1
	id=${id:0:12}
	dir=$tree/s-$id
	[ -d "$dir" ] || why "no cgroup $dir"
}

why() {
	echo "$@"
	return 1
}

# Waits up to ten seconds (the guest is slow) for a condition.
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

gone() {
	[ ! -e "$1" ]
}
state_is() { # NAME STATE
	state=$(w ps -a --json | tr '{' '\n' | grep -F "\"name\":\"$1\"" | grep -o '"state":"[a-z]*"' | cut -d'"' -f4)
	[ "$state" = "$2" ]
}
expect_state() {
	until_true state_is "$1" "$2" || why "state of $1 is '$state', not $2"
}
trail_has() { # NAME PATTERN
	w trail "$1" --json | grep -q -- "$2" || why "nothing like $2 in the trail of $1"
}
reads() { # FILE TEXT
	[ "$(cat "$1")" = "$2" ] || why "$1 is '$(cat "$1")', not '$2'"
}

test_exit_status() {
	local status
	w run -C $project -- sh -c 'exit 7'
	status=$?
	[ $status = 7 ] || why "exit status $status, not 7"
}

test_ids() {
	local out
	out=$(w run -C $project -- sh -c 'id -u; cat /proc/self/cgroup; touch /workspace/mine; stat -c %u /workspace/mine')
	[ "$out" = $'1000\n0::/\n1000' ] || { why "$out"; return; }
	# on disk the file belongs to the project's owner, in root mode through the idmapped mount
	[ "$(stat -c %u $project/mine)" = 1000 ] || why "on disk it is uid $(stat -c %u $project/mine)"
}

test_limit_files() {
	begin limits -m 64m --cpus 0.5 --pids-limit 30 -- sleep 600 || return
	reads "$dir/memory.max" 67108864 && reads "$dir/memory.swap.max" 0 && reads "$dir/memory.oom.group" 1 &&
		reads "$dir/cpu.max" "50000 100000" && reads "$dir/pids.max" 30 || return
	w kill limits >/dev/null || why "kill failed"
}

test_memory_limit() {
	local status
	w run --name oom -m 64m -C $project -- bash -c 'head -c 300000000 /dev/zero | tail -c 290000000 | wc -c; sleep 1'
	status=$?
	[ $status = 137 ] || { why "exit status $status, not 137"; return; }
	w ps -a --json | tr '{' '\n' | grep -F '"name":"oom"' | grep -qi memory || { why "ps does not say memory"; return; }
	trail_has oom '"kind":"limit".*"which":"memory"'
}

test_pids_limit() {
	local out
	out=$(w run --pids-limit 20 -C $project -- dash -c \
		'i=0; while [ $i -lt 60 ]; do sleep 30 & i=$((i+1)); done; echo all' 2>&1)
	case $out in *all*) why "sixty processes under a limit of twenty" ;; *[Ff]ork*) ;; *) why "no refusal: $out" ;; esac
}

test_kill() {
	begin killed -- bash -c 'while :; do (sleep 0.01 &) ; done' || return
	sleep 1
	w kill --grace 0s killed >/dev/null || { why "kill failed"; return; }
	expect_state killed killed && until_true gone "$dir" || why "left: $dir"
}

test_pause() {
	begin paused -- bash -c 'while :; do :; done' || return
	w pause paused >/dev/null || { why "pause failed"; return; }
	expect_state paused paused && reads "$dir/cgroup.freeze" 1 || return
	grep -q '^frozen 1' "$dir/cgroup.events" || { why "not frozen"; return; }
	w resume paused >/dev/null || { why "resume failed"; return; }
	expect_state paused running && reads "$dir/cgroup.freeze" 0 || return
	w pause paused >/dev/null && w kill --grace 0s paused >/dev/null || { why "a paused one was not killed"; return; }
	expect_state paused killed
}

# The supervisor of a session: the process that holds its lock.
supervisor_of() {
	local pid
	for pid in /proc/[0-9]*; do
		tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -q "__supervise" || continue
		find "$pid/fd" -lname "*/$1/*" 2>/dev/null | grep -q . && echo "${pid#/proc/}"
	done | head -1
}

test_supervisor_killed() {
	local pid survivor
	begin survivor -- sleep 600 || return
	survivor=$dir
	begin orphan -- bash -c 'trap "" TERM HUP; while :; do sleep 1; done' || return
	pid=$(supervisor_of "$id")
	[ -n "$pid" ] || { why "no supervisor found"; return; }
	kill -9 "$pid"
	emptied() { [ ! -e "$dir" ] || grep -q '^populated 0' "$dir/cgroup.events"; }
	until_true emptied || { why "the agent outlives its supervisor"; return; }
	expect_state orphan lost && until_true gone "$dir" || { why "left: $dir"; return; }
	w trail orphan --verify >/dev/null || { why "its trail does not verify"; return; }
	state_is survivor running && grep -q '^populated 1' "$survivor/cgroup.events" || { why "another session went too"; return; }
	w kill --grace 0s survivor >/dev/null
	expect_state survivor killed
}

test_nothing_left() {
	local runtime=$1 left
	until_true gone "${tree%/*}" || why "cgroups left: $(find "${tree%/*}" -type d)" || return
	left=$(ls "$runtime/sessions" 2>/dev/null)
	[ -z "$left" ] || { why "runtime directory: $left"; return; }
	left=$(find "$runtime/ids" -type f -size +0 2>/dev/null)
	[ -z "$left" ] || { why "id ranges: $left"; return; }
	[ "$(wc -l </proc/self/mountinfo)" = "$mounts_before" ] || { why "mounts are left"; return; }
	left=$(grep -l __supervise /proc/[0-9]*/cmdline 2>/dev/null)
	[ -z "$left" ] || why "processes: $left"
}

# A user to whom nothing is delegated: refused with what to do about it, or degraded and told.
test_undelegated() {
	local out status
	alone() {
		setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH="$PATH" HOME=/home/user USER=user \
			XDG_RUNTIME_DIR=/run/user/1000 warder "$@"
	}
	out=$(alone run -C $project -- true 2>&1)
	status=$?
	[ $status = 125 ] || { why "exit status $status: $out"; return; }
	case $out in *limits:*systemd-run*Delegate=yes*) ;; *) why "no remedy: $out" || return ;; esac
	out=$(alone run --name degraded --allow-degraded limits -C $project -- bash -c 'ulimit -u; ulimit -n' 2>&1) ||
		{ why "not with --allow-degraded: $out"; return; }
	case $out in *100*1024*) ;; *) why "resource limits instead: $out" || return ;; esac
	alone show degraded --json | grep -q '"limits"[^}]*degraded' || { why "show does not say degraded"; return; }
	alone rm degraded >/dev/null
}

# Root starts it, it is the user's: its cgroup, and who may end it.
test_for_user() {
	begin theirs --for user -- sleep 600 && return 1 # it is not in root's directory
	dir=$cg/warder/u-1000/s-$id
	[ -d "$dir" ] || { why "no cgroup $dir"; return; }
	w ps --json | grep -q '"user":"user"' || { why "ps does not say whose it is"; return; }
	w kill --grace 0s theirs >/dev/null && until_true gone $cg/warder/u-1000
}

# Runs every test as one of the two.
sessions() {
	local name runtime also
	who=$1
	mounts_before=$(wc -l </proc/self/mountinfo)
	case $who in
	root) tree=$cg/warder/u-0 runtime=/run/warder ;;
	user) tree=$cg/delegated/warder/u-1000 runtime=/run/user/1000/warder ;;
	esac
	case $who in
	root) also=for_user ;;
	user) also=undelegated ;;
	esac
	for name in $also exit_status ids limit_files memory_limit pids_limit kill pause supervisor_killed nothing_left; do
		rm -f $project/mine
		if "test_$name" "$runtime" >/tmp/session.out 2>&1; then
			pass "$who/sessions/$name"
		else
			sed 's/^/  | /' /tmp/session.out
			fail "$who/sessions/$name" "$(tail -1 /tmp/session.out)"
			w kill --all --grace 0s >/dev/null 2>&1
		fi
	done
}
