#!/usr/bin/env bash
#
# How fast it is, as one table.
#
#	test/run-bench.sh [PART...]	all parts, or those named
#
# Everything that is compared runs here, one beside the other, so that the
# ratios say something on any machine.  No figure makes this fail.

set -uo pipefail

# shellcheck source=test/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

all_parts='parse spells apply charms pending subscribe renew clock entitled activation webhooks memory'
parts=${*:-$all_parts}
bitcoinjs=bitcoinjs-lib@6
snarkjs=snarkjs@0.7
node_service="$bitcoinjs bip32@4 tiny-secp256k1@2 pg@8"

for part in $parts; do
	case " $all_parts " in
		*" $part "*) ;;
		*) die "no such part: $part (there are: $all_parts)" ;;
	esac
done

setup_packages
setup_workspace

export BENCH_RESULTS=$work/results
tree=$work/tree
: >"$BENCH_RESULTS"
mkdir "$tree"
cp -R "$top/test" "$tree/"
chown -R "$server_account" "$tree" "$BENCH_RESULTS"
status=0

# row WHAT FIGURE REASON
row()
{
	printf '%s\t%s\t%s\t\t\t\n' "$@" >>"$BENCH_RESULTS"
}

#
# What the parts need
#

# Also for those who find the block nowhere.
setup_block()
{
	local vectors=${CHARMBILLS_VECTORS:-$top/../shared/vectors}

	block=$work/block
	[ -f "$vectors/blocks/block928816.raw" ] || return 1
	install -m 644 "$vectors/blocks/block928816.raw" "$block"
	make -s -C "$top/test/bench" BUILD="$work/bench" all &&
		"$work/bench/block_outputs" "$block" >"$work/outputs"
}

# Likewise.
setup_spells()
{
	local vectors=${CHARMBILLS_VECTORS:-$top/../shared/vectors}

	spells=$work/spells
	[ -f "$vectors/charms/spells.json" ] || return 1
	install -m 644 "$vectors/charms/spells.json" "$spells"
	make -s -C "$top/test/bench" BUILD="$work/bench" "$work/bench/bench_spell"
}

# setup_npm PACKAGE...: whatever is wanted for comparison; sets no_npm to why not.
setup_npm()
{
	no_npm=
	if ! have node || ! have npm; then
		no_npm='there is no node or npm'
	elif ! timeout 120 npm install --prefix "$work/npm" --no-audit --no-fund "$@" >"$work/log/npm" 2>&1; then
		no_npm='npm could not install it'
	else
		chmod -R a+rX "$work/npm"
		export NODE_PATH=$work/npm/node_modules
	fi
}

setup_bitcoinjs()
{
	setup_npm $bitcoinjs
	export NO_BITCOINJS=$no_npm
}

setup_snarkjs()
{
	setup_npm $snarkjs
	export NO_SNARKJS=$no_npm
}

# Built where it is found again: it takes a minute.
setup_arkworks()
{
	local target=$cache/arkworks project=$work/arkworks.project

	NO_ARKWORKS=
	# Cargo writes down what it has resolved beside its manifest.
	cp -r "$top/test/bench/arkworks" "$project"
	if ! have cargo; then
		NO_ARKWORKS='there is no cargo'
	elif ! CARGO_TARGET_DIR=$target timeout 600 cargo build --quiet --release \
		--manifest-path "$project/Cargo.toml" >"$work/log/cargo" 2>&1; then
		NO_ARKWORKS='cargo could not build it'
	else
		install -m 755 "$target/release/bench_arkworks" "$work/arkworks"
	fi
	export NO_ARKWORKS ARKWORKS=$work/arkworks
}

setup_node_service()
{
	# shellcheck disable=SC2086
	setup_npm $node_service
	export NO_NODE_SERVICE=$no_npm
}

# As on a machine that must not lose a payment, not as the tests run.
make_server_durable()
{
	as_server tee -a "$work/data/postgresql.conf" >/dev/null <<-CONF
		fsync = on
		synchronous_commit = on
		full_page_writes = on
		shared_buffers = 256MB
		max_wal_size = 4GB
		track_commit_timestamp = on
		charmbills.rpc_user = 'charmbills'
		charmbills.rpc_password = 'regtest-password'
		charmbills.databases = ''
	CONF
	as_server pg_ctl -D "$work/data" -l "$work/log/server" -w -s restart
}

setup_server()
{
	install_extension && start_server && make_server_durable
}

#
# The parts
#

perl_part()
{
	local name=$1

	shift
	as_server env PERL5LIB="$tree/test/perl" perl "$tree/test/bench/$name.pl" "$@"
}

part_parse()
{
	perl_part parse "$work/bench/bench_block" "$block"
}

part_spells()
{
	perl_part spells "$work/bench/bench_spell" "$spells"
}

part_charms()
{
	perl_part charms "$spells"
}

part_apply()
{
	perl_part apply "$work/bench/bench_block" "$block" "$work/outputs"
}

part_pending()
{
	perl_part pending
}

part_subscribe()
{
	perl_part subscribe
}

part_renew()
{
	perl_part renew
}

part_clock()
{
	perl_part clock
}

part_entitled()
{
	perl_part entitled
}

part_activation()
{
	perl_part activation
}

part_webhooks()
{
	perl_part webhooks
}

part_memory()
{
	perl_part memory
}

# An error is no figure: it shows, and fails.
run_part()
{
	local part=$1 log=$work/log/$1

	say "== $part"
	case $part in
		parse | apply)
			if [ -z "$block" ]; then
				row "$part" skipped 'no block928816.raw'
				return
			fi
			;;
		spells | charms)
			if [ -z "$spells" ]; then
				row "$part" skipped 'no spells.json'
				return
			fi
			;;
	esac
	if ! run_child "part_$part" >"$log" 2>&1; then
		row "$part" failed "$(tail -1 "$log")"
		tail -20 "$log" >&2
		status=1
	fi
}

setup_block || block=
case " $parts " in
	*' spells '* | *' charms '*) setup_spells || spells= ;;
esac
case " $parts " in
	*' spells '*)
		setup_snarkjs
		setup_arkworks
		;;
esac
case " $parts " in
	*' parse '*) setup_bitcoinjs ;;
esac
case " $parts " in
	*' subscribe '*) setup_node_service ;;
esac
case " $parts " in
	*' activation '* | *' memory '*) setup_node ;;
esac
setup_server || die 'the server did not start'
for part in $parts; do
	run_part "$part"
done
echo
"$tree/test/bench/table.pl" "$BENCH_RESULTS"
echo
as_server psql -XAtq -c "SELECT format('PostgreSQL %s, %s processors: %s', current_setting('server_version'),
	'$(nproc)', string_agg(name || ' ' || current_setting(name), ', '))
	FROM unnest(ARRAY['fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers']) name"
exit $status
