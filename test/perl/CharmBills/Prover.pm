# What a mock prover of protocol 15 answers to a request: written from what is
# known of the real one, apart from the C code that asks it.
#
#	my ($status, $body) = prove($request_body);
#	my ($status, $body) = prove($request_body, alter => 'theft');
#
# It is as strict as the real one about what it is asked, but does not run the
# app.  Alterations of a good answer:
#
#	theft           the first output pays somebody else
#	another         a transaction that has nothing to do with it
#	extra_input     one more at the end
#	fee             the change goes to the miners
#	other_spell     the spell moves nothing
#	locktime        not before some block
package CharmBills::Prover;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Exporter qw(import);
use JSON::PP ();
use List::Util qw(sum0);
use MIME::Base64 qw(decode_base64);
use POSIX qw(ceil floor);

use CharmBills::Bitcoin qw(address_script read_transaction shown_hash wire_hash);
use CharmBills::CborReader qw(read_cbor);
use CharmBills::Spell qw(cbor op_return_script);

our @EXPORT_OK = qw(prove);

use constant {
	VERSION  => 15,
	DUST     => 300,
	SEQUENCE => 0xffffffff,
	NOBODY   => "\x00\x14" . "\x99" x 20,
};

my %alteration = (
	theft       => sub { $_[0]{outputs}[0][0] = NOBODY },
	another     => sub { $_[0]{inputs} = [ "\x77" x 36 ]; $_[0]{outputs} = [ [ NOBODY, 1_000 ] ] },
	extra_input => sub { push @{ $_[0]{inputs} }, "\x77" x 36 },
	fee         => sub { $_[0]{change} = 0 },
	other_spell => sub { $_[0]{spell}{tx} = { %{ $_[0]{spell}{tx} }, outs => cbor([ map { {} } @{ $_[0]{coins} } ]) } },
	locktime    => sub { $_[0]{locktime} = 1_000_000 });

# Refusals are the exceptions of what follows.
sub prove
{
	my ($body, %arg) = @_;
	my $answer = eval {
		my $plan = _plan(_request($body));
		$alteration{ $arg{alter} }->($plan) if $arg{alter};
		JSON::PP->new->encode([ { bitcoin => unpack 'H*', _transaction($plan) } ]);
	};

	return (200, $answer) if defined $answer;
	die $@ if $@ !~ /^refused: (.*)\n\z/s;
	return (400, $1);
}

sub _refuse { die "refused: $_[0]\n" }

#
# CBOR
#

sub _read_spell
{
	my ($hex) = @_;
	my $spell = eval { read_cbor(pack 'H*', $hex) };

	return $spell || _refuse("Invalid CBOR: $@");
}

# A map with texts for keys: items by key, and the order of the keys.
sub _fields
{
	my ($item, $what) = @_;

	_refuse("Invalid CBOR: $what is no map") if !$item || $item->{type} ne 'map';
	return ({ map { $_->[0]{value} => $_->[1] } @{ $item->{value} } }, map { $_->[0]{value} } @{ $item->{value} });
}

sub _items
{
	my ($item, $what) = @_;

	_refuse("Invalid CBOR: $what is no array") if !$item || $item->{type} ne 'array';
	return @{ $item->{value} };
}

#
# The request
#

sub _request
{
	my ($body) = @_;
	my @long;
	my $request = eval { JSON::PP->new->utf8->decode(_shorten($body, \@long)) } or _refuse('Invalid JSON: it is none');

	$_ = $_ =~ /^long (\d+)$/ ? $long[$1] : $_ foreach values %{ $request->{binaries} || {} };
	_refuse('Invalid JSON: invalid type: map, expected a string') if ref $request->{spell};
	_refuse('Invalid JSON: a field is missing') if grep { !defined $request->{$_} } qw(spell change_address chain);
	_refuse('Invalid JSON: fee_rate is no number')
	  if defined $request->{fee_rate} && JSON::PP->new->allow_nonref->encode($request->{fee_rate}) =~ /"/;
	_refuse('unsupported chain') if $request->{chain} ne 'bitcoin';
	return $request;
}

# Texts of great length, in Base64, would keep the parser busy for seconds.
sub _shorten
{
	my ($body, $long) = @_;

	$body =~ s{"([A-Za-z0-9+/=]{50000,})"}{ push @$long, $1; sprintf '"long %d"', $#$long }ge;
	return $body;
}

# What the transaction is to be made of.
sub _plan
{
	my ($request) = @_;
	my ($spell, @keys) = _fields(_read_spell($request->{spell}), 'the spell');
	my ($tx, @tx_keys) = _fields($spell->{tx}, 'tx');
	my @inputs = map { $_->{value} } _items($tx->{ins}, 'ins');
	my @outs   = _items($tx->{outs}, 'outs');

	_refuse('cannot prove a mock==false spell on a mock==true prover') unless $spell->{mock} && $spell->{mock}{value} eq 'true';
	_refuse('coins must be present') unless $tx->{coins};
	my @coins = map { _coin($_) } _items($tx->{coins}, 'coins');
	_refuse(sprintf 'coins length (%d) must match outs length (%d)', scalar @coins, scalar @outs) if @coins != @outs;
	my @spent = _spent_outputs($request, @inputs);
	_refuse('spell.tx.ins contains duplicate UTXO') if keys %{ { map { $_ => 1 } @inputs } } < @inputs;
	_check_binaries($request, $spell->{app_public_inputs});
	_refuse('spell has another version') if $spell->{version}{value} ne VERSION;
	return {
		inputs   => \@inputs,
		in       => sum0(map { $_->[1] } @spent),
		outputs  => \@coins,
		coins    => \@coins,
		change   => undef,
		change_script => address_script($request->{change_address}),
		rate     => floor(($request->{fee_rate} || 0) * 250),
		locktime => 0,
		keys     => \@keys,
		tx_keys  => [ grep { $_ ne 'ins' && $_ ne 'coins' } @tx_keys ],
		spell    => { (map { $_ => $spell->{$_}{raw} } @keys), tx => { map { $_ => $tx->{$_}{raw} } @tx_keys } } };
}

# Script and sats.
sub _coin
{
	my ($coin) = _fields($_[0], 'a coin');
	my @dest = _items($coin->{dest}, 'dest');

	_refuse('Invalid CBOR: an amount is no number') unless $coin->{amount}{type} eq 'unsigned';
	return [ pack('C*', map { $_->{value} } @dest), $coin->{amount}{value} ];
}

# By the transactions that come along, which must be just those.
sub _spent_outputs
{
	my ($request, @inputs) = @_;
	my %provided = map { $_->{txid} => $_ } map { read_transaction(pack 'H*', $_->{bitcoin}) } @{ $request->{prev_txs} || [] };
	my %required = map { shown_hash(substr $_, 0, 32) => 1 } @inputs;

	_refuse('prev_txs must contain exactly the transactions producing spell inputs and beaming sources.')
	  if join(' ', sort keys %provided) ne join ' ', sort keys %required;
	return map { $provided{ shown_hash(substr $_, 0, 32) }{outputs}[ unpack 'x32V', $_ ] } @inputs;
}

# An app that has something of its own to say needs its binary; that is taken to
# be so when private input comes along.
sub _check_binaries
{
	my ($request, $apps) = @_;
	my %binaries = %{ $request->{binaries} || {} };
	my @keys = map { $_->[0] } @{ $apps->{value} };
	my %listed = map { join('/', $_->[0]{value}, map { unpack 'H*', pack 'C*', map { $_->{value} } @{ $_->{value} } } @$_[ 1, 2 ]) => 1 }
	  map { $_->{value} } @keys;
	my %needed = map { m{/([0-9a-f]+)$} ? ($1 => 1) : () } keys %{ $request->{app_private_inputs} || {} };

	foreach my $app (keys %{ $request->{app_private_inputs} || {} })
	{
		_refuse("app_private_inputs names an app that the spell does not: $app") unless $listed{$app};
	}
	_refuse('binaries must contain exactly the required app binaries.') if join(' ', sort keys %binaries) ne join ' ', sort keys %needed;
	foreach my $hash (keys %binaries)
	{
		_refuse("binary hash mismatch: $hash") if sha256_hex(decode_base64($binaries{$hash})) ne $hash;
	}
	return;
}

#
# The transaction
#

# Unsigned, so without witnesses.
sub _transaction
{
	my ($plan) = @_;
	my %tx = map { $_ => \$plan->{spell}{tx}{$_} } @{ $plan->{tx_keys} };
	my %spell = (map({ $_ => \$plan->{spell}{$_} } @{ $plan->{keys} }), tx => [ 'MAP', map { [ $_, $tx{$_} ] } @{ $plan->{tx_keys} } ]);
	my $payload = cbor([ [ 'MAP', map { [ $_, $spell{$_} ] } @{ $plan->{keys} } ], [] ]);
	my @outputs = (@{ $plan->{outputs} }, [ op_return_script($payload), 0 ]);
	my $left = $plan->{in} - sum0(map { $_->[1] } @outputs);
	my $change = $left - _fee($plan, @outputs, [ $plan->{change_script}, 0 ]);

	$change = $plan->{change} if defined $plan->{change};
	_refuse('spell inputs must have sufficient value to cover outputs and fees') if $change < 0;
	push @outputs, [ $plan->{change_script}, $change ] if $change >= DUST;
	return _serialize($plan, @outputs);
}

sub _fee
{
	my ($plan, @outputs) = @_;
	my $weight = 4 * length _serialize($plan, @outputs);

	return ceil($plan->{rate} * ($weight + 65 * @{ $plan->{inputs} } + 172) / 1_000);
}

sub _serialize
{
	my ($plan, @outputs) = @_;

	return pack('V', 2) . _counted(map { $_ . "\x00" . pack 'V', SEQUENCE } @{ $plan->{inputs} })
	  . _counted(map { pack('Q<', $_->[1]) . _size(length $_->[0]) . $_->[0] } @outputs) . pack 'V', $plan->{locktime};
}

sub _counted { return _size(scalar @_) . join '', @_ }

sub _size
{
	my ($n) = @_;

	return $n < 0xfd ? pack('C', $n) : pack('Cv', 0xfd, $n);
}

1;
