# What somebody might try to make of plans' charms who may write whatever he
# likes into blocks: stories of mock spells on the sandbox's chain.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::CharmStory;

my $cluster = PostgreSQL::Test::Cluster->new('attacks');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.rpc_url = 'sandbox'
charmbills.accept_mock_spells = on
CONF
$cluster->start;
begin_stories($cluster);

subtest 'tokens on a script that no index holds' => \&test_long_script;

$cluster->stop;
done_testing();

# Nobody's address, but an output as any other: a block has it whatever we say.
sub test_long_script
{
	my ($plan, $mint) = begun();
	srand 4;
	$script_of{long} = join '', "\x6a", map { chr int rand 256 } 1 .. 9000;
	my $move = tx($plan, [ coin($mint, 1) ], [ { to => 'long', tokens => 30 }, { to => 'bob', tokens => 10 } ]);
	my $back = tx($plan, [ coin($move, 0) ], [ { to => 'ann', tokens => 30 } ]);

	mine($move);
	is(sql("SELECT string_agg(amount::text, ' ' ORDER BY amount) FROM charmbills.charms
		WHERE plan_id = '$plan->{id}' AND NOT has_nft AND spent_height IS NULL"), '10 30', 'they are followed');
	is(sql("SELECT string_agg(concat_ws(':', amount, address IS NOT NULL), ' ' ORDER BY amount)
		FROM charmbills.charm_holders WHERE plan_id = '$plan->{id}'"), '10:t 30:f', 'and held by no address');
	mine($back);
	is(held($plan), 'ann:30 bob:10 merchant:NFT/60', 'and can come back');
	return;
}
