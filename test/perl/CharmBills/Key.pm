# A private key, and what it signs: inputs that pay to its public key's hash
# (P2WPKH), as a merchant's wallet would.  openssl does the curve.
#
#	plan skip_all => 'openssl lacks the curve' unless CharmBills::Key->can_sign;
#	my $key = CharmBills::Key->new;
#	... have $key->script paid ...
#	my $signed = $key->sign($unsigned, 50_000, 330);	# what each input is worth
package CharmBills::Key;

use strict;
use warnings;

use Carp qw(croak);
use Digest::SHA qw(sha256);
use File::Temp ();
use Math::BigInt;

use CharmBills::Bitcoin qw(read_transaction sha256d wire_hash);

use constant SIGHASH_ALL => 1;

my $order = Math::BigInt->from_hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');

sub can_sign
{
	my ($class) = @_;

	return eval { $class->new; 1 };
}

sub new
{
	my ($class) = @_;
	my $self = bless { dir => File::Temp::tempdir('cb_key_XXXXXX', TMPDIR => 1, CLEANUP => 1) }, $class;

	_openssl('', 'ecparam', '-name', 'secp256k1', '-genkey', '-noout', '-out', "$self->{dir}/key.pem");
	$self->{public} = substr _openssl('', 'ec', '-in', "$self->{dir}/key.pem", '-pubout', '-conv_form', 'compressed', '-outform', 'DER'), -33;
	$self->{hash} = _openssl(sha256($self->{public}), 'dgst', '-ripemd160', '-binary');
	croak 'openssl gave no hash' unless length $self->{hash} == 20;
	return $self;
}

# What openssl makes of the input.
sub _openssl
{
	my ($input, @arguments) = @_;
	my $file = File::Temp->new;

	binmode $file;
	print $file $input;
	close $file;
	my $pid = open my $out, '-|';
	croak "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		open STDIN,  '<', $file->filename;
		open STDERR, '>', '/dev/null';
		exec 'openssl', @arguments;
	}
	binmode $out;
	my $output = join '', <$out>;
	close $out or croak "openssl $arguments[0] failed";
	return $output;
}

sub script
{
	my ($self) = @_;

	return "\x00\x14$self->{hash}";
}

# A transaction without signatures, and the sats of what each input spends, in
# order; its inputs are all this key's.
sub sign
{
	my ($self, $unsigned, @sats) = @_;
	my $tx = read_transaction($unsigned);
	my @prevouts = map { wire_hash($_->[0]) . pack 'V', $_->[1] } @{ $tx->{inputs} };

	croak 'an amount for each input is needed' unless @sats == @prevouts;
	croak 'not an unsigned transaction of few inputs' unless ord(substr $unsigned, 4, 1) == @prevouts && @prevouts < 0xfd;
	my $body   = substr $unsigned, 4, -4;
	my @inputs = unpack '(a41)*', substr $body, 1, 41 * @prevouts;
	my $common = { version => substr($unsigned, 0, 4), prevouts => sha256d(join '', @prevouts),
		sequences => sha256d(join '', map { substr $_, -4 } @inputs),
		outputs   => sha256d(_outputs($body, scalar @inputs)), locktime => substr($unsigned, -4) };
	my @witnesses = map { $self->_witness($common, $inputs[$_], $sats[$_]) } 0 .. $#inputs;

	return $common->{version} . "\x00\x01$body" . join('', @witnesses) . $common->{locktime};
}

# Behind their number.
sub _outputs
{
	my ($body, $n_inputs) = @_;
	my $at = 1 + 41 * $n_inputs;

	croak 'too many outputs' if ord(substr $body, $at, 1) >= 0xfd;
	return substr $body, $at + 1;
}

# BIP-143.
sub _witness
{
	my ($self, $common, $input, $sats) = @_;
	my $code   = "\x19\x76\xa9\x14$self->{hash}\x88\xac";
	my $digest = sha256d($common->{version} . $common->{prevouts} . $common->{sequences}
		  . substr($input, 0, 36) . $code . pack('Q<', $sats) . substr($input, -4)
		  . $common->{outputs} . $common->{locktime} . pack 'V', SIGHASH_ALL);
	my $signature = $self->_signature($digest) . pack 'C', SIGHASH_ALL;

	return "\x02" . join '', map { pack('C', length $_) . $_ } $signature, $self->{public};
}

# In DER, with the lesser of the two values that s may have.
sub _signature
{
	my ($self, $digest) = @_;
	my $der = _openssl($digest, 'pkeyutl', '-sign', '-inkey', "$self->{dir}/key.pem");
	my ($r, $s) = unpack 'x2 x C/a x C/a', $der;
	my $value = Math::BigInt->from_hex(unpack 'H*', $s);

	$value = $order - $value if $value > $order / 2;
	my $low = pack 'H*', substr($value->as_hex, 2) =~ s/^(?=(?:..)*.$)/0/r;
	$low = "\x00$low" if ord($low) & 0x80;
	my $integers = join '', map { pack('CC', 2, length $_) . $_ } $r, $low;
	return pack('CC', 0x30, length $integers) . $integers;
}

1;
