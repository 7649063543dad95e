# What becomes of a plan's NFT and tokens, told in stories of mock spells on the
# sandbox's chain: at each block who holds what, what was announced, and after
# every undoing that it is as if it had never been.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::CharmStory;
use CharmBills::Spell qw(beam_hash spell_apps);

my $cluster = PostgreSQL::Test::Cluster->new('charms');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.rpc_url = 'sandbox'
charmbills.accept_mock_spells = on
CONF
$cluster->start;
begin_stories($cluster);

subtest 'birth, mint, split, gift, burn' => \&test_life;
subtest 'a spend without a spell' => \&test_no_spell;
subtest 'a spell that does not count' => \&test_not_accepted;
subtest 'wrong births' => \&test_wrong_births;
subtest 'counterfeits' => \&test_counterfeits;
subtest 'an NFT that ends' => \&test_end;
subtest 'beamed out and in' => \&test_beams;
subtest 'beamed in where the plan does not say so' => \&test_beams_refused;
subtest 'all in one block' => \&test_one_block;
subtest 'carried by a witness' => \&test_witness;
subtest 'a version that is not supported, yet' => \&test_unsupported;
subtest 'a birth of an unsupported version' => \&test_unsupported_birth;
subtest 'two plans in one transaction' => \&test_two_plans;
subtest 'as many as there can be' => \&test_most;
subtest 'a plan that comes after its mint' => \&test_import;
subtest 'an output that is no payment' => \&test_no_payment;
subtest 'reservations given up' => \&test_cleanup;
subtest 'checked again' => \&test_reverify;

$cluster->stop;
done_testing();

sub test_life
{
	my $plan  = new_plan();
	my $birth = birth($plan, 100, state => { name => 'Story' });
	my $mint  = mint($plan, coin($birth, 0), 60, 40);
	my $split = tx($plan, [ coin($mint, 1) ], [ { to => 'bob', tokens => 15 }, { to => 'ann', tokens => 25 } ]);
	my $burn  = tx($plan, [ coin($split, 1) ], [ { to => 'ann', tokens => 24 } ]);

	mine($birth);
	is(held($plan), 'merchant:NFT/100', 'born');
	is(news($plan), 'moved', 'as is announced');
	reorg_check($plan, 1, '', 'reversed');
	news($plan);
	mine($mint);
	is(held($plan), 'ann:40 merchant:NFT/60', 'minted');
	is(news($plan), 'moved', 'as is announced');
	sql("SELECT charmbills.sandbox_advance_clock('1 day')");
	mine($split);
	is(held($plan), 'ann:25 bob:15 merchant:NFT/60', 'split and given');
	mine($burn);
	is(held($plan), 'ann:24 bob:15 merchant:NFT/60', 'one burnt');
	is_deeply(deeds($plan), [ 'born 0 0', 'moved 40 0', 'elsewhere 0 0', 'elsewhere 0 1' ], 'one deed after the other');
	is(news($plan), 'moved moved', 'as is announced');
	is(sql("SELECT min(minted_at) = min(received_at), max(minted_at) = min(minted_at), max(received_at) > max(minted_at)
		FROM charmbills.charms WHERE plan_id = '$plan->{id}' AND amount > 0"), 't|t|t', 'the tokens are as old as their mint');
	is(sql("SELECT nft_utxo || ' ' || remaining_supply FROM charmbills.plans WHERE id = '$plan->{id}'"),
		"$mint->{txid}:0 60", 'the plan says so');
	reorg_check($plan, 9, 'merchant:NFT/100', 'reversed reversed reversed');
	return;
}

sub test_no_spell
{
	my ($plan, $mint) = begun();

	mine(plain([ coin($mint, 1) ], 'ann'));
	is(held($plan), 'merchant:NFT/60', 'the tokens are gone');
	is(deeds($plan)->[2], 'elsewhere 0 40', 'destroyed');
	is(news($plan), 'moved', 'as is announced');
	reorg_check($plan, 1, 'ann:40 merchant:NFT/60', 'reversed');
	return;
}

# Naming a plan is free, and must not cost a row; spending destroys.
sub test_not_accepted
{
	my ($plan, $mint) = begun();
	my %said = (mock => 0, proof => "\x01" x 260);

	mine(tx($plan, [ { txid => 'dd' x 32, vout => 0 } ], [ { to => 'cy', tokens => 5 } ], %said));
	is(scalar @{ deeds($plan) }, 2, 'a spell without a proof that names the plan is not even recorded');
	sql('ALTER SYSTEM SET charmbills.accept_mock_spells = off; SELECT pg_reload_conf()');
	mine(tx($plan, [ { txid => 'dd' x 32, vout => 1 } ], [ { to => 'cy', tokens => 5 } ]));
	is(scalar @{ deeds($plan) }, 2, 'nor is a mock where those do not count');
	mine(tx($plan, [ coin($mint, 0) ], [ { to => 'merchant', remaining => 60 } ]));
	is(held($plan), 'ann:40', 'and what it spends is destroyed');
	is(sql("SELECT verdict || ' ' || is_accepted || ' ' || nft FROM charmbills.charm_transactions
		WHERE plan_id = '$plan->{id}' ORDER BY block_height DESC LIMIT 1"), 'mock false ended', 'by a mock');
	sql('ALTER SYSTEM RESET charmbills.accept_mock_spells; SELECT pg_reload_conf()');
	mine(tx($plan, [ coin($mint, 1) ], [ { to => 'ann', tokens => 40 } ], %said));
	is(held($plan), '', 'as it is by a spell without a proof');
	return;
}

sub test_wrong_births
{
	my $two = new_plan();
	my $none = new_plan();
	my $forged = new_plan();

	mine(tx($two, [ $two->{anchor} ], [ map { { to => 'merchant', remaining => $_ } } 10, 20 ]));
	is(held($two), '', 'of two NFTs at once neither is the plan\'s');
	is_deeply(deeds($two), [q{ended 0 0 the plan's NFT comes out more than once}], 'and there will be none');
	is(news($two), 'moved counterfeit', 'as is announced');
	mine(tx($none, [ $none->{anchor} ], [ { to => 'merchant' } ], apps => [ spell_apps($none) ]));
	is_deeply(deeds($none), ['ended 0 0'], 'a spell without the NFT that spends the identity ends it');
	mine(birth($forged, 10, mock => 0, proof => "\x01" x 260));
	is_deeply(deeds($forged), ['ended 0 0'], 'and so does one without a proof');
	is(held($forged), '', 'of which nothing comes');
	return;
}

sub test_counterfeits
{
	my ($plan, $mint) = begun();
	my $strange = { txid => 'ee' x 32, vout => $stories };
	my $raised;

	mine(tx($plan, [$strange], [ { to => 'cy', remaining => 1000 } ]));
	is(held($plan), 'ann:40 merchant:NFT/60', 'a second NFT is nobody\'s');
	is(news($plan), 'counterfeit', 'as is announced');
	mine(tx($plan, [ { %$strange, vout => 999 } ], [ { to => 'cy', tokens => 7 } ]));
	is(held($plan), 'ann:40 merchant:NFT/60', 'nor are tokens from nothing');
	$raised = tx($plan, [ coin($mint, 0) ], [ { to => 'merchant', remaining => 61 } ]);
	mine($raised);
	is(held($plan), 'ann:40 merchant:NFT/60', 'what remains does not rise');
	is(news($plan), 'counterfeit moved counterfeit', 'as is announced');
	mine(tx($plan, [ coin($raised, 0) ], [ { to => 'merchant', remaining => 50 }, { to => 'bob', tokens => 11 } ]));
	is(held($plan), 'ann:40 merchant:NFT/50', 'who claims more than is given up has nothing');
	is(deeds($plan)->[-1], 'moved 10 10 token outputs exceed the inputs and what the NFT gave up', 'and it is lost');
	reorg_check($plan, 2, 'ann:40 merchant:NFT/60', 'reversed reversed');
	return;
}

sub test_end
{
	my ($burnt, $mint) = begun();
	my ($doubled, $other) = begun();

	mine(tx($burnt, [ coin($mint, 0) ], [ { to => 'merchant' } ], apps => [ spell_apps($burnt) ]));
	is(held($burnt), 'ann:40', 'the tokens stay when the NFT is burnt');
	is(deeds($burnt)->[-1], 'ended 0 0', 'which ends');
	mine(tx($burnt, [ coin($mint, 1) ], [ { to => 'bob', tokens => 40 } ]));
	is(held($burnt), 'bob:40', 'and are given on');
	mine(tx($doubled, [ coin($other, 0) ], [ map { { to => 'merchant', remaining => 60 } } 1, 2 ]));
	is(held($doubled), 'ann:40', 'an NFT that comes out twice ends');
	reorg_check($burnt, 3, 'ann:40 merchant:NFT/60', 'reversed reversed');
	return;
}

sub test_beams
{
	my ($plan, $mint) = begun(accept_beamed => 'true');
	my $landing = { txid => 'cc' x 32, vout => $stories };
	my $out = tx($plan, [ coin($mint, 1) ], [
		{ to => 'ann', tokens => 30, beamed => beam_hash("$landing->{txid}:$landing->{vout}") },
		{ to => 'ann', tokens => 10 } ]);
	my $in = tx($plan, [$landing], [ { to => 'bob', tokens => 30 } ]);

	mine($out);
	is(held($plan), 'ann:10 merchant:NFT/60', 'beamed out, and gone');
	is(deeds($plan)->[-1], 'elsewhere 0 30', 'as if destroyed');
	mine(plain([ coin($out, 0) ], 'nobody'));
	is(scalar @{ deeds($plan) }, 3, 'the output they were beamed from is like any other');
	mine($in);
	is(held($plan), 'ann:10 bob:30 merchant:NFT/60', 'and come in elsewhere');
	is(deeds($plan)->[-1], 'elsewhere 0 0', 'all of them');
	mine(tx($plan, [ coin($in, 0) ], [ { to => 'bob', tokens => 31 } ]));
	is(held($plan), 'ann:10 merchant:NFT/60', 'not one more');
	reorg_check($plan, 4, 'ann:40 merchant:NFT/60', 'reversed reversed reversed');
	test_beam_unsupported();
	return;
}

# Of such a spell nobody knows whom it names: it is found by where it beams in.
sub test_beam_unsupported
{
	my ($plan, $mint) = begun(accept_beamed => 'true');
	my $landing = { txid => 'cc' x 32, vout => 2000 + $stories };
	my $in = later_spell($plan, [$landing], [ { to => 'bob', tokens => 40 } ]);

	mine(tx($plan, [ coin($mint, 1) ],
			[ { to => 'ann', tokens => 40, beamed => beam_hash("$landing->{txid}:$landing->{vout}") } ]));
	mine($in);
	is(held($plan), 'merchant:NFT/60', 'beamed in by a later version');
	upgrade($plan, $in);
	is(held($plan), 'bob:40 merchant:NFT/60', 'and judged again after an upgrade');
	return;
}

sub test_beams_refused
{
	my ($plan, $mint) = begun();
	my $landing = { txid => 'cc' x 32, vout => 1000 + $stories };

	mine(tx($plan, [ coin($mint, 1) ],
			[ { to => 'ann', tokens => 40, beamed => beam_hash("$landing->{txid}:$landing->{vout}") } ]));
	mine(tx($plan, [$landing], [ { to => 'bob', tokens => 40 } ]));
	is(held($plan), 'merchant:NFT/60', 'they are gone');
	is(deeds($plan)->[-1], 'elsewhere 0 0 token outputs exceed the inputs and what the NFT gave up', 'for good');
	return;
}

# Also what only destroys, and is not found but by what it spends.
sub test_one_block
{
	my $plan  = new_plan();
	my $birth = birth($plan, 100);
	my $mint  = mint($plan, coin($birth, 0), 60, 40);
	my $split = tx($plan, [ coin($mint, 1) ], [ { to => 'bob', tokens => 15 }, { to => 'ann', tokens => 25 } ]);
	my $lost  = plain([ coin($split, 1) ], 'ann', 'ann');
	my $after = plain([ coin($lost, 0), coin($lost, 1) ], 'ann');

	my $early = tx($plan, [ { txid => 'ee' x 32, vout => 3000 + $stories } ], [ { to => 'cy', tokens => 3 } ]);

	mine($early, $birth, $mint, $split, $lost, $after);
	is(held($plan), 'bob:15 merchant:NFT/60', 'one after the other');
	is_deeply(deeds($plan), [ 'elsewhere 0 0', 'born 0 0', 'moved 40 0', 'elsewhere 0 0', 'elsewhere 0 25' ],
		'nothing before the birth, and nothing after what is lost');
	is(news($plan), 'moved moved moved moved', 'as is announced');
	reorg_check($plan, 1, '', 'reversed reversed reversed reversed');
	return;
}

# Before version 9; the last input is not in the proof before version 10.
sub test_witness
{
	my $plan  = new_plan();
	my $birth = birth($plan, 100, version => 8);
	my $mint  = tx($plan, [ coin($birth, 0) ],
		[ { to => 'merchant', remaining => 90 }, { to => 'ann', tokens => 10 } ], version => 8);
	my $last = { %{ coin($mint, 1) } };

	mine($birth);
	mine($mint);
	is(held($plan), 'ann:10 merchant:NFT/90', 'born and minted');
	mine(tx($plan, [ { txid => 'bb' x 32, vout => $stories } ], [ { to => 'bob', tokens => 10 } ],
			version => 8, carrier => $last));
	is(held($plan), 'merchant:NFT/90', 'an input that the proof is not about gives nothing');
	return;
}

sub test_unsupported
{
	my ($plan, $mint) = begun();
	my $sent = later_spell($plan, [ coin($mint, 1) ], [ { to => 'bob', tokens => 40 } ]);
	my $moved = later_spell($plan, [ coin($mint, 0) ], [ { to => 'merchant', remaining => 60 } ]);
	my $lost = plain([ coin($sent, 0) ], 'nobody');

	mine($sent);
	is(held($plan), 'ann:40? merchant:NFT/60', 'nobody knows where the tokens are');
	is(deeds($plan)->[-1], 'elsewhere 0 0', 'which does not say that they were destroyed');
	is(news($plan), 'unknown', 'as is announced');
	mine($moved);
	is(held($plan), 'ann:40? merchant:NFT/60?', 'nor the NFT');
	is(deeds($plan)->[-1], 'unknown 0 0', 'which is unknown');
	mine($lost);
	is(scalar @{ deeds($plan) }, 4, 'what comes after cannot be found yet');
	sql('SELECT charmbills.run_billing()');
	is(held($plan), 'ann:40? merchant:NFT/60?', 'there is nothing new to judge them by');
	reorg_check($plan, 3, 'ann:40 merchant:NFT/60', 'reversed reversed');

	upgrade($plan, $sent, $moved);
	is(held($plan), 'bob:40 merchant:NFT/60', 'judged again after an upgrade');
	is(news($plan), 'unknown unknown moved moved', 'as is announced');
	sql('SELECT charmbills.sandbox_mine()');
	is(held($plan), 'merchant:NFT/60', 'and what spends them is found where it always was');
	is(deeds($plan)->[-1], 'elsewhere 0 40', 'destroyed');
	return;
}

sub test_unsupported_birth
{
	my $plan = new_plan();
	my $birth = later_spell($plan, [ $plan->{anchor} ], [ { to => 'merchant', remaining => 100 } ]);
	my $mint = mint($plan, coin($birth, 0), 60, 40);

	mine($birth);
	is_deeply(deeds($plan), ['unknown 0 0'], 'a birth that nobody can read');
	is(sql("SELECT nft_state, status FROM charmbills.plans WHERE id = '$plan->{id}'"), 'unknown|pending_confirmation', 'after which the plan waits');
	mine($mint);
	is_deeply(deeds($plan), [ 'unknown 0 0', 'elsewhere 0 0' ], 'and a mint that nobody can judge');
	is(news($plan), 'unknown', 'which is no counterfeit');
	upgrade($plan, $birth);
	is(held($plan), 'ann:40 merchant:NFT/60', 'judged again after an upgrade, and followed to the tip');
	is(sql("SELECT nft_state, status FROM charmbills.plans WHERE id = '$plan->{id}'"), 'held|active', 'so that the plan is on sale');
	is_deeply(deeds($plan), [ 'born 0 0', 'moved 40 0' ], 'as if it had always been so');
	is(news($plan), 'moved moved', 'as is announced');
	return;
}

sub test_two_plans
{
	my ($one, $mint_one) = begun();
	my ($two, $mint_two) = begun();
	my $both = tx(undef, [ coin($mint_one, 1), coin($mint_two, 1) ], [
		{ to => 'bob', charms => [ [ (spell_apps($one))[1], 40 ] ] },
		{ to => 'cy',  charms => [ [ (spell_apps($two))[1], 30 ], [ (spell_apps($one))[1], 1 ] ] } ]);

	mine($both);
	is(held($one), 'merchant:NFT/60', 'one plan\'s tokens are counterfeit');
	is(held($two), 'cy:30 merchant:NFT/60', 'the other\'s are not');
	is(news($one), 'moved counterfeit', 'to the one');
	is(news($two), 'moved', 'and to the other');
	return;
}

sub test_most
{
	my $plan = new_plan();
	my $most = '18446744073709551615';
	my $birth = birth($plan, $most);

	mine($birth);
	mine(mint($plan, coin($birth, 0), 0, $most));
	is(held($plan), "ann:$most merchant:NFT/0", 'all of 64 bits');
	is(sql("SELECT remaining_supply FROM charmbills.plans WHERE id = '$plan->{id}'"), 0, 'sold out');
	return;
}

# The chain has it all before anybody watches.
sub test_import
{
	my $plan  = fresh_app();
	my $birth = birth($plan, 100);
	my $mint  = mint($plan, coin($birth, 0), 60, 40);
	my $split = tx($plan, [ coin($mint, 1) ], [ { to => 'bob', tokens => 15 }, { to => 'ann', tokens => 25 } ]);

	mine($_) foreach $birth, $mint, $split, plain([ coin($split, 1) ], 'nobody');
	make_plan($plan);
	sql('SELECT charmbills.sandbox_mine()');
	is(held($plan), '', 'a plan made later knows nothing of it');
	sql("UPDATE charmbills.watched_apps SET is_armed = false, offered_height = 0 WHERE plan_id = '$plan->{id}';
		SELECT charmbills.sandbox_mine()");
	is(held($plan), 'bob:15 merchant:NFT/60', 'until it is looked for');
	is_deeply(deeds($plan), [ 'born 0 0', 'moved 40 0', 'elsewhere 0 0', 'elsewhere 0 25' ], 'all of it');
	is(news($plan), 'moved moved moved moved', 'as is announced');
	is(sql("SELECT count(*) FROM charmbills.watched_apps WHERE NOT is_armed") . ' '
		. sql("SELECT count(*) FROM charmbills.watched_outpoints WHERE NOT is_armed"), '0 0', 'and from now on it is followed');
	test_backwards();
	test_import_plan();
	return;
}

# A rescan comes from above.
sub test_backwards
{
	my $plan  = fresh_app();
	my $birth = birth($plan, 100);
	my $mint  = mint($plan, coin($birth, 0), 60, 40);
	my $gift  = tx($plan, [ coin($mint, 1) ], [ { to => 'bob', tokens => 40 } ]);
	my $forged = tx($plan, [ { txid => 'ee' x 32, vout => 5000 + $stories } ], [ { to => 'cy', tokens => 3 } ]);

	mine($_) foreach $birth, $forged, $mint, $gift, plain([ coin($gift, 0) ], 'nobody');
	make_plan($plan);
	sql('SELECT charmbills.sandbox_mine()');
	my $tip = sql('SELECT height FROM charmbills.chain_state');
	foreach my $height (reverse $tip - 6 .. $tip)
	{
		sql("SELECT charmbills.chain_rescan_block($height, (SELECT raw FROM charmbills.sandbox_blocks WHERE height = $height))");
		next if $height > $tip - 5 && is(news($plan), '', "nothing is known at $height");
	}
	is(held($plan), 'bob:40 merchant:NFT/60', 'all but what only destroys is found with the birth');
	is_deeply(deeds($plan),
		[ 'born 0 0', 'elsewhere 0 0 token outputs exceed the inputs and what the NFT gave up', 'moved 40 0', 'elsewhere 0 0' ],
		'and judged by it');
	is(news($plan), 'moved counterfeit moved moved', 'as is announced');
	sql('SELECT charmbills.sandbox_mine()');
	is(held($plan), 'merchant:NFT/60', 'the rest is found as its outputs are watched');
	return;
}

sub test_import_plan
{
	my $plan  = fresh_app();
	my $birth = birth($plan, 100);

	mine($birth);
	sql('SELECT charmbills.sandbox_mine(3)');
	$plan->{id} = sql("SELECT id FROM charmbills.import_plan(jsonb_build_object('id', '$plan->{identity}',
		'serviceName', 'old', 'priceBTC', 0.0001, 'appId', '$plan->{identity}', 'appVk', '$plan->{vk}',
		'merchantAddress', (SELECT address FROM charmbills.merchants WHERE id = '$merchant'),
		'createdAt', now() - interval '1 hour'))");
	sql('SELECT charmbills.sandbox_mine()');
	is(held($plan), 'merchant:NFT/100', 'an imported plan is looked for by itself');
	return;
}

# The mint pays the merchant's own address; the sats beside a charm are no payment.
sub test_no_payment
{
	my $plan = new_plan();
	my $birth = birth($plan, 100);
	my $payments = sub { sql("SELECT count(*) FROM charmbills.payments WHERE txid IN ('$_[0]{txid}')") };
	my $forged = tx($plan, [ { txid => 'ee' x 32, vout => 7000 } ], [ { to => 'merchant', tokens => 3 } ],
		mock => 0, proof => "\x01" x 260);
	my $strange = tx(fresh_app(), [ { txid => 'ee' x 32, vout => 7001 } ], [ { to => 'merchant', tokens => 3 } ]);

	submit($birth, $forged, $strange);
	is($payments->($birth), 0, 'not in the mempool');
	sql('SELECT charmbills.sandbox_mine()');
	is($payments->($birth), 0, 'not in a block');
	sql('SELECT charmbills.sandbox_reorg(1, false)');
	is($payments->($birth), 0, 'not in the mempool again');
	sql('SELECT charmbills.sandbox_mine()');
	is($payments->($birth), 0, 'nor in another block');
	is($payments->($forged), 1, 'what is said without a proof is nothing');
	is($payments->($strange), 1, 'and other charms are nobody\'s here');
	return;
}

# The watch of an output with charms is not the reservation's to give up.
sub test_cleanup
{
	my ($plan, $mint) = begun();
	my $outpoint = "$mint->{txid}:1";

	sql("INSERT INTO charmbills.used_utxos (outpoint, used_by, used_at) VALUES ('$outpoint', 'somebody', now() - interval '3 days');
		SELECT charmbills.cleanup_utxos(interval '1 day')");
	is(sql("SELECT count(*) FROM charmbills.used_utxos WHERE outpoint = '$outpoint'"), 0, 'given up');
	mine(plain([ coin($mint, 1) ], 'nobody'));
	is(held($plan), 'merchant:NFT/60', 'and still watched');
	return;
}

# What is recorded is held against what the bytes say.
sub test_reverify
{
	my ($plan, $mint) = begun();
	my $subscription = sql(sprintf q{SELECT id FROM charmbills.subscribe('%s', charmbills.script_to_address('\x%s'))},
		$plan->{id}, unpack 'H*', $script_of{ann});
	my $good = state_of($plan);

	sql("SELECT charmbills.verify_token('$subscription')");
	is(state_of($plan), $good, 'all is well');
	foreach my $damage (
		"UPDATE charmbills.charms SET amount = 41 WHERE outpoint = '$mint->{txid}:1'",
		"UPDATE charmbills.charms SET script = '\\x51' WHERE outpoint = '$mint->{txid}:0'",
		"UPDATE charmbills.charm_transactions SET minted = 39 WHERE txid = '$mint->{txid}'",
		"UPDATE charmbills.charm_transactions SET verdict = 'valid' WHERE txid = '$mint->{txid}'")
	{
		sql($damage);
		sql("SELECT charmbills.verify_token('$subscription')");
		is(state_of($plan), $good, "mended: $damage");
	}
	return;
}
