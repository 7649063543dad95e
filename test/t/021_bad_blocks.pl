# Blocks, transactions, settings and keys that must be refused: each with its
# SQLSTATE, and nothing stored.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use CharmBills::Bitcoin qw(anyone_can_spend_script block_hash block_transactions build_block build_transaction
  header_fields shown_hash sha256d transaction_id wire_hash REGTEST_GENESIS);

use constant TIP => 14;
use constant NOBODY => '00' x 32;

# The first block of Bitcoin, which the test networks' differ from in the header only.
my $first_block = pack 'H*', '01000000' . ('00' x 32) . '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a'
  . '29ab5f49ffff001d1dac2b7c' . '01'
  . '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030'
  . '332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffff'
  . 'ffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec1'
  . '12de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';
my $xprv = 'tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m';
my $tpub = 'tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba';

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# By default a failing statement is logged all the same.
$node->append_conf('postgresql.conf', "log_statement = 'none'");
$node->start;

my (@chain, @headers);
make_chain();

subtest 'bytes that are no block' => \&test_malformed;
subtest 'blocks out of place' => \&test_position;
subtest 'targets and work' => \&test_work;
subtest 'merkle root and witnesses' => \&test_merkle;
subtest 'amounts' => \&test_amounts;
subtest 'other networks' => \&test_networks;
subtest 'other calls' => \&test_calls;
subtest 'settings' => \&test_settings;
subtest 'private keys' => \&test_private_keys;
subtest 'other merchants\' descriptors' => \&test_descriptors;
subtest 'and the chain goes on' => \&test_goes_on;

$node->stop;
done_testing();

sub make_database
{
	my ($name, $network) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql('postgres', "ALTER DATABASE $name SET charmbills.network = '$network'");
	sql('CREATE EXTENSION charmbills', $name);
	return;
}

sub make_chain
{
	my $prev = REGTEST_GENESIS;

	make_database('regtest', 'regtest');
	sql('SELECT charmbills.create_merchant(name => \'Shop\', address => \'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk\')');
	sql("SELECT charmbills.chain_start(0, '$prev')");
	foreach my $height (1 .. TIP)
	{
		my ($block) = build_block(prev => $prev, height => $height, time => 1_600_000_000 + 60 * $height);
		push @chain, $block;
		$prev = block_hash($block);
		sql("SELECT charmbills.chain_apply_block($height, " . bytes($block) . ')');
	}
	return;
}

sub sql
{
	return $node->safe_psql($_[1] // 'regtest', $_[0]);
}

sub bytes
{
	return "'\\x" . unpack('H*', $_[0]) . "'";
}

# Everything stored, as one value.
my %tables;
sub fingerprint
{
	my ($database) = @_;

	$tables{$database} ||= sql(<<'SQL', $database);
SELECT string_agg(format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t', oid::regclass, oid::regclass), ' UNION ALL ')
FROM pg_class WHERE relnamespace = 'charmbills'::regnamespace AND relkind = 'r'
SQL
	return sql("$tables{$database} ORDER BY 1", $database);
}

# SQLSTATE and the whole message of a statement's error.
sub error_of
{
	my ($sql, $database) = @_;
	my (undef, $out, $error) = $node->psql($database // 'regtest', $sql, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return $error =~ /ERROR:\s+(\w{5}): / ? ($1, $error) : ("none: $out", $error);
}

sub refused
{
	my ($sql, $state, $what, $database) = @_;
	my $before = fingerprint($database // 'regtest');
	my ($found, $error) = error_of($sql, $database);

	is($found, $state, "$what: $state");
	is(fingerprint($database // 'regtest'), $before, "$what: nothing is stored") or diag($error);
	return $error;
}

sub refused_block
{
	my ($block, $state, $what, %arg) = @_;
	my $height = $arg{height} // TIP + 1;

	return refused(($arg{before} // '') . "SELECT charmbills.chain_apply_block($height, " . bytes($block) . ')', $state, $what,
		$arg{database});
}

sub payment
{
	my ($n, $sats) = @_;

	return build_transaction(inputs => [ { txid => sprintf('%064x', $n), vout => 0 } ],
		outputs => [ [ anyone_can_spend_script(), $sats // 1000 ] ]);
}

# The block that may come next.
sub next_block
{
	my (%arg) = @_;
	my ($block) = build_block(prev => block_hash($chain[-1]), height => TIP + 1, time => 1_600_000_000 + 60 * (TIP + 1), %arg);

	return $block;
}

sub hash_of_txs
{
	my @level = @_;

	while (@level > 1)
	{
		push @level, $level[-1] if @level % 2;
		@level = map { sha256d($level[ 2 * $_ ] . $level[ 2 * $_ + 1 ]) } 0 .. @level / 2 - 1;
	}
	return $level[0];
}

# A block of these transactions, whatever they are, with the right merkle root
# and proof of work on top of the tip.
sub assemble
{
	my (@txs) = @_;
	my $root = hash_of_txs(map { wire_hash(transaction_id($_)) } @txs);

	return with_work(substr(next_block(), 0, 36) . $root . substr(next_block(), 68, 12)) . pack('C', scalar @txs) . join '', @txs;
}

# The header with a nonce that gives it work or, if asked for, none.
sub with_work
{
	my ($header, $without) = @_;

	foreach my $nonce (0 .. 1000)
	{
		substr $header, 76, 4, pack 'V', $nonce;
		my $has = shown_hash(sha256d($header)) lt '7fffff';
		return $header if $without ? !$has : $has;
	}
	die 'no such nonce';
}

sub coinbase
{
	return (block_transactions(next_block(@_)))[0]{raw};
}

sub test_malformed
{
	my $block = next_block(txs => [ map { payment($_) } 1 .. 3 ]);
	my $before = fingerprint('regtest');
	my (@found, @not_found);

	refused_block('', 'CB002', 'no byte');
	refused_block(substr($block, 0, 80), 'CB002', 'a header alone');
	refused_block(substr($block, 0, 80) . "\x00", 'CB002', 'a block without transactions');
	refused_block(substr($block, 0, 80) . "\xff" x 9, 'CB002', 'as many transactions as there can be');
	refused_block(substr($block, 0, 80) . "\xfd\x04\x00" . substr($block, 81), 'CB002', 'a count that is longer than needed');
	refused_block("$block\x00", 'CB002', 'a byte too many');
	refused_block($block . substr($block, 81), 'CB002', 'transactions beyond the count');
	# The server reads hex.
	refused("SELECT charmbills.chain_apply_block(15, '\\xzz')", '22023', 'what is no hex');

	# Cut off anywhere.
	my $states = sql(<<"SQL");
CREATE FUNCTION state_of(block bytea) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
	RETURN charmbills.chain_apply_block(${\ (TIP + 1)}, block);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END \$\$;
SELECT string_agg(DISTINCT state_of(substring(b, 1, n)), ' ') FROM (VALUES (${\ bytes($block)}::bytea)) v (b), generate_series(0, length(b) - 1) n;
SQL
	is($states, 'CB002', 'a block that is cut off is malformed, wherever it is');
	# Another header may be another block; behind it there is but one.
	$states = sql(<<"SQL");
SELECT string_agg(DISTINCT state_of(set_bit(b, n, 1 - get_bit(b, n))), ' ')
FROM (VALUES (${\ bytes($block)}::bytea)) v (b), generate_series(8 * 80, 8 * length(b) - 1) n
SQL
	unlike($states, qr/true/, 'no bit behind the header can be changed');
	like($states, qr/^[CB0-9 ]+$/, "each is refused as what it is ($states)");
	is(fingerprint('regtest'), $before, 'and nothing is stored');
	return;
}

sub test_position
{
	my ($other) = build_block(prev => block_hash($chain[-2]), height => TIP + 1, time => 1_600_010_000);
	my ($stranger) = build_block(prev => '11' x 32, height => TIP + 1, time => 1_600_010_000);
	my ($after_next) = build_block(prev => block_hash(next_block()), height => TIP + 2, time => 1_600_020_000);
	my $tip = block_hash($chain[-1]);

	my $error = refused_block($stranger, 'CB006', 'a block that does not link');
	like($error, qr/${\ block_hash($stranger)}.*$tip/s, 'names itself and the tip');
	like($error, qr/${\ ('11' x 32)}/, 'and its parent');
	refused_block($other, 'CB006', 'a rival of the tip');
	refused_block($other, 'CB006', 'at its own height too', height => TIP);
	refused_block($after_next, 'CB006', 'the block after the next', height => TIP + 2);
	refused_block($chain[3], 'CB006', 'a block from long ago', height => 4);
	refused_block(next_block(), 'CB006', 'the right block at the wrong height', height => TIP + 2);
	refused_block(next_block(), 'CB006', 'or at the tip\'s', height => TIP);
	refused_block(next_block(), 'CB011', 'or below the first', height => -1);
	refused_block(next_block(), 'CB003', 'or as the first', height => 0);

	my $before = fingerprint('regtest');
	is(sql('SELECT charmbills.chain_apply_block(' . TIP . ', ' . bytes($chain[-1]) . ')'), 'f', 'the tip again gives false');
	is(fingerprint('regtest'), $before, 'and stores nothing');

	refused_block(next_block(), 'CB003', 'a block that is not the checkpoint',
		before => "SET charmbills.checkpoint = '" . (TIP + 1) . ':' . ('00' x 32) . "';");
	is(join(' ', error_of("SET charmbills.checkpoint = '" . (TIP + 1) . ':' . block_hash(next_block(txs => [])) . "'; SELECT 1")), 'none: 1 ',
		'a checkpoint can be set');
	return;
}

sub test_work
{
	my $block = next_block();
	my $body = substr $block, 80;
	my $head = substr $block, 0, 80;

	my $error = refused_block(with_work($head, 1) . $body, 'CB007', 'no proof of work');
	foreach my $bits (0x207ffffe, 0x1f7fffff, 0x207fffff + 1, 0x21000080, 0x1d00ffff, 0, 0x20800000, 0xff7fffff)
	{
		my $other = $head;
		substr $other, 72, 4, pack 'V', $bits;
		refused_block($other . $body, 'CB007', sprintf 'target %08x', $bits);
	}
	# The median of the last eleven is the ninth block's.
	refused_block(next_block(time => 1_600_000_000 + 60 * 9), 'CB007', 'a time not after the median');
	refused_block(next_block(time => 0), 'CB007', 'no time');

	# Bitcoin itself: regtest's target is far too easy.
	make_database('mainnet', 'mainnet');
	sql("SELECT charmbills.chain_start(100000, '" . block_hash($chain[-1]) . "')", 'mainnet');
	refused_block($block, 'CB007', 'an easy target', database => 'mainnet', height => 100001);
	refused_block($block, 'CB007', 'on any chain', database => 'mainnet', height => 5);
	is(sql('SELECT height FROM charmbills.chain_tip()', 'mainnet'), 100000, 'the tip has not moved');
	return;
}

sub test_merkle
{
	my @txs = map { payment($_) } 1 .. 5;
	my $block = next_block(txs => \@txs);
	my @all = map { $_->{raw} } block_transactions($block);
	my $head = substr $block, 0, 80;

	refused_block($head . "\x06" . join('', @all[ 0 .. 4 ], payment(9)), 'CB007', 'another transaction');
	refused_block($head . "\x06" . join('', @all[ 0, 2, 1, 3 .. 5 ]), 'CB007', 'another order');
	refused_block($head . "\x05" . join('', @all[ 0 .. 4 ]), 'CB007', 'one less');
	# Six leaves, and eight of which the last two are the two before: the same root.
	is(hash_of_txs(map { wire_hash(transaction_id($_)) } @all), hash_of_txs(map { wire_hash(transaction_id($_)) } @all, @all[ 4, 5 ]),
		'transactions can be doubled without the root changing');
	refused_block($head . "\x08" . join('', @all, @all[ 4, 5 ]), 'CB007', 'doubled transactions');
	my $odd = next_block(txs => [ @txs[ 0, 1 ] ]);
	refused_block(substr($odd, 0, 80) . "\x04" . substr($odd, 81) . $txs[1], 'CB007', 'a doubled last transaction');

	# Serialized without its witness it has 64 bytes, like two hashes: where
	# those of the merkle tree are read as a block's transactions, no coinbase
	# comes first.
	my $small = build_transaction(inputs => [ { txid => '22' x 32, vout => 0 } ], outputs => [ [ "\x6a\x02ab", 0 ] ]);
	is(length_without_witness($small), 64, 'a transaction of 64 bytes');
	refused_block(assemble($small), 'CB007', 'and a block of nothing else');

	refused_block(assemble($txs[0]), 'CB007', 'a block without a coinbase');
	refused_block(assemble(@txs[ 0, 1 ], $all[0]), 'CB007', 'one whose coinbase is not first');
	refused_block(assemble($all[0], coinbase()), 'CB007', 'one with two');

	my $other = $txs[0];
	substr $other, -5, 1, "\x52";
	is(transaction_id($other), transaction_id($txs[0]), 'a witness is not in the identifier');
	refused_block($head . "\x06" . join('', $all[0], $other, @all[ 2 .. 5 ]), 'CB007', 'another witness');
	my $without = $all[0];
	substr $without, index($without, "\xaa\x21\xa9\xed"), 4, 'nope';
	refused_block(assemble($without, @txs), 'CB007', 'no witness commitment');
	refused_block($head . "\x06" . join('', substr($all[0], 0, -36) . "\x01" . substr($all[0], -35), @all[ 1 .. 5 ]), 'CB007',
		'another reserved value');
	return;
}

sub length_without_witness
{
	my ($tx) = @_;

	# marker, flag, and one item that is one byte long
	return length($tx) - 2 - 3;
}

sub test_amounts
{
	my $most = 2_100_000_000_000_000;
	my %bad = (
		'more than there will ever be' => [ $most + 1 ],
		'a sum that is more' => [ $most, 1 ],
		'a sum that overflows' => [ (9_000_000_000_000_000_000) x 3 ],
		'a negative amount' => [ -1 ],
		'the least of all' => [ -9_223_372_036_854_775_807 - 1 ]);

	foreach my $what (sort keys %bad)
	{
		my $tx = build_transaction(inputs => [ { txid => '33' x 32, vout => 0 } ],
			outputs => [ map { [ anyone_can_spend_script(), $_ ] } @{ $bad{$what} } ]);

		refused_block(next_block(txs => [$tx]), 'CB005', "$what in a block");
		refused('SELECT charmbills.chain_apply_mempool(ARRAY[' . bytes($tx) . ']::bytea[])', 'CB005', "$what in the mempool");
	}
	return;
}

sub test_networks
{
	my %genesis = (
		mainnet => $first_block,
		testnet3 => with_header($first_block, 1_296_688_602, 0x1d00ffff, 414_098_458),
		regtest => with_header($first_block, 1_296_688_602, 0x207fffff, 2));

	foreach my $network (sort keys %genesis)
	{
		foreach my $other (grep { $_ ne $network } sort keys %genesis)
		{
			my $database = "${network}_for_$other";
			# An easy target is refused before anything else.
			my $state = $other eq 'regtest' ? 'CB007' : 'CB003';

			make_database($database, $network);
			refused_block($genesis{$other}, $state, "the first block of $other on $network", height => 0, database => $database);
			refused("SELECT charmbills.chain_report_node(0, '" . block_hash($genesis{$other}) . "', genesis => '"
				  . block_hash($genesis{$other}) . "')", 'CB003', "a node of $other for $network", $database);
			is(sql('SELECT charmbills.chain_apply_block(0, ' . bytes($genesis{$network}) . ')', $database), 't', "its own is right")
			  if $other eq (grep { $_ ne $network } sort keys %genesis)[0];
		}
	}

	my $setting = "ALTER DATABASE regtest SET charmbills.network = 'signet'";
	$node->safe_psql('postgres', $setting);
	my $error = refused_block(next_block(), 'CB014', 'a network that was changed later');
	like($error, qr/regtest.*signet/s, 'names both');
	foreach my $call ("chain_apply_mempool(ARRAY[" . bytes(payment(1)) . "]::bytea[])", 'chain_rollback(1)', 'run_billing()',
		"create_merchant(name => 'x', address => 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx')", "chain_stop('x')")
	{
		refused("SELECT charmbills.$call", 'CB014', (split /\(/, $call)[0]);
	}
	$node->safe_psql('postgres', "ALTER DATABASE regtest SET charmbills.network = 'regtest'");
	return;
}

sub with_header
{
	my ($block, $time, $bits, $nonce) = @_;

	substr $block, 68, 12, pack 'VVV', $time, $bits, $nonce;
	return $block;
}

sub test_calls
{
	my $next = bytes(next_block());
	my $tx = bytes(payment(1));
	my $hash = block_hash($chain[-1]);
	my %bad = (
		'chain_apply_block(NULL, ' . $next . ')' => 'CB011',
		'chain_apply_block(15, NULL)' => 'CB011',
		'chain_rollback(NULL)' => 'CB011',
		'chain_rollback(-2)' => 'CB006',
		'chain_reorganise(NULL, \'{}\')' => 'CB011',
		'chain_reorganise(3, NULL)' => 'CB011',
		'chain_reorganise(3, \'{}\')' => 'CB006',
		'chain_reorganise(3, \'{NULL}\')' => 'CB011',
		"chain_reorganise(13, ARRAY[$next]::bytea[])" => 'CB006',
		'chain_reorganise(15, \'{}\')' => 'CB006',
		'chain_reorganise(13, \'{"\\\\x00"}\')' => 'CB002',
		'chain_apply_mempool(NULL)' => 'CB011',
		'chain_apply_mempool(\'{NULL}\')' => 'CB011',
		'chain_apply_mempool(\'{"\\\\x00"}\')' => 'CB002',
		'chain_apply_mempool(ARRAY[' . $tx . ', ' . substr($tx, 0, -3) . '\']::bytea[])' => 'CB002',
		'chain_apply_mempool(ARRAY[' . bytes(coinbase()) . ']::bytea[])' => 'CB007',
		'chain_arm_watches(NULL)' => 'CB011',
		'chain_arm_watches(\'{"\\\\x00"}\')' => 'CB002',
		'chain_offer_block(NULL, ' . $next . ')' => 'CB011',
		'chain_offer_block(14, ' . $next . ')' => 'CB006',
		'chain_offer_block(15, ' . $next . ')' => 'CB006',
		'chain_offer_block(14, \'\')' => 'CB002',
		'chain_evict_mempool(NULL, NULL)' => 'CB011',
		'chain_start(NULL, NULL)' => 'CB011',
		"chain_start(0, '$hash')" => 'CB010',
		'chain_start(14, \'nonsense\')' => 'CB002',
		"chain_start(-1, '$hash')" => 'CB011',
		'chain_stop(NULL)' => 'CB011',
		'chain_accept(NULL, NULL)' => 'CB011',
		"chain_accept(-1, '$hash')" => 'CB011',
		'chain_accept(14, \'\')' => 'CB002',
		'chain_report_node(NULL, NULL)' => 'CB011',
		"chain_report_node(14, '$hash', genesis => 'x')" => 'CB003');

	refused("SELECT charmbills.$_", $bad{$_}, length $_ > 70 ? substr($_, 0, 60) . '...' : $_) foreach sort keys %bad;
	foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
	{
		refused("BEGIN ISOLATION LEVEL $level; SELECT charmbills.chain_apply_block(15, $next)", '0A000', "a block at $level");
		refused("BEGIN ISOLATION LEVEL $level; SELECT charmbills.chain_apply_mempool(ARRAY[$tx]::bytea[])", '0A000',
			"a transaction at $level");
	}
	refused("BEGIN READ ONLY; SELECT charmbills.chain_apply_block(15, $next)", '25006', 'a block in a read-only transaction');
	return;
}

sub test_settings
{
	my $hash = 'ab' x 32;
	# Values refused, and one that is not.
	my %values = (
		network => [ 'testnet3', '', 'bitcoin', 'main', 'testnet' ],
		rpc_url => [ 'https://node:8332/wallet', 'node:8332', 'ftp://node', 'http://', 'https://:8332', 'http:///x', 'http://me:secret@node', 'http://a b' ],
		rpc_timeout => [ '10s', '0', '601', 'soon', '-1' ],
		rpc_user => [ 'me', 'me:secret' ],
		rpc_password => ['secret'],
		rpc_password_file => [ '/run/password', 'password', './password' ],
		rpc_cookie_file => [ '/run/.cookie', '.cookie', '~/.bitcoin/.cookie' ],
		databases => [ 'a, b', 'a,,b', 'a,', '"a' ],
		poll_interval => [ '1min', '0', '2h', 'x' ],
		mempool_interval => [ '5s', '0', '-1' ],
		confirmations => [ '6', '0', '1001', '1.5.1' ],
		max_reorg_depth => [ '10', '0', '-1', '100001' ],
		start_height => [ '800000', '-2', 'tip' ],
		checkpoint => [ "5:$hash", '5', $hash, "-5:$hash", "5:${\ uc $hash}", "5:ab", "5:${hash}0", "5 : $hash", "99999999999:$hash" ],
		max_stale => [ '1d', '-1', '366d' ],
		index_jump => [ '100', '0', '-1' ],
		jobs => [ 'off', 'sometimes' ],
		quote_validity => [ '10min', '0', '-1' ],
		secret_file => [ '/run/charmbills.key', 'charmbills.key', './key' ],
		webhook_allow_private => [ 'on', 'perhaps' ],
		webhook_ca_file => [ '/etc/ssl/ca.pem', 'ca.pem' ],
		app_vk => [ $hash, 'ab', uc $hash, "${hash}0", 'x' x 64 ],
		accept_mock_spells => [ 'off', 'perhaps' ],
		unknown_grace => [ '7d', '-1', '366d', 'x' ],
		spell_version => [ '8', '9', '16', 'new' ],
		mint_in_flight => [ 'refuse', 'queue' ],
		prover_url => [ 'https://prover.example/spells/prove', 'prover', 'ftp://prover', 'http://', 'https://me:secret@prover' ],
		prover_timeout => [ '10min', '0', '25h' ],
		prover_binary_file => [ '/srv/app.wasm', 'app.wasm' ],
		max_fee => [ '5000', '0', '-1' ],
		max_fee_rate => [ '50', '0', '100001' ],
		prover_fee_address => [ 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk' ],
		prover_max_fee => [ '1000', '-1' ],
		log_level => [ 'debug1', 'loud' ]);
	my @settings = split /\n/, sql(<<'SQL');
SELECT charmbills.now() IS NULL;
SELECT name FROM (SELECT name FROM pg_settings UNION SELECT 'charmbills.rpc_password') s WHERE name LIKE 'charmbills.%' ORDER BY 1
SQL
	shift @settings;

	is(join(' ', map { s/charmbills\.//r } @settings), join(' ', sort keys %values), 'every setting is tried');
	foreach my $name (sort keys %values)
	{
		my ($good, @bad) = @{ $values{$name} };

		is((error_of("LOAD 'charmbills'; ALTER SYSTEM SET charmbills.$name = '$_'"))[0], '22023', "$name = '$_' is refused") foreach @bad;
		is((error_of("LOAD 'charmbills'; ALTER SYSTEM SET charmbills.$name = '$good'"))[0], 'none: ', "$name = '$good' is not");
		sql("LOAD 'charmbills'; ALTER SYSTEM RESET charmbills.$name");
	}
	my (undef, $error) = error_of("LOAD 'charmbills'; ALTER SYSTEM SET charmbills.rpc_url = 'http://me:secret\@node'");
	like($error, qr/HINT/, 'credentials have their own place, says a hint');
	is((error_of("LOAD 'charmbills'; SET charmbills.nonsense = 1"))[0], '42602', 'a name that is no setting is refused');
	is((error_of("LOAD 'charmbills'; SET charmbills.rpc_user = 'me'"))[0], '55P02', 'the server\'s own settings are the server\'s');
	sql('CREATE ROLE visitor');
	is((error_of("LOAD 'charmbills'; SET ROLE visitor; SET charmbills.$_ = DEFAULT"))[0], '42501', "an ordinary role does not set $_")
	  foreach grep { !/rpc_(timeout|user|password)$|databases|interval|log_level/ } sort keys %values;
	return;
}

sub test_private_keys
{
	my $offset = -s $node->logfile;
	my $wif = 'cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA';
	my $shop = sql('SELECT id FROM charmbills.merchants');
	my @calls = (
		"create_merchant(name => 'x', descriptor => 'wpkh($xprv/0/*)')",
		"create_merchant(name => 'x', descriptor => 'wpkh([00000000/84h]$xprv/0/*)#aaaaaaaa')",
		"create_merchant(name => 'x', descriptor => 'sh(wpkh($xprv/0/*))')",
		"create_merchant(name => 'x', descriptor => 'wsh(sortedmulti(1,$tpub/0/*,$xprv/0/*))')",
		"create_merchant(name => 'x', descriptor => '$xprv')",
		"create_merchant(name => 'x', descriptor => 'wpkh($wif)')",
		"create_merchant(name => 'x', address => '$xprv')",
		"create_merchant(name => 'x', address => '$wif')",
		"update_merchant('$shop', descriptor => 'wpkh($xprv/0/*)')",
		"derive_address('wpkh($xprv/0/*)', 0)",
		"preview_addresses('wpkh($xprv/0/*)', 3)",
		"descriptor_checksum('wpkh($xprv/0/*)')");

	foreach my $call (@calls)
	{
		my $error = refused("SELECT * FROM charmbills.$call", 'CB004', $call =~ s/$xprv/xprv/gr =~ s/$wif/wif/r);

		# psql shows the statement that it sent; the server's words are the rest.
		$error =~ s/^LINE \d+:.*\n(.*\n)?//mg;
		unlike($error, qr/$xprv|$wif/, 'the key is not repeated');
	}
	error_of('SELECT no_such_thing');
	my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset);
	like($log, qr/STATEMENT:.*no_such_thing/, 'the log shows statements that fail');
	ok($log !~ /$xprv|$wif/, 'but none that holds a key');
	return;
}

sub test_descriptors
{
	my $descriptor = "wpkh([d34db33f/84h/0h/0h]$tpub/0/*)";
	my ($ann, $bob) = map { sql("SELECT (charmbills.create_merchant(name => '$_->[0]', descriptor => '$_->[1]')).id") }
	  ([ 'Ann', $descriptor ], [ 'Bob', "wpkh($tpub/1/*)" ]);
	my %bad = (
		$descriptor => [ 'CB009', 'the same' ],
		"wpkh($tpub/0/*)" => [ 'CB009', 'the same without its origin' ],
		"wpkh([d34db33f/84'/0'/0']$tpub/0/*)" => [ 'CB009', 'the same in other letters' ],
		"wpkh([00000000/1]$tpub/0/*)" => [ 'CB009', 'the same with another origin' ],
		"wpkh($tpub/0)" => [ 'CB002', 'one without a range' ],
		"wpkh($tpub/0h/*)" => [ 'CB002', 'a hardened one' ],
		"wpkh($tpub/0/*h)" => [ 'CB002', 'one with a hardened range' ],
		"$tpub/0/*" => [ 'CB002', 'a bare key' ],
		"rawtr($tpub/0/*)" => [ 'CB002', 'an unknown one' ],
		"wpkh($tpub/0/*)#aaaaaaaa" => [ 'CB002', 'one with a wrong checksum' ],
		"wpkh(xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8/0/*)" =>
		  [ 'CB003', 'another network\'s' ]);

	foreach my $text (sort keys %bad)
	{
		my ($state, $what) = @{ $bad{$text} };
		my $quoted = $text =~ s/'/''/gr;
		my $error = refused("SELECT charmbills.create_merchant(name => 'x', descriptor => '$quoted')", $state, "$what for a new merchant");

		like($error, qr/HINT/, "$what: with a hint") if $state ne 'CB003';
		refused("SELECT charmbills.update_merchant('$bob', descriptor => '$quoted')", $state, "$what for an old one");
	}
	refused("SELECT charmbills.create_merchant(name => 'x', address => charmbills.derive_address('$descriptor', 3))", 'CB009',
		'an address of another merchant\'s descriptor');
	refused('SELECT charmbills.create_merchant(name => \'x\', address => \'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk\')', 'CB009',
		'another merchant\'s address');
	return;
}

sub test_goes_on
{
	is(sql('SELECT height, hash FROM charmbills.chain_tip()'), TIP . '|' . block_hash($chain[-1]), 'the tip is where it was');
	is(sql('SELECT charmbills.chain_apply_block(15, ' . bytes(next_block(txs => [ payment(1) ])) . ')'), 't', 'the next block is taken');
	return;
}
