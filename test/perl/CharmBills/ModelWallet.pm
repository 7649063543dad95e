# Scripts to be paid, coins to be spent, and transactions made of them.
package CharmBills::ModelWallet;

use strict;
use warnings;

use Exporter qw(import);
use List::Util qw(max);

use CharmBills::Bitcoin qw(build_transaction transaction_id);
use CharmBills::ModelChance qw(between chance pick pick_recent random_hex);

our @EXPORT_OK = qw(build fresh_coin nobody submit OFFER_MEMPOOL SYNC);

# Letting the sandbox notice what is new costs one call that does nothing.
use constant NO_TX => '0' x 64;
use constant SYNC => "SELECT charmbills.sandbox_evict('" . NO_TX . "');\n";

# As whoever follows a node does: the whole mempool, or what known transactions
# descend from.
use constant OFFER_MEMPOOL => "SELECT charmbills.chain_apply_mempool(array_agg(raw ORDER BY position))\n"
  . "FROM charmbills.sandbox_mempool HAVING count(*) > 0;\n";

use constant OFFER_PARENTS => <<'SQL';
DO $$
DECLARE
	parents bytea[];
BEGIN
	LOOP
		SELECT array_agg(m.raw) INTO parents
		FROM charmbills.sandbox_mempool m
		JOIN charmbills.chain_wanted_parents() wanted ON wanted OPERATOR(charmbills.=) m.txid;
		PERFORM charmbills.chain_parents_asked();
		EXIT WHEN parents IS NULL;
		PERFORM charmbills.chain_apply_mempool(parents);
	END LOOP;
END
$$;
SQL

sub new
{
	my ($class, $model) = @_;

	return bless { model => $model, chain => $model->chain, customers => 0 }, $class;
}

sub nobody
{
	return pack 'H*', '0014' . random_hex(20);
}

sub fresh_coin
{
	return random_hex(32) . ':' . between(0, 3);
}

sub invoices
{
	my ($self) = @_;

	return grep { $_->{sats} > 0 } @{ $self->{model}{invoice_order} };
}

# One of the newest, one that has expired, one in its grace, or any.
sub target
{
	my ($self) = @_;
	my @late = grep { $_->{status} eq 'expired' || $_->{is_late} } $self->invoices;

	return pick(@late) if @late && chance(0.2);
	my @overdue = grep {
		my $subscription = $self->{model}{subscriptions}{ $_->{subscription} };
		$_->{status} eq 'open' && ($subscription->{status} || '') eq 'past_due'
	} $self->invoices;
	return pick(@overdue) if @overdue && chance(0.3);
	return pick_recent($self->invoices);
}

# Outputs that pay an invoice: exactly, in part, too much, in pieces.
sub outputs_for
{
	my ($self, $invoice) = @_;
	my $script  = pack 'H*', $invoice->{script};
	my $missing = max(1, $invoice->{sats} - $invoice->{received});
	my $enough  = $missing - $invoice->{tolerance};
	my $sats    = pick($missing, $missing, $missing, $invoice->{sats}, max(1, int($invoice->{sats} * rand)),
		$missing + between(1, 5000), max(1, $enough), max(1, $enough - 1));

	$sats = $invoice->{sats} if $invoice->{descriptor} eq '' && chance(0.8);
	return [ $script, $sats ] unless chance(0.2) && $sats > 10;
	my $piece = between(1, $sats - 1);
	return ([ $script, $piece ], [ $script, $sats - $piece ]);
}

# An output to a script that was never issued.
sub _strange_output
{
	my ($self) = @_;
	my $descriptors = $self->{model}{descriptors};
	my @usable = grep { $self->{model}{next_index}{$_} + 20 < @{ $descriptors->{$_}{scripts} } }
	  sort { $descriptors->{$a}{scripts}[0] cmp $descriptors->{$b}{scripts}[0] } keys %$descriptors;
	my $id = pick(@usable) or return;

	my $index = $self->{model}{next_index}{$id} + between(0, 19);
	return [ pack('H*', $descriptors->{$id}{scripts}[$index]), between(1000, 90_000) ];
}

# Outputs for whomever.
sub random_outputs
{
	my ($self) = @_;
	my @outputs;

	if (my $invoice = $self->target)
	{
		push @outputs, $self->outputs_for($invoice);
	}
	push @outputs, $self->outputs_for(pick($self->invoices)) if @outputs && chance(0.15);
	push @outputs, $self->_strange_output if chance(0.05);
	push @outputs, [ nobody(), between(10_000, 200_000) ] if !@outputs || chance(0.5);
	return map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } @outputs;
}

# Outputs of live transactions that nothing live spends, to be spent.
sub unspent
{
	my ($self, @among) = @_;
	my $chain = $self->{chain};
	my @found;

	foreach my $tx (@among ? @among : @{ $chain->{order} })
	{
		next unless $chain->is_live($tx->{txid});
		push @found, grep { !$chain->spender($_) }
		  map { "$tx->{txid}:$_" } grep { $tx->{outputs}[$_]{sats} > 0 } 0 .. $#{ $tx->{outputs} };
	}
	return @found;
}

# What a new transaction may spend without taking it from another.
sub free_coin
{
	my ($self) = @_;
	my @reserved = $self->reserved_coins;

	return pick(@reserved) if @reserved && chance(0.15);
	if (chance(0.35))
	{
		my $coin = pick($self->unspent(chance(0.8) ? @{ $self->{chain}{mempool} } : ()));
		return $coin if $coin;
	}
	return fresh_coin();
}

# What is reserved and can be spent.
sub reserved_coins
{
	my ($self) = @_;
	my $chain = $self->{chain};

	return grep { !$chain->spender($_) && $self->has_live_parent($_) } sort keys %{ $self->{model}{reserved} };
}

# A coin of a transaction that is dead cannot be spent.
sub has_live_parent
{
	my ($self, $outpoint) = @_;
	my ($parent) = split /:/, $outpoint;

	return $self->{chain}->fate($parent) ne 'dead';
}

sub build
{
	my ($inputs, $outputs) = @_;
	my %seen;
	my @inputs = map { my ($txid, $vout) = split /:/; { txid => $txid, vout => $vout } } grep { !$seen{$_}++ } @$inputs;

	return build_transaction(inputs => \@inputs, outputs => $outputs);
}

sub new_transaction
{
	my ($self, @outputs) = @_;
	my @inputs = map { $self->free_coin } 1 .. chance(0.2) ? 2 : 1;

	return build(\@inputs, @outputs ? \@outputs : [ $self->random_outputs ]);
}

sub submit
{
	my ($note, @raws) = @_;

	return {
		offers_all => 1,
		note => $note . ' ' . join(' ', map { substr transaction_id($_), 0, 8 } @raws),
		sql  => join('', map { "SELECT charmbills.sandbox_submit('" . unpack('H*', $_) . "');\n" } @raws)
		  . (chance(0.5) ? OFFER_MEMPOOL : OFFER_PARENTS) };
}

1;
