#!/usr/bin/env bash
# Bad input and hostile places: one clear line, its exit status, and nothing started.
. "$(dirname "$0")/lib.sh"

refused() { # refused NAME STATUS PART COMMAND...
	local name=$1 status=$2 part=$3 out got
	shift 3
	out=$("$@" 2>&1)
	got=$?
	if [ "$got" != "$status" ]; then fail "$name: status $got, expected $status: $out"; else check_in "$name" "$out" "$part"; fi
	if [ -n "$(ls "$WARDER_RUNTIME_DIR/sessions" 2>/dev/null)" ]; then fail "$name: something was started"; fi
}

who root
refused "no such user" 125 "no such user" w run --for no-such-user -C "$PROJECT" -- true
refused "project not there" 125 "$PROJECT/none" w run -C "$PROJECT/none" -- true
touch "$PROJECT/file"
refused "project is a file" 125 "$PROJECT/file" w run -C "$PROJECT/file" -- true
refused "not that user's project" 125 "$USER_NAME" w run --for "$USER_NAME" -C "$PROJECT" -- true
refused "no such policy" 125 nosuch run --policy nosuch -- true
refused "unknown option" 2 "--frobnicate" run --frobnicate -- true
refused "no command" 2 "" run
refused "bad size" 2 "lots" run -m lots -- true
refused "memory of nothing" 125 "memory" run -m 1 -- true
refused "unknown layer" 125 "no such layer" run --allow-degraded windows -- true
refused "added capability" 125 "--cap-add" run --cap-add SYS_ADMIN -- true
refused "root inside" 125 "" run --user root -- true
refused "exec.mode that is not enforced yet" 125 "exec.mode" run --exec ask -- true
echo '{ "name": "p", "limits": { "memory": "2g", "memory": "3g" } }' >"$T/p.json"
refused "duplicate key" 125 "limits" run --policy "$T/p.json" -- true
echo '{ "name": "p", "limits": { "memroy": "2g" } }' >"$T/p.json"
refused "unknown key" 125 'memroy' run --policy "$T/p.json" -- true
echo '{ "name": "p", "network": { "allow": [ { "cidr": "10.0.0.0/8", "port": 70000 } ] } }' >"$T/p.json"
refused "port out of range, by place" 125 'network.allow[0].port: expected' run --policy "$T/p.json" -- true
echo '{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [ { "names": [ "read", "opn" ], "action": "SCMP_ACT_ALLOW" } ] }' >"$T/s.json"
refused "nonsense system call, by place" 125 'syscalls[0]' run --security-opt "seccomp=$T/s.json" -- true
printf '{ "defaultAction": ' >"$T/s.json"
refused "torn profile" 125 's.json:1:' run --security-opt "seccomp=$T/s.json" -- true

# the audit of mounts
mkdir -p "$T/home/.ssh" "$T/home/.aws" "$T/keys"
ln -s /etc "$T/link"
for source in / /etc /root /proc /sys /dev /run /home "$T/home/.ssh" "$T/home/.aws" "$T/link" /dev/null; do
	refused "mount of $source" 125 "refused" run -v "$source:/mnt/x" -- true
done
python3 -c 'import socket,sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1])' "$T/sock"
refused "mount of a unix socket" 125 "socket" run -v "$T/sock:/mnt/x" -- true
refused "project is /etc" 125 "refused" w run -C /etc -- true
refused "project is /root" 125 "refused" w run -C /root -- true
out=$(run --rm --allow-risky "$T/home/.ssh" -v "$T/home/.ssh:/mnt/x:ro" -- ls -d /mnt/x 2>&1)
check_in "--allow-risky names it" "$out" /mnt/x
ln -s /etc "$PROJECT/evil"
run --rm -v "$T/keys:/workspace/evil/made" -- true >/dev/null 2>&1
[ -e /etc/made ] && fail "a mount point behind a symlink was made on the host" || pass "a mount point behind a symlink touches nothing (CVE-2026-87766)"
rm "$PROJECT/evil"
refused "a secret passed by policy" 125 "GITHUB_TOKEN" env GITHUB_TOKEN=ghp_0123456789abcdef0123456789abcdef0123 "$W" run --policy "$(echo '{ "name": "p", "environment": { "pass": [ "GITHUB_TOKEN" ] } }' >"$T/p.json"; echo "$T/p.json")" -C "$PROJECT" -- true
out=$(GITHUB_TOKEN=ghp_0123456789abcdef0123456789abcdef0123 run --rm -e GITHUB_TOKEN -- sh -c 'echo ${#GITHUB_TOKEN}' 2>&1)
check_in "-e names it: passed" "$out" 40
w audit -C /etc -- true >/dev/null 2>&1
check_eq "audit finds it: 1" $? 1
w audit -C "$PROJECT" -- true >/dev/null 2>&1
check_eq "audit of a good launch: 0" $? 0

# places
mkdir -p "$T/evil"
chown "$USER_NAME" "$T/evil"
refused "a runtime directory of somebody else" 125 "owned by" env WARDER_RUNTIME_DIR="$T/evil" "$W" run -C "$PROJECT" -- true
ln -s "$T/evil" "$T/symlink"
refused "a runtime directory that is a symlink" 125 "symbolic link" env WARDER_RUNTIME_DIR="$T/symlink" "$W" run -C "$PROJECT" -- true
mkdir -p "$T/full"
if unshare -m sh -c 'mount -t tmpfs -o size=64k none "$1/full" && head -c 60000 /dev/zero >"$1/full/x"; head -c 60000 /dev/zero >>"$1/full/x"; WARDER_STATE_DIR="$1/full" WARDER_RUNTIME_DIR="$1/root/run" "$2" run -C "$3" -- true' sh "$T" "$W" "$PROJECT" >"$T/out" 2>&1; then
	fail "full disk: started"
else
	check_eq "full disk: refused" $? 125
	check_in "full disk: said" "$(cat "$T/out")" "No space left"
fi
# no free range of ids: every slot is held
out=$(python3 - "$W" "$PROJECT" <<'E'
import fcntl, os, subprocess, sys
run = os.environ["WARDER_RUNTIME_DIR"]
os.makedirs(run + "/ids", exist_ok=True)
fds = []
for slot in range(4096):
    fd = os.open(f"{run}/ids/{slot}", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    fds.append(fd)
p = subprocess.run([sys.argv[1], "run", "-C", sys.argv[2], "--", "true"], capture_output=True, text=True)
print(p.returncode, p.stderr)
E
)
check_in "no free uid range: 125" "$out" "125 "
check_in "no free uid range: said" "$out" "uid range"

rm -rf "$WARDER_RUNTIME_DIR/ids"

# too many sessions: as many places as warder keeps are taken
mkdir -p "$T/many/sessions"
(cd "$T/many/sessions" && for i in $(seq 1024); do printf '%012x ' "$i"; done | xargs mkdir)
out=$(WARDER_RUNTIME_DIR=$T/many "$W" run -C "$PROJECT" -- true 2>&1)
check_eq "too many sessions: refused" $? 125
check_in "too many sessions: said" "$out" "1024 sessions are live"
rm -rf "$T/many"

# no memory: from an address space that no program fits in to one that does, every launch runs or is refused in words
bad=
for kb in $(seq 4600 40 7000); do
	out=$( (ulimit -v "$kb"; "$W" run --rm -C "$PROJECT" -- true) 2>&1)
	case $? in
	0) ;;
	125 | 127) [ -n "$out" ] || bad="$bad $kb:silent" ;;
	*) bad="$bad $kb:$?:$out" ;;
	esac
done
check_eq "no memory: runs or is refused in words" "$bad" ""
check_eq "no memory: nothing is left" "$(ls -A "$WARDER_RUNTIME_DIR/sessions")" ""

# an ambiguous prefix names the candidates: among 17 ids two begin alike
for _ in $(seq 17); do run -- true; done
prefix=$(w ps -aq | cut -c1 | sort | uniq -d | head -1)
out=$(w show "$prefix" 2>&1)
check_eq "ambiguous: refused" $? 1
check_in "ambiguous: says so" "$out" "ambiguous"
w rm --ended >/dev/null
check_eq "rm --ended clears the list" "$(w ps -aq)" ""

who user
refused "ordinary user: another's session" 125 "only root" run --for root -- true
mkdir -p "$T/user/locked" && chmod 700 "$T/user/locked"
chown root "$T/user/locked"
refused "ordinary user: project not readable" 125 "$T/user/locked" w run "${EXTRA[@]}" -C "$T/user/locked" -- true

# a session of root's is nobody else's (firejail CVE-2022-31214)
who root
id=$(run -d -- sleep 60)
# shellcheck disable=SC2034 # lib.sh reads it: the next commands are the user's, in root's directories
WHO=user
out=$(w show "$id" 2>&1)
check_eq "another user's session is not shown" $? 1
out=$(w kill "$id" 2>&1)
check_eq "another user cannot kill it" $? 1
who root
check_eq "it still runs" "$(state_of "$id")" running
w kill "$id" --grace 0 >/dev/null

# but a session that root runs for a user is that user's too
own=$T/root/own
mkdir -p "$own"
chown "$USER_NAME:$USER_GROUP" "$own"
id=$(w run -d --for "$USER_NAME" -C "$own" -- sleep 60)
# shellcheck disable=SC2034 # lib.sh reads it
WHO=user
check_eq "the owner sees the session that root runs for him" "$(w ps -q)" "$id"
check_in "the owner reads its trail" "$(w trail "$id" 2>&1)" "running"
w pause "$id" >/dev/null
check_eq "the owner pauses it" "$(state_of "$id")" paused
w kill "$id" --grace 0 >/dev/null
check_eq "the owner ends it" "$(state_of "$id")" killed
out=$(as sh -c "echo >>'$WARDER_STATE_DIR/sessions/$id/trail.jsonl'" 2>&1)
check_in "the owner cannot write its trail" "$out" "denied"
who root

# an owner who locks what he may read fakes no life: his dead session is still told as lost, and reaped
id=$(w run -d --for "$USER_NAME" -C "$own" -- sleep 60)
# shellcheck disable=SC2034 # lib.sh reads it
WHO=user
as flock -s "$WARDER_RUNTIME_DIR/sessions/$id/lock" sleep 20 &
locker=$!
who root
sleep 0.3
kill -9 "$(awk '/^PPid/ {print $2}' "/proc/$(awk '/^PPid/ {print $2}' "/proc/$(field_of "$id" pid)/status")/status")"
sleep 0.3
check_eq "an owner's lock fakes no life" "$(state_of "$id")" lost
kill "$locker" 2>/dev/null
