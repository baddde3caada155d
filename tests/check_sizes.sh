#!/usr/bin/env bash
# No file over 600 lines, no function of the program over 60 (a function's body, from its "{" line to its "}" line, both alone in column 1).
set -u
cd "$(dirname "$0")/.." || exit 2
bad=0
while read -r lines file; do
	if [ "$lines" -gt 600 ] && [ "$file" != total ]; then
		echo "$file: $lines lines"
		bad=1
	fi
done < <(git ls-files '*.c' '*.h' '*.sh' '*.py' | xargs -r wc -l)
long=$(git ls-files 'core/*.c' 'tui/*.c' | xargs -r awk '
	FNR == 1 { start = 0 }
	/^{$/ { start = FNR; name = previous }
	/^}$/ { if (start && FNR - start - 1 > 60) print FILENAME ":" start ": " FNR - start - 1 " lines: " name; start = 0 }
	{ previous = $0 }')
if [ -n "$long" ]; then
	echo "$long"
	bad=1
fi
if [ "$bad" = 0 ]; then echo "PASS sizes"; else echo "FAIL sizes: over 600 lines a file or 60 a function"; fi
exit "$bad"
