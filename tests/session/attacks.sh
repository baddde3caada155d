#!/usr/bin/env bash
# An agent that means harm, and a host that makes it easy: what it can do to files, counters, keys, mounts and processes of the host.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3

# every call open and every toggle but the named ones shut: what the other layers must hold alone
echo '{ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [] }' >"$T/policies/seccomp/open.json"
open_policy() { # open_policy NAME TOGGLE
	echo "{ \"name\": \"$1\", \"extends\": \"default\", \"seccomp\": { \"profile\": \"seccomp/open.json\" },
		\"toggles\": { \"$2\": true } }" >"$T/policies/$1.json"
}
open_policy keys keyring
open_policy namespaces user_namespaces
open_policy traces ptrace
open_policy rings io_uring
chmod -R a+rX "$T/policies"

supervisor_of() { # the parent of the sandbox's first process, which is the agent's parent
	awk '{ print $4 }' "/proc/$(awk '{ print $4 }' "/proc/$(field_of "$1" pid)/stat")/stat"
}
clinging() { # clinging MARK: how many processes of attack_cling there are
	cat /proc/[0-9]*/comm 2>/dev/null | grep -c "^cling-$1"
}
none_clings() { [ "$(clinging "$1")" = 0 ]; }
some_cling() { [ "$(clinging "$1")" != 0 ]; }
new_mark() { mark=$((RANDOM % 90000 + 10000)); }

inside() {
	local policy out
	for policy in default strict; do
		out=$(run --policy $policy --rm -- ./attack_inside 2>&1)
		echo "$out" | grep -E '^(PASS|FAIL|SKIP)' | sed "s/^\(PASS\|FAIL\|SKIP\) /\1 $mode $policy: /"
		failures=$((failures + $(echo "$out" | grep -c '^FAIL')))
		check_in "$mode $policy: the attacks ran to their end" "$out" "end of the attacks"
	done
}

# What the kernel counts for the namespace's maker: all that one session takes must leave the host some.
counters() {
	local id out
	id=$(run -d -- "$python" -c 'import ctypes, time
c = ctypes.CDLL(None)
t = ctypes.c_void_p()
n = m = 0
while n < 1000 and c.inotify_init1(0) >= 0: n += 1
while m < 300000 and c.timer_create(1, (ctypes.c_int * 16)(0, 0, 34, 0), ctypes.byref(t)) == 0: m += 1
print("taken", n, m, flush=True)
time.sleep(60)')
	wait_for 20 sh -c "'$W' logs $id 2>/dev/null | grep -q taken || ls '$WARDER_STATE_DIR/sessions/$id' >/dev/null && grep -q taken '$WARDER_STATE_DIR/sessions/$id/output.cast'"
	out=$(as "$python" -c 'import ctypes
c = ctypes.CDLL(None)
t = ctypes.c_void_p()
print(c.inotify_init1(0) >= 0, c.timer_create(1, (ctypes.c_int * 16)(0, 0, 34, 0), ctypes.byref(t)) == 0)')
	check_eq "$mode counters: inotify and timers are left for the host" "$out" "True True"
	w kill "$id" --grace 0 >/dev/null
}

# The caller's session keyring, with the system calls for keys open.
keys() {
	local out
	out=$(as "$python" -c 'import ctypes, subprocess, sys
call = ctypes.CDLL(None).syscall
call(250, 1, b"warder-test")
call(248, b"user", b"warder-key", b"hush", 4, -3)
print("on the host", call(250, 10, -3, b"user", b"warder-key", 0) > 0, flush=True)
inside = "import ctypes; print(\"inside\", ctypes.CDLL(None).syscall(250, 10, -3, b\"user\", b\"warder-key\", 0) > 0)"
subprocess.run([*sys.argv[1:], "--policy", "keys", "--rm", "--", "/usr/bin/python3", "-c", inside])' \
		"$W" run "${EXTRA[@]}" -C "$PROJECT" 2>&1)
	case $out in
	*"on the host True"*) check_in "$mode keys: the caller's session keyring stays outside" "$out" "inside False" ;;
	*) skip "$mode keys: this kernel gives none" ;;
	esac
}

# Processes that will not go: killed, and left by a supervisor that is killed.
clingers() {
	local how end policy id
	for how in stopped vfork zombies daemon subreaper pdeathsig forking traced; do
		policy=default
		[ $how = traced ] && policy=traces
		for end in kill crash pause; do
			[ $end = pause ] && [ $how != stopped ] && continue
			new_mark
			id=$(run -d --policy $policy -e MARK=$mark -- ./attack_cling $how)
			wait_for 5 some_cling $mark || fail "$mode $how: did not start"
			sleep 0.1
			supervisor=$(supervisor_of "$id")
			case $end in
			kill) w kill "$id" --grace 0 >/dev/null ;;
			crash) kill -9 "$supervisor" ;;
			pause) w pause "$id" >/dev/null 2>&1; kill -9 "$supervisor" ;;
			esac
			if wait_for 5 none_clings $mark; then
				pass "$mode $how, $end: nothing is left"
			else
				fail "$mode $how, $end: $(clinging $mark) processes are left"
			fi
		done
	done
	w ps -a >/dev/null 2>&1
}

# A project that turns into a link to another while sessions are launched.
swapped_project() {
	local swapper out seen=""
	mkdir -p "$T/$mode/place/good" "$T/$mode/place/other"
	chown -R "$(stat -c %u:%g "$PROJECT")" "$T/$mode/place"
	touch "$T/$mode/place/good/good-one" "$T/$mode/place/other/other-one"
	as sh -c 'cd "$1" && while [ -e good ] || [ -e away ]; do mv good away; ln -s other good; rm good; mv away good; done' \
		sh "$T/$mode/place" 2>/dev/null &
	swapper=$!
	for _ in $(seq 20); do
		out=$(w run "${EXTRA[@]}" -C "$T/$mode/place/good" --rm -- sh -c 'ls /workspace' 2>&1)
		# one of both, whole, or refused
		case $out in good-one | other-one | *"changed since"* | *"no such"* | *"o such file"*) ;; *) seen="$seen [$out]" ;; esac
	done
	kill $swapper
	wait $swapper 2>/dev/null
	check_eq "$mode swapped project: mounted whole or refused" "$seen" ""
	check_eq "$mode swapped project: nothing is made on the host" "$(find "$T/$mode/place" -name '.masked*' | wc -l)" 0
}

priority() {
	local out
	if ! nice -n -5 true 2>/dev/null; then
		skip "$mode priority: a better one cannot be had here"
		return
	fi
	out=$(renice -n -5 -p $BASHPID >/dev/null; run --rm -- nice 2>/dev/null)
	check_eq "$mode priority: not the caller's better one" "$out" 0
}

for mode in root user; do
	who $mode
	cp "$T/bin/attack_inside" "$T/bin/attack_cling" "$PROJECT/"
	inside
	counters
	keys
	clingers
	swapped_project
	priority
done

# ---- mounts that are shared, as systemd makes them ----
who root
echo hush >"$PROJECT/.env"
mkdir -p "$PROJECT/below"
cat >"$T/shared.sh" <<'E'
"$1" run -d -C "$2" -- sleep 60 >/dev/null
agent=$("$1" ps --json | /usr/bin/python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["pid"])')
grep -q hush "$2/.env" && echo "own file readable"
echo "mounts $(grep -c "$2" /proc/self/mountinfo)"
mount -t tmpfs none "$2/below" && touch "$2/below/later"
mount -t tmpfs none /usr/local/games && touch /usr/local/games/later
ls "/proc/$agent/root/workspace/below" "/proc/$agent/root/usr/local/games"
umount "$2/below" /usr/local/games
kill -9 "$agent"
E
out=$(unshare -m --propagation shared sh "$T/shared.sh" "$W" "$PROJECT" 2>/dev/null)
check_in "shared mounts: a hidden file is hidden inside only" "$out" "own file readable"
check_in "shared mounts: no mount of the session's on the host" "$out" "mounts 0"
check_out "shared mounts: later mounts of the host do not come in" "$out" later
rm -f "$PROJECT/.env"

# ---- files with capabilities, by way of a namespace of the agent's own ----
out=$(run --policy namespaces --allow-degraded landlock --rm -- true 2>&1)
check_eq "namespaces: a project of root's is refused" $? 125
check_in "namespaces: said why" "$out" "privileged on the host"
out=$(run --policy rings --rm -- true 2>&1)
check_eq "io_uring: a project of root's is refused" $? 125
check_in "io_uring: said why" "$out" "privileged on the host"
mkdir -p "$T/root/theirs"
chown "$USER_NAME" "$T/root/theirs"
out=$(w run -C "$T/root/theirs" --policy rings --rm -- true 2>&1)
check_in "io_uring: what it means for another's project is said" "$out" "may run as uid $(id -u "$USER_NAME")"
w run -C "$T/root/theirs" --policy namespaces --allow-degraded landlock --rm -- "$python" -c 'import ctypes, os, struct
assert ctypes.CDLL(None).unshare(0x10000000) == 0
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write("0 1000 1")
open("/proc/self/gid_map", "w").write("0 1000 1")
open("/workspace/file", "w").write("x")
os.setxattr("/workspace/file", "security.capability", struct.pack("<5I", 0x02000001, 1 << 7, 0, 0, 0))' >/dev/null 2>&1
out=$("$python" -c 'import os, sys
v = os.getxattr(sys.argv[1], "security.capability")
print("root" if len(v) < 24 or int.from_bytes(v[20:24], "little") == 0 else "others")' "$T/root/theirs/file" 2>&1)
check_out "namespaces: capabilities of another's file do not count for root" "$out" root

# ---- programs that are in no directory (root mode, Linux 6.3) ----
memfd='import os
fd = os.memfd_create("x")
os.write(fd, open("/bin/true", "rb").read())
os.execv("/proc/self/fd/%d" % fd, ["true"])'
if [ -e /proc/sys/vm/memfd_noexec ]; then
	before=$(cat /proc/sys/vm/memfd_noexec)
	run --rm -- "$python" -c "$memfd" >/dev/null 2>&1
	check_eq "memfd: a file in memory is no program" $? 1
	check_eq "memfd: the host's setting is as it was" "$(cat /proc/sys/vm/memfd_noexec)" "$before"
else
	skip "memfd: this kernel has no vm.memfd_noexec"
fi

# ---- memory that only looks free ----
for place in /tmp /dev/shm; do
	out=$(run --rm -m 32m -- sh -c "head -c 60000000 /dev/zero >$place/big && echo still" 2>&1)
	check_out "memory: $place is counted" "$out" still
done
out=$(run --rm -- sh -c 'head -c 100000000 /dev/zero >/dev/shm/big' 2>&1)
check_in "memory: /dev/shm is bounded" "$out" "No space left"
cat >"$PROJECT/buffers.py" <<'E'
import os, socket, sys
kind, total, keep = sys.argv[1], 0, []
def fill(write):
    global total
    try:
        while total < 400 << 20: total += write(b"x" * 65536)
    except OSError: pass
server = socket.socket()
server.bind(("127.0.0.1", 0)); server.listen(200)
for i in range(200):
    if kind == "pipe":
        r, w = os.pipe(); keep += [r, w]; os.set_blocking(w, False)
        fill(lambda data: os.write(w, data))
        continue
    if kind == "tcp":
        a = socket.socket(); a.connect(server.getsockname()); keep += [a, server.accept()[0]]
    else:
        a, b = socket.socketpair(); keep += [a, b]; a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    a.setblocking(False)
    fill(a.send)
print(total >> 20)
E
for kind in tcp unix pipe; do
	out=$(run --rm -m 48m -- "$python" buffers.py $kind 2>/dev/null)
	if [ "${out:-0}" -le 48 ]; then pass "memory: $kind buffers are counted (${out:-killed} M)"; else fail "memory: $out M of $kind buffers in 48 M"; fi
done

# ---- descriptors sent to the control socket ----
fds_of() { find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l; }
few_fds() { [ "$(fds_of "$1")" -le "$2" ]; }
id=$(run -d -- sleep 60)
supervisor=$(supervisor_of "$id")
before=$(fds_of "$supervisor")
"$python" - "$WARDER_RUNTIME_DIR/sessions/$id/control" <<'E'
import array, socket, struct, sys
for _ in range(20):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(sys.argv[1])
    fds = array.array("i", [s.fileno()] * 200)
    for i in range(10):
        try: s.sendmsg([struct.pack("<BBHI", 1, 10, i, 0)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
        except OSError: break
E
wait_for 5 few_fds "$supervisor" "$before"
check_eq "control: descriptors sent to it are closed" "$(fds_of "$supervisor")" "$before"
check_eq "control: it still answers" "$(w ps -q | grep -c "$id")" 1
w kill "$id" --grace 0 >/dev/null

# ---- the supervisor, seen by the ordinary user whose session it is ----
no_capability() { grep -c '^Cap\(Prm\|Eff\|Inh\|Amb\):.0000000000000000$' "/proc/$1/status"; }
who user
id=$(run -d -- sleep 60)
supervisor=$(supervisor_of "$id")
for file in environ mem maps fd/0 root/etc/passwd; do
	if as head -c 1 "/proc/$supervisor/$file" >/dev/null 2>&1; then fail "supervisor: $file is open to its user"; else pass "supervisor: $file is closed to its user"; fi
done
check_eq "supervisor: holds no capability" "$(no_capability "$supervisor")" 4
w kill "$id" --grace 0 >/dev/null
who root
id=$(run -d --for "$USER_NAME" -C "$T/root/theirs" -- sleep 60)
supervisor=$(supervisor_of "$id")
check_eq "supervisor of root's: holds no capability" "$(no_capability "$supervisor")" 4
for path in "$WARDER_RUNTIME_DIR"/{ids,names,sessions,"sessions/$id"} "$WARDER_STATE_DIR"/{sessions,"sessions/$id"}; do
	if setpriv --reuid "$USER_NAME" --regid "$USER_GROUP" --clear-groups sh -c "touch '$path/x' || ln -s /etc '$path/y'" 2>/dev/null; then
		fail "for another: its user writes in ${path#"$T/root/"}"
	else
		pass "for another: its user does not write in ${path#"$T/root/"}"
	fi
done
w kill "$id" --grace 0 >/dev/null

# ---- what the host runs, handed out to be written ----
for place in /usr/local/bin /usr/share /etc/ssl /tmp /var; do
	out=$(run -v "$place:/mnt/x:rw" --rm -- true 2>&1)
	check_in "places: $place is not handed out to be written" "$out" "refused"
done
out=$(run -v /usr/share:/mnt/x:ro --rm -- ls -d /mnt/x 2>/dev/null)
check_eq "places: a directory of the host's to be read" "$out" /mnt/x

# ---- root launches for somebody whose links lead elsewhere than root was told ----
mkdir -p "$T/closed/data"
echo hush >"$T/closed/data/secret"
chmod 700 "$T/closed"
ln -s "$T/closed/data" "$T/root/theirs/data"
chown -h "$USER_NAME" "$T/root/theirs/data"
out=$(w run --for "$USER_NAME" -C "$T/root/theirs" -v "$T/root/theirs/data:/mnt/data" --allow-risky "$T/root/theirs/data" --rm -- cat /mnt/data/secret 2>&1)
check_out "for another: a link of theirs is not what --allow-risky named" "$out" hush
out=$(w run --for "$USER_NAME" -C "$T/root/theirs" -v "$T/closed/data:/mnt/data" --allow-risky "$T/closed/data" --rm -- ls /mnt/data 2>&1)
check_in "for another: --allow-risky of the place itself is root's word" "$out" secret
