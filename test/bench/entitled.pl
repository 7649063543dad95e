#!/usr/bin/env perl
# is_entitled() beside a bare look-up by primary key, in one run of pgbench -M prepared,
# by a role that may act for one merchant.
use strict;
use warnings;

use FindBin;

use CharmBills::Bench qw(bench_row create_database median pgbench psql_file script_latencies times_of);

use constant { DATABASE => 'bench_entitled', ROLE => 'bench_application' };
use constant { SUBSCRIPTIONS => 100_000, ASKED => 30, WARM_UP_SECONDS => 2, SECONDS => 12 };

# With a node's clock, not the sandbox's; no worker follows it.
my $session = create_database(DATABASE, 'charmbills.rpc_url' => 'http://127.0.0.1:9');
psql_file(DATABASE, "$FindBin::Bin/entitled.sql", subscriptions => SUBSCRIPTIONS);
$session->query($_) foreach 'SELECT charmbills.setup_roles()',
  sprintf('CREATE ROLE %s LOGIN IN ROLE charmbills_merchant', ROLE),
  sprintf(q{SELECT charmbills.grant_merchant('%s', id) FROM charmbills.merchants}, ROLE),
  sprintf('GRANT SELECT ON bench_asked TO %s', ROLE);
my @asked = map { [ split /\|/ ] } split /\n/, $session->query(
	sprintf 'SELECT k, plan_id, external_id, address, token_plan_id FROM bench_asked ORDER BY random() LIMIT %d', ASKED);

# Each statement is a script of its own, since pgbench can make numbers only;
# it takes one at random each time.
my %statement = (
	key     => sub { "SELECT k FROM bench_asked WHERE k = $_[0]" },
	name    => sub { "SELECT charmbills.is_entitled('$_[1]', external_id => '$_[2]')" },
	address => sub { "SELECT charmbills.is_entitled('$_[1]', '$_[3]')" },
	token   => sub { "SELECT charmbills.is_entitled('$_[4]', '$_[3]')" });
my (@scripts, @what);

foreach my $what (sort keys %statement)
{
	foreach my $asked (@asked)
	{
		my $statement = $statement{$what}->(@$asked);

		check($statement) if $what ne 'key';
		push @scripts, \"$statement;\n";
		push @what, $what;
	}
}
run_scripts(WARM_UP_SECONDS);
my %us = microseconds(run_scripts(SECONDS));
foreach ([ name => 'the application\'s name, 100,000 subscriptions' ], [ address => 'address, 100,000 subscriptions' ],
	[ token => 'token, 100,000 holders' ])
{
	my ($what, $by) = @$_;

	bench_row("is_entitled by $by", sprintf('%.1f us', $us{$what}),
		sprintf('SELECT by primary key: %.1f us', $us{key}), times_of($us{$what}, $us{key}), '<= 1.5 times');
}

sub check
{
	my ($statement) = @_;
	my $answer = $session->query($statement);

	die "$answer: $statement\n" if $answer ne 't';
	return;
}

sub run_scripts
{
	my ($seconds) = @_;

	return pgbench(DATABASE, '-U', ROLE, '-c', 1, '-T', $seconds, @scripts);
}

# The median script's of each kind.
sub microseconds
{
	my ($output) = @_;
	my @latencies = script_latencies($output);
	my %us;

	die "no figures in: $output" if @latencies != @what;
	push @{ $us{ $what[$_] } }, $latencies[$_] foreach 0 .. $#what;
	return map { $_ => median(@{ $us{$_} }) } keys %us;
}
