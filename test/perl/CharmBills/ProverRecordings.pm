# What provers were asked, and answered, recorded: test/data/prover-recordings.json,
# whose head says by whom and how.
#
#	my $recordings = CharmBills::ProverRecordings->new($file);
#	my $exchange = $recordings->exchange('mint-nft 15');
#	my $same = $recordings->find('15', $request);
#
# An exchange has name, program (who was asked), request, status, and answer, the
# text of its body; no status where the connection was closed.
package CharmBills::ProverRecordings;

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);

our @EXPORT_OK = qw(request_fields);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub new
{
	my ($class, $file) = @_;
	open my $handle, '<:raw', $file or die "cannot read $file: $!\n";
	my $text = join '', <$handle>;
	close $handle;
	my $self = bless { %{ $json->decode($text) }, file => $file }, $class;

	$self->{by_name} = { map { $_->{name} => $_ } @{ $self->{exchanges} } };
	$_->{request} ||= $self->exchange($_->{request_of})->{request} foreach @{ $self->{exchanges} };
	return $self;
}

sub file { return $_[0]->{file} }

sub exchange
{
	my ($self, $name) = @_;

	return $self->{by_name}{$name} || die "no such recording: $name\n";
}

# Transactions in hex, as they were answered.
sub transactions
{
	my ($self, $name) = @_;

	return map { $_->{bitcoin} } @{ $json->decode($self->exchange($name)->{answer}) };
}

# The transaction that a version's story begins with, in hex.
sub start
{
	my ($self, $version) = @_;

	return $self->{start}{$version};
}

# Bytes of the program that is accepting or refusing.
sub program
{
	my ($self, $name) = @_;

	return decode_base64($self->{programs}{$name});
}

# What a program was asked in just this way; undef when it never was.
sub find
{
	my ($self, $program, $request) = @_;
	my $wanted = $json->encode(request_fields($request));

	return (grep { $_->{program} eq $program && $json->encode(request_fields($_->{request})) eq $wanted } @{ $self->{exchanges} })[0];
}

# A request's fields as JSON each.  Nothing may as well be left out.
sub request_fields
{
	my ($request) = @_;
	my %field = map { $_ => $json->encode($request->{$_}) } keys %$request;

	return { map { $_ => $field{$_} } grep { $field{$_} !~ /^(?:\{\}|\[\]|null)$/ } keys %field };
}

1;
