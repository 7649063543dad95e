# A plan's life on the chain: minted, sold and given away, with a prover that
# proves nothing, the worker, and a real node that has no index.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use Test::More;

use CharmBills::Key;
use CharmBills::Minter;
use CharmBills::Node;
use CharmBills::ProverServer;
use CharmBills::Worker;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;
plan skip_all => 'openssl cannot sign' unless CharmBills::Key->can_sign;

# Large enough that a request is of several megabytes.
my $program = join '', map { chr($_ * 7 % 251) } 1 .. 3_000_000;
my $app_vk  = sha256_hex($program);
my $file    = File::Temp->new;
binmode $file;
print $file $program;
close $file;

my $node = CharmBills::Node->new(index => 0, spells => 1);
$node->start;
$node->mine(120);
my $prover = CharmBills::ProverServer->new;
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => {
		'charmbills.prover_url'         => $prover->url,
		'charmbills.prover_timeout'     => '30min',
		'charmbills.prover_binary_file' => $file->filename,
		'charmbills.app_vk'             => $app_vk,
		'charmbills.accept_mock_spells' => 'on' });
$server->start;
$server->wait_for_tip($node->tip, 'the worker follows');

my $minter = CharmBills::Minter->new(server => $server, node => $node);
my ($merchant_key, $customer_key, $friend_key) = map { CharmBills::Key->new } 1 .. 3;
my ($merchant_address, $customer, $friend) = map { $minter->address($_) } $merchant_key, $customer_key, $friend_key;
my $merchant = $server->sql("SELECT id FROM charmbills.create_merchant(name => 'Ada', address => '$merchant_address')");
my $plan = $server->sql("SELECT id FROM charmbills.create_plan('$merchant', 'Library', 5000, ticker => 'LIB', entitlement => 'token')");

sub column
{
	my ($column, $table, $id) = @_;

	return $server->sql("SELECT $column FROM charmbills.$table WHERE id = '$id'");
}

sub is_entitled
{
	my ($address) = @_;

	return $server->sql("SELECT charmbills.is_entitled('$plan', '$address')");
}

#
# A plan, minted: what it spends is in a block, or not yet
#
my ($first) = $minter->fund($merchant_key, 1);
$node->mine;
my ($second) = $minter->fund($merchant_key, 1);
my $mint = $server->sql("SELECT id FROM charmbills.mint_plan('$plan', '$first', 100, anchor_utxo => '$second')");
$minter->wait_until_proved($mint, 'the mint of a plan');
is($server->sql("SELECT count(*) FROM charmbills.previous_transactions WHERE transaction_id = '$mint'"), 2,
	'what it spends was gathered from a block and from the mempool');
is($server->sql("SELECT state FROM charmbills.jobs WHERE kind = 'gather'"), 'done', 'by a node without an index');
my ($question) = $prover->questions;
is(join(' ', sort keys %{ $question->{binaries} }), $app_vk, 'the prover was sent the program');
is(scalar @{ $question->{prev_txs} }, 2, 'and what is spent');
is(column('status', 'transactions', $mint), 'pending_signature', 'nothing is signed by us');
like($server->sql("SELECT charmbills.transaction_psbt('$mint')"), qr/^cHNidP/, 'but given to be signed');
is($minter->submit($mint, $merchant_key), 'pending', 'elsewhere');
$minter->wait_until_confirmed($mint, 'the mint of a plan');
$server->wait_for("SELECT status, nft_state, remaining_supply FROM charmbills.plans WHERE id = '$plan'", 'active|held|100', 'the plan is active');

#
# A token for a subscriber
#
my $subscription = $server->sql("SELECT id FROM charmbills.subscribe('$plan', '$customer')");
my ($funding) = $minter->fund($merchant_key);
is(is_entitled($customer), 'f', 'without a token no access');
my $token = $server->sql("SELECT id FROM charmbills.mint_subscription('$subscription', '$funding')");
$minter->wait_until_proved($token, 'the mint of a token');
$minter->submit($token, $merchant_key);
$minter->wait_until_confirmed($token, 'the mint of a token');
$server->wait_for("SELECT charmbills.is_entitled('$plan', '$customer')", 't', 'with a token access');
is(column('remaining_supply', 'plans', $plan), 99, 'of which one less is left');

#
# Given to a friend
#
my ($fare) = $minter->fund($customer_key);
my $gift = $server->sql("SELECT id FROM charmbills.transfer_token('$friend', 1, '$fare', plan_id => '$plan', from_address => '$customer')");
$minter->wait_until_proved($gift, 'a gift');
($question) = reverse $prover->questions;
is(scalar keys %{ $question->{binaries} || {} }, 0, 'needs no program');
$minter->submit($gift, $customer_key);
$minter->wait_until_confirmed($gift, 'a gift');
$server->wait_for("SELECT charmbills.is_entitled('$plan', '$friend')", 't', 'gives access');
is(is_entitled($customer), 'f', 'and takes it away');

#
# A node that does not relay spells
#
$node->relay_spells(0);
($funding) = $minter->fund($merchant_key);
# btcd forgets its mempool when it is started anew.
$node->mine;
$token = $server->sql("SELECT id FROM charmbills.mint_subscription('$subscription', '$funding')");
$minter->wait_until_proved($token, 'another token');
$minter->submit($token, $merchant_key);
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$token'", 'failed', 'is not relayed by a node of default settings');
like(column('error_message', 'transactions', $token), qr/: the node does not relay data outputs of this size; .*-datacarriersize=100000/,
	'which says what is to be done');
my $signed = $minter->transaction($token);
$node->relay_spells(1);
is($server->sql("SELECT status FROM charmbills.submit_signed('$token', spell_tx => '$signed')"), 'pending', 'when that is done, the same can be sent');
$minter->wait_until_confirmed($token, 'another token');
$server->wait_for("SELECT remaining_supply FROM charmbills.plans WHERE id = '$plan'", 98, 'and it counts');

is($server->sql(q{SELECT count(*) FROM charmbills.jobs WHERE state <> 'done' AND kind <> 'broadcast'}), 0, 'no job is left');
is($server->sql('SELECT count(*) FROM charmbills.charm_transactions WHERE counterfeit IS NOT NULL'), 0, 'nothing is counterfeit');
$server->cluster->stop('fast');
unlike($server->log_since(0), qr/PANIC|signal 11|signal 6/, 'nothing crashed');
$node->stop;
done_testing();
