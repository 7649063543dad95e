# What invoices and subscriptions are at an instant: pure functions of payments,
# time, and what people did.
#
# A state is a hash: of an invoice status, received, paid_at, is_late and credit;
# of a subscription last (the invoice that decides), purchased, starts, through,
# grace, expired, anchor, next_at, plan, quantity and the like.
package CharmBills::ModelBilling;

use strict;
use warnings;

use parent qw(CharmBills::ModelFacts);

use List::Util qw(first max min sum0);

use CharmBills::ModelCalendar qw(add negative period_start);

my %stands_for_a_period = map { $_ => 1 } qw(period change);

# Payments that count, in the order in which they were made.
sub _live_payments
{
	my ($self, $invoice) = @_;

	return sort { $a->{paid_at} <=> $b->{paid_at} } grep { $_->{is_live} } @{ $invoice->{payments} || [] };
}

# With time known to have passed until an instant.
sub _invoice_at
{
	my ($self, $invoice, $until) = @_;
	my @live = $self->_live_payments($invoice);
	my $settled = sum0(map { $_->{sats} } grep { $_->{is_settled} } @live);
	my $state = { received => sum0(map { $_->{sats} } @live), paid_at => '', is_late => 0 };

	$state->{status} =
	    $invoice->{is_void} ? 'void'
	  : $self->_is_paid($invoice, $state, grep { $_->{is_settled} } @live) ? 'paid'
	  : $invoice->{is_given_up} ? 'uncollectible'
	  :   _unpaid_status($invoice, $state, $until, @live);
	$state->{credit} =
	    $state->{status} eq 'paid' ? max(0, $settled - $invoice->{sats})
	  : $state->{status} =~ /^(?:open|processing)$/ ? 0
	  :                                               $settled;
	return $state;
}

sub _is_paid
{
	my ($self, $invoice, $state, @settled) = @_;
	my $sum = 0;
	my $covered_at;

	if ($invoice->{sats} == 0)
	{
		$state->{paid_at} = $invoice->{created};
		return 1;
	}
	if ($invoice->{marked} ne '')
	{
		$state->{paid_at} = $invoice->{marked};
		$state->{is_late} = $invoice->{marked} >= $invoice->{expires} && $invoice->{marked} <= $self->_superseded_at($invoice);
		return 1;
	}
	foreach (@settled)
	{
		$sum += $_->{sats};
		$covered_at = $_->{paid_at} if $sum >= $invoice->{needed} && !defined $covered_at;
	}
	return 0 unless defined $covered_at;
	my $is_late = $covered_at >= $invoice->{expires};
	return 0 if $is_late && $self->_superseded_at($invoice) < $covered_at;
	$state->{paid_at} = $covered_at;
	$state->{is_late} = $is_late;
	return 1;
}

# When a newer invoice, even one made void since, took its place, or the
# subscription ended.  Nobody pays for a change that was to be long ago.
sub _superseded_at
{
	my ($self, $invoice) = @_;

	return '-inf' if $invoice->{kind} eq 'change';
	my $subscription = $self->{subscriptions}{ $invoice->{subscription} } or return 'inf';
	return min 'inf', $subscription->{ended_at} eq '' ? () : $subscription->{ended_at},
	  map { $_->{created} } grep { $_->{order} > $invoice->{order} } $self->_periods_of($subscription);
}

sub _unpaid_status
{
	my ($invoice, $state, $until, @live) = @_;
	my @in_time = grep { $_->{paid_at} < $invoice->{expires} } @live;
	my $settled = sum0(map { $_->{sats} } grep { $_->{is_settled} } @live);

	return 'expired' if !@in_time && $until >= $invoice->{expires};
	# Covered too late for one that another has taken the place of.
	return 'expired' if $settled >= $invoice->{needed} && sum0(map { $_->{sats} } @in_time) < $invoice->{needed};
	return $state->{received} >= $invoice->{needed} ? 'processing' : 'open';
}

# What an invoice took from credit, or left to the next one, it has for good
# unless it came to nothing.
sub _stands
{
	return $_[0]->{status} !~ /^(?:void|uncollectible)$/;
}

# In the order in which they were issued.
sub _periods_of
{
	my ($self, $subscription) = @_;

	return grep { $stands_for_a_period{ $_->{kind} } } @{ $subscription->{invoices} };
}

#
# Customers
#

# Balance, and what is carried from earlier invoices; status_of gives states.
sub _account
{
	my ($self, $customer, $state_of) = @_;
	my ($balance, $carried) = (0, 0);

	foreach my $invoice (@{ $self->{invoices_of}{$customer} || [] })
	{
		my $state = $state_of->($invoice);
		$balance += $state->{credit};
		next unless _stands($state);
		$balance -= $invoice->{credit_sats};
		$carried += $invoice->{carried_sats};
	}
	return ($balance, $carried);
}

#
# Subscriptions
#

# From the latest issued of its paid invoices, and those after it.
sub _subscription_at
{
	my ($self, $subscription, $instant, $state_of) = @_;
	my @invoices = $self->_periods_of($subscription);
	my %state = map { $_->{id} => $state_of->($_) } @invoices;
	my @paid = grep { $state{ $_->{id} }{status} eq 'paid' } @invoices;
	my $last = $paid[-1];
	my $what = { last => $last };

	@$what{qw(purchased starts through grace expired next_plan_at)} = ('') x 6;
	@$what{qw(plan quantity)} = @$subscription{qw(plan quantity)};
	$self->_follow_plans($subscription, $what, $instant, @paid);
	$what->{anchor} = $subscription->{trial_end} ne '' ? $subscription->{trial_end} : $subscription->{created};
	my @after = grep { !$last || $_->{order} > $last->{order} } @invoices;
	if ($last)
	{
		$what->{purchased} = min map { $state{ $_->{id} }{paid_at} } @paid;
		$what->{is_free} = $last->{worth} == 0
		  && !grep { $_->{kind} eq 'period' && $state{ $_->{id} }{status} =~ /^(?:expired|uncollectible)$/ } @after;
		$self->_follow_last($subscription, $what, $state{ $last->{id} });
	}
	else
	{
		my @failed = grep { $state{ $_->{id} }{status} =~ /^(?:expired|uncollectible)$/ } @after;
		$what->{expired} = min map { $_->{expires} } @failed if @failed;
	}
	$what->{next_stands} = grep {
		$_->{kind} eq 'change' ? $state{ $_->{id} }{status} =~ /^(?:open|processing)$/
		  : $state{ $_->{id} }{status} ne 'void' || $_->{void_reason} eq 'requested'
	} @after;
	$what->{next_at} = $self->_next_at($subscription, $what);
	$what->{status} = _status($subscription, $what, $instant);
	return $what;
}

# Where something else is paid for from now on, that is what it is.
sub _follow_plans
{
	my ($self, $subscription, $what, $instant, @paid) = @_;

	return unless @paid;
	my $last = $paid[-1];
	$instant = min($instant, $subscription->{paused_at}) if $subscription->{paused_at} ne '';
	my @begun = grep { $_->{starts} + $self->_paused_since($subscription, $_) <= $instant } @paid;
	my $now = @begun ? $begun[-1] : $last;
	@$what{qw(plan quantity)} = @$now{qw(plan quantity)};
	return unless @begun && "$last->{plan}{id} $last->{quantity}" ne "$now->{plan}{id} $now->{quantity}";
	@$what{qw(next_plan next_quantity)} = @$last{qw(plan quantity)};
	return;
}

# One paid late may begin with the payment.
sub _follow_last
{
	my ($self, $subscription, $what, $paid) = @_;
	my ($last, $plan, $zone) = ($what->{last}, $what->{plan}, $subscription->{timezone});

	@$what{qw(starts anchor through)} = @$last{qw(starts anchor ends)};
	my $paused = $self->_paused_since($subscription, $last);
	if ($paid->{is_late} && $plan->{restart} eq 'payment')
	{
		$what->{starts} = $what->{anchor} = $paid->{paid_at};
		$what->{through} = period_start($paid->{paid_at}, $plan->{cycle}, 1, $zone);
		$paused = $self->_paused_after($subscription, $paid->{paid_at});
	}
	$what->{next_plan_at} = $last->{starts} + $paused if $what->{next_plan};
	$what->{grace} = 'infinity';
	return if $what->{through} eq 'infinity';
	$what->{through} += $paused;
	$what->{grace} = add($what->{through}, $plan->{grace}, $zone) unless $what->{is_free};
	return;
}

sub _paused_since
{
	my ($self, $subscription, $invoice) = @_;

	return $subscription->{paused_for} - $invoice->{paused_before};
}

sub _paused_after
{
	my ($self, $subscription, $instant) = @_;

	return sum0 map { $_->{to} - $_->{from} } grep { $_->{from} >= $instant } @{ $subscription->{pauses} || [] };
}

# When the next invoice is to be issued; empty while it stands or none is to come.
sub _next_at
{
	my ($self, $subscription, $what) = @_;
	my $end = $what->{last} ? $what->{through} : $subscription->{trial_end};

	return '' if $what->{next_stands} || $subscription->{ended_at} ne '' || $subscription->{canceled_at} ne ''
	  || $subscription->{paused_at} ne '' || $end eq '' || $end eq 'infinity';
	return add($end, negative($what->{plan}{lead}), $subscription->{timezone});
}

sub _status
{
	my ($subscription, $what, $now) = @_;
	my $in_trial = $subscription->{trial_end} ne '' && $now < $subscription->{trial_end};

	return 'canceled' if $subscription->{ended_at} ne '' && $subscription->{ended_at} <= $now;
	return 'paused' if $subscription->{paused_at} ne '' && $subscription->{paused_at} <= $now;
	if ($what->{last})
	{
		return $in_trial ? 'trialing' : 'active' if $what->{through} eq 'infinity' || $now < $what->{through};
		return $what->{grace} eq 'infinity' || $now < $what->{grace} ? 'past_due' : 'expired';
	}
	return 'trialing' if $in_trial;
	return $what->{expired} ne '' ? 'expired' : 'pending';
}

# The next instant at which time changes its status or plan.
sub _boundary
{
	my ($subscription, $what, $now) = @_;
	return '' if $subscription->{ended_at} ne '' && $subscription->{ended_at} <= $now;
	return $subscription->{ended_at} if $subscription->{paused_at} ne '';
	my $next = min grep { $_ ne '' && $_ ne 'infinity' && $_ > $now }
	  @$subscription{qw(ended_at trial_end)}, @$what{qw(next_plan_at through grace)};

	return defined $next ? $next : '';
}

1;
