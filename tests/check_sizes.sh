#!/usr/bin/env bash
# No file over 600 lines (a table of data may be longer: none is today).
set -u
cd "$(dirname "$0")/.." || exit 2
long=$(git ls-files '*.c' '*.h' '*.sh' | xargs -r wc -l | awk '$1 > 600 && $2 != "total" { print $2 ": " $1 " lines" }')
if [ -n "$long" ]; then
	echo "$long"
	echo "FAIL sizes: over 600 lines"
	exit 1
fi
echo "PASS sizes"
