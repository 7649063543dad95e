# The node's password: nobody is told it, by whatever way.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(block_hash);
use CharmBills::FaultNode;
use CharmBills::Worker;
use PostgreSQL::Test::Utils;

my @chain    = CharmBills::FaultNode->chain(10);
my @secrets  = map { "secret-number-$_" } qw(one two three file cookie);
my $pattern  = join '|', @secrets;
my $node     = CharmBills::FaultNode->new(blocks => \@chain, credentials => "charmbills:$secrets[0]");
my $server   = CharmBills::Worker->new(settings => {
	'charmbills.rpc_url'  => $node->url,
	'charmbills.rpc_user' => 'charmbills',
	'charmbills.start_height' => 2,
	'log_statement'       => 'none',
	'log_min_messages'    => 'debug1' });
my $conf = $server->cluster->data_dir . '/postgresql.conf';
$server->start;

# As an operator does: into the file, and reload.  A statement would be logged
# where statements are.
sub configure
{
	my (%settings) = @_;

	append_to_file($conf, "$_ = '$settings{$_}'\n") foreach sort keys %settings;
	$server->sql('SELECT pg_reload_conf()');
	return;
}

sub shown { return $server->sql(q{SELECT current_setting('charmbills.rpc_password')}) }

#
# The password of the settings
#
$server->wait_for_state('credentials refused', 'without a password the node refuses');
is(shown(), '', 'none is shown');
configure('charmbills.rpc_password' => $secrets[0]);
$server->wait_for_tip(block_hash($chain[-1]), 'with the right one the worker follows');
is(shown(), '********', 'it is shown as a mask');
configure('charmbills.rpc_password' => $secrets[1]);
$server->sql('SELECT charmbills.wake_worker()');
$server->wait_for_state('credentials refused', 'a wrong one is refused');
unlike($server->status_line, qr/$pattern/, 'worker_status() does not have it');
$node->set_credentials("charmbills:$secrets[1]");
$server->sql('SELECT charmbills.wake_worker()');
$server->wait_for_state('waiting', 'until the node changes as well');

is($server->sql(q{SELECT count(*) FROM pg_settings s WHERE s::text ~ 'secret-number'}), 0, 'pg_settings does not have it');
is($server->sql(q{SELECT count(*) FROM pg_show_all_settings() s WHERE s::text ~ 'secret-number'}), 0, 'nor does SHOW ALL');
is($server->sql(q{SELECT count(*) FROM pg_stat_activity a WHERE a::text ~ 'secret-[n]umber'}), 0, 'nor pg_stat_activity');
unlike($server->sql('SHOW ALL'), qr/$pattern/, 'nor SHOW ALL');
unlike($server->sql('SHOW charmbills.rpc_password'), qr/$pattern/, 'nor SHOW');

foreach my $attempt (
	"SET charmbills.rpc_password = '$secrets[2]'",
	"ALTER DATABASE postgres SET charmbills.rpc_password = '$secrets[2]'",
	"ALTER ROLE CURRENT_USER SET charmbills.rpc_password = '$secrets[2]'",
	"SET charmbills.rpc_url = 'http://user:$secrets[2]\@localhost/'",
	"SET charmbills.rpc_url = 'user:$secrets[2]\@localhost'")
{
	my ($status, $out, $err) = $server->cluster->psql('postgres', "SET log_min_error_statement = panic; $attempt");
	isnt($status, 0, 'refused: ' . $attempt =~ s/'.*//r);
	unlike($err, qr/$pattern/, 'the error does not have it');
}

#
# Somebody else
#
$server->sql('CREATE ROLE visitor LOGIN');
foreach my $name (qw(rpc_password rpc_user rpc_url rpc_password_file rpc_cookie_file))
{
	my ($status, $out, $err) = $server->cluster->psql('postgres', "SHOW charmbills.$name", extra_params => [ '-U', 'visitor' ]);
	isnt($status, 0, "$name is not for everybody");
	unlike("$out$err", qr/$pattern/, 'and the refusal does not have the password');
}

#
# Files
#
my $folder = PostgreSQL::Test::Utils::tempdir_short();
foreach my $case ([ rpc_password_file => "$secrets[3]\n" ], [ rpc_cookie_file => "charmbills:$secrets[4]" ])
{
	my ($setting, $content) = @$case;
	my $secret = $content =~ s/^charmbills:|\n//gr;

	append_to_file("$folder/$setting", $content);
	chmod 0600, "$folder/$setting" or die "chmod: $!";
	$node->set_credentials("charmbills:$secret");
	configure("charmbills.$setting" => "$folder/$setting");
	$server->sql('SELECT charmbills.wake_worker()');
	$server->wait_for("SELECT last_contact_at > now() - interval '1 second' AND state = 'waiting' FROM charmbills.worker_status()",
		't', "$setting: the node takes what the file has");
	is($server->sql(q{SELECT count(*) FROM pg_settings s WHERE s::text ~ 'secret-number'}), 0, 'pg_settings does not have it');
}

#
# What is written down
#
my $dump = $server->cluster->basedir . '/dump.sql';
$server->cluster->command_ok([ 'pg_dumpall', '-f', $dump ], 'a dump of everything');
unlike(slurp_file($dump), qr/$pattern/, 'has no password');
unlike(slurp_file($server->cluster->logfile), qr/$pattern/, 'nor has the log of all that');

$server->cluster->stop;
done_testing();
