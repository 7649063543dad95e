#!/usr/bin/env perl
# What the worker's memory grows by in ten thousand requests to the node, after
# those in which it made its plans and filled its caches.
use strict;
use warnings;

use Time::HiRes qw(sleep time);

use CharmBills::Bench qw(bench_row bench_skip megabytes private_kilobytes times_of worker_database worker_status);
use CharmBills::Node;

use constant { WARM_UP => 2_000, REQUESTS => 10_000, BATCH => 500, TIMEOUT => 60 };

my $what = 'worker memory after 10,000 requests';

unless (CharmBills::Node->find)
{
	bench_skip($what, 'there is no Bitcoin node');
	exit 0;
}
my $node = CharmBills::Node->new;
$node->start;
$node->mine(101);
my $session = worker_database('bench_memory', $node->url, 'charmbills.poll_interval' => 1);
my $pid = worker_status($session, 'pid');

work_until(WARM_UP);
my $before = private_kilobytes($pid);
work_until(WARM_UP + REQUESTS);
my $after = private_kilobytes($pid);

die "the worker was started again\n" if $pid != worker_status($session, 'pid');
bench_row("$what (@{[ $node->kind ]})", megabytes($after), 'after the first 2,000: ' . megabytes($before),
	times_of($after, $before), 'no growth');

# Each block is a request; that of its hash is one for a hundred blocks.
sub work_until
{
	my ($requests) = @_;
	my $deadline = time + TIMEOUT;

	while (worker_status($session, 'requests') < $requests)
	{
		$node->mine(BATCH, []);
		my $height = $node->height;
		$session->query('SELECT charmbills.wake_worker()');
		until (worker_status($session, 'tip_height') == $height)
		{
			die 'the worker does not follow: ' . worker_status($session, 'last_error') . "\n" if time > $deadline;
			sleep 0.05;
		}
		$deadline = time + TIMEOUT;
	}
	return;
}
