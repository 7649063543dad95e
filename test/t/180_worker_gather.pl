# Transactions whose outputs are to be spent, as the worker gets them from nodes
# of different sorts.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use CharmBills::Bitcoin qw(block_hash block_transactions build_transaction transaction_id);
use CharmBills::FaultNode;
use CharmBills::Worker;

my $address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
my @chain   = CharmBills::FaultNode->chain(30);
my $node    = CharmBills::FaultNode->new(blocks => \@chain);
my $server  = CharmBills::Worker->new(
	node     => $node,
	settings => {
		'charmbills.start_height' => 25,
		'charmbills.poll_interval' => '1h',
		'charmbills.mempool_interval' => '1h',
		# Nobody is there: what was gathered is what is tested.
		'charmbills.prover_url'   => 'http://127.0.0.1:1',
		'charmbills.app_vk'       => '22' x 32 });
$server->start;
$server->wait_for_tip(block_hash($chain[-1]), 'the worker follows');
my $merchant = $server->sql("SELECT id FROM charmbills.create_merchant(name => 'Ada', address => '$address')");

# An output of a block's coinbase.
my @coins = map { { txid => (block_transactions($_))[0]{txid}, vout => 0, value => 5_000_000_000 } } @chain;
sub outpoint { return "$_[0]{txid}:$_[0]{vout}" }

# A request that spends these: the ids of its transaction and its job.
sub ask
{
	my ($anchor, $funding, $more) = @_;
	my $id = $server->sql(sprintf q{SELECT id FROM charmbills.mint_plan((SELECT id FROM charmbills.create_plan('%s', 'Club', 1000, ticker => 'CLB')),
		'%s', 10, anchor_utxo => '%s' %s)}, $merchant, $funding, $anchor, $more || '');

	return ($id, $server->sql("SELECT id FROM charmbills.jobs WHERE kind = 'gather' AND payload->>'transaction_id' = '$id'"));
}

sub wait_for_job
{
	my ($job, $state, $what) = @_;

	return $server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", $state, $what);
}

sub try_again
{
	my ($job) = @_;

	return $server->sql("UPDATE charmbills.jobs SET run_after = now() WHERE id = '$job'; SELECT charmbills.wake_worker()");
}

sub gathered
{
	my ($id) = @_;

	return join ' ', sort split /\n/, $server->sql("SELECT txid FROM charmbills.previous_transactions WHERE transaction_id = '$id'");
}

# Why a request has failed.
sub reason
{
	my ($id) = @_;

	return $server->sql("SELECT error_message FROM charmbills.transactions WHERE id = '$id' AND status = 'failed'");
}

#
# In blocks, and in the mempool
#
my ($id, $job) = ask(outpoint($coins[1]), outpoint($coins[20]));
wait_for_job($job, 'done', 'two blocks far apart');
is(gathered($id), join(' ', sort map { $_->{txid} } @coins[ 1, 20 ]), 'give what they have');

my $pair = build_transaction(inputs => [ $coins[2] ], outputs => [ map { [ "\x00\x14" . $_ x 20, 100_000 ] } 'a', 'b' ]);
my $pair_id = transaction_id($pair);
$node->set(mempool => [ unpack 'H*', $pair ]);
$node->forget;
($id, $job) = ask("$pair_id:0", "$pair_id:1");
wait_for_job($job, 'done', 'the mempool');
is(gathered($id), $pair_id, 'gives both outputs of one transaction');
is($node->calls->{getblockhash} || 0, 0, 'and no block is asked for');

#
# What cannot be had
#
foreach my $case (
	[ 'a transaction that nobody knows', '77' x 32 . ':0' ],
	[ 'an output that does not exist', "$coins[4]{txid}:7" ])
{
	my ($what, $anchor) = @$case;
	($id, $job) = ask($anchor, outpoint($coins[5]));
	wait_for_job($job, 'failed', $what);
	is(reason($id), "output $anchor does not exist or is spent", 'ends the request');
	is($server->sql("SELECT count(*) FROM charmbills.used_utxos u JOIN charmbills.transactions t ON t.id = u.transaction_id AND t.status <> 'failed'
		WHERE u.outpoint::text = '" . outpoint($coins[5]) . q{'}), 0, 'which holds nothing any more');
}
$node->set(spent => [ outpoint($coins[6]) ]);
($id, $job) = ask(outpoint($coins[6]), outpoint($coins[5]));
wait_for_job($job, 'failed', 'an output that is spent');
like(reason($id), qr/is spent/, 'ends the request');

$node->set(prune_height => 20);
($id, $job) = ask(outpoint($coins[7]), outpoint($coins[25]));
wait_for_job($job, 'failed', 'a block that was pruned');
is(reason($id), "the node has pruned block 8, in which transaction $coins[7]{txid} is: give the transaction along", 'ends the request');
my $given = unpack 'H*', (block_transactions($chain[7]))[0]{raw};
($id, $job) = ask(outpoint($coins[7]), outpoint($coins[25]), ", previous_txs => ARRAY['$given']");
wait_for_job($job, 'done', 'when its transaction is given');
is(gathered($id), join(' ', sort map { $_->{txid} } @coins[ 7, 25 ]), 'all is there');
$node->set(prune_height => undef);

#
# A chain that changes meanwhile
#
$node->set(too_deep => 2);
($id, $job) = ask(outpoint($coins[8]), outpoint($coins[9]));
wait_for_job($job, 'done', 'a chain that changes');
is(gathered($id), join(' ', sort map { $_->{txid} } @coins[ 8, 9 ]), 'is asked once more');
$node->set(too_deep => 1000);
($id, $job) = ask(outpoint($coins[10]), outpoint($coins[11]));
$server->wait_for("SELECT state, attempts, last_error FROM charmbills.jobs WHERE id = '$job'",
	qr/^queued\|0\|the node's chain changes/, 'and one that never stops to change, later');
$node->set(too_deep => 0);
try_again($job);
wait_for_job($job, 'done', 'when it does');

#
# A node that is away, or says what it should not
#
$node->fault('drop', method => 'gettxout');
($id, $job) = ask(outpoint($coins[12]), outpoint($coins[13]));
$server->wait_for("SELECT state, attempts, last_error IS NOT NULL FROM charmbills.jobs WHERE id = '$job'", 'queued|0|t', 'nothing is charged while the node is away');
$node->heal;
try_again($job);
wait_for_job($job, 'done', 'when it is back, all is there');
$node->fault('error', method => 'gettxout', code => -8, message => 'no such thing');
($id, $job) = ask(outpoint($coins[14]), outpoint($coins[15]));
$server->wait_for("SELECT state, attempts, last_error ~ 'no such thing' FROM charmbills.jobs WHERE id = '$job'", 'queued|1|t', 'what it refuses is charged');
$node->heal;
$server->sql("UPDATE charmbills.jobs SET attempts = 7 WHERE id = '$job'");
$node->fault('error', method => 'gettxout', code => -8, message => 'no such thing');
try_again($job);
wait_for_job($job, 'failed', 'for so long');
like(reason($id), qr/no such thing/, 'and then ends the request');
$node->heal;

#
# It ends when it is told to
#
$node->fault('hang', method => 'gettxout');
($id, $job) = ask(outpoint($coins[16]), outpoint($coins[17]));
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'running', 'a node that hangs');
my $pid = $server->worker_pid;
my $start = time;
$server->sql("SELECT pg_terminate_backend($pid)");
sleep 0.02 while kill(0, $pid) && time < $start + 10;
cmp_ok(time - $start, '<', 1, 'does not hold up the end of the worker');
$node->heal;
$server->wait_for_new_pid($pid, 'another one begins');
$server->sql("UPDATE charmbills.jobs SET lease_until = now() WHERE id = '$job'; SELECT charmbills.wake_worker()");
wait_for_job($job, 'done', 'and does the work');

$server->cluster->stop('fast');
unlike($server->log_since(0), qr/PANIC|signal 11|signal 6/, 'nothing crashed');
done_testing();
