#!/usr/bin/env bash
# Limits, for real: memory (and that swap is no way round), pids, cpu, disk, open files, output; told as what they are.
. "$(dirname "$0")/lib.sh"
who root

err=$(run --rm -m 64m -- python3 -c 'x = bytearray(300*1000*1000)' 2>&1)
check_eq "memory: out of memory ends with 137" $? 137
id=$(run -d -m 64m -- sh -c 'sleep 0.3; python3 -c "x = bytearray(300*1000*1000)"; sleep 100')
wait_for 10 sh -c "! '$W' ps -q | grep -q $id"
check_eq "memory: one process over it ends the whole session" "$(state_of "$id")" killed
check_in "memory: told as out of memory" "$(field_of "$id" reason)" "out of memory"
check_in "memory: on record" "$(w trail "$id" --json --kind limit)" '"which":"memory"'
run --rm -m 256m -- python3 -c 'x = bytearray(100*1000*1000)'
check_eq "memory: below it nothing happens" $? 0

out=$(run --rm --pids-limit 20 -- python3 -c 'import os, time
n = 1
try:
    for _ in range(40):
        if os.fork() == 0: time.sleep(2); os._exit(0)
        n += 1
except OSError: pass
print(n)' 2>/dev/null)
if [ "${out:-99}" -le 20 ] 2>/dev/null; then pass "pids: at most 20 ($out)"; else fail "pids: $out ran"; fi

# half a core for two seconds is about one second of work
id=$(run -d --cpus 0.5 -- sh -c 'while :; do :; done')
sleep 3
used=$(field_of "$id" usage.cpu_percent)
if python3 -c "import sys; v = float('$used'); sys.exit(not 25 <= v <= 75)"; then pass "cpu: half a core ($used %)"; else fail "cpu: $used %, expected about 50"; fi
w kill "$id" --grace 0 >/dev/null

out=$(run --rm --tmpfs /tmp:size=1M -- sh -c 'head -c 3000000 /dev/zero >/tmp/big' 2>&1)
check_in "disk: tmpfs is capped" "$out" "No space left"
out=$(run --rm -- sh -c 'head -c 300000000 /dev/zero >/tmp/big' 2>&1)
check_in "disk: /tmp is 100M" "$out" "No space left"
out=$(run --rm -- sh -c 'ulimit -Hn; ulimit -n 1000000 2>/dev/null && echo raised')
check_eq "open files: bounded, hard" "$out" 1024

# one session's limits are not another's, and both count for themselves
a=$(run -d -m 100m -- sleep 60) b=$(run -d -m 200m -- sleep 60)
check_eq "limits: each its own" "$(field_of "$a" limits.memory_bytes) $(field_of "$b" limits.memory_bytes)" "104857600 209715200"
w kill "$a" "$b" --grace 0 >/dev/null

# an ordinary user without a cgroup of its own: refused unless accepted by name
who user
err=$(as "$W" run -C "$PROJECT" --rm -- true 2>&1)
status=$?
if [ $status = 0 ]; then
	pass "rootless: this user has a delegated cgroup"
else
	check_eq "rootless: no cgroup is a refused launch" $status 125
	check_in "rootless: says which layer" "$err" "limits:"
	check_in "rootless: says the way round" "$err" "--allow-degraded limits"
fi
id=$(run -d -- sleep 60)
check_in "rootless: told as degraded" "$(w show "$id")" degraded
w kill "$id" --grace 0 >/dev/null
