# What is given to the model: blocks, mempool, time, what people did, and the
# terms under which invoices were issued.
package CharmBills::ModelFacts;

use strict;
use warnings;

use parent qw(CharmBills::ModelCheck);

use List::Util qw(max min);

use CharmBills::ModelCalendar qw(add);
use CharmBills::ModelLifecycle;

use constant SECOND        => 1_000_000;
use constant DAY           => 86_400 * SECOND;
use constant DEFAULT_DEPTH => 1;

sub _observe_chain
{
	my ($self) = @_;
	my ($state) = @{ $self->{now}{state} };

	$self->{was_behind} = $self->{chain}->is_behind;
	$self->{chain}->update(
		blocks  => [ map { [ $_->{height}, $_->{hash}, pack 'H*', $_->{raw} ] } @{ $self->{now}{blocks} } ],
		mempool => [ map { pack 'H*', $_->{raw} } @{ $self->{now}{mempool} } ],
		height  => $state->{height},
		hash    => $state->{hash});
	$self->_differ("followed until $state->{followed}, before the clock or what was before")
	  if $state->{followed} < max($self->{followed}, $state->{clock});
	$self->_differ('followed beyond the clock and every block')
	  if $state->{followed} > max($self->{followed}, $state->{clock},
		map { SECOND * $self->{chain}->median_time($_) } max(0, $state->{height} - 120) .. $state->{height});
	$self->{height}   = $state->{height};
	$self->{followed} = $state->{followed};
	$self->{clock_before} = $self->{clock} || $state->{clock};
	$self->{clock}    = $state->{clock};
	$self->{known}    = { map { $_->{txid} => $_ } @{ $self->{now}{known} } };
	return;
}

sub _make_void
{
	my ($invoice, $reason) = @_;

	@$invoice{qw(is_void void_reason)} = (1, $reason);
	return;
}

sub _observe_deeds
{
	my ($self, $operation) = @_;

	return if $operation->{failed};
	$self->{invoices}{ $operation->{marked} }{marked} = $self->{clock} if $operation->{marked};
	_make_void($self->{invoices}{ $operation->{voided} }, 'requested') if $operation->{voided};
	CharmBills::ModelLifecycle::perform($self, @{ $operation->{deed} }) if $operation->{deed};
	CharmBills::ModelLifecycle::change_price($operation->{price}) if $operation->{price};
	$self->{reserved}{$_} ||= {} foreach @{ $operation->{reserved} || [] };
	return;
}

sub _observe_subscriptions
{
	my ($self) = @_;

	foreach my $row (@{ $self->{now}{subscriptions} })
	{
		next if $self->{subscriptions}{ $row->{id} };
		my $plan = $self->{plans}{ $row->{plan} };
		my %subscription = (
			(map { $_ => $row->{$_} } qw(id customer external quantity created trial_end ended_at canceled_at paused_at)),
			plan => $plan, offered => $plan, timezone => $self->{merchants}{ $plan->{merchant} }{timezone},
			paused_for => 0, invoices => []);
		my $trial = $plan->{trial} && !$self->_had_trial($row->{customer}, $plan)
		  ? add($self->{clock}, $plan->{trial}, $subscription{timezone}) : '';
		$self->_compare("new subscription $row->{id}", $row, created => $self->{clock}, trial_end => $trial);
		$self->{subscriptions}{ $row->{id} } = \%subscription;
		push @{ $self->{subscription_order} }, \%subscription;
	}
	return;
}

# Once for each customer and plan.
sub _had_trial
{
	my ($self, $customer, $plan) = @_;

	return grep { $_->{customer} eq $customer && $_->{offered} == $plan && $_->{trial_end} ne '' }
	  @{ $self->{subscription_order} };
}

# Every output to a watched script, when its transaction is first met.
sub _observe_outputs
{
	my ($self) = @_;
	my $order = $self->{chain}{order};

	foreach my $tx (@$order[ $self->{seen} .. $#$order ])
	{
		$self->_observe_output($tx, $_) foreach 0 .. $#{ $tx->{outputs} };
	}
	$self->{seen} = @$order;
	return;
}

sub _observe_output
{
	my ($self, $tx, $vout) = @_;
	my $output = $tx->{outputs}[$vout];
	my $script = $self->{scripts}{ unpack 'H*', $output->{script} } or return;
	my $invoice = $self->_invoice_paid($script, unpack('H*', $output->{script}), $output->{sats});
	my $payment = {
		outpoint      => "$tx->{txid}:$vout",
		tx            => $tx,
		sats          => $output->{sats},
		merchant      => $script->{merchant},
		invoice       => $invoice ? $invoice->{id} : '',
		confirmations => $invoice ? $invoice->{confirmations} : DEFAULT_DEPTH,
		seen_at       => $self->_first_seen($tx) };

	$self->{payments}{ $payment->{outpoint} } = $payment;
	push @{ $self->{payment_order} }, $payment;
	push @{ $invoice->{payments} }, $payment if $invoice;
	return unless defined $script->{index};
	my $next = \$self->{next_index}{ $script->{descriptor} };
	$$next = max($$next, $script->{index} + 1);
	return;
}

sub _first_seen
{
	my ($self, $tx) = @_;
	my $height = $self->{chain}->height_of($tx->{txid});

	return $self->{clock} unless defined $height;
	return min($self->{clock}, SECOND * $self->{chain}->median_time($height));
}

# Statuses are those before the payment.
sub _invoice_paid
{
	my ($self, $script, $hex, $sats) = @_;
	my @theirs = grep { $_->{script} eq $hex } @{ $self->{invoice_order} };

	return $theirs[0] if defined $script->{index};
	my @same = grep { $_->{sats} == $sats && !$_->{is_void} } @theirs;
	my ($waiting) = grep { $_->{status} =~ /^(?:open|processing)$/ } reverse @same;
	return $waiting || $same[-1];
}

1;
