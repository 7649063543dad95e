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

use CharmBills::Model;
use CharmBills::ModelActor;
use CharmBills::ModelMarket;
use CharmBills::ModelRun qw(check_witnessed run_all);
use CharmBills::ModelSession;
use CharmBills::ModelSnapshot;

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
	my $play = CharmBills::ModelRun->new(session => $session, model => $model, snapshot => 'CharmBills::ModelSnapshot');
	srand $seed;
	my ($done, @problems) = $play->play(CharmBills::ModelActor->new($model), $steps, '');
	$witnessed{$_} += $model->witnessed->{$_} foreach keys %{ $model->witnessed };
	$session->close;
	$cluster->safe_psql('postgres', "DROP DATABASE $database");
	return ($done, @problems);
}

my $total = run_all(\&run, steps => 200, seconds => 90);
check_witnessed(\%witnessed, $total, 3000, @interesting);

done_testing;
