# What billing must say, computed afresh from the blocks of the current chain
# and the mempool, from what was first seen when, and from what operators did.
#
#	my $model = CharmBills::Model->new(%market);
#	my @differences = $model->observe($operation, $snapshot);
#
# market: plans, merchants, scripts and descriptors as CharmBills::ModelMarket
# makes them.  Of an operation the model looks at: marked, voided (invoices) and
# reserved (outpoints), deed and price (of CharmBills::ModelLifecycle), if it did
# what it was to do; bills, if billing was run, with the chain up to billed_at;
# is_piecewise, if the chain layer heard of it in several calls; offers_all, if of
# the whole mempool.
package CharmBills::Model;

use strict;
use warnings;

use parent qw(CharmBills::ModelIssue);

use List::Util qw(min sum0);

use CharmBills::ModelChain;
use CharmBills::ModelEvents;

use constant COINBASE_MATURITY => 100;

sub new
{
	my ($class, %market) = @_;

	return bless {
		%market,
		chain         => CharmBills::ModelChain->new,
		followed      => 0,
		clock         => 0,
		known         => {},
		payments      => {},
		payment_order => [],
		seen          => 0,
		invoices      => {},
		invoice_order => [],
		subscriptions => {},
		subscription_order => [],
		invoices_of   => {},
		transactions  => {},
		reserved      => {},
		events        => CharmBills::ModelEvents->new,
		witnessed     => {},
		next_index    => { map { $_ => 0 } keys %{ $market{descriptors} } }
	}, $class;
}

sub chain { return $_[0]->{chain} }
sub clock { return $_[0]->{clock} }
sub last_event { return $_[0]->{events}->last }

# How often each situation has been met, by name.
sub witnessed { return $_[0]->{witnessed} }

# Everything that is not as it should be, in words; nothing when all is well.
sub observe
{
	my ($self, $operation, $snapshot) = @_;

	$self->{differences} = [];
	$self->{now} = $snapshot;
	eval {
		$self->_observe_chain;
		$self->_observe_deeds($operation);
		$self->_observe_outputs;
		$self->_observe_billing($operation);
		$self->_weigh_payments;
		$self->_check_known;
		$self->_check_ancestors if $operation->{offers_all};
		$self->_check_payments;
		$self->_check_invoices;
		$self->_check_credits;
		$self->_check_subscriptions;
		$self->_check_transactions;
		$self->_check_reservations;
		$self->_check_descriptors;
		$self->_differ($_)
		  foreach $self->{events}->check($snapshot, !$self->{was_behind} && !$operation->{is_piecewise});
		1;
	} or $self->_differ("cannot be: $@");
	return @{ $self->{differences} };
}

# What billing did, with the chain as it was then: blocks that let time pass come
# after it.
sub _observe_billing
{
	my ($self, $operation) = @_;

	{
		local $self->{height} = defined $operation->{billed_at} ? $operation->{billed_at} : $self->{height};
		$self->_weigh_payments;
	}
	$self->_observe_subscriptions;
	$self->{reminders} = [];
	$self->_remind($_, $operation) foreach @{ $self->{invoice_order} };
	$self->_observe_invoices($operation);
	$self->_check_reminders;
	return unless $operation->{bills};
	foreach my $subscription (@{ $self->{subscription_order} })
	{
		my $at = $self->_subscription_at($subscription, $self->{clock}, $self->_states_at($self->{clock}, $operation))->{next_at};
		$self->_differ("subscription $subscription->{id} was to be invoiced at $at") if $at ne '' && $at <= $self->{clock};
	}
	return;
}

# Count what things are now and were not before.
sub _witness
{
	my ($self, $thing, $what) = @_;
	my $before = $thing->{was} || '';

	return if $before eq $what;
	$self->{witnessed}{$what}++;
	$self->{witnessed}{"$before, then $what"}++ if $before ne '';
	$thing->{was} = $what;
	return;
}

sub _boolean
{
	return $_[0] ? 't' : 'f';
}

#
# What follows from it
#

sub _check_known
{
	my ($self) = @_;

	foreach my $row (@{ $self->{now}{known} })
	{
		my $fate = $self->{chain}->fate($row->{txid});
		my $height = $self->{chain}->height_of($row->{txid});
		my $status = $row->{status} =~ /^(?:replaced|evicted)$/ ? 'dead' : $row->{status};

		$self->_differ("transaction $row->{txid} is $row->{status}, not $fate") if $status ne $fate;
		$self->_differ("transaction $row->{txid} is evicted, but the chain has spent what it spends")
		  if $row->{status} eq 'evicted' && $self->{chain}->is_beaten($row->{txid}, $self->{known});
		$self->_compare("transaction $row->{txid}", $row, $self->_place($height));
	}
	return;
}

# Whoever has been offered the whole mempool knows what payments in it descend
# from: who replaces that replaces them.
sub _check_ancestors
{
	my ($self) = @_;
	my %waiting = map { $_->{txid} => $_ } @{ $self->{chain}{mempool} };
	my @line = grep { $waiting{ $_->{txid} } } map { $_->{tx} } @{ $self->{payment_order} };
	my %met;

	while (my $tx = shift @line)
	{
		next if $met{ $tx->{txid} }++;
		$self->_differ("transaction $tx->{txid} is not known") unless $self->{known}{ $tx->{txid} };
		push @line, grep { defined } map { $waiting{ (split /:/)[0] } } @{ $tx->{inputs} };
	}
	return;
}

sub _place
{
	my ($self, $height) = @_;

	return (height => $height, hash => defined $height ? $self->{chain}->hash_at($height) : undef);
}

# Confirmed, seen, replaced, or (what may be called replaced too) evicted.
sub _status_of
{
	my ($self, $txid, $found) = @_;
	my $fate = $self->{chain}->fate($txid);

	return $fate if $fate ne 'dead';
	return 'replaced' if $self->{chain}->is_beaten($txid, $self->{known});
	return $found =~ /^(?:replaced|evicted)$/ ? $found : 'evicted';
}

sub _check_payments
{
	my ($self) = @_;
	my %row_of = map { $_->{outpoint} => $_ } @{ $self->{now}{payments} };

	$self->_same_keys('payment', \%row_of, $self->{payments});
	foreach my $payment (@{ $self->{payment_order} })
	{
		my $row = $row_of{ $payment->{outpoint} } or next;
		my $height = $self->{chain}->height_of($payment->{tx}{txid});
		$self->_witness($payment,
			_kind($payment) . ($payment->{is_settled} ? ' settled' : $payment->{is_live} ? ' live' : ' dead'));
		$self->_compare("payment $payment->{outpoint}", $row,
			(map { $_ => $payment->{$_} } qw(invoice merchant sats seen_at)),
			status => $self->_status_of($payment->{tx}{txid}, $row->{status}),
			$self->_place($height));
		$self->_compare("transaction $payment->{tx}{txid}", $self->{known}{ $payment->{tx}{txid} },
			seen_at => $payment->{seen_at});
	}
	return;
}

sub _kind
{
	my ($payment) = @_;

	return $payment->{tx}{is_coinbase} ? 'coinbase' : $payment->{invoice} eq '' ? 'stray' : 'payment';
}

sub _weigh_payments
{
	my ($self) = @_;

	$self->_weigh($_, $self->{chain}->height_of($_->{tx}{txid})) foreach @{ $self->{payment_order} };
	return;
}

# When it was made, and whether it counts.
sub _weigh
{
	my ($self, $payment, $height) = @_;

	$payment->{is_live} = $self->{chain}->is_live($payment->{tx}{txid});
	$payment->{is_settled} = $payment->{is_live} && $payment->{confirmations} == 0;
	$payment->{paid_at} = $payment->{seen_at};
	return unless defined $height;
	my $depth = $self->{height} - $height + 1;
	$payment->{is_settled} = $depth >= $payment->{confirmations};
	$payment->{is_settled} = 0 if $payment->{tx}{is_coinbase} && $depth <= COINBASE_MATURITY;
	$payment->{paid_at} = min($payment->{seen_at}, $self->SECOND * $self->{chain}->median_time($height));
	return;
}

sub _check_invoices
{
	my ($self) = @_;
	my %row_of = map { $_->{id} => $_ } @{ $self->{now}{invoices} };
	my %issued;

	$self->_same_keys('invoice', \%row_of, $self->{invoices});
	foreach my $invoice (@{ $self->{invoice_order} })
	{
		my $row = $row_of{ $invoice->{id} } or next;
		my $state = $self->_judge($invoice, $row->{status});
		@$invoice{ keys %$state } = values %$state;
		$self->_witness_invoice($invoice);
		$self->_compare("invoice $invoice->{id}", $row,
			(map { $_ => $invoice->{$_} }
			  qw(sats tolerance confirmations expires starts ends marked status paid_at received credit_sats carried_sats
			  step action)),
			underpaid => _boolean($invoice->{received} > 0 && $invoice->{received} < $invoice->{needed}),
			overpaid  => _boolean($invoice->{received} > $invoice->{sats}),
			late      => _boolean($invoice->{is_late}));
		$self->_differ("two invoices of $invoice->{subscription} for the period from $invoice->{starts}")
		  if $invoice->{kind} eq 'period' && !$invoice->{is_void} && $issued{"$invoice->{subscription} $invoice->{starts}"}++;
	}
	return;
}

# Between the clock and the chain's median time, where that is ahead, an invoice
# may have expired already.  One that was given up and paid since, if only for a
# moment, is to be given up again.
sub _judge
{
	my ($self, $invoice, $found) = @_;
	my $until = $found eq 'expired' ? $self->{followed} : min($self->{followed}, $self->{clock});

	$invoice->{is_given_up} = 0 if $found eq 'expired';
	my $state = $self->_invoice_at($invoice, $until);
	$invoice->{is_given_up} = 0 if $state->{status} eq 'paid';
	return $state;
}

sub _witness_invoice
{
	my ($self, $invoice) = @_;

	$self->{witnessed}{'renewal reversed'}++
	  if ($invoice->{was} || '') =~ /^invoice paid/ && $invoice->{status} =~ /^(?:open|processing)$/ && $invoice->{starts} > $invoice->{created};
	$self->_witness($invoice, 'invoice ' . $invoice->{status} . ($invoice->{is_late} ? ' late' : '')
		. ($invoice->{credit} ? ' with credit' : ''));
	return if $invoice->{is_witnessed}++;
	$self->{witnessed}{'renewed from credit'}++ if $invoice->{credit_sats} > 0 && $invoice->{sats} == 0;
	$self->{witnessed}{'partly paid from credit'}++ if $invoice->{credit_sats} > 0 && $invoice->{sats} > 0;
	$self->{witnessed}{'carried'}++ if $invoice->{carried_sats} > 0;
	$self->{witnessed}{'collected what was carried'}++ if $invoice->{carried_sats} < 0 && $invoice->{sats} > 0;
	return;
}

sub _check_credits
{
	my ($self) = @_;
	my (%got, %expected);

	foreach (@{ $self->{now}{credits} })
	{
		$got{"$_->{kind} $_->{invoice}$_->{outpoint}"} = $_->{sats} if $_->{sats} != 0;
		$got{"merchant $_->{merchant}"} += $_->{sats};
		$got{"customer $_->{customer}"} += $_->{sats} if $_->{kind} ne 'carried';
	}
	foreach my $invoice (@{ $self->{invoice_order} })
	{
		my $stands = CharmBills::ModelBilling::_stands($invoice);
		my %entry = (
			overpayment => $invoice->{credit},
			applied     => $stands ? -$invoice->{credit_sats} : 0,
			carried     => $stands ? -$invoice->{carried_sats} : 0);
		foreach my $kind (grep { $entry{$_} } sort keys %entry)
		{
			$expected{"$kind $invoice->{id}"} = $entry{$kind};
			$expected{"merchant $invoice->{merchant}"} += $entry{$kind};
			$expected{"customer $invoice->{customer}"} += $entry{$kind} if $kind ne 'carried';
		}
	}
	foreach my $payment (grep { $_->{invoice} eq '' && $_->{is_settled} } @{ $self->{payment_order} })
	{
		$expected{"unassigned $payment->{outpoint}"} = $payment->{sats};
		$expected{"$_"} += $payment->{sats} foreach "merchant $payment->{merchant}", 'customer ';
	}
	foreach my $key (sort keys %{ { %got, %expected } })
	{
		my ($found, $wanted) = map { $_->{$key} || 0 } \%got, \%expected;
		$self->_differ("credit of $key is $found, not $wanted") if $found != $wanted;
	}
	$self->_check_ledger;
	return;
}

# What came in is what invoices took and what is left, of every customer.
sub _check_ledger
{
	my ($self) = @_;
	my (%came_in, %taken, %balance);

	foreach (grep { $_->{customer} ne '' && $_->{kind} ne 'carried' } @{ $self->{now}{credits} })
	{
		$balance{ $_->{customer} } += $_->{sats};
	}
	foreach my $invoice (grep { $_->{status} !~ /^(?:open|processing)$/ } @{ $self->{invoice_order} })
	{
		my $settled = sum0(map { $_->{sats} } grep { $_->{is_settled} } @{ $invoice->{payments} || [] });
		$came_in{ $invoice->{customer} } += $settled;
		$taken{ $invoice->{customer} } += min($settled, $invoice->{sats}) if $invoice->{status} eq 'paid';
	}
	$taken{ $_->{customer} } += $_->{credit_sats}
	  foreach grep { CharmBills::ModelBilling::_stands($_) } @{ $self->{invoice_order} };
	foreach my $customer (sort keys %{ { %came_in, %balance, %taken } })
	{
		my ($in, $out, $left) = map { $_->{$customer} || 0 } \%came_in, \%taken, \%balance;
		$self->_differ("of $in sats that came from customer $customer, $out were taken and $left are left")
		  if $in != $out + $left;
	}
	return;
}

sub _check_subscriptions
{
	my ($self) = @_;
	my $state_of = sub { return $_[0] };
	my %entitled;

	foreach my $row (@{ $self->{now}{subscriptions} })
	{
		my $subscription = $self->{subscriptions}{ $row->{id} };
		my $what = $self->_subscription_at($subscription, $self->{clock}, $state_of);
		$self->_witness_subscription($subscription, $what);
		@$subscription{qw(plan quantity status through)} = @$what{qw(plan quantity status through)};
		$self->_compare("subscription $row->{id}", $row,
			(map { $_ => $what->{$_} } qw(purchased starts through grace expired anchor next_at quantity next_plan_at status)),
			(map { $_ => $subscription->{$_} } qw(trial_end ended_at canceled_at paused_at paused_for)),
			announced => $what->{status},
			plan      => $what->{plan}{id},
			next_plan => $what->{next_plan} ? $what->{next_plan}{id} : '',
			boundary  => CharmBills::ModelBilling::_boundary($subscription, $what, $self->{clock}),
			next_quantity => $what->{next_plan} ? $what->{next_quantity} : '');
		push @{ $entitled{"$subscription->{customer} $what->{plan}{id}"} }, $row->{entitled}, $what->{status};
		$self->_differ("subscription $row->{id} has never been invoiced")
		  if $subscription->{trial_end} eq '' && !@{ $subscription->{invoices} };
	}
	foreach my $who (sort keys %entitled)
	{
		my ($row, @statuses) = @{ $entitled{$who} };
		my $is = _boolean(grep { /^(?:trialing|active|past_due)$/ } @statuses);
		$self->_differ("$who is entitled: $row") if $row ne $is;
	}
	return;
}

sub _witness_subscription
{
	my ($self, $subscription, $what) = @_;
	my $before = $subscription->{was} || '';
	my $status = $what->{status};

	$self->_witness($subscription, "subscription $status");
	$self->{witnessed}{'paid in grace'}++ if $before eq 'subscription past_due' && $status eq 'active';
	$self->{witnessed}{'paid after expiry'}++ if $before eq 'subscription expired' && $status eq 'active';
	$self->{witnessed}{'trial, then paid'}++
	  if $what->{last} && $subscription->{trial_end} ne '' && !$subscription->{was_paid}++;
	return;
}

sub _check_transactions
{
	my ($self) = @_;
	my $chain = $self->{chain};

	foreach my $row (@{ $self->{now}{transactions} })
	{
		my $final = $row->{spell} ne '' ? $row->{spell} : $row->{commit};
		my $height = $chain->height_of($final);
		my $is_beaten = grep { $_ ne '' && $chain->is_beaten($_, $self->{known}) } @$row{qw(commit spell)};
		my $status =
		    defined $height && $self->{height} - $height + 1 >= $row->{confirmations} ? 'confirmed'
		  : $chain->is_live($final)     ? 'pending'
		  : $is_beaten                  ? 'replaced'
		  : $row->{status} eq 'replaced' ? 'replaced'
		  :                               'pending';
		$self->_witness($self->{own}{ $row->{id} } ||= {}, "own transaction $status");
		$self->{transactions}{ $row->{id} } = $row;
		$self->_compare("transaction $row->{id}", $row, status => $status, $self->_place($height));
	}
	return;
}

sub _check_reservations
{
	my ($self) = @_;
	my %row_of = map { $_->{outpoint} => $_ } @{ $self->{now}{reservations} };

	$self->_same_keys('reservation', \%row_of, $self->{reserved});
	foreach my $outpoint (sort keys %{ $self->{reserved} })
	{
		my $row = $row_of{$outpoint} or next;
		my $spender = $self->{chain}->spender($outpoint);
		my $height = $spender ? $self->{chain}->height_of($spender->{txid}) : undef;
		$self->_witness($self->{reserved}{$outpoint},
			'reservation ' . (defined $height ? 'spent' : $spender ? 'seen spent' : 'idle'));
		my $depth = $row->{holder} ne '' ? $self->{transactions}{ $row->{holder} }{confirmations} : $self->DEFAULT_DEPTH;
		$self->_compare("reservation $outpoint", $row,
			spent_by  => $spender && $spender->{txid},
			height    => $height,
			confirmed => _boolean(defined $height && $self->{height} - $height + 1 >= $depth));
	}
	return;
}

sub _check_descriptors
{
	my ($self) = @_;

	$self->_compare("descriptor $_->{id}", $_, next_index => $self->{next_index}{ $_->{id} })
	  foreach @{ $self->{now}{descriptors} };
	return;
}

1;
