# A database, asked through psql, answering in Perl's terms.
package Database;

use strict;
use warnings;

use IPC::Open3 qw(open3);
use JSON::PP ();
use Symbol qw(gensym);

sub new
{
	my ($class, $name) = @_;

	return bless { name => $name }, $class;
}

sub name { return $_[0]->{name} }

# Dies with the error as the server put it.
sub run
{
	my ($self, $sql) = @_;
	my $errors = gensym;
	my $pid    = open3(my $in, my $out, $errors, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $self->{name},
		'-c', 'SET search_path = public, charmbills', '-f', '-');

	# Not as an argument: a password does not belong in a list of processes.
	print $in $sql;
	close $in;
	my $answer = do { local $/; <$out> };
	my $error  = do { local $/; <$errors> };
	waitpid $pid, 0;
	die $error if $? != 0;
	return defined $answer ? $answer : '';
}

# Rows of a query, as hashes.
sub rows
{
	my ($self, $query) = @_;
	my $answer = $self->run("SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM ($query) q");

	return @{ JSON::PP->new->decode($answer) };
}

sub row
{
	my ($self, $query) = @_;

	return ($self->rows($query))[0];
}

sub value
{
	my ($self, $query) = @_;
	my $row = $self->row("SELECT ($query) AS value");

	return $row->{value};
}

1;
