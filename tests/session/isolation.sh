#!/usr/bin/env bash
# Every layer, from inside, as root and as an ordinary user: the probe program asserts what is allowed and what is denied.
. "$(dirname "$0")/lib.sh"

for mode in root user; do
	who $mode
	cp "$T/bin/probe" "$PROJECT/probe"
	for policy in default strict coding offline; do
		out=$(run --policy $policy --rm -- ./probe 2>&1)
		echo "$out" | grep -E '^(PASS|FAIL)' | sed "s/^\(PASS\|FAIL\) /\1 $mode $policy: /"
		failures=$((failures + $(echo "$out" | grep -c '^FAIL')))
		check_in "$mode $policy: the probe ran to its end" "$out" "allowed: socketpair"
	done
	out=$(run --policy review --rm -- ./probe ro 2>&1)
	check_out "$mode review: the probe finds nothing wrong" "$out" FAIL
	check_in "$mode review: workspace is read-only" "$out" "PASS mounts: workspace is read-only"
	# on a terminal of its own
	out=$(as script -qec "$W run ${EXTRA[*]} --rm -C $PROJECT -- ./probe" /dev/null </dev/null 2>&1)
	check_in "$mode terminal: the probe ran" "$out" "PASS allowed: socketpair"
	check_out "$mode terminal: the probe finds nothing wrong" "$out" "FAIL"
	rm -f "$PROJECT/probe"
done

# whose files are they? the project's owner's, on disk
who root
other=$T/root/other
mkdir -p "$other"
chown "$USER_NAME:$USER_GROUP" "$other"
w run --for "$USER_NAME" -C "$other" --rm -- sh -c 'echo x >made; mkdir dir' 2>&1
check_eq "files belong to the project's owner" "$(stat -c %U:%G "$other/made" "$other/dir" | sort -u)" "$USER_NAME:$USER_GROUP"
w run -C "$PROJECT" --rm -- sh -c 'echo x >made; chmod 4755 made' 2>/dev/null
check_eq "no setuid bit reaches the host" "$(stat -c %a "$PROJECT/made")" 644

# host ids: a range of its own for each live session
a=$(run -d -- sleep 60) b=$(run -d -- sleep 60)
ua=$(awk '/^Uid/ {print $2}' "/proc/$(field_of "$a" pid)/status")
ub=$(awk '/^Uid/ {print $2}' "/proc/$(field_of "$b" pid)/status")
if [ -n "$ua" ] && [ "$ua" != "$ub" ] && [ "$ua" -ge 1879048192 ]; then pass "host ids differ"; else fail "host ids: $ua and $ub"; fi
check_eq "nothing maps to host uid 0" "$(awk '$2 == 0' "/proc/$(field_of "$a" pid)/uid_map")" ""
w kill "$a" "$b" --grace 0 >/dev/null

# sockets of the host, by abstract name (landrun #43, sandlock #95)
python3 -c 'import socket,time
s = socket.socket(socket.AF_UNIX); s.bind("\0warder-test-'$$'"); s.listen(1); time.sleep(30)' &
listener=$!
sleep 0.3
out=$(run --rm -- python3 -c 'import socket
s = socket.socket(socket.AF_UNIX)
try: s.connect("\0warder-test-'$$'"); print("reached")
except OSError as e: print("refused", e.errno)' 2>&1)
check_in "host abstract sockets are out of reach" "$out" refused
kill $listener

# the launcher's own environment and descriptors stay outside
exec 9<"$T/bin/warder"
out=$(SECRET_TOKEN=hush run --rm -- sh -c 'ls /proc/self/fd | tr "\n" " "; env' 2>&1)
exec 9<&-
check_out "environment is clean" "$out" hush
check_out "descriptors are not inherited" "$out" " 9 "
