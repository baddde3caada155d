#!/usr/bin/env bash
# make bench: how long a whole launch takes, side by side with bubblewrap and runc in the same run (a machine's figures mean little
# alone; ratios travel). Prints medians in milliseconds and ratios. RUNS=100 by default.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-build}
T=$(mktemp -d "${TMPDIR:-/tmp}/warder-bench.XXXXXX")
trap 'rm -rf "$T"' EXIT
export WARDER_RUNTIME_DIR=$T/run WARDER_STATE_DIR=$T/state
mkdir -p "$T/project" "$T/bundle/rootfs"
/usr/bin/env python3 tests/bench/launch.py "$O/warder" "$T" "${RUNS:-100}"
/usr/bin/env python3 tests/bench/spawn.py "$O/warder" "$T" "${ROUNDS:-7}"
