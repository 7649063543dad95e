#!/usr/bin/env perl
# subscribe() from 16 sessions, all to one merchant or to many.
use strict;
use warnings;

use File::Temp ();

use CharmBills::Bench qw(bench_row create_database);

use constant { CLIENTS => 16, MERCHANTS => 64, SECONDS => 10, WARM_UP_SECONDS => 2 };

# Each merchant takes addresses from the same key at a path of its own.
my $key = 'tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz';

my $session = create_database('bench_subscribe');
$session->query('CREATE TABLE bench_plan (k integer PRIMARY KEY, id uuid)');
foreach my $k (1 .. MERCHANTS)
{
	$session->query(qq{INSERT INTO bench_plan SELECT $k, (charmbills.create_plan(merchant_id =>
		(charmbills.create_merchant(name => 'merchant $k', descriptor => 'wpkh($key/$k/*)')).id,
		service_name => 'service', price_sats => 50000, billing_cycle => 'monthly')).id});
}
$session->query("ANALYZE");

my $one  = transactions_per_second(1);
my $many = transactions_per_second(MERCHANTS);
my $durability = join ', ', map { "$_ " . $session->query("SHOW $_") } qw(fsync synchronous_commit);

bench_row(sprintf('subscribe from %d sessions, %d merchants', CLIENTS, MERCHANTS), sprintf('%.0f/s', $many),
	sprintf('one merchant: %.0f/s', $one), sprintf('%.2f times', $many / $one), '', 
	"With one merchant, subscribe() waits its turn: invoice numbers are without gaps, so each is given out only when "
	. "the one before is committed. ($durability)");

sub transactions_per_second
{
	my ($merchants) = @_;
	my $script = File::Temp->new(SUFFIX => '.sql');

	print $script <<"SQL";
\\set k random(1, $merchants)
SELECT charmbills.subscribe(plan_id => (SELECT id FROM bench_plan WHERE k = :k), external_id => gen_random_uuid()::text);
SQL
	$script->flush;
	pgbench($script, WARM_UP_SECONDS);
	my $output = pgbench($script, SECONDS);
	$output =~ /^tps = ([0-9.]+)/m or die "no figure in: $output";
	return $1;
}

sub pgbench
{
	my ($script, $seconds) = @_;
	my @command = ('pgbench', '-n', '-M', 'prepared', '-c', CLIENTS, '-j', 2, '-T', $seconds, '-f', "$script", 'bench_subscribe');

	open my $pipe, '-|', @command or die "cannot run pgbench: $!\n";
	my $output = join '', <$pipe>;
	close $pipe or die "pgbench failed: $output\n";
	return $output;
}
