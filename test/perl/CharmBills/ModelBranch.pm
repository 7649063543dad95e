# A node that finds a branch of its own, as no sandbox would.
#
#	my $operation = $self->branch_operation;
package CharmBills::ModelBranch;

use strict;
use warnings;

use parent qw(CharmBills::ModelWallet);

use List::Util qw(any max min);

use CharmBills::Bitcoin qw(block_hash build_block);
use CharmBills::ModelChain;
use CharmBills::ModelChance qw(between chance pick);
use CharmBills::ModelWallet qw(build fresh_coin nobody OFFER_MEMPOOL SYNC);

use constant SECOND => 1_000_000;

# The node finds a branch with some of the old blocks' transactions, some of the
# mempool's, rivals of others, and some that nobody has seen.  Of no depth, it
# is a block like any other.
sub branch_operation
{
	my ($self) = @_;
	my $chain = $self->{chain};
	my $depth = chance(0.35) ? 0 : between(1, min(4, $chain->top - 1));
	my $fork  = $chain->top - $depth;
	my $node  = $self->_node_at($fork);
	my @blocks = map { $self->_branch_block($node) } 0 .. $depth;
	my $hash = block_hash($blocks[-1]);
	my @bytes = map { "'\\x" . unpack('H*', $_) . "'::bytea" } @blocks;
	my @rows = map { "($fork + 1 + $_, '" . block_hash($blocks[$_]) . "', $bytes[$_])" } 0 .. $#blocks;
	my @mempool = map { "('$_->{txid}', '\\x" . unpack('H*', $_->{raw}) . "')" } $self->_mempool_beside($node);

	return {
		note   => "branch of $depth + 1 above $fork with " . join(' ', map { substr $_, 0, 8 } @{ $node->{names} }),
		undone => $depth,
		is_piecewise => 1,
		sql    => SYNC . "BEGIN;\nDELETE FROM charmbills.sandbox_blocks WHERE height > $fork;\n"
		  . "INSERT INTO charmbills.sandbox_blocks (height, hash, raw) VALUES " . join(', ', @rows) . ";\n"
		  . ($depth == 0
			? "SELECT charmbills.chain_apply_block($fork + 1, $bytes[0]);\n"
			: "SELECT charmbills.chain_reorganise($fork, ARRAY[" . join(', ', @bytes) . "]);\n")
		  . "DELETE FROM charmbills.sandbox_mempool;\n"
		  . join('', map { "INSERT INTO charmbills.sandbox_mempool (txid, raw) VALUES $_;\n" } @mempool)
		  . OFFER_MEMPOOL
		  . "SELECT charmbills.chain_evict_mempool(u, '$hash') FROM charmbills.chain_unconfirmed() u\n"
		  . "WHERE NOT EXISTS (SELECT FROM charmbills.sandbox_mempool m\n"
		  . "                  WHERE m.txid OPERATOR(charmbills.=) u);\nCOMMIT;\n" };
}

# A node whose chain ends at a height, and what it could mine.
sub _node_at
{
	my ($self, $fork) = @_;
	my $chain = $self->{chain};
	my @kept = map { @{ $_->{txs} } } @{ $chain->{blocks} }[ 0 .. $fork ];
	my @gone = map { @{ $_->{txs} } } @{ $chain->{blocks} }[ $fork + 1 .. $chain->top ];

	return {
		height => $fork,
		hash   => $chain->hash_at($fork),
		time   => $chain->{blocks}[$fork]{time},
		pool   => [ (grep { !$_->{is_coinbase} } @gone), @{ $chain->{mempool} } ],
		mined  => { map { $_->{txid} => 1 } @kept },
		spent  => { map { $_ => 1 } map { $_->{is_coinbase} ? () : @{ $_->{inputs} } } @kept },
		names  => [] };
}

sub _branch_block
{
	my ($self, $node) = @_;
	my $time = max($node->{time} + 1, int($self->{model}{clock} / SECOND));
	my @txs;

	foreach my $tx (@{ $node->{pool} })
	{
		push @txs, $self->_mine_on($node, $tx->{raw}) if chance(0.4);
		push @txs, $self->_mine_on($node, $self->_rival($tx)) if chance(0.15);
	}
	push @txs, $self->_mine_on($node, build([ fresh_coin() ], [ $self->random_outputs ]))
	  if chance(0.3);
	my ($raw) = build_block(prev => $node->{hash}, height => $node->{height} + 1, time => $time, txs => \@txs);
	$node->{height}++;
	$node->{hash} = block_hash($raw);
	$node->{time} = $time;
	return $raw;
}

sub _rival
{
	my ($self, $tx) = @_;

	my @outputs = chance(0.5) ? [ nobody(), 1000 ] : $self->random_outputs;
	return build([ pick(@{ $tx->{inputs} }) ], \@outputs);
}

# The transaction, if the node can mine it now.  It is not remembered before it
# comes back from the database.
sub _mine_on
{
	my ($self, $node, $raw) = @_;
	my $tx = CharmBills::ModelChain->new->learn($raw);

	return if $node->{mined}{ $tx->{txid} };
	foreach (@{ $tx->{inputs} })
	{
		my ($parent) = split /:/;
		return if $node->{spent}{$_} || $self->{chain}{tx}{$parent} && !$node->{mined}{$parent};
	}
	$node->{mined}{ $tx->{txid} } = 1;
	$node->{spent}{$_} = 1 foreach @{ $tx->{inputs} };
	push @{ $node->{names} }, $tx->{txid};
	return $raw;
}

# What can still be mined, parents first.
sub _mempool_beside
{
	my ($self, $node) = @_;
	my (%there, %spent, @mempool);

	foreach my $tx (@{ $node->{pool} })
	{
		next if $node->{mined}{ $tx->{txid} } || $there{ $tx->{txid} };
		next if any { $node->{spent}{$_} || $spent{$_} } @{ $tx->{inputs} };
		my @parents = grep { $self->{chain}{tx}{$_} } map { /^(.*):/ } @{ $tx->{inputs} };
		next if any { !$node->{mined}{$_} && !$there{$_} } @parents;
		$there{ $tx->{txid} } = 1;
		$spent{$_} = 1 foreach @{ $tx->{inputs} };
		push @mempool, $tx;
	}
	return @mempool;
}

1;
