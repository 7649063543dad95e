# Exchange rates that the worker fetches from a server: when it asks, what it
# sends, and that it goes on after answers of every kind.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(block_hash);
use CharmBills::FaultNode;
use CharmBills::HookServer;
use CharmBills::Worker;

# BIP-32's test vector as a public test-network key: addresses for a merchant.
use constant DESCRIPTOR =>
  'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';

my @chain  = CharmBills::FaultNode->chain(10);
my $node   = CharmBills::FaultNode->new(blocks => \@chain);
my $rates  = CharmBills::HookServer->new;
my $server = CharmBills::Worker->new(node => $node, settings => { 'charmbills.start_height' => 2 });

$server->start;
$server->wait_for_tip(block_hash($chain[-1]), 'the worker follows');

# Have it fetched now, not when it is due.
sub refresh
{
	return $server->sql(q{UPDATE charmbills.jobs SET state = 'done' WHERE kind = 'exchange_rate' AND state = 'queued';
		UPDATE charmbills.currencies SET next_fetch_at = now();
		SELECT charmbills.wake_worker()});
}

my $url = $rates->url('/btc');
$rates->behave('/btc', 'answer', status => 200, body => '{"data": [{"price": "58213.40"}]}');
$server->sql(qq{SELECT charmbills.set_rate_source('EUR', '$url', '/data/0/price')});
$server->wait_for(q{SELECT next_fetch_at > now() FROM charmbills.currencies}, 't', 'the worker looks what needs the rate');
is($rates->asked('/btc'), 0, 'and asks nobody while nothing does');

$server->sql(sprintf q{SELECT charmbills.create_plan(id, 'Service', currency => 'EUR', price => 10)
	FROM charmbills.create_merchant(name => 'shop', descriptor => '%s')}, DESCRIPTOR);
refresh();
$server->wait_for(q{SELECT rate FROM charmbills.exchange_rates}, '58213.4', 'once something does, it fetches the rate');
my ($request) = $rates->requests('/btc');
is($request->{method}, 'GET', 'with GET');
is($request->{body}, '', 'and nothing to say');
is($server->sql(q{SELECT state FROM charmbills.jobs WHERE kind = 'exchange_rate'}), 'done', 'the job is done');

foreach my $case (
	[ 'a redirection', 'HTTP status 302', 'answer', status => 302, headers => ['Location: /other'] ],
	[ 'an error', 'HTTP status 503', 'answer', status => 503 ],
	[ 'no JSON', 'the answer is not JSON', 'answer', status => 200, body => '<html>' ],
	[ 'no text', 'the answer is too long, or no text', 'answer', status => 200, body => "\xff\xfe" ],
	[ 'an answer without end', 'the answer is', 'endless' ],
	[ 'no HTTP', '', 'garbage' ],
	[ 'a closed connection', '', 'close' ])
{
	my ($name, $error, @way) = @$case;

	$server->sql(q{UPDATE charmbills.currencies SET last_error = NULL});
	$rates->behave('/btc', @way);
	refresh();
	$server->wait_for(q{SELECT last_error IS NOT NULL FROM charmbills.currencies}, 't', "$name is an error");
	like($server->sql(q{SELECT last_error FROM charmbills.currencies}), qr/^\Q$error\E/, '... that says why');
}
is($rates->asked('/other'), 0, 'no redirection was followed');
is($server->sql(q{SELECT count(*) FROM charmbills.exchange_rates}), '1', 'and no rate taken');

$rates->behave('/btc', 'answer', status => 200, body => '{"data": [{"price": 60000}]}');
refresh();
$server->wait_for(q{SELECT rate FROM charmbills.exchange_rates ORDER BY set_at DESC LIMIT 1}, '60000', 'the next rate is taken');
is($server->sql(q{SELECT last_error FROM charmbills.currencies}), '', 'and the error is gone');

done_testing();
