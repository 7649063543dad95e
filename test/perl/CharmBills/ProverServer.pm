# A prover for tests: a HookServer that answers as one of protocol 15 in mock
# mode would, or in whatever way it is told to.
#
#	my $prover = CharmBills::ProverServer->new;
#	... charmbills.prover_url = $prover->url ...
#	$prover->misbehave('prove', alter => 'theft');
#	$prover->misbehave('hang');
#	$prover->behave_well;
#
# Beside the ways of a HookServer there is prove: alter, see CharmBills::Prover;
# after (seconds).
package CharmBills::ProverServer;

use strict;
use warnings;

use parent 'CharmBills::HookServer';
use JSON::PP ();
use Time::HiRes qw(sleep);

use CharmBills::Prover qw(prove);

use constant PATH => '/spells/prove';

sub new
{
	my ($class, %arg) = @_;
	my $self = $class->SUPER::new(%arg);

	$self->behave_well;
	return $self;
}

# What the setting takes.
sub url
{
	my ($self, $path, %arg) = @_;

	return $self->SUPER::url(defined $path ? $path : '', %arg);
}

sub behave_well
{
	my ($self) = @_;

	return $self->behave(PATH, 'prove');
}

sub misbehave
{
	my ($self, $way, %arg) = @_;

	return $self->behave(PATH, $way, %arg);
}

# Requests, as they were understood.
sub questions
{
	my ($self) = @_;

	return map { JSON::PP->new->utf8->decode($_->{body}) } $self->requests(PATH);
}

sub _way_prove
{
	my ($self, $out, $way, $request) = @_;
	my ($status, $body) = prove($request->{body}, alter => $way->{alter});

	return $self->_way_answer($out, { status => $status, body => $body, after => $way->{after} });
}

1;
