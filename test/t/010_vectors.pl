# Bitcoin Core's address and transaction vectors through the SQL functions, and
# what the log keeps of a private key: nothing.
use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(sha256);
use FindBin;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Vectors qw(read_vectors);

my %network_of = (main => 'mainnet', test => 'testnet3', signet => 'signet', regtest => 'regtest');
my @networks = qw(mainnet testnet3 testnet4 signet regtest);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION charmbills');

# An outcome that a test can compare, where the function may refuse.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION address_outcome(address text, network text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN encode(charmbills.address_to_script(address, network), 'hex');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SQL

subtest 'key_io_valid.json' => \&test_valid_addresses;
subtest 'key_io_invalid.json' => \&test_invalid_addresses;
subtest 'tx_valid.json' => \&test_transactions;
subtest 'private keys in the log' => \&test_log;

$node->stop;
done_testing();

sub test_valid_addresses
{
	my $vectors = read_vectors('core/key_io_valid.json')
	  or plan skip_all => 'core/key_io_valid.json is missing';
	my @addresses = grep { !$_->[2]{isPrivkey} } @$vectors;
	my @keys = grep { $_->[2]{isPrivkey} } @$vectors;

	cmp_ok(scalar @addresses, '>', 40, 'the file held addresses');
	test_addresses(@addresses);
	test_private_keys(@keys);
}

sub test_addresses
{
	my @vectors = @_;
	my @answers = answers(<<'SQL', map { [ $_->[0], $network_of{ $_->[2]{chain} }, $_->[1] ] } @vectors);
address_outcome(a, n), charmbills.script_to_address(decode(script, 'hex'), n), charmbills.is_valid_address(a, n),
charmbills.is_valid_address(a, elsewhere), address_outcome(a, elsewhere),
charmbills.is_valid_address(translate(a, upper || lower, lower || upper), n)
SQL

	foreach my $vector (@vectors)
	{
		my ($address, $script, $about) = @$vector;
		my $case_may_flip = $about->{tryCaseFlip} ? 't' : 'f';

		is(shift @answers, "$script|$address|t|f|CB003|$case_may_flip", "$about->{chain} $address");
	}
}

sub test_private_keys
{
	my @vectors = @_;
	my @answers = answers('address_outcome(a, n), charmbills.is_valid_address(a, n)',
		map { [ $_->[0], $network_of{ $_->[2]{chain} }, '' ] } @vectors);

	is($answers[$_], 'CB004|f', "private key $_ is refused as such") for 0 .. $#vectors;
}

sub test_invalid_addresses
{
	my $vectors = read_vectors('core/key_io_invalid.json')
	  or plan skip_all => 'core/key_io_invalid.json is missing';
	my @cases = map {
		my $text = $_->[0];
		map { [ $text, $_, '' ] } @networks
	} @$vectors;
	my @answers = answers('charmbills.is_valid_address(a, n), address_outcome(a, n)', @cases);

	like(shift @answers, qr/^f\|CB00[234]$/, "$_->[1] '$_->[0]'") for @cases;
}

# A line of answers for each case: an address a, a network n and a script.
sub answers
{
	my ($expressions, @cases) = @_;
	my $json = JSON::PP->new->ascii->encode(\@cases);

	die 'cases hold the quote' if $json =~ /\$cases\$/;
	return split /\n/, $node->safe_psql('postgres', <<"SQL");
SELECT $expressions
FROM jsonb_array_elements(\$cases\$$json\$cases\$) WITH ORDINALITY AS c (c, i),
	LATERAL (SELECT c->>0 AS a, c->>1 AS n, c->>2 AS script,
		CASE c->>1 WHEN 'mainnet' THEN 'regtest' ELSE 'mainnet' END AS elsewhere,
		'ABCDEFGHIJKLMNOPQRSTUVWXYZ' AS upper, 'abcdefghijklmnopqrstuvwxyz' AS lower) AS v
ORDER BY i
SQL
}

sub test_transactions
{
	my $vectors = read_vectors('core/tx_valid.json')
	  or plan skip_all => 'core/tx_valid.json is missing';
	# A list of one is a comment.
	my @transactions = grep { @$_ > 1 } @$vectors;
	my @answers = split /\n/, $node->safe_psql('postgres', join '', map { decoding_query($_->[1]) } @transactions);

	cmp_ok(scalar @transactions, '>', 100, 'the file held transactions');
	is(scalar @answers, scalar @transactions, 'one answer each');
	foreach my $i (0 .. $#transactions)
	{
		my ($spent, $hex) = @{ $transactions[$i] };
		my $expected = parse_transaction($hex);

		is($answers[$i], expected_answer($expected), "transaction $i: $expected->{txid}");
		is(join(' ', sort @{ $expected->{outpoints} }), join(' ', sort map { outpoint_text(@$_) } @$spent),
			"transaction $i: this test's own reading spends what the file says");
	}
}

sub decoding_query
{
	my ($hex) = @_;

	return <<"SQL";
SELECT charmbills.transaction_txid('$hex'), t->>'txid', t->>'hash', t->>'version', t->>'locktime', t->>'size', t->>'weight',
	t->>'vsize', (SELECT sum(charmbills.btc_to_sats((o->>'value')::numeric)) FROM jsonb_array_elements(t->'vout') AS o),
	(SELECT string_agg(o #>> '{scriptPubKey,hex}', ',' ORDER BY (o->>'n')::integer) FROM jsonb_array_elements(t->'vout') AS o),
	(SELECT string_agg(coalesce((i->>'txid') || ':' || (i->>'vout'), 'coinbase'), ' ' ORDER BY k)
		FROM jsonb_array_elements(t->'vin') WITH ORDINALITY AS v (i, k)),
	(SELECT string_agg(coalesce(i #>> '{scriptSig,hex}', i->>'coinbase') || '/' || (i->>'sequence'), ' ' ORDER BY k)
		FROM jsonb_array_elements(t->'vin') WITH ORDINALITY AS v (i, k)),
	(SELECT string_agg(coalesce((SELECT string_agg(w, ',' ORDER BY j)
			FROM jsonb_array_elements_text(i->'txinwitness') WITH ORDINALITY AS x (w, j)), '-'), ' ' ORDER BY k)
		FROM jsonb_array_elements(t->'vin') WITH ORDINALITY AS v (i, k))
FROM charmbills.decode_transaction('$hex', 'regtest') AS t;
SQL
}

sub expected_answer
{
	my ($tx) = @_;
	my $null = ('00' x 32) . ':4294967295';
	my $is_coinbase = @{ $tx->{outpoints} } == 1 && $tx->{outpoints}[0] eq $null;
	my $weight = 3 * $tx->{base_size} + $tx->{size};

	return join('|',
		$tx->{txid}, $tx->{txid}, $tx->{wtxid}, $tx->{version}, $tx->{locktime}, $tx->{size}, $weight,
		int(($weight + 3) / 4), $tx->{value}, join(',', @{ $tx->{scripts} }),
		$is_coinbase ? 'coinbase' : join(' ', @{ $tx->{outpoints} }),
		join(' ', @{ $tx->{inputs} }), join(' ', @{ $tx->{witnesses} }));
}

# The file writes an output number as a signed integer.
sub outpoint_text
{
	my ($txid, $vout) = @_;

	return "$txid:" . ($vout & 0xffffffff);
}

# BIP-32's first master key, and a key from Bitcoin's wiki.
sub test_log
{
	my $xprv = 'xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi';
	my $wif = '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ';
	my $offset = -s $node->logfile;
	my (undef, undef, $stderr) = $node->psql('postgres', <<"SQL", on_error_stop => 0);
SET log_statement = 'none';
SELECT charmbills.derive_address('wpkh($xprv/0/*)');
SELECT charmbills.descriptor_checksum('wpkh($xprv/0/*)');
SELECT charmbills.address_to_script('$wif');
SELECT charmbills.verify_message('$wif', '', '');
SELECT charmbills.address_to_script('nobody');
SQL
	my $log = PostgreSQL::Test::Utils::slurp_file($node->logfile, $offset);

	is(scalar(() = $stderr =~ /private key was given/g), 4, 'each call is refused');
	unlike($stderr, qr/$xprv|$wif/, 'no refusal repeats its key');
	like($log, qr/STATEMENT:.*nobody/, 'the log shows other statements that fail');
	unlike($log, qr/$xprv|$wif/, 'but none that holds a key');
}

# A reading of a transaction that shares nothing with the extension's.
sub parse_transaction
{
	my ($hex) = @_;
	my $raw = pack('H*', $hex);
	my $reader = { raw => $raw, pos => 0 };
	my %tx = (size => length $raw, value => 0);

	$tx{version} = unpack('V', take($reader, 4));
	my $has_witness = substr($raw, 4, 2) eq "\x00\x01";
	take($reader, 2) if $has_witness;

	my $core_start = $reader->{pos};
	read_inputs($reader, \%tx);
	read_outputs($reader, \%tx);
	my $core = substr($raw, $core_start, $reader->{pos} - $core_start);

	$tx{witnesses} = [ map { $has_witness ? read_witness($reader) : '-' } @{ $tx{inputs} } ];
	$tx{locktime} = unpack('V', take($reader, 4));
	die 'bytes left over' if $reader->{pos} != length $raw;

	my $base = substr($raw, 0, 4) . $core . substr($raw, -4);
	$tx{base_size} = length $base;
	$tx{txid} = hash_text($base);
	$tx{wtxid} = hash_text($raw);
	return \%tx;
}

sub read_inputs
{
	my ($reader, $tx) = @_;

	foreach (1 .. take_size($reader))
	{
		my $txid = unpack('H*', scalar reverse take($reader, 32));
		my $vout = unpack('V', take($reader, 4));
		my $script = unpack('H*', take($reader, take_size($reader)));
		my $sequence = unpack('V', take($reader, 4));

		push @{ $tx->{outpoints} }, "$txid:$vout";
		push @{ $tx->{inputs} }, "$script/$sequence";
	}
}

sub read_outputs
{
	my ($reader, $tx) = @_;

	foreach (1 .. take_size($reader))
	{
		$tx->{value} += unpack('Q<', take($reader, 8));
		push @{ $tx->{scripts} }, unpack('H*', take($reader, take_size($reader)));
	}
}

sub read_witness
{
	my ($reader) = @_;
	my $n_items = take_size($reader);

	return '-' if $n_items == 0;
	return join(',', map { unpack('H*', take($reader, take_size($reader))) } 1 .. $n_items);
}

sub take
{
	my ($reader, $length) = @_;

	die 'too short' if $reader->{pos} + $length > length $reader->{raw};
	$reader->{pos} += $length;
	return substr($reader->{raw}, $reader->{pos} - $length, $length);
}

sub take_size
{
	my ($reader) = @_;
	my $first = unpack('C', take($reader, 1));

	return $first if $first < 253;
	return unpack('v', take($reader, 2)) if $first == 253;
	return unpack('V', take($reader, 4)) if $first == 254;
	return unpack('Q<', take($reader, 8));
}

sub hash_text
{
	my ($data) = @_;

	return unpack('H*', scalar reverse sha256(sha256($data)));
}
