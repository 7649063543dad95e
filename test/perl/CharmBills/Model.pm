# What billing must say, computed afresh from the blocks of the current chain
# and the mempool, from what was first seen when, and from what operators did.
#
#	my $model = CharmBills::Model->new(%market);
#	my @differences = $model->observe($operation, $snapshot);
#
# market: plans, merchants, scripts and descriptors as CharmBills::ModelMarket
# makes them.  Of an operation the model looks at: marked, voided (invoices) and
# reserved (outpoints), if it did what it was to do; is_piecewise, if the chain
# layer heard of it in several calls; offers_all, if of the whole mempool.
package CharmBills::Model;

use strict;
use warnings;

use parent qw(CharmBills::ModelFacts);

use List::Util qw(max min sum0);

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
		transactions  => {},
		reserved      => {},
		events        => CharmBills::ModelEvents->new,
		witnessed     => {},
		next_index    => { map { $_ => 0 } keys %{ $market{descriptors} } }
	}, $class;
}

sub chain { return $_[0]->{chain} }
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
		$self->_observe_invoices;
		$self->_observe_subscriptions;
		$self->_observe_outputs;
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

sub _same_keys
{
	my ($self, $what, $got, $expected) = @_;

	$self->_differ("$what $_ is missing") foreach sort grep { !exists $got->{$_} } keys %$expected;
	$self->_differ("$what $_ should not be") foreach sort grep { !exists $expected->{$_} } keys %$got;
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
		$self->_weigh($payment, $height);
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
	my %payments_of;

	$self->_same_keys('invoice', \%row_of, $self->{invoices});
	push @{ $payments_of{ $_->{invoice} } }, $_ foreach grep { $_->{is_live} } @{ $self->{payment_order} };
	foreach my $invoice (@{ $self->{invoice_order} })
	{
		my $row = $row_of{ $invoice->{id} } or next;
		my @live = sort { $a->{paid_at} <=> $b->{paid_at} } @{ $payments_of{ $invoice->{id} } || [] };
		$self->_judge($invoice, $row->{status}, @live);
		$self->_witness($invoice, 'invoice ' . $invoice->{status} . ($invoice->{is_late} ? ' late' : '')
			. ($invoice->{credit} ? ' with credit' : ''));
		$self->_compare("invoice $invoice->{id}", $row,
			(map { $_ => $invoice->{$_} }
			  qw(sats tolerance confirmations expires starts ends marked status paid_at received)),
			underpaid => _boolean($invoice->{received} > 0 && $invoice->{received} < $invoice->{needed}),
			overpaid  => _boolean($invoice->{received} > $invoice->{sats}),
			late      => _boolean($invoice->{is_late}));
	}
	return;
}

sub _judge
{
	my ($self, $invoice, $found, @live) = @_;
	my @settled = grep { $_->{is_settled} } @live;
	my $settled = sum0(map { $_->{sats} } @settled);

	$invoice->{needed} = $invoice->{sats} == 0 ? 0 : max(1, $invoice->{sats} - $invoice->{tolerance});
	$invoice->{received} = sum0(map { $_->{sats} } @live);
	$invoice->{paid_at}  = '';
	$invoice->{is_late}  = 0;
	$invoice->{status} =
	    $invoice->{is_void} ? 'void'
	  : $self->_is_paid($invoice, @settled) ? 'paid'
	  :   $self->_unpaid_status($invoice, $found, @live);
	$invoice->{credit} =
	    $invoice->{status} eq 'paid' ? max(0, $settled - $invoice->{sats})
	  : $invoice->{status} =~ /^(?:open|processing)$/ ? 0
	  :                                                 $settled;
	return;
}

sub _is_paid
{
	my ($self, $invoice, @settled) = @_;
	my $sum = 0;
	my $covered_at;

	foreach (@settled)
	{
		$sum += $_->{sats};
		$covered_at = $_->{paid_at} if $sum >= $invoice->{needed} && !defined $covered_at;
	}
	$covered_at = $invoice->{created} if $invoice->{sats} == 0;
	if (defined $invoice->{marked} && $invoice->{marked} ne '')
	{
		$invoice->{paid_at} = $invoice->{marked};
		return 1;
	}
	return 0 unless defined $covered_at;
	my $is_late = $invoice->{sats} > 0 && $covered_at >= $invoice->{expires};
	return 0 if $is_late && $self->_superseded_at($invoice) < $covered_at;
	$invoice->{paid_at} = $covered_at;
	$invoice->{is_late} = $is_late;
	return 1;
}

# When a newer invoice, even one made void since, took its place.
sub _superseded_at
{
	my ($self, $invoice) = @_;

	return min 'inf', map { $_->{created} }
	  grep { $_->{subscription} eq $invoice->{subscription} && $_->{starts} > $invoice->{starts} }
	  @{ $self->{invoice_order} };
}

# Between the clock and the chain's median time, where that is ahead, an
# invoice may have expired already.
sub _unpaid_status
{
	my ($self, $invoice, $found, @live) = @_;
	my $until = $found eq 'expired' ? $self->{followed} : min($self->{followed}, $self->{clock});
	my $in_time = grep { $_->{paid_at} < $invoice->{expires} } @live;

	return 'expired' if !$in_time && $until >= $invoice->{expires};
	return $invoice->{received} >= $invoice->{needed} ? 'processing' : 'open';
}

sub _check_credits
{
	my ($self) = @_;
	my (%got, %expected);

	foreach (@{ $self->{now}{credits} })
	{
		$got{"$_->{kind} $_->{invoice}$_->{outpoint}"} = $_->{sats} if $_->{sats} != 0;
		$got{"merchant $_->{merchant}"} += $_->{sats};
	}
	foreach my $invoice (grep { $_->{credit} } @{ $self->{invoice_order} })
	{
		$expected{"overpayment $invoice->{id}"} = $invoice->{credit};
		$expected{"merchant $invoice->{merchant}"} += $invoice->{credit};
	}
	foreach my $payment (grep { $_->{invoice} eq '' && $_->{is_settled} } @{ $self->{payment_order} })
	{
		$expected{"unassigned $payment->{outpoint}"} = $payment->{sats};
		$expected{"merchant $payment->{merchant}"} += $payment->{sats};
	}
	foreach my $key (sort keys %{ { %got, %expected } })
	{
		my ($found, $wanted) = map { $_->{$key} || 0 } \%got, \%expected;
		$self->_differ("credit of $key is $found, not $wanted") if $found != $wanted;
	}
	return;
}

sub _check_subscriptions
{
	my ($self) = @_;

	foreach my $row (@{ $self->{now}{subscriptions} })
	{
		my $subscription = $self->{subscriptions}{ $row->{id} };
		$self->_follow($subscription, grep { $_->{subscription} eq $row->{id} } @{ $self->{invoice_order} });
		my $status = $self->_subscription_status($subscription);
		$self->_witness($subscription, "subscription $status");
		$self->_compare("subscription $row->{id}", $row,
			(map { $_ => $subscription->{$_} } qw(purchased starts through grace expired)),
			announced => $status,
			status    => $status);
	}
	return;
}

# The last paid period; one paid late begins with the payment.
sub _follow
{
	my ($self, $subscription, @invoices) = @_;
	my $plan = $self->{plans}{ $subscription->{plan} };
	my @paid = sort { $a->{starts} <=> $b->{starts} } grep { $_->{status} eq 'paid' } @invoices;
	my @expired = grep { $_->{status} eq 'expired' } @invoices;
	my $last = $paid[-1];

	@$subscription{qw(purchased starts through grace expired)} = ('') x 5;
	if ($last)
	{
		$subscription->{purchased} = min map { $_->{paid_at} } @paid;
		$subscription->{starts} = $last->{is_late} ? $last->{paid_at} : $last->{starts};
		$subscription->{through} =
		  !defined $plan->{cycle} ? 'infinity' : $last->{is_late} ? $last->{paid_at} + $plan->{cycle} : $last->{ends};
		$subscription->{grace} = defined $plan->{cycle} ? $subscription->{through} + $plan->{grace} : 'infinity';
	}
	elsif (@expired)
	{
		$subscription->{expired} = min map { $_->{expires} } @expired;
	}
	return;
}

sub _subscription_status
{
	my ($self, $subscription) = @_;
	my $now = $self->{clock};
	my $in_trial = $subscription->{trial_end} ne '' && $now < $subscription->{trial_end};

	if ($subscription->{through} ne '')
	{
		return $in_trial ? 'trialing' : 'active'
		  if $subscription->{through} eq 'infinity' || $now < $subscription->{through};
		return $now < $subscription->{grace} ? 'past_due' : 'expired';
	}
	return 'trialing' if $in_trial;
	return $subscription->{expired} ne '' ? 'expired' : 'pending';
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
