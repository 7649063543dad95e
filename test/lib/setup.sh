# shellcheck shell=bash
#
# What the check, the demo and the benchmarks have in common: packages, a
# Bitcoin node, an unprivileged account, and a private PostgreSQL server in a
# temporary directory that goes away with the script.  Source it, then call
#
#	setup_packages		install what is missing (root or sudo; Debian and kin)
#	setup_workspace		$work, removed at the end with all that runs in it
#	setup_node			BITCOIND or BTCD, when there is or can be one
#	setup_webhooks		STANDARDWEBHOOKS, when there is or can be one
#	setup_curves		NOBLE_CURVES, likewise
#	setup_signers		BITCOINJS and EMBIT, likewise
#	install_extension	build, and install for that server
#	start_server		PGHOST, PGPORT and PGUSER lead to it
#
# Nothing is written into the source tree but what a build leaves.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/charmbills
PG_CONFIG=${PG_CONFIG:-pg_config}

# It wants Go 1.25, or one since 1.21 that can fetch it.  Earlier versions of
# btcd do with an older Go, but know regtest without segwit.
btcd_version=v0.26.2

# Of npm: what receivers of webhooks verify signatures with, and another
# implementation of the curve that spells are proved on.
standardwebhooks=standardwebhooks@1
noble_curves=@noble/curves@1

# Wallets that sign PSBTs: of npm, with what it needs to have keys, and of PyPI.
signer_packages='bitcoinjs-lib@6 tiny-secp256k1@2 bip32@4 ecpair@2'
embit=embit==0.8.0

# The caller's own server must neither be used nor disturbed.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGOPTIONS PGSERVICE PGDATA
export LC_ALL=C

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "error: $*"
	exit 1
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo && sudo -n true 2>/dev/null; then
		sudo -n --preserve-env=DEBIAN_FRONTEND "$@"
	else
		die "this needs root or sudo: $*"
	fi
}

#
# Packages
#

# need PACKAGES COMMAND...: note the packages unless the command succeeds.
need()
{
	local packages=$1

	shift
	"$@" >/dev/null 2>&1 || missing+=" $packages"
}

has_header()
{
	echo "#include <$1>" | cc -E -
}

has_server()
{
	test -x "$($PG_CONFIG --bindir)/postgres"
}

has_pgxs()
{
	test -f "$($PG_CONFIG --pgxs)" && test -f "$($PG_CONFIG --includedir-server)/postgres.h"
}

has_pgtap()
{
	test -f "$($PG_CONFIG --sharedir)/extension/pgtap.control"
}

has_pg_cron()
{
	test -f "$($PG_CONFIG --sharedir)/extension/pg_cron.control"
}

has_fuzzer()
{
	echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return !d && n; }' |
		clang -fsanitize=fuzzer,address -x c - -o /dev/null
}

# The major version of the PostgreSQL that is there, else the distribution's.
postgresql_major()
{
	if has_server 2>/dev/null; then
		$PG_CONFIG --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
	else
		apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -1
	fi
}

# Debian's package would make a cluster and leave it running.
apt_install()
{
	local conf=/etc/postgresql-common/createcluster.conf
	local apt="apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends"
	local log status=0

	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	if ! has_server 2>/dev/null; then
		as_root $apt install postgresql-common >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; return 1; }
		as_root sed -i.charmbills '$ a create_main_cluster = false' $conf
	fi
	as_root $apt install "$@" >"$log" 2>&1 || { status=1; cat "$log" >&2; }
	if [ -f $conf.charmbills ]; then
		as_root mv -f $conf.charmbills $conf
	fi
	rm -f "$log"
	return $status
}

# @ stands for PostgreSQL's major version.
missing_packages()
{
	missing=
	need build-essential cc --version
	need build-essential make --version
	need perl perl -MDigest::SHA -MHTTP::Tiny -MJSON::PP -MTAP::Parser -e 1
	need postgresql-@ has_server
	need postgresql-server-dev-@ has_pgxs
	need postgresql-@-pgtap has_pgtap
	need libipc-run-perl perl -MIPC::Run -e 1
	need libsecp256k1-dev has_header secp256k1_schnorrsig.h
	need libssl-dev has_header openssl/evp.h
	need libcurl4-openssl-dev has_header curl/curl.h
	need libjansson-dev has_header jansson.h
}

setup_packages()
{
	local optional= package

	missing=
	need 'clang libclang-rt-dev' has_fuzzer
	need postgresql-@-cron has_pg_cron
	need python3 python3 --version
	need openssl openssl version
	need 'nodejs npm' npm --version
	if ! have "${BITCOIND:-bitcoind}" && ! have "${BTCD:-btcd}" && [ ! -x "$cache/bin/btcd" ]; then
		need 'golang-go ca-certificates' go version
	fi
	optional=$missing
	missing_packages
	[ -n "$missing$optional" ] || return 0

	have apt-get || die "missing, in Debian's names:$missing$optional"
	say "installing:$missing$optional"
	as_root apt-get -qq update || say 'apt-get update failed; trying with what is known'
	if [ -n "$missing" ]; then
		# shellcheck disable=SC2086
		apt_install ${missing//@/$(postgresql_major)}
		missing_packages
		[ -z "$missing" ] || die "still missing:$missing"
	fi
	if [ -n "$optional" ]; then
		for package in ${optional//@/$(postgresql_major)}; do
			apt_install "$package" || say "going on without $package"
		done
	fi
}

#
# The workspace, and what must not outlive it
#

# The server refuses to run as root.
choose_account()
{
	if [ "$(id -u)" -ne 0 ]; then
		id -un
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# In $work, because the source tree may be closed to the account.
as_server()
{
	(
		cd "$work" || exit 1
		if [ "$server_account" = "$(id -un)" ]; then
			exec "$@"
		fi
		exec runuser -u "$server_account" -- env HOME="$work" "$@"
	)
}

# Run in a process group of its own, which the end of this script ends too.
run_child()
{
	local status=0

	set -m
	"$@" </dev/null &
	child=$!
	set +m
	wait "$child" || status=$?
	child=
	return $status
}

# Servers and nodes leave their process groups, but write down their ids.
kill_leftovers()
{
	local file pid

	while IFS= read -r file; do
		pid=$(head -1 "$file" 2>/dev/null)
		case $pid in
			'' | *[!0-9]*) continue ;;
		esac
		case $file in
			*/postmaster.pid) kill -QUIT "$pid" 2>/dev/null ;;
			*) kill -KILL "$pid" 2>/dev/null ;;
		esac
	done < <(find "$work" \( -name postmaster.pid -o -name node.pid \) -type f 2>/dev/null)
}

clean_up()
{
	local status=$?

	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "${child:-}" ]; then
		kill -TERM -- "-$child" 2>/dev/null
		sleep 1
		kill -KILL -- "-$child" 2>/dev/null
	fi
	if [ -n "${work:-}" ]; then
		if [ -n "${PGHOST:-}" ]; then
			stop_server
		fi
		kill_leftovers
		# A server on its way out may still write.
		rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
	fi
	exit "$status"
}

setup_workspace()
{
	server_account=$(choose_account)
	work=$(mktemp -d /tmp/charmbills.XXXXXX) || die 'cannot make a temporary directory'
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
	chmod 755 "$work"
	mkdir "$work/log" "$work/bin"
	chown -R "$server_account" "$work"

	# Not the one in the copy, which PATH is about to find first.
	PG_CONFIG=$(command -v "$PG_CONFIG")
	install=$work/install
	pgxs_dir=$(dirname "$($PG_CONFIG --pgxs)")/..
	copy_installation
	export PATH PG_CONFIG TMPDIR="$work"
}

#
# A Bitcoin node
#

install_btcd()
{
	mkdir -p "$cache/bin"
	say "installing btcd $btcd_version into $cache/bin"
	GOBIN=$cache/bin go install "github.com/btcsuite/btcd@$btcd_version" >"$work/log/btcd" 2>&1 && return 0
	tail -3 "$work/log/btcd" >&2
	return 1
}

# Sets BITCOIND or BTCD to a path that the server's account can run.
setup_node()
{
	local node

	if have "${BITCOIND:-bitcoind}"; then
		node=$(command -v "${BITCOIND:-bitcoind}")
	elif have "${BTCD:-btcd}"; then
		node=$(command -v "${BTCD:-btcd}")
	else
		if [ ! -x "$cache/bin/btcd" ] && ! { have go && install_btcd; }; then
			say 'no Bitcoin node: what needs one is skipped; put a bitcoind on the PATH or name one in BITCOIND'
			return 0
		fi
		node=$cache/bin/btcd
	fi
	if ! as_server test -x "$node"; then
		cp "$node" "$work/bin/"
		chmod 755 "$work/bin/$(basename "$node")"
		node=$work/bin/$(basename "$node")
	fi
	case $(basename "$node") in
		*btcd*) unset BITCOIND; export BTCD=$node ;;
		*) unset BTCD; export BITCOIND=$node ;;
	esac
}

#
# Packages of npm
#

# provide_npm PACKAGE@VERSION: in $cache/npm, installed there unless it is.
provide_npm()
{
	have node || return 1
	[ -d "$cache/npm/node_modules/${1%@*}" ] && return 0
	have npm || return 1
	mkdir -p "$cache/npm"
	say "installing $1 into $cache/npm"
	timeout 120 npm install --prefix "$cache/npm" --no-audit --no-fund "$1" >"$work/log/npm" 2>&1 && return 0
	tail -3 "$work/log/npm" >&2
	return 1
}

# Sets STANDARDWEBHOOKS to a copy of node_modules that the server's account can read.
setup_webhooks()
{
	unset STANDARDWEBHOOKS
	if ! provide_npm $standardwebhooks; then
		say "no $standardwebhooks: signatures are checked by our own code alone"
		return 0
	fi
	cp -R "$cache/npm/node_modules" "$work/node_modules"
	chmod -R a+rX "$work/node_modules"
	export STANDARDWEBHOOKS=$work/node_modules
}

# Sets NOBLE_CURVES to node_modules.
setup_curves()
{
	unset NOBLE_CURVES
	if ! provide_npm $noble_curves; then
		say "no $noble_curves: pairings are checked by known values alone"
		return 0
	fi
	export NOBLE_CURVES=$cache/npm/node_modules
}

# Sets BITCOINJS to node_modules and EMBIT to what belongs in PYTHONPATH, in
# copies that the server's account can read.
setup_signers()
{
	local package

	unset BITCOINJS EMBIT
	for package in $signer_packages; do
		if ! provide_npm "$package"; then
			say "no $package: bitcoinjs-lib signs no PSBTs"
			break
		fi
	done
	if [ -d "$cache/npm/node_modules/ecpair" ]; then
		cp -R "$cache/npm/node_modules" "$work/signers"
		chmod -R a+rX "$work/signers"
		export BITCOINJS=$work/signers
	fi
	if ! provide_embit; then
		say "no $embit: embit signs no PSBTs"
		return 0
	fi
	cp -R "$cache/$embit" "$work/embit"
	chmod -R a+rX "$work/embit"
	export EMBIT=$work/embit
}

# The package's files in a folder of its own, for PYTHONPATH.
provide_embit()
{
	have python3 || return 1
	[ -d "$cache/$embit/embit" ] && return 0
	say "installing $embit into $cache"
	timeout 120 python3 -m pip install --quiet --disable-pip-version-check --no-deps \
		--target "$cache/$embit" "$embit" >"$work/log/pip" 2>&1 && return 0
	tail -3 "$work/log/pip" >&2
	return 1
}

#
# The extension and the server
#

# PostgreSQL finds its files relative to where its programs are, so a copy of the
# programs beside links to the rest is an installation of its own: the check
# needs no rights and leaves the system's alone.
copy_installation()
{
	local dir

	bindir=$install$($PG_CONFIG --bindir)
	mkdir -p "$bindir"
	cp -L "$($PG_CONFIG --bindir)/"* "$bindir/"
	for dir in "$($PG_CONFIG --pkglibdir)" "$($PG_CONFIG --sharedir)"; do
		mkdir -p "$install$dir"
		cp -Rs "$dir/." "$install$dir"
	done
	find "$install" -name 'charmbills*' -exec rm -f {} +
	PATH=$bindir:$PATH
}

install_extension()
{
	local make="make -s --no-print-directory -C $top PG_CONFIG=$PG_CONFIG WERROR=${WERROR:-0}"

	$make -j"$(nproc)" all || return 1
	$make install DESTDIR="$install" >"$work/log/install" 2>&1 ||
		{ cat "$work/log/install" >&2; return 1; }
}

# A sandbox: the chain is inside the database.  Only a socket, no TCP port.
start_server()
{
	export PGHOST=$work/socket PGPORT=54329 PGUSER=postgres PGDATABASE=postgres

	as_server mkdir -m 700 "$PGHOST" || return 1
	as_server initdb -D "$work/data" -U postgres -A trust -E UTF8 --no-locale -N \
		>"$work/log/initdb" 2>&1 || { cat "$work/log/initdb" >&2; return 1; }
	as_server tee -a "$work/data/postgresql.conf" >/dev/null <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$PGHOST'
		port = $PGPORT
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		shared_preload_libraries = 'charmbills'
		charmbills.network = 'regtest'
		charmbills.rpc_url = 'sandbox'
		max_worker_processes = 16
		timezone = 'UTC'
	CONF
	as_server pg_ctl -D "$work/data" -l "$work/log/server" -w -s start ||
		{ tail -20 "$work/log/server" >&2; return 1; }
}

stop_server()
{
	[ -f "$work/data/postmaster.pid" ] || return 0
	as_server pg_ctl -D "$work/data" -m immediate -w -s stop >/dev/null 2>&1
}
