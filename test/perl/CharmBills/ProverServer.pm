# A prover for tests: a HookServer that answers as one of protocol 15 in mock
# mode would, or in whatever way it is told to.
#
#	my $prover = CharmBills::ProverServer->new;
#	... charmbills.prover_url = $prover->url ...
#	$prover->misbehave('prove', alter => 'theft');
#	$prover->misbehave('hang');
#	$prover->behave_well;
#	$prover->replay($recordings, '15');
#
# Beside the ways of a HookServer there are prove: alter, see CharmBills::Prover;
# after (seconds); and replay: what a recorded program answered to the same, see
# CharmBills::ProverRecordings.
package CharmBills::ProverServer;

use strict;
use warnings;

use parent 'CharmBills::HookServer';
use JSON::PP ();
use Time::HiRes qw(sleep);

use CharmBills::Prover qw(prove);
use CharmBills::ProverRecordings;

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

sub replay
{
	my ($self, $recordings, $program) = @_;

	return $self->behave(PATH, 'replay', file => $recordings->file, program => $program);
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

sub _way_replay
{
	my ($self, $out, $way, $request) = @_;
	my $question = eval { JSON::PP->new->utf8->decode($request->{body}) } || {};
	my $exchange = CharmBills::ProverRecordings->new($way->{file})->find($way->{program}, $question);

	return $self->_way_answer($out, { status => 400, body => 'this was never asked' }) unless $exchange;
	return $self->_way_close unless $exchange->{status};
	return $self->_way_answer($out, { status => $exchange->{status}, headers => [ "Content-Type: $exchange->{type}" ],
		body => $exchange->{answer} });
}

1;
