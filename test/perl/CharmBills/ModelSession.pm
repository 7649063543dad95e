# One psql for thousands of statements: what goes in with one write comes out
# with one read.
#
#	my $session = CharmBills::ModelSession->new($cluster->connstr('postgres'));
#	my @lines = $session->run('SELECT 1; SELECT 2');
#
# Errors come as lines too: "ERROR:  CB001: ...".
package CharmBills::ModelSession;

use strict;
use warnings;

use Carp qw(croak);
use IPC::Open3 qw(open3);

use constant END_MARK => '=== end of answer ===';

my $timeout = 120;

sub new
{
	my ($class, $connection) = @_;
	my $pid = open3(my $in, my $out, undef, 'psql', '-XAtq', '-d', $connection);
	my $self = bless { in => $in, out => $out, pid => $pid, owner => $$ }, $class;

	$in->autoflush(1);
	$self->run("\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never");
	return $self;
}

sub run
{
	my ($self, $statements) = @_;
	my ($in, $out) = @$self{qw(in out)};
	my @lines;

	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { croak "no answer within $timeout seconds" };
	alarm $timeout;
	print $in $statements, "\n;\n\\echo '", END_MARK, "'\n" or croak 'psql has gone';
	while (defined(my $line = <$out>))
	{
		chomp $line;
		if ($line eq END_MARK)
		{
			alarm 0;
			return @lines;
		}
		push @lines, $line;
	}
	alarm 0;
	croak join "\n", 'psql has ended:', @lines;
}

# The one line that a statement gives.
sub one
{
	my ($self, $statement) = @_;
	my @lines = $self->run($statement);

	croak join "\n", $statement, @lines if @lines != 1 || $lines[0] =~ /^ERROR/;
	return $lines[0];
}

sub close
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	CORE::close $self->{in};
	CORE::close $self->{out};
	waitpid delete $self->{pid}, 0;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);

	$self->close;
	return;
}

1;
