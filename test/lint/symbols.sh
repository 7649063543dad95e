#!/usr/bin/env bash
# Names that leave a file or a library, and what the libraries link.

. test/lib/tap.bash

entry_points='^(Pg_magic_func|_PG_init|charmbills_[a-z0-9_]+|pg_finfo_charmbills_[a-z0-9_]+)$'

for library in src/charmbills.so worker/charmbills_worker.so; do
	if [ ! -f $library ]; then
		skip "$library exports entry points only" 'it is not built'
		continue
	fi
	exported=$(nm -D --defined-only $library | awk '{ print $NF }')
	nothing "$library exports entry points only" "$(grep -Ev "$entry_points" <<<"$exported")"
	same "$library is a module" "$(grep -x Pg_magic_func <<<"$exported")" Pg_magic_func
done

objects=$(find src worker -name '*.o')
if [ -n "$objects" ]; then
	# shellcheck disable=SC2086
	nothing 'what leaves a file is called cb_ or charmbills_' \
		"$(nm -A -g --defined-only $objects | awk '{ print $1, $NF }' |
			grep -Ev ' (Pg_magic_func|_PG_init|(pg_finfo_)?charmbills_[a-z0-9_]+|cb_[a-z0-9_]+)$')"
else
	skip 'what leaves a file is called cb_ or charmbills_' 'nothing is built'
fi

if [ -f src/charmbills.so ]; then
	nothing 'backends load no HTTP and no JSON library' \
		"$(readelf -d src/charmbills.so | grep NEEDED | grep -E 'curl|jansson|pthread')"
else
	skip 'backends load no HTTP and no JSON library' 'src/charmbills.so is not built'
fi
nothing 'the worker knows nothing of src/ but the rendezvous and the compatibility header' \
	"$(grep -nE '^# *include +"\.\./' worker/*.[ch] 2>/dev/null |
		grep -vE '"\.\./src/cb_(shared|compat)\.h"')"

done_testing
