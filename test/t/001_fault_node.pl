# The node that goes wrong on command does so, and else answers like a node.
use strict;
use warnings;

use HTTP::Tiny;
use Test::More;
use Time::HiRes qw(time);

use CharmBills::Bitcoin qw(block_hash block_transactions build_transaction anyone_can_spend_script);
use CharmBills::FaultNode;
use CharmBills::RPC;

my @blocks = CharmBills::FaultNode->chain(20);
my $node   = CharmBills::FaultNode->new(blocks => \@blocks);
my $rpc    = CharmBills::RPC->new(url => $node->url, credentials => sub { $node->credentials }, timeout => 2);

sub fails_with
{
	my ($pattern, $title, @call) = @_;

	ok(!eval { $rpc->call(@call ? @call : 'getblockcount'); 1 }, $title);
	like($@, $pattern, 'and says so');
	return;
}

my $info = $rpc->call('getblockchaininfo');
is($info->{blocks}, 20, 'it has a chain');
is($info->{bestblockhash}, block_hash($blocks[-1]), 'and its tip');
my $hash = $rpc->call('getblockhash', 7);
is($hash, block_hash($blocks[6]), 'blocks have their hashes');
is($rpc->call('getblock', $hash, 0), unpack('H*', $blocks[6]), 'and their bytes');
is($node->calls->{getblock}, 1, 'calls are counted');

my $coin = { txid => 'ab' x 32, vout => 0, value => 1000 };
my $tx = build_transaction(inputs => [$coin], outputs => [ [ anyone_can_spend_script(), 900 ] ]);
my $txid = $rpc->call('sendrawtransaction', unpack 'H*', $tx);
is_deeply($rpc->call('getrawmempool'), [$txid], 'a transaction sent is in the mempool');
is_deeply([ $node->sent ], [ unpack 'H*', $tx ], 'and remembered');

my ($coinbase) = block_transactions($blocks[6]);
my $output = $rpc->call('gettxout', $coinbase->{txid}, 0);
is($output->{confirmations}, 14, 'outputs in the chain lie deep');
is($output->{bestblock}, block_hash($blocks[-1]), 'below its tip');
is($rpc->call('gettxout', $txid, 0)->{confirmations}, 0, 'those in the mempool do not');
is($rpc->call('gettxout', $txid, 1), undef, 'others are not there');
$node->set(spent => ["$txid:0"], too_deep => 1);
is($rpc->call('gettxout', $txid, 0), undef, 'nor are those that are spent');
is($rpc->call('gettxout', $coinbase->{txid}, 0)->{confirmations}, 15, 'one may be said to lie deeper');
is($rpc->call('gettxout', $coinbase->{txid}, 0)->{confirmations}, 14, 'once');
is($rpc->call('getrawtransaction', $coinbase->{txid}, 0, $hash), unpack('H*', $coinbase->{raw}), 'blocks give their transactions');
fails_with(qr/-5: No such/, 'and no others', 'getrawtransaction', $coinbase->{txid}, 0, block_hash($blocks[7]));

$node->fault('401', times => 1);
fails_with(qr/HTTP 401/, 'a refusal of credentials');
is($rpc->call('getblockcount'), 20, 'once only');
$node->fault('500', method => 'getblock');
is($rpc->call('getblockcount'), 20, 'a fault of one method is not another one\'s');
fails_with(qr/HTTP 500/, 'a server error', 'getblock', $hash, 0);
foreach my $case ([ 'hang', qr/599/ ], [ 'drop', qr/599/ ], [ 'garbage', qr/HTTP 200/ ], [ 'truncated', qr/599/ ])
{
	$node->heal;
	$node->fault($case->[0]);
	fails_with($case->[1], $case->[0]);
}
$node->heal;
$node->fault('error', code => -28, message => 'Loading block index...');
fails_with(qr/-28: Loading/, 'an error of the node itself');
$node->heal;

$node->fault('slow', seconds => 0.5, times => 1);
my $start = time;
is($rpc->call('getblockcount'), 20, 'a slow answer comes');
cmp_ok(time - $start, '>=', 0.5, 'slowly');

$node->fault('oversized', bytes => 3_000_000, times => 1);
my $small = HTTP::Tiny->new(max_size => 1_000_000)->post(
	$node->url,
	{   headers => { authorization => 'Basic ' . MIME::Base64::encode_base64($node->credentials, '') },
		content => '{"method":"getblockcount","id":1}' });
is($small->{status}, 599, 'a body larger than the client takes');
like($small->{content}, qr/exceeds/, 'is that');

$node->set(wrong_block => block_hash($blocks[0]));
is($rpc->call('getblock', $hash, 0), unpack('H*', $blocks[0]), 'another block than was asked for');
$node->set(wrong_block => undef, chain => 'main', genesis => 'cd' x 32, confirmations => 99);
is($rpc->call('getblockhash', 0), 'cd' x 32, 'another network');
is($rpc->call('getblockheader', $hash)->{confirmations}, 99, 'a lie on confirmations');
$node->set(confirmations => undef, prune_height => 10);
fails_with(qr/pruned/, 'a pruned block', 'getblock', $hash, 0);
$node->set(missing => ['getblockcount']);
fails_with(qr/-32601/, 'a method that is not there');
$node->set(missing => []);

is($rpc->call('waitfornewblock', 300)->{height}, 20, 'waiting ends in time');
$node->go_back(5);
is($rpc->call('getblockcount'), 15, 'the tip goes back');
is($rpc->call('getblockheader', block_hash($blocks[-1]))->{confirmations}, -1, 'and the rest is stale');
is($rpc->call('waitfornewblock', 60_000, block_hash($blocks[-1]))->{height}, 15, 'no waiting for what has come');
$node->append(CharmBills::FaultNode->chain(1, prev => block_hash($blocks[14]), height => 16, bits => 0x2100ffff));
is($rpc->call('getblockheader', $rpc->call('getbestblockhash'))->{bits}, '2100ffff', 'a target that is too easy');

$node->refuse;
fails_with(qr/599.*refused/is, 'nobody listens');
$node->listen;
is($rpc->call('getblockcount'), 16, 'and somebody does again');
$node->set_credentials('new:cookie');
is($rpc->call('getblockcount'), 16, 'credentials change');
$node->stop;

done_testing;
