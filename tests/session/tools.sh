#!/usr/bin/env bash
# What must go on working inside, under the shipped policies and profile: the programs that agents live on, and a build of this
# very project.
. "$(dirname "$0")/lib.sh"
who root

works() { # works NAME EXPECTED COMMAND
	local out
	out=$(run --rm --policy coding --timeout 5m -- bash -c "$3" 2>&1)
	if [ $? = 0 ]; then check_in "$1" "$out" "$2"; else fail "$1: $out"; fi
}
needs() { command -v "$1" >/dev/null; }

works "bash and coreutils" 3 'set -e; cd /tmp; mkdir -p a/b; echo 3 >a/b/c; cp -r a d; mv d e; ln -s e f; cat f/b/c; sort <<<x | uniq -c | tr -d " " >/dev/null; find . -type f | wc -l >/dev/null; tar cf t.tar a; tar tf t.tar >/dev/null; chmod 755 a; stat a >/dev/null; du -s . >/dev/null; df /tmp >/dev/null; date >/dev/null'
works "git" "one file" 'set -e; cd /tmp; git init -q r; cd r; git config user.email a@example.org; git config user.name a; echo x >f; git add f; git commit -qm "one file"; git clone -q . ../c; git -C ../c log --oneline'
works "gcc and make" built 'set -e; cd /tmp; printf "#include <stdio.h>\nint main(void){puts(\"built\");}\n" >m.c; printf "m: m.c\n\tgcc -O2 -o m m.c\n" >Makefile; make -s m; ./m'
works "python3" 45 '/usr/bin/python3 -c "import subprocess,threading,ssl,json,socket,multiprocessing as m
t=threading.Thread(target=lambda:None); t.start(); t.join()
print(sum(range(10)), subprocess.check_output([\"true\"]))"'
if needs node; then
	works node "ok 0" 'node -e "const {spawnSync}=require(\"child_process\");const fs=require(\"fs\");const r=spawnSync(\"true\");new Promise(f=>setTimeout(f,5)).then(()=>fs.promises.writeFile(\"/tmp/x\",\"y\")).then(()=>console.log(\"ok\",r.status))"'
	works "node workers" worker 'node -e "const {Worker}=require(\"worker_threads\");new Worker(\"require(\\\"worker_threads\\\").parentPort.postMessage(1)\",{eval:true}).on(\"message\",()=>console.log(\"worker\"))"'
else
	skip "node: not installed here"
fi
if needs npm; then works npm '"name"' 'cd /tmp && mkdir p && cd p && npm init -y && npm pack >/dev/null 2>&1'; else skip "npm: not installed here"; fi
if needs ssh; then works ssh "OpenSSH" 'ssh -V; ssh-keygen -q -t ed25519 -N "" -f /tmp/k; ssh-keygen -lf /tmp/k'; else skip "ssh: not installed here"; fi
if needs curl; then works curl works 'cd /tmp; echo works >f; curl -s file:///tmp/f; (cd /tmp; timeout 5 /usr/bin/python3 -m http.server 8123 >/dev/null 2>&1 &) ; sleep 1; curl -s http://127.0.0.1:8123/f'; else skip "curl: not installed here"; fi
if needs gdb; then works "gdb --version" "GNU gdb" 'gdb --version'; else skip "gdb: not installed here"; fi
works "1,000 spawns at once" 1000 'python3=/usr/bin/python3; $python3 - <<E
import subprocess
n = 0
for _ in range(20):
    ps = [subprocess.Popen(["true"]) for _ in range(50)]
    n += sum(p.wait() == 0 for p in ps)
print(n)
E'
works "a process that makes itself undumpable" ok '/usr/bin/python3 -c "import ctypes; ctypes.CDLL(None).prctl(4,0); import subprocess; subprocess.check_call([\"true\"]); print(\"ok\")"'

# this project's own build, from a clean copy
git ls-files -coz --exclude-standard | tar -c --null -T - 2>/dev/null | tar -x -C "$PROJECT"
out=$(run --rm --policy coding -m 4g --cpus 2 --timeout 8m -- make -s -j2 O=/tmp/build WERROR= TMPDIR=/tmp --no-print-directory build 2>&1)
check_eq "this project builds inside" $? 0 || echo "$out"
