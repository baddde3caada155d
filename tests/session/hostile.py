"""Peers that a session's supervisor must bear: those that send nonsense, too much or nothing, and those that never read.

Run by hostile.sh as root: the command that launches is in W and AS (both split at spaces), the project in PROJECT. Prints
"PASS name" and "FAIL name: why".
"""
import errno
import json
import os
import random
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time

(ATTACH, DETACH, INPUT, INPUT_EOF, RESIZE, SIGNAL, STOP, PAUSE, RESUME, PING, WATCH) = range(1, 12)
OK, ERROR, OUTPUT, ENDED, GAP = 64, 65, 66, 67, 68
PACKET_MAX = 65536
PER_UID = 16
HEAD = struct.Struct("=BBHI")
SIZES = {ATTACH: 8, DETACH: 0, INPUT_EOF: 0, RESIZE: 4, SIGNAL: 4, STOP: 8, PAUSE: 0, RESUME: 0, PING: 0, WATCH: 0}

MODE = os.environ["WHO"]
W = shlex.split(os.environ["AS"]) + [os.environ["W"]]
RUN = W + ["run"] + shlex.split(os.environ["EXTRA"]) + ["-C", os.environ["PROJECT"]]
PROJECT = os.environ["PROJECT"]
RUNTIME = os.environ["WARDER_RUNTIME_DIR"]
TICK = os.sysconf("SC_CLK_TCK")
with open(os.environ["W"], "rb") as binary:
    # an address sanitizer keeps 256 MB of what was freed
    KEPT = 260e6 if b"__asan_init" in binary.read() else 0
failed = False


def check(name, good, why=""):
    global failed
    if good:
        print(f"PASS {MODE}: {name}", flush=True)
    else:
        failed = True
        print(f"FAIL {MODE}: {name}: {why}", flush=True)


def pack(kind, payload=b"", ident=0, version=1, length=None):
    return HEAD.pack(version, kind, ident, len(payload) if length is None else length) + payload


class Peer:
    def __init__(self, ident, wait=5):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(wait)
        self.sock.connect(f"{RUNTIME}/sessions/{ident}/control")
        self.last = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def supervisor(self):
        pid, _, _ = struct.unpack("iii", self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return pid

    def put(self, kind, payload=b"", ident=0):
        self.sock.send(pack(kind, payload, ident))

    def get(self):
        """(kind, id, payload), or None at the end."""
        try:
            msg = self.sock.recv(PACKET_MAX)
        except ConnectionResetError:
            msg = self.sock.recv(PACKET_MAX)
        if not msg:
            return None
        _, kind, ident, _ = HEAD.unpack(msg[:8])
        return kind, ident, msg[8:]

    def answer(self, ident):
        while True:
            got = self.get()
            if got is None or (got[1] == ident and got[0] in (OK, ERROR)):
                return got

    def ask(self, kind, payload=b""):
        """0, or the code of the error; None when the connection ended."""
        self.last = self.last % 60000 + 1
        self.put(kind, payload, self.last)
        got = self.answer(self.last)
        if got is None:
            return None
        return 0 if got[0] == OK else struct.unpack("=i", got[2][:4])[0]

    def flood(self, kind, payload, most):
        """Sends until the other side does not take any more. How many."""
        self.sock.setblocking(False)
        n = 0
        quiet = time.monotonic() + 0.5
        while n < most and time.monotonic() < quiet:
            try:
                self.sock.send(pack(kind, payload, n % 60000 + 1))
                n += 1
                quiet = time.monotonic() + 0.5
            except BlockingIOError:
                time.sleep(0.005)
        self.sock.settimeout(5)
        return n


def start(*command, options=()):
    out = subprocess.run(RUN + ["-d", *options, "--", *command], stdout=subprocess.PIPE, check=True, timeout=60)
    return out.stdout.decode().strip()


def kill(ident):
    subprocess.run(W + ["kill", "--grace", "0", ident], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=60, check=False)


def state(ident):
    out = subprocess.run(W + ["show", ident, "--json"], stdout=subprocess.PIPE, timeout=30, check=True).stdout
    return json.loads(out)["state"]


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def ping_ms(ident):
    with Peer(ident) as p:
        began = time.monotonic()
        if p.ask(PING) != 0:
            return 1e9
        return (time.monotonic() - began) * 1000


def alive(name, ident):
    """Another peer is served, soon."""
    best = min(ping_ms(ident) for _ in range(3))
    check(f"{name}: others are answered within 100 ms", best < 100, f"{best:.0f} ms")


def cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="latin1") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def calm(name, pid):
    """It waits, it does not spin."""
    before = cpu(pid)
    time.sleep(1)
    used = cpu(pid) - before
    check(f"{name}: the supervisor does not spin", used < 0.2, f"{used:.2f} s of CPU in 1 s")


def memory(pid):
    """Anonymous, resident."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        fields = f.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGESIZE")


def project_file(name):
    return os.path.join(PROJECT, name)


def malformed():
    ident = start("sleep", "1000")
    random.seed(1)
    messages = {
        "one byte": b"\1",
        "a short head": pack(PING)[:7],
        "another version": pack(PING, version=2),
        "version 0": pack(PING, version=0),
        "length beyond the message": pack(PING, length=1),
        "length of 4 GB": pack(PING, length=2**32 - 1),
        "length short of the message": pack(ATTACH, b"\0" * 8, length=4),
        "noise": bytes(random.randrange(256) for _ in range(1000)),
        "the largest of noise": b"\xff" * PACKET_MAX,
    }
    for name, msg in messages.items():
        with Peer(ident) as p:
            p.sock.send(msg)
            got = p.get()
            good = got is not None and got[0] == ERROR and struct.unpack("=i", got[2][:4])[0] == errno.EBADMSG
            check(f"malformed: {name} is refused", good and p.get() is None, got)
    with Peer(ident) as p:
        p.sock.send(b"\0" * (PACKET_MAX + 100))
        check("malformed: longer than a packet is hung up on", p.get() is None)
    with Peer(ident) as p:
        wrong = [k for k, size in SIZES.items() for n in (0, size - 1, size + 1, 1000)
                 if n >= 0 and n != size and p.ask(k, b"\1" * n) != errno.EBADMSG]
        check("wrong payload sizes are refused, and the connection goes on", not wrong and p.ask(PING) == 0, wrong)
        unknown = [k for k in (0, *range(12, 71), 255) if p.ask(k, b"x") != errno.ENOTSUP]
        check("unknown types are refused, and the connection goes on", not unknown and p.ask(PING) == 0, unknown)
        p.put(PING, ident=65535)
        check("any id is given back", p.answer(65535) is not None)
        bad = [n for n in (0, -1, 65, 2**31 - 1, -2**31) if p.ask(SIGNAL, struct.pack("=i", n)) != errno.EINVAL]
        check("no such signal", not bad, bad)
    check("malformed packets ended nothing", state(ident) == "running")
    kill(ident)


def silent():
    ident = start("sleep", "1000")
    peers = [Peer(ident) for _ in range(PER_UID - 2)]
    alive("silent peers", ident)
    kill(ident)
    check("silent peers are let go at the end", all(p.get() is None for p in peers))


def connects():
    ident = start("sleep", "1000")
    kept, refused = [], 0
    for _ in range(1000):
        p = Peer(ident)
        try:
            if p.ask(PING) == 0:
                kept.append(p)
                continue
        except (BrokenPipeError, ConnectionResetError):
            pass
        refused += 1
        p.sock.close()
    check("1000 connections: as many of one user as the limit says", len(kept) in (PER_UID, PER_UID - 1), len(kept))
    check("1000 connections: all others refused", refused == 1000 - len(kept), refused)
    r = subprocess.run(W + ["kill", "-s", "CONT", ident], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=30, check=False)
    if MODE == "user":  # the connections above are root's
        check("1000 connections: another user is not shut out", r.returncode == 0, r.returncode)
    else:
        check("1000 connections: one more is an error, not a hang", r.returncode == 1, r.returncode)
    for p in kept:
        p.sock.close()
    alive("1000 connections", ident)
    kill(ident)


def stalled_viewer():
    size = 200 * 1000 * 1000
    go = "until [ -e /workspace/go ]; do sleep 0.01; done"
    command = f"{go}; head -c {size} /dev/zero; touch /workspace/printed; sleep 1000"
    took = []
    for viewer in (False, True):
        for name in ("go", "printed"):
            if os.path.exists(project_file(name)):
                os.unlink(project_file(name))
        ident = start("sh", "-c", command)
        p = Peer(ident)
        pid = p.supervisor()
        if viewer:
            p.ask(ATTACH, struct.pack("=IHH", 1, 0, 0))
        most = before = memory(pid)
        pings = []
        began = time.monotonic()
        open(project_file("go"), "w", encoding="ascii").close()
        while not os.path.exists(project_file("printed")) and time.monotonic() < began + 120:
            most = max(most, memory(pid))
            pings.append(ping_ms(ident))
            time.sleep(0.02)
        took.append(time.monotonic() - began)
        if not viewer:
            p.sock.close()
            kill(ident)
    check("stalled viewer: the agent is not slowed", took[1] < 2 * took[0] + 1, f"{took[0]:.1f} s, then {took[1]:.1f} s")
    check("stalled viewer: memory stays bounded", most - before < 8e6 + KEPT, f"{(most - before) / 1e6:.1f} MB more")
    pings.sort()
    good = pings[len(pings) * 9 // 10]
    check("stalled viewer: pings within 100 ms", good < 100, f"{good:.0f} ms (worst {pings[-1]:.0f})")
    subprocess.run(W + ["kill", "--grace", "0", ident], stdout=subprocess.DEVNULL, timeout=60, check=False)
    output = dropped = gaps = 0
    ended = None
    while (got := p.get()) is not None:
        if got[0] == OUTPUT:
            output += len(got[2]) - 1
        elif got[0] == GAP:
            dropped += struct.unpack("=Q", got[2])[0]
            gaps += 1
        elif got[0] == ENDED:
            ended = got
    check("stalled viewer: a gap is told", gaps > 0)
    check("stalled viewer: what came and what is told as missing is all", output + dropped == size,
          f"{output} + {dropped} = {output + dropped}")
    check("stalled viewer: hears of the end", ended is not None)


def never_leaves():
    """A viewer that never takes what is due to it keeps no supervisor for ever."""
    ident = start("sh", "-c", "head -c 5000000 /dev/zero; sleep 1000")
    with Peer(ident) as p:
        pid = p.supervisor()
        p.ask(ATTACH, struct.pack("=IHH", 1, 0, 0))
        time.sleep(0.5)
        kill(ident)
        check("a viewer that never reads: the session is gone at once", not os.path.exists(f"{RUNTIME}/sessions/{ident}"))
        check("a viewer that never reads: the supervisor leaves it", wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 15))


def request_flood():
    ident = start("sleep", "1000")
    with Peer(ident) as p:
        pid = p.supervisor()
        before = memory(pid)
        n = p.flood(PING, b"", 200000)
        check("requests without reading: the sender waits", n < 200000, n)
        check("requests without reading: memory stays bounded", memory(pid) - before < 4e6 + KEPT, memory(pid) - before)
        calm("requests without reading", pid)
        alive("requests without reading", ident)
        answers = 0
        p.sock.settimeout(2)
        try:
            while (got := p.get()) is not None and answers < n:
                answers += got[0] == OK
        except TimeoutError:
            pass
        check("requests without reading: each is answered once it reads", answers == n, f"{answers} of {n}")
    kill(ident)


def input_flood():
    for kind, options in (("pipe", ["-i"]), ("terminal", ["-t"])):
        ident = start("sh", "-c", "stty raw -echo 2>/dev/null; sleep 1000", options=options)
        time.sleep(0.3)
        with Peer(ident) as p:
            pid = p.supervisor()
            p.ask(ATTACH, struct.pack("=IHH", 0, 24, 80))
            before = memory(pid)
            n = p.flood(INPUT, b"x" * 60000, 2000)
            check(f"input into a {kind} that nobody reads: the sender waits", n < 2000, n)
            check(f"input into a {kind} that nobody reads: memory stays bounded", memory(pid) - before < 4e6 + KEPT)
            calm(f"input into a {kind} that nobody reads", pid)
            alive(f"input into a {kind} that nobody reads", ident)
        alive(f"input into a {kind}, the sender gone", ident)
        kill(ident)


def awkward_requests():
    ident = start("sh", "-c", "while :; do sleep 0.05; stty size >/workspace/size.new; mv /workspace/size.new /workspace/size; done", options=["-t"])
    with Peer(ident) as p:
        p.ask(ATTACH, struct.pack("=IHH", 0, 30, 100))
        for rows, cols in ((0, 0), (0, 80), (65535, 65535), (1001, 80), (24, 4001), (1, 1), (33, 99)):
            p.put(RESIZE, struct.pack("=HH", rows, cols))
        for rows, cols in ((0, 0), (65535, 1), (1, 65535)):
            p.put(RESIZE, struct.pack("=HH", rows, cols))
        check("silly window sizes are passed over", p.ask(PING) == 0)
        time.sleep(0.3)
        with open(project_file("size"), encoding="ascii") as f:
            size = f.read().strip()
        check("the last sensible window size stays", size == "33 99", size)
        check("attached twice is refused", p.ask(ATTACH, struct.pack("=IHH", 0, 0, 0)) == errno.EALREADY)
        check("detached twice is fine", [p.ask(DETACH), p.ask(DETACH)] == [0, 0])
    out = subprocess.run(W + ["trail", ident, "--json", "--kind", "attach"], stdout=subprocess.PIPE, check=True, timeout=30)
    lines = out.stdout.decode().splitlines()
    check("one coming and one going are on record", len(lines) == 2, lines)
    kill(ident)


def both(p, first, second, payload=b""):
    """Two requests in one breath; their codes. Each must be answered once."""
    p.put(first, b"", 101)
    p.put(second, payload, 102)
    codes = {}
    while len(codes) < 2 and (got := p.get()) is not None:
        if got[0] in (OK, ERROR):
            assert got[1] not in codes
            codes[got[1]] = 0 if got[0] == OK else struct.unpack("=i", got[2][:4])[0]
    return codes.get(101), codes.get(102)


def pausing():
    ident = start("sh", "-c", "while :; do sleep 0.01; done")
    with Peer(ident) as p:
        got = both(p, PAUSE, PAUSE)
        check("pause while a pause is under way", got[0] == 0 and got[1] in (0, errno.EBUSY), got)
        check("pause of what is paused", p.ask(PAUSE) == 0)
        check("it is paused", state(ident) == "paused")
        check("resume twice", [p.ask(RESUME), p.ask(RESUME)] == [0, 0])
        got = both(p, PAUSE, RESUME)
        check("resume while a pause is under way: both are answered", got[0] in (0, errno.ECANCELED) and got[1] == 0, got)
        check("then it runs", state(ident) == "running")
    for _ in range(10):
        with Peer(ident) as p:
            p.put(PAUSE, b"", 7)
    check("peers that leave while their pause is under way", wait_until(lambda: state(ident) == "paused"))
    with Peer(ident) as p:
        check("signal to a paused session", p.ask(SIGNAL, struct.pack("=i", signal.SIGUSR2)) == 0)
        check("kill of a paused session", p.ask(SIGNAL, struct.pack("=i", signal.SIGKILL)) == 0)
        while p.get() is not None:
            pass
    check("it is gone", wait_until(lambda: state(ident) == "killed"))
    for _ in range(5):
        ident = start("sh", "-c", "while :; do sleep 0.01; done")
        with Peer(ident) as p:
            got = both(p, PAUSE, SIGNAL, struct.pack("=i", signal.SIGKILL))
            good = got[0] in (0, errno.EBUSY, None) and got[1] in (0, None)
            while p.get() is not None:
                pass
        if not good or not wait_until(lambda: state(ident) == "killed", 10):
            check("kill of a session while a pause is under way", False, got)
            return
    check("kill of a session while a pause is under way", True)


def stopping():
    stubborn = ("sh", "-c", "trap '' TERM; while :; do sleep 0.05; done")
    hour = 3600 * 10**9
    for name, graces in (("a longer grace does not put off the end", (10**9, hour)),
                         ("a shorter grace hastens it", (hour, 10**9)),
                         ("a grace beyond all bounds is one", (2**64 - 1, 10**9)),
                         ("kill after stop", (2**63, 0))):
        ident = start(*stubborn)
        with Peer(ident) as p:
            began = time.monotonic()
            codes = [p.ask(STOP, struct.pack("=Q", g)) for g in graces]
            while (got := p.get()) is not None and got[0] != ENDED:
                pass
            took = time.monotonic() - began
        check(f"stop twice: {name}", codes[0] == 0 and codes[1] in (0, None) and took < 5, f"{codes}, {took:.1f} s")
    ident = start(*stubborn, options=["--timeout", "2s"])
    with Peer(ident) as p:
        began = time.monotonic()
        p.ask(STOP, struct.pack("=Q", hour))
        while (got := p.get()) is not None and got[0] != ENDED:
            pass
        took = time.monotonic() - began
    check("stop with a long grace does not put off the time limit", took < 8, f"{took:.1f} s")


def sessions():
    path = f"{RUNTIME}/sessions"
    return set(os.listdir(path)) if os.path.isdir(path) else set()


def launcher(script):
    for name in ("finished", "closed"):
        if os.path.exists(project_file(name)):
            os.unlink(project_file(name))
    before = sessions()
    child = subprocess.Popen(RUN + ["--", *script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0)

    def new():
        return [n for n in sessions() - before if not n.startswith(".")]
    if not wait_until(new):
        raise RuntimeError("no session came up")
    return child, new()[0]


def stalled_launcher():
    size = 50 * 1000 * 1000
    script = ("sh", "-c", f"head -c {size} /dev/zero; touch /workspace/finished")
    child, ident = launcher(script)
    with Peer(ident) as p:
        pid = p.supervisor()
    time.sleep(1)
    check("launcher that does not read: the agent waits", not os.path.exists(project_file("finished")))
    check("launcher that does not read: memory stays bounded", memory(pid) < 64e6 + KEPT, memory(pid))
    calm("launcher that does not read", pid)
    for _ in range(50):  # viewers that come and go set nothing free
        with Peer(ident) as p:
            p.ask(ATTACH, struct.pack("=IHH", 1, 0, 0))
    check("launcher that does not read: it still waits", not os.path.exists(project_file("finished")))
    alive("launcher that does not read", ident)
    got = 0
    while chunk := os.read(child.stdout.fileno(), 1 << 20):
        got += len(chunk)
    check("launcher that reads again: nothing is lost", got == size and child.wait(30) == 0, got)

    child, ident = launcher(script)
    time.sleep(0.5)
    child.kill()
    child.wait()
    check("launcher killed with its queue full: the agent goes on", wait_until(lambda: os.path.exists(project_file("finished"))))
    check("launcher killed with its queue full: the session ends by itself", wait_until(lambda: state(ident) == "exited"))

    fill = "import os, time\nos.set_blocking(1, False)\nquiet = 0\nwhile quiet < 20:\n" \
           "    try:\n        os.write(1, b'x' * 4096); quiet = 0\n" \
           "    except BlockingIOError:\n        time.sleep(0.02); quiet += 1\n" \
           "os.close(1); os.close(2)\nopen('/workspace/closed', 'w').close()\ntime.sleep(1000)"
    child, ident = launcher(("python3", "-c", fill))
    with Peer(ident) as p:
        pid = p.supervisor()
    if wait_until(lambda: os.path.exists(project_file("closed")), 30):
        calm("agent that closed its output while the launcher does not read", pid)
    else:
        check("agent that fills its output", False, "it never filled up")
    child.kill()
    child.wait()
    kill(ident)


def main():
    for case in (malformed, silent, connects, request_flood, input_flood, awkward_requests, pausing, stopping,
                 stalled_launcher, stalled_viewer, never_leaves):
        if len(sys.argv) > 1 and case.__name__ not in sys.argv[1:]:
            continue
        try:
            case()
        except Exception as e:  # a test that cannot go on is a failed one, and the next ones still run
            check(case.__name__, False, repr(e))
    return 1 if failed else 0


sys.exit(main())
