# shellcheck shell=bash
# What session tests share: an installation of their own (so that an ordinary user can reach it), directories of their own, and
# counting. Every test runs as root and, where WHO=user, as an ordinary user too.
set -u
PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
O=${O:-build}
[ "${O#/}" != "$O" ] || O=$PWD/$O
WARDER_SOURCE=${WARDER:-$O/warder}
USER_NAME=nobody
USER_GROUP=$(id -gn nobody 2>/dev/null || echo nogroup)
failures=0

T=$(mktemp -d "${TMPDIR:-/tmp}/warder-test.XXXXXX")
chmod 755 "$T"
mkdir -p "$T/bin" "$T/policies"
cp "$WARDER_SOURCE" "$T/bin/warder" || { echo "FAIL setup: no binary at $WARDER_SOURCE"; exit 1; }
cp -r policies/. "$T/policies/"
[ -d "$O/tests/session" ] && cp "$O"/tests/session/[a-z]* "$T/bin/" 2>/dev/null
chmod -R a+rX "$T/bin" "$T/policies"
W=$T/bin/warder

pass() { echo "PASS $*"; }
fail() { echo "FAIL $*"; failures=$((failures + 1)); }
skip() { echo "SKIP $*"; }

# check NAME: passes if the last command did. check_eq NAME GOT WANTED. check_in NAME TEXT PART.
check_eq() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1: got '$2', expected '$3'"; fi; }
check_in() { case "$2" in *"$3"*) pass "$1" ;; *) fail "$1: '$3' is not in: $2" ;; esac; }
check_out() { case "$2" in *"$3"*) fail "$1: '$3' is in: $2" ;; *) pass "$1" ;; esac; }

# who root|user: whose sessions the following ones are. Sets WHO, PROJECT, EXTRA and the directories.
who() {
	WHO=$1
	export WARDER_RUNTIME_DIR=$T/$WHO/run WARDER_STATE_DIR=$T/$WHO/state
	PROJECT=$T/$WHO/project
	mkdir -p "$PROJECT"
	EXTRA=()
	if [ "$WHO" = user ]; then
		chown -R "$USER_NAME:$USER_GROUP" "$T/$WHO"
		# this machine gives an ordinary user no cgroup: accepted by name, tested by its own test
		EXTRA=(--allow-degraded limits)
	fi
}

# as COMMAND...: as root or as the ordinary user.
as() {
	if [ "$WHO" = user ]; then
		setpriv --reuid "$USER_NAME" --regid "$USER_GROUP" --clear-groups --inh-caps=-all \
			env -u XDG_RUNTIME_DIR HOME=/nonexistent "$@"
	else
		"$@"
	fi
}
w() { as "$W" "$@"; }
run() { w run "${EXTRA[@]}" -C "$PROJECT" "$@"; }

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.05
	done
}
state_of() { w ps -a --json | python3 -c 'import json,sys
for s in json.load(sys.stdin):
    if s["id"] == sys.argv[1] or s["name"] == sys.argv[1]: print(s["state"])' "$1"; }
field_of() { w ps -a --json | python3 -c 'import json,sys
for s in json.load(sys.stdin):
    if s["id"] == sys.argv[1]:
        v = s
        for k in sys.argv[2].split("."): v = v[k]
        print(json.dumps(v) if not isinstance(v, str) else v)' "$1" "$2"; }

finish() {
	for who in root user; do
		[ -d "$T/$who/run/sessions" ] || continue
		who "$who"
		for dir in "$T/$who"/run/sessions/*/; do
			[ -d "$dir" ] && w kill "$(basename "$dir")" --grace 0 >/dev/null 2>&1
		done
	done
	rm -rf "$T"
	[ "$failures" = 0 ]
	exit $?
}
trap finish EXIT
