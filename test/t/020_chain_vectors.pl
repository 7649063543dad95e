# Bitcoin Core's chain of linked regtest blocks: applied one by one, replaced by
# a branch, and restored, with every payment counted apart.
use strict;
use warnings FATAL => 'all';

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib "$FindBin::Bin/../lib";
use CharmBills::Bitcoin qw(block_hash block_transactions build_block build_transaction header_fields transaction_id);
use Vectors qw(read_vectors);

use constant FORK => 50;
use constant BRANCH => 60;

my $vectors = read_vectors('core/rpc_getblockstats.json')
  or plan skip_all => 'core/rpc_getblockstats.json is missing';
my @blocks = map { pack 'H*', $_ } @{ $vectors->{blocks} };

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "charmbills.network = 'regtest'");
$node->start;

my %watched = choose_scripts(scripts_in(@blocks));
my @branch = build_branch();
make_database('followed');

subtest 'one by one' => \&test_one_by_one;
subtest 'a branch' => \&test_branch;
subtest 'and back' => \&test_back;
subtest 'whatever the path' => \&test_path;

$node->stop;
done_testing();

sub sql
{
	return $node->safe_psql($_[1] // 'followed', $_[0]);
}

# SQLSTATE of the error that a statement ends with.
sub refusal
{
	my ($sql) = @_;
	my (undef, undef, $error) = $node->psql('followed', $sql, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	return $error =~ /ERROR:\s+(\w{5})/ ? $1 : "none: $error";
}

sub bytes
{
	return "'\\x" . unpack('H*', $_[0]) . "'";
}

sub scripts_in
{
	my %seen;

	$seen{ $_->[0] }++ foreach map { @{ $_->{outputs} } } map { block_transactions($_) } @_;
	return sort keys %seen;
}

# Those that have an address, but one, which is left unwatched.
sub choose_scripts
{
	my @scripts = @_;

	$node->safe_psql('postgres', 'CREATE EXTENSION charmbills');
	my @addresses = split /\n/, $node->safe_psql('postgres', join '', map {
		"SELECT coalesce(charmbills.script_to_address(" . bytes($_) . "), '-');\n" } @scripts);
	my %address_of = map { $scripts[$_] => $addresses[$_] } grep { $addresses[$_] ne '-' } 0 .. $#scripts;
	my ($left_out) = sort { $address_of{$a} cmp $address_of{$b} } grep { length $_ == 23 } keys %address_of;

	delete $address_of{$left_out} if $left_out;
	return %address_of;
}

# Two blocks in three pay a watched script; one payment is in both branches.
sub build_branch
{
	my $prev = block_hash($blocks[FORK]);
	my $time = header_fields(substr $blocks[$#blocks], 0, 80)->{time};
	my @scripts = sort keys %watched;
	my @shared = map { $_->{raw} } grep { $_->{inputs}[0][0] !~ /^0+$/ } block_transactions($blocks[102]);
	my @branch;

	foreach my $i (1 .. BRANCH)
	{
		my @txs = $i == BRANCH ? @shared : $i % 3 == 0 ? () : build_transaction(
			inputs => [ { txid => sprintf('%064x', $i), vout => 0 } ],
			outputs => [ [ $scripts[ $i % @scripts ], 1000 + $i ], [ $scripts[ ($i + 1) % @scripts ], 2000 + $i ] ]);
		my ($block) = build_block(prev => $prev, height => FORK + $i, time => $time + $i, txs => \@txs);
		push @branch, $block;
		$prev = block_hash($block);
	}
	return @branch;
}

sub make_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	sql('CREATE EXTENSION charmbills', $name);
	sql(join('', map { "SELECT charmbills.create_merchant(name => '$_', address => '$_');\n" } sort values %watched), $name);
	return;
}

sub apply
{
	my ($database, $from, @blocks) = @_;

	return split /\n/, sql(join('', map {
		"SELECT charmbills.chain_apply_block(" . ($from + $_) . ', ' . bytes($blocks[$_]) . ");\n" } 0 .. $#blocks), $database);
}

# Payments on a chain, first block at height 0: outpoint, amount, height.
sub expected_payments
{
	my @chain = @_;
	my @payments;

	foreach my $height (0 .. $#chain)
	{
		foreach my $tx (block_transactions($chain[$height]))
		{
			my $vout = 0;
			foreach my $output (@{ $tx->{outputs} })
			{
				push @payments, "$tx->{txid}:$vout|$output->[1]|$height" if exists $watched{ $output->[0] };
				$vout++;
			}
		}
	}
	return join "\n", sort @payments;
}

# Each merchant's payments that can be spent: a coinbase a hundred blocks later.
sub expected_credits
{
	my @chain = @_;
	my %credit;

	foreach my $height (0 .. $#chain)
	{
		foreach my $tx (block_transactions($chain[$height]))
		{
			next if $tx->{inputs}[0][0] =~ /^0+$/ && $height + 100 > $#chain;
			foreach my $output (@{ $tx->{outputs} })
			{
				$credit{ $watched{ $output->[0] } } += $output->[1] if exists $watched{ $output->[0] };
			}
		}
	}
	return join "\n", map { "$_|$credit{$_}" } grep { $credit{$_} } sort keys %credit;
}

sub payments
{
	return sql(<<'SQL', @_);
SELECT outpoint, amount_sats, block_height FROM charmbills.payments WHERE status = 'confirmed'
ORDER BY (outpoint || '|' || amount_sats || '|' || block_height) COLLATE "C"
SQL
}

sub credits
{
	return sql(<<'SQL', @_);
SELECT m.address, sum(c.amount_sats) FROM charmbills.credits c JOIN charmbills.merchants m ON m.id = c.merchant_id
GROUP BY m.address HAVING sum(c.amount_sats) <> 0 ORDER BY m.address COLLATE "C"
SQL
}

sub tip
{
	return sql('SELECT height, hash FROM charmbills.chain_tip()', @_);
}

sub follows
{
	my ($chain, $what, $database) = @_;

	is(tip($database), $#$chain . '|' . block_hash($chain->[-1]), "$what: the tip");
	is(payments($database), expected_payments(@$chain), "$what: every payment, and no other");
	is(credits($database), expected_credits(@$chain), "$what: every credit");
	is(sql('SELECT count(*), min(height), max(height) FROM charmbills.blocks', $database), @$chain . '|0|' . $#$chain,
		"$what: every header");
	return;
}

sub test_one_by_one
{
	cmp_ok(scalar keys %watched, '>=', 3, 'scripts are watched');
	my @expected = split /\n/, expected_payments(@blocks);
	cmp_ok(scalar @expected, '>=', 20, 'and paid');
	foreach my $height (0 .. $#blocks)
	{
		my @answers = split /\n/, sql('SELECT charmbills.chain_apply_block(' . $height . ', ' . bytes($blocks[$height]) . ');'
			  . 'SELECT height, hash FROM charmbills.chain_tip();');

		is("@answers", 't ' . $height . '|' . block_hash($blocks[$height]), "block $height is applied");
	}
	follows(\@blocks, 'the chain');
	is(join('', apply('followed', $#blocks, $blocks[-1])), 'f', 'the last block again changes nothing');
	follows(\@blocks, 'still');
	return;
}

sub blocks_array
{
	return 'ARRAY[' . join(', ', map { bytes($_) } @_) . ']::bytea[]';
}

sub test_branch
{
	my $undone = $#blocks - FORK;
	my @equal = @branch[ 0 .. $undone - 1 ];
	my @broken = @branch[ 0 .. $#branch ];

	is(refusal('SELECT charmbills.chain_reorganise(' . FORK . ', ' . blocks_array(@equal) . ')'), 'CB006',
		'a branch of the same length is refused');
	splice @broken, 30, 1;
	is(refusal('SELECT charmbills.chain_reorganise(' . FORK . ', ' . blocks_array(@broken) . ')'), 'CB006',
		'one with a gap too');
	is(refusal('SELECT charmbills.chain_reorganise(' . (FORK - 1) . ', ' . blocks_array(@branch) . ')'), 'CB006',
		'and one that grows out of another block');
	is(refusal('SET charmbills.max_reorg_depth = ' . ($undone - 1) . ';'
		  . 'SELECT charmbills.chain_reorganise(' . FORK . ', ' . blocks_array(@branch) . ')'), 'CB012',
		'and one that is deeper than allowed');
	follows(\@blocks, 'after refusals');

	is(sql('SELECT charmbills.chain_reorganise(' . FORK . ', ' . blocks_array(@branch) . ')'), $undone,
		'a longer one replaces the chain');
	follows([ @blocks[ 0 .. FORK ], @branch ], 'the branch');
	is(sql("SELECT count(*) FROM charmbills.events WHERE type = 'chain.reorganised'"), 1, 'with one event');
	return;
}

sub test_back
{
	is(sql('SELECT charmbills.chain_rollback(' . FORK . ')'), BRANCH, 'the branch is rolled back');
	follows([ @blocks[ 0 .. FORK ] ], 'the fork');
	is(sql('SELECT charmbills.chain_rollback(' . FORK . ')'), 0, 'there is nothing more to roll back');
	is(join('', apply('followed', FORK + 1, @blocks[ FORK + 1 .. $#blocks ])), 't' x ($#blocks - FORK), 'the chain is applied again');
	follows(\@blocks, 'the chain restored');
	is(sql(<<'SQL'), 0, 'a coinbase of the branch is gone for good');
SELECT count(*) FROM charmbills.chain_transactions WHERE is_coinbase AND status NOT IN ('confirmed', 'evicted')
SQL
	is(sql('SELECT charmbills.chain_rollback(0)'), $#blocks, 'all can be rolled back but the first block');
	is(refusal('SELECT charmbills.chain_rollback(-1)'), 'CB006', 'and not that');
	follows([ $blocks[0] ], 'the first block');
	apply('followed', 1, @blocks[ 1 .. $#blocks ]);
	follows(\@blocks, 'the chain once more');
	return;
}

# A database that has never seen the branch knows the same of the chain.
sub test_path
{
	my $facts = <<'SQL';
SELECT txid, raw, is_coinbase, status, block_height, block_hash, block_median_time
FROM charmbills.chain_transactions WHERE status = 'confirmed' ORDER BY txid
SQL

	make_database('straight');
	apply('straight', 0, @blocks);
	follows(\@blocks, 'straight', 'straight');
	is(sql($facts), sql($facts, 'straight'), 'the same transactions in the same blocks');
	is(sql('SELECT height, hash, header, median_time FROM charmbills.blocks ORDER BY height'),
		sql('SELECT height, hash, header, median_time FROM charmbills.blocks ORDER BY height', 'straight'), 'the same headers');
	return;
}
