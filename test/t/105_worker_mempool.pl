# What happens to payments and to our own transactions before they are in a
# block, seen through the running worker at a real node.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(anyone_can_spend_script transaction_id);
use CharmBills::Node;
use CharmBills::Worker;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;

my $merchants = 0;

# Forgets its mempool whenever it stops, as btcd always does.
my $node = CharmBills::Node->new(args => CharmBills::Node->find =~ /bitcoind$/ ? ['-persistmempool=0'] : []);
$node->start;
$node->mine(120);

my $server = CharmBills::Worker->new(node => $node);
$server->start;
$server->wait_for_tip($node->tip, 'the worker follows');
$server->sql(merchant('Ada'));

# SQL that makes a merchant with a plan of the same name.
sub merchant
{
	my ($name) = @_;
	my $descriptor = 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/'
	  . $merchants++ . '/*)';

	return "SELECT id FROM charmbills.create_plan(service_name => '$name', price_sats => 50000, billing_cycle => 'monthly',
		merchant_id => (charmbills.create_merchant(name => '$name', descriptor => '$descriptor')).id)";
}

sub subscription
{
	my ($merchant, $customer) = @_;

	return "SELECT id FROM charmbills.subscribe(external_id => '$customer',
		plan_id => (SELECT id FROM charmbills.plans WHERE service_name = '$merchant'))";
}

# The condition that an invoice is that customer's.
sub of { return "customer_id = (SELECT id FROM charmbills.customers WHERE external_id = '$_[0]')" }

sub address_of
{
	my ($customer) = @_;

	return 'SELECT address FROM charmbills.invoices WHERE ' . of($customer);
}

# A new customer of the first merchant; where to pay.
sub subscribe
{
	my ($customer) = @_;

	$server->sql(subscription('Ada', $customer));
	return $server->sql(address_of($customer));
}

sub wait_for_invoice
{
	my ($customer, $status, $what) = @_;

	return $server->wait_for('SELECT status FROM charmbills.invoices WHERE ' . of($customer), $status, $what);
}

sub wait_for_payment
{
	my ($txid, $status, $what) = @_;

	return $server->wait_for("SELECT string_agg(status, ' ') FROM charmbills.payments WHERE txid::text = '$txid'", $status, $what);
}

#
# Replaced by a transaction that pays nobody
#
my $address = subscribe('replaced');
my $txid    = $node->spend(50_000, $address);
wait_for_invoice('replaced', 'processing', 'a payment is seen in the mempool');
$node->double_spend($txid);
wait_for_payment($txid, 'replaced', 'one that spends the same and pays nobody replaces it');
wait_for_invoice('replaced', 'open', 'the invoice waits again');
is($server->sql(q{SELECT charmbills.is_entitled((SELECT id FROM charmbills.plans WHERE service_name = 'Ada'), external_id => 'replaced')}), 'f',
	'nobody was entitled by it');
$node->mine;
$server->wait_for_tip($node->tip, 'the double spend is mined');
is($server->sql("SELECT status FROM charmbills.payments WHERE txid::text = '$txid'"), 'replaced', 'which changes nothing');
$node->spend(50_000, $address);
wait_for_invoice('replaced', 'processing', 'another payment is seen');

#
# Replaced with its parent, which pays nobody either
#
my $parent = $node->broadcast($node->build_payment(outputs => [ [ \anyone_can_spend_script(), 200_000 ] ]));
$server->wait_for_requests(6, 'the worker has seen a transaction that does not matter');
is($server->sql("SELECT count(*) FROM charmbills.chain_transactions WHERE txid::text = '$parent'"), 0, 'and forgotten it');
my $child = $node->broadcast($node->build_payment(
	inputs  => [ { txid => $parent, vout => 0, value => 200_000 } ],
	outputs => [ [ subscribe('child'), 50_000 ] ]));
wait_for_invoice('child', 'processing', 'then a payment spends it');
$server->wait_for("SELECT status FROM charmbills.chain_transactions WHERE txid::text = '$parent'", 'seen',
	'which makes the parent matter');
$node->double_spend($parent, fee => 100_000);
$server->wait_for("SELECT status FROM charmbills.chain_transactions WHERE txid::text = '$parent'", 'replaced',
	'when the parent is replaced');
wait_for_payment($child, 'replaced', 'so is the payment');
wait_for_invoice('child', 'open', 'and its invoice waits again');

#
# A watch that nobody could see when its address was paid
#
foreach my $case ([ 'in a block', 1, 'paid' ], [ 'in the mempool', 0, 'processing' ])
{
	my ($where, $is_mined, $status) = @$case;
	my $session = $server->session;

	$session->query_safe('BEGIN');
	$session->query_safe($_) foreach merchant("new $where"), subscription("new $where", "late $where");
	my $paid = $node->spend(50_000, $session->query_safe(address_of("late $where")));
	$node->mine if $is_mined;
	$server->wait_for_tip($node->tip, 'the worker is at the tip');
	$server->wait_for_requests(6, "and has read a payment $where to a merchant who is not committed yet");
	is($server->sql("SELECT count(*) FROM charmbills.chain_transactions WHERE txid::text = '$paid'"), 0,
		'which nobody watches for');
	$session->query_safe('COMMIT');
	$session->quit;
	wait_for_invoice("late $where", $status, "a payment $where is found afterwards");
	$server->wait_for('SELECT count(*) FROM charmbills.watched_scripts WHERE NOT is_armed', 0, 'the watch is armed');
}

# At any moment of the block's way through, at an old merchant and at a new one.
foreach my $i (1 .. 6)
{
	my $session  = $server->session;
	my $merchant = $i % 2 ? 'Ada' : "racer $i";

	$session->query_safe('BEGIN');
	$session->query_safe(merchant($merchant)) if $merchant ne 'Ada';
	$session->query_safe(subscription($merchant, "racer $i"));
	$node->spend(50_000, $session->query_safe(address_of("racer $i")));
	$node->mine;
	$session->query_safe('SELECT pg_sleep(random() / 50)');
	$session->query_safe('COMMIT');
	$session->quit;
}
$server->wait_for(q{SELECT count(*) FROM charmbills.invoices i JOIN charmbills.customers c ON c.id = i.customer_id
	WHERE c.external_id LIKE 'racer%' AND i.status = 'paid'}, 6, 'subscriptions that race against their block are paid');

#
# Gone from the mempool
#
my $payment = $node->build_payment(outputs => [ [ subscribe('evicted'), 50_000 ] ]);
$node->broadcast($payment);
wait_for_invoice('evicted', 'processing', 'a payment is seen');
my $own = unpack 'H*', $node->build_payment(outputs => [ [ subscribe('somebody'), 1_000 ] ]);
my $own_txid = transaction_id(pack 'H*', $own);
my $id = $server->sql("SELECT id FROM charmbills.broadcast_package(commit_tx => NULL, spell_tx => '$own',
	merchant_id => (SELECT id FROM charmbills.merchants WHERE name = 'Ada'))");
my $job = $server->sql("SELECT id FROM charmbills.jobs WHERE payload->>'transaction_id' = '$id'");
$server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'a transaction of ours is sent');
$server->wait_for("SELECT status FROM charmbills.chain_transactions WHERE txid::text = '$own_txid'", 'seen', 'and seen');
$node->restart;
$server->sql('SELECT charmbills.wake_worker()');
wait_for_payment(transaction_id($payment), 'evicted', 'a node that has forgotten its mempool takes the payment away');
wait_for_invoice('evicted', 'open', 'and the invoice waits again');
$server->wait_for("SELECT status FROM charmbills.chain_transactions WHERE txid::text = '$own_txid'", 'seen',
	'what is ours is sent again');
is(join(' ', grep { $_ eq $own_txid } $node->mempool), $own_txid, 'the node has it');
is($server->sql("SELECT status FROM charmbills.transactions WHERE id = '$id'"), 'pending', 'it was pending all the time');
$node->broadcast($payment);
wait_for_payment(transaction_id($payment), 'seen', 'the payment comes back');
wait_for_invoice('evicted', 'processing', 'for its invoice');
$node->mine;
wait_for_invoice('evicted', 'paid', 'and is mined');
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$id'", 'confirmed', 'as is our own');

#
# Expiry is judged by what is followed, not by the clock
#
subscribe('expired');
$node->stop;
$server->wait_for_state('node unreachable', 'the node is away');
$server->sql('UPDATE charmbills.invoices SET expires_at = charmbills.now() WHERE ' . of('expired'));
$server->sql('SELECT charmbills.run_billing()');
is($server->sql('SELECT status FROM charmbills.invoices WHERE ' . of('expired')), 'open',
	'an invoice may have been paid meanwhile: it does not expire');
$node->start;
$server->sql('SELECT charmbills.wake_worker()');
wait_for_invoice('expired', 'expired', 'until the node has said that there is no block of which we do not know');

SKIP:
{
	skip 'the node cannot go back', 3 unless $node->has('invalidate');
	my $tip = $node->mine(1, []);
	$server->wait_for_tip($tip, 'one more block');
	subscribe('behind');
	$node->invalidate($tip);
	$server->wait_for_state('node behind', 'a node that is behind us');
	$server->sql('UPDATE charmbills.invoices SET expires_at = charmbills.now() WHERE ' . of('behind'));
	$server->wait_for_requests(3, 'it is looked at');
	is($server->sql('SELECT status FROM charmbills.invoices WHERE ' . of('behind')), 'open', 'but lets nothing expire');
	$node->reconsider($tip);
	$server->sql('SELECT charmbills.wake_worker()');
	wait_for_invoice('behind', 'expired', 'until it has come up');
}

$server->cluster->stop;
$node->stop;
done_testing();
