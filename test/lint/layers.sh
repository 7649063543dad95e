#!/usr/bin/env bash
# The pure layers know nothing of PostgreSQL, and compile alone.

. test/lib/tap.bash

folders=$(for folder in src/bitcoin src/charms; do [ -d $folder ] && echo $folder; done)
# shellcheck disable=SC2086
sources=$(find $folders -name '*.c' | sort)

# shellcheck disable=SC2086
nothing 'the pure layers include no header of PostgreSQL or of the layers above' \
	"$(grep -rnE '^# *include +["<](postgres|fmgr|utils/|lib/|storage/|executor/|types/|chain/|billing/|\.\./cb_|cb_(guc|errors|sql|compat)\.h)' $folders)"

# shellcheck disable=SC2086
nothing 'they allocate nothing' \
	"$(grep -nE '(^|[^A-Za-z0-9_])(malloc|calloc|realloc|palloc[0-9a-z]*|ereport|elog) *\(' $sources)"

for compiler in gcc clang; do
	if ! command -v $compiler >/dev/null; then
		skip "$compiler compiles them alone, without a warning" "there is no $compiler"
		continue
	fi
	nothing "$compiler compiles them alone, without a warning" \
		"$(for source in $sources; do
			$compiler -std=c11 -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Werror -fsyntax-only -Isrc -Isrc/bitcoin "$source" 2>&1
		done)"
done

done_testing
