#!/usr/bin/env bash
# The command line as a contract: verbs, flags, exit statuses, JSON fields, error lines, and terminals that are left as they were.
. "$(dirname "$0")/lib.sh"

# on_terminal SCRIPT COMMAND...: runs it on a pseudo-terminal of 24x80. SCRIPT is words of wait:TEXT, send:TEXT (C escapes) and
# pause:SECONDS. Prints what came, then "STATUS n ECHO on|off" with the terminal's state after the end.
cat >"$T/terminal.py" <<'P'
import codecs, fcntl, os, pty, select, struct, sys, termios, time
script, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(slave, fd)
    os.execvp(command[0], command)
out = b""
def pump(seconds, until=None):
    global out
    end, start = time.time() + seconds, len(out)
    while time.time() < end:
        if until is not None and until in out[mark:]:
            return
        if select.select([master], [], [], 0.02)[0]:
            out += os.read(master, 65536)
mark = 0
for step in script.split(" "):
    verb, _, text = step.partition(":")
    text = codecs.decode(text, "unicode_escape").encode("latin-1")
    if verb == "wait":
        pump(5, text)
        mark = len(out)
    elif verb == "send":
        os.write(master, text)
    elif verb == "pause":
        pump(float(text))
deadline, status = time.time() + 8, None
while time.time() < deadline and status is None:
    pump(0.05)
    done, code = os.waitpid(pid, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(code)
pump(0.1)
if status is None:
    os.kill(pid, 9)
    os.waitpid(pid, 0)
echo = "on" if termios.tcgetattr(slave)[3] & termios.ECHO else "off"
sys.stdout.buffer.write(out)
print("\nSTATUS %s ECHO %s" % (status, echo))
P
on_terminal() { python3 "$T/terminal.py" "$@"; }
json() { python3 -c 'import json,sys; d = json.load(sys.stdin); '"$1"; }
status_of() { # status_of NAME WANTED COMMAND...: runs quietly
	local name=$1 wanted=$2
	shift 2
	"$@" >"$T/out" 2>"$T/err" </dev/null
	check_eq "$name" $? "$wanted"
}
no_escape() { # no_escape NAME FILE: no control character but newline and tab, no bidi control
	if python3 -c 'import sys
t = open(sys.argv[1], "rb").read().decode("utf-8")
bad = [c for c in t if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u2066\u200b"]
sys.exit(bool(bad))' "$2"; then pass "$1"; else fail "$1: $(head -c 300 "$2" | od -c | head -5)"; fi
}
gone() { [ -z "$(w ps -q)" ]; }

who root
VERBS="run ps show top kill pause resume panic rm logs attach trail audit policy doctor"

# ---- help, usage, errors ----
for verb in $VERBS; do
	status_of "$verb --help: 0" 0 w "$verb" --help
	check_in "$verb --help: usage" "$(cat "$T/out")" "usage: warder $verb"
	check_eq "$verb --help: nothing on stderr" "$(cat "$T/err")" ""
	status_of "$verb: unknown option: 2" 2 w "$verb" --frobnicate
	check_in "$verb: unknown option: named" "$(cat "$T/err")" "warder: $verb: --frobnicate: unknown option"
done
status_of "--help: 0" 0 w --help
for verb in $VERBS; do check_in "--help lists $verb" "$(cat "$T/out")" "  $verb "; done
status_of "help VERB" 0 w help kill
status_of "unknown verb: 2" 2 w kil
check_in "unknown verb: said" "$(cat "$T/err")" "warder: kil: unknown verb"
check_in "unknown verb: the nearest" "$(cat "$T/err")" "did you mean kill?"
for verb in show kill pause resume panic rm logs attach trail policy run; do
	status_of "$verb without operands: 2" 2 w "$verb"
done
status_of "run --memroy: 2" 2 w run --memroy 2g -- true
check_in "run --memroy: the nearest" "$(cat "$T/err")" "did you mean --memory?"
status_of "kill with a wrong signal: 2" 2 w kill -s NOSUCH x
status_of "kill of some and all: 2" 2 w kill x --all
status_of "trail of a wrong kind: 2" 2 w trail x --kind execs
for verb in show kill pause resume rm logs attach trail; do
	status_of "$verb of no such session: 1" 1 w "$verb" nosuch
	check_in "$verb of no such session: said" "$(cat "$T/err")" "nosuch"
done
w --version | grep -q '^warder ' && pass "--version" || fail "--version"

# ---- standard output that cannot be written ----
if w ps >/dev/full 2>"$T/err"; then fail "full standard output: 0"; else
	check_in "full standard output: said" "$(cat "$T/err")" "standard output: No space left on device"
fi
run --rm -- echo lost >/dev/full 2>"$T/err"
check_eq "run on a full standard output: 125" $? 125
check_in "run on a full standard output: said" "$(cat "$T/err")" "No space left on device"
out=$(python3 - "$W" <<'P'
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
p = subprocess.run([sys.argv[1], "--help"], stdout=w, stderr=subprocess.PIPE, text=True)
print(p.returncode, p.stderr)
P
)
check_in "closed pipe: 1" "$out" "1 warder: standard output: Broken pipe"

# ---- run: Docker's command line, streams and signals ----
echo "the prompt" >"$T/prompt"
printf '# comment\nFROM_FILE=yes\n' >"$T/env"
out=$(cd "$PROJECT" && w run --security-opt "seccomp=$T/policies/seccomp/agent.json" --security-opt no-new-privileges \
	--cap-drop=ALL --read-only --tmpfs /tmp:size=100M -v "$PWD:/workspace:rw" -v "$T/prompt:/input/prompt:ro" \
	--memory 2g --cpus 1.0 --pids-limit 100 --rm --name docker-like -e PASSED=1 --env-file "$T/env" \
	-- sh -c 'cat /input/prompt; pwd; echo $PASSED $FROM_FILE "$@"; touch made' sh --rm -x 2>&1)
check_eq "Docker's command line" "$out" "the prompt
/workspace
1 yes --rm -x"
if [ -e "$PROJECT/made" ]; then pass "-v DIR:/workspace:rw is the project"; else fail "-v DIR:/workspace:rw is not the project"; fi
run --rm -v "$PROJECT:/workspace:ro" -C "$PROJECT" -- true 2>/dev/null
check_eq "two projects: 2" $? 2
check_eq "-- is optional" "$(run --rm echo --name x)" "--name x"
check_eq "--tty=false" "$(run --rm --tty=false -- sh -c 'test -t 0 || echo none')" none
check_eq "the caller's variables stay outside" "$(SECRETIVE=1 run --rm -- sh -c 'echo ${SECRETIVE:-none}')" none
for signal in INT TERM HUP QUIT; do
	python3 - "$W" "$PROJECT" "SIG$signal" <<'P'
import signal, subprocess, sys
number = getattr(signal, sys.argv[3])
p = subprocess.Popen([sys.argv[1], "run", "--rm", "-C", sys.argv[2], "--", "sh", "-c", "echo up; exec sleep 30"],
                     stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
p.stdout.readline()
p.send_signal(number)
sys.exit(0 if p.wait(10) == 128 + number else 1)
P
	check_eq "SIG$signal goes to the command" $? 0
done
id=$(run -d --name dry-check -- sleep 60)
n=$(w ps -q | wc -l)
status_of "--dry-run: 0" 0 run --dry-run -- true
check_in "--dry-run: says what would be" "$(cat "$T/out")" "nothing against it"
check_eq "--dry-run: starts nothing" "$(w ps -q | wc -l)" "$n"
w kill "$id" --grace 0 >/dev/null
status_of "--dry-run of what is refused: 125" 125 w run --dry-run -C /etc -- true

# ---- ps, show, top ----
id=$(run -d --name worker --memory 64m --timeout 5m -- sh -c 'sleep 60; : "$0"' "$(printf 'red\033[31m\342\200\256evil')")
wait_for 5 test "$(state_of "$id")" = running
w ps --json >"$T/out"
json '
s = [x for x in d if x["name"] == "worker"][0]
for key in "id uuid name user uid state command policy started ended exit_code reason pid usage limits counts approvals".split():
    assert key in s, key
for key in "cpu_percent cpu_seconds memory_bytes memory_peak_bytes pids read_bytes write_bytes net_in_bytes net_out_bytes".split():
    assert key in s["usage"], key
assert s["limits"]["memory_bytes"] == 64 << 20 and s["limits"]["timeout_s"] == 300, s["limits"]
for key in "exec exec_denied syscall_denied connect connect_denied dns_denied".split():
    assert key in s["counts"], key
assert s["state"] == "running" and s["ended"] is None and s["exit_code"] is None and s["pid"] > 1
assert s["command"][-1] == "red\x1b[31m\u202eevil"
' <"$T/out" && pass "ps --json has the fields" || fail "ps --json: $(cat "$T/out")"
w ps >"$T/out"
for title in ID NAME USER STATE AGE CPU% MEM/LIMIT PIDS COMMAND; do check_in "ps: $title" "$(head -1 "$T/out")" "$title"; done
no_escape "ps shows hostile words safely" "$T/out"
check_eq "ps -q" "$(w ps -q)" "$id"
check_eq "ps --user of another" "$(w ps -q --user nobody-else)" ""
check_eq "ps --user of the owner" "$(w ps -q --user root)" "$id"
out=$(on_terminal "" "$W" ps | tr -d '\r' | awk 'length($0) > 80')
check_eq "ps fits the terminal" "$out" ""
w show worker >"$T/out"
for part in session layers limits usage "policy in force" "$id" "memory           64M"; do check_in "show: $part" "$(cat "$T/out")" "$part"; done
no_escape "show shows hostile words safely" "$T/out"
w show "${id:0:5}" --json | json '
assert d["id"] and d["policy_in_force"]["limits"] and len(d["layers"]) == 9 and d["usage"]
assert all(l["status"] in ("enforced", "degraded", "off") for l in d["layers"])
' && pass "show --json" || fail "show --json"
w top --once >"$T/out"
check_in "top --once" "$(cat "$T/out")" "$id"
no_escape "top shows hostile words safely" "$T/out"
check_eq "top --json: an array a line" "$(timeout 2.5 "$W" top --json 2>/dev/null | head -2 | while read -r line; do echo "$line" | json 'print(len(d))'; done | tr '\n' ' ')" "1 1 "
out=$(on_terminal "wait:$id send:q" "$W" top)
check_in "top ends with q, terminal restored" "$out" "STATUS 0 ECHO on"
out=$(on_terminal "wait:$id send:\\x03" "$W" top)
check_in "top ends with Ctrl-C, terminal restored" "$out" "STATUS 0 ECHO on"

# ---- pause, kill, panic ----
check_eq "pause prints what it paused" "$(w pause worker)" worker
w pause worker >/dev/null
check_eq "paused already: 0" $? 0
check_eq "resume --all" "$(w resume --all)" "$id"
two=$(run -d --name two -- sh -c 'trap "echo usr1 >hit" USR1; trap "" TERM; while :; do sleep 0.1; done')
sleep 0.3
w kill two -s SIGUSR1 >/dev/null
if wait_for 3 test -e "$PROJECT/hit"; then pass "kill -s sends a signal"; else fail "kill -s sends a signal"; fi
check_eq "kill -s ends nothing" "$(state_of two)" running
start=$(date +%s%N)
check_eq "kill prints what it killed" "$(w kill two --grace 1s)" two
took=$((($(date +%s%N) - start) / 1000000))
if [ "$took" -ge 950 ] && [ "$took" -lt 4000 ]; then pass "kill waits out the grace"; else fail "kill took $took ms"; fi
check_eq "kill returns when it has ended" "$(state_of two)" killed
status_of "kill of an ended session: 1" 1 w kill two
check_in "kill of an ended session: said" "$(cat "$T/err")" "warder: kill: two: the session has ended"
check_in "ps -a: by whom" "$(w ps -a)" "killed: stopped by root"
w attach two >/dev/null 2>"$T/err"
check_in "attach to an ended session: what to do" "$(cat "$T/err")" "hint: warder logs "
w policy >/dev/null 2>"$T/err"
check_in "a verb of several forms: said in one line" "$(cat "$T/err")" "or show NAME"
w kill --user nobody-else >/dev/null 2>"$T/err"
check_in "kill of nothing: said" "$(cat "$T/err")" "no session is running"
two=$(run -d -- sleep 60)
status_of "kill of good and bad: 1" 1 w kill nosuch "$two" --grace 0
check_eq "kill of good and bad: the good one is dead" "$(state_of "$two")" killed

two=$(run -d -- sleep 60)
w panic --freeze 2>/dev/null
check_eq "panic --freeze" "$(state_of worker) $(state_of "$two")" "paused paused"
w panic --resume 2>/dev/null
check_eq "panic --resume" "$(state_of worker) $(state_of "$two")" "running running"
status_of "panic --kill without a terminal: 1" 1 w panic --kill
check_eq "panic --kill without a terminal kills nothing" "$(state_of worker) $(state_of "$two")" "running running"
out=$(on_terminal 'wait:go\x20on send:kill\r' "$W" panic --kill)
check_in "panic --kill: another word kills nothing" "$out" "nothing was killed"
check_eq "panic --kill: all live" "$(state_of worker) $(state_of "$two")" "running running"
out=$(on_terminal 'wait:go\x20on send:kill\x202\r' "$W" panic --kill)
check_in "panic --kill: the word kills" "$out" "2 of 2 killed"
check_eq "panic --kill: all gone" "$(state_of worker) $(state_of "$two")" "killed killed"
status_of "panic --kill --yes of none: 0" 0 w panic --kill --yes

# a supervisor that does not answer delays nobody else
ids=$(for _ in 1 2 3; do run -d -- sleep 60; done)
first=$(echo "$ids" | head -1)
supervisor=$(awk '{ print $4 }' "/proc/$(awk '{ print $4 }' "/proc/$(field_of "$first" pid)/stat")/stat")
kill -STOP "$supervisor"
w panic --freeze >/dev/null 2>"$T/err" &
panic=$!
sleep 1
check_eq "a stuck supervisor delays nobody" "$(for id in $(echo "$ids" | tail -2); do state_of "$id"; done | tr '\n' ' ')" "paused paused "
wait "$panic"
check_eq "a stuck supervisor: 1" $? 1
check_in "a stuck supervisor is named" "$(cat "$T/err")" "$first"
kill -CONT "$supervisor"
w kill --user root --grace 0 >/dev/null
if wait_for 5 gone; then pass "kill --user"; else fail "kill --user: $(w ps)"; fi

# ---- logs ----
id=$(run -d -- sh -c 'printf "a\tb\r\nred\033[31m \342\202"; sleep 0.3; printf "\254 \342\200\256x\r\r\nlone\rcr \377\n"; sleep 0.5; echo end')
w logs -f "$id" >"$T/out"
check_eq "logs -f ends with the session" $? 0
check_eq "logs: safe, tabs and lines kept" "$(cat "$T/out")" "$(printf 'a\tb\nred\\e[31m \342\202\254 \\u202ex\nlone\\rcr \\xff\nend')"
no_escape "logs: no control characters" "$T/out"
check_eq "logs --raw: every byte" "$(w logs --raw "$id" | md5sum)" "$(printf 'a\tb\r\nred\033[31m \342\202\254 \342\200\256x\r\r\nlone\rcr \377\nend\n' | md5sum)"

# ---- trail ----
w trail "$id" --json >"$T/out"
python3 - "$T/out" <<'P' && pass "trail --json" || fail "trail --json: $(cat "$T/out")"
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert [r["seq"] for r in rows] == list(range(rows[0]["seq"], rows[0]["seq"] + len(rows)))
assert all("time" in r and "kind" in r and len(r["chain"]) == 64 for r in rows)
P
check_eq "trail --kind" "$(w trail "$id" --json --kind state,layer | python3 -c 'import json,sys; print(sorted({json.loads(l)["kind"] for l in sys.stdin}))')" "['layer', 'state']"
last=$(tail -1 "$T/out" | json 'print(d["seq"])')
check_eq "trail --since" "$(w trail "$id" --json --since "$last" | wc -l)" 1
w trail "$id" >"$T/out"
no_escape "trail for people is safe" "$T/out"
status_of "trail --verify: 0" 0 w trail "$id" --verify
check_in "trail --verify --json" "$(w trail "$id" --verify --json)" '"intact":true'
sed -i '2s/"kind"/"kinb"/' "$WARDER_STATE_DIR/sessions/$id/trail.jsonl"
status_of "trail --verify of a changed one: 1" 1 w trail "$id" --verify
check_in "trail --verify names the line" "$(cat "$T/out" "$T/err")" "line 2"
id=$(run -d -- sleep 1)
w trail -f "$id" --json >"$T/out"
check_in "trail -f ends with the session" "$(tail -1 "$T/out")" '"exited"'

# ---- attach ----
id=$(run -d -t --name shell -- sh -c 'while read -r line; do echo "got <$line>"; [ "$line" = quit ] && exit 3; done')
out=$(on_terminal 'wait:detaches send:one\r wait:<one> send:\x11' "$W" attach shell)
check_in "attach: keys in, output out" "$out" "got <one>"
check_in "attach: Ctrl-Q detaches, terminal restored" "$out" "STATUS 0 ECHO on"
check_eq "attach: the session runs on" "$(state_of shell)" running
out=$(on_terminal 'wait:detaches send:\x10two\r wait:<\x10two> send:\x10\x11' "$W" attach --detach-keys ctrl-p,ctrl-q shell)
check_in "attach: half of the keys passes" "$out" "two>"
check_in "attach: both keys detach" "$out" "STATUS 0 ECHO on"
out=$(on_terminal 'wait:detaches send:never\r pause:0.5 send:\x11' "$W" attach --read-only shell)
check_out "attach --read-only: nothing reaches it" "$out" "got <never>"
check_in "attach --read-only: detaches" "$out" "STATUS 0 ECHO on"
out=$(on_terminal 'wait:detaches send:quit\r' "$W" attach shell)
check_in "attach: the end is told" "$out" "has ended: exit 3"
check_in "attach: the end, terminal restored" "$out" "STATUS 0 ECHO on"
status_of "attach to an ended session: 1" 1 w attach shell
out=$(on_terminal 'wait:up send:\x11' "$W" run -C "$PROJECT" --name full -- sh -c 'printf "\033[?1049h\033[?25l\033[?1000h\033[?2004hup"; sleep 30')
for mode in '[?1049l' '[?25h' '[?1000l' '[?2004l'; do check_in "detached: the terminal's mode $mode is reset" "$out" "$(printf '\033%s' "$mode")"; done
check_in "run: Ctrl-Q detaches" "$out" "STATUS 0 ECHO on"
check_eq "run: detached, it runs on" "$(state_of full)" running
w kill full --grace 0 >/dev/null
out=$(on_terminal 'wait:up send:\x03' "$W" run --rm -C "$PROJECT" -- sh -c 'echo up; exec sleep 30')
check_in "run: Ctrl-C goes to the command" "$out" "STATUS 130 ECHO on"
out=$(on_terminal 'wait:up' "$W" run --rm -C "$PROJECT" -- sh -c 'stty size; echo up; exit 5')
check_in "run: the window's size" "$out" "24 80"
check_in "run: plain output brings no escapes" "$(printf '%s' "$out" | tr -d '\r\n')" "24 80upSTATUS 5 ECHO on"
out=$(on_terminal 'wait:up' "$W" run --rm -C "$PROJECT" -- sh -c 'echo up; sleep 0.5; kill -KILL $$')
check_in "run: a killed command, terminal restored" "$out" "STATUS 137 ECHO on"

# ---- rm ----
id=$(run -d -- sleep 60)
status_of "rm of a live session: 1" 1 w rm "$id"
check_eq "rm of a live session removes nothing" "$(state_of "$id")" running
w kill "$id" --grace 0 >/dev/null
check_eq "rm prints what it removed" "$(w rm "$id")" "$id"
status_of "rm of it again: 1" 1 w rm "$id"
w rm --ended >/dev/null
check_eq "rm --ended" "$(w ps -aq)" ""

# ---- policy, audit, doctor ----
for policy in default strict coding offline review; do
	check_in "policy list: $policy" "$(w policy list)" "$policy"
	status_of "policy check $policy: 0" 0 w policy check "$policy"
	w policy show "$policy" --json | json 'assert d["limits"]["memory"] and "network" in d' && pass "policy show $policy --json" || fail "policy show $policy --json"
done
w policy list --json | json 'assert len(d) >= 5 and all(p["file"] and p["error"] is None for p in d)' && pass "policy list --json" || fail "policy list --json"
w policy show default >"$T/out"
check_in "policy show: sha256" "$(cat "$T/out")" sha256
echo '{ "name": "p", "limits": { "pids": 0 } }' >"$T/bad.json"
status_of "policy check of a bad one: 1" 1 w policy check "$T/bad.json" default
check_in "policy check: file and place" "$(cat "$T/err")" "bad.json: limits.pids: expected"
check_in "policy check: the good one all the same" "$(cat "$T/out")" "default: ok"
status_of "policy of a wrong word: 2" 2 w policy chek x
mkdir -p "$T/plain"
w audit -C "$T/plain" --json | json '
assert d["refused"] is False and len(d["layers"]) == 9 and d["policy"] == "default" and "PATH" in d["environment"]
' && pass "audit --json" || fail "audit --json"
status_of "audit that refuses: 1" 1 w audit -C "$T/plain" -v /etc:/mnt/etc -- true
check_in "audit that refuses: said" "$(cat "$T/out")" "refused"
status_of "audit with wrong usage: 2" 2 w audit -v nonsense
w doctor --json >"$T/out"
doctor=$?
json '
bad = [l["name"] for l in d["layers"] if l["status"] != "enforced"]
assert len(d["layers"]) == 9 and all(set(l) >= {"name", "status", "detail", "remedy"} for l in d["layers"])
assert "machine" in d and bool(bad) == bool('$doctor'), bad
' <"$T/out" && pass "doctor --json" || fail "doctor --json: $(cat "$T/out")"
check_in "doctor" "$(w doctor)" seccomp

# ---- what is generated ----
w __man >"$T/warder.1"
if command -v groff >/dev/null; then
	check_eq "the manual page is clean roff" "$(groff -man -ww -z "$T/warder.1" 2>&1)" ""
else
	skip "the manual page is clean roff: no groff here"
fi
w __completion >"$T/completion"
bash -n "$T/completion" && pass "the completion is bash" || fail "the completion is not bash"
check_eq "completion of a verb" "$(bash -c '. "$1"; COMP_WORDS=(warder pa); COMP_CWORD=1; _warder; echo ${COMPREPLY[*]}' x "$T/completion")" "pause panic"
check_eq "completion of a value" "$(bash -c '. "$1"; COMP_WORDS=(warder run --workspace r); COMP_CWORD=3; _warder; echo ${COMPREPLY[*]}' x "$T/completion")" "rw ro"
