#!/usr/bin/env perl
# run_billing() where 50,000 of a million subscriptions are due, beside plain
# statements that write the same rows; and where nothing is due, beside a look
# at one index.
use strict;
use warnings;

use FindBin;
use List::Util qw(max);
use Time::HiRes qw(sleep time);

use CharmBills::Bench qw(bench_row create_database durability megabytes per_second pgbench private_kilobytes
  psql_file script_latencies times_of);

use constant { DATABASE => 'bench_renew', SUBSCRIPTIONS => 1_000_000, DUE => 50_000 };
# As CALL run_billing_all() does it, with a commit each.
use constant { BATCH => 1_000, EARLY => 10_000 };
use constant { SECONDS => 5, WARM_UP_SECONDS => 1 };

my $key = 'tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz';

my $session = create_database(DATABASE);
psql_file(DATABASE, "$FindBin::Bin/renew.sql", key => $key, subscriptions => SUBSCRIPTIONS, due => DUE);
my $in_batches = renew_in_batches();
psql_file(DATABASE, "$FindBin::Bin/renew_again.sql", due => DUE);
my $at_once = renew_at_once();
my $plainly = write_plainly();
my ($nothing, $probe) = with_nothing_due();

bench_row('renew 50,000 of 1,000,000 subscriptions', per_second($in_batches->{rate}),
	'INSERT ... SELECT of the same rows: ' . per_second($plainly), times_of($in_batches->{rate}, $plainly), '>= 5000/s',
	sprintf 'Renewed in batches of %d, with a commit each (%s). The session had %.2f of a processor: it renews %s of its own time.',
	BATCH, durability($session), $in_batches->{share}, per_second($in_batches->{rate} / $in_batches->{share}));
bench_row('its memory at most', megabytes($in_batches->{memory}), 'in the first 10,000: ' . megabytes($in_batches->{early}),
	times_of($in_batches->{memory}, $in_batches->{early}), 'no growth');
bench_row('renew 50,000 of one merchant, in one call', per_second($at_once->{rate}),
	'of ten, in batches: ' . per_second($in_batches->{rate}), times_of($at_once->{rate}, $in_batches->{rate}), 'about 1');
bench_row('its memory at most', megabytes($at_once->{memory}), 'in the first 10,000, in batches: ' . megabytes($in_batches->{early}),
	times_of($at_once->{memory}, $in_batches->{early}), 'no growth');
bench_row('run_billing with nothing due', sprintf('%.1f us', $nothing), sprintf('a look at one index: %.1f us', $probe),
	times_of($nothing, $probe), 'about 1');

sub renew_in_batches
{
	my $renewing = CharmBills::Bench->session(DATABASE);
	my $pid = $renewing->query('SELECT pg_backend_pid()');
	my ($computed, $start) = (processor_seconds($pid), time);
	my @memory;

	foreach (1 .. DUE / BATCH)
	{
		renewed($renewing, BATCH);
		push @memory, private_kilobytes($pid);
	}
	my $seconds = time - $start;
	my $share = (processor_seconds($pid) - $computed) / $seconds;
	$renewing->close;
	return { rate => DUE / $seconds, share => $share, early => max(@memory[ 0 .. EARLY / BATCH - 1 ]),
		memory => max(@memory) };
}

# The memory is looked at from another process while the call runs.
sub renew_at_once
{
	my $renewing = CharmBills::Bench->session(DATABASE);
	my $pid = $renewing->query('SELECT pg_backend_pid()');

	pipe my $read, my $write or die "cannot make a pipe: $!\n";
	my $watcher = fork // die "cannot fork: $!\n";
	watch_memory($pid, $write) if $watcher == 0;
	close $write;
	my $start = time;
	renewed($renewing, DUE);
	my $seconds = time - $start;
	kill 'TERM', $watcher;
	my $memory = (split /\n/, join '', <$read>)[-1];
	waitpid $watcher, 0;
	$renewing->close;
	return { rate => DUE / $seconds, memory => $memory };
}

# Writes whatever is more than before, until it is ended.
sub watch_memory
{
	my ($pid, $output) = @_;
	my $most = 0;

	while (1)
	{
		my $now = private_kilobytes($pid);
		syswrite $output, "$now\n" if $now > $most;
		$most = $now if $now > $most;
		sleep 0.02;
	}
}

# A benchmark of something that does not happen would be worth nothing.
sub renewed
{
	my ($renewing, $wanted) = @_;
	my $done = $renewing->query("SELECT charmbills.run_billing(max_rows => $wanted)");

	die "$done subscriptions were renewed instead of $wanted\n" if $done != $wanted;
	return;
}

# The rows of the renewals in batches, which were kept, written again.
sub write_plainly
{
	psql_file(DATABASE, "$FindBin::Bin/renew_undone.sql");
	my $start = time;
	psql_file(DATABASE, "$FindBin::Bin/renew_plainly.sql");
	return DUE / (time - $start);
}

# In microseconds, as a client sees it.
sub with_nothing_due
{
	my @scripts = (\"SELECT charmbills.run_billing();\n",
		\"SELECT id FROM charmbills.subscription_facts WHERE next_invoice_at <= now() LIMIT 1;\n");

	$session->query('VACUUM ANALYZE');
	die "something is due still\n" if $session->query('SELECT charmbills.run_billing()') != 0;
	pgbench(DATABASE, '-c', 1, '-T', WARM_UP_SECONDS, @scripts);
	return script_latencies(pgbench(DATABASE, '-c', 1, '-T', SECONDS, @scripts));
}

sub processor_seconds
{
	my ($pid) = @_;

	open my $stat, '<', "/proc/$pid/stat" or die "cannot read the status of $pid: $!\n";
	# The name, in parentheses, may have spaces.
	my @fields = split ' ', (split /\) /, <$stat>)[-1];
	close $stat;
	return ($fields[11] + $fields[12]) / 100;
}
