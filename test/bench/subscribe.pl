#!/usr/bin/env perl
# subscribe() from 16 sessions, all to one merchant or to many; and beside a
# service on Node.js that does the same by statements of its own.
use strict;
use warnings;

use FindBin;

use CharmBills::Bench qw(bench_row bench_skip create_database durability figures per_second pgbench times_of);

use constant { DATABASE => 'bench_subscribe', CLIENTS => 16, MERCHANTS => 64, SECONDS => 5, WARM_UP_SECONDS => 2 };

# Each merchant takes addresses from the same key at a path of its own.
my $key = 'tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz';

my $session = create_database(DATABASE);
$session->query(sprintf q{CREATE TABLE bench_plan AS
	SELECT k, p.id, p.merchant_id
	FROM generate_series(1, %d) k
	CROSS JOIN LATERAL charmbills.create_merchant(name => 'merchant ' || k, descriptor => 'wpkh(%s/' || k || '/*)') m
	CROSS JOIN LATERAL charmbills.create_plan(merchant_id => m.id, service_name => 'service', price_sats => 50000,
		billing_cycle => 'monthly') p}, MERCHANTS, $key);
$session->query('ANALYZE');

my $one  = by_function(CLIENTS, 1);
my $many = by_function(CLIENTS, MERCHANTS);

bench_row(sprintf('subscribe from %d sessions, %d merchants', CLIENTS, MERCHANTS), per_second($many),
	'one merchant: ' . per_second($one), times_of($many, $one), '',
	'With one merchant, subscribe() waits its turn: invoice numbers are without gaps, so each is given out only when '
	. 'the one before is committed. (' . durability($session) . ')');
beside_node(1, by_function(1, MERCHANTS), '');
beside_node(CLIENTS, $many, '>= 5 times');
# What the disk costs is the same for both.
$session->query(sprintf 'ALTER DATABASE %s SET synchronous_commit = off', DATABASE);
beside_node(1, by_function(1, MERCHANTS), '', ', no wait for the disk');
beside_node(CLIENTS, by_function(CLIENTS, MERCHANTS), '>= 5 times', ', no wait for the disk');

sub by_function
{
	my ($sessions, $merchants) = @_;
	my $script = <<"SQL";
\\set k random(1, $merchants)
SELECT charmbills.subscribe(plan_id => (SELECT id FROM bench_plan WHERE k = :k), external_id => gen_random_uuid()::text);
SQL
	my @options = ('-c', $sessions, '-j', $sessions > 1 ? 2 : 1);

	pgbench(DATABASE, @options, '-T', WARM_UP_SECONDS, \$script);
	my $output = pgbench(DATABASE, @options, '-T', SECONDS, \$script);
	$output =~ /^tps = ([0-9.]+)/m or die "no figure in: $output";
	return $1;
}

sub beside_node
{
	my ($sessions, $by_function, $target, $remark) = @_;
	my $what = sprintf 'subscribe from %d session%s%s', $sessions, $sessions > 1 ? 's' : '', $remark || '';

	return bench_skip("$what, beside Node.js", $ENV{NO_NODE_SERVICE}) if $ENV{NO_NODE_SERVICE};
	local $ENV{PGDATABASE} = DATABASE;
	my %by_node = figures('node', "$FindBin::Bin/subscribe_node.js", $sessions, SECONDS, WARM_UP_SECONDS);
	my $per_second = $by_node{'subscriptions a second'};
	bench_row($what, per_second($by_function), 'a service on Node.js with pg: ' . per_second($per_second),
		times_of($by_function, $per_second), $target);
	return;
}
