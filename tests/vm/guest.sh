#!/bin/bash
# guest.sh: the tests that need a pure cgroup v2, as root and as uid 1000 with a delegated cgroup. One line a test:
# "PASS name", "FAIL name: why" (what it printed before that, with "  | "), "SKIP name: why"; at last the count.

passed=0 failed=0 skipped=0
cg=/sys/fs/cgroup

pass() {
	echo "PASS $1"
	passed=$((passed + 1))
}
fail() {
	echo "FAIL $1: ${*:2}"
	failed=$((failed + 1))
}
skipped() {
	echo "SKIP $1: ${*:2}"
	skipped=$((skipped + 1))
}

# As systemd does it for a user's manager: a subtree that belongs to the user, processes in a leaf of it.
delegate() {
	echo "+cpu +memory +pids +io" >$cg/cgroup.subtree_control
	mkdir -p $cg/delegated/shell
	echo "+cpu +memory +pids +io" >$cg/delegated/cgroup.subtree_control
	chown 1000:1000 $cg/delegated $cg/delegated/{cgroup.procs,cgroup.subtree_control,cgroup.threads} \
		$cg/delegated/shell $cg/delegated/shell/cgroup.procs
}

as_root() {
	"$@"
}
as_user() {
	(
		echo $BASHPID >$cg/delegated/shell/cgroup.procs
		exec setpriv --reuid 1000 --regid 1000 --clear-groups env -i PATH="$PATH" \
			HOME=/home/user USER=user LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/1000 "$@"
	)
}

# shellcheck disable=SC2015
# One cmocka program: each of its tests becomes a line.
unit() { # WHO NAME
	local who=$1 name=$2 out line test
	out=/tmp/$who-$name.out
	if [ ! -x "/tests/$name" ]; then
		skipped "$who/$name" "not built"
		return
	fi
	"as_$who" "/tests/$name" >"$out" 2>&1
	grep -q 'test(s) run' "$out" && ! grep -q '^\[  FAILED  \]' "$out" || sed 's/^/  | /' "$out"
	while read -r line; do
		test=${line##* }
		case $line in
		"[       OK ]"*) pass "$who/$name/$test" ;;
		"[  SKIPPED ]"*) skipped "$who/$name/$test" "$(grep -B1 -F "$line" "$out" | sed -n 's/^skipped: //p' | head -1)" ;;
		"[  FAILED  ]"*) fail "$who/$name/$test" "see above" ;;
		esac
	done < <(sed '/test(s) run/,$d' "$out" | grep -E '^\[ +(OK|SKIPPED|FAILED) +\]')
	grep -q 'test(s) run' "$out" || fail "$who/$name" "did not finish"
}

# A cgroup that is the user's with the caller alone in it, as `systemd-run --scope -p Delegate=yes` gives: warder has to
# step aside in its own cgroup.
as_scoped() {
	mkdir -p $cg/scope
	chown 1000:1000 $cg/scope $cg/scope/{cgroup.procs,cgroup.subtree_control,cgroup.threads}
	(
		echo $BASHPID >$cg/scope/cgroup.procs
		exec setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
	)
}

cd /tests || exit
echo # the firmware leaves its cursor in a line
delegate
mkdir -p /run/user/1000 && chown 1000:1000 /run/user/1000 /home/user && chmod 700 /run/user/1000
chown -R 1000:1000 /srv/project

for test in test_cgroup test_identity test_network test_capabilities test_landlock test_seccomp test_seccomp_base; do
	unit root $test
	unit user $test
done
# these two have a half of their own as an ordinary user
unit root test_mounts
unit root test_mounts_attacks
unit scoped test_cgroup

if [ -x /usr/local/bin/warder ]; then
	# shellcheck source=tests/vm/sessions.sh
	. /tests/sessions.sh
	sessions root
	sessions user
else
	skipped sessions "warder is not built"
fi

echo "$passed passed, $failed failed, $skipped skipped"
