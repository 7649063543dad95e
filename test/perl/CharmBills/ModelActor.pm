# Somebody who does things at random: subscribes, pays, cheats, mines, undoes.
#
#	my $actor = CharmBills::ModelActor->new($model);
#	my $operation = $actor->next_operation;
#
# An operation has sql and a note in words, perhaps undone (how many blocks at
# the top may have changed), refused (a pattern: it may or must fail so), and
# what the model has to know of it.  The same srand() gives the same operations.
package CharmBills::ModelActor;

use strict;
use warnings;

use parent qw(CharmBills::ModelBranch);

use List::Util qw(any first min);

use CharmBills::Bitcoin qw(transaction_id);
use CharmBills::ModelChance qw(between chance pick pick_recent weighted);
use CharmBills::ModelLifecycle;
use CharmBills::ModelWallet qw(build fresh_coin nobody submit OFFER_MEMPOOL SYNC);

my @weights = (
	subscribe      => 9,
	pay            => 22,
	pay_by_sandbox => 3,
	chain_of_payments => 5,
	replace        => 9,
	double_spend   => 3,
	evict          => 4,
	lose           => 2,
	submit_again   => 6,
	mine           => 18,
	mine_to        => 2,
	mine_many      => 1,
	reorganise     => 6,
	branch         => 7,
	roll_back      => 4,
	reserve        => 3,
	broadcast      => 3,
	mark_paid      => 1,
	void           => 2,
	issue          => 6,
	lifecycle      => 8,
	price          => 1,
	advance        => 14,
	advance_far    => 4,
	advance_very_far => 0.7,
	run_billing    => 1,
	offer_again    => 2);

# What is done, and how often beside the rest.
sub weights
{
	return @weights;
}

sub next_operation
{
	my ($self) = @_;

	for (;;)
	{
		my $method = '_op_' . weighted($self->weights);
		my $operation = $self->$method;
		return $operation if $operation;
	}
}

#
# Customers
#

sub _op_subscribe
{
	my ($self) = @_;
	my $plan = pick(@{ $self->{model}{plan_order} });
	my $customer = 'customer ' . ($self->{customers} && chance(0.5) ? between(1, $self->{customers}) : ++$self->{customers});
	my $quantity = chance(0.7) ? 1 : between(2, 4);
	my $is_live = any {
		$_->{external} eq $customer && $_->{plan} == $plan && $_->{status} !~ /^(?:expired|canceled)$/
	} @{ $self->{model}{subscription_order} };

	return {
		note    => "subscribe $customer to $quantity at $plan->{prices}[-1]{sats}",
		refused => $is_live && !$plan->{allows_many} ? qr/CB009/ : undef,
		sql     => "SELECT (charmbills.subscribe(plan_id => '$plan->{id}', external_id => '$customer', "
		  . "quantity => $quantity)).status;\n" };
}

sub _op_pay
{
	my ($self) = @_;

	return unless $self->invoices;
	return submit('pay', $self->new_transaction);
}

sub _op_pay_by_sandbox
{
	my ($self) = @_;
	my @outputs = $self->invoices ? $self->random_outputs : return;
	my $addresses = join ', ', map { "charmbills.script_to_address('\\x" . unpack('H*', $_->[0]) . "')" } @outputs;
	my $amounts = join ', ', map { $_->[1] } @outputs;

	return {
		note => 'sandbox_pay ' . $amounts,
		sql  => @outputs == 1
		? "SELECT charmbills.sandbox_pay($addresses, $amounts);\n"
		: "SELECT charmbills.sandbox_pay_many(ARRAY[$addresses], ARRAY[$amounts]);\n" };
}

# Parents that pay nobody, and their children.
sub _op_chain_of_payments
{
	my ($self) = @_;
	my @raws = build([ $self->free_coin ], [ map { [ nobody(), 300_000 ] } 1 .. between(1, 2) ]);

	foreach (1 .. between(1, 3))
	{
		push @raws, build([ transaction_id($raws[-1]) . ':0' ],
			[ [ nobody(), 200_000 ], $self->invoices && chance(0.7) ? $self->random_outputs : () ]);
	}
	return submit('parents and children', @raws);
}

sub _op_replace
{
	my ($self) = @_;
	my $old = pick(@{ $self->{chain}{mempool} }) or return;
	my @inputs = (pick(@{ $old->{inputs} }), chance(0.3) ? fresh_coin() : ());
	my @outputs = chance(0.5) ? [ nobody(), 1000 ] : $self->random_outputs;

	return submit('replace ' . substr($old->{txid}, 0, 8) . ' by', build(\@inputs, \@outputs));
}

sub _op_double_spend
{
	my ($self) = @_;
	my $old = pick(@{ $self->{chain}{mempool} }) or return;

	return {
		note => 'double-spend ' . substr($old->{txid}, 0, 8),
		sql  => "SELECT charmbills.sandbox_double_spend('$old->{txid}');\n" };
}

sub _op_evict
{
	my ($self) = @_;
	my $old = pick(@{ $self->{chain}{mempool} }) or return;

	return {
		note => 'evict ' . substr($old->{txid}, 0, 8),
		sql  => "SELECT charmbills.sandbox_evict('$old->{txid}');\n" };
}

# A node's mempool loses a transaction and its descendants; only the first of
# them is spoken of.
sub _op_lose
{
	my ($self) = @_;
	my $chain = $self->{chain};
	my $old = pick(@{ $chain->{mempool} }) or return;
	my @lost = map { "'$_->{txid}'" } $old, $chain->descendants($old);

	return {
		note => 'lose ' . substr($old->{txid}, 0, 8),
		sql  => SYNC . 'DELETE FROM charmbills.sandbox_mempool WHERE txid OPERATOR(charmbills.=) ANY (ARRAY['
		  . join(', ', @lost) . "]::charmbills.txid[]);\n"
		  . "SELECT charmbills.chain_evict_mempool('$old->{txid}', hash) FROM charmbills.chain_state;\n" };
}

# What was replaced or evicted comes back, unless a block has what it spends.
sub _op_submit_again
{
	my ($self) = @_;
	my $chain = $self->{chain};
	my @dead = grep { !$_->{is_coinbase} && $chain->fate($_->{txid}) eq 'dead' } @{ $chain->{order} };
	my $tx = pick_recent(@dead) or return;

	return if any { !$self->has_live_parent($_) } @{ $tx->{inputs} };
	my @rivals = grep { defined } map { $chain->spender($_) } @{ $tx->{inputs} };
	my @replaced = map { ($_, $chain->descendants($_)) } @rivals;
	foreach my $input (@{ $tx->{inputs} })
	{
		return if any { $input =~ /^$_->{txid}:/ } @replaced;
	}
	my $is_mined = any { $self->_height_of($_) } @rivals;
	return if $is_mined && chance(0.7);
	my $operation = submit('submit again', $tx->{raw});
	$operation->{refused} = qr/CB009/ if $is_mined;
	return $operation;
}

# Also in a block that is not followed at the moment.
sub _height_of
{
	my ($self, $tx) = @_;
	my $blocks = $self->{chain}{blocks};

	return first { any { $_ == $tx } @{ $blocks->[$_]{txs} } } reverse 0 .. $#$blocks;
}

#
# Miners
#

sub _op_mine
{
	my $blocks = between(1, 3);

	return { note => "mine $blocks", sql => "SELECT charmbills.sandbox_mine($blocks);\n" };
}

sub _op_mine_to
{
	my ($self) = @_;
	my $invoice = $self->target or return;

	return {
		note => "mine to invoice $invoice->{number}",
		sql  => "SELECT charmbills.sandbox_mine(1, charmbills.script_to_address('\\x$invoice->{script}'));\n" };
}

# So many that a coinbase matures; time has to go on with them.
sub _op_mine_many
{
	my ($self) = @_;
	my $blocks = between(95, 101);

	return if $self->{chain}->top > 350;
	return {
		note  => "mine $blocks",
		bills => 1,
		billed_at => $self->{chain}->top + $blocks,
		sql   => SYNC . "SELECT charmbills.sandbox_mine($blocks);\nSELECT charmbills.sandbox_advance_clock('2 minutes');\n" };
}

sub _op_reorganise
{
	my ($self) = @_;
	my $depth = between(1, min(4, $self->{chain}->top));
	my $keep = chance(0.5) ? 'true' : 'false';

	return {
		note   => "reorganise $depth, keep $keep",
		undone => $depth,
		sql    => "SELECT charmbills.sandbox_reorg($depth, $keep);\n" };
}

# Not through the sandbox, which would follow its blocks again at once.
sub _op_roll_back
{
	my ($self) = @_;
	my $chain  = $self->{chain};
	my $height = $chain->top - between(1, min(3, $chain->top));

	# What spends a coinbase that goes would be offered again by a node only.
	foreach my $block (@{ $chain->{blocks} }[ $height + 1 .. $chain->top ])
	{
		return if $chain->descendants($block->{txs}[0]);
	}
	return { note => "roll back to $height", sql => "SELECT charmbills.chain_rollback($height);\n" };
}

#
# Operators
#

sub _op_reserve
{
	my ($self) = @_;
	my $chain = $self->{chain};
	my @waiting = map { @{ $_->{inputs} } } @{ $chain->{mempool} };
	my %seen;
	my @outpoints = grep { !$seen{$_}++ && !$self->{model}{reserved}{$_} }
	  map { pick(fresh_coin(), $self->unspent(@{ $chain->{mempool} }), @waiting) } 1 .. between(1, 2);

	return unless @outpoints;
	return if any { my $tx = $chain->spender($_); $tx && defined $self->_height_of($tx) } @outpoints;
	return {
		note     => "reserve @outpoints",
		reserved => \@outpoints,
		sql      => "SELECT charmbills.mark_utxos_used(ARRAY['" . join("', '", @outpoints)
		  . "']::charmbills.outpoint[], 'somebody');\n" . SYNC };
}

sub _op_broadcast
{
	my ($self) = @_;
	my @reserved = grep { !$self->_is_held($_) } $self->reserved_coins;
	my $coin = @reserved && chance(0.4) ? pick(@reserved) : fresh_coin();
	my @outputs = $self->invoices ? $self->random_outputs : [ nobody(), 5000 ];
	my $commit = build([$coin], [ [ nobody(), 100_000 ], @outputs ]);
	my @inputs = (transaction_id($commit) . ':0', chance(0.3) ? fresh_coin() : ());
	my $spell = chance(0.6) ? build(\@inputs, [ [ nobody(), 90_000 ] ]) : undef;
	my $plan = pick(@{ $self->{model}{plan_order} });

	return {
		note     => 'broadcast ' . join(' ', map { substr transaction_id($_), 0, 8 } grep { defined } $commit, $spell),
		reserved => [ $coin, $spell && $inputs[1] ? $inputs[1] : () ],
		sql      => "SELECT (charmbills.broadcast_package(commit_tx => '" . unpack('H*', $commit) . "'"
		  . ($spell ? ", spell_tx => '" . unpack('H*', $spell) . "'" : '')
		  . ", plan_id => '$plan->{id}')).status;\n" };
}

# By a transaction of ours.
sub _is_held
{
	my ($self, $outpoint) = @_;

	return any { $_->{outpoint} eq $outpoint && $_->{holder} ne '' } @{ $self->{model}{now}{reservations} };
}

sub _op_mark_paid
{
	my ($self) = @_;
	my $invoice = pick(grep { $_->{status} !~ /^(?:paid|void)$/ } $self->invoices) or return;

	return {
		note   => "mark $invoice->{id} as paid",
		marked => $invoice->{id},
		sql    => "SELECT (charmbills.mark_invoice_paid('$invoice->{id}', 'cash')).status;\n" };
}

sub _op_void
{
	my ($self) = @_;
	my $invoice = pick(grep { $_->{status} =~ /^(?:open|expired)$/ } $self->invoices) or return;

	return {
		note   => "void $invoice->{id} ($invoice->{status})",
		voided => $invoice->{id},
		sql    => "SELECT (charmbills.void_invoice('$invoice->{id}')).status;\n" };
}

# The first invoice after a trial or after a void one, or the next period's.
sub _op_issue
{
	my ($self) = @_;
	my @lasting = grep { $_->{through} ne 'infinity' && $_->{canceled_at} eq '' && $_->{paused_at} eq '' }
	  @{ $self->{model}{subscription_order} };
	my @paid = grep { $_->{through} ne '' } @lasting;
	my $subscription = pick_recent(@paid && chance(0.6) ? @paid : @lasting) or return;

	return {
		note => "issue an invoice of $subscription->{id}",
		sql  => "SELECT (charmbills.issue_invoice('$subscription->{id}')).number;\n" };
}

sub _op_lifecycle
{
	return CharmBills::ModelLifecycle::lifecycle_operation($_[0]);
}

sub _op_price
{
	return CharmBills::ModelLifecycle::price_operation($_[0]);
}

#
# Time
#

sub _advance
{
	my ($self, $step) = @_;

	return { note => "advance $step", bills => 1, billed_at => $self->{chain}->top, sql => SYNC . "SELECT charmbills.sandbox_advance_clock('$step');\n" };
}

sub _op_advance
{
	return $_[0]->_advance(pick('1 second', '1 minute', '3 minutes', ('10 minutes', '1 hour') x 2, '3 hours', '7 hours'));
}

# Somebody has credit for days of periods of minutes.
sub _renews_for_ever
{
	my ($self) = @_;
	my %balance;

	$balance{ $_->{customer} } += $_->{sats} foreach grep { $_->{kind} ne 'carried' } @{ $self->{model}{now}{credits} };
	return any {
		my $cycle = $_->{plan}{cycle};
		$cycle && !$cycle->[0] && !$cycle->[1] && ($balance{ $_->{customer} } || 0) > 2_000_000
	} @{ $self->{model}{subscription_order} };
}

sub _op_advance_far
{
	return if $_[0]->_renews_for_ever;
	return $_[0]->_advance(pick('1 day', '26 hours', '3 days', '1 week'));
}

sub _op_advance_very_far
{
	return if $_[0]->_renews_for_ever;
	return $_[0]->_advance(pick('2 weeks', '1 month', '3 months'));
}

sub _op_run_billing
{
	return { note => 'run billing', bills => 1, billed_at => $_[0]->{chain}->top, sql => SYNC . "SELECT charmbills.run_billing();\n" };
}

# What is known already changes nothing; what is said of another tip neither.
sub _op_offer_again
{
	my ($self) = @_;
	my $tx = pick(@{ $self->{chain}{mempool} });

	return {
		note => 'offer all again',
		sql  => SYNC
		  . OFFER_MEMPOOL
		  . "SELECT charmbills.chain_apply_block(height, raw) FROM charmbills.sandbox_blocks\n"
		  . "ORDER BY height DESC LIMIT 1;\n"
		  . ($tx ? "SELECT charmbills.chain_evict_mempool('$tx->{txid}', '" . ('1' x 64) . "');\n" : '') };
}

sub _op_branch
{
	return $_[0]->branch_operation;
}

1;
