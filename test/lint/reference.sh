#!/usr/bin/env bash
# doc/reference.md lists what there is: functions, tables, SQLSTATEs, settings.

. test/lib/tap.bash

# differ LIST LIST: lines that are in one only.
differ()
{
	diff <(sort -u <<<"$1") <(sort -u <<<"$2") | grep '^[<>]'
}

script=$(cat sql/parts/*.sql)
support='^(txid|outpoint)_(in|out|recv|send|cmp|eq|ne|lt|le|gt|ge|hash|hash_extended|sortsupport)$'

nothing 'functions of the install script (<) and of the reference (>)' "$(differ \
	"$(grep -oP 'CREATE (FUNCTION|PROCEDURE) charmbills\.\K\w+' <<<"$script" | grep -vE "$support")" \
	"$(sed -n '/^## Functions/,/^## Tables/p' doc/reference.md | grep -oP '^\| `\K\w+(?=\()')")"
nothing 'tables of the install script (<) and of the reference (>)' "$(differ \
	"$(grep -oP 'CREATE TABLE charmbills\.\K\w+' <<<"$script")" \
	"$(sed -n '/^## Tables/,/^## Types/p' doc/reference.md | grep '^|' | cut -d'|' -f2 | grep -oP '`\K\w+')")"
nothing 'SQLSTATEs of the header (<) and of the reference (>)' "$(differ \
	"$(sed -nE "s/.*MAKE_SQLSTATE\('C', 'B', '(.)', '(.)', '(.)'\).*/CB\1\2\3/p" src/cb_errors.h)" \
	"$(grep -oP '^\| `\KCB\d+' doc/reference.md)")"
nothing 'settings of the library (<) and of the README (>)' "$(differ \
	"$(grep -ohP 'DefineCustom\w+Variable\("\K[\w.]+' src/cb_guc.c src/cb_guc_charms.c)" \
	"$(grep -oP '^\| `\Kcharmbills\.\w+' README.md)")"

done_testing
