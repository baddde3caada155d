#!/usr/bin/env bash
# `make run`: starts the demonstration agent in a sandbox and opens the dashboard on it. Without a terminal it prints one
# snapshot instead. Nothing of the demonstration is left afterwards.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-build}
warder=$O/warder
[ "${warder#/}" != "$warder" ] || warder=$PWD/$warder
project=$(mktemp -d "${TMPDIR:-/tmp}/warder-demo.XXXXXX")
cp tests/demo/agent.sh "$project/agent.sh"
id=
cleanup() {
	status=$?
	if [ -n "$id" ]; then
		"$warder" kill "$id" --grace 0 >/dev/null 2>&1 || true
		"$warder" rm "$id" >/dev/null 2>&1 || true
	fi
	rm -rf "$project"
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

extra=()
if [ "$(id -u)" != 0 ]; then
	# without a delegated cgroup an ordinary user has no hard limits: accepted here, and shown as such
	extra=(--allow-degraded limits)
fi
id=$("$warder" run -d -t --name "demo-$$" "${extra[@]}" -C "$project" -- bash agent.sh)
if [ -t 0 ] && [ -t 1 ]; then
	"$warder"
	exit 0
fi
sleep "${DEMO_SECONDS:-4}"
echo "--- warder ps"
"$warder" ps
echo
echo "--- warder show $id"
"$warder" show "$id"
echo
echo "--- warder logs $id"
"$warder" logs "$id" || true
echo
echo "--- warder trail $id"
"$warder" trail "$id" | tail -15
