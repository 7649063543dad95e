#!/usr/bin/env perl
# chain_apply_block of a whole block with a million watched scripts, beside a
# thousand, beside parsing alone, and with none of them paid:
#	  apply.pl PROGRAM BLOCK OUTPUTS
use strict;
use warnings;

use FindBin;

use CharmBills::Bench qw(bench_row create_database figures median milliseconds psql_file times_of);
use CharmBills::Bitcoin qw(header_fields);

use constant { HEIGHT => 928_816, ROUNDS => 40, WARM_UP => 10, TIDY_EVERY => 5 };

my ($program, $block_file, $outputs) = @ARGV;
my %session;
my %times;

foreach my $watched (1_000, 1_000_000)
{
	my $database = "bench_watched_$watched";
	create_database($database, 'charmbills.network' => 'testnet3', 'charmbills.rpc_url' => '')->close;
	psql_file($database, "$FindBin::Bin/watched.sql", watched => $watched, outputs => $outputs);
	$session{$watched} = CharmBills::Bench->session($database);
	$session{$watched}->query(sprintf q{SELECT charmbills.chain_start(%d, '%s')}, HEIGHT - 1, previous_block());
	check($session{$watched});
}
foreach my $round (1 .. ROUNDS)
{
	tidy($_) foreach $round % TIDY_EVERY == 1 ? values %session : ();
	push @{ $times{$_} }, $session{$_}->time_undone(apply_statement()) foreach sort keys %session;
	push @{ $times{unpaid} }, $session{1_000_000}->time_undone(apply_statement(), 'DELETE FROM '
		  . 'charmbills.watched_scripts w USING bench_paid p WHERE w.script = p.script');
}
my %ms = map { $_ => median(splice @{ $times{$_} }, WARM_UP) } keys %times;
my %parsing  = figures($program, $block_file, ROUNDS);
my $parse_ms = $parsing{'parse and check the block'};

bench_row('apply that block, 1,000,000 scripts watched, 100 paid', milliseconds($ms{1_000_000}),
	'1,000 scripts: ' . milliseconds($ms{1_000}), times_of($ms{1_000_000}, $ms{1_000}), '<= 1.3 times');
bench_row('', milliseconds($ms{1_000_000}), 'parsing and checking alone: ' . milliseconds($parse_ms),
	times_of($ms{1_000_000}, $parse_ms), 'a few times');
bench_row('the same, none paid', milliseconds($ms{unpaid}), 'parsing and checking alone: ' . milliseconds($parse_ms),
	times_of($ms{unpaid}, $parse_ms), 'a few times');

sub apply_statement
{
	return sprintf q{SELECT charmbills.chain_apply_block(%d, pg_read_binary_file('%s'))}, HEIGHT, $block_file;
}

sub previous_block
{
	open my $file, '<:raw', $block_file or die "cannot read $block_file: $!\n";
	read $file, my $header, 80;
	close $file;
	return header_fields($header)->{prev};
}

# What was rolled back would lie in the way of the next round, as it never does
# of the next block.
sub tidy
{
	my ($session) = @_;

	return $session->query('VACUUM');
}

# A benchmark of something that does not happen would be worth nothing.
sub check
{
	my ($session) = @_;

	$session->query('BEGIN');
	$session->query(apply_statement());
	my $active = $session->query(q{SELECT count(*) FROM charmbills.subscription_facts WHERE status = 'active'});
	$session->query('ROLLBACK');
	die "$active of 100 subscriptions were activated\n" if $active != 100;
	return;
}
