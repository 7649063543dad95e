#!/usr/bin/env perl
# A new block while many payments wait for confirmations, beside few.
use strict;
use warnings;

use FindBin;

use CharmBills::Bench qw(bench_row create_database median milliseconds psql_file times_of);
use CharmBills::Bitcoin qw(block_hash build_block build_transaction REGTEST_GENESIS);

use constant { ROUNDS => 60, WARM_UP => 10 };
# Of the payment in the new block.
use constant AMOUNT => 50_000;

my $hash = REGTEST_GENESIS;
my %session;
my %times;

my @start = map { next_block($_) } 1, 2;
foreach my $waiting (100, 100_000)
{
	my $database = "bench_waiting_$waiting";
	create_database($database)->close;
	psql_file($database, "$FindBin::Bin/waiting.sql", waiting => $waiting,
		genesis => REGTEST_GENESIS, first => $start[0], second => $start[1]);
	$session{$waiting} = CharmBills::Bench->session($database);
}
my $script = pack 'H*', $session{100}->query(q{SELECT encode(script, 'hex') FROM bench_paid WHERE k = 0});
my $block  = next_block(3, build_transaction(
	inputs  => [ { txid => '11' x 32, vout => 0, value => 2 * AMOUNT } ],
	outputs => [ [ $script, AMOUNT ] ]));

check($_) foreach values %session;
foreach (1 .. ROUNDS)
{
	push @{ $times{$_} }, $session{$_}->time_undone(apply_statement()) foreach keys %session;
}
my %ms = map { $_ => median(splice @{ $times{$_} }, WARM_UP) } keys %times;

bench_row('apply a small block, 100,000 payments waiting', milliseconds($ms{100_000}),
	'100 waiting: ' . milliseconds($ms{100}), times_of($ms{100_000}, $ms{100}), 'about 1');

# In hex.
sub next_block
{
	my ($height, @txs) = @_;
	my ($block) = build_block(prev => $hash, height => $height, time => 1_700_000_000 + 600 * $height, txs => \@txs);

	$hash = block_hash($block);
	return unpack 'H*', $block;
}

sub apply_statement
{
	return sprintf q{SELECT charmbills.chain_apply_block(3, '\x%s')}, $block;
}

# The new block's payment is seen, and the others still wait.
sub check
{
	my ($session) = @_;

	$session->query('BEGIN');
	$session->query(apply_statement());
	my $seen = $session->query('SELECT count(*) FROM charmbills.payments WHERE block_height = 3');
	my $paid = $session->query(q{SELECT count(*) FROM charmbills.invoices WHERE status = 'paid'});
	$session->query('ROLLBACK');
	die "$seen payments found instead of 1, $paid invoices paid instead of none\n" if $seen != 1 || $paid != 0;
	return;
}
