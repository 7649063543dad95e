# What stops the worker, what it waits for, and what it goes on in spite of.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(address_script anyone_can_spend_script block_hash build_transaction);
use CharmBills::FaultNode;
use CharmBills::Worker;

use constant MAX_DEPTH => 5;

my @chain = CharmBills::FaultNode->chain(60);
my $node  = CharmBills::FaultNode->new(blocks => \@chain);
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => {
		'charmbills.databases'       => 'postgres, other',
		'charmbills.max_reorg_depth' => MAX_DEPTH,
		'charmbills.start_height'    => 20,
		'charmbills.poll_interval'   => '1s',
		'max_prepared_transactions'  => 5 });
$server->start;

sub tip { return block_hash($chain[-1]) }

# Blocks on the chain of that height, of which the first has these transactions.
sub branch
{
	my ($height, $count, @txs) = @_;
	my @blocks = CharmBills::FaultNode->chain(
		1,
		prev   => block_hash($chain[ $height - 1 ]),
		height => $height + 1,
		time   => unpack('V', substr $chain[ $height - 1 ], 68, 4) + 600,
		txs    => \@txs);

	push @blocks, CharmBills::FaultNode->chain(
		$count - 1,
		prev   => block_hash($blocks[0]),
		height => $height + 2,
		time   => unpack('V', substr $blocks[0], 68, 4) + 600) if $count > 1;
	return @blocks;
}

# The node changes to a branch.
sub change_to
{
	my ($height, @blocks) = @_;

	return $node->set_chain(@chain[ 0 .. $height - 1 ], @blocks);
}

sub append
{
	my (@txs) = @_;
	my @blocks = branch(scalar @chain, 1, @txs);

	push @chain, @blocks;
	return $node->append(@blocks);
}

sub wake { return $server->sql('SELECT charmbills.wake_worker()') }

# How often that was logged since then.
sub times_logged
{
	my ($offset, $pattern) = @_;

	return scalar(() = $server->log_since($offset) =~ /$pattern/g);
}

# Looks at the node so many times, each after the backoff that waking leaves.
sub look_again
{
	my ($times) = @_;

	foreach (1 .. $times)
	{
		my $before = $server->status('requests');
		wake();
		$server->wait_for("SELECT requests > $before FROM charmbills.worker_status() WHERE database = current_database()",
			't', 'the worker looks again');
	}
	return;
}

$server->wait_for_tip(tip(), 'the worker follows');

subtest 'a branch with no more work than ours' => sub {
	my $offset = $server->log_offset;
	my @branch = branch(@chain - 3, 4);

	change_to(@chain - 3, @branch[ 0 .. 1 ]);
	wake();
	$server->wait_for_state('node on other branch', 'of fewer blocks is waited for');
	change_to(@chain - 3, @branch[ 0 .. 2 ]);
	look_again(2);
	is($server->status('state'), 'node on other branch', 'and so is one of as many');
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), tip(), 'our chain stays as it is');
	is($server->status('last_error'), '', 'that is no error');
	change_to(@chain - 2 - MAX_DEPTH, branch(@chain - 2 - MAX_DEPTH, MAX_DEPTH + 2));
	look_again(2);
	is($server->status('state'), 'node on other branch', 'nor is a deep one a reason to stop');
	unlike($server->log_since($offset), qr/WARNING|ERROR/, 'nothing is logged');
	change_to(@chain - 3, @branch);
	splice @chain, -3, 3, @branch;
	wake();
	$server->wait_for_tip(tip(), 'when it has more, we follow');
};

subtest 'a branch of more work in fewer blocks' => sub {
	my ($hard) = CharmBills::FaultNode->chain(1, prev => block_hash($chain[-3]), height => @chain - 1,
		time => unpack('V', substr $chain[-3], 68, 4) + 600, bits => 0x201fffff);
	my $tip = tip();

	change_to(@chain - 2, $hard);
	wake();
	$server->wait_for_state('failing', 'is fetched, and breaks the rules of the network');
	like($server->status('last_error'), qr/^invalid block: /, 'which is said');
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), $tip, 'so it is not followed');
	change_to(scalar @chain);
	append();
	wake();
	$server->wait_for_tip(tip(), 'the right one is');
};

subtest 'a reorganisation that is too deep' => sub {
	my $tip    = tip();
	my $fork   = @chain - MAX_DEPTH - 1;
	my @branch = branch($fork, MAX_DEPTH + 3);

	change_to($fork, @branch);
	wake();
	$server->wait_for_state('stopped', 'stops the worker');
	like($server->sql('SELECT stopped_reason FROM charmbills.chain_state'), qr/reorganisation of 6 blocks above height $fork/,
		'which says why');
	like($server->sql('SELECT charmbills.health()'), qr/following the chain has stopped: reorganisation of 6 blocks/,
		'so does health()');
	is($server->sql(q{SELECT count(*) FROM charmbills.events WHERE type = 'chain.stopped'}), 1, 'and an event, once');
	look_again(2);
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), $tip, 'our chain stays as it is');
	is($server->sql(q{SELECT count(*) FROM charmbills.events WHERE type = 'chain.stopped'}), 1, 'nothing is said twice');
	splice @chain, $fork, @chain - $fork, @branch;
	$server->sql(sprintf "SELECT charmbills.chain_accept(%d, '%s')", $fork + 1, block_hash($branch[0]));
	$server->wait_for_tip(tip(), 'it goes on as soon as an operator accepts the branch');
	$server->wait_for_state('waiting', 'and waits at the tip');
};

subtest 'a branch whose blocks are pruned' => sub {
	my $fork   = @chain - 2;
	my @branch = branch($fork, 4);

	$node->set(prune_height => $fork + 3);
	change_to($fork, @branch);
	wake();
	$server->wait_for_state('stopped', 'stops the worker');
	is($server->sql('SELECT stopped_reason FROM charmbills.chain_state'),
		"the node has pruned blocks of a branch above height $fork", 'which says why');
	splice @chain, $fork, 2, @branch;
	$server->sql(sprintf "SELECT charmbills.chain_accept(%d, '%s')", scalar @chain, tip());
	append();
	$server->wait_for_tip(tip(), 'it goes on where an operator accepts the gap');
	$node->set(prune_height => undef);
};

#
# Billing, to see what goes on
#
$server->sql(q{
	SELECT charmbills.create_merchant(name => 'Ada', descriptor =>
		'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)');
	SELECT charmbills.create_plan(merchant_id => (SELECT id FROM charmbills.merchants), service_name => 'demo',
		price_sats => 50000, billing_cycle => 'monthly')});
my $coins = 0;

sub subscribe_sql
{
	my ($customer) = @_;

	return "SELECT charmbills.subscribe(plan_id => (SELECT id FROM charmbills.plans), external_id => '$customer')";
}

sub invoice_of
{
	my ($column, $customer) = @_;

	return "SELECT $column FROM charmbills.invoices WHERE customer_id =
		(SELECT id FROM charmbills.customers WHERE external_id = '$customer')";
}

# A payment out of nowhere: the fault node takes anything.
sub payment
{
	my ($address) = @_;

	return build_transaction(
		inputs  => [ { txid => sprintf('%064x', ++$coins), vout => 0 } ],
		outputs => [ [ address_script($address), 50_000 ] ]);
}

sub broadcast_sql
{
	my $hex = unpack 'H*', build_transaction(
		inputs  => [ { txid => sprintf('%064x', ++$coins), vout => 0 } ],
		outputs => [ [ anyone_can_spend_script(), 1_000 ] ]);

	return "SELECT id FROM charmbills.broadcast_package(commit_tx => NULL, spell_tx => '$hex',
		merchant_id => (SELECT id FROM charmbills.merchants))";
}

sub wait_for_job
{
	my ($transaction, $what) = @_;

	return $server->wait_for("SELECT state FROM charmbills.jobs WHERE payload->>'transaction_id' = '$transaction'",
		'done', $what);
}

subtest 'a bad block' => sub {
	my $offset = $server->log_offset;
	my ($bad)  = branch(scalar @chain, 1);
	my $tip    = tip();

	# Towards its end is the coinbase's commitment to the witnesses.
	substr($bad, -12, 1) ^= "\x01";
	$node->append($bad);
	wake();
	$server->wait_for_state('failing', 'is refused');
	like($server->status('last_error'), qr/^invalid block: /, 'which is said');
	wait_for_job($server->sql(broadcast_sql()), 'jobs go on');
	look_again(3);
	is(times_logged($offset, 'cannot follow the node'), 1, 'one that is refused again and again is logged once');
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), $tip, 'our chain stays as it is');
	$node->go_back(1);
	append();
	wake();
	$server->wait_for_tip(tip(), 'a good one is followed');
	is(times_logged($offset, 'can follow the node again'), 1, 'which is logged once as well');
};

subtest 'a job that fails' => sub {
	my $offset = $server->log_offset;
	my $broken = $server->sql(q{INSERT INTO charmbills.jobs (kind, payload, run_after)
		VALUES ('rescan', '{}', now() - interval '1 hour') RETURNING id});
	my $job = $server->sql(broadcast_sql());

	wait_for_job($job, 'does not hold up the next');
	$server->wait_for("SELECT state, last_error FROM charmbills.jobs WHERE id = '$broken'", qr/^(queued|failed)\|rescan without a height$/,
		'its reason is kept');
	append();
	$server->wait_for_tip(tip(), 'and following goes on');
	is(times_logged($offset, "charmbills job $broken failed"), 1, 'it is logged');
	$server->sql("DELETE FROM charmbills.jobs WHERE id = '$broken'");
};

subtest 'a database that fails' => sub {
	my $offset = $server->log_offset;

	$server->sql('CREATE DATABASE other');
	$server->sql(q{ALTER DATABASE other SET charmbills.network = 'signet'});
	$server->sql('CREATE EXTENSION charmbills; SELECT charmbills.wake_worker()', database => 'other');
	$server->wait_for_state('wrong network', 'says so', database => 'other');
	append();
	$server->wait_for_tip(tip(), 'and does not hold up the other');
	foreach (1 .. 3)
	{
		$server->sql('SELECT charmbills.wake_worker()', database => 'other');
		look_again(1);
	}
	is(times_logged($offset, 'follows another network'), 1, 'it is logged once');
	$server->set('charmbills.databases' => 'postgres');
	$server->wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'other'}, 0, 'its worker is let go');
};

# A prepared transaction that is committed wakes nobody.
subtest 'without being woken' => sub {
	$node->set(missing => [ 'waitfornewblock', 'waitforblockheight' ]);
	append();
	$server->wait_for_tip(tip(), 'a block is found by polling');
	$server->sql("BEGIN;" . subscribe_sql('quiet') . ";" . broadcast_sql() . "; PREPARE TRANSACTION 'quiet'");
	$server->sql("COMMIT PREPARED 'quiet'");
	append(payment($server->sql(invoice_of('address', 'quiet'))));
	$server->wait_for(invoice_of('status', 'quiet'), 'paid', 'so is a payment');
	$server->wait_for(q{SELECT count(*) FROM charmbills.jobs WHERE state <> 'done'}, 0, 'jobs are done');
	$server->wait_for('SELECT count(*) FROM charmbills.watched_scripts WHERE NOT is_armed', 0, 'watches are armed');
	$node->set(missing => []);
};

subtest 'an idle transaction in the way' => sub {
	my $offset = $server->log_offset;
	my $tip    = tip();
	my $idle   = $server->session;

	$server->sql(subscribe_sql('held'));
	my $address = $server->sql(invoice_of('address', 'held'));
	my $pid = $idle->query_safe('SELECT pg_backend_pid()');
	$idle->query_safe('BEGIN');
	$idle->query_safe('SELECT count(*) FROM (SELECT FROM charmbills.subscription_facts FOR UPDATE) held');
	append(payment($address));
	wake();
	$server->wait_for_state('blocked', 'blocks the worker');
	$server->wait_for('SELECT blocked_by FROM charmbills.worker_status() WHERE database = current_database()', $pid,
		'worker_status() says whose it is');
	like($server->log_since($offset), qr/cannot follow the node: .*\n.*DETAIL: +Process $pid holds/, 'so does the log');
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), $tip, 'the block waits as a whole');
	$server->wait_for(q{SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = } . $server->worker_pid, 0,
		'and the worker queues for the lock only for a while');
	$idle->query_safe('ROLLBACK');
	$idle->quit;
	wake();
	$server->wait_for_tip(tip(), 'afterwards it goes on');
	is($server->sql(invoice_of('status', 'held')), 'paid', 'with the payment');
	$server->wait_for('SELECT blocked_by IS NULL FROM charmbills.worker_status() WHERE database = current_database()', 't',
		'and nobody is in the way');
	is(times_logged($offset, 'cannot follow the node'), 1, 'it was logged once');
};

unlike($server->log_since(0), qr/PANIC|terminated by signal/, 'nothing crashed');
$server->cluster->stop;
done_testing();
