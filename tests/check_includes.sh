#!/usr/bin/env bash
# Which folder may include which, and where each foreign library may be included. Prints offenders; exit 1 if any.
set -u
cd "$(dirname "$0")/.." || exit 2
bad=0

# folder: folders it may include from (itself always)
while read -r folder allowed; do
	for file in "$folder"/*.[ch]; do
		[ -e "$file" ] || continue
		while read -r header; do
			dir=$(dirname "$header")
			case " $folder $allowed " in
			*" $dir "*) ;;
			*)
				[ "$file $header" = "tui/main.c core/session/entry.h" ] && continue
				echo "$file includes $header: $folder may include only $folder $allowed"
				bad=1 ;;
			esac
		done < <(sed -nE 's/^#include "([^"]+)".*/\1/p' "$file")
	done
done <<'TABLE'
core/base
core/policy core/base
core/wire core/base
core/layers core/base core/policy
core/session core/base core/policy core/layers core/wire
core/api core/base core/policy core/wire
tui core/base core/api tui/cli
tui/cli core/base core/api tui
TABLE

# header: the only files that may include it
while read -r header allowed; do
	while IFS=: read -r file _; do
		case " $allowed " in
		*" $file "*) ;;
		*)
			echo "$file includes <$header>: only $allowed may"
			bad=1 ;;
		esac
	done < <(grep -rnE "#include <$header>" core tui --include='*.[ch]')
done <<'TABLE'
cjson/cJSON.h core/base/json_read.c
nettle/.*.h core/base/digest.c
seccomp.h core/layers/seccomp_compile.c
cap-ng.h core/layers/capabilities.c
curses.h tui/draw.c tui/keys.c
ncurses.h tui/draw.c tui/keys.c
TABLE
[ "$bad" = 0 ] && echo "PASS includes" || echo "FAIL includes: see above"
exit "$bad"
