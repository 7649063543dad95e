# What an invoice must say when it is issued, and whether it was to be issued at
# all: predicted from what was there the moment before.
package CharmBills::ModelIssue;

use strict;
use warnings;

use parent qw(CharmBills::ModelBilling);

use List::Util qw(max min sum0);

use CharmBills::ModelCalendar qw(add period_at period_start);

use constant TIME_TO_PAY => 86_400_000_000;
use constant TAX_UNIT    => 1_000_000;

# Invoices keep the terms under which they were issued.
sub _observe_invoices
{
	my ($self, $operation) = @_;
	my %lines;

	push @{ $lines{ $_->{invoice} } }, "$_->{kind} $_->{amount}" foreach @{ $self->{now}{lines} };
	foreach my $row (@{ $self->{now}{invoices} })
	{
		next if $self->{invoices}{ $row->{id} };
		my $invoice = {%$row, lines => join(', ', @{ $lines{ $row->{id} } || [] }) };
		$invoice->{order} = @{ $self->{invoice_order} };
		$invoice->{plan} = $self->{plans}{ $invoice->{plan} } || die "invoice $row->{id} has no plan";
		$invoice->{needed} = $invoice->{sats} == 0 ? 0 : max(1, $invoice->{sats} - $invoice->{tolerance});
		$invoice->{marked} = '';
		delete @$invoice{qw(status received paid_at underpaid overpaid late step action)};
		$self->_check_issue($invoice, $operation);
		$self->_keep($invoice);
		$self->_remind($invoice, $operation);
	}
	return;
}

sub _keep
{
	my ($self, $invoice) = @_;

	$self->{invoices}{ $invoice->{id} } = $invoice;
	push @{ $self->{invoice_order} }, $invoice;
	push @{ $self->{invoices_of}{ $invoice->{customer} } }, $invoice;
	push @{ $self->{subscriptions}{ $invoice->{subscription} }{invoices} }, $invoice;
	return;
}

# States as they were at an instant of this operation.  Without billing nothing
# has expired that had not before.
sub _states_at
{
	my ($self, $instant, $operation) = @_;

	return sub {
		my ($invoice) = @_;
		my $stored = $invoice->{status} || '';
		my $until = $stored eq 'expired' ? 'inf' : $operation->{bills} ? $instant : '-inf';
		local $invoice->{is_given_up} = $invoice->{is_given_up};
		$invoice->{is_given_up} = 0
		  if $stored ne 'uncollectible' && $invoice->{is_given_up} && $invoice->{gave_up} >= $instant;
		return $self->_invoice_at($invoice, $until);
	};
}

sub _check_issue
{
	my ($self, $invoice, $operation) = @_;
	my $name = "new invoice $invoice->{id}";
	my $numbers = grep { $_->{merchant} eq $invoice->{merchant} } @{ $self->{invoice_order} };
	my $state_of = $self->_states_at($invoice->{created}, $operation);
	my $subscription = $self->{subscriptions}{ $invoice->{subscription} };
	my $what = $self->_subscription_at($subscription, $invoice->{created}, $state_of);
	my $expected = $self->_expect_period($invoice, $subscription, $what, $state_of);
	CharmBills::ModelFacts::_make_void($_, 'requested') foreach $self->_failed_for($subscription, $expected->{starts}, $state_of);
	my $plan = $expected->{plan};

	$self->_check_time($name, $invoice, $subscription, $what, $operation);
	$self->_settle($expected, $invoice, $plan, $state_of);
	delete $expected->{plan};
	$self->_compare($name, $invoice, %$expected,
		number        => $numbers + 1,
		merchant      => $plan->{merchant},
		customer      => $subscription->{customer},
		confirmations => $plan->{confirmations},
		tolerance     => max($plan->{tolerance}, int($invoice->{sats} * $plan->{tolerance_percent} / 100)));
	$self->_differ("$name is for plan $invoice->{plan}{id}, not $plan->{id}") if $invoice->{plan} != $plan;
	$self->_differ("$name expires at once") if $invoice->{expires} <= $invoice->{created};
	$self->_check_script($name, $invoice) if $invoice->{sats} > 0;
	return;
}

# Where the period before was nearly over when it was invoiced and paid for at
# once, the next one is due already; it comes when the clock stops next, at that
# period's end at the latest.
sub _was_due_at_once
{
	my ($invoice, $what, $due) = @_;

	return $due ne 'never' && $what->{last} && $due <= $what->{last}{created}
	  && $invoice->{created} > $what->{last}{created} && $invoice->{created} <= $what->{through};
}

# What was for the very same period, and came to nothing.
sub _failed_for
{
	my ($self, $subscription, $start, $state_of) = @_;

	return grep { $_->{kind} eq 'period' && $_->{starts} == $start && $state_of->($_)->{status} =~ /^(?:expired|uncollectible)$/ }
	  @{ $subscription->{invoices} };
}

# By itself exactly when it is due; by hand only where none stands.
sub _check_time
{
	my ($self, $name, $invoice, $subscription, $what, $operation) = @_;
	my $at = $what->{next_at};

	if ($operation->{bills})
	{
		my $due = $at eq '' ? 'never' : max($at, $self->{clock_before});
		$self->_differ("$name is of $invoice->{created}, not $due")
		  if $due ne $invoice->{created} && !_was_due_at_once($invoice, $what, $due);
		return;
	}
	$self->_differ("$name is not of now") if $invoice->{created} != $self->{clock};
	$self->_differ("$name though another stands")
	  if grep { $_->{status} =~ /^(?:open|processing|expired)$/ }
	  grep { !$what->{last} || $_->{order} > $what->{last}{order} }
	  grep { $_->{kind} eq 'period' && !$_->{is_void} } @{ $subscription->{invoices} };
	return;
}

# The next period, and the plan and price it has.
sub _expect_period
{
	my ($self, $invoice, $subscription, $what, $state_of) = @_;
	my $plan = $subscription->{pending_plan} || $what->{next_plan} || $what->{plan};
	my $quantity = $subscription->{pending_plan} ? $subscription->{pending_quantity}
	  : $what->{next_plan} ? $what->{next_quantity}
	  :                      $what->{quantity};
	my $zone = $subscription->{timezone};
	my $now = $invoice->{created};
	my $is_paid = defined $what->{last};
	my $same = $plan->{cycle_text} eq $what->{plan}{cycle_text};
	my $start = $self->_next_start($subscription, $what, $plan, $now, $state_of);
	my $anchor = $same || $what->{anchor} == $start ? _aligned($what->{anchor}, $plan->{cycle}, $start, $zone) : $start;
	my $expires = $is_paid ? add($start, $what->{plan}{grace}, $zone) : $start + TIME_TO_PAY;
	my $k = period_at($anchor, $plan->{cycle}, $start, $zone);

	return {
		kind          => 'period',
		plan          => $plan,
		quantity      => $quantity,
		starts        => $start,
		ends          => period_start($anchor, $plan->{cycle}, $k + 1, $zone),
		anchor        => $anchor,
		due           => $start,
		expires       => $expires <= $now ? $now + TIME_TO_PAY : $expires,
		paused_before => $subscription->{paused_for},
		worth         => _price($plan, $start) * $quantity };
}

# A whole period that has passed unpaid is left out.
sub _next_start
{
	my ($self, $subscription, $what, $plan, $now, $state_of) = @_;
	my $zone = $subscription->{timezone};
	my @periods = grep { $_->{kind} eq 'period' } @{ $subscription->{invoices} };
	my ($anchor, $through) = @$what{qw(anchor through)};
	# What was made void after it had expired has expired all the same.
	my $has_expired = sub { $state_of->($_)->{status} =~ /^(?:expired|uncollectible)$/ || $_->{is_void} && $_->{expires} <= $now };

	return (grep { !$_->{is_void} || $_->{void_reason} eq 'requested' || $has_expired->() } @periods) ? max($anchor, $now) : $anchor
	  unless $what->{last};
	my @failed = grep { $_->{order} > $what->{last}{order} && $has_expired->() } @periods;
	return $what->{plan}{restart} eq 'payment' ? $now : $through if $what->{status} eq 'expired' && @failed;
	my $next = period_start($through, $plan->{cycle}, 1, $zone);
	return $through if $next eq 'infinity' || $next > $now;
	$anchor = $plan->{cycle_text} eq $what->{plan}{cycle_text} ? _aligned($anchor, $plan->{cycle}, $through, $zone) : $through;
	$self->{witnessed}{'periods left out'}++;
	return period_start($anchor, $plan->{cycle}, period_at($anchor, $plan->{cycle}, $now, $zone), $zone);
}

# The anchor, if a period counted from it begins then; else the instant itself.
sub _aligned
{
	my ($anchor, $cycle, $start, $zone) = @_;

	return $start if $start < $anchor;
	return period_start($anchor, $cycle, period_at($anchor, $cycle, $start, $zone), $zone) eq $start ? $anchor : $start;
}

# The last one given of those in force, else the first.
sub _price
{
	my ($plan, $instant) = @_;
	my @begun = grep { $_->{from} <= $instant } @{ $plan->{prices} };

	return (@begun ? $begun[-1] : $plan->{prices}[0])->{sats};
}

# From what is charged to what is to be paid.
sub _settle
{
	my ($self, $expected, $invoice, $plan, $state_of) = @_;
	my ($balance, $carried) = $self->_account($invoice->{customer}, $state_of);
	my $merchant = $self->{merchants}{ $invoice->{merchant} };
	my $charge = $expected->{charge} || [ "period $expected->{worth}", $expected->{worth} ];
	my ($lines, $sum) = @$charge;
	my @lines = ($lines);
	my $tax = int($sum * $plan->{tax} / TAX_UNIT);

	push @lines, "tax $tax" if $tax != 0;
	$sum += $tax;
	# What is free stays so.
	$carried = 0 if $carried < 0 || $sum == 0;
	push @lines, "carried $carried" if $carried > 0;
	$sum += $carried;
	$expected->{carried_sats} = -$carried;
	my $taken = $sum < 0 ? $sum : min($sum, max(0, $balance));
	push @lines, 'credit ' . -$taken if $taken != 0;
	$expected->{credit_sats} = $taken;
	$sum -= $taken;
	if ($sum > 0 && $sum < max($plan->{least}, $merchant->{dust}))
	{
		push @lines, "carried -$sum";
		$expected->{carried_sats} += $sum;
		$sum = 0;
	}
	my $suffix = $sum > 0 && !$merchant->{descriptor} ? $self->_suffix($merchant, $sum, $invoice->{created}, $state_of) : 0;
	push @lines, "suffix $suffix" if $suffix > 0;
	@$expected{qw(sats lines)} = ($sum + $suffix, join ', ', @lines);
	delete $expected->{charge};
	return;
}

# At a fixed address: to the smallest amount that is nobody's.
sub _suffix
{
	my ($self, $merchant, $sats, $instant, $state_of) = @_;
	my %taken;

	foreach my $other (grep { $_->{script} eq $merchant->{script} } @{ $self->{invoice_order} })
	{
		my $state = $state_of->($other);
		$taken{ $other->{sats} } = 1
		  if $state->{status} =~ /^(?:open|processing)$/
		  || $state->{status} eq 'expired' && $other->{expires} > $instant - 30 * $self->DAY
		  || $state->{status} eq 'paid' && $state->{paid_at} > $instant - $self->DAY;
	}
	my $suffix = 0;
	$suffix++ while $taken{ $sats + $suffix };
	return $suffix;
}

sub _check_script
{
	my ($self, $name, $invoice) = @_;
	my $script = $self->{scripts}{ $invoice->{script} };

	return if $invoice->{descriptor} eq '';
	$self->_compare($name, $invoice, index => $self->{next_index}{ $invoice->{descriptor} });
	$self->_differ("$name has another's script")
	  unless $script && $script->{descriptor} eq $invoice->{descriptor} && $script->{index} == $invoice->{index};
	$self->{next_index}{ $invoice->{descriptor} } = $invoice->{index} + 1;
	return;
}

#
# Reminders
#

# Steps that billing takes in an operation, at each instant at which it runs.
sub _remind
{
	my ($self, $invoice, $operation) = @_;
	my $zone = $self->{subscriptions}{ $invoice->{subscription} }{timezone};
	my $plan = $invoice->{plan};
	my @steps = (@{ $plan->{dunning} }, $plan->{uncollectible_after});

	$invoice->{step} = 0 unless defined $invoice->{step};
	$invoice->{action} = $invoice->{kind} eq 'period' ? add($invoice->{due}, $steps[0], $zone) : ''
	  unless defined $invoice->{action};
	return unless $operation->{bills};
	while ($invoice->{action} ne '')
	{
		my $now = max($invoice->{action}, $self->{clock_before}, $invoice->{created});
		last if $now > $self->{clock} || $self->_invoice_at($invoice, $now)->{status} !~ /^(?:open|expired)$/;
		while ($invoice->{action} <= $now && $invoice->{step} < @{ $plan->{dunning} })
		{
			push @{ $self->{reminders} }, "invoice:$invoice->{id} " . ++$invoice->{step} . " $invoice->{action}";
			$invoice->{action} = add($invoice->{due}, $steps[ $invoice->{step} ], $zone);
		}
		next if $invoice->{action} > $now;
		if ($self->_invoice_at($invoice, $now)->{status} eq 'expired')
		{
			@$invoice{qw(is_given_up gave_up)} = (1, $now);
			last;
		}
		$invoice->{action} = $now + $self->DAY;
	}
	return;
}

sub _check_reminders
{
	my ($self) = @_;
	my %told = map { ("$_->{subject} $_->{step} $_->{at}" => 1) }
	  grep { $_->{type} eq 'invoice.reminder' } @{ $self->{now}{events} };

	$self->_same_keys('reminder', \%told, { map { $_ => 1 } @{ $self->{reminders} } });
	return;
}

1;
