# The node that other tests lean on: when this fails, look here first.
use strict;
use warnings;

use Test::More;

use CharmBills::Bitcoin qw(anyone_can_spend_script block_hash transaction_id REGTEST_GENESIS);
use CharmBills::Node;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;

# The well-known example program of BIP-173.
my $address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

my $node = CharmBills::Node->new;
$node->start;
note 'this is ' . $node->kind . ' at ' . $node->{program};
is($node->block_at(0), REGTEST_GENESIS, 'the node is on regtest');

my @mined = $node->mine(110);
is($node->height, 110, 'it takes the blocks built for it');
is($node->tip, $mined[-1], 'and the last one is its tip');
is(block_hash($node->raw_block($mined[4])), $mined[4], 'it gives their bytes');

my $txid = $node->spend(50_000, $address);
is_deeply([ $node->mempool ], [$txid], 'a payment reaches the mempool');
is(transaction_id($node->raw_transaction($txid)), $txid, 'and its bytes have its id');

my $child = $node->broadcast($node->build_payment(
		inputs => [ $node->change_of($txid) ], outputs => [ [ $address, 60_000 ] ]));
is(scalar(() = $node->mempool), 2, 'so does a child of it');
my $block = $node->mine(1);
is(scalar(() = $node->mempool), 0, 'both are mined');
my $tx = $node->rpc('getrawtransaction', $child, 1);
is($tx->{confirmations}, 1, 'and confirmed');
is($tx->{blockhash}, $block, 'in that block');

# Another branch of one block more.
my @branch = $node->submit_branch(110, [ [], [] ]);
is($node->tip, $branch[-1], 'a longer branch becomes the chain');
is($node->height, 112, 'at its height');
is_deeply([ sort $node->mempool ], [ sort $txid, $child ], 'what it left out is back in the mempool');
my $replacement = eval { $node->double_spend($txid) };
is($@, '', 'a payment can be replaced');
is_deeply([ $node->mempool ], [$replacement], 'together with its child');
$node->mine(1);

SKIP:
{
	skip 'the node cannot invalidate blocks', 2 unless $node->has('invalidate');
	$node->invalidate($branch[0]);
	isnt($node->tip, $branch[-1], 'a block can be declared invalid');
	$node->reconsider($branch[0]);
	is($node->block_at(112), $branch[-1], 'and valid again');
}

ok(!eval { $node->submit($node->raw_block($branch[0]) =~ s/.\z/\x01/sr); 1 }, 'it refuses a broken block');

my $height = $node->height;
$node->restart;
is($node->height, $height, 'its chain outlives a restart');
$node->kill;
ok(!eval { $node->height; 1 }, 'a killed node does not answer');
$node->start;
cmp_ok($node->height, '<=', $height, 'and starts again');
$node->stop;

SKIP:
{
	skip 'the node has no cookie', 2 unless $node->kind eq 'bitcoind';
	my $cookie = CharmBills::Node->new(auth => 'cookie');
	$cookie->start;
	my $before = $cookie->credentials;
	like($before, qr/^__cookie__:[0-9a-f]+$/, 'there is a cookie');
	$cookie->restart;
	isnt($cookie->credentials, $before, 'another one after a restart');
	$cookie->stop;
}

done_testing;
