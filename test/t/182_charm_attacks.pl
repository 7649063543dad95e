# What somebody might try to make of plans' charms who may write whatever he
# likes into blocks: stories of mock spells on the sandbox's chain.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::CharmStory;
use CharmBills::ModelSession;
use CharmBills::Spell qw(spell_apps);

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

subtest 'as many inputs as there can be' => \&test_many_inputs;
subtest 'tokens on a script that no index holds' => \&test_long_script;
subtest 'proofs are checked before the chain is locked' => \&test_before_lock;
subtest 'a check that waits for a block' => \&test_check_while_block;
subtest 'as many outputs as there can be' => \&test_many_outputs;
subtest 'change of a proved transaction' => \&test_change;

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

# Another server process has the cursor; the one that waits for it has looked at
# the proof by then, and for that it needs the verifier.
sub test_before_lock
{
	my ($plan, $mint) = begun();
	my $theft  = tx(fresh_app(), [ coin($mint, 1) ], [ { to => 'bob', tokens => 40 } ]);
	my $holder = CharmBills::ModelSession->new($cluster->connstr('charms'));
	my $height = sql('SELECT height FROM charmbills.chain_state') + 1;
	my $block  = "(SELECT raw FROM charmbills.sandbox_blocks WHERE height = $height)";
	my $found  = sub {
		my ($statement) = @_;
		$holder->run('BEGIN; SELECT FROM charmbills.chain_state FOR NO KEY UPDATE');
		my $waiter  = CharmBills::ModelSession->new($cluster->connstr('charms'));
		my ($error) = $waiter->run("SET lock_timeout = '200 ms'; $statement");
		my ($n)     = $waiter->run("SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'charmbills verifier'");
		$holder->run('ROLLBACK');
		return join ' ', $error =~ /^ERROR:  (\w+)/ ? $1 : $error, $n;
	};

	mine($theft);
	is(held($plan), 'merchant:NFT/60', 'a spell of another app destroys what it spends');
	is($found->("SELECT charmbills.chain_reorganise($height - 1, ARRAY[$block])"), '55P03 1', 'judged before blocks are undone');
	sql("SELECT charmbills.chain_rollback($height - 1)");
	is($found->("SELECT charmbills.chain_apply_block($height, $block)"), '55P03 1', 'and before one is applied');
	sql("SELECT charmbills.chain_apply_block($height, $block)");
	is(held($plan), 'merchant:NFT/60', 'it is applied');
	return;
}

# A block has the cursor and wants the rows of transactions; who checks one and
# waits for the cursor must have none of those.
sub test_check_while_block
{
	my ($plan, $mint) = begun();
	my $more = mint($plan, coin($mint, 0), 50, 10);
	my $ann  = unpack 'H*', $script_of{ann};
	my $subscription = sql("SELECT id FROM charmbills.subscribe('$plan->{id}', charmbills.script_to_address('\\x$ann'))");
	my $of_ann = "plan_id = '$plan->{id}' AND script = '\\x$ann' AND spent_height IS NULL";

	mine($more);
	my $good  = state_of($plan);
	my $block = CharmBills::ModelSession->new($cluster->connstr('charms'));
	my $answer = '';
	# The last of the two that are checked.
	sql("UPDATE charmbills.charms SET amount = amount + 1 WHERE outpoint = (SELECT outpoint FROM charmbills.charms WHERE $of_ann ORDER BY outpoint DESC LIMIT 1)");
	$block->run('BEGIN; SELECT FROM charmbills.chain_state FOR NO KEY UPDATE');
	my $check = IPC::Run::start([ 'psql', '-XAtq', '-d', $cluster->connstr('charms'), '-c',
		"SELECT (charmbills.verify_token('$subscription')).verdict" ], '>&', \$answer);
	$cluster->poll_query_until('charms', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'verify_token' AND wait_event_type = 'Lock'
		AND pid <> pg_backend_pid())") or die 'nobody waits';
	is(join('', $block->run("UPDATE charmbills.charm_transactions SET judged_at = judged_at WHERE plan_id = '$plan->{id}'; COMMIT")),
		'', 'the block has its rows');
	$check->finish;
	is($answer, "mismatch\n", 'and then what is wrong is found');
	is(state_of($plan), $good, 'and mended');
	return;
}

# One who pays for a block can have thousands of outputs to a merchant in one
# spell: that must cost what they cost, and not what their square does.
sub test_many_outputs
{
	my $plan = new_plan();
	my $n    = 12000;
	my $last = (spell_apps(fresh_app()))[1];
	my $tx   = tx($plan, [ { txid => 'ef' x 32, vout => 0 } ],
		[ (map { { to => 'merchant', charms => [ [ $last, 1 ] ], beamed => 'ab' x 32 } } 1 .. $n), { to => 'merchant', tokens => 1 } ], version => 8);

	mine_in_time($tx);
	is(sql("SELECT count(*) FROM charmbills.payments WHERE txid = '$tx->{txid}'"), $n, 'and those of others are payments');
	return;
}

# Each is looked up by itself, also where statements were planned while there were
# none of them.
sub test_many_inputs
{
	my $plan  = new_plan();
	my $n     = 20000;
	my $birth = birth($plan, $n);
	my $mint  = mint($plan, coin($birth, 0), 0, $n);
	my $split = tx($plan, [ coin($mint, 1) ], [ map { { to => 'bob', tokens => 1 } } 1 .. $n ], version => 8);
	my $join  = tx($plan, [ map { coin($split, $_) } 0 .. $n - 1 ], [ { to => 'ann', tokens => $n } ]);

	mine_in_time($birth, $mint, $split, $join);
	is(held($plan), "ann:$n merchant:NFT/0", 'and all of it is followed');
	return;
}

# By one server process.  No mempool would take such transactions.
sub mine_in_time
{
	my (@txs) = @_;
	my $session = CharmBills::ModelSession->new($cluster->connstr('charms'));
	my $begun   = time;

	foreach my $tx (@txs)
	{
		$session->run("INSERT INTO charmbills.sandbox_mempool (txid, raw) VALUES ('$tx->{txid}', '\\x" . hex_of($tx->{raw}) . "')");
		$session->run('SELECT charmbills.sandbox_mine()');
	}
	cmp_ok(time - $begun, '<', 10, 'blocks are applied in time');
	return;
}

# What a prover gives back goes to the merchant's own address, and the NFT too:
# nobody has paid that.
sub test_change
{
	my $address = sql("SELECT address FROM charmbills.merchants WHERE id = '$merchant'");
	my $settings = "SET charmbills.prover_url = 'sandbox'";
	my $payments = sub { sql("SELECT count(*), coalesce(sum(amount_sats), 0) FROM charmbills.payments WHERE txid = '$_[0]'") };
	my $plan = sql("SELECT id FROM charmbills.create_plan('$merchant', 'minted', 1000, ticker => 'MINT', app_vk => '" . '33' x 32 . "')");
	my $funding = sql("SELECT charmbills.sandbox_pay(charmbills.script_to_address('\\x" . hex_of($script_of{cy}) . "'), 50000)");
	my $id = sql("$settings; SELECT id FROM charmbills.mint_plan('$plan', '$funding:0', 100, change_address => '$address')");
	my $txid = sql("SELECT spell_txid FROM charmbills.transactions WHERE id = '$id'");

	sql("SELECT charmbills.sandbox_sign('$id')");
	is($payments->($txid), '0|0', 'not in the mempool');
	sql('SELECT charmbills.sandbox_mine()');
	is($payments->($txid), '0|0', 'nor in a block');
	is(sql("SELECT nft_state FROM charmbills.plans WHERE id = '$plan'"), 'held', 'which has the NFT');
	my $paid = sql("SELECT charmbills.sandbox_pay('$address', 700)");
	is($payments->($paid), '1|700', 'what comes from somebody else is a payment');
	return;
}
