#!/usr/bin/env bash
# Rules that no compiler knows.

. test/lib/tap.bash

sources=$(find src worker -name '*.c' | sort)
files=$(find src worker -name '*.[ch]' | sort)

# A file's code, without comments; line numbers hold.
code_of()
{
	cc -fpreprocessed -dD -E "$1" 2>/dev/null | sed -e '/^# [0-9]/d'
}

offences_of()
{
	local file

	for file in $2; do
		code_of "$file" | grep -E "$1" | sed "s|^|$file: |"
	done
}

banned='(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|gets|alloca|system|popen|sleep|usleep|pg_usleep)'
nothing 'no function that is unbounded, unchecked or blind to interrupts' \
	"$(offences_of "(^|[^A-Za-z0-9_])$banned *\(" "$sources")"

nothing 'differences between versions of PostgreSQL live in src/cb_compat.h' \
	"$(grep -nE '\bPG_VERSION_NUM\b' $files | grep -Ev '^(src|worker)/cb_compat\.h:')"

nothing 'no file has more than 600 lines' \
	"$(wc -l $files | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 }')"

nothing 'lines end without blanks' "$(grep -nE '[[:blank:]]+$' $files)"

nothing 'every file says what it is' \
	"$(for file in $files; do
		head -3 "$file" | grep -qE "^ \* $(basename "$file")\$" || echo "$file"
	done)"

done_testing
