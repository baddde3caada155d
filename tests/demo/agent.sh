#!/usr/bin/env bash
# The demonstration agent: it works, spawns, computes, and tries things that it must not, for about two minutes.
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
try() { # try WHAT COMMAND...: shows what the sandbox says
	local what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		printf '  %-44s %s\n' "$what" 'WENT THROUGH'
	else
		printf '  %-44s %s\n' "$what" 'refused'
	fi
}

say "Hello. I am $(id -un) (uid $(id -u)) in $(pwd), and I was handed a terminal."
say 'Working: a small program, compiled and run'
cat >primes.c <<'C'
#include <stdio.h>
int main(void)
{
	int n = 0;
	for (int i = 2; n < 4000; i++) {
		int d = 2;
		while (d * d <= i && i % d) d++;
		if (d * d > i) n++;
	}
	printf("found %d primes\n", n);
	return 0;
}
C
if command -v gcc >/dev/null; then gcc -O1 -o primes primes.c && ./primes; else echo 'no compiler here'; fi

say 'Trying what I must not'
try 'read the password hashes' cat /etc/shadow
try 'read the operator'"'"'s keys' ls /root/.ssh
try 'write to /usr' touch /usr/bin/mine
try 'become root' su -c true
try 'leave a setuid file in the project' chmod u+s primes
try 'look at pid 1' cat /proc/1/environ
try 'mount something' mount -t tmpfs none /tmp
try 'reach the network' timeout 2 bash -c 'exec 3<>/dev/tcp/192.0.2.1/80'
try 'make a namespace of my own' unshare -U true

say 'Computing, with a few children'
for round in $(seq 1 "${DEMO_ROUNDS:-30}"); do
	for child in 1 2 3; do
		(for _ in $(seq 1 "$((child * 300))"); do :; done; sleep 1) &
	done
	head -c 2000000 /dev/urandom | sha256sum | cut -c1-16 | sed "s/^/  round $round: /"
	timeout 1.2 bash -c 'while :; do :; done'
	wait
	sleep 0.5
done
say 'Done.'
