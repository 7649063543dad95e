#!/usr/bin/env perl
# Webhooks delivered in a second to ninety endpoints of a local server, while ten
# more hang, beside ten more that do not.
use strict;
use warnings;

use Time::HiRes qw(sleep time);

use CharmBills::Bench qw(bench_row create_database times_of);
use CharmBills::HookServer;

use constant { ENDPOINTS => 100, HANGING => 10, EVENTS => 50, TIMEOUT => 120 };

my $descriptor = 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';
my $sound = deliver(0);
my $beside = deliver(HANGING);

bench_row('webhooks a second to 90 endpoints, 10 others hang', per_second($beside),
	'no other hangs: ' . per_second($sound), times_of($beside, $sound), 'about 1');

# Deliveries a second to the same ninety, from the first to the last.
sub deliver
{
	my ($hanging) = @_;
	my $hooks   = CharmBills::HookServer->new;
	my $session = prepare("bench_webhooks_$hanging", $hooks);
	my $wanted  = EVENTS * (ENDPOINTS - $hanging);
	my $deadline = time + TIMEOUT;

	$hooks->behave("/$_", 'hang') foreach 1 .. $hanging;
	$session->query('SELECT count(charmbills.update_merchant(id, name => name || n))
		FROM charmbills.merchants, generate_series(1, ' . EVENTS . ') n');
	# The database is asked, since the server's log is long.
	while ((my $delivered = $session->query(q{SELECT count(*) FROM charmbills.webhook_deliveries
		WHERE state = 'delivered'})) < $wanted)
	{
		die "only $delivered of $wanted webhooks have been delivered\n" if time > $deadline;
		sleep 1;
	}
	my @times = map { $_->{time} } grep { substr($_->{path}, 1) > HANGING } $hooks->requests;
	$session->close;
	$hooks->stop;
	return @times / ($times[-1] - $times[0]);
}

# A database whose worker runs: merchants with an endpoint each.
sub prepare
{
	my ($database, $hooks) = @_;
	my $session = create_database($database, 'charmbills.webhook_allow_private' => 'on');
	my $deadline = time + TIMEOUT;

	$session->query(sprintf q{SELECT count(e.id) FROM generate_series(1, %d) n
		CROSS JOIN LATERAL charmbills.create_merchant(name => 'merchant', address => charmbills.derive_address('%s', n)) m
		CROSS JOIN LATERAL charmbills.create_webhook_endpoint(merchant_id => m.id, url => '%s/' || n,
			events => ARRAY['merchant.updated']) e}, ENDPOINTS, $descriptor, $hooks->url(''));
	$session->query("ALTER SYSTEM SET charmbills.databases = '$database'");
	$session->query('SELECT pg_reload_conf()');
	until ($session->query('SELECT state FROM charmbills.worker_status() WHERE database = current_database()') eq 'sandbox')
	{
		die "the worker does not run\n" if time > $deadline;
		sleep 0.2;
	}
	return $session;
}

sub per_second
{
	my ($rate) = @_;

	return sprintf '%.0f', $rate;
}
