# The model test: after every one of thousands of random operations on the
# sandbox, billing is what a recomputation from raw blocks, the mempool and the
# given facts says, whatever the path.
#
# MODEL_SEED repeats one run, MODEL_STEPS is how many operations there are in
# all; without it, as many as MODEL_SECONDS take.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use CharmBills::Model;
use CharmBills::ModelActor;
use CharmBills::ModelMarket;
use CharmBills::ModelSession;
use CharmBills::ModelSnapshot;

my $steps_of_a_run = 200;
my $last_shown     = 12;
my $budget         = $ENV{MODEL_SECONDS} || 90;

my $cluster = PostgreSQL::Test::Cluster->new('model');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.rpc_url = 'sandbox'
CONF
$cluster->start;

my @interesting = (
	'payment settled, then payment live',
	'payment settled, then payment dead',
	'payment dead, then payment live',
	'stray settled, then stray live',
	'coinbase live, then coinbase settled',
	'invoice expired',
	'invoice paid late',
	'invoice void with credit',
	'invoice paid, then invoice processing',
	'invoice paid, then invoice paid with credit',
	'own transaction confirmed, then own transaction pending',
	'own transaction replaced',
	'reservation spent, then reservation seen spent',
	'subscription active, then subscription pending',
	'invoice open, then invoice expired',
	'invoice expired, then invoice uncollectible',
	'invoice uncollectible, then invoice paid late',
	'renewed from credit',
	'partly paid from credit',
	'carried',
	'collected what was carried',
	'paid in grace',
	'paid after expiry',
	'trial, then paid',
	'periods left out',
	'renewal reversed',
	'paused across a boundary',
	'deed uncancel',
	'subscription paused, then subscription active',
	'subscription active, then subscription canceled',
	'subscription trialing',
	'subscription past_due');
my %witnessed;

# One database, one seed.  Gives how many steps went well, and what went wrong.
sub run
{
	my ($seed, $steps) = @_;
	my $database = "model_$seed";

	$cluster->safe_psql('postgres', "CREATE DATABASE $database");
	$cluster->safe_psql($database, 'CREATE EXTENSION charmbills');
	my $session = CharmBills::ModelSession->new($cluster->connstr($database));
	my $model = CharmBills::Model->new(CharmBills::ModelMarket::open_market($session));
	$session->run(CharmBills::ModelSnapshot->preparation);
	my ($done, @problems) = play($session, $model, $seed, $steps);
	$witnessed{$_} += $model->witnessed->{$_} foreach keys %{ $model->witnessed };
	$session->close;
	$cluster->safe_psql('postgres', "DROP DATABASE $database");
	return ($done, @problems);
}

sub play
{
	my ($session, $model, $seed, $steps) = @_;
	my $actor = CharmBills::ModelActor->new($model);
	my @history;

	srand $seed;
	foreach my $step (0 .. $steps)
	{
		my $operation = $step ? $actor->next_operation : { note => 'open the market', sql => '' };
		push @history, "$step: $operation->{note}";
		my @problems = (perform($session, $model, $operation));
		next unless @problems;
		splice @history, 0, -$last_shown;
		return ($step, @problems, 'after', @history);
	}
	return ($steps);
}

sub perform
{
	my ($session, $model, $operation) = @_;
	my $from = $model->chain->top - ($operation->{undone} || 0);
	my @lines = $session->run($operation->{sql} . "\\echo the snapshot\n"
		. CharmBills::ModelSnapshot->statements($from, $model->last_event, $model->clock));
	my @answer;

	push @answer, shift @lines until !@lines || $lines[0] eq 'the snapshot';
	my @errors = grep { /^ERROR/ } @answer;
	$operation->{failed} = @errors;
	my $refused = $operation->{refused};
	my @problems = $refused
	  ? (@errors ? grep { !/$refused/ } @errors : 'was not refused')
	  : grep { /^(?:ERROR|FATAL|PANIC|LOCATION|DETAIL|WARNING)/ } @answer;
	push @problems, grep { /^ERROR/ } @lines;
	return @problems if grep { /^(?:FATAL|PANIC)/ } @problems;
	return (@problems, $model->observe($operation, CharmBills::ModelSnapshot->parse(@lines)));
}

my $seed  = defined $ENV{MODEL_SEED} ? $ENV{MODEL_SEED} : int(time * 1000) % 1_000_000_000;
my $total = 0;
my $began = time;

note "MODEL_SEED=$seed";
for (my $run = $seed; ; $run++)
{
	my $steps = $steps_of_a_run;
	$steps = $ENV{MODEL_STEPS} - $total if $ENV{MODEL_STEPS} && $ENV{MODEL_STEPS} - $total < $steps;
	my ($done, @problems) = run($run, $steps);
	$total += $done;
	ok(!@problems, "run $run: $done operations")
	  or diag(join "\n", "MODEL_SEED=$run, operation $done:", @problems);
	last if @problems;
	last if $ENV{MODEL_STEPS} ? $total >= $ENV{MODEL_STEPS} : time - $began > $budget;
}
note "$total operations in " . int(time - $began) . ' seconds';
note "$witnessed{$_} times $_" foreach sort keys %witnessed;

# A run in which nothing happens would pass too.
SKIP:
{
	skip 'too few operations to meet everything', scalar @interesting if $total < 3000;
	ok($witnessed{$_}, "met: $_") foreach @interesting;
}

done_testing;
