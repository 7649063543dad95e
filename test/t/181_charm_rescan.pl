# A plan that was minted long before it is imported: what is found of it by
# rescanning from above, and by being offered what was followed, is what following
# from the first block finds.
use strict;
use warnings FATAL => 'all';

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::Bitcoin qw(block_hash build_block build_transaction transaction_id REGTEST_GENESIS);
use CharmBills::Spell qw(app_identity spell_transaction);

use constant START => 40;
use constant TIP => 60;

my $first_time = time() - 600 * TIP;
my ($merchant, $ann, $bob) = map { "\x00\x14" . chr($_) x 20 } 1 .. 3;
my $anchor = { txid => 'aa' x 32, vout => 0 };
my $plan = { identity => app_identity("$anchor->{txid}:0"), vk => '22' x 32 };
my %txs = transactions_of_plan();
my @blocks = make_blocks();

my $cluster = PostgreSQL::Test::Cluster->new('rescan');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.accept_mock_spells = on
charmbills.databases = ''
CONF
$cluster->start;

# Followed from the first block, by a plan that is there before.
make_database('followed');
import_plan('followed', 0);
start('followed', 0);
apply('followed', 1 .. TIP);
settle('followed');
my $wanted = state_of('followed');
like($wanted, qr/born.*moved.*"destroyed": 5/s, 'what is to be found');

subtest 'imported before the first block has come' => sub {
	make_database('before');
	import_plan('before', 15);
	start('before', START);
	is(jobs('before'), '', 'nothing can be looked for yet');
	apply('before', START + 1);
	check('before');
};
subtest 'imported on the way' => sub {
	make_database('later');
	start('later', START);
	apply('later', START + 1 .. TIP - 5);
	import_plan('later', 15);
	check('later');
};
subtest 'imported when all of it is followed' => sub {
	make_database('held');
	start('held', 5);
	apply('held', 6 .. TIP);
	import_plan('held', 25);
	is(jobs('held'), '', 'no rescan is needed');
	check_state('held');
};
subtest 'brought by an upgrade' => sub {
	make_database('upgraded');
	start('upgraded', START);
	apply('upgraded', START + 1 .. TIP - 5);
	# As version 1.1.0 has it: nothing is known of its charms.
	import_plan('upgraded', 15);
	sql('upgraded', 'DELETE FROM charmbills.jobs; DELETE FROM charmbills.watched_apps;' . upgrade_of_apps());
	is(jobs('upgraded'), '', 'nothing is looked for yet');
	apply('upgraded', TIP - 4);
	check('upgraded');
};
subtest 'plans by the dozen' => sub {
	make_database('many');
	start('many', START);
	apply('many', START + 1);
	import_plan('many', 20, app_identity("$_")) foreach 1 .. 5;
	is(jobs('many'), '{"from_height": 0}', 'one rescan serves all, as deep as it must be');
};

$cluster->stop;
done_testing();

sub sql
{
	my ($database, $sql) = @_;

	return $cluster->safe_psql($database, $sql);
}

sub make_database
{
	my ($database) = @_;

	$cluster->safe_psql('postgres', "CREATE DATABASE $database");
	sql($database, 'CREATE EXTENSION charmbills');
	return;
}

# By height: a birth, a mint, a gift, a loss, another mint, and another loss.
sub transactions_of_plan
{
	my $tx = sub {
		my ($inputs, @outputs) = @_;
		return spell_transaction(plan => $plan, inputs => $inputs, outputs => \@outputs);
	};
	my $coin = sub { return { txid => transaction_id($_[0]), vout => $_[1] } };
	my $birth = $tx->([$anchor], { script => $merchant, remaining => 100 });
	my $mint = $tx->([ $coin->($birth, 0) ], { script => $merchant, remaining => 80 }, { script => $ann, tokens => 20 });
	my $gift = $tx->([ $coin->($mint, 1) ], { script => $bob, tokens => 15 }, { script => $ann, tokens => 5 });
	my $loss = build_transaction(inputs => [ $coin->($gift, 1) ], outputs => [ [ $ann, 500 ] ]);
	my $more = $tx->([ $coin->($mint, 0) ], { script => $merchant, remaining => 70 }, { script => $ann, tokens => 10 });
	my $last = build_transaction(inputs => [ $coin->($more, 1) ], outputs => [ [ $ann, 500 ] ]);

	return (20 => [$birth], 30 => [ $mint, $gift ], 36 => [$loss], 50 => [$more], 52 => [$last]);
}

sub make_blocks
{
	my $prev = REGTEST_GENESIS;
	my @made = (undef);

	foreach my $height (1 .. TIP)
	{
		my ($block) = build_block(prev => $prev, height => $height, time => $first_time + 600 * $height, txs => $txs{$height});
		push @made, $block;
		$prev = block_hash($block);
	}
	return @made;
}

sub start
{
	my ($database, $height) = @_;
	my $hash = $height ? block_hash($blocks[$height]) : REGTEST_GENESIS;

	sql($database, "SELECT charmbills.chain_start($height, '$hash')");
	return;
}

sub block_call
{
	my ($database, $function, @heights) = @_;

	sql($database, "SELECT charmbills.$function($_, '\\x" . unpack('H*', $blocks[$_]) . "')") foreach @heights;
	return;
}

sub apply
{
	my ($database, @heights) = @_;

	block_call($database, 'chain_apply_block', @heights);
	return;
}

# Made, as it says, at the time of a block.
sub import_plan
{
	my ($database, $height, $identity) = @_;
	my $time = $first_time + 600 * $height;

	$identity //= $plan->{identity};
	sql($database, "SELECT charmbills.create_merchant(name => 'm', address => charmbills.script_to_address('\\x" . unpack('H*', $merchant) . "'))
		WHERE NOT EXISTS (SELECT FROM charmbills.merchants)");
	sql($database, "SELECT charmbills.import_plan(jsonb_build_object('id', '$identity', 'serviceName', 'old',
		'priceBTC', 0.0001, 'appId', '$identity', 'appVk', '$plan->{vk}',
		'merchantAddress', (SELECT address FROM charmbills.merchants), 'createdAt', to_timestamp($time)))");
	return;
}

# The upgrade's statement that has plans with an app looked for.
sub upgrade_of_apps
{
	my $script = slurp_file("$FindBin::RealBin/../../sql/charmbills--1.1.0--1.2.0.sql");
	my ($statement) = $script =~ /^(INSERT INTO charmbills\.watched_apps .*?;)$/ms or die 'the upgrade has no such statement';

	return $statement;
}

sub jobs
{
	return sql($_[0], "SELECT payload FROM charmbills.jobs WHERE kind = 'rescan'");
}

# What the worker does: rescan downwards, offer what is behind, and arm.
sub check
{
	my ($database) = @_;
	my ($from) = jobs($database) =~ /"from_height": (\d+)/;

	ok(defined $from && $from <= 20, 'a rescan is queued, from before the birth');
	my $base = sql($database, 'SELECT base_height FROM charmbills.chain_state');
	block_call($database, 'chain_rescan_block', reverse $from || 1 .. $base - 1);
	check_state($database);
	return;
}

sub check_state
{
	my ($database) = @_;
	my $height = sql($database, 'SELECT height FROM charmbills.chain_state');

	apply($database, $height + 1 .. TIP);
	settle($database);
	is(state_of($database), $wanted, 'all is found, and no more');
	return;
}

sub settle
{
	my ($database) = @_;

	for (my $rounds = 0; $rounds < 5; $rounds++)
	{
		my $backlog = sql($database, 'SELECT from_height FROM charmbills.chain_watch_backlog()');
		return if $backlog eq '';
		block_call($database, 'chain_offer_block', grep { $_ > 0 } $backlog + 1 .. TIP);
		sql($database, 'SELECT charmbills.chain_arm_watches(ARRAY[]::bytea[])');
	}
	fail('the backlog comes to an end');
	return;
}

# But for times and identities, which are each database's own.
sub state_of
{
	my ($database) = @_;
	my $own = "'{plan_id,merchant_id,judged_at,received_at,minted_at,spent_at,block_median_time}'";

	return sql($database, "SELECT to_jsonb(t) - ${own}::text[] FROM charmbills.charm_transactions t ORDER BY block_height, block_index;
		SELECT to_jsonb(c) - ${own}::text[] FROM charmbills.charms c ORDER BY outpoint;
		SELECT remaining_supply, nft_utxo, nft_state FROM charmbills.plans");
}
