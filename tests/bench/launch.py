"""Whole launches of `true`, interleaved so that the machine's moods hit all alike: warder with every layer, bubblewrap with every
namespace and no capabilities, runc with its default spec."""
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

warder, place, runs = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def runc_bundle():
    subprocess.run(["runc", "spec"], cwd=f"{place}/bundle", check=True)
    path = f"{place}/bundle/config.json"
    spec = json.load(open(path))
    spec["process"]["terminal"] = False
    spec["process"]["args"] = ["/usr/bin/true"]
    for name in ("usr", "lib", "lib64", "bin"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{place}/bundle/rootfs/{name}")
        else:
            spec["mounts"].append({"destination": f"/{name}", "source": f"/{name}", "type": "bind",
                                   "options": ["rbind", "ro"]})
    json.dump(spec, open(path, "w"))


candidates = {
    "native": ["/usr/bin/true"],
    "warder": [warder, "run", "--rm", "-C", f"{place}/project", "--", "/usr/bin/true"],
}
if shutil.which("bwrap"):
    candidates["bwrap"] = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
                           "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
                           "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", f"{place}/project", "/workspace",
                           "/usr/bin/true"]
if shutil.which("runc"):
    runc_bundle()
    candidates["runc"] = ["runc", "--root", f"{place}/runc", "run", "--bundle", f"{place}/bundle", "bench"]

times = {name: [] for name in candidates}
for name, command in list(candidates.items()):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{name}: does not run here: {done.stderr.strip()[:200]}")
        del candidates[name], times[name]
for i in range(runs):
    for name, command in candidates.items():
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        times[name].append((time.perf_counter() - start) * 1000)

print(f"{runs} launches of true each, interleaved; milliseconds")
print(f"{'':10}{'median':>9}{'p10':>9}{'p90':>9}")
median = {}
for name, values in times.items():
    values.sort()
    median[name] = statistics.median(values)
    print(f"{name:10}{median[name]:9.2f}{values[len(values) // 10]:9.2f}{values[len(values) * 9 // 10]:9.2f}")
for peer in ("bwrap", "runc"):
    if peer in median and "warder" in median:
        print(f"warder / {peer}: {median['warder'] / median[peer]:.2f}")
