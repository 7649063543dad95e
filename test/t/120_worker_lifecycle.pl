# The worker's life: killed at any moment, stopped, dropped under its feet, and
# the launcher that starts it again.
use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);

use CharmBills::Bitcoin qw(block_hash);
use CharmBills::FaultNode;
use CharmBills::Worker;

my @chain = CharmBills::FaultNode->chain(320);
my $node  = CharmBills::FaultNode->new(blocks => [ @chain[ 0 .. 119 ] ]);
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => {
		'charmbills.databases' => 'postgres, shop, no_such_database',
		'charmbills.start_height' => 2,
		'charmbills.rpc_timeout' => '30s' });
$server->start;

#
# Killed while it catches up: nothing is lost, nothing is doubled
#
$server->wait_for_tip(block_hash($chain[119]), 'the worker follows');
my $kills = 0;
foreach my $i (1 .. 20)
{
	my $pid = $server->worker_pid;
	$node->append(@chain[ 110 + 10 * $i .. 119 + 10 * $i ]);
	$server->sql('SELECT charmbills.wake_worker()');
	sleep rand 0.15;
	$kills += kill 'KILL', $pid;
	# The server restarts all its processes, and forgets nothing.
	$server->wait_for('SELECT pid IS NOT NULL AND pid <> ' . $pid
		  . ' FROM charmbills.worker_status() WHERE database = current_database()', 't', "kill $i: another process takes over");
}
is($kills, 20, 'twenty processes were killed');
$server->wait_for_tip(block_hash($chain[-1]), 'the last one comes to the tip');
is($server->sql('SELECT count(*), count(DISTINCT height), min(height), max(height) FROM charmbills.blocks'),
	'319|319|2|320', 'each block is there once');
is($server->sql('SELECT string_agg(hash, \' \' ORDER BY height) FROM charmbills.blocks'),
	join(' ', map { block_hash($_) } @chain[ 1 .. $#chain ]), 'and they are those of the node');

#
# A mistyped name, and a database that comes later
#
like($server->log_since(0), qr/no charmbills worker for database "no_such_database": there is no such database/,
	'a mistyped name is complained of');
is(scalar(() = $server->log_since(0) =~ /background worker "charmbills worker" \(PID \d+\) exited with exit code/g), 0,
	'and starts no process');
$server->sql('CREATE DATABASE shop');
$server->wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND backend_type = 'charmbills worker'},
	1, 'a database made later gets its worker');
$server->wait_for(q{SELECT state FROM charmbills.worker_status() WHERE database = 'shop'}, 'no extension',
	'which waits for the extension');
$server->sql('CREATE EXTENSION charmbills; SELECT charmbills.wake_worker()', database => 'shop');
$server->wait_for_tip(block_hash($chain[-1]), 'then it follows as well', database => 'shop');
cmp_ok($node->in_flight, '<=', 1, 'two workers keep one long-poll open between them');

#
# The extension and the database go
#
$server->sql('DROP EXTENSION charmbills CASCADE', database => 'shop');
$server->wait_for(q{SELECT state FROM charmbills.worker_status() WHERE database = 'shop'}, 'no extension',
	'DROP EXTENSION is noticed', timeout => 20);
my $began = time;
$server->sql('DROP DATABASE shop WITH (FORCE)');
cmp_ok(time - $began, '<', 3, 'DROP DATABASE WITH (FORCE) is not held up');
$server->wait_for(q{SELECT count(*) FROM charmbills.worker_status()}, 1, 'its worker is gone');

#
# Stopping and starting, terminating
#
my $pid = $server->worker_pid;
is($server->sql('SELECT charmbills.worker_stop()'), 't', 'the worker is told to stop');
$server->wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'charmbills worker'}, 0, 'it does');
$server->sql('CREATE DATABASE copy TEMPLATE postgres; DROP DATABASE copy', database => 'template1');
pass('so that the database can be copied');
is($server->sql('SELECT charmbills.worker_start()'), 't', 'it is told to start');
$server->wait_for_new_pid($pid, 'it does');
$pid = $server->worker_pid;
$server->sql("SELECT pg_terminate_backend($pid)");
$server->wait_for_new_pid($pid, 'a terminated worker is started again');

#
# Taken out of the list, and back in
#
$server->set('charmbills.databases' => 'shop');
$server->wait_for(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'charmbills worker'}, 0,
	'a database that is no longer listed loses its worker');
$server->set('charmbills.databases' => 'postgres');
$server->wait_for_state('waiting', 'and gets one again');

#
# In the middle of a request
#
$node->fault('hang');
$node->forget;
$server->sql('SELECT charmbills.wake_worker()');
my $deadline = time + 20;
sleep 0.05 until $node->calls->{getblockchaininfo} || time > $deadline;
ok($node->calls->{getblockchaininfo}, 'the node has been asked, and will never answer');
$pid = $server->worker_pid;
ok(kill('HUP', $pid), 'a reload then does no harm');
$began = time;
$server->cluster->stop('fast');
cmp_ok(time - $began, '<', 2, 'a fast shutdown does not wait for the answer');
unlike($server->log_since(0), qr/PANIC|signal 11/, 'nothing crashed');

done_testing();
