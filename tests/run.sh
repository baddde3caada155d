#!/usr/bin/env bash
# Runs the tests that are built in $O and counts them. Groups: unit fuzz session screen (all by default).
# A program ends with 0, 1 or 77 (skipped, with the reason printed); cmocka programs are counted test by test, scripts by their
# lines "PASS name", "FAIL name: why", "SKIP name: why". Ends with "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/.." || exit 2
O=${O:-build}
export WARDER="${WARDER:-$PWD/$O/warder}"
[ "${O#/}" != "$O" ] && export WARDER="$O/warder"
export O TZ=UTC
groups=${*:-unit fuzz session screen}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() { # count NAME STATUS: adds what $log says
	local p f s
	p=$(grep -cE '^(PASS |\[       OK \])' "$log")
	f=$(grep -cE '^(FAIL |\[  FAILED  \] [^0-9])' "$log")
	s=$(grep -cE '^(SKIP |\[  SKIPPED \] [^0-9])' "$log")
	if [ "$2" = 77 ] && [ "$s" = 0 ]; then s=1; fi
	if [ "$2" != 0 ] && [ "$2" != 77 ] && [ "$f" = 0 ]; then f=1; fi
	if [ "$2" = 0 ] && [ $((p + f + s)) = 0 ]; then p=1; fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-28s %d passed, %d failed, %d skipped\n' "$1:" "$p" "$f" "$s"
	if [ "$f" != 0 ]; then grep -vE '^(PASS |\[( RUN      |       OK )\])' "$log" | head -60; fi
	grep -E '^SKIP ' "$log"
}

run() { # run NAME COMMAND...
	local name=$1
	shift
	timeout 600 "$@" >"$log" 2>&1 </dev/null
	count "$name" $?
}

for group in $groups; do
	case $group in
	unit)
		for src in tests/unit/test_*.c; do
			name=$(basename "$src" .c)
			run "unit/$name" "$O/tests/unit/$name"
		done ;;
	fuzz)
		for src in tests/fuzz/*_fuzz.c; do
			[ -e "$src" ] || continue
			name=$(basename "$src" _fuzz.c)
			run "fuzz/$name" "$O/tests/fuzz/$name" "tests/fuzz/corpus/$name"/*
		done ;;
	session)
		for script in tests/session/*.sh; do
			[ -x "$script" ] || continue
			run "session/$(basename "$script" .sh)" "$script"
		done ;;
	screen)
		for src in tests/screen/test_*.c; do
			[ -e "$src" ] || continue
			name=$(basename "$src" .c)
			run "screen/$name" "$O/tests/screen/$name"
		done ;;
	esac
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
