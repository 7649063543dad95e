# Provers that misbehave, and workers that die while one is at work: a request
# ends with its reason and holds nothing any more, or is proved once.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

use CharmBills::Key;
use CharmBills::Minter;
use CharmBills::Node;
use CharmBills::ProverServer;
use CharmBills::Worker;
use PostgreSQL::Test::Utils;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;
plan skip_all => 'openssl cannot sign' unless CharmBills::Key->can_sign;

# kB.  A few requests of several megabytes that were kept would be more.
use constant MAX_GROWTH => 32 * 1024;

my $program = 'a program of some size ' x 150_000;
my $file    = File::Temp->new;
print $file $program;
close $file;

my $node = CharmBills::Node->new(index => 0);
$node->start;
$node->mine(120);
my $prover = CharmBills::ProverServer->new;
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => {
		'charmbills.prover_url'            => $prover->url,
		'charmbills.prover_timeout'        => '3s',
		'charmbills.prover_binary_file'    => $file->filename,
		'charmbills.app_vk'                => sha256_hex($program),
		'charmbills.accept_mock_spells'    => 'on',
		'charmbills.webhook_allow_private' => 'on' });
$server->start;
$server->wait_for_tip($node->tip, 'the worker follows');

my $minter   = CharmBills::Minter->new(server => $server, node => $node);
my $key      = CharmBills::Key->new;
my $address  = $minter->address($key);
my $merchant = $server->sql("SELECT id FROM charmbills.create_merchant(name => 'Ada', address => '$address')");
my @funding  = $minter->fund($key, 12);

sub new_plan
{
	return $server->sql("SELECT id FROM charmbills.create_plan('$merchant', 'Club', 1000, ticker => 'CLB')");
}

# Ids of the transaction and of the job that has it proved.
sub mint
{
	my ($plan, $funding) = @_;
	my $id = $server->sql("SELECT id FROM charmbills.mint_plan('$plan', '$funding', 10)");

	$server->wait_for("SELECT count(*) FROM charmbills.jobs WHERE kind = 'prove' AND payload->>'transaction_id' = '$id'", 1, 'a prover is to be asked');
	return ($id, $server->sql("SELECT id FROM charmbills.jobs WHERE kind = 'prove' AND payload->>'transaction_id' = '$id'"));
}

sub wait_for_job
{
	my ($job, $state, $what) = @_;

	return $server->wait_for("SELECT state FROM charmbills.jobs WHERE id = '$job'", $state, $what);
}

sub try_again
{
	my (@jobs) = @_;
	my $jobs = join ', ', map { "'$_'" } @jobs;

	return $server->sql("UPDATE charmbills.jobs SET run_after = now() WHERE id IN ($jobs); SELECT charmbills.wake_worker()");
}

sub reason
{
	my ($id) = @_;

	return $server->sql("SELECT error_message FROM charmbills.transactions WHERE id = '$id' AND status = 'failed'");
}

sub announced
{
	my ($type, $id) = @_;

	return $server->sql("SELECT count(*) FROM charmbills.events WHERE type = '$type' AND subject = 'transaction:$id'");
}

# The worker has read what it is told of before.
sub set_and_wait
{
	my (%settings) = @_;
	my $offset = $server->log_offset;

	$server->set(%settings);
	wait_until(sub { $server->log_since($offset) =~ /received SIGHUP, reloading/ }, 'the server reads its settings');
	return $server->wait_for_requests(2, 'so does the worker');
}

sub wait_until
{
	my ($condition, $what, $seconds) = @_;
	my $deadline = time + ($seconds || 30);

	sleep 0.02 until $condition->() || time > $deadline;
	return ok($condition->(), $what);
}

# Memory of its own; undef where that cannot be known.
sub memory
{
	my $name = '/proc/' . $server->worker_pid . '/status';

	return unless -r $name;
	return (slurp_file($name) =~ /^RssAnon:\s+(\d+) kB/m)[0];
}

#
# An answer, right or wrong, is final.  What each of them wants is the same: a
# reservation that were not released would be in the way of the next.
#
my $plan = new_plan();
my ($good) = mint(new_plan(), $funding[1]);
$minter->wait_until_proved($good, 'a good answer');
is(announced('transaction.proved', $good), 1, 'is announced');
my $memory = memory();
my @final = (
	[ 'an error',                   [ 'answer', status => 400, body => "no such\n thing" ], qr/status 400: no such thing$/ ],
	[ 'an error without words',     [ 'answer', status => 404 ],                            qr/status 404$/ ],
	[ 'what is no JSON',            [ 'answer', status => 200, body => '<html>' ],          qr/not JSON/ ],
	[ 'no transaction',             [ 'answer', status => 200, body => '[]' ],              qr/no transaction/ ],
	[ 'something else',             [ 'answer', status => 200, body => '[{"bitcoin":"00"}]' ], qr/cannot be read/ ],
	[ 'a body that never ends',     ['endless'],                                            qr/not JSON|too long/ ],
	[ 'the answer to another',      [ 'answer', status => 200, body => sprintf '[{"bitcoin":"%s"}]', $minter->transaction($good) ], qr/not to spend/ ],
	[ 'another transaction',        [ 'prove', alter => 'another' ],                        qr/not to spend/ ],
	[ 'a theft',                    [ 'prove', alter => 'theft' ],                          qr/pays somebody else/ ],
	[ 'an input too many',          [ 'prove', alter => 'extra_input' ],                    qr/not to spend/ ],
	[ 'no change',                  [ 'prove', alter => 'fee' ],                            qr/not given back/ ],
	[ 'another spell',              [ 'prove', alter => 'other_spell' ],                    qr/not the one that was asked for/ ],
	[ 'a lock',                     [ 'prove', alter => 'locktime' ],                       qr/locked until later/ ]);
foreach my $case (@final)
{
	my ($what, $way, $expected) = @$case;
	$prover->misbehave(@$way);
	my ($id, $job) = mint($plan, $funding[0]);
	wait_for_job($job, 'failed', $what);
	like(reason($id), $expected, 'ends the request with its reason');
	is(announced('transaction.failed', $id), 1, 'which is announced');
}

#
# What is no answer may be one the next time
#
my @transient = (
	[ 'an error of its own',        [ 'answer', status => 500, body => 'oh' ],              qr/status 500: oh/ ],
	[ 'no time',                    [ 'answer', status => 429, headers => ['Retry-After: 120'] ], qr/status 429/ ],
	[ 'what is no HTTP',            ['garbage'],                                            qr/does not answer: / ],
	[ 'a connection that ends',     ['close'],                                              qr/does not answer: .*Empty reply/ ],
	[ 'nothing',                    ['hang'],                                               qr/does not answer: .*timed out/ ],
	[ 'half an answer',             ['hang_in_body'],                                       qr/does not answer: .*timed out/ ],
	[ 'an answer by drops',         ['drip'],                                               qr/does not answer: .*timed out/ ]);
my ($id, $job);
foreach my $case (@transient)
{
	my ($what, $way, $expected) = @$case;
	$prover->misbehave(@$way);
	($id, $job) = mint($plan, $funding[0]);
	$server->wait_for("SELECT state, attempts, last_error FROM charmbills.jobs WHERE id = '$job'", qr/^queued\|1\|.*$expected/, "$what: the prover is to be asked again");
	$server->sql("UPDATE charmbills.jobs SET attempts = 7 WHERE id = '$job'");
	try_again($job);
	wait_for_job($job, 'failed', 'but not for ever');
	like(reason($id), $expected, 'and then the request ends with its reason');
}
$prover->misbehave('close');
($id, $job) = mint($plan, $funding[0]);
wait_for_job($job, 'queued', 'who comes back');
$prover->behave_well;
try_again($job);
$minter->wait_until_proved($id, 'is asked with success');
is(announced('transaction.proved', $id), 1, 'once');

SKIP:
{
	skip 'no /proc', 1 unless defined $memory;
	my $growth = memory() - $memory;
	cmp_ok($growth, '<', MAX_GROWTH, "with all that the worker has grown by $growth kB from $memory kB");
}

#
# Proofs that take longer than a lease
#
set_and_wait('charmbills.prover_timeout' => '30min');
$prover->misbehave('hang');
$prover->forget;
my @long = map { [ mint(new_plan(), $funding[$_]) ] } 2 .. 7;
wait_until(sub { $prover->asked('/spells/prove') == 4 }, 'four are asked for at once');
my $started = $server->sql(q{SELECT min(lease_until) FROM charmbills.jobs WHERE kind = 'prove' AND state = 'running'});
$server->sql("SELECT charmbills.create_webhook_endpoint('$merchant', '" . $prover->url('/hook') . "', ARRAY['merchant.updated'])");
$server->sql("SELECT charmbills.update_merchant('$merchant', name => 'Eve')");
wait_until(sub { $prover->asked('/hook') == 1 }, 'webhooks have places of their own');
$node->mine;
$server->wait_for_tip($node->tip, 'blocks are followed meanwhile');
my ($canceled, $canceled_job) = @{ $long[0] };
$server->sql("SELECT charmbills.cancel_transaction('$canceled')");
is($server->status('jobs_in_flight'), 4, 'four are under way');
$server->wait_for("SELECT min(lease_until) > '$started'::timestamptz + interval '20 s' FROM charmbills.jobs WHERE kind = 'prove' AND state = 'running'",
	't', 'the worker holds on to them');
wait_until(sub { $prover->asked('/spells/prove') == 5 }, 'but to one that was canceled, which makes room for another');
isnt($server->sql("SELECT state FROM charmbills.jobs WHERE id = '$canceled_job'"), 'running', 'is done with that');

#
# The worker is killed meanwhile, then told to end
#
my $pid = $server->worker_pid;
kill 'KILL', $pid;
$server->wait_for_new_pid($pid, 'the worker was killed, and another one begins');
$server->sql("UPDATE charmbills.jobs SET lease_until = now() WHERE claimed_by = 'process $pid'; SELECT charmbills.wake_worker()");
wait_until(sub { $prover->asked('/spells/prove') == 9 }, 'when the leases have ended, it asks again');
my %times;
$times{ sha256_hex($_->{body}) }++ foreach $prover->requests('/spells/prove');
is(join(' ', sort values %times), '1 2 2 2 2', 'for the same, but for what was canceled');
$pid = $server->worker_pid;
my $start = time;
$server->sql("SELECT pg_terminate_backend($pid)");
wait_until(sub { !kill 0, $pid }, 'SIGTERM ends the worker all the same');
cmp_ok(time - $start, '<', 1, 'within a second');
$server->wait_for_new_pid($pid, 'and another one begins');
$prover->behave_well;
$server->sql("UPDATE charmbills.jobs SET lease_until = now() WHERE claimed_by = 'process $pid'; SELECT charmbills.wake_worker()");
foreach my $request (@long[ 1 .. 5 ])
{
	$minter->wait_until_proved($request->[0], 'what is asked for for the third time is proved');
	is(announced('transaction.proved', $request->[0]), 1, 'once');
}
is(announced('transaction.proved', $canceled), 0, 'what was canceled is not');
is($server->sql("SELECT status FROM charmbills.transactions WHERE id = '$canceled'"), 'failed', 'and stays so');

$server->cluster->stop('fast');
unlike($server->log_since(0), qr/PANIC|signal 11|signal 6/, 'nothing crashed');
$node->stop;
done_testing();
