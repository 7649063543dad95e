# What models have in common: a list of what is not as it should be, in words.
package CharmBills::ModelCheck;

use strict;
use warnings;

sub _differ
{
	my ($self, $text) = @_;

	push @{ $self->{differences} }, $text;
	return;
}

# Compare the named fields of a row; undef stands for an absent value.
sub _compare
{
	my ($self, $what, $row, %expected) = @_;

	foreach my $field (sort keys %expected)
	{
		my $wanted = defined $expected{$field} ? $expected{$field} : '';
		$self->_differ("$what: $field is '$row->{$field}', not '$wanted'") if $row->{$field} ne $wanted;
	}
	return;
}

sub _same_keys
{
	my ($self, $what, $got, $expected) = @_;

	$self->_differ("$what $_ is missing") foreach sort grep { !exists $got->{$_} } keys %$expected;
	$self->_differ("$what $_ should not be") foreach sort grep { !exists $expected->{$_} } keys %$got;
	return;
}

1;
