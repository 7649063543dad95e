# Somebody who does things to plans' charms at random: mints, gives, burns,
# beams, forges, claims too much, mines, undoes.
#
#	my $actor = CharmBills::CharmActor->new($model);
#	my $operation = $actor->next_operation;
#
# See CharmBills::ModelActor.  An operation may also have tolerated: how it may,
# but need not, be refused.
package CharmBills::CharmActor;

use strict;
use warnings;

use parent qw(CharmBills::ModelActor);

use List::Util qw(any shuffle);

use CharmBills::CharmCaster;
use CharmBills::CharmLineage;
use CharmBills::ModelChain;
use CharmBills::ModelChance qw(between chance pick weighted);
use CharmBills::ModelWallet qw(build fresh_coin nobody submit SYNC);

# What chance brings together.
my $refusal = qr/CB009: transaction spends an output of one that it conflicts with/;

use constant { MOST_PLANS => 9, MOST_BLOCKS => 160 };

my @weights = (
	cast         => 34,
	rival        => 5,
	pay          => 3,
	mine         => 11,
	branch       => 13,
	reorganise   => 5,
	roll_back    => 1,
	double_spend => 2,
	evict        => 2,
	lose         => 1,
	submit_again => 5,
	offer_again  => 1,
	rescan       => 1.5,
	advance      => 5,
	advance_far  => 3,
	run_billing  => 1,
	open_plan    => 4,
	import_plan  => 2,
	subscribe    => 5);

sub weights
{
	return @weights;
}

sub new
{
	my ($class, $model) = @_;
	my $self = $class->SUPER::new($model);

	$self->{caster} = CharmBills::CharmCaster->new($model->market);
	return $self;
}

# How plans stand when the chain goes on with these transactions, and how much
# they are worth doing something to: those that are dead for good hardly.
sub _prospects
{
	my ($self, @txs) = @_;
	my @blocks = $self->{model}->blocks(@txs);
	my @prospects;

	foreach my $plan ($self->{model}->market->plans)
	{
		my $lineage = CharmBills::CharmLineage->follow($plan, @blocks);
		my $is_dead = $lineage->{fate} eq 'unborn' ? $self->_is_mined($plan->{anchor}) : !%{ $lineage->{held} };
		push @prospects, { plan => $plan, lineage => $lineage,
			weight => $is_dead ? 0.3 : $lineage->{fate} eq 'unborn' ? 3 : 4 };
	}
	return @prospects;
}

# Whether a block has spent it, followed or not.
sub _is_mined
{
	my ($self, $outpoint) = @_;
	my $spender = $self->{chain}->spender($outpoint);

	return $spender && defined $self->_height_of($spender);
}

# One or several, each of which may spend what those before it made.
sub _op_cast
{
	my ($self) = @_;
	my @txs = @{ $self->{chain}{mempool} };
	my (@raws, @notes);

	foreach (1 .. weighted(1 => 5, 2 => 2, 4 => 2))
	{
		my ($note, $raw, $tx) = $self->_cast($self->_prospects(@txs)) or next;
		push @notes, $note;
		push @raws, $raw;
		push @txs, $tx;
	}
	return unless @raws;
	my $operation = submit('cast', @raws);
	$operation->{note} .= ': ' . join '; ', @notes;
	$operation->{tolerated} = $refusal;
	return $operation;
}

# Nothing that a block has spent already.
sub _cast
{
	my ($self, @prospects) = @_;
	my ($note, $raw) = $self->{caster}->cast(@prospects);
	my $tx = CharmBills::ModelChain->new->learn($raw);

	return if any { $self->_is_mined($_) } @{ $tx->{inputs} };
	return ($note, $raw, $tx);
}

# Of what is spent in the mempool already.
sub _op_rival
{
	my ($self) = @_;

	return unless @{ $self->{chain}{mempool} };
	my ($note, $raw) = $self->_cast($self->_prospects) or return;
	my $operation = submit('rival', $raw);
	$operation->{note} .= ": $note";
	$operation->{tolerated} = $refusal;
	return $operation;
}

# Without a charm, to a merchant.
sub _op_pay
{
	my ($self) = @_;
	my $script = pack 'H*', pick(@{ $self->{model}->market->{merchants} });

	return submit('pay', build([ fresh_coin() ], [ [ $script, between(1000, 5000) ] ]));
}

# For CharmBills::ModelBranch: what nobody has seen before, and rivals.

sub random_outputs
{
	return [ nobody(), between(1000, 5000) ];
}

sub _rival
{
	my ($self, $tx) = @_;

	return $self->SUPER::_rival($tx) if chance(0.3);
	return $self->{caster}->recast($tx);
}

# In any order that parents allow.
sub _branch_block
{
	my ($self, $node) = @_;

	local $node->{pool} = [ chance(0.5) ? shuffle(@{ $node->{pool} }) : @{ $node->{pool} } ];
	return $self->SUPER::_branch_block($node);
}

sub _op_rescan
{
	my ($self) = @_;
	my $from = between(0, $self->{chain}->top);

	return { note => "offer all blocks from $from again, the last ones first", sql => SYNC . _offer_downwards($from) };
}

sub _offer_downwards
{
	my ($from) = @_;

	return "SELECT charmbills.chain_rescan_block(height, raw) FROM\n"
	  . "(SELECT height, raw FROM charmbills.sandbox_blocks WHERE height >= $from ORDER BY height DESC) b;\n";
}

sub _op_advance_far
{
	my ($self) = @_;

	return if $self->{chain}->top > MOST_BLOCKS;
	return $self->_advance(pick('20 hours', '1 day', '26 hours', '49 hours', '3 days', '8 days'));
}

sub _op_advance
{
	my ($self) = @_;

	return if $self->{chain}->top > MOST_BLOCKS;
	return $self->SUPER::_op_advance;
}

sub _op_open_plan
{
	my ($self) = @_;
	my $market = $self->{model}->market;

	return if (grep { $_->{row} } $market->plans) >= MOST_PLANS;
	my $twin = pick(grep { $_->{row} && !$self->_is_mined($_->{anchor}) } $market->plans);
	my $plan = $market->new_plan($twin && chance(0.2) ? (anchor => $twin->{anchor}) : ());
	return { note => "open plan $plan->{number}", sql => $market->plan_statement($plan) };
}

# One that has been minted unknown to us, mostly.  Its past is looked at upwards,
# or downwards first, as a rescan does.
sub _op_import_plan
{
	my ($self) = @_;
	my $market = $self->{model}->market;
	my $plan = pick(grep { $_->{is_imported} && !$_->{row} } $market->plans) or return;
	my ($prospect) = grep { $_->{plan} == $plan } $self->_prospects;

	return if !$prospect->{lineage}{born} && chance(0.9);
	return {
		note => "import plan $plan->{number}",
		sql  => SYNC . $market->plan_statement($plan) . (chance(0.5) ? _offer_downwards(0) : '') . SYNC };
}

sub _op_subscribe
{
	my ($self) = @_;
	my $market = $self->{model}->market;
	my $plan = pick(grep { $_->{row} } $market->plans) or return;
	my $script = pick($market->holders);
	my $has_one = any { $_->{plan} eq $plan->{row}{id} && $_->{script} eq $script } @{ $self->{model}{now}{subscriptions} };

	return if $has_one || $plan->{row}{status} ne 'active';
	return {
		note => "subscribe to plan $plan->{number}",
		sql  => "SELECT (charmbills.subscribe(plan_id => '$plan->{row}{id}', subscriber_address => "
		  . $market->address($script) . ")).id;\n" };
}

1;
