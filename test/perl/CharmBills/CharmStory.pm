# Stories of a plan's charms on the sandbox's chain: plans, transactions with mock
# spells, blocks with them, and what the database says of it all.
#
#	begin_stories($cluster);
#	my ($plan, $mint) = begun();
#	mine(plain([ coin($mint, 1) ], 'ann'));
#	is(held($plan), 'merchant:NFT/60', 'the tokens are gone');
#
# A transaction is { raw, txid }.  Scripts go by the names of who has them.
package CharmBills::CharmStory;

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

use CharmBills::Bitcoin qw(build_transaction transaction_id);
use CharmBills::Spell qw(app_identity spell_transaction);

our @EXPORT = qw($merchant $stories %script_of begin_stories begun birth coin deeds fresh_app held hex_of later_spell
  make_plan mine mint new_plan news plain reorg_check sql state_of submit tx upgrade);

our $merchant;
our $stories = 0;
our %script_of = map { $_ => "\x00\x14" . substr(($_ . '-') x 20, 0, 20) } qw(merchant ann bob cy nobody);

my $unsupported = 16;
my %name_of     = reverse %script_of;
my $cluster;

# In a database of its own, where mock spells are accepted.
sub begin_stories
{
	($cluster) = @_;
	$cluster->safe_psql('postgres', 'CREATE DATABASE charms');
	$cluster->safe_psql('postgres', 'ALTER DATABASE charms SET search_path = public, charmbills');
	sql('CREATE EXTENSION charmbills; SELECT charmbills.sandbox_mine(10)');
	$merchant = sql(sprintf q{SELECT id FROM charmbills.create_merchant(name => 'm',
		address => charmbills.script_to_address('\x%s'))}, unpack 'H*', $script_of{merchant});
	return;
}

sub sql
{
	return $cluster->safe_psql('charms', $_[0]);
}

sub hex_of
{
	return unpack 'H*', $_[0];
}

# A plan that is watched, and an outpoint that nothing has spent; more arguments
# of create_plan().
sub new_plan
{
	my (%arg) = @_;
	my $plan = fresh_app();

	make_plan($plan, %arg);
	return $plan;
}

sub fresh_app
{
	my $anchor = { txid => sprintf('%064x', 0xabc000 + ++$stories), vout => 1 };

	return { anchor => $anchor, identity => app_identity("$anchor->{txid}:1"), vk => '22' x 32, seen => 0 };
}

sub make_plan
{
	my ($plan, %arg) = @_;
	my $more = join '', map { ", $_ => $arg{$_}" } sort keys %arg;

	$plan->{id} = sql("SELECT id FROM charmbills.create_plan('$merchant', 'story', 1000,
		app_id => '$plan->{identity}', app_vk => '$plan->{vk}'$more)");
	return;
}

# A transaction of a plan: coins, and outputs as spell_transaction() has them, with
# a name for a script.
sub tx
{
	my ($plan, $inputs, $outputs, %arg) = @_;
	my @outputs = map { { %$_, script => $script_of{ $_->{to} } } } @$outputs;
	my $raw = spell_transaction(plan => $plan, inputs => $inputs, outputs => \@outputs, %arg);

	return { raw => $raw, txid => transaction_id($raw) };
}

sub plain
{
	my ($inputs, @to) = @_;
	my $raw = build_transaction(inputs => $inputs, outputs => [ map { [ $script_of{$_}, 900 ] } @to ]);

	return { raw => $raw, txid => transaction_id($raw) };
}

sub coin
{
	my ($tx, $vout) = @_;

	return { txid => $tx->{txid}, vout => $vout };
}

sub submit
{
	sql(join '', map { "SELECT charmbills.sandbox_submit('" . hex_of($_->{raw}) . "');\n" } @_);
	return;
}

# All of them in one block.
sub mine
{
	submit(@_);
	sql('SELECT charmbills.sandbox_mine()');
	return;
}

# 'who:amount', or 'who:NFT/remaining' beside it, in order; what was lost sight of
# with a question mark.
sub held
{
	my ($plan) = @_;

	return join ' ', sort map {
		my ($script, $nft, $remaining, $amount, $unknown) = split /\|/;
		$name_of{ pack 'H*', $script } . ':' . join('+', $nft eq 't' ? "NFT/$remaining" : (), $amount ? $amount : ())
		  . ($unknown eq 't' ? '?' : '');
	} split /\n/, sql("SELECT encode(script, 'hex'), has_nft, remaining, amount, is_unknown FROM charmbills.charms
		WHERE plan_id = '$plan->{id}' AND (spent_height IS NULL OR is_unknown) AND beamed_to IS NULL");
}

# What transactions did, in order: 'fate minted destroyed counterfeit'.
sub deeds
{
	my ($plan) = @_;

	return [ split /\n/, sql("SELECT concat_ws(' ', nft, minted, destroyed, counterfeit) FROM charmbills.charm_transactions
		WHERE plan_id = '$plan->{id}' ORDER BY block_height, block_index") ];
}

# Types of the plan's events of charms since it was last asked.
sub news
{
	my ($plan) = @_;
	my @rows = map { [ split /\|/ ] } split /\n/, sql("SELECT id, type FROM charmbills.events
		WHERE subject = 'plan:$plan->{id}' AND type LIKE 'charm.%' AND id > $plan->{seen} ORDER BY id");

	$plan->{seen} = $rows[-1][0] if @rows;
	return join ' ', map { $_->[1] =~ s/^charm\.//r } @rows;
}

# Everything that is recorded of a plan but when it was judged.
sub state_of
{
	my ($plan) = @_;

	return sql("SELECT to_jsonb(t) - 'judged_at' - 'block_median_time' FROM charmbills.charm_transactions t
			WHERE plan_id = '$plan->{id}' ORDER BY block_height, block_index;
		SELECT to_jsonb(c) - 'received_at' - 'minted_at' - 'spent_at' FROM charmbills.charms c
			WHERE plan_id = '$plan->{id}' ORDER BY outpoint;
		SELECT nft_utxo, remaining_supply, nft_state FROM charmbills.plans WHERE id = '$plan->{id}'");
}

# Undone and done again it is the same; merely undone, as before; and no word of
# what is the same in the end.
sub reorg_check
{
	my ($plan, $depth, $before, $undone) = @_;
	my $after = state_of($plan);

	news($plan);
	sql("SELECT charmbills.sandbox_reorg($depth, true)");
	is(state_of($plan), $after, 'the same in another branch');
	is(news($plan), '', 'of which nothing is said');
	sql('SELECT charmbills.sandbox_reorg(' . ($depth + 1) . ', false)');
	is(held($plan), $before, 'undone');
	is(news($plan), $undone, 'as is announced');
	sql('SELECT charmbills.sandbox_mine()');
	is(held($plan), held_in($after), 'and done again');
	return;
}

# What held() says, of a state; comparing texts is enough where it is equal.
sub held_in
{
	my ($state) = @_;

	return join ' ', sort map {
		my ($amount) = /"amount": (\d+)/;
		my ($script) = /"script": "\\\\x([0-9a-f]+)"/;
		my ($remaining) = /"remaining": (\d+)/;
		$name_of{ pack 'H*', $script } . ':' . join('+', /"has_nft": true/ ? "NFT/$remaining" : (), $amount ? $amount : ())
		  . (/"is_unknown": true/ ? '?' : '');
	} grep { /"beamed_to": null/ && (/"spent_height": null/ || /"is_unknown": true/) } split /\n/, $state;
}

sub birth
{
	my ($plan, $supply, %arg) = @_;

	return tx($plan, [ $plan->{anchor} ], [ { to => 'merchant', remaining => $supply } ], %arg);
}

# Born, and 40 of 100 minted for ann.
sub begun
{
	my (%arg) = @_;
	my $plan  = new_plan(%arg);
	my $birth = birth($plan, 100);
	my $mint  = mint($plan, coin($birth, 0), 60, 40);

	mine($birth);
	mine($mint);
	news($plan);
	return ($plan, $mint);
}

sub mint
{
	my ($plan, $nft, $remaining, $tokens) = @_;

	return tx($plan, [$nft], [ { to => 'merchant', remaining => $remaining }, { to => 'ann', tokens => $tokens } ]);
}

# A spell as the next version might write it: nobody here can say what it says.
sub later_spell
{
	my ($plan, $inputs, $outputs) = @_;

	return tx($plan, $inputs, $outputs, version => $unsupported);
}

# As if these had been of a version that is supported since: the stored bytes are
# those of today's, which an older server took for a later one's.
sub upgrade
{
	my ($plan, @txs) = @_;

	foreach my $tx (@txs)
	{
		my $hex = hex_of($tx->{raw}) =~ s/76657273696f6e10/76657273696f6e0f/r;

		sql("UPDATE charmbills.chain_transactions SET raw = '\\x$hex' WHERE txid = '$tx->{txid}';
			UPDATE charmbills.charm_transactions SET judged_by = 14 WHERE txid = '$tx->{txid}'");
	}
	sql('SELECT charmbills.run_billing()');
	return;
}

1;
