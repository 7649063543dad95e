# CBOR as Charms writes it, read into plain values by code that has nothing in
# common with the code under test.
#
#	my $item = read_cbor($bytes);		# dies of what is not canonical
#
# An item is { type, value, raw }: unsigned, negative (what it is), bytes, text,
# array (of items), map (of pairs of items, in order), or simple (false, true,
# null); and its own bytes.  Tags and floats, which no spell needs, are refused.
package CharmBills::CborReader;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(read_cbor);

use constant MAX_DEPTH => 64;

my @types  = qw(unsigned negative bytes text array map tag simple);
my %simple = (20 => 'false', 21 => 'true', 22 => 'null');

# Of a head that is longer than one byte: how long, and the least it is for.
my %form = (24 => [ 1, 'C', 24 ], 25 => [ 2, 'n', 0x100 ], 26 => [ 4, 'N', 0x10000 ], 27 => [ 8, 'Q>', 2**32 ]);

sub read_cbor
{
	my ($bytes) = @_;
	my $reader = { bytes => $bytes, at => 0 };
	my $item   = _item($reader, 0);

	die "more than one item\n" if $reader->{at} != length $bytes;
	return $item;
}

sub _take
{
	my ($reader, $n) = @_;

	die "truncated\n" if $n > length($reader->{bytes}) - $reader->{at};
	$reader->{at} += $n;
	return substr $reader->{bytes}, $reader->{at} - $n, $n;
}

sub _head
{
	my ($reader) = @_;
	my $first = ord _take($reader, 1);
	my ($type, $short) = ($types[ $first >> 5 ], $first & 0x1f);

	return ($type, $short) if $short < 24;
	my $form = $form{$short} or die "no definite length\n";
	my ($size, $template, $least) = @$form;
	my $value = unpack $template, _take($reader, $size);
	die "not the shortest form\n" if $value < $least;
	return ($type, $value);
}

sub _item
{
	my ($reader, $depth) = @_;

	die "too deep\n" if $depth > MAX_DEPTH;
	my $start = $reader->{at};
	my ($type, $n) = _head($reader);
	my $value =
	    $type eq 'unsigned' ? $n
	  : $type eq 'negative' ? -1 - $n
	  : $type eq 'bytes'    ? _take($reader, $n)
	  : $type eq 'text'     ? _text($reader, $n)
	  : $type eq 'array'    ? _array($reader, $n, $depth)
	  : $type eq 'map'      ? _map($reader, $n, $depth)
	  :                       undef;
	$value = $simple{$n} if $type eq 'simple' && $reader->{at} == $start + 1;
	die "a $type that no spell needs\n" unless defined $value;
	return { type => $type, value => $value, raw => substr($reader->{bytes}, $start, $reader->{at} - $start) };
}

sub _text
{
	my ($reader, $n) = @_;
	my $text = _take($reader, $n);

	die "no UTF-8\n" unless utf8::decode(my $copy = $text);
	return $text;
}

sub _array
{
	my ($reader, $n, $depth) = @_;

	die "truncated\n" if $n > length $reader->{bytes};
	return [ map { _item($reader, $depth + 1) } 1 .. $n ];
}

sub _map
{
	my ($reader, $n, $depth) = @_;
	my (@pairs, %seen);

	die "truncated\n" if $n > length $reader->{bytes};
	foreach (1 .. $n)
	{
		my $start = $reader->{at};
		my $key   = _item($reader, $depth + 1);
		die "a key comes twice\n" if $seen{ substr $reader->{bytes}, $start, $reader->{at} - $start }++;
		push @pairs, [ $key, _item($reader, $depth + 1) ];
	}
	return \@pairs;
}

1;
