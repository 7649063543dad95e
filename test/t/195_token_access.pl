# What follows from charms on the sandbox chain: a plan goes on sale and off it
# with its NFT, and access goes with the tokens.  Spells are mock ones, and
# nothing here asks a prover.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(build_transaction transaction_id);
use CharmBills::Shop;
use CharmBills::Spell qw(app_identity spell_transaction);

my $shop = CharmBills::Shop->new(name => 'main', preload => 0);
$shop->cluster->append_conf('postgresql.conf', 'charmbills.accept_mock_spells = on');
$shop->start->open_shop;

my ($merchant, $merchant_address) = split /\|/, $shop->sql(q{SELECT id, address FROM charmbills.merchants WHERE name = 'bob'});
my %script = (merchant => pack('H4', '0014') . "\xb0" x 20, map { $_ => pack('H4', '0014') . $_ x 20 } 'a' .. 'f');
my %address = map {
	my $hex = unpack 'H*', $script{$_};
	$_ => $shop->sql("SELECT charmbills.script_to_address('\\x$hex')")
} keys %script;
my $n_plans = 0;

# A plan that is followed, and the coin that its identity is of.
sub new_plan
{
	my (%terms) = @_;
	my $anchor   = { txid => sprintf('%064x', 0xa0000 + ++$n_plans), vout => 1 };
	my %plan     = (identity => app_identity("$anchor->{txid}:1"), vk => '5a' x 32, anchor => $anchor);
	my $price    = delete $terms{price_sats} // 1000;
	my $terms    = join '', map { ", $_ => $terms{$_}" } sort keys %terms;

	$plan{id} = $shop->sql("SELECT id FROM charmbills.create_plan('$merchant', 'plan $n_plans', $price,
	    app_id => '$plan{identity}', app_vk => '$plan{vk}'$terms)");
	return \%plan;
}

# Broadcast a transaction; its outputs, as coins.
sub submit
{
	my ($raw) = @_;
	my $hex = unpack 'H*', $raw;

	$shop->sql("SELECT charmbills.sandbox_submit('$hex')");
	my $txid = transaction_id($raw);
	return map { { txid => $txid, vout => $_ } } 0 .. 9;
}

sub cast
{
	my ($plan, $inputs, @outputs) = @_;

	return submit(spell_transaction(plan => $plan, inputs => $inputs,
		outputs => [ map { { %$_, script => $script{ $_->{to} } } } @outputs ]));
}

sub mine { return $shop->sql('SELECT charmbills.sandbox_mine(' . ($_[0] || 1) . ')') }

sub of_plan
{
	my ($plan, $columns) = @_;

	return $shop->sql("SELECT $columns FROM charmbills.plans WHERE id = '$plan->{id}'");
}

sub is_plan
{
	my ($plan, $status, $nft_state, $remaining, $what) = @_;

	return is(of_plan($plan, q{concat_ws(' ', status, deactivated_by, nft_state, remaining_supply)}),
		join(' ', grep { defined } $status, $nft_state, $remaining), $what);
}

sub entitled
{
	my ($plan, $who) = @_;

	return $shop->sql("SELECT charmbills.is_entitled('$plan->{id}', '$address{$who}')");
}

sub of_subscription
{
	my ($id, $columns) = @_;

	return $shop->sql("SELECT $columns FROM charmbills.subscriptions WHERE id = '$id'");
}

# Events of a kind since the last call for it, one after the other.
my %seen;

sub news
{
	my ($types, $subject, $columns) = @_;
	my $last = $seen{"$types$subject"} || 0;
	my $rows = $shop->sql("SELECT coalesce(string_agg(concat_ws(' ', $columns), ', ' ORDER BY id), '') || '|' || coalesce(max(id), $last)
	    FROM charmbills.events WHERE id > $last AND type LIKE '$types' AND subject LIKE '%$subject'");
	my ($events, $id) = $rows =~ /^(.*)\|(\d+)$/s;

	$seen{"$types$subject"} = $id;
	return $events;
}

sub plan_news { return news('plan.%', $_[0]{id}, 'type') }

sub token_news
{
	return news('subscription.token_changed', $_[0],
		q{payload->>'previous_token_amount', '->', payload->>'token_amount'});
}

sub subscribe
{
	my ($plan, $who) = @_;

	return $shop->sql("SELECT id FROM charmbills.subscribe('$plan->{id}', '$address{$who}')");
}

sub run_billing { return $shop->sql('SELECT charmbills.run_billing()') }

$shop->sql(q{SELECT charmbills.sandbox_advance_clock('1 second')});

#
# An NFT is born, and the plan goes on sale
#

my $plan = new_plan(confirmations => 3, entitlement => "'token'", token_units => 5);
is_plan($plan, 'pending_signature', 'unborn', undef, 'a plan waits for its mint');
is(plan_news($plan), 'plan.created', 'which is all that is said');
my ($nft) = cast($plan, [ $plan->{anchor} ], { to => 'merchant', remaining => 100 });
is_plan($plan, 'pending_signature', 'unborn', undef, 'the mempool shows nothing');
mine();
is_plan($plan, 'pending_confirmation', 'held', 100, 'a block does');
is(of_plan($plan, 'nft_utxo'), "$nft->{txid}:0", 'where the NFT is');
mine();
is_plan($plan, 'pending_confirmation', 'held', 100, 'two confirmations are too few');
mine();
is_plan($plan, 'active', 'held', 100, 'three are enough');
is(plan_news($plan), 'plan.pending, plan.activated', 'and each step is said');
$shop->sql('SELECT charmbills.sandbox_reorg(1)');
is_plan($plan, 'active', 'held', 100, 'a branch with one block more says the same');
$shop->sql('SELECT charmbills.chain_rollback(height - 1) FROM charmbills.chain_state');
$shop->sql('SELECT charmbills.chain_rollback(height - 1) FROM charmbills.chain_state');
is_plan($plan, 'pending_confirmation', 'held', 100, 'one that is too short does not');
is(plan_news($plan), 'plan.reversed', 'as is said');
$shop->sql("SELECT charmbills.update_plan('$plan->{id}', confirmations => 1)");
is_plan($plan, 'active', 'held', 100, 'unless fewer are asked for');
mine(3);

#
# Tokens are minted, given away, and split
#

my $ann = subscribe($plan, 'a');
my $ben = subscribe($plan, 'b');
is(of_subscription($ann, 'token_amount, token_utxo IS NULL, last_verified_at IS NULL'), '0|t|t', 'a new subscription has no token');
my $token;
($nft, $token) = cast($plan, [$nft], { to => 'merchant', remaining => 95 }, { to => 'a', tokens => 5 });
is(entitled($plan, 'a'), 'f', 'a token in the mempool gives no access');
mine();
is(entitled($plan, 'a'), 't', 'one in a block does');
is_plan($plan, 'active', 'held', 95, 'and is missing in the supply');
is(of_subscription($ann, 'token_amount, token_utxo, last_verified_at = charmbills.now()'), "5|$token->{txid}:1|t",
	'the subscription shows it');
is(token_news($ann), '0 -> 5', 'and an event says so');
is(entitled($plan, 'b'), 'f', 'to nobody else');
my @shares = cast($plan, [$token], { to => 'b', tokens => 2 }, { to => 'b', tokens => 3 });
mine();
is(entitled($plan, 'a') . entitled($plan, 'b'), 'ft', 'a gift moves access with its block');
is(of_subscription($ann, 'token_amount, token_utxo IS NULL'), '0|t', 'away from who gave it');
is(of_subscription($ben, 'token_amount, token_utxo'), "5|$shares[1]{txid}:1", 'to who has it, most of it in one place');
is(token_news($ann) . '; ' . token_news($ben), '5 -> 0; 0 -> 5', 'with an event for each');

# A reorganisation takes it back; the same transaction in another block changes nothing.
my $height = $shop->sql('SELECT charmbills.sandbox_reorg(1, true)');
is(token_news($ann) . token_news($ben), '', 'the same gift in another block is no news');
is(entitled($plan, 'a') . entitled($plan, 'b'), 'ft', 'and no change');
$shop->sql('SELECT charmbills.sandbox_reorg(2)');
is(entitled($plan, 'a') . entitled($plan, 'b'), 'tf', 'a gift that is undone is none');
is(token_news($ann) . '; ' . token_news($ben), '0 -> 5; 5 -> 0', 'as is said');
mine();
is(entitled($plan, 'a') . entitled($plan, 'b'), 'ft', 'until it is mined again');
token_news($_) foreach $ann, $ben;

# Who subscribes with an address that has tokens already.
$shop->sql("SELECT charmbills.update_plan('$plan->{id}', allow_multiple => true)");
my $late = subscribe($plan, 'b');
is(of_subscription($late, 'token_amount'), 5, 'one that is made later shows what is there');
is(token_news($late), '0 -> 5', 'with an event');
is($shop->sql("SELECT token_check_at FROM charmbills.subscription_facts WHERE id = '$late'"), '-infinity', 'and is looked at once more');
# As a block would leave it that was applied meanwhile.
$shop->sql("UPDATE charmbills.subscription_facts SET token_amount = 77 WHERE id = '$late'");
mine();
is(of_subscription($late, 'token_amount'), 5, 'with the next block');
is($shop->sql("SELECT token_check_at - last_verified_at FROM charmbills.subscription_facts WHERE id = '$late'"), '1 day', 'and then after a day');

# By name: the addresses of the customer.
$shop->sql("SELECT charmbills.subscribe('$plan->{id}', '$address{b}', 'ben')");
is($shop->sql("SELECT charmbills.is_entitled('$plan->{id}', external_id => 'ben')"), 't', 'a customer has what its address has');
is($shop->sql("SELECT charmbills.is_entitled('$plan->{id}', '$address{a}', 'ben')"), 'f', 'and not another address');

#
# Proofs are checked again
#

is($shop->sql("SELECT verdict, reason IS NULL, token_amount FROM charmbills.verify_token('$ben')"), 'mock|t|5', 'a token is verified on demand');
is($shop->sql("SELECT verdict, token_amount FROM charmbills.verify_token('$ann')"), 'none|0', 'where there is one');
is($shop->refusal(q{SELECT charmbills.verify_token('00000000-0000-0000-0000-000000000000')}), 'CB008', 'of a subscription that there is');
is($shop->sql('SELECT charmbills.verify_tokens()'), 0, 'nothing is due yet');
my $verified = of_subscription($ben, 'last_verified_at');
$shop->sql(q{SELECT charmbills.sandbox_advance_clock('25 hours')});
isnt(of_subscription($ben, 'last_verified_at'), $verified, 'after a day all are verified again');
is(run_billing(), 0, 'and nothing is left to do');
$shop->sql("UPDATE charmbills.charms SET amount = 50 WHERE outpoint = '$shares[0]{txid}:0'");
is($shop->sql("SELECT verdict FROM charmbills.verify_token('$ben')"), 'mismatch', 'what was tampered with is found');
is($shop->sql("SELECT verdict, token_amount FROM charmbills.verify_token('$ben')"), 'mock|5', 'and put right');
is(news('charm.mismatch', $ben, 'type'), 'charm.mismatch', 'which is an event');
is(token_news($ben), '', 'and no change');

#
# The NFT leaves the merchant
#

plan_news($plan);
my @moved = cast($plan, [$nft], { to => 'e', remaining => 95 });
mine();
is_plan($plan, 'inactive nft', 'away', 95, 'a plan whose NFT is elsewhere is off sale');
is(news('plan.deactivated', $plan->{id}, q{payload->>'reason'}), q{The NFT is on a script that is not the merchant's.}, 'with the reason');
is($shop->refusal("SELECT charmbills.subscribe('$plan->{id}', '$address{c}')"), 'CB010', 'nobody can subscribe');
is($shop->refusal("SELECT charmbills.activate_plan('$plan->{id}')"), 'CB010', 'nor can it be put on sale');
is(entitled($plan, 'b'), 't', 'tokens that are out keep their access');
$shop->sql('SELECT charmbills.sandbox_reorg(1)');
is_plan($plan, 'active', 'held', 95, 'undone, it is on sale');
mine();
my @back = cast($plan, [ $moved[0] ], { to => 'merchant', remaining => 95 });
mine();
is_plan($plan, 'active', 'held', 95, 'sent back, it is, too');
is(plan_news($plan), 'plan.deactivated, plan.activated, plan.deactivated, plan.activated', 'each time with an event');

# What its merchant has taken off sale stays so.
$shop->sql("SELECT charmbills.deactivate_plan('$plan->{id}')");
is_plan($plan, 'inactive merchant', 'held', 95, 'a merchant takes a plan off sale');
@moved = cast($plan, [ $back[0] ], { to => 'e', remaining => 95 });
mine();
@back = cast($plan, [ $moved[0] ], { to => 'merchant', remaining => 95 });
mine();
is_plan($plan, 'inactive merchant', 'held', 95, 'and there it stays, wherever the NFT goes');
$shop->sql("SELECT charmbills.activate_plan('$plan->{id}')");
is_plan($plan, 'active', 'held', 95, 'until it is put on sale again');
@moved = cast($plan, [ $back[0] ], { to => 'e', remaining => 95 });
mine();
$shop->sql("SELECT charmbills.deactivate_plan('$plan->{id}')");
is_plan($plan, 'inactive merchant', 'away', 95, 'the same while the NFT is elsewhere');
@back = cast($plan, [ $moved[0] ], { to => 'merchant', remaining => 95 });
mine();
is_plan($plan, 'inactive merchant', 'held', 95, 'it does not come back with it');
$shop->sql("SELECT charmbills.activate_plan('$plan->{id}')");

# Sold out, and gone.
my ($sold_out) = cast($plan, [ $back[0] ], { to => 'merchant', remaining => 0 }, { to => 'd', tokens => 95 });
mine();
is_plan($plan, 'active', 'held', 0, 'a plan that is sold out has a supply of zero');
submit(build_transaction(inputs => [$sold_out], outputs => [ [ $script{merchant}, 1000 ] ]));
mine();
is_plan($plan, 'inactive nft', 'gone', 0, 'an NFT that is spent without a spell is gone');
is($shop->refusal("SELECT charmbills.activate_plan('$plan->{id}')"), 'CB010', 'and the plan with it');
is(entitled($plan, 'b') . entitled($plan, 'd'), 'tt', 'but not what was sold');

#
# A version that is not known
#

my $unknown = new_plan(confirmations => 1, entitlement => "'either'");
($nft) = cast($unknown, [ $unknown->{anchor} ], { to => 'merchant', remaining => 10 });
($nft, $token) = cast($unknown, [$nft], { to => 'merchant', remaining => 7 }, { to => 'a', tokens => 3 });
mine();
is_plan($unknown, 'active', 'held', 7, 'a mint follows a birth in one block');
my $owner = subscribe($unknown, 'a');
token_news($owner);
submit(spell_transaction(version => 16, plan => $unknown, inputs => [ $nft, $token ], outputs => [ { script => $script{f} } ]));
mine();
is_plan($unknown, 'active', 'unknown', 7, 'an NFT in a spell of tomorrow is unknown, and the plan goes on');
is(of_plan($unknown, 'nft_utxo IS NULL'), 't', 'nobody knows where it is');
is(entitled($unknown, 'a'), 't', 'its tokens count for a while');
is(of_subscription($owner, 'token_amount'), 3, 'and are shown');
is($shop->sql("SELECT verdict FROM charmbills.verify_token('$owner')"), 'unknown', 'for what they are');
like($shop->sql(q{SELECT charmbills.health()->'reasons'}), qr/2 charms of 1 plans were spent by spells of a version after/, 'health says so');
is($shop->sql('SELECT unknown_amount FROM charmbills.charm_holders' . " WHERE plan_id = '$unknown->{id}'"), 3, 'and who had them');
$shop->sql(q{SELECT charmbills.sandbox_advance_clock('6 days 23 hours')});
is(entitled($unknown, 'a'), 't', 'a week long');
is(token_news($owner), '', 'without news');
$shop->sql(q{SELECT charmbills.sandbox_advance_clock('3 hours')});
is(entitled($unknown, 'a'), 'f', 'and no longer');
is(token_news($owner), '3 -> 0', 'which is an event');
like($shop->sql(q{SELECT charmbills.health()->'reasons'}), qr/1 charms of 1 plans were spent by spells of a version after/, 'of which the NFT is left');
is(of_subscription($owner, 'token_amount, token_utxo IS NULL'), '0|t', 'and shown');

# Moved and lost sight of in one block: what it had last is what is known.
my $twice = new_plan(confirmations => 1);
($nft) = cast($twice, [ $twice->{anchor} ], { to => 'merchant', remaining => 10 });
mine();
($nft) = cast($twice, [$nft], { to => 'merchant', remaining => 6 }, { to => 'a', tokens => 4 });
submit(spell_transaction(version => 16, plan => $twice, inputs => [$nft], outputs => [ { script => $script{f} } ]));
mine();
is_plan($twice, 'active', 'unknown', 6, 'an NFT that moved before is known by its last move');
$shop->sql('SELECT charmbills.sandbox_reorg(1)');
is_plan($twice, 'active', 'held', 10, 'and undone, by the one before');
mine();

#
# Mints that fail
#

my $failed = new_plan();
my $bare = build_transaction(inputs => [ $failed->{anchor} ], outputs => [ [ $script{merchant}, 1000 ] ]);
$shop->sql(sprintf q{SELECT charmbills.broadcast_package(spell_tx => '%s', plan_id => '%s', type => 'mint-nft')}, unpack('H*', $bare), $failed->{id});
is_plan($failed, 'pending_confirmation', 'unborn', undef, 'a mint of ours is awaited');
mine(6);
is_plan($failed, 'failed', 'unborn', undef, 'and fails where it mints nothing');
is(news('plan.failed', $failed->{id}, q{payload->>'reason'}), q{The plan's mint made no NFT: its spell is none: the transaction carries no spell},
	'with the reason');

my $elsewhere = new_plan(confirmations => 1);
cast($elsewhere, [ $elsewhere->{anchor} ], { to => 'e', remaining => 10 });
mine();
is_plan($elsewhere, 'pending_confirmation', 'away', 10, 'an NFT that is born elsewhere puts nothing on sale');

$shop->sql(sprintf q{UPDATE charmbills.plans SET nft_script = '\\x%s' WHERE id = '%s'}, unpack('H*', $script{e}), $elsewhere->{id});
mine();
is_plan($elsewhere, 'active', 'held', 10, 'unless the plan has it there');

my $twins = new_plan(confirmations => 1);
cast($twins, [ $twins->{anchor} ], { to => 'merchant', remaining => 10 }, { to => 'merchant', remaining => 10 });
mine();
is_plan($twins, 'failed', 'gone', 0, 'nor do two');
$shop->sql('SELECT charmbills.sandbox_reorg(1)');
is_plan($twins, 'pending_confirmation', 'unborn', undef, 'unless they are undone');

my $undone = new_plan(confirmations => 1);
cast($undone, [ $undone->{anchor} ], { to => 'merchant', remaining => 10 });
mine();
is_plan($undone, 'active', 'held', 10, 'a birth');
$shop->sql('SELECT charmbills.sandbox_reorg(1)');
is_plan($undone, 'pending_confirmation', 'unborn', undef, 'that is undone is awaited again');
is(plan_news($undone), 'plan.created, plan.activated, plan.reversed', 'as is said');

# Held by the merchant on any script that is watched for it.
my $derived = $shop->sql(q{SELECT script FROM charmbills.watched_scripts WHERE descriptor_id IS NOT NULL LIMIT 1});
my $other = $shop->sql("SELECT merchant_id FROM charmbills.watched_scripts WHERE script = '$derived'");
$script{derived} = pack 'H*', substr $derived, 2;
($merchant, my $bob) = ($other, $merchant);
my $hers = new_plan(confirmations => 1);
cast($hers, [ $hers->{anchor} ], { to => 'derived', remaining => 10 });
mine();
is_plan($hers, 'active', 'held', 10, 'an NFT is held on an address of the merchant\'s descriptor');
$merchant = $bob;
my $not_his = new_plan(confirmations => 1);
cast($not_his, [ $not_his->{anchor} ], { to => 'derived', remaining => 10 });
mine();
is_plan($not_his, 'pending_confirmation', 'away', 10, 'but not on another merchant\'s');

# A plan that is on sale while its first NFT gets its depth loses nothing.
my $sold = new_plan(confirmations => 3);
$shop->sql("SET session_replication_role = replica; UPDATE charmbills.plans SET status = 'active' WHERE id = '$sold->{id}'");
cast($sold, [ $sold->{anchor} ], { to => 'merchant', remaining => 10 });
mine();
is_plan($sold, 'active', 'held', 10, 'a plan that was on sale before it had an NFT stays so');
mine(2);
$shop->sql('SELECT charmbills.chain_rollback(height - 1) FROM charmbills.chain_state');
is_plan($sold, 'pending_confirmation', 'held', 10, 'until it loses the depth that it had');
mine(3);

#
# Terms, and changes of them
#

my $terms = new_plan(confirmations => 1, price_sats => 0);
is($shop->refusal("SELECT charmbills.subscribe('$terms->{id}', '$address{d}')"), 'CB010', 'nobody subscribes to a plan that is not minted');
($nft, $token) = cast($terms, [ $terms->{anchor} ], { to => 'merchant', remaining => 10 });
($nft, $token) = cast($terms, [$nft], { to => 'merchant', remaining => 8 }, { to => 'd', tokens => 2 });
mine();
my $paying = subscribe($terms, 'd');
is(entitled($terms, 'd') . entitled($terms, 'f'), 'tf', 'who subscribes to a free plan has access');
$shop->sql("SELECT charmbills.update_plan('$terms->{id}', entitlement => 'token', token_units => 3)");
is(entitled($terms, 'd'), 'f', 'not where a token is asked for, and one is missing');
is(plan_news($terms), 'plan.created, plan.activated, plan.updated', 'which holds at once, and is said');
$shop->sql("SELECT charmbills.update_plan('$terms->{id}', token_units => 2)");
is(entitled($terms, 'd'), 't', 'where it is not it does');
is(of_subscription($paying, 'status'), 'active', 'the status is about payment');

# A change of plan takes the tokens of the new one.
my $plain = $shop->sql("SELECT id FROM charmbills.create_plan('$merchant', 'plain', 0)");
my $mover = $shop->sql("SELECT id FROM charmbills.subscribe('$plain', '$address{d}')");
is(of_subscription($mover, 'token_amount IS NULL'), 't', 'in a plan without charms there are none to show');
$shop->sql("SELECT charmbills.update_plan('$terms->{id}', allow_multiple => true);
    SELECT charmbills.change_plan('$mover', '$terms->{id}', at_period_end => false)");
is(of_subscription($mover, 'plan_id, token_amount'), "$terms->{id}|2", 'a change of plan shows those of the new one');
$shop->sql("SELECT charmbills.change_plan('$mover', '$plain', at_period_end => false)");
is(of_subscription($mover, 'plan_id, token_amount IS NULL'), "$plain|t", 'and none in one without');

# What an older library did not understand is judged again.
$shop->sql("UPDATE charmbills.charm_transactions SET verdict = 'unsupported', is_accepted = false, judged_by = 14 WHERE txid = '$token->{txid}'");
cmp_ok(run_billing(), '>', 0, 'a verdict of an older version is due');
is($shop->sql("SELECT verdict, is_accepted FROM charmbills.charm_transactions WHERE txid = '$token->{txid}'"), 'mock|t', 'and found anew');
is(entitled($terms, 'd'), 't', 'with what follows');
is(run_billing(), 0, 'once');

#
# Imported
#

my $anchor = { txid => 'cc' x 32, vout => 3 };
my $old = { identity => app_identity("$anchor->{txid}:3"), vk => '5a' x 32 };
($nft) = cast($old, [$anchor], { to => 'merchant', remaining => 10 });
mine();
cast($old, [$nft], { to => 'merchant', remaining => 8 }, { to => 'c', tokens => 2 });
mine(3);
$old->{id} = $shop->sql(sprintf q{SELECT id FROM charmbills.import_plan(jsonb_build_object('id', '1', 'serviceName', 'Old', 'priceBTC', 0.001,
    'merchantAddress', '%s', 'appId', '%s', 'appVk', '%s', 'remaining', 3, 'entitlement', 'token', 'createdAt', charmbills.now() - interval '2 days'))},
	$merchant_address, @$old{qw(identity vk)});
mine(2);
is_plan($old, 'active', 'held', 8, 'a plan that is imported has what the chain says');
is(entitled($old, 'c'), 't', 'and so have its customers');
is(plan_news($old), 'plan.imported', 'who have had it all the time');

done_testing();
