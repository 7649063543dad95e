# A JSON-RPC client, as small as the tests need.
package CharmBills::RPC;

use strict;
use warnings;

use Carp qw(croak);
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);

# url, and credentials as 'user:password' or a function that gives them: a
# cookie changes with every start of its node.
sub new
{
	my ($class, %arg) = @_;

	return bless {
		url         => $arg{url},
		credentials => $arg{credentials},
		http        => HTTP::Tiny->new(timeout => $arg{timeout} || 60, proxy => undef, http_proxy => undef),
		json        => JSON::PP->new->utf8->allow_nonref->canonical
	}, $class;
}

# The result, or an exception: "RPC method: code: message".
sub call
{
	my ($self, $method, @params) = @_;
	my $credentials = ref $self->{credentials} ? $self->{credentials}->() : $self->{credentials};
	my $reply = $self->{http}->post(
		$self->{url},
		{   headers => {
				'content-type' => 'application/json',
				authorization  => 'Basic ' . encode_base64($credentials, '') },
			content => $self->{json}->encode({ jsonrpc => '1.0', id => 1, method => $method, params => \@params }) });
	my $answer = eval { $self->{json}->decode($reply->{content}) };

	croak "RPC $method: HTTP $reply->{status}: $reply->{content}" unless ref $answer eq 'HASH';
	croak "RPC $method: $answer->{error}{code}: $answer->{error}{message}" if $answer->{error};
	return $answer->{result};
}

1;
