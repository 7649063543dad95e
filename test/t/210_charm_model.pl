# The model of charms: after every one of many random operations on the sandbox,
# plans' NFTs and tokens, their plans, holders and access are what a
# recomputation from the raw blocks says, whatever the path; and a database that
# is given nothing but the final chain ends with the same.
#
# MODEL_SEED repeats one run, MODEL_STEPS is how many operations there are in
# all; without it, as many as MODEL_SECONDS take (40 unless told).
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::CharmActor;
use CharmBills::CharmMarket;
use CharmBills::CharmModel;
use CharmBills::CharmSnapshot;
use CharmBills::ModelRun qw(check_witnessed run_all);
use CharmBills::ModelSession;

my $cluster = PostgreSQL::Test::Cluster->new('charm_model');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.rpc_url = 'sandbox'
charmbills.accept_mock_spells = on
charmbills.unknown_grace = '2d'
CONF
$cluster->start;

my @interesting = (
	'NFT born', 'NFT moved', 'NFT ended', 'NFT unknown', 'minted', 'destroyed', 'counterfeit',
	'of a spell that was none', 'of a spell that was read', 'of a spell that was read, believed',
	'of a spell that was malformed', 'of a spell that was unsupported',
	'plan active with its NFT held', 'plan inactive with its NFT away', 'plan inactive with its NFT gone',
	'plan pending_confirmation with its NFT held',
	'entitled by token: t (token)', 'entitled by token: f', 'entitled by either: t (payment)', 'entitled by either: t (token)',
	'entitled by payment: f', 'a subscriber has tokens', 'a subscriber has none', 'charms of merchants', 'payments',
	'tokens beamed out', 'tokens beamed in', 'tokens older than a cycle', 'tokens unknown since lately',
	'tokens unknown for too long');
my %witnessed;

sub open_database
{
	my ($name, $market) = @_;

	$cluster->safe_psql('postgres', "CREATE DATABASE $name");
	$cluster->safe_psql($name, 'CREATE EXTENSION charmbills');
	my $session = CharmBills::ModelSession->new($cluster->connstr($name));
	$market->open($session);
	$session->run(CharmBills::CharmSnapshot->preparation);
	return $session;
}

sub close_database
{
	my ($name, $session) = @_;

	$session->close;
	$cluster->safe_psql('postgres', "DROP DATABASE $name");
	return;
}

# One seed.  Gives how many steps went well, and what went wrong.
sub run
{
	my ($seed, $steps) = @_;

	srand $seed;
	my $market  = CharmBills::CharmMarket->new;
	my $session = open_database("model_$seed", $market);
	my $model   = CharmBills::CharmModel->new($market);
	$market->new_plan foreach 1 .. 3;
	$market->new_plan(is_imported => 1, entitlement => 'token', access => undef, units => 2, cycle => [ 'weekly', 7 ]) foreach 1 .. 2;
	my ($done, @problems) = play($session, $model, $steps);
	@problems = follow_again($model, $seed) unless @problems;
	$witnessed{$_} += $model->witnessed->{$_} foreach keys %{ $model->witnessed };
	close_database("model_$seed", $session);
	return ($done, @problems);
}

sub play
{
	my ($session, $model, $steps) = @_;
	my $market = $model->market;
	my $opening = join '', (map { $market->plan_statement($_) } grep { !$_->{is_imported} } $market->plans),
	  "SELECT charmbills.sandbox_mine(3);\n";

	return run_of($session, $model)->play(CharmBills::CharmActor->new($model), $steps, $opening);
}

sub run_of
{
	my ($session, $model) = @_;

	return CharmBills::ModelRun->new(session => $session, model => $model, snapshot => 'CharmBills::CharmSnapshot');
}

# The final chain alone, in another database.
sub follow_again
{
	my ($model, $seed) = @_;
	my $market  = $model->market;
	my $session = open_database("again_$seed", $market);
	my $again   = CharmBills::CharmModel->new($market);
	my @sold    = grep { $_->{row} } $market->plans;
	my @before  = $model->outcome;
	my $chain   = $model->chain;
	my $sql     = join '', (map { $market->plan_statement($_) } @sold);

	foreach my $height (1 .. $model->height)
	{
		my $raw = "'\\x" . unpack('H*', $chain->{blocks}[$height]{raw}) . "'";
		$sql .= "INSERT INTO charmbills.sandbox_blocks (height, hash, raw) VALUES ($height, '" . $chain->hash_at($height)
		  . "', $raw);\nSELECT charmbills.chain_apply_block($height, $raw);\n";
	}
	$sql .= "UPDATE charmbills.chain_state SET test_clock = to_timestamp(@{[ $model->clock / 1_000_000 ]});\n";
	my @problems = run_of($session, $again)->perform({ sql => $sql });
	push @problems, compare_outcomes(\@before, [ $again->outcome ]) unless @problems;
	close_database("again_$seed", $session);
	return map { "again: $_" } @problems;
}

sub compare_outcomes
{
	my ($before, $after) = @_;
	my %before = map { ($_ => 1) } @$before;
	my %after = map { ($_ => 1) } @$after;

	return ((map { "has no $_" } grep { !$after{$_} } @$before), (map { "has $_" } grep { !$before{$_} } @$after));
}

my $total = run_all(\&run, steps => 120, seconds => 40);
check_witnessed(\%witnessed, $total, 1500, @interesting);

$cluster->stop;
done_testing;
