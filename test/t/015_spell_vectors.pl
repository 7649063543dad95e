# Real spells, mock ones and tampered ones through the SQL functions.
use strict;
use warnings FATAL => 'all';

use FindBin;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib "$FindBin::Bin/../lib";
use Vectors qw(read_vectors);

# From there on a proof is about all inputs, before about all but the last, and
# from there on about the outputs' amounts and scripts.
use constant ALL_INPUTS => 10;
use constant COINS => 8;

# What the file says of tampered spells, and what is said here.
my %reason_of = (
	'VALID' => [ 'valid', '' ],
	'INVALID' => [ 'invalid', 'proof does not hold' ],
	'point-not-on-curve' => [ 'invalid', 'point is not on the curve' ]);

my $vectors = read_vectors('charms/spells.json')
  or plan skip_all => 'charms/spells.json is missing';
my @real = @{ $vectors->{vectors} };
my @mock = @{ $vectors->{regtest_mock_vectors} };
my @tampered = @{ $vectors->{tampered} };
my $json = JSON::PP->new->canonical->allow_nonref;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
load_vectors('postgres');

subtest 'what the file holds' => \&test_file;
subtest 'real spells' => sub { test_record($_, 'valid', '') for @real };
subtest 'mock spells' => sub { test_record($_, 'mock', 'the spell is a mock') for @mock };
subtest 'tampered spells' => \&test_tampered;
subtest 'spells of unknown versions' => \&test_unknown_versions;
subtest 'mock spells in every version' => \&test_mocks;
subtest 'in parallel' => \&test_parallel;
subtest 'in another encoding' => \&test_encodings;

$node->stop;
done_testing();

# A table of all records, by kind and number.
sub load_vectors
{
	my ($database) = @_;
	my @rows;

	foreach my $kind ([ real => @real ], [ mock => @mock ], [ tampered => @tampered ])
	{
		my ($name, @records) = @$kind;

		push @rows, map { "('$name', $_, '$records[$_]{raw_hex}')" } 0 .. $#records;
	}
	$node->safe_psql($database, 'CREATE EXTENSION charmbills');
	$node->safe_psql($database, 'CREATE TABLE vectors (kind text, n integer, tx text, PRIMARY KEY (kind, n))');
	$node->safe_psql($database, 'INSERT INTO vectors VALUES ' . join(', ', @rows));
}

sub test_file
{
	my %versions = map { $_->{spell_version} => 1 } @real;

	is(join(' ', sort { $a <=> $b } keys %versions), '2 4 6 7 8 9 11 12', 'versions of real spells');
	cmp_ok(scalar @mock, '>=', 10, 'mock spells');
	cmp_ok(scalar @tampered, '>=', 30, 'tampered spells');
}

# What the functions say of a record: two JSON objects and a list.
sub answers
{
	my ($tx) = @_;
	my $answer = $node->safe_psql('postgres', <<"SQL");
SELECT jsonb_build_object('spell', charmbills.decode_spell('$tx'),
	'tx', charmbills.decode_transaction('$tx', 'regtest'),
	'verdict', (SELECT jsonb_build_object('verdict', verdict, 'reason', coalesce(reason, ''), 'version', version, 'carrier', carrier)
		FROM charmbills.verify_spell('$tx')),
	'charms', (SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY n), '[]') FROM charmbills.spell_charms('$tx') WITH ORDINALITY
		AS c (vout, app, tag, identity, vk, amount, data, beamed_out, n)))
SQL
	return $json->decode($answer);
}

sub test_record
{
	my ($record, $verdict, $reason) = @_;
	my $answer = answers($record->{raw_hex});
	my $name = substr($record->{txid}, 0, 8) . ", version $record->{spell_version}";

	is_deeply($answer->{verdict},
		{ verdict => $verdict, reason => $reason, version => $record->{spell_version}, carrier => $record->{carrier} },
		"$name: verdict");
	test_decoded($record, $answer, $name);
	is_deeply(in_hex($answer->{charms}), expected_charms($record), "$name: charms");
}

# The spell field by field, each of which must be expected.
sub test_decoded
{
	my ($record, $answer, $name) = @_;
	my $spell = in_hex($answer->{spell});
	my $tx = delete $spell->{tx};
	my $wanted = $record->{decoded_spell};
	my $version = $record->{spell_version};
	my %wanted_tx = (%{ $wanted->{tx} }, ins => [ map { "$_->{txid}:$_->{vout}" } @{ $answer->{tx}{vin} } ]);
	my $n_outs = @{ $wanted_tx{outs} };
	my @outputs = @{ $answer->{tx}{vout} }[ 0 .. $n_outs - 1 ];

	$wanted_tx{coins} = [ map { { amount => sats($_->{value}), dest => $_->{scriptPubKey}{hex} } } @outputs ];
	is($answer->{tx}{txid}, $record->{txid}, "$name: it is this transaction");
	is_deeply([ sort keys %$tx ], [ sort keys %wanted_tx ], "$name: fields of tx");
	is($json->encode($tx->{$_}), $json->encode($wanted_tx{$_}), "$name: tx.$_") for sort keys %wanted_tx;

	is_deeply(delete $spell->{app_public_inputs}, expected_apps($record), "$name: app_public_inputs");
	is_deeply(
		delete $spell->{committed},
		{
			ins => @{ $wanted_tx{ins} } - ($version < ALL_INPUTS ? 1 : 0),
			coins => $version < COINS ? 0 : $n_outs
		},
		"$name: committed");
	is_deeply($spell,
		{ state => 'read', version => $version, carrier => $record->{carrier}, carrier_at => $record->{carrier_at} },
		"$name: all other fields");
}

# The file writes apps as ["tag", "identity", "vk"].
sub app_texts
{
	my ($record) = @_;
	my $inputs = $record->{decoded_spell}{app_public_inputs};
	my %text_of = map { $_ => join('/', @{ $json->decode($_) }) } keys %$inputs;

	return map { [ $text_of{$_}, $inputs->{$_} ] } sort { $text_of{$a} cmp $text_of{$b} } keys %text_of;
}

sub expected_apps
{
	my ($record) = @_;

	return { map { $_->[0] => $_->[1] } app_texts($record) };
}

# The file's own list of outputs where it has one, and for all one that is made
# of the decoded spell.
sub expected_charms
{
	my ($record) = @_;
	my @apps = map { $_->[0] } app_texts($record);
	my $tx = $record->{decoded_spell}{tx};
	my @charms;

	foreach my $vout (0 .. $#{ $tx->{outs} })
	{
		my $out = $tx->{outs}[$vout];

		push @charms, map { expected_charm($vout, $apps[$_], $out->{$_}, exists $tx->{beamed_outs}{$vout}) }
		  sort { $a <=> $b } keys %$out;
	}
	check_file($record, @charms) if $record->{expected_token_utxos};
	return \@charms;
}

sub expected_charm
{
	my ($vout, $app, $data, $is_beamed_out) = @_;
	my ($tag, $identity, $vk) = split m{/}, $app;
	my $is_amount = $tag eq 't' && !ref $data && $data =~ /^\d+$/;

	return {
		vout => $vout, app => $app, tag => $tag, identity => $identity, vk => $vk, data => $data,
		amount => $is_amount ? $data : undef,
		beamed_out => $is_beamed_out ? JSON::PP::true : JSON::PP::false
	};
}

sub check_file
{
	my ($record, @charms) = @_;
	my @listed = map { my $charm = $_; +{ map { $_ => $charm->{$_} } qw(vout app data beamed_out) } } @charms;

	is_deeply(\@listed, $record->{expected_token_utxos}, "$record->{txid}: the file lists the same outputs");
}

# Arrays of 32 bytes in hex, as the file shows them.
sub in_hex
{
	my ($value) = @_;

	return { map { $_ => in_hex($value->{$_}) } grep { $_ ne 'n' } keys %$value } if ref $value eq 'HASH';
	return $value unless ref $value eq 'ARRAY';
	return unpack('H*', pack('C*', @$value)) if @$value == 32 && !grep { ref || !/^\d+$/ || $_ > 255 } @$value;
	return [ map { in_hex($_) } @$value ];
}

sub sats
{
	my ($btc) = @_;

	return int(sprintf('%.8f', $btc) * 100_000_000 + 0.5);
}

sub test_tampered
{
	foreach my $record (@tampered)
	{
		my ($verdict, $reason) = @{ $reason_of{ $record->{result} } };
		my $answer = answers($record->{raw_hex});
		my $name = substr($record->{base_txid}, 0, 8) . ", version $record->{spell_version}, $record->{mutation}";

		is_deeply([ @{ $answer->{verdict} }{qw(verdict reason version)} ],
			[ $verdict, $reason, $record->{spell_version} ], $name);
		is($answer->{tx}{txid}, $record->{txid}, "$name: txid");
		is($answer->{spell}{state}, 'read', "$name: it is decoded all the same");
	}
}

# The same transaction with another version in its spell.
sub with_version
{
	my ($record, $version) = @_;
	my $field = unpack('H*', 'gversion');
	my $was = $field . sprintf('%02x', $record->{spell_version});
	my $tx = $record->{raw_hex};

	die 'no single version' if (() = $tx =~ /$was/g) != 1;
	$tx =~ s/$was/$field . sprintf('%02x', $version)/e;
	return $tx;
}

sub test_unknown_versions
{
	foreach my $record (@real, @mock)
	{
		foreach my $version (0, 16, 23)
		{
			my $answer = answers(with_version($record, $version));
			my %known = (version => $version, carrier => $record->{carrier});
			my $reason = "the spell's version is not supported";
			my $name = substr($record->{txid}, 0, 8) . " as version $version";

			is_deeply($answer->{verdict}, { verdict => 'unsupported', reason => $reason, %known }, "$name: verdict");
			is_deeply($answer->{spell},
				{ state => 'unsupported', reason => $reason, carrier_at => $record->{carrier_at}, %known },
				"$name: no spell, but why");
			is_deeply($answer->{charms}, [], "$name: no charms");
		}
	}
}

# A mock has no proof, and no setting makes up for that.
sub test_mocks
{
	my @versions = (1 .. 15);

	foreach my $record (@mock)
	{
		my $calls = join(', ', map { "(charmbills.verify_spell('" . with_version($record, $_) . "')).verdict" } @versions);

		is($node->safe_psql('postgres', "SET charmbills.network = 'regtest'; SET charmbills.accept_mock_spells = on; SELECT concat_ws(' ', $calls)"),
			join(' ', map { $_ < 7 ? 'mock' : 'invalid' } @versions), "mock $record->{txid}");
	}
}

sub test_parallel
{
	my $query = <<'SQL';
SELECT md5(string_agg(concat_ws(' ', kind, n, v.*, charmbills.decode_spell(tx)), E'\n' ORDER BY kind, n))
FROM vectors, charmbills.verify_spell(tx) AS v
SQL
	my $settings = <<'SQL';
ALTER TABLE vectors SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SET force_parallel_mode = on;
SQL

	like($node->safe_psql('postgres', "$settings EXPLAIN $query"), qr/Workers Planned: [1-9]/, 'workers answer');
	is($node->safe_psql('postgres', "$settings $query"), $node->safe_psql('postgres', $query), 'and say the same');
}

# Texts that a database cannot hold do not make a spell unreadable.
sub test_encodings
{
	my $record = $real[0];
	my $ticker = $record->{decoded_spell}{tx}{outs}[0]{0}{ticker};
	my $utf8 = "CH\xc3\x84RMS6";
	my $tx = $record->{raw_hex};
	my $tagged = spell_of_tag("\xc3\xbc");

	is(length $utf8, length $ticker, 'a ticker of the same length');
	$tx =~ s/${\unpack('H*', $ticker)}/unpack('H*', $utf8)/e;
	foreach my $case ([ 'UTF8', '"' . $utf8 . '"', "\xc3\xbc" ], [ 'LATIN1', '{"$text": "4348c384524d5336"}', 'U+00FC' ],
		[ 'SQL_ASCII', '{"$text": "4348c384524d5336"}', 'U+00FC' ])
	{
		my ($encoding, $shown, $tag) = @$case;

		$node->safe_psql('postgres', "CREATE DATABASE $encoding TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
		$node->safe_psql(lc $encoding, 'CREATE EXTENSION charmbills');
		is($node->safe_psql(lc $encoding, "SELECT data->'ticker' FROM charmbills.spell_charms('$tx')"), $shown, "$encoding: a text");
		is($node->safe_psql(lc $encoding, "SELECT charmbills.decode_spell('$tx') #> '{tx,outs,0,0,ticker}'"), $shown, "$encoding: in its spell");
		is($node->safe_psql(lc $encoding, "SELECT tag, split_part(app, '/', 1) FROM charmbills.spell_charms('$tagged')"), "$tag|$tag", "$encoding: a tag");
	}
}

# One charm of an app with this tag, in a transaction with one input.
sub spell_of_tag
{
	my ($tag) = @_;
	my $word = '9820' . '00' x 32;
	my $app = '83' . sprintf('%02x', 0x60 + length $tag) . unpack('H*', $tag) . $word x 2;
	my $payload = '82a3' . unpack('H*', 'gversion') . '0f' . unpack('H*', 'btx') . 'a1' . unpack('H*', 'douts') . '81a10007'
	  . unpack('H*', 'qapp_public_inputs') . "a1${app}f6" . '80';
	my $script = '6a05' . unpack('H*', 'spell') . '4c' . sprintf('%02x', length($payload) / 2) . $payload;

	return '0200000001' . 'aa' x 32 . '00000000' . '00' . 'ffffffff' . '01' . '00' x 8
	  . sprintf('%02x', length($script) / 2) . $script . '00000000';
}
