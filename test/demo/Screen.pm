# What the person sees: titles, facts, and a table whose rows appear one by one.
package Screen;

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(coloured sats shortened);

my %code_of = (bold => 1, faint => 2, red => 31, green => 32, yellow => 33);
my %colour_of = (
	(map { $_ => 'green' } qw(paid active confirmed yes ok)),
	(map { $_ => 'yellow' } 'processing', 'in mempool', qw(past_due paused)),
	(map { $_ => 'red' } qw(expired refused)));

sub new
{
	my ($class) = @_;

	$| = 1;
	return bless { is_coloured => -t STDOUT && !exists $ENV{NO_COLOR} }, $class;
}

sub paint
{
	my ($self, $colour, $text) = @_;

	return $text unless $self->{is_coloured} && defined $colour;
	return "\e[$code_of{$colour}m$text\e[0m";
}

sub title
{
	my ($self, $title, $explanation) = @_;

	print "\n", $self->paint(bold => $title), "\n", '=' x length $title, "\n";
	print "$explanation\n" if defined $explanation;
	return;
}

sub heading
{
	my ($self, $heading, $function) = @_;

	print "\n", $self->paint(bold => $heading);
	print '   ', $self->paint(faint => $function) if defined $function;
	print "\n";
	return;
}

sub say
{
	my ($self, $line) = @_;

	print "$line\n";
	return;
}

# Pairs of a name and what it is, which may be [ colour, text ].
sub facts
{
	my ($self, @facts) = @_;
	my $width = 0;

	for (my $i = 0; $i < @facts; $i += 2)
	{
		$width = length $facts[$i] if length $facts[$i] > $width;
	}
	while (my ($name, $fact) = splice @facts, 0, 2)
	{
		printf "  %-*s   %s\n", $width, $name, ref $fact ? $self->paint(@$fact) : $fact;
	}
	return;
}

# Columns are [ title, width ].
sub table
{
	my ($self, @columns) = @_;

	$self->{columns} = \@columns;
	print '  ', $self->paint(faint => $self->_line(map { $_->[0] } @columns)), "\n";
	return;
}

# Cells may be [ colour, text ].
sub line
{
	my ($self, @cells) = @_;

	print '  ', $self->_line(@cells), "\n";
	return;
}

sub _line
{
	my ($self, @cells) = @_;
	my @texts;

	foreach my $column (@{ $self->{columns} })
	{
		my $cell = shift @cells;
		my ($colour, $text) = ref $cell ? @$cell : (undef, $cell);
		my $padding = ' ' x (@cells && length $text < $column->[1] ? $column->[1] - length $text : 0);
		push @texts, $self->paint($colour, $text) . $padding;
	}
	return join '  ', @texts;
}

# A word in the colour that it always has, as a cell or a fact.
sub coloured
{
	my ($word) = @_;

	return defined $colour_of{$word} ? [ $colour_of{$word}, $word ] : $word;
}

# 50 000 sats
sub sats
{
	my ($sats) = @_;

	1 while $sats =~ s/(\d)(\d{3})\b/$1 $2/;
	return "$sats sats";
}

sub shortened
{
	my ($text) = @_;

	return substr($text, 0, 16) . '...' . substr($text, -12);
}

1;
