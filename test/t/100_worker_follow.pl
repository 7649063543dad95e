# The worker follows a real node: blocks, branches, restarts, payments.
use strict;
use warnings;

use Test::More;

use CharmBills::Node;
use CharmBills::Worker;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;

my $with_cookie = CharmBills::Node->find =~ /bitcoind$/;
my $node = CharmBills::Node->new(auth => $with_cookie ? 'cookie' : 'password');
$node->start;
$node->mine(110);

# Nothing of the node's credentials may stand in a log.
my $server = CharmBills::Worker->new(node => $node);
$server->start;

#
# From the first block on
#
$server->wait_for_tip($node->tip, 'the worker comes to the tip of the node');
is($server->sql('SELECT base_height FROM charmbills.chain_state'), 11,
	'it began a hundred blocks before');
$server->wait_for_state('waiting', 'and waits');
is($server->status('node_height || \' \' || tip_height || \' \' || lag'), '110 110 0',
	'worker_status() knows both heights');

my $before = $server->status('requests');
my $hash   = $node->mine;
$server->wait_for_tip($hash, 'a new block arrives');
$server->wait_for('SELECT node_height FROM charmbills.chain_state', 111, 'with a report of the node');
SKIP:
{
	skip 'the node has no long-poll', 1 unless $node->has('waitheight');
	# The answer to the long-poll was asked for before.
	cmp_ok($server->status('requests') - $before, '<=', 6, 'for a few requests');
}

#
# A payment
#
$server->sql(q{
	SELECT charmbills.create_merchant(name => 'Ada', descriptor =>
		'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)');
	SELECT charmbills.create_plan(merchant_id => (SELECT id FROM charmbills.merchants), service_name => 'demo',
		price_sats => 50000, billing_cycle => 'monthly');
	SELECT charmbills.subscribe(plan_id => (SELECT id FROM charmbills.plans), external_id => 'bob')});
my $address = $server->sql('SELECT address FROM charmbills.invoices');
is($server->sql(q{SELECT charmbills.is_entitled((SELECT id FROM charmbills.plans), external_id => 'bob')}),
	'f', 'a subscription gives nothing before it is paid');
my $txid = $node->spend(50_000, $address);
$server->wait_for('SELECT status FROM charmbills.invoices', 'processing', 'the payment is seen in the mempool');
is($server->sql('SELECT txid FROM charmbills.payments'), $txid, 'it is the one that was sent');
my $paid_in = $node->mine;
$server->wait_for('SELECT status FROM charmbills.invoices', 'paid', 'it is confirmed by a block');
$server->wait_for('SELECT status FROM charmbills.subscriptions', 'active', 'which activates the subscription');
is($server->sql(q{SELECT charmbills.is_entitled((SELECT id FROM charmbills.plans), external_id => 'bob')}),
	't', 'and entitles the customer');

#
# A payment in both branches of a reorganisation
#
my $raw    = $node->raw_transaction($txid);
my $height = $node->height;
$node->mine(9, []);
$server->wait_for_tip($node->tip, 'nine more blocks');
my $events = $server->sql(q{SELECT count(*) FROM charmbills.events WHERE subject !~ '^chain'});
$node->submit_branch($height - 1, [ [], [$raw], map { [] } 1 .. 9 ]);
isnt($node->block_at($height), $paid_in, 'the node has changed to a branch of eleven blocks instead of ten');
$server->wait_for_tip($node->tip, 'the worker follows');
is($server->sql('SELECT block_height FROM charmbills.payments'), $height + 1, 'the payment is in the new branch');
is($server->sql(q{SELECT count(*) FROM charmbills.events WHERE subject !~ '^chain'}), $events,
	'which raised no event');
is($server->sql('SELECT status FROM charmbills.invoices'), 'paid', 'and the invoice stayed paid');

#
# While the server is down
#
$server->cluster->stop;
$node->mine(200, []);
$server->cluster->start;
$server->wait_for_tip($node->tip, 'the worker catches up with two hundred blocks');
is($server->sql('SELECT count(*) FROM charmbills.blocks WHERE height > (SELECT height - 200 FROM charmbills.chain_state)'),
	200, 'each of them');

#
# While the node is down
#
my $offset = $server->log_offset;
$node->stop;
$server->wait_for_state('node unreachable', 'the worker sees that the node is gone');
like($server->status('last_error'), qr/does not answer|could not open/, 'and says why');
$server->wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'charmbills worker'}, 1,
	'it stays');
$node->start;
$node->mine(1, []);
$server->sql('SELECT charmbills.wake_worker()');
$server->wait_for_tip($node->tip, 'when the node is back, so is the worker' . ($with_cookie ? ', with the new cookie' : ''));
my $log = $server->log_since($offset);
my $complaints = () = $log =~ /cannot follow the node: the node does not answer/g;
cmp_ok($complaints, '<=', 2, 'it complained when something changed');
unlike(PostgreSQL::Test::Utils::slurp_file($server->cluster->logfile), qr/__cookie__|regtest-password/,
	'no secret is in the log');

$server->cluster->stop;
$node->stop;
done_testing();
