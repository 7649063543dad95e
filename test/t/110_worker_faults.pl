# Whatever a node does wrong: worker_status() shows it, nothing crashes, and the
# worker goes on as soon as the node does.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(block_hash REGTEST_GENESIS);
use CharmBills::FaultNode;
use CharmBills::Worker;

my @chain = CharmBills::FaultNode->chain(110);
my $next  = 0;

my $node   = CharmBills::FaultNode->new(blocks => \@chain);
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => { 'charmbills.rpc_timeout' => '1s', 'charmbills.poll_interval' => '1s' });
$server->start;

sub tip { return block_hash($chain[-1]) }

# One more block on the node's chain.
sub append
{
	my ($block) = CharmBills::FaultNode->chain(1, prev => tip(), height => @chain + 1,
		time => unpack('V', substr $chain[-1], 68, 4) + 600);

	push @chain, $block;
	return $node->append($block);
}

sub wake { return $server->sql('SELECT charmbills.wake_worker()') }

$server->wait_for_tip(tip(), 'the worker follows the node');
my $pid = $server->worker_pid;

# Each with a block that comes meanwhile, and arrives when the fault is over.
my @faults = (
	[ 'no listener', sub { $node->refuse }, 'node unreachable', qr/Couldn't connect|refused/i ],
	[ 'slow answers', sub { $node->fault('slow', seconds => 3) }, 'node unreachable', qr/timed out/i ],
	[ 'no answer', sub { $node->fault('hang') }, 'node unreachable', qr/timed out/i ],
	[ 'closed connections', sub { $node->fault('drop') }, 'node unreachable', qr/does not answer/ ],
	[ 'HTTP 401', sub { $node->fault('401') }, 'credentials refused', qr/refuses the credentials/ ],
	[ 'HTTP 403', sub { $node->fault('403') }, 'credentials refused', qr/forbids/ ],
	[ 'HTTP 500', sub { $node->fault('500') }, 'node misbehaves', qr/not JSON/ ],
	[ 'HTTP 503', sub { $node->fault('503') }, 'node unreachable', qr/too many requests/ ],
	[ 'half an answer', sub { $node->fault('truncated') }, qr/^node (misbehaves|unreachable)$/, qr/node/ ],
	[ 'garbage', sub { $node->fault('garbage') }, 'node misbehaves', qr/not JSON/ ],
	[ 'a huge answer', sub { $node->fault('oversized', bytes => 30_000_000) }, 'node misbehaves', qr/longer than/ ],
	[ 'a huge answer unannounced', sub { $node->fault('oversized', bytes => 30_000_000, announce => 0) },
		'node misbehaves', qr/longer than/ ],
	[ 'warming up', sub { $node->fault('error', code => -28, message => 'Loading block index...') },
		'node warming up', qr/Loading block index/ ],
	[ 'refused blocks', sub { $node->fault('error', code => -5, message => 'Block not found', method => 'getblock') },
		'failing', qr/refuses getblock: Block not found/ ],
	[ 'huge blocks', sub { $node->fault('oversized', bytes => 30_000_000, method => 'getblock') },
		'node misbehaves', qr/longer than/ ]);

foreach my $case (@faults)
{
	my ($name, $break, $state, $error) = @$case;

	subtest $name => sub {
		my $before = $server->status('tip_height');
		$break->();
		append();
		wake();
		$server->wait_for_state($state, 'the state says it');
		like($server->status('last_error'), $error, 'the error says more');
		is($server->sql('SELECT height FROM charmbills.chain_tip()'), $before, 'nothing was applied');
		$node->heal;
		$node->listen if $name eq 'no listener';
		wake();
		$server->wait_for_tip(tip(), 'afterwards the worker catches up');
	};
}

subtest 'another block than the one asked for' => sub {
	$node->set(wrong_block => block_hash($chain[4]));
	append();
	wake();
	$server->wait_for_state('failing', 'the state says it');
	like($server->status('last_error'), qr/does not follow on ours/, 'the error says more');
	$node->set(wrong_block => undef);
	wake();
	$server->wait_for_tip(tip(), 'afterwards the worker catches up');
};

subtest 'another network' => sub {
	foreach my $lie ([ chain => 'main', 'regtest' ],
		[ genesis => '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f', REGTEST_GENESIS ])
	{
		my ($key, $value, $truth) = @$lie;
		$node->set($key => $value);
		append();
		wake();
		$server->wait_for_state('wrong network', "the $key gives it away");
		isnt($server->sql('SELECT hash FROM charmbills.chain_tip()'), tip(), 'nothing of it is applied');
		$node->set($key => $truth);
		wake();
		$server->wait_for_tip(tip(), 'afterwards the worker catches up');
	}
};

subtest 'a node that is behind' => sub {
	my $tip = tip();
	$node->go_back(3);
	wake();
	$server->wait_for_state('node behind', 'is waited for');
	is($server->sql('SELECT hash FROM charmbills.chain_tip()'), $tip, 'our chain stays as it is');
	$node->append(@chain[ -3 .. -1 ]);
	append();
	wake();
	$server->wait_for_tip(tip(), 'until it has come up');
};

subtest 'a node without long-poll' => sub {
	$node->set(missing => [ 'waitfornewblock', 'waitforblockheight', 'getnetworkinfo' ]);
	append();
	$server->wait_for_tip(tip(), 'is polled');
	$node->set(missing => []);
};

subtest 'a pruned node' => sub {
	$node->fault('drop');
	append() foreach 1 .. 5;
	$node->set(prune_height => scalar @chain);
	$node->heal;
	wake();
	$server->wait_for_state('stopped', 'stops the worker');
	like($server->sql('SELECT stopped_reason FROM charmbills.chain_state'), qr/pruned the blocks from/, 'which says why');
	$server->sql(sprintf "SELECT charmbills.chain_accept(%d, '%s')", scalar @chain, tip());
	append();
	wake();
	$server->wait_for_tip(tip(), 'until an operator accepts the gap');
	$node->set(prune_height => undef);
};

subtest 'a password file' => sub {
	my $file = PostgreSQL::Test::Utils::tempdir_short() . '/password';
	PostgreSQL::Test::Utils::append_to_file($file, "regtest-password\n");
	chmod 0644, $file or die "chmod: $!";
	$server->set('charmbills.rpc_password' => undef, 'charmbills.rpc_password_file' => $file);
	$server->wait_for_state('credentials refused', 'that others can read is not used');
	like($server->status('last_error'), qr/is not private/, 'the error says why');
	chmod 0600, $file or die "chmod: $!";
	append();
	wake();
	$server->wait_for_tip(tip(), 'a private one is');
};

is($server->worker_pid, $pid, 'all that in one process');
my $log = $server->log_since(0);
unlike($log, qr/exited with exit code|terminated by signal|PANIC/, 'that never ended');
unlike($log, qr/regtest-password/, 'and never told the password');

$server->cluster->stop;
done_testing();
