#!/usr/bin/env bash
# The control file holds the version; whatever else names it agrees.

. test/lib/tap.bash

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" charmbills.control)
meta()
{
	perl -MJSON::PP -0777 -ne "print decode_json(\$_)->$1" META.json
}

same 'META.json has the version of the control file' "$(meta '{version}')" "$version"
same 'and provides it' "$(meta '{provides}{charmbills}{version}')" "$version"
same 'by the right install script' "$(meta '{provides}{charmbills}{file}')" "sql/charmbills--$version.sql"
same 'CHANGELOG.md has a section for it' \
	"$(sed -n "s/^## \[\([0-9.]*\)\].*/\1/p" CHANGELOG.md | head -1)" "$version"
same 'the licence is in META.json' "$(meta '{license}')" postgresql

# A released script never changes again: what comes after is an upgrade script
# and a version of its own.
nothing 'released install scripts are as they were' "$(cd sql && sha256sum --quiet -c released.sha256 2>&1)"

# Steps between versions, in any number, as ALTER EXTENSION UPDATE takes them.
leads_to()
{
	local step

	[ "$1" = "$2" ] && return 0
	for step in "sql/charmbills--$1--"*.sql; do
		step=${step#"sql/charmbills--$1--"}
		[ "$step" != '*.sql' ] && leads_to "${step%.sql}" "$2" && return 0
	done
	return 1
}
released=$(grep -oP ' charmbills--\K[^-]+(?=\.sql$)' sql/released.sha256)
nothing "an upgrade script leads from every version released to $version" \
	"$(for from in $released; do leads_to "$from" "$version" || echo "$from"; done)"
nothing 'every upgrade script refuses to be run by hand' \
	"$(for step in sql/charmbills--*--*.sql; do
		[ ! -f "$step" ] || head -1 "$step" | grep -qxF '\echo Use "ALTER EXTENSION charmbills UPDATE" to load this file. \quit' ||
			echo "$step"
	done)"

script=sql/charmbills--$version.sql
if [ -f "$script" ]; then
	same 'the install script refuses to be run by hand' \
		"$(head -1 "$script")" '\echo Use "CREATE EXTENSION charmbills" to load this file. \quit'
	nothing 'it creates, and never takes what is there' \
		"$(sed 's/--.*//' "$script" | grep -niE 'create +or +replace|if +not +exists')"
	nothing 'no PL/pgSQL' "$(sed 's/--.*//' "$script" | grep -niE 'plpgsql|^ *do +\$')"
else
	skip 'the install script' 'it is not built'
fi

done_testing
