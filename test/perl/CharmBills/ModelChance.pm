# Chance, the same after the same srand().
package CharmBills::ModelChance;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(between chance pick pick_recent random_hex weighted);

sub between
{
	my ($low, $high) = @_;

	return $low + int rand($high - $low + 1);
}

sub chance
{
	return rand() < $_[0];
}

sub pick
{
	return @_ ? $_[ rand @_ ] : undef;
}

sub weighted
{
	my %weight = @_;
	my @names = map { $_[ 2 * $_ ] } 0 .. $#_ / 2;
	my $total = 0;

	$total += $_ foreach values %weight;
	my $at = rand $total;
	foreach (@names)
	{
		return $_ if ($at -= $weight{$_}) < 0;
	}
	return $names[-1];
}

# Mostly one of the newest.
sub pick_recent
{
	my (@list) = @_;

	return pick(@list > 6 && chance(0.7) ? @list[ -6 .. -1 ] : @list);
}

sub random_hex
{
	my ($bytes) = @_;

	return join '', map { sprintf '%02x', int rand 256 } 1 .. $bytes;
}

1;
