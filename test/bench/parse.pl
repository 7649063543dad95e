#!/usr/bin/env perl
# Parsing a whole block, beside bitcoinjs-lib and beside the hashing in it:
#	parse.pl PROGRAM BLOCK
#
# NODE_PATH leads to bitcoinjs-lib; where there is none, NO_BITCOINJS says why.
use strict;
use warnings;

use FindBin;

use CharmBills::Bench qw(bench_row bench_skip figures milliseconds times_of);

use constant REPEAT => 100;

my ($program, $block) = @ARGV;
my %ms = figures($program, $block, REPEAT);
my $txids = $ms{'parse with all txids'};
my $whole = $ms{'parse and check the block'};

if ($ENV{NODE_PATH})
{
	my %theirs = figures('node', "$FindBin::Bin/bench_block.js", $block, REPEAT);
	my $ms     = $theirs{'bitcoinjs-lib'};
	bench_row('parse a block of 1.6 MB with all txids', milliseconds($txids), 'bitcoinjs-lib: ' . milliseconds($ms),
		sprintf('%.1f times faster', $ms / $txids), '>= 20 times faster');
}
else
{
	bench_skip('parse a block beside bitcoinjs-lib', $ENV{NO_BITCOINJS} || 'there is no bitcoinjs-lib');
}
my $txid_hashes  = $ms{'hash the txids alone'};
my $whole_hashes = $ms{'hash the block alone'};
bench_row('parse a block of 1.6 MB with all txids', milliseconds($txids),
	'hashing alone: ' . milliseconds($txid_hashes), times_of($txids, $txid_hashes), 'the floor is 1');
bench_row('parse and check it (merkle root, witnesses)', milliseconds($whole),
	'hashing alone: ' . milliseconds($whole_hashes), times_of($whole, $whole_hashes), 'the floor is 1');
