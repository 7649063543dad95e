# What a transaction's spell says, read by code that has nothing in common with
# the code under test.
#
#	my $spell = spell_of($tx);			# $tx as of CharmBills::ModelChain
#
# A spell is { state }: none, malformed, unsupported or read; if read, also
# version, is_mock, apps (tag/identity/vk each, in hex), charms of each output
# (items of CharmBills::CborReader by number of the app), and beams (hash in hex
# by output).  Of proofs it knows nothing.
package CharmBills::SpellReader;

use strict;
use warnings;

use Exporter qw(import);

use CharmBills::CborReader qw(read_cbor);

our @EXPORT_OK = qw(spell_of);

use constant { NEWEST => 15, FIRST_WITH_FLAG => 7, LONGEST_PROOF => 356 };

my $marker = "\x05spell";

sub spell_of
{
	my ($tx) = @_;

	return $tx->{spell} ||= eval { _read($tx) } || { state => 'malformed', reason => $@ };
}

sub _read
{
	my ($tx) = @_;
	my $payload = _payload_of_outputs($tx) // _payload_of_witness($tx) // return { state => 'none' };
	my $pair = read_cbor($payload);
	my ($spell, $proof) = @{ _value($pair, 'array') };

	die "no pair\n" if @{ $pair->{value} } != 2;
	my ($version) = map { $_->[1] } grep { $_->[0]{value} eq 'version' } @{ _value($spell, 'map') };
	return { state => 'unsupported' } if $version && ($version->{value} < 1 || $version->{value} > NEWEST);
	return _read_spell($spell, _proof_length($proof), scalar @{ $tx->{outputs} });
}

#
# Where it is
#

# Length of a push at an offset, and where its bytes begin.
sub _push_at
{
	my ($script, $at) = @_;
	my $op = ord substr $script, $at, 1;
	my %long = (0x4c => [ 1, 'C' ], 0x4d => [ 2, 'v' ], 0x4e => [ 4, 'V' ]);

	return ($op, $at + 1) if $op < 0x4c;
	my ($size, $template) = @{ $long{$op} || die "no push\n" };
	die "truncated\n" if $at + 1 + $size > length $script;
	return (unpack($template, substr $script, $at + 1, $size), $at + 1 + $size);
}

sub _payload_of_outputs
{
	my ($tx) = @_;
	my @scripts = map { $_->{script} } grep { $_->{script} =~ /^\x6a$marker/s } @{ $tx->{outputs} };

	return unless @scripts;
	die "two outputs carry a spell\n" if @scripts > 1;
	my ($length, $at) = _push_at($scripts[0], 1 + length $marker);
	die "no payload alone\n" if $at + $length != length $scripts[0];
	return substr $scripts[0], $at;
}

sub _payload_of_witness
{
	my ($tx) = @_;
	my ($script, $control) = @{ $tx->{witness} }[ -2, -1 ];

	return unless @{ $tx->{witness} } >= 2 && length $control >= 33 && (ord($control) & 0xfe) == 0xc0;
	return unless $script =~ /^\x00\x63$marker/s;
	die "not the only leaf\n" if length $control != 33;
	my $at = 2 + length $marker;
	my $payload = '';
	for (;;)
	{
		die "not closed\n" if $at >= length $script;
		return $payload if substr($script, $at, 1) eq "\x68";
		my ($length, $start) = _push_at($script, $at);
		die "truncated\n" if $start + $length > length $script;
		$payload .= substr $script, $start, $length;
		$at = $start + $length;
	}
}

#
# What it says
#

sub _value
{
	my ($item, $type) = @_;

	die "no $type\n" unless defined $item && $item->{type} eq $type;
	return $item->{value};
}

# The fields of a map, which come in this order; those with ? may be missing.
sub _fields
{
	my ($item, @names) = @_;
	my @pairs = @{ _value($item, 'map') };
	my %fields;

	foreach my $name (@names)
	{
		my $is_optional = (my $key = $name) =~ s/^\?//;
		my $is_here = @pairs && _value($pairs[0][0], 'text') eq $key;
		die "$key is missing\n" unless $is_here || $is_optional;
		$fields{$key} = (shift @pairs)->[1] if $is_here;
	}
	die "a field too many\n" if @pairs;
	return \%fields;
}

sub _bytes
{
	my ($item) = @_;
	my @numbers = map { _value($_, 'unsigned') } @{ _value($item, 'array') };

	die "no bytes\n" if grep { $_ > 255 } @numbers;
	return unpack 'H*', pack 'C*', @numbers;
}

sub _hash
{
	my $hash = _bytes($_[0]);

	die "no hash\n" if length $hash != 64;
	return $hash;
}

sub _proof_length
{
	my $length = length(_bytes($_[0])) / 2;

	die "a proof too long\n" if $length > LONGEST_PROOF;
	return $length;
}

# Values by number, which rise, and stay below a limit.
sub _by_number
{
	my ($pairs, $limit) = @_;
	my $next = 0;
	my %values;

	foreach (@$pairs)
	{
		my $number = _value($_->[0], 'unsigned');
		die "$number out of order or range\n" if $number < $next || $number >= $limit;
		$values{$number} = $_->[1];
		$next = $number + 1;
	}
	return \%values;
}

sub _read_spell
{
	my ($item, $proof_length, $n_outputs) = @_;
	my $spell   = _fields($item, qw(version tx app_public_inputs ?versioned_apps ?mock));
	my $tx      = _fields($spell->{tx}, qw(?refs outs ?beamed_outs ?scrolls));
	my $version = _value($spell->{version}, 'unsigned');
	my $apps    = _apps($spell->{app_public_inputs});
	my @charms  = map { _by_number(_value($_, 'map'), scalar @$apps) } @{ _value($tx->{outs}, 'array') };
	my $beams   = $tx->{beamed_outs} ? _by_number(_value($tx->{beamed_outs}, 'map'), $n_outputs) : {};
	my $says_mock = $spell->{mock} && _value($spell->{mock}, 'simple');

	die "more outputs than there are\n" if @charms > $n_outputs;
	die "no mock\n" if $says_mock && $says_mock ne 'true';
	foreach my $charm (map { my $of = $_; map { [ $apps->[$_], $of->{$_} ] } keys %$of } @charms)
	{
		die "no amount\n" if $charm->[0] =~ m{^t/} && $charm->[1]{type} eq 'negative';
	}
	return {
		state   => 'read',
		version => $version,
		is_mock => $says_mock || ($version < FIRST_WITH_FLAG && $proof_length == 0),
		apps    => $apps,
		charms  => \@charms,
		beams   => { map { $_ => _hash($beams->{$_}) } keys %$beams } };
}

sub _apps
{
	my ($item) = @_;
	my @apps;

	foreach my $pair (@{ _value($item, 'map') })
	{
		my @key = @{ _value($pair->[0], 'array') };
		die "no app\n" if @key != 3;
		push @apps, join '/', _value($key[0], 'text'), _hash($key[1]), _hash($key[2]);
		die "apps out of order\n" if @apps > 1 && $apps[-2] ge $apps[-1];
	}
	return \@apps;
}

1;
