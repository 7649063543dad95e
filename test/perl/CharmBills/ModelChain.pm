# A chain and a mempool, read from raw bytes by code that has nothing in common
# with the code under test.
#
#	my $chain = CharmBills::ModelChain->new;
#	$chain->update(blocks => [ [ 0, $hash, $raw ], ... ], mempool => [ $raw, ... ],
#		height => $followed, hash => $hash);
#	$chain->fate($txid);		# confirmed, seen, dead or unknown
#
# The mempool's node may be ahead of whoever follows it: what stands in blocks
# above the height followed counts as seen.
package CharmBills::ModelChain;

use strict;
use warnings;

use Carp qw(croak);
use List::Util qw(any);

use CharmBills::Bitcoin qw(block_hash header_fields sha256d shown_hash);

use constant NOTHING       => ('0' x 64) . ':4294967295';
use constant MEDIAN_BLOCKS => 11;

sub new
{
	my ($class) = @_;

	return bless {
		blocks   => [],
		mempool  => [],
		tx       => {},
		order    => [],
		spenders => {},
		parsed   => {},
		height   => -1
	}, $class;
}

#
# Reading
#

sub _take
{
	my ($reader, $n) = @_;

	croak 'truncated' if $reader->{at} + $n > length $reader->{bytes};
	my $bytes = substr $reader->{bytes}, $reader->{at}, $n;
	$reader->{at} += $n;
	return $bytes;
}

sub _number
{
	my ($reader) = @_;
	my $first = unpack 'C', _take($reader, 1);

	return
	    $first < 0xfd  ? $first
	  : $first == 0xfd ? unpack('v', _take($reader, 2))
	  : $first == 0xfe ? unpack('V', _take($reader, 4))
	  :                  unpack('Q<', _take($reader, 8));
}

sub _inputs
{
	my ($reader) = @_;
	my @inputs;

	foreach (1 .. _number($reader))
	{
		push @inputs, shown_hash(_take($reader, 32)) . ':' . unpack('V', _take($reader, 4));
		_take($reader, _number($reader));
		_take($reader, 4);
	}
	return \@inputs;
}

sub _outputs
{
	my ($reader) = @_;
	my @outputs;

	foreach (1 .. _number($reader))
	{
		my $sats = unpack 'Q<', _take($reader, 8);
		push @outputs, { sats => $sats, script => _take($reader, _number($reader)) };
	}
	return \@outputs;
}

# Of the last input: no other matters to anyone.
sub _last_witness
{
	my ($reader, $n_inputs) = @_;
	my @items;

	foreach (1 .. $n_inputs)
	{
		@items = map { _take($reader, _number($reader)) } 1 .. _number($reader);
	}
	return \@items;
}

sub _transaction
{
	my ($reader) = @_;
	my $start   = $reader->{at};
	my $version = _take($reader, 4);
	my $segwit  = substr($reader->{bytes}, $reader->{at}, 1) eq "\x00";

	_take($reader, 2) if $segwit;
	my $body_at = $reader->{at};
	my $inputs  = _inputs($reader);
	my $outputs = _outputs($reader);
	my $body    = substr $reader->{bytes}, $body_at, $reader->{at} - $body_at;
	my $witness = $segwit ? _last_witness($reader, scalar @$inputs) : [];
	my $locktime = _take($reader, 4);
	return {
		txid        => shown_hash(sha256d($version . $body . $locktime)),
		raw         => substr($reader->{bytes}, $start, $reader->{at} - $start),
		inputs      => $inputs,
		outputs     => $outputs,
		witness     => $witness,
		is_coinbase => $inputs->[0] eq NOTHING };
}

# A transaction, remembered for ever.
sub learn
{
	my ($self, $raw) = @_;
	my $tx = $self->{parsed}{$raw};

	return $tx if $tx;
	my $reader = { bytes => $raw, at => 0 };
	$tx = $self->{parsed}{$raw} = $self->_remember(_transaction($reader));
	croak 'bytes behind a transaction' if $reader->{at} != length $raw;
	return $tx;
}

sub _remember
{
	my ($self, $tx) = @_;

	return $self->{tx}{ $tx->{txid} } if $self->{tx}{ $tx->{txid} };
	push @{ $self->{order} }, $tx;
	$self->{tx}{ $tx->{txid} } = $tx;
	unless ($tx->{is_coinbase})
	{
		push @{ $self->{spenders}{$_} }, $tx foreach @{ $tx->{inputs} };
	}
	return $tx;
}

sub _block
{
	my ($self, $raw) = @_;
	my $reader = { bytes => $raw, at => 0 };
	my $header = header_fields(_take($reader, 80));
	my @txs    = map { $self->_remember(_transaction($reader)) } 1 .. _number($reader);

	croak 'bytes behind a block' if $reader->{at} != length $raw;
	return { raw => $raw, hash => block_hash($raw), prev => $header->{prev}, time => $header->{time}, txs => \@txs };
}

#
# Where everything is
#

# blocks: [ height, hash, raw ] each, of all heights from the first one on.
sub update
{
	my ($self, %now) = @_;
	my @new = @{ $now{blocks} };

	splice @{ $self->{blocks} }, $new[0][0] if @new;
	foreach (@new)
	{
		my ($height, $hash, $raw) = @$_;
		my $block = $self->_block($raw);
		croak "block $height is not $hash" if $block->{hash} ne $hash;
		croak "block $height does not follow the one before"
		  if $height != @{ $self->{blocks} } || $height && $block->{prev} ne $self->{blocks}[-1]{hash};
		push @{ $self->{blocks} }, $block;
	}
	$self->{mempool} = [ map { $self->learn($_) } @{ $now{mempool} } ];
	$self->{height} = $now{height};
	croak "block $now{height} is not $now{hash}" if $self->{blocks}[ $now{height} ]{hash} ne $now{hash};
	$self->_locate;
	return;
}

sub _locate
{
	my ($self) = @_;
	my (%height_of, %seen);

	foreach my $height (0 .. $#{ $self->{blocks} })
	{
		foreach my $tx (@{ $self->{blocks}[$height]{txs} })
		{
			if ($height <= $self->{height}) { $height_of{ $tx->{txid} } = $height }
			elsif (!$tx->{is_coinbase}) { $seen{ $tx->{txid} } = 1 }
		}
	}
	$seen{ $_->{txid} } = 1 foreach @{ $self->{mempool} };
	$self->{height_of} = \%height_of;
	$self->{seen}      = \%seen;
	return;
}

# The highest block there is, followed or not.
sub top
{
	return $#{ $_[0]->{blocks} };
}

# There are blocks that are not followed yet.
sub is_behind
{
	return $_[0]->{height} < $_[0]->top;
}

sub fate
{
	my ($self, $txid) = @_;

	return 'confirmed' if exists $self->{height_of}{$txid};
	return 'seen' if $self->{seen}{$txid};
	return $self->{tx}{$txid} ? 'dead' : 'unknown';
}

sub is_live
{
	return $_[0]->fate($_[1]) =~ /^(?:confirmed|seen)$/;
}

# Height of a confirmed transaction, else undef.
sub height_of
{
	return $_[0]->{height_of}{ $_[1] };
}

sub hash_at
{
	return $_[0]->{blocks}[ $_[1] ]{hash};
}

# In seconds: the median of the block's time and those of ten before it.
sub median_time
{
	my ($self, $height) = @_;
	my $first = $height < MEDIAN_BLOCKS ? 0 : $height - MEDIAN_BLOCKS + 1;
	my @times = sort { $a <=> $b } map { $_->{time} } @{ $self->{blocks} }[ $first .. $height ];

	return $times[ @times / 2 ];
}

# The transaction that spends an outpoint, if it is in the chain or the mempool.
sub spender
{
	my ($self, $outpoint) = @_;
	my @live = grep { $self->is_live($_->{txid}) } @{ $self->{spenders}{$outpoint} || [] };

	croak "outpoint $outpoint is spent twice" if @live > 1;
	return $live[0];
}

# Has the chain spent what a transaction spends, or what one of its ancestors
# among the known ones does?
sub is_beaten
{
	my ($self, $txid, $known) = @_;
	my $tx = $self->{tx}{$txid};

	return 0 if exists $self->{height_of}{$txid} || $tx->{is_coinbase};
	foreach my $input (@{ $tx->{inputs} })
	{
		return 1 if any { $_ != $tx && exists $self->{height_of}{ $_->{txid} } } @{ $self->{spenders}{$input} };
		my ($parent) = split /:/, $input;
		return 1 if $self->{tx}{$parent} && $known->{$parent} && $self->is_beaten($parent, $known);
	}
	return 0;
}

# Those that spend its outputs, and so on, whatever their fate.
sub descendants
{
	my ($self, $tx) = @_;
	my @found = ($tx);
	my %known = ($tx->{txid} => 1);

	for (my $i = 0; $i < @found; $i++)
	{
		foreach my $vout (0 .. $#{ $found[$i]{outputs} })
		{
			push @found, grep { !$known{ $_->{txid} }++ } @{ $self->{spenders}{"$found[$i]{txid}:$vout"} || [] };
		}
	}
	shift @found;
	return @found;
}

1;
