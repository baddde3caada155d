"""A loop of fork, exec and wait, native, under warder with every execution on record, and under strace of execve, interleaved."""
import os
import shutil
import statistics
import subprocess
import sys
import time

warder, place, rounds = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
loop = ["/usr/bin/python3", "-c", "import os, time\nt = time.perf_counter()\nfor _ in range(500):\n"
        " p = os.posix_spawn('/usr/bin/true', ['true'], {})\n os.waitpid(p, 0)\nprint(time.perf_counter() - t)"]
candidates = {"native": loop, "warder": [warder, "run", "--rm", "-C", f"{place}/project", "--"] + loop}
if shutil.which("strace"):
    candidates["strace"] = ["strace", "-f", "-o", "/dev/null", "-e", "trace=execve"] + loop
times = {name: [] for name in candidates}
for _ in range(rounds):
    for name, command in candidates.items():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times[name].append(float(done.stdout) * 1000000 / 500)
print(f"500 spawns of true, {rounds} rounds, interleaved; microseconds each")
for name, values in times.items():
    print(f"{name:10}{statistics.median(values):9.0f}   {statistics.median(values) / statistics.median(times['native']):.2f} of native")
