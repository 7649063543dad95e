#!/usr/bin/env bash
#
# A subscription's life, for a person to watch: on the sandbox, where two years
# of it pass, then against a real node when there is one.
#
# BITCOIND or BTCD name the node.  The exit status is that of the story: it is
# zero only when everything happened as told.

set -uo pipefail

# shellcheck source=test/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

setup_packages
setup_workspace
setup_node
install_extension || die 'the extension could not be built'

# What runs as the server's account is copied to where it may read it.
mkdir "$work/tree"
cp -R "$top/test/demo" "$top/test/perl" "$work/tree/"
chown -R "$server_account" "$work/tree"

start_server || die 'the server did not start'
status=0
run_child as_server env PERL5LIB="$work/tree/demo:$work/tree/perl${PERL5LIB:+:$PERL5LIB}" \
	perl "$work/tree/demo/demo.pl" || status=$?
if [ $status -ne 0 ] && [ -s "$work/log/server" ]; then
	say "the server's last words:"
	tail -5 "$work/log/server" >&2
fi
exit $status
