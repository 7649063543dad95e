# What was announced of charms: numbered without gaps, nothing said twice, and
# what was said last is what is.
#
#	my $news = CharmBills::CharmNews->new;
#	my @differences = $news->check($snapshot, $deeds);	# deeds by "txid of plan"
#	$news->last;				# the number of the last one seen
package CharmBills::CharmNews;

use strict;
use warnings;

sub new
{
	return bless { seq => {}, status => {}, said => {}, tokens => {}, last => 0 }, $_[0];
}

sub last
{
	return $_[0]->{last};
}

sub check
{
	my ($self, $snapshot, $deeds) = @_;
	my @differences;

	foreach my $event (@{ $snapshot->{events} })
	{
		my $subject = $event->{subject};
		push @differences, "event $event->{id} of $subject is $event->{seq}" if $event->{seq} != ++$self->{seq}{$subject};
		$self->{last} = $event->{id};
		my ($plan) = $subject =~ /^plan:(.*)/;
		push @differences, $self->_hear_of_plan($event, $plan) if $plan;
		push @differences, $self->_hear_of_tokens($event) if $event->{type} eq 'subscription.token_changed';
	}
	push @differences, $self->_check_said($deeds), $self->_check_status($snapshot), $self->_check_tokens($snapshot);
	return @differences;
}

sub _hear_of_plan
{
	my ($self, $event, $plan) = @_;

	return $self->_hear_of_charm($event, "$event->{txid} of $plan", $1) if $event->{type} =~ /^charm\.(\w+)$/;
	return if $event->{status} eq '' || $event->{type} eq 'plan.updated';
	my $before = $self->{status}{$plan} // '';
	$self->{status}{$plan} = $event->{status};
	return $before eq $event->{status} ? "event $event->{id} says once more that plan $plan is $before" : ();
}

# What is genuine, and what is not, is told apart, and taken back at once.
sub _hear_of_charm
{
	my ($self, $event, $what, $kind) = @_;
	my $said = $self->{said}{$what} ||= {};

	if ($kind eq 'reversed')
	{
		$self->{said}{$what} = {};
		return %$said ? () : "event $event->{id} takes $what back, of which nothing was said";
	}
	my $slot = $kind eq 'counterfeit' ? 'counterfeit' : 'genuine';
	my $before = $said->{$slot} // '';
	$said->{$slot} = "$kind $event->{said}";
	return $before eq $said->{$slot} ? "event $event->{id} says once more that $what is $kind" : ();
}

sub _hear_of_tokens
{
	my ($self, $event) = @_;
	my $known = $self->{tokens}{ $event->{subject} } ||= [ '', 0 ];
	my @from = ($event->{from_utxo}, $event->{from_amount});
	my @to = ($event->{to_utxo}, $event->{to_amount});
	my @differences;

	push @differences, "event $event->{id} of $event->{subject} begins with @from, not with @$known" if "@from" ne "@$known";
	push @differences, "event $event->{id} of $event->{subject} says nothing" if "@from" eq "@to";
	$self->{tokens}{ $event->{subject} } = \@to;
	return @differences;
}

# Every deed is announced, and what is undone is taken back.
sub _check_said
{
	my ($self, $deeds) = @_;
	my @differences;

	foreach my $what (sort keys %{ { %$deeds, %{ $self->{said} } } })
	{
		my ($deed, $said) = ($deeds->{$what} || {}, $self->{said}{$what} || {});
		my $is_genuine = $deed->{moved} || $deed->{minted} || $deed->{destroyed} || ($deed->{nft} // 'elsewhere') ne 'elsewhere';
		push @differences, "$what was announced as '" . ($said->{genuine} // '') . "'" if !$is_genuine == !!$said->{genuine};
		push @differences, "$what was announced as '" . ($said->{counterfeit} // '') . "'"
		  if !$deed->{counterfeit} == !!$said->{counterfeit};
	}
	return @differences;
}

sub _check_status
{
	my ($self, $snapshot) = @_;

	return map { "plan $_->{id} is $_->{status}, but was announced as $self->{status}{ $_->{id} }" }
	  grep { defined $self->{status}{ $_->{id} } && $self->{status}{ $_->{id} } ne $_->{status} } @{ $snapshot->{plans} };
}

sub _check_tokens
{
	my ($self, $snapshot) = @_;
	my @differences;

	foreach my $row (@{ $snapshot->{subscriptions} })
	{
		my $said = $self->{tokens}{"subscription:$row->{id}"} || [ '', 0 ];
		my @is = ($row->{token_utxo}, $row->{token_amount} || 0);
		push @differences, "subscription $row->{id} has @is, but @$said was announced" if "@is" ne "@$said";
	}
	return @differences;
}

1;
