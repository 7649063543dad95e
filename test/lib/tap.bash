# shellcheck shell=bash
#
# The Test Anything Protocol for the lints, which run at the top of the source
# tree.

tests=0
failures=0

# nothing TITLE TEXT: passes when the text, a list of offences, is empty.
nothing()
{
	tests=$((tests + 1))
	if [ -z "$2" ]; then
		echo "ok $tests - $1"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# same TITLE GOT WANTED
same()
{
	if [ "$2" = "$3" ] && [ -n "$2" ]; then
		nothing "$1" ''
	else
		nothing "$1" "got '$2', wanted '$3'"
	fi
}

skip()
{
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

done_testing()
{
	echo "1..$tests"
	exit $((failures > 0))
}
