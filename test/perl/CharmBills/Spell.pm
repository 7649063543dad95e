# Charms spells without a proof, as a mock prover makes them, and transactions
# that carry them: written apart from the C code under test, so that neither can
# hide the other's mistakes.
#
#	my $plan = { identity => app_identity("$txid:0"), vk => '22' x 32 };
#	my $raw = spell_transaction(plan => $plan, inputs => [$coin], outputs => [
#		{ script => $merchant, sats => 1000, remaining => 60 },
#		{ script => $customer, sats => 1000, tokens => 40 } ]);
#
# Outputs are hashes: script, sats (1000 unless told), and of the plan's charms
# remaining (the NFT is here; state: what else it says) and tokens.  beamed: hex
# of the hash of a destination, see beam_hash().  charms: [ app, data ] each, for
# whatever else.  An app is { tag, identity, vk }, the last two in hex.
package CharmBills::Spell;

use strict;
use warnings;

use Carp qw(croak);
use Digest::SHA qw(sha256 sha256_hex);
use Exporter qw(import);

use CharmBills::Bitcoin qw(build_transaction wire_hash);

our @EXPORT_OK = qw(app_identity beam_hash cbor op_return_script spell_apps spell_leaf spell_payload spell_transaction);

# From here on an output carries the spell, before, the last input's witness.
use constant FIRST_IN_OUTPUT => 9;
# From here on a mock says so, before, its proof is empty.
use constant FIRST_WITH_FLAG => 7;

my @head_of = qw(unsigned negative bytes text array map);
my %major = map { $head_of[$_] => $_ } 0 .. $#head_of;

sub _head
{
	my ($type, $n) = @_;
	my $major = $major{$type} << 5;

	return
	    $n < 24          ? pack('C', $major | $n)
	  : $n <= 0xff       ? pack('CC', $major | 24, $n)
	  : $n <= 0xffff     ? pack('Cn', $major | 25, $n)
	  : $n <= 0xffffffff ? pack('CN', $major | 26, $n)
	  :                    pack('CQ>', $major | 27, $n);
}

# A value as canonical CBOR: digits are an integer, undef is null, \1 and \0 are
# true and false, \"..." is what is CBOR already, any other string is text.  A
# hash's keys come sorted; an array whose first element is 'MAP' is a map in the
# order given, of [ key, value ] each.
sub cbor
{
	my ($value) = @_;

	return "\xf6" if !defined $value;
	return _cbor_reference($value) if ref $value;
	return _head('unsigned', $value) if $value =~ /^(?:0|[1-9][0-9]*)$/;
	return _head('negative', -1 - $value) if $value =~ /^-[1-9][0-9]*$/;
	return _head('text', length $value) . $value;
}

sub _cbor_reference
{
	my ($value) = @_;

	return _cbor_map(map { [ $_, $value->{$_} ] } sort keys %$value) if ref $value eq 'HASH';
	return _head('array', scalar @$value) . join('', map { cbor($_) } @$value)
	  if ref $value eq 'ARRAY' && !(@$value && defined $value->[0] && $value->[0] eq 'MAP');
	return _cbor_map(@$value[ 1 .. $#$value ]) if ref $value eq 'ARRAY';
	return $$value ? "\xf5" : "\xf4" if $$value =~ /^[01]$/;
	return $$value;
}

sub _cbor_map
{
	my (@entries) = @_;

	return _head('map', scalar @entries) . join '', map { cbor($_->[0]) . cbor($_->[1]) } @entries;
}

# serde writes byte arrays as arrays of numbers.
sub _byte_array
{
	my ($hex) = @_;

	return [ unpack 'C*', pack 'H*', $hex ];
}

# The identity of an app that is bound to an outpoint, "txid:vout", in hex.
sub app_identity
{
	return sha256_hex($_[0]);
}

# What stands in beamed_outs for a destination, "txid:vout", in hex.
sub beam_hash
{
	my ($txid, $vout) = split /:/, $_[0];

	return sha256_hex(wire_hash($txid) . pack 'V', $vout);
}

# A plan's two apps: NFT, token.
sub spell_apps
{
	my ($plan) = @_;

	return map { { tag => $_, identity => $plan->{identity}, vk => $plan->{vk} } } 'n', 't';
}

sub _app_key
{
	my ($app) = @_;

	return join '/', @$app{qw(tag identity vk)};
}

# The charms of an output: [ app, data ] each.
sub _charms_of
{
	my ($plan, $output) = @_;
	my @charms = @{ $output->{charms} || [] };

	return @charms if !$plan;
	my ($nft, $token) = spell_apps($plan);
	push @charms, [ $nft, { %{ $output->{state} || {} }, remaining => $output->{remaining} } ]
	  if defined $output->{remaining};
	push @charms, [ $nft, $output->{state} ] if $output->{state} && !defined $output->{remaining};
	push @charms, [ $token, $output->{tokens} ] if defined $output->{tokens};
	return @charms;
}

# The pair of spell and proof: version (15), plan, outputs, apps that no output
# has charms of, mock (true), proof (bytes, none).
sub spell_payload
{
	my (%arg) = @_;
	my $version = $arg{version} // 15;
	my @charms  = map { [ _charms_of($arg{plan}, $_) ] } @{ $arg{outputs} };
	my %apps    = map { _app_key($_) => $_ } @{ $arg{apps} || [] }, map { $_->[0] } map { @$_ } @charms;
	my @keys    = sort keys %apps;
	my %index   = map { $keys[$_] => $_ } 0 .. $#keys;
	my $outputs = $arg{outputs};
	my @beamed  = map { [ $_, _byte_array($outputs->[$_]{beamed}) ] } grep { $outputs->[$_]{beamed} } 0 .. $#$outputs;
	my @outs    = map {
		[ 'MAP', sort { $a->[0] <=> $b->[0] } map { [ $index{ _app_key($_->[0]) }, $_->[1] ] } @$_ ] } @charms;
	my @tx = ([ 'outs', \@outs ], @beamed ? [ 'beamed_outs', [ 'MAP', @beamed ] ] : ());
	my @inputs = map { [ [ $_->{tag}, _byte_array($_->{identity}), _byte_array($_->{vk}) ], undef ] } @apps{@keys};
	my @spell = (
		[ 'version', $version ],
		[ 'tx', [ 'MAP', @tx ] ],
		[ 'app_public_inputs', [ 'MAP', @inputs ] ],
		($arg{mock} // 1) && $version >= FIRST_WITH_FLAG ? [ 'mock', \1 ] : ());

	return cbor([ [ 'MAP', @spell ], [ unpack 'C*', $arg{proof} // '' ] ]);
}

sub _push
{
	my ($data) = @_;
	my $n = length $data;

	return
	    ($n <= 75 ? pack('C', $n) : $n <= 0xff ? pack('CC', 0x4c, $n) : $n <= 0xffff ? pack('Cv', 0x4d, $n) : pack('CV', 0x4e, $n))
	  . $data;
}

# The output of a payload from version 9 on.
sub op_return_script
{
	return "\x6a" . _push('spell') . _push($_[0]);
}

# Witness of an input that reveals a payload, before.
sub spell_leaf
{
	my ($payload) = @_;
	my $script = "\x00\x63" . _push('spell') . join('', map { _push($_) } unpack '(a520)*', $payload) . "\x68\x51";

	return [ $script, "\xc0" . sha256('a key that nobody knows') ];
}

# The bytes of a transaction that carries the spell of its outputs: what
# spell_payload() takes, and inputs, which are coins.  The output of the spell
# comes last, and so does the input that reveals it: carrier, a coin, or one that
# is made up.  payload: instead of what the outputs say.
sub spell_transaction
{
	my (%arg) = @_;
	my $payload = $arg{payload} // spell_payload(%arg);
	my @outputs = map { [ $_->{script}, $_->{sats} // 1000 ] } @{ $arg{outputs} };
	my @inputs  = @{ $arg{inputs} };

	if (($arg{version} // 15) >= FIRST_IN_OUTPUT)
	{
		push @outputs, [ op_return_script($payload), 0 ];
	}
	else
	{
		my $carrier = $arg{carrier} || { txid => sha256_hex(join $;, $payload, map { "$_->{txid}:$_->{vout}" } @inputs), vout => 0 };
		push @inputs, { %$carrier, witness => spell_leaf($payload) };
	}
	return build_transaction(inputs => \@inputs, outputs => \@outputs);
}

1;
