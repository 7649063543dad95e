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
