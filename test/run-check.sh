#!/usr/bin/env bash
#
# Every test there is.
#
#	test/run-check.sh [STAGE...]	all stages, or those named
#
# TESTS=glob narrows the files of each stage, BITCOIND or BTCD name a node,
# FUZZ_SECONDS is how long each fuzzer runs, and WERROR=1 makes warnings errors.
#
# The last line counts: assertions of TAP programs, regression tests,
# isolation specs and fuzzers.  What failed or was skipped stands above it.

set -uo pipefail

# shellcheck source=test/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

all_stages='build lint unit fuzz regress isolation pgtap tap'
stages=${*:-$all_stages}
TESTS=${TESTS:-*}
SECONDS_EACH=${FUZZ_SECONDS:-5}

setup_packages
setup_workspace

results=$work/results
: >"$results"
chown "$server_account" "$results"

# What runs as the server's account is copied to where it may read it.
tree=$work/tree
mkdir -p "$tree/shared"
cp -R "$top/test" "$top/sql" "$top/README.md" "$top/META.json" "$top/charmbills.control" "$tree/"
if [ -d "$top/expected" ]; then
	cp -R "$top/expected" "$tree/"
	ln -s ../expected "$tree/test/expected"
fi
vectors=${CHARMBILLS_VECTORS:-$top/../shared/vectors}
if [ -d "$vectors" ]; then
	cp -R "$vectors" "$work/vectors"
	chmod -R u+w,a+rX "$work/vectors"
	export CHARMBILLS_VECTORS=$work/vectors
fi
chown -R "$server_account" "$tree"

harness()
{
	"$tree/test/lib/harness.pl" "$results" "$@"
}

# The files of a stage, narrowed by TESTS; nothing when there are none.
files_of()
{
	local folder=$1 ending=$2 file

	for file in "$folder"/*"$ending"; do
		# shellcheck disable=SC2254
		case $(basename "$file" "$ending") in
			'*') ;;
			$TESTS) echo "$file" ;;
		esac
	done
}

names_of()
{
	local file

	files_of "$@" | while IFS= read -r file; do basename "$file" "$2"; done
}

# none STAGE FILES: say so where a stage has nothing to run.
none()
{
	[ -z "$2" ] || return 1
	harness skip "$1" "no tests match '$TESTS'"
}

is_preloaded()
{
	[ -n "${PGHOST:-}" ]
}

#
# The stages.  One that ends badly has failed, whatever else it says.
#

stage_build()
{
	install_extension && harness pass build
}

stage_lint()
{
	local files

	files=$(files_of "$top/test/lint" .sh)
	none lint "$files" && return 0
	# shellcheck disable=SC2086
	(cd "$top" && harness tap lint --exec bash $files)
}

stage_unit()
{
	local programs name

	programs=
	for name in $(names_of "$top/test/unit" .c | grep '^test_'); do
		programs+=" $work/unit/$name"
	done
	none unit "$programs" && return 0
	# shellcheck disable=SC2086
	make -s -j"$(nproc)" -C "$top/test/unit" BUILD="$work/unit" $programs || return 1
	# shellcheck disable=SC2086
	(cd "$top" && harness tap unit $programs)
}

stage_fuzz()
{
	local programs name

	if ! has_fuzzer >/dev/null 2>&1; then
		harness skip fuzz 'no clang with libFuzzer'
		return 0
	fi
	programs=
	for name in $(names_of "$top/test/fuzz" .c | grep '^fuzz_'); do
		programs+=" $name"
	done
	none fuzz "$programs" && return 0
	# shellcheck disable=SC2086
	make -s -j"$(nproc)" -C "$top/test/fuzz" BUILD="$work/fuzz" all || return 1
	export FUZZ_BUILD=$work/fuzz FUZZ_SECONDS=$SECONDS_EACH
	# shellcheck disable=SC2086
	harness tap fuzz --exec "bash $top/test/lib/fuzz-smoke.sh" $programs
}

stage_regress()
{
	local tests

	tests=$(names_of "$tree/test/sql" .sql)
	none regress "$tests" && return 0
	# shellcheck disable=SC2086
	pg_regress_stage regress "$pgxs_dir/test/regress/pg_regress" $tests
}

stage_isolation()
{
	local tests

	tests=$(names_of "$tree/test/specs" .spec)
	none isolation "$tests" && return 0
	# shellcheck disable=SC2086
	pg_regress_stage isolation "$pgxs_dir/test/isolation/pg_isolation_regress" $tests
}

# pg_regress finds expected/ in its current directory, or beside its input.
pg_regress_stage()
{
	local stage=$1 program=$2 out=$work/$1 status=0

	shift 2
	mkdir "$out"
	chown "$server_account" "$out"
	as_server sh -c 'cd tree && exec "$@"' sh \
		test/lib/harness.pl "$results" regress "$stage" \
		"$program" --inputdir=test --outputdir="$out" --bindir="$bindir" \
		--host="$PGHOST" --port="$PGPORT" --user="$PGUSER" \
		--dbname="charmbills_$stage" --load-extension=charmbills "$@" || status=$?
	if [ -s "$out/regression.diffs" ]; then
		head -300 "$out/regression.diffs"
	fi
	# For whoever has to write expected/.
	if [ -n "${RESULTS_DIR:-}" ]; then
		mkdir -p "$RESULTS_DIR"
		cp "$out/results/"* "$RESULTS_DIR/"
	fi
	return $status
}

# Each file gets a database of its own, made from one that has the extensions.
stage_pgtap()
{
	local files name

	files=$(files_of "$tree/test/pgtap" .sql)
	none pgtap "$files" && return 0
	as_server psql -Xq -v ON_ERROR_STOP=1 -c 'CREATE DATABASE pgtap_template' || return 1
	as_server psql -Xq -v ON_ERROR_STOP=1 -d pgtap_template \
		-c 'CREATE SCHEMA tap' -c 'CREATE EXTENSION pgtap SCHEMA tap' \
		-c 'CREATE EXTENSION charmbills' \
		-c 'ALTER DATABASE pgtap_template SET search_path = public, tap' || return 1
	for name in $(names_of "$tree/test/pgtap" .sql); do
		as_server createdb -T pgtap_template "pgtap_$name" || return 1
		as_server psql -Xq -c "ALTER DATABASE \"pgtap_$name\" SET search_path = public, tap" || return 1
	done
	# shellcheck disable=SC2086
	as_server "$tree/test/lib/harness.pl" "$results" tap pgtap --exec \
		'psql -XAtq -P pager=off -v ON_ERROR_ROLLBACK=1 -v ON_ERROR_STOP=1 -d pgtap_%n -f' $files
}

# Programs with servers and nodes of their own.
stage_tap()
{
	local files

	files=$(files_of "$tree/test/t" .pl)
	none tap "$files" && return 0
	# shellcheck disable=SC2086
	as_server env \
		PERL5LIB="$tree/test/perl:$pgxs_dir/test/perl${PERL5LIB:+:$PERL5LIB}" \
		PG_REGRESS="$pgxs_dir/test/regress/pg_regress" \
		TESTDIR="$work" TESTDATADIR="$work/tap/data" TESTLOGDIR="$work/tap/log" \
		PG_TEST_TIMEOUT_DEFAULT="${PG_TEST_TIMEOUT_DEFAULT:-60}" \
		sh -c 'mkdir -p tap/data tap/log && exec "$@"' sh \
		"$tree/test/lib/harness.pl" "$results" tap tap --exec perl $files
}

needs_server()
{
	case $1 in
		regress | isolation | pgtap) return 0 ;;
	esac
	return 1
}

built=yes
run_stage()
{
	local stage=$1 before after

	say "== $stage"
	case $stage in
		regress | isolation | pgtap | tap)
			if [ $built = no ]; then
				harness skip "$stage" 'the extension was not built'
				return
			fi
			;;
	esac
	if needs_server "$stage" && ! is_preloaded; then
		if ! start_server; then
			unset PGHOST
			built=no
			harness fail "$stage" 'the server did not start'
			return
		fi
	fi
	before=$(wc -l <"$results")
	if ! run_child "stage_$stage"; then
		harness fail "$stage" 'ended badly'
		if [ "$stage" = build ]; then
			built=no
		fi
	fi
	after=$(wc -l <"$results")
	if [ "$before" = "$after" ]; then
		harness fail "$stage" 'gave no result'
	fi
}

for stage in $stages; do
	case " $all_stages " in
		*" $stage "*) ;;
		*) die "no such stage: $stage (there are: $all_stages)" ;;
	esac
done
case " $stages " in
	*' tap '*)
		setup_node
		setup_webhooks
		setup_signers
		;;
esac
case " $stages " in
	*' unit '*) setup_curves ;;
esac
for stage in $stages; do
	run_stage "$stage"
done
harness report
