# What the benchmarks have in common: sessions that time a statement, and rows
# for the table that test/bench/table.pl prints.
#
#	my $session = CharmBills::Bench->session('bench_small');
#	my $ms = $session->time_statement('SELECT 1');
#	bench_row('a statement', '1.0 ms', 'another', '0.5 times', '<= 1.3 times');
package CharmBills::Bench;

use strict;
use warnings;

use Carp qw(croak);
use Exporter qw(import);
use File::Temp ();
use IPC::Open2;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(bench_row bench_skip create_database durability figures median megabytes milliseconds
  per_second pgbench private_kilobytes psql_file script_latencies times_of worker_database worker_status);

use constant END_OF_ANSWER => 'end of answer';

# Columns: what, figure, against what, ratio, target; a remark goes below the table.
sub bench_row
{
	my @columns = map { defined $_ ? $_ : '' } @_[ 0 .. 5 ];

	open my $file, '>>', $ENV{BENCH_RESULTS} or croak "cannot write $ENV{BENCH_RESULTS}: $!";
	print $file join("\t", @columns), "\n";
	close $file or croak "cannot write $ENV{BENCH_RESULTS}: $!";
	return;
}

sub bench_skip
{
	my ($what, $reason) = @_;

	return bench_row($what, 'skipped', $reason);
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;

	return $sorted[ @sorted / 2 ];
}

sub milliseconds
{
	my ($ms) = @_;

	return sprintf $ms < 10 ? '%.2f ms' : $ms < 100 ? '%.1f ms' : '%.0f ms', $ms;
}

sub megabytes
{
	my ($kilobytes) = @_;

	return sprintf '%.2f MB', $kilobytes / 1024;
}

sub per_second
{
	my ($rate) = @_;

	return sprintf '%.0f/s', $rate;
}

sub times_of
{
	my ($figure, $base) = @_;

	return sprintf '%.2f times', $figure / $base;
}

# What a program prints, as "name, tab, milliseconds" in each line.
sub figures
{
	my (@command) = @_;

	open my $pipe, '-|', @command or croak "cannot run $command[0]: $!";
	my %figures = map { chomp; split /\t/ } <$pipe>;
	CORE::close $pipe or croak "$command[0] failed";
	return %figures;
}

# A database with the extension; settings of its own.
sub create_database
{
	my ($name, %settings) = @_;
	my $admin = CharmBills::Bench->session('postgres');

	$admin->query("CREATE DATABASE $name");
	$admin->query("ALTER DATABASE $name SET $_ = '$settings{$_}'") foreach sort keys %settings;
	$admin->close;
	my $session = CharmBills::Bench->session($name);
	$session->query('CREATE EXTENSION charmbills');
	return $session;
}

# A database whose worker follows the node at a URL, once it is in step.  The
# settings are the server's.
sub worker_database
{
	my ($name, $url, %settings) = @_;
	my $session = create_database($name, 'charmbills.network' => 'regtest', 'charmbills.rpc_url' => $url);
	my $deadline = time + 60;

	$settings{'charmbills.databases'} = $name;
	$session->query("ALTER SYSTEM SET $_ = '$settings{$_}'") foreach sort keys %settings;
	$session->query('SELECT pg_reload_conf()');
	until (worker_status($session, 'state') eq 'waiting')
	{
		croak 'the worker does not follow: ' . worker_status($session, 'last_error') if time > $deadline;
		$session->query('SELECT charmbills.wake_worker()');
		sleep 0.2;
	}
	return $session;
}

sub worker_status
{
	my ($session, $column) = @_;

	return $session->query("SELECT $column FROM charmbills.worker_status() WHERE database = current_database()");
}

# How the server treats its disk, for a remark.
sub durability
{
	my ($session) = @_;

	return join ', ', map { "$_ " . $session->query("SHOW $_") } qw(fsync synchronous_commit);
}

# Of a process, without the memory shared by the server's, which fills as it is used.
sub private_kilobytes
{
	my ($process) = @_;

	open my $status, '<', "/proc/$process/status" or croak "cannot read the status of $process: $!";
	my ($kilobytes) = map { /^RssAnon:\s*([0-9]+) kB/ ? $1 : () } <$status>;
	CORE::close $status;
	return $kilobytes;
}

# Runs scripts as prepared statements; what pgbench prints.  The arguments are
# its options, and texts of scripts as references, of which it takes one at
# random each time.
sub pgbench
{
	my ($database, @arguments) = @_;
	my @files;

	foreach my $argument (@arguments)
	{
		next unless ref $argument;
		my $file = File::Temp->new(SUFFIX => '.sql');
		print $file $$argument;
		$file->flush;
		push @files, $file;
		$argument = "-f$file";
	}
	open my $pipe, '-|', 'pgbench', '-n', '-M', 'prepared', @arguments, $database or croak "cannot run pgbench: $!";
	my $output = join '', <$pipe>;
	CORE::close $pipe or croak "pgbench failed: $output";
	return $output;
}

# Microseconds that each of several scripts took, as the client sees it, in the
# order in which they were given.
sub script_latencies
{
	my ($output) = @_;

	return map { 1000 * $_ } $output =~ /^SQL script \d+: \S+\n(?: - .*\n)*? - latency average = ([0-9.]+) ms/mg;
}

# Runs a file of SQL, its variables given.
sub psql_file
{
	my ($database, $file, %variables) = @_;
	my @variables = map { ('-v', "$_=$variables{$_}") } sort keys %variables;

	system('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', @variables, '-d', $database, '-f', $file) == 0
	  or croak "$file failed";
	return;
}

sub session
{
	my ($class, $database) = @_;
	my $pid = open2(my $out, my $in, 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $database);
	my $self = bless { in => $in, out => $out, pid => $pid }, $class;

	$self->{in}->autoflush(1);
	return $self;
}

# The rows' text.
sub query
{
	my ($self, $sql) = @_;
	my @lines;

	print { $self->{in} } "$sql;\n\\echo ", END_OF_ANSWER, "\n";
	while (defined(my $line = readline $self->{out}))
	{
		chomp $line;
		return join "\n", @lines if $line eq END_OF_ANSWER;
		push @lines, $line;
	}
	croak "the session has ended in: $sql";
}

# Milliseconds, from sending the statement to its result.
sub time_statement
{
	my ($self, $sql) = @_;
	my $answer = $self->query("\\timing on\n$sql;\n\\timing off\nSELECT");

	$answer =~ /^Time: ([0-9.]+) ms/m or croak "no time in: $answer";
	return $1;
}

# The same, after other statements that take their time, and nothing of it stays.
sub time_undone
{
	my ($self, $sql, @before) = @_;

	$self->query($_) foreach 'BEGIN', @before;
	my $ms = $self->time_statement($sql);
	$self->query('ROLLBACK');
	return $ms;
}

sub close
{
	my ($self) = @_;

	CORE::close $self->{in};
	waitpid $self->{pid}, 0;
	return;
}

1;
