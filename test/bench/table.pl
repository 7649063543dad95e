#!/usr/bin/env perl
# Prints the rows of a file, tab-separated, as a table; their remarks below it.
use strict;
use warnings;

use List::Util qw(max);

my @rows = ([ 'what', 'figure', 'against', 'ratio', 'target' ]);
my @remarks;

while (my $line = <>)
{
	chomp $line;
	my @columns = split /\t/, $line, -1;
	push @remarks, $columns[5] if length $columns[5];
	push @rows, [ @columns[ 0 .. 4 ] ];
}

my @widths = map { my $column = $_; max map { length $_->[$column] } @rows } 0 .. 4;
splice @rows, 1, 0, [ map { '-' x $_ } @widths ];
foreach my $row (@rows)
{
	my $line = join '  ', map { sprintf '%-*s', $widths[$_], $row->[$_] } 0 .. 4;
	print $line =~ s/\s+$//r, "\n";
}
print "\n$_\n" foreach @remarks;
