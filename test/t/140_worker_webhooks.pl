# Webhooks to a server that misbehaves: what the worker sends, what it makes of
# the answers, and that nobody's misbehaviour is anybody else's loss.
use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use File::Temp ();
use FindBin;
use IPC::Run ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use CharmBills::Bitcoin qw(block_hash);
use CharmBills::FaultNode;
use CharmBills::HookServer;
use CharmBills::Worker;

# BIP-32's test vector as a public test-network key: addresses for merchants.
use constant DESCRIPTOR =>
  'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';

my $json = JSON::PP->new->canonical;
my @chain  = CharmBills::FaultNode->chain(20);
my $node   = CharmBills::FaultNode->new(blocks => [ @chain[ 0 .. 9 ] ]);
my $hooks  = CharmBills::HookServer->new;
my $server = CharmBills::Worker->new(
	node     => $node,
	settings => { 'charmbills.start_height' => 2, 'charmbills.webhook_allow_private' => 'on' });
my %secret_of;

$server->start;
$server->wait_for_tip(block_hash($chain[9]), 'the worker follows');

# An endpoint of a merchant of its own.
sub endpoint
{
	my ($url) = @_;
	my $merchant = $server->sql(sprintf q{SELECT id FROM charmbills.create_merchant(name => 'merchant',
		address => charmbills.derive_address('%s', %d))}, DESCRIPTOR, scalar keys %secret_of);
	my ($id, $secret) = split /\|/, $server->sql(qq{SELECT id, secret FROM charmbills.create_webhook_endpoint(
		merchant_id => '$merchant', url => '$url', events => ARRAY['merchant.updated'])});

	$secret_of{$id} = $secret;
	return { id => $id, merchant => $merchant, url => $url };
}

# An event for each.
sub announce
{
	my (@endpoints) = @_;

	return $server->sql(join ' ', map { "SELECT charmbills.update_merchant('$_->{merchant}', name => 'merchant of $_->{id}');" } @endpoints);
}

# So that it is told nothing any more, not even what it has missed.
sub remove
{
	my (@endpoints) = @_;

	return $server->sql(join ' ', map { "SELECT charmbills.delete_webhook_endpoint('$_->{id}');" } @endpoints);
}

# A query for columns of an endpoint's first attempt.
sub attempt
{
	my ($endpoint, $columns) = @_;

	return "SELECT $columns FROM charmbills.webhook_attempts a JOIN charmbills.webhook_deliveries d ON d.id = a.delivery_id
		WHERE d.endpoint_id = '$endpoint->{id}' AND a.attempt = 1";
}

sub wait_for_attempt
{
	my ($endpoint, $what) = @_;

	return $server->wait_for(attempt($endpoint, 'count(*)'), 1, $what);
}

# What came of it, once it has.
sub status
{
	my ($endpoint) = @_;

	return $server->sql(attempt($endpoint, 'http_status'));
}

sub error
{
	my ($endpoint) = @_;

	return $server->sql(attempt($endpoint, 'error'));
}

# Columns of the endpoint itself.
sub told
{
	my ($endpoint, $columns) = @_;

	return $server->sql("SELECT $columns FROM charmbills.webhook_endpoints WHERE id = '$endpoint->{id}'");
}

sub wait_until
{
	my ($condition, $what, $seconds) = @_;
	my $deadline = time + ($seconds || 30);

	sleep 0.02 until $condition->() || time > $deadline;
	return ok($condition->(), $what);
}

#
# Whatever an endpoint does, it is one attempt with one result
#
my @cases = (
	# path, what it does, status, error
	[ 'ok',     [],                                                        204, undef ],
	[ 'body',   [ 'answer', status => 200, body => "th\xc3\xa4nks" ],      200, undef ],
	[ 'moved',  [ 'answer', status => 302, headers => [ 'Location: ' . $hooks->url('/target') ] ], 302, undef ],
	[ 'for-good', [ 'answer', status => 308, headers => [ 'Location: ' . $hooks->url('/target') ] ], 308, undef ],
	[ 'no',     [ 'answer', status => 404, body => "no\0thing" ],          404, undef ],
	[ 'gone',   [ 'answer', status => 410 ],                               410, undef ],
	[ 'busy',   [ 'answer', status => 429, headers => ['Retry-After: 120'] ], 429, undef ],
	[ 'later',  [ 'answer', status => 503, headers => [ 'Retry-After: ' . http_date(time + 7200) ] ], 503, undef ],
	[ 'broken', [ 'answer', status => 500, body => "\xff\xfe" ],           500, undef ],
	[ 'endless', ['endless'],                                              200, undef ],
	[ 'endless-no', [ 'endless', status => 400 ],                          400, undef ],
	[ 'headers', ['endless_headers'],                                      undef, qr/headers are too long/ ],
	[ 'garbage', ['garbage'],                                              undef, qr/HTTP/ ],
	[ 'close',  ['close'],                                                 undef, qr/Empty reply/ ],
	[ 'hang',   ['hang'],                                                  undef, qr/timed out/ ],
	[ 'in-body', ['hang_in_body'],                                         undef, qr/timed out/ ],
	[ 'drip',   ['drip'],                                                  undef, qr/timed out/ ]);
my %case;

foreach my $case (@cases)
{
	my ($path, $way) = @$case;
	$hooks->behave("/$path", @$way) if @$way;
	$case{$path} = endpoint($hooks->url("/$path"));
}
my $closed = endpoint('http://127.0.0.1:1/');
my $nobody = endpoint('http://nobody.invalid/');
announce(values %case, $closed, $nobody);
wait_until(sub { $hooks->asked >= @cases }, 'all endpoints are asked');
wait_for_attempt($closed, 'a closed port');
like(error($closed), qr/connect/, 'is an error');
wait_for_attempt($nobody, 'a name that nobody has');
like(error($nobody), qr/resolve/, 'is an error');
foreach my $case (@cases)
{
	my ($path, undef, $status, $error) = @$case;
	wait_for_attempt($case{$path}, "$path: an attempt");
	is(status($case{$path}), defined $status ? $status : '', "$path: its status");
	like(error($case{$path}), $error, "$path: its error") if $error;
	cmp_ok($hooks->asked("/$path"), '>=', 1, "$path: it was asked");
}
is($hooks->asked('/target'), 0, 'where a redirect leads is never asked');
is(told($case{gone}, 'is_active'), 'f', 'who is gone is asked no more');
is(told($case{busy}, 'not_before - last_attempt_at BETWEEN interval $$119 s$$ AND interval $$121 s$$'), 't', 'who is busy says for how long');
is(told($case{later}, 'not_before - last_attempt_at BETWEEN interval $$118 min$$ AND interval $$121 min$$'), 't', 'or until when');
is($hooks->asked('/busy') + $hooks->asked('/later'), 2, 'and neither is asked before');
my ($once, $again) = map { $_->{headers}{'webhook-id'} } $hooks->requests('/close');
is($again, $once, 'what failed is tried again, as the same webhook');

#
# What was sent
#
my ($request) = $hooks->requests('/ok');
is($request->{method}, 'POST', 'a POST');
is($request->{headers}{'content-type'}, 'application/json', 'of JSON');
like($request->{headers}{'user-agent'}, qr{^charmbills/\d}, 'by charmbills');
ok(!exists $request->{headers}{expect}, 'that asks nobody whether he wants it');
is($json->decode($request->{body})->{type}, 'merchant.updated', 'it is the event');

# As the standard has it: over id, timestamp and body.
sub is_signed
{
	my ($request, $secret) = @_;
	my ($key) = map { decode_base64($_) } $secret =~ /^whsec_(.+)/;
	my %header = %{ $request->{headers} };
	my $signature = 'v1,' . encode_base64(
		hmac_sha256("$header{'webhook-id'}.$header{'webhook-timestamp'}.$request->{body}", $key), '');

	return grep { $_ eq $signature } split / /, $header{'webhook-signature'};
}

my @deliveries = map {
	my $secret = $secret_of{ $case{$_->[0]}{id} };
	map { { secret => $secret, headers => $_->{headers}, body => $_->{body} } } $hooks->requests("/$_->[0]")
} @cases;
cmp_ok(scalar @deliveries, '>=', scalar @cases, 'of all that was sent');
is(scalar(grep { !is_signed($_, $_->{secret}) } @deliveries), 0, 'all are signed with the secrets of their endpoints');
ok(!is_signed({ %{ $deliveries[0] }, body => "$deliveries[0]{body} " }, $deliveries[0]{secret}), 'a changed body is not');
ok(!is_signed($deliveries[0], $deliveries[1]{secret}), "nor is it with another's secret");
is(scalar(grep { abs($_->{headers}{'webhook-timestamp'} - time) > 60 } @deliveries), 0, 'at the time of the attempt');

SKIP:
{
	skip 'the npm package standardwebhooks is not here', 2 unless $ENV{STANDARDWEBHOOKS};
	my @altered = map { { %$_, body => "$_->{body} " } } @deliveries;
	is_deeply([ verify(@deliveries) ], [ ('ok') x @deliveries ], 'the standard\'s own library takes them all');
	is_deeply([ grep { $_ eq 'ok' } verify(@altered) ], [], 'and none of them when altered');
}

sub verify
{
	my (@what) = @_;
	my $input = join '', map { $json->encode($_) . "\n" } @what;

	local $ENV{NODE_PATH} = $ENV{STANDARDWEBHOOKS};
	IPC::Run::run([ 'node', "$FindBin::Bin/../lib/verify_webhooks.js" ], \$input, \my $output) or die "node failed\n";
	return split /\n/, $output;
}

remove(values %case, $closed, $nobody);

#
# Private addresses
#
my @private = map { endpoint($hooks->url('/private', host => $_)) }
  qw(127.0.0.1 localhost 127.1 2130706433 0x7f000001 017700000001 [::1] [::ffff:127.0.0.1] [64:ff9b::7f00:1]);
my $connections = $hooks->connections;
set_and_wait('charmbills.webhook_allow_private' => 'off');
announce(@private);
foreach my $endpoint (@private)
{
	wait_for_attempt($endpoint, "$endpoint->{url} is tried");
	like(error($endpoint), qr/private/, 'and refused');
}
is($hooks->connections, $connections, 'without a connection');
remove(@private);
set_and_wait('charmbills.webhook_allow_private' => 'on');

# The worker has read what it is told of before.
sub set_and_wait
{
	my (%settings) = @_;
	my $offset = $server->log_offset;

	$server->set(%settings);
	wait_until(sub { $server->log_since($offset) =~ /received SIGHUP, reloading/ }, 'the server reads its settings');
	# The worker looks at its node again.
	return $server->wait_for_requests(2, 'so does the worker');
}

#
# TLS
#
SKIP:
{
	my $pki = make_certificates() or skip 'there is no openssl', 10;
	my $tls = CharmBills::HookServer->new(certificate => "$pki/server.pem", key => "$pki/server.key");
	my ($unknown, $trusted, $misnamed) = map { endpoint($_) } $tls->url('/unknown', host => 'localhost'),
	  $tls->url('/trusted', host => 'localhost'), $tls->url('/misnamed');

	announce($unknown);
	wait_for_attempt($unknown, 'an authority that nobody knows');
	like(error($unknown), qr/certificate/, 'is not believed');
	remove($unknown);
	set_and_wait('charmbills.webhook_ca_file' => "$pki/ca.pem");
	announce($trusted);
	wait_for_attempt($trusted, 'one that was named');
	is(status($trusted), 204, 'is');
	announce($misnamed);
	wait_for_attempt($misnamed, 'the certificate of another host');
	like(error($misnamed), qr/certificate|127\.0\.0\.1/, 'is no proof');
	is_deeply([ map { $_->{path} } $tls->requests ], ['/trusted'], 'and nobody but the right one is told anything');
	remove($trusted, $misnamed);
	$tls->stop;
	set_and_wait('charmbills.webhook_ca_file' => undef);
}

# An authority, and what it says of "localhost".
sub make_certificates
{
	my $dir = File::Temp::tempdir('cb_pki_XXXXXX', TMPDIR => 1, CLEANUP => 1);
	my @new_key = qw(-newkey rsa:2048 -nodes);

	openssl('req', '-x509', @new_key, '-days', 2, '-subj', '/CN=An authority', '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem") or return;
	openssl('req', @new_key, '-subj', '/CN=localhost', '-keyout', "$dir/server.key", '-out', "$dir/server.csr") or return;
	open my $extensions, '>', "$dir/extensions" or die "cannot write: $!\n";
	print $extensions "subjectAltName=DNS:localhost\n";
	close $extensions;
	openssl('x509', '-req', '-in', "$dir/server.csr", '-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key", '-CAcreateserial',
		'-days', 2, '-extfile', "$dir/extensions", '-out', "$dir/server.pem") or return;
	return $dir;
}

sub openssl
{
	my (@arguments) = @_;

	return eval { IPC::Run::run([ 'openssl', @arguments ], '>', '/dev/null', '2>', '/dev/null') };
}

#
# Ten that hang, of thirty: the others and the chain do not notice
#
$hooks->behave("/hanging/$_", 'hang') foreach 1 .. 10;
my @hanging = map { endpoint($hooks->url("/hanging/$_")) } 1 .. 10;
my @sound   = map { endpoint($hooks->url("/sound/$_")) } 1 .. 20;
$hooks->forget;
my $start = time;
announce(@hanging, @sound) foreach 1 .. 3;
wait_until(sub { grep({ $_->{path} =~ /sound/ } $hooks->requests) == 60 }, 'the sound ones get all that is theirs');
my @times = map { $_->{time} } grep { $_->{path} =~ /sound/ } $hooks->requests;
cmp_ok($times[-1] - $start, '<', 8, 'before any that hangs has timed out');
is(scalar(keys %{ { map { $_->{path} => 1 } grep { $_->{path} =~ /hanging/ } $hooks->requests } }), 10, 'those have been asked as well');
cmp_ok($server->status('jobs_in_flight'), '>=', 10, 'and are waited for');
$start = time;
$node->append(@chain[ 10 .. 14 ]);
$server->wait_for_tip(block_hash($chain[14]), 'blocks are followed meanwhile');
cmp_ok(time - $start, '<', 8, 'at once');
$node->refuse;
my $away = endpoint($hooks->url('/away'));
announce($away);
wait_for_attempt($away, 'a node that is away holds up no webhook');
is(status($away), 204, 'which arrives');
$node->listen;

#
# The worker ends, or is ended, with requests under way
#
cmp_ok($server->status('jobs_in_flight'), '>=', 1, 'requests are under way');
my $pid = $server->worker_pid;
$start = time;
$server->sql("SELECT pg_terminate_backend($pid)");
wait_until(sub { !kill 0, $pid }, 'SIGTERM ends the worker all the same');
cmp_ok(time - $start, '<', 1, 'within a second');
$server->wait_for_new_pid($pid, 'and another one begins');

$hooks->behave('/killed', 'hang');
my $killed = endpoint($hooks->url('/killed'));
announce($killed);
wait_until(sub { $hooks->asked('/killed') == 1 }, 'a request is under way');
$pid = $server->worker_pid;
kill 'KILL', $pid;
$hooks->behave('/killed', 'answer');
$server->wait_for_new_pid($pid, 'the worker was killed, and another one begins');
is($server->sql("SELECT count(*) FROM charmbills.jobs WHERE state = 'running' AND lease_until > now() AND claimed_by = 'process $pid'") > 0, 1,
	'the dead one still holds its jobs');
$server->sql("UPDATE charmbills.jobs SET lease_until = now() WHERE claimed_by = 'process $pid'; SELECT charmbills.wake_worker()");
wait_until(sub { $hooks->asked('/killed') == 2 }, 'when their lease has ended, they are sent again');
my ($first, $second) = $hooks->requests('/killed');
is($second->{headers}{'webhook-id'}, $first->{headers}{'webhook-id'}, 'as the same webhook');
is($second->{body}, $first->{body}, 'with the same body');
ok(is_signed($second, $secret_of{ $killed->{id} }), 'signed');
wait_for_attempt($killed, 'and what has become of it is written down');

$server->cluster->stop('fast');
unlike($server->log_since(0), qr/PANIC|signal 11|signal 6/, 'nothing crashed');

sub http_date
{
	return POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime $_[0]);
}

done_testing();
