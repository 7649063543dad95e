# Regtest transactions and blocks, built byte by byte: what the tests need to
# pay, to mine and to fork a chain without any wallet.  Written apart from the
# C code under test, so that neither can hide the other's mistakes.
#
# Hashes are 32 bytes in wire order inside, and hex last byte first where they
# meet a caller.  A coin is { txid, vout, value } and pays the script that
# anyone can spend.  A transaction is a string of bytes.
package CharmBills::Bitcoin;

use strict;
use warnings;

use Carp qw(croak);
use Digest::SHA qw(sha256);
use Exporter qw(import);
use Math::BigInt;

our @EXPORT_OK = qw(address_script anyone_can_spend_script block_hash block_transactions build_block
  build_transaction header_fields read_transaction shown_hash transaction_id unsigned_transaction wire_hash sha256d
  REGTEST_GENESIS);

use constant REGTEST_GENESIS => '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
use constant REGTEST_BITS    => 0x207fffff;

# The witness script is OP_TRUE.
use constant WITNESS_SCRIPT => "\x51";

my $bech32_characters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
my $base58_characters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

# Makes every coinbase differ, also those of two branches at one height.
my $extra_nonce = 0;

sub sha256d
{
	return sha256(sha256($_[0]));
}

sub shown_hash
{
	return unpack 'H*', scalar reverse $_[0];
}

sub wire_hash
{
	return scalar reverse pack 'H*', $_[0];
}

sub _compact_size
{
	my ($n) = @_;

	return
	    $n < 0xfd    ? pack('C', $n)
	  : $n <= 0xffff ? pack('Cv', 0xfd, $n)
	  :                pack('CV', 0xfe, $n);
}

sub _with_size
{
	return _compact_size(length $_[0]) . $_[0];
}

sub anyone_can_spend_script
{
	return "\x00\x20" . sha256(WITNESS_SCRIPT);
}

# An address's script.  The checksum is taken on trust: these addresses are the
# tests' own.
sub address_script
{
	my ($address) = @_;

	return $address =~ /^(?:bcrt|tb|bc)1([a-z0-9]+)$/i ? _segwit_script(lc $1) : _base58_script($address);
}

sub _segwit_script
{
	my ($data) = @_;
	my @values = map { index $bech32_characters, $_ } split //, substr($data, 0, -6);
	my $version = shift @values;
	my $bits    = join '', map { sprintf '%05b', $_ } @values;
	my $program = pack 'B*', substr $bits, 0, 8 * int(length($bits) / 8);

	return pack('CC', $version ? 0x50 + $version : 0, length $program) . $program;
}

sub _base58_script
{
	my ($address) = @_;
	my $number = Math::BigInt->new(0);

	$number->bmul(58)->badd(index $base58_characters, $_) foreach split //, $address;
	(my $hex = $number->as_hex) =~ s/^0x//;
	$hex = ('0' x (50 - length $hex)) . $hex;
	my ($prefix, $hash) = unpack 'Ca20', pack 'H*', $hex;
	return "\x76\xa9\x14$hash\x88\xac" if $prefix == 0x6f || $prefix == 0x00;
	return "\xa9\x14$hash\x87" if $prefix == 0xc4 || $prefix == 0x05;
	croak "no address that the tests know: $address";
}

sub _transaction
{
	my ($version, $inputs, $outputs, $locktime, $witnesses) = @_;
	my $ends = _compact_size(scalar @$inputs)
	  . join('', @$inputs)
	  . _compact_size(scalar @$outputs)
	  . join('', map { pack('Q<', $_->[1]) . _with_size($_->[0]) } @$outputs);

	return pack('V', $version) . ($witnesses ? "\x00\x01" : '') . $ends
	  . ($witnesses ? join('', @$witnesses) : '')
	  . pack('V', $locktime);
}

sub _witness
{
	return _compact_size(scalar @_) . join '', map { _with_size($_) } @_;
}

# inputs: coins, which may bring a witness, items in order.  outputs: [ script,
# sats ] each.  Signals replaceability unless told another sequence.
sub build_transaction
{
	my (%arg) = @_;
	my $sequence = defined $arg{sequence} ? $arg{sequence} : 0xfffffffd;
	my @inputs =
	  map { wire_hash($_->{txid}) . pack('V', $_->{vout}) . "\x00" . pack('V', $sequence) } @{ $arg{inputs} };
	my @witnesses = map { _witness(@{ $_->{witness} || [WITNESS_SCRIPT] }) } @{ $arg{inputs} };

	return _transaction(2, \@inputs, $arg{outputs}, $arg{locktime} || 0, \@witnesses);
}

# inputs, outputs as above.  witnesses: an array of items for each input that
# somebody has signed already; without them in the form that has none.
sub unsigned_transaction
{
	my (%arg) = @_;
	my @inputs =
	  map { wire_hash($_->{txid}) . pack('V', $_->{vout}) . "\x00" . pack('V', 0xfffffffd) } @{ $arg{inputs} };
	my @witnesses = map { _compact_size(scalar @$_) . join '', map { _with_size($_) } @$_ } @{ $arg{witnesses} || [] };

	return _transaction(2, \@inputs, $arg{outputs}, 0, $arg{witnesses} ? \@witnesses : undef);
}

# Length of the compact size at an offset, and its value.
sub _read_compact_size
{
	my ($bytes, $at) = @_;
	my $first = unpack 'C', substr $bytes, $at, 1;

	return (1, $first) if $first < 0xfd;
	return (3, unpack 'v', substr $bytes, $at + 1, 2) if $first == 0xfd;
	return (5, unpack 'V', substr $bytes, $at + 1, 4);
}

# The transaction as it was before witnesses, which is what its id is made of.
sub _without_witness
{
	my ($tx) = @_;

	return $tx if substr($tx, 4, 2) ne "\x00\x01";
	my $at = 6;
	my ($size, $count) = _read_compact_size($tx, $at);
	$at += $size;
	foreach (1 .. $count)
	{
		my ($script_size, $script) = _read_compact_size($tx, $at + 36);
		$at += 36 + $script_size + $script + 4;
	}
	($size, $count) = _read_compact_size($tx, $at);
	$at += $size;
	foreach (1 .. $count)
	{
		my ($script_size, $script) = _read_compact_size($tx, $at + 8);
		$at += 8 + $script_size + $script;
	}
	return substr($tx, 0, 4) . substr($tx, 6, $at - 6) . substr($tx, -4);
}

sub transaction_id
{
	return shown_hash(sha256d(_without_witness($_[0])));
}

sub _merkle_root
{
	my (@hashes) = @_;

	while (@hashes > 1)
	{
		push @hashes, $hashes[-1] if @hashes % 2;
		@hashes = map { sha256d($hashes[ 2 * $_ ] . $hashes[ 2 * $_ + 1 ]) } 0 .. @hashes / 2 - 1;
	}
	return $hashes[0];
}

# BIP-34: the height first, as the shortest push of the number.
sub _height_push
{
	my ($height) = @_;

	return pack 'C', 0x50 + $height if $height >= 1 && $height <= 16;
	my $bytes = '';
	for (my $left = $height; $left > 0; $left >>= 8)
	{
		$bytes .= pack 'C', $left & 0xff;
	}
	$bytes .= "\x00" if ord(substr $bytes, -1) & 0x80;
	return pack('C', length $bytes) . $bytes;
}

sub _coinbase
{
	my ($height, $value, $commitment) = @_;
	my $script  = _height_push($height) . "\x08" . pack('VV', $$, ++$extra_nonce);
	my $input   = ("\x00" x 32) . pack('V', 0xffffffff) . _with_size($script) . pack('V', 0xffffffff);
	my @outputs = ([ anyone_can_spend_script(), $value ], [ "\x6a\x24\xaa\x21\xa9\xed$commitment", 0 ]);

	return _transaction(2, [$input], \@outputs, 0, [ "\x01" . _with_size("\x00" x 32) ]);
}

# A block and its coinbase's coin.  prev (shown), height, time, txs; optionally
# bits and version.  Fees are left unclaimed.
sub build_block
{
	my (%arg) = @_;
	my @txs    = @{ $arg{txs} || [] };
	my $bits   = $arg{bits} || REGTEST_BITS;
	my $value  = 5_000_000_000 >> int($arg{height} / 150);
	my $root   = _merkle_root("\x00" x 32, map { sha256d($_) } @txs);
	my $coinbase = _coinbase($arg{height}, $value, sha256d($root . ("\x00" x 32)));
	my $head = pack('V', $arg{version} || 0x20000000)
	  . wire_hash($arg{prev})
	  . _merkle_root(map { sha256d(_without_witness($_)) } $coinbase, @txs)
	  . pack('VV', $arg{time}, $bits);
	my $header = $head . pack 'V', _nonce($head, $bits);
	my $block  = $header . _compact_size(1 + @txs) . join '', $coinbase, @txs;

	return ($block, { txid => transaction_id($coinbase), vout => 0, value => $value });
}

# Easy targets only: it is the first bytes that are searched for.
sub _nonce
{
	my ($head, $bits) = @_;
	my $target = _shown_target($bits);

	for (my $nonce = 0; $nonce <= 0xffffffff; $nonce++)
	{
		return $nonce if shown_hash(sha256d($head . pack 'V', $nonce)) le $target;
	}
	croak 'no nonce meets the target';
}

# A compact target as 64 hex digits, comparable with a shown hash.
sub _shown_target
{
	my ($bits) = @_;
	my $zeros = 2 * (($bits >> 24) - 3);

	return substr(('0' x 64) . sprintf('%06x', $bits & 0x7fffff) . ('0' x $zeros), -64);
}

# The transactions of a block: each its bytes (raw), txid, outputs ([ script,
# sats ] each) and inputs ([ txid, vout ] each).
sub block_transactions
{
	my ($block) = @_;
	my ($size, $count) = _read_compact_size($block, 80);
	my $at = 80 + $size;
	my @txs;

	foreach (1 .. $count)
	{
		my $tx = _read_transaction($block, $at);
		$at += length $tx->{raw};
		push @txs, $tx;
	}
	croak 'bytes are left behind the last transaction' if $at != length $block;
	return @txs;
}

sub _read_transaction
{
	my ($bytes, $start) = @_;
	my $at = $start + 4;
	my $has_witness = substr($bytes, $at, 2) eq "\x00\x01";
	my (@inputs, @outputs);

	my $take = sub { $at += $_[0]; return substr $bytes, $at - $_[0], $_[0] };
	my $take_size = sub { my ($size, $value) = _read_compact_size($bytes, $at); $at += $size; return $value };
	$take->(2) if $has_witness;
	foreach (1 .. $take_size->())
	{
		my ($prev, $vout) = unpack 'a32V', $take->(36);
		push @inputs, [ shown_hash($prev), $vout ];
		$take->($take_size->());
		$take->(4);
	}
	foreach (1 .. $take_size->())
	{
		my $sats = unpack 'Q<', $take->(8);
		push @outputs, [ $take->($take_size->()), $sats ];
	}
	foreach (1 .. ($has_witness ? scalar @inputs : 0))
	{
		$take->($take_size->()) foreach 1 .. $take_size->();
	}
	$take->(4);
	my $raw = substr $bytes, $start, $at - $start;
	return { raw => $raw, txid => transaction_id($raw), inputs => \@inputs, outputs => \@outputs };
}

# The same of a single one.
sub read_transaction
{
	my ($bytes) = @_;
	my $tx = _read_transaction($bytes, 0);

	croak 'bytes are left behind the transaction' if length $tx->{raw} != length $bytes;
	return $tx;
}

sub block_hash
{
	return shown_hash(sha256d(substr $_[0], 0, 80));
}

sub header_fields
{
	my ($header) = @_;
	my ($version, $prev, $root, $time, $bits, $nonce) = unpack 'Va32a32VVV', $header;

	return {
		version => $version,
		prev    => shown_hash($prev),
		root    => shown_hash($root),
		time    => $time,
		bits    => $bits,
		nonce   => $nonce };
}

1;
