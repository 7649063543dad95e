# Canceling, pausing, and changing prices: what people may do, and what follows.
#
#	my $operation = $self->lifecycle_operation;		# of an actor
#	CharmBills::ModelLifecycle::perform($model, $operation->{deed});
package CharmBills::ModelLifecycle;

use strict;
use warnings;

use List::Util qw(any max);

use CharmBills::ModelChance qw(chance pick pick_recent);

my %cancel = (at_once => 'false', at_end => 'true');

# One that may be refused is refused exactly when it has to be.
sub lifecycle_operation
{
	my ($self) = @_;
	my @subscriptions = @{ $self->{model}{subscription_order} };
	my @paused = grep { $_->{paused_at} ne '' } @subscriptions;
	my @canceled = grep { $_->{canceled_at} ne '' && $_->{status} ne 'canceled' } @subscriptions;
	my $verb = pick(qw(at_end at_end at_once uncancel uncancel pause pause pause resume resume resume));
	my @likely = $verb eq 'resume' ? @paused : $verb eq 'uncancel' ? @canceled
	  : grep { $_->{status} =~ /^(?:active|trialing|past_due)$/ } @subscriptions;
	my $subscription = pick_recent(@likely && chance(0.9) ? @likely : @subscriptions) or return;
	my $argument = $cancel{$verb} ? ", at_period_end => $cancel{$verb}" : '';
	my $function = $cancel{$verb} ? 'cancel' : $verb;

	return {
		note    => "$verb $subscription->{id} ($subscription->{status})",
		deed    => [ $verb, $subscription ],
		refused => _is_refused($self->{model}, $verb, $subscription) ? qr/CB010/ : undef,
		sql     => "SELECT (charmbills.${function}_subscription('$subscription->{id}'$argument)).status;\n" };
}

sub _is_refused
{
	my ($model, $verb, $subscription) = @_;
	my $has_ended = $subscription->{status} eq 'canceled';
	my $is_paused = $subscription->{paused_at} ne '';

	return $is_paused || $subscription->{status} !~ /^(?:trialing|active)$/ if $verb eq 'pause';
	return !$is_paused || $has_ended if $verb eq 'resume';
	return $has_ended if $verb eq 'uncancel';
	return $verb eq 'at_end' && !$has_ended && $subscription->{canceled_at} eq ''
	  && _period_end($model, $subscription) eq 'infinity';
}

# When what is paid for, or being paid for, ends.
sub _period_end
{
	my ($model, $subscription) = @_;
	my $what = $model->_subscription_at($subscription, $model->{clock}, sub { return $_[0] });
	my $end = $what->{last} ? $what->{through} : $subscription->{trial_end} ne '' ? $subscription->{trial_end} : $model->{clock};
	my @kept = map { $_->{ends} eq 'infinity' ? 'infinity' : $_->{ends} + $model->_paused_since($subscription, $_) }
	  grep { $_->{status} eq 'processing' || $_->{status} eq 'open' && $_->{received} > 0 } @{ $subscription->{invoices} };

	return 'infinity' if any { $_ eq 'infinity' } $end, @kept;
	return max($end, @kept, $model->{clock});
}

sub perform
{
	my ($model, $verb, $subscription) = @_;
	my $now = $model->{clock};

	$model->{witnessed}{"deed $verb"}++;
	if ($verb eq 'pause')
	{
		@$subscription{qw(paused_at ended_at)} = ($now, '');
		_make_void($subscription, 'paused');
	}
	elsif ($verb eq 'resume')
	{
		_end_pause($model, $subscription);
		$subscription->{ended_at} = _period_end($model, $subscription) if $subscription->{canceled_at} ne '';
	}
	elsif ($verb eq 'uncancel')
	{
		@$subscription{qw(canceled_at ended_at)} = ('', '');
	}
	else
	{
		_cancel($model, $subscription, $verb eq 'at_end');
	}
	return;
}

sub _cancel
{
	my ($model, $subscription, $at_end) = @_;
	my $now = $model->{clock};
	my $is_paused = $subscription->{paused_at} ne '';

	return if $subscription->{status} eq 'canceled' || $at_end && $subscription->{canceled_at} ne '';
	my $end = $at_end ? _period_end($model, $subscription) : $now;
	_end_pause($model, $subscription) if $is_paused && !$at_end;
	$subscription->{canceled_at} = $now if $subscription->{canceled_at} eq '';
	$subscription->{ended_at} = $is_paused && $at_end ? '' : $end;
	my $is_over = $subscription->{ended_at} ne '' && $end <= $now;
	_make_void($subscription, 'canceled', $is_over);
	return;
}

# What is open; with money only where nothing waits for it any more.
sub _make_void
{
	my ($subscription, $reason, $even_with_money) = @_;

	foreach my $invoice (@{ $subscription->{invoices} })
	{
		my $has_money = $invoice->{received} > 0 || $invoice->{status} eq 'processing';
		my $is_open = $invoice->{status} =~ /^(?:open|processing)$/;
		next unless $is_open ? !$has_money || $even_with_money
		  : $even_with_money && $has_money && $invoice->{status} =~ /^(?:expired|uncollectible)$/;
		CharmBills::ModelFacts::_make_void($invoice, $reason);
	}
	return;
}

# What was paid for, and what is left of the trial, comes later by as much.
sub _end_pause
{
	my ($model, $subscription) = @_;
	my ($from, $to) = ($subscription->{paused_at}, $model->{clock});

	$model->{witnessed}{'paused across a boundary'}++
	  if $subscription->{through} ne '' && $subscription->{through} ne 'infinity' && $subscription->{through} <= $to;
	$subscription->{trial_end} += $to - $from if $subscription->{trial_end} ne '' && $from < $subscription->{trial_end};
	$subscription->{paused_at} = '';
	$subscription->{paused_for} += $to - $from;
	push @{ $subscription->{pauses} }, { from => $from, to => $to };
	return;
}

#
# Prices
#

# From now on, or from some time to come.
sub price_operation
{
	my ($self) = @_;
	my $model = $self->{model};
	my $plan = pick(@{ $model->{plan_order} });
	my $sats = int($plan->{prices}[0]{sats} * pick(1, 1.2, 1.5)) || return;
	my $delay = chance(0.5) ? 0 : pick(3_600, 86_400, 30 * 86_400) * 1_000_000;
	my $from = $delay ? ", price_from => charmbills.now() + interval '" . $delay / 1_000_000 . " seconds'" : '';

	return {
		note  => "price $sats" . ($delay ? ' later' : ' now'),
		price => { plan => $plan, sats => $sats, from => $model->clock + $delay },
		sql   => "SELECT (charmbills.update_plan('$plan->{id}', price_sats => $sats$from)).status;\n" };
}

# The price that is to be in force then anyway is nothing new.
sub change_price
{
	my ($change) = @_;
	my $prices = $change->{plan}{prices};
	my @begun = grep { $_->{from} <= $change->{from} } @$prices;

	return if $begun[-1]{sats} == $change->{sats};
	push @$prices, { from => $change->{from}, sats => $change->{sats} };
	return;
}

1;
