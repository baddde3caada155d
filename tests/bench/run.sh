#!/usr/bin/env bash
# make bench: how long a whole launch takes, side by side with bubblewrap and runc in the same run
# (a machine's figures mean little alone; ratios travel), with the session's state on disk and in
# memory, since each launch makes about ten files; and what the exec watch costs a loop of spawns,
# side by side with strace. Prints medians and ratios. RUNS=100, ROUNDS=7 by default.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-build}
disk=$(mktemp -d "${TMPDIR:-/tmp}/warder-bench.XXXXXX")
memory=$(mktemp -d /dev/shm/warder-bench.XXXXXX)
trap 'rm -rf "$disk" "$memory"' EXIT

for place in "$disk" "$memory"; do
	export WARDER_RUNTIME_DIR=$place/run WARDER_STATE_DIR=$place/state
	mkdir -p "$place/project" "$place/bundle/rootfs"
	echo "state on $(stat -f -c %T "$place")"
	/usr/bin/env python3 tests/bench/launch.py "$O/warder" "$place" "${RUNS:-100}"
	echo
done
/usr/bin/env python3 tests/bench/spawn.py "$O/warder" "$memory" "${ROUNDS:-7}"
