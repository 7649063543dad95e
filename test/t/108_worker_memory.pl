# Thousands of requests leave the worker as large as it was.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(block_hash);
use CharmBills::FaultNode;
use CharmBills::Worker;
use PostgreSQL::Test::Utils;

plan skip_all => 'no /proc' unless -r '/proc/self/status';

use constant {
	BLOCKS    => 500,
	REQUESTS  => 2000,
	# kB.  A leak of one small answer a request would be more.
	MAX_GROWTH => 512 };

my @chain  = CharmBills::FaultNode->chain(BLOCKS);
my $node   = CharmBills::FaultNode->new(blocks => \@chain);
my $server = CharmBills::Worker->new(node => $node, settings => { 'charmbills.start_height' => 2 });
$server->start;
$server->wait_for_tip(block_hash($chain[-1]), 'the worker follows');

# Memory of its own: what it maps of shared memory grows as it is touched.
sub memory
{
	my ($size) = slurp_file('/proc/' . $server->worker_pid . '/status') =~ /^RssAnon:\s+(\d+) kB/m;

	return $size;
}

sub rescan
{
	my $job = $server->sql('SELECT charmbills.chain_rescan(2)');

	return $server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", 'done', 'a rescan');
}

plan skip_all => 'no RssAnon' unless defined memory();

# Caches fill once.
rescan();
my $pid      = $server->worker_pid;
my $memory   = memory();
my $requests = $server->status('requests');
rescan() while $server->status('requests') - $requests < REQUESTS;
is($server->worker_pid, $pid, 'it is the same process');
my $growth = memory() - $memory;
cmp_ok($growth, '<', MAX_GROWTH, "it has grown by $growth kB from $memory kB");

$server->cluster->stop;
done_testing();
