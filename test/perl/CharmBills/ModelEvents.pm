# What was announced: numbered without gaps, nothing said twice, and each status
# the one that its subject's last event gave it.
#
#	my $events = CharmBills::ModelEvents->new;
#	my @differences = $events->check($snapshot, $whole);
#	$events->last;				# the number of the last one seen
package CharmBills::ModelEvents;

use strict;
use warnings;

sub new
{
	return bless { told => {}, last => 0 }, $_[0];
}

sub last
{
	return $_[0]->{last};
}

# What does not fit in a snapshot, in words.  One change of the chain, however
# it went there and back, says nothing of what it leaves as it was: unless
# whole, an operation made several.
sub check
{
	my ($self, $snapshot, $whole) = @_;
	my %was = map { $_ => $self->{told}{$_}{status} } keys %{ $self->{told} };
	my %told;

	$self->{differences} = [];

	foreach my $event (@{ $snapshot->{events} })
	{
		my $subject = $self->{told}{ $event->{subject} } ||= { seq => 0, status => '' };
		push @{ $self->{differences} }, "event $event->{id} of $event->{subject} is $event->{seq}, after $subject->{seq}"
		  if $event->{seq} != ++$subject->{seq};
		$self->{last} = $event->{id};
		my $status = _announced_status($event);
		next if $status eq '' || $event->{type} =~ /^invoice\.(?:over|under)paid$/;
		$told{ $event->{subject} } = 1;
		push @{ $self->{differences} }, "event $event->{id} says once more that $event->{subject} is $status"
		  if $subject->{status} eq $status && $event->{type} ne 'subscription.pending';
		$subject->{status} = $status;
	}
	$self->_check_announced('payment', 'outpoint', 'status', $snapshot->{payments});
	$self->_check_announced('invoice', 'id', 'status', $snapshot->{invoices});
	$self->_check_announced('subscription', 'id', 'announced', $snapshot->{subscriptions});
	$self->_check_announced('transaction', 'id', 'status', $snapshot->{transactions});
	foreach my $subject ($whole ? grep { /^(?:payment|invoice):/ } sort keys %told : ())
	{
		push @{ $self->{differences} }, "$subject was announced as $was{$subject} again"
		  if defined $was{$subject} && $was{$subject} eq $self->{told}{$subject}{status};
	}
	return @{ $self->{differences} };
}

# The status that an event gives to its subject; empty for none.
sub _announced_status
{
	my ($event) = @_;
	my ($kind, $name) = split /\./, $event->{type};

	return '' if $event->{type} eq 'plan.updated';
	return $event->{status} if $event->{status} ne '';
	return $name eq 'issued' ? 'open' : $name eq 'voided' ? 'void' : '' if $kind eq 'invoice';
	return $name =~ /^(?:seen|confirmed|replaced|evicted)$/ ? $name : '' if $kind eq 'payment';
	return $name eq 'unconfirmed' ? 'pending' : $name =~ /^(?:pending|confirmed|failed|replaced)$/ ? $name : ''
	  if $kind eq 'transaction';
	return '';
}

sub _check_announced
{
	my ($self, $kind, $key, $field, $rows) = @_;

	foreach my $row (@$rows)
	{
		my $event = $self->{told}{"$kind:$row->{$key}"};
		my $said = $event ? $event->{status} : 'nothing';
		push @{ $self->{differences} }, "$kind $row->{$key} is $row->{$field}, but its last event said $said"
		  if $said ne $row->{$field};
	}
	return;
}

1;
