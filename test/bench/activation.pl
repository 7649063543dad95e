#!/usr/bin/env perl
# From a new block of the node to the committed activation of the subscription
# that is paid in it.
use strict;
use warnings;

use List::Util qw(max);
use Time::HiRes qw(sleep time);

use CharmBills::Bench qw(bench_row bench_skip median milliseconds worker_database);
use CharmBills::Bitcoin qw(address_script block_hash build_block build_transaction header_fields);
use CharmBills::FaultNode;
use CharmBills::Node;

use constant { ROUNDS => 30, AMOUNT => 50_000, POLL_SECONDS => 1, TIMEOUT => 60 };

my $descriptor = 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';
my $what = 'from a new block to a committed activation';

my $real = CharmBills::Node->find && CharmBills::Node->new;
if ($real)
{
	$real->start;
	$real->mine(ROUNDS + 101);
	my $by = $real->has('waitheight') ? 'by long-poll' : 'by polling each second';
	my $tip = $real->rpc('getblockheader', $real->tip);
	measure("$what, $by (@{[ $real->kind ]})", $real, $tip, POLL_SECONDS, \&spend, \&submit);
}
else
{
	bench_skip("$what, a real node", 'there is no Bitcoin node');
}
if (!$real || !$real->has('waitheight'))
{
	my @blocks   = CharmBills::FaultNode->chain(120);
	my $stand_in = CharmBills::FaultNode->new(blocks => \@blocks);
	my $tip = { %{ header_fields($blocks[-1]) }, hash => block_hash($blocks[-1]), height => scalar @blocks };
	measure("$what, by long-poll (a stand-in for the node)", $stand_in, $tip, 0.2, \&pretend_to_spend, \&append);
}

# tip: hash, height and time of the node's; pay: puts a payment to an address
# into its mempool, and gives the bytes; add: gives it a block.
sub measure
{
	my ($title, $node, $tip, $pause, $pay, $add) = @_;
	my $session = worker_database('bench_node_' . $node->port, $node->url,
		'charmbills.poll_interval' => POLL_SECONDS, 'charmbills.mempool_interval' => 1);
	my @subscriptions = subscribe_and_pay($session, $node, $pay);
	my @seconds;

	wait_until($session, sprintf q{SELECT count(*) = %d FROM charmbills.invoices WHERE status = 'processing'}, ROUNDS);
	foreach my $subscription (@subscriptions)
	{
		# Blocks come whenever they like.
		sleep 0.2 + rand $pause;
		my $block = next_block($tip, $subscription->{payment});
		my $start = time;
		$add->($node, $block);
		push @seconds, activated_at($session, $subscription->{id}) - $start;
	}
	$session->close;
	bench_row($title, 'median ' . milliseconds(1000 * median(@seconds)),
		sprintf('worst of %d: %s', ROUNDS, milliseconds(1000 * max @seconds)));
	return;
}

sub subscribe_and_pay
{
	my ($session, $node, $pay) = @_;
	my @subscriptions;

	$session->query(qq{SELECT charmbills.create_plan(merchant_id =>
		(charmbills.create_merchant(name => 'merchant', descriptor => '$descriptor')).id, service_name => 'service',
		price_sats => @{[ AMOUNT ]}, billing_cycle => 'monthly')});
	foreach my $k (1 .. ROUNDS)
	{
		my $id = $session->query(qq{SELECT id FROM charmbills.subscribe(plan_id =>
			(SELECT id FROM charmbills.plans), external_id => 'customer $k')});
		my $address = $session->query("SELECT address FROM charmbills.invoices WHERE subscription_id = '$id'");
		push @subscriptions, { id => $id, payment => $pay->($node, $address) };
	}
	return @subscriptions;
}

# The time of the commit, as the server's clock had it.
sub activated_at
{
	my ($session, $id) = @_;

	return wait_until($session, qq{SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM charmbills.events
		WHERE type = 'subscription.active' AND subject = 'subscription:$id'});
}

sub wait_until
{
	my ($session, $sql) = @_;
	my $deadline = time + TIMEOUT;

	while (time < $deadline)
	{
		my $answer = $session->query($sql);
		return $answer if length $answer && $answer ne 'f';
		sleep 0.01;
	}
	die "waited in vain for: $sql\n";
}

# The tip is the new block afterwards.
sub next_block
{
	my ($tip, $tx) = @_;
	my ($block) = build_block(prev => $tip->{hash}, height => ++$tip->{height}, time => ++$tip->{time}, txs => [$tx]);

	$tip->{hash} = block_hash($block);
	return $block;
}

#
# A real node
#

sub spend
{
	my ($node, $address) = @_;

	return $node->raw_transaction($node->spend(AMOUNT, $address));
}

sub submit
{
	my ($node, $block) = @_;

	return $node->submit($block);
}

#
# One that has no rules
#

my $coins;
my @waiting;

sub pretend_to_spend
{
	my ($node, $address) = @_;
	my $tx = build_transaction(
		inputs  => [ { txid => sprintf('%064x', ++$coins), vout => 0 } ],
		outputs => [ [ address_script($address), AMOUNT ] ]);

	push @waiting, unpack 'H*', $tx;
	$node->set(mempool => [@waiting]);
	return $tx;
}

sub append
{
	my ($node, $block) = @_;

	$node->append($block);
	@waiting = grep { index(unpack('H*', $block), $_) < 0 } @waiting;
	return $node->set(mempool => [@waiting]);
}
