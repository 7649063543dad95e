# Broadcasts and rescans: what the worker hands to a node, and what it makes of
# the answers.
use strict;
use warnings;

use Test::More;

use CharmBills::FaultNode;
use CharmBills::Node;
use CharmBills::Worker;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;

my $address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
my $real    = CharmBills::Node->new;
$real->start;
$real->mine(130);

my $server = CharmBills::Worker->new(node => $real);
$server->start;
$server->wait_for_tip($real->tip, 'the worker follows');
$server->sql("SELECT charmbills.create_merchant(name => 'Ada', address => '$address')");

# A transaction and the one that spends it, in hex.
sub package_of_two
{
	my $parent = $real->build_payment(outputs => [ [ $address, 30_000 ] ]);
	my $child  = $real->build_payment(
		inputs  => [ $real->change_of(CharmBills::Bitcoin::transaction_id($parent)) ],
		outputs => [ [ $address, 20_000 ] ]);

	return map { unpack 'H*', $_ } $parent, $child;
}

# Ids of the transaction's row and of its job.
sub queue
{
	my ($commit, $spell) = map { defined $_ ? "'$_'" : 'NULL' } @_;
	my $id = $server->sql("SELECT id FROM charmbills.broadcast_package(commit_tx => $commit, spell_tx => $spell,
		merchant_id => (SELECT id FROM charmbills.merchants))");

	return ($id, $server->sql("SELECT id FROM charmbills.jobs WHERE payload->>'transaction_id' = '$id'"));
}

sub txid { return CharmBills::Bitcoin::transaction_id(pack 'H*', $_[0]) }

#
# A real node
#
my @package = package_of_two();
my ($tx, $job) = queue(@package);
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'a package is sent');
is(join(' ', sort $real->mempool), join(' ', sort map { txid($_) } @package), 'both are in the mempool');
$real->mine;
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$tx'", 'confirmed', 'then in a block');

my ($single) = package_of_two();
($tx, $job) = queue(undef, $single);
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'one alone is sent');
is(join(' ', $real->mempool), txid($single), 'it is in the mempool');
$real->mine;
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$tx'", 'confirmed', 'then in a block');

#
# Payments older than their address
#
my $rescan = $server->sql('SELECT charmbills.chain_rescan(20)');
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$rescan'", 'done', 'a rescan comes to its end');
is($server->sql('SELECT base_height FROM charmbills.chain_state'), 20, 'below where following had begun');

#
# A node that says no
#
my $first  = $real->height - 5;
my @blocks = map { $real->raw_block($real->block_at($_)) } $first .. $real->height;
my $node   = CharmBills::FaultNode->new(base => $first, blocks => \@blocks);
$server->set('charmbills.rpc_url' => $node->url);
$server->sql('ALTER SYSTEM SET charmbills.mempool_interval = \'1h\'');

$node->set(reject => { code => -26, message => 'bad-txns-in-belowout' });
@package = package_of_two();
($tx, $job) = queue(@package);
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'failed', 'an invalid package fails');
like($server->sql("SELECT last_error FROM charmbills.jobs WHERE id = '$job'"), qr/bad-txns-in-belowout/, 'the reason is kept');
is($server->sql("SELECT status FROM charmbills.transactions WHERE id = '$tx'"), 'failed', 'and its transaction with it');

$node->set(reject => { code => -26, message => 'min relay fee not met, 100 < 200' });
@package = package_of_two();
($tx, $job) = queue(@package);
$server->wait_for("SELECT state, attempts > 0, last_error ~ 'min relay fee' FROM charmbills.jobs WHERE id = '$job'",
	'queued|t|t', 'one whose fee is too low now is tried again');
$node->set(reject => undef);
$server->sql("UPDATE charmbills.jobs SET run_after = now() WHERE id = '$job'; SELECT charmbills.wake_worker()");
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'until it is taken');

# Words of Bitcoin Core before and since its version 30, and of btcd.
foreach my $reason ('scriptpubkey', 'datacarrier', 'TX rejected: transaction 11 is not standard: transaction output 1: non-standard script form')
{
	$node->set(reject => { code => -26, message => $reason });
	my ($with, $without) = map { unpack 'H*', $real->build_payment(outputs => $_) } [ [ $address, 30_000 ], [ \("\x6a\x4c\x51" . 'x' x 81), 0 ] ],
	  [ [ $address, 30_000 ], [ \("\x6a\x4c\x50" . 'x' x 80), 0 ] ];
	($tx, $job) = queue(undef, $with);
	$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$tx'", 'failed', "$reason: a data output that is too large");
	like($server->sql("SELECT error_message FROM charmbills.transactions WHERE id = '$tx'"),
		qr/^\Q$reason\E: the node does not relay data outputs of this size; .*-datacarriersize=100000.*Bitcoin Core 30/, 'fails with advice');
	($tx, $job) = queue(undef, $without);
	$server->wait_for("SELECT status, error_message FROM charmbills.transactions WHERE id = '$tx'", "failed|$reason", 'one that is not, without');
}

#
# A node without packages, and none at all
#
$node->set(reject => undef);
$node->set(missing => ['submitpackage']);
$node->forget;
@package = package_of_two();
($tx, $job) = queue(@package);
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'without packages');
is_deeply([ $node->sent ], \@package, 'one is sent after the other');

$node->set(missing => []);
$node->fault('drop', method => 'submitpackage');
@package = package_of_two();
($tx, $job) = queue(@package);
$server->wait_for("SELECT state, attempts, last_error IS NOT NULL FROM charmbills.jobs WHERE id = '$job'",
	'queued|0|t', 'nothing is charged while the node is away');
$node->heal;
$server->sql("UPDATE charmbills.jobs SET run_after = now() WHERE id = '$job'; SELECT charmbills.wake_worker()");
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'when it is back, the job is done');

$server->cluster->stop;
$real->stop;
done_testing();
