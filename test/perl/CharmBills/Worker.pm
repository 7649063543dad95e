# A private PostgreSQL server with charmbills' background worker.
#
#	my $server = CharmBills::Worker->new(node => $node);
#	$server->start;
#	$server->wait_for_tip($node->tip);
#
# Nothing here sleeps and hopes: every wait is for a row, a pid or a log line.
package CharmBills::Worker;

use strict;
use warnings;

use Carp qw(croak);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $timeout = $ENV{CHARMBILLS_TEST_TIMEOUT} || 60;

# node: what to follow; settings: more of them; databases: beside "postgres",
# without the extension.
sub new
{
	my ($class, %arg) = @_;
	my $cluster = PostgreSQL::Test::Cluster->new($arg{name} || 'main');
	my $self = bless { cluster => $cluster, name => 'postgres' }, $class;
	my %settings = (
		'charmbills.network'          => 'regtest',
		'charmbills.poll_interval'    => '2s',
		'charmbills.mempool_interval' => '1s',
		'charmbills.rpc_timeout'      => '3s',
		%{ $self->_node_settings($arg{node}) },
		%{ $arg{settings} || {} });

	$cluster->init;
	$cluster->append_conf('postgresql.conf', "shared_preload_libraries = 'charmbills'");
	$cluster->append_conf('postgresql.conf', 'restart_after_crash = on');
	$cluster->append_conf('postgresql.conf', "$_ = '$settings{$_}'") foreach sort keys %settings;
	return $self;
}

sub _node_settings
{
	my ($self, $node) = @_;

	return {} unless $node;
	return { 'charmbills.rpc_url' => $node->url, 'charmbills.rpc_cookie_file' => $node->cookie_file }
	  if ($node->{auth} || '') eq 'cookie';
	my ($user, $password) = split /:/, $node->credentials, 2;
	return {
		'charmbills.rpc_url'      => $node->url,
		'charmbills.rpc_user'     => $user,
		'charmbills.rpc_password' => $password };
}

sub cluster { return $_[0]->{cluster} }

# The server with the extension in "postgres".
sub start
{
	my ($self) = @_;

	$self->{cluster}->start;
	$self->sql('CREATE EXTENSION charmbills');
	# The worker looks for the extension every few seconds.
	$self->sql('SELECT charmbills.wake_worker()');
	return $self;
}

# One value, or rows of values separated by "|".
sub sql
{
	my ($self, $sql, %arg) = @_;

	return $self->{cluster}->safe_psql($arg{database} || $self->{name}, $sql);
}

# Change settings while the server runs; undef takes one back.
sub set
{
	my ($self, %settings) = @_;

	foreach my $name (sort keys %settings)
	{
		my $value = $settings{$name};
		$self->sql(defined $value ? "ALTER SYSTEM SET $name = '$value'" : "ALTER SYSTEM RESET $name");
	}
	$self->sql('SELECT pg_reload_conf()');
	return;
}

# Until the query gives the value, or matches the pattern.
sub wait_for
{
	my ($self, $sql, $expected, $what, %arg) = @_;
	my $deadline = time + ($arg{timeout} || $timeout);
	my ($got, $error);

	while (1)
	{
		my ($status, $out, $err) = $self->{cluster}->psql($arg{database} || $self->{name}, $sql, timeout => $timeout);
		$got = $out;
		$error = $err;
		return pass($what)
		  if defined $status && $status == 0 && (ref $expected ? $got =~ $expected : $got eq $expected);
		last if time > $deadline;
		sleep 0.1;
	}
	# What comes after would wait in vain as well.
	fail($what);
	diag("the last answer was '$got' $error; " . $self->status_line($arg{database}));
	die "gave up\n";
}

sub wait_for_tip
{
	my ($self, $hash, $what, %arg) = @_;

	return $self->wait_for('SELECT hash FROM charmbills.chain_tip()', $hash, $what, %arg);
}

sub wait_for_state
{
	my ($self, $state, $what, %arg) = @_;

	return $self->wait_for('SELECT state FROM charmbills.worker_status() WHERE database = current_database()',
		$state, $what, %arg);
}

sub status
{
	my ($self, $column, %arg) = @_;

	return $self->sql("SELECT $column FROM charmbills.worker_status() WHERE database = current_database()", %arg);
}

sub status_line
{
	my ($self, $database) = @_;
	my ($status, $out) = $self->{cluster}->psql($database || $self->{name},
		'SELECT * FROM charmbills.worker_status()', timeout => $timeout);

	return "worker_status: $out";
}

sub worker_pid
{
	my ($self, %arg) = @_;

	return $self->status('pid', %arg);
}

# A pid that is another than the one before.
sub wait_for_new_pid
{
	my ($self, $old, $what, %arg) = @_;

	return $self->wait_for(
		"SELECT pid <> $old FROM charmbills.worker_status() WHERE database = current_database()",
		't', $what, %arg);
}

# Until the worker has sent so many more requests: then it has looked at what
# was there before.
sub wait_for_requests
{
	my ($self, $more, $what) = @_;
	my $goal = $self->status('requests') + $more;

	return $self->wait_for(
		"SELECT requests >= $goal FROM charmbills.worker_status() WHERE database = current_database()", 't', $what);
}

# A session that stays: ->query_safe($sql), ->quit.
sub session
{
	my ($self, %arg) = @_;

	return $self->{cluster}->background_psql($arg{database} || $self->{name});
}

sub log_offset
{
	my ($self) = @_;

	return -s $self->{cluster}->logfile;
}

sub log_since
{
	my ($self, $offset) = @_;

	return slurp_file($self->{cluster}->logfile, $offset);
}

1;
