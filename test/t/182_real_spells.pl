# Real spells, whose proofs are real, all the way from a block to who is
# entitled: a plan of the app that a real transaction minted, on a chain of
# blocks that have it.
use strict;
use warnings FATAL => 'all';

use FindBin;
use JSON::PP ();
use List::Util qw(sum0);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use lib "$FindBin::Bin/../lib";
use CharmBills::Bitcoin qw(block_hash build_block build_transaction read_transaction transaction_id REGTEST_GENESIS);
use CharmBills::Spell qw(app_identity spell_transaction);
use Vectors qw(read_vectors);

# Where the first input is in a transaction that has witnesses.
use constant FIRST_INPUT => 7;

my $vectors = read_vectors('charms/spells.json')
  or plan skip_all => 'charms/spells.json is missing';
my @real = map { read_record($_) } @{ $vectors->{vectors} };
my @births = grep { $_->{anchor} } @real;
my @mints = grep { $_->{app}{tag} eq 'n' && $_->{tokens} } @real;
my @sends = grep { $_->{app}{tag} eq 't' && $_->{tokens} } @real;
my $first_time = time() - 6000;
my $n_databases = 0;

my $cluster = PostgreSQL::Test::Cluster->new('real');
$cluster->init;
$cluster->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'charmbills'
charmbills.network = 'regtest'
charmbills.databases = ''
search_path = 'public, charmbills'
CONF
$cluster->start;

subtest 'what there is' => \&test_file;
foreach my $record (@births)
{
	subtest "$record->{name} is born" => sub { test_birth($record) };
	subtest "$record->{name} is not born" => sub { test_no_birth($record) };
}
subtest 'an NFT of which it is not known where it comes from' => \&test_elsewhere;
subtest "$_->{name} mints" => sub { test_mint($_) } foreach @mints;
subtest "$_->{name} sends" => sub { test_send($_) } foreach @sends;

$cluster->stop;
done_testing();

#
# Records: what the file says, and what is in their transactions
#

# The app is that of an NFT where there is one.
sub read_record
{
	my ($record) = @_;
	my @apps = apps_of($record);
	my ($app) = ((grep { $_->{tag} eq 'n' } @apps), grep { $_->{tag} eq 't' } @apps);
	my $raw = pack 'H*', $record->{raw_hex};
	my $tx = read_transaction($raw);
	my ($anchor) = grep { app_identity("$_->[0]:$_->[1]") eq $app->{identity} } @{ $tx->{inputs} };
	my $outs = $record->{decoded_spell}{tx}{outs};
	my %number_of = map { $_->{tag} => $_->{number} } grep { $_->{identity} eq $app->{identity} } @apps;

	return {
		name    => substr($record->{txid}, 0, 8) . ", version $record->{spell_version}",
		version => $record->{spell_version},
		raw     => $raw,
		tx      => $tx,
		app     => $app,
		anchor  => $anchor && { txid => $anchor->[0], vout => $anchor->[1] },
		nft     => charms_at($outs, $number_of{n}),
		tokens  => charms_at($outs, $number_of{t}),
		beamed  => $record->{decoded_spell}{tx}{beamed_outs} || {} };
}

# As the spell numbers them.
sub apps_of
{
	my ($record) = @_;
	my @keys = sort keys %{ $record->{decoded_spell}{app_public_inputs} };

	return map {
		my ($tag, $identity, $vk) = @{ JSON::PP->new->decode($keys[$_]) };
		+{ number => $_, tag => $tag, identity => $identity, vk => $vk }
	} 0 .. $#keys;
}

# [ output, data ] each of an app; undef for none.
sub charms_at
{
	my ($outs, $number) = @_;
	my @charms = map { [ $_, $outs->[$_]{$number} ] } grep { defined $number && exists $outs->[$_]{$number} } 0 .. $#$outs;

	return @charms ? \@charms : undef;
}

sub test_file
{
	is(join(' ', map { $_->{version} } @births), '2 8', 'births, of versions');
	is(join(' ', map { $_->{version} } @mints), '4', 'mints');
	is(join(' ', map { $_->{version} } @sends), '6 7 9 11 12', 'transfers');
	return;
}

#
# A database with a plan and a chain
#

sub script_at
{
	my ($record, $vout) = @_;

	return unpack 'H*', $record->{tx}{outputs}[$vout][0];
}

sub sql
{
	my ($self, $sql) = @_;

	return $cluster->safe_psql($self->{database}, $sql);
}

# A plan of the record's app, sold by who holds the first output, or by another.
sub import_plan
{
	my ($record, %arg) = @_;
	my $self = { database => 'real_' . ++$n_databases, height => 0, tip => REGTEST_GENESIS, record => $record };
	my $app = { %{ $record->{app} }, %{ $arg{app} || {} } };
	my $script = $arg{script} // script_at($record, $record->{nft} ? $record->{nft}[0][0] : 0);

	$cluster->safe_psql('postgres', "CREATE DATABASE $self->{database}");
	sql($self, 'CREATE EXTENSION charmbills');
	sql($self, "SELECT import_plan(jsonb_build_object('id', 'real', 'serviceName', 'real',
	    'priceBTC', 0.0001, 'appId', '$app->{identity}', 'appVk', '$app->{vk}', 'entitlement', 'token',
	    'merchantAddress', script_to_address('\\x$script'), 'createdAt', to_timestamp($first_time)))");
	sql($self, "SELECT chain_start(0, '$self->{tip}')");
	apply($self);
	sql($self, 'SELECT chain_arm_watches(ARRAY[]::bytea[])');
	return $self;
}

sub apply
{
	my ($self, @txs) = @_;
	my $height = ++$self->{height};
	my ($block) = build_block(prev => $self->{tip}, height => $height, time => $first_time + 600 * $height, txs => \@txs);

	$self->{tip} = block_hash($block);
	sql($self, "SELECT chain_apply_block($height, '\\x" . unpack('H*', $block) . "')");
	return;
}

# What became of the plan in the last block.
sub told
{
	my ($self) = @_;

	return sql($self, "SELECT concat_ws(' ', verdict, nft, reason) FROM charm_transactions WHERE block_height = $self->{height}
	    ORDER BY block_index");
}

sub plan_is
{
	my ($self, $wanted, $what) = @_;

	return is(sql($self, "SELECT concat_ws(' ', status, nft_state, nft_utxo, remaining_supply) FROM plans"), $wanted, $what);
}

sub next_is
{
	my ($self, $txs, $told, $plan, $what) = @_;

	apply($self, @$txs);
	is(told($self), $told, "$what: what is told of it");
	plan_is($self, $plan, "$what: what becomes of the plan");
	return;
}

# Taken back, so that something else can come instead.
sub undo
{
	my ($self) = @_;

	sql($self, 'SELECT chain_rollback(height - 1) FROM chain_state');
	$self->{tip} = sql($self, 'SELECT hash FROM chain_state');
	$self->{height}--;
	plan_is($self, 'active unborn', 'taken back');
	return;
}

#
# Stories
#

sub born
{
	my ($record) = @_;
	my ($vout, $state) = @{ $record->{nft}[0] };

	return "active held $record->{tx}{txid}:$vout $state->{remaining}";
}

sub test_birth
{
	my ($record) = @_;
	my $txid = $record->{tx}{txid};
	my ($vout, $state) = @{ $record->{nft}[0] };
	my $self = import_plan($record);

	plan_is($self, 'active unborn', 'before');
	next_is($self, [ $record->{raw} ], 'valid born', born($record), 'in a block');
	is(sql($self, 'SELECT txid, spell_version, is_accepted, minted, destroyed, counterfeit IS NULL FROM charm_transactions'),
		"$txid|$record->{version}|t|0|0|t", 'what is known of the transaction');
	is(sql($self, 'SELECT outpoint, has_nft, remaining, amount, spent_by IS NULL FROM charms'),
		"$txid:$vout|t|$state->{remaining}|0|t", 'and of its output');
	is(sql($self, "SELECT is_charmed('$txid:$vout')"), 't', 'a coin that is not to be spent by accident');

	my $mock = spell_transaction(plan => $record->{app}, inputs => [ { txid => $txid, vout => $vout } ],
		outputs => [ { script => 'x', remaining => 100000 } ]);
	undo($self);
	next_is($self, [ $record->{raw}, $mock ], "valid born\nmock ended the spell is a mock", 'inactive gone 0', 'a mock moves it nowhere');
	undo($self);
	next_is($self, [ $record->{raw} ], 'valid born', born($record), 'and in another block');

	my $other = import_plan($record, script => '0014' . '77' x 20);
	next_is($other, [ $record->{raw} ], 'valid born', born($record) =~ s/active held/inactive away/r, 'an NFT of somebody else');
	my $key = import_plan($record, app => { vk => '77' x 32 });
	next_is($key, [ $record->{raw} ], 'valid ended', 'inactive gone 0', 'another key');
	my $identity = import_plan($record, app => { identity => '77' x 32 });
	next_is($identity, [ $record->{raw} ], '', 'active unborn', 'another identity');
	return;
}

# Each spends the outpoint of the plan's identity, or nearly so.
sub test_no_birth
{
	my ($record) = @_;
	my $self = import_plan($record);
	my $raw = $record->{raw};
	my $mock = sub {
		return spell_transaction(version => $_[0], plan => $record->{app}, inputs => [ $record->{anchor} ],
			outputs => [ { script => pack('H*', script_at($record, 0)), remaining => 100000 } ]);
	};
	my $mock_txid = transaction_id($mock->(15));
	my @cases = (
		(map { [ "a bit of the proof at $_", with_bit_flipped($raw, $_), qr/^invalid ended (?:proof|point)/ ] } bytes_of_proof($raw)),
		[ 'more supply', replaced($raw, "\x1a\x00\x01\x86\xa0", "\x1a\x00\x01\x86\xa1"), qr/^invalid ended proof does not hold$/ ],
		[ 'its mock', $mock->($record->{version}), qr/^mock ended the spell is a mock$/ ],
		[ 'a mock of today', $mock->(15), qr/^mock ended the spell is a mock$/ ]);

	foreach my $case (@cases)
	{
		my ($what, $tx, $wanted) = @$case;

		apply($self, $tx);
		like(told($self), $wanted, $what);
		plan_is($self, 'inactive gone 0', "$what: there is no NFT");
		is(sql($self, 'SELECT count(*) FROM charms'), 0, "$what: nor any other charm");
		undo($self);
	}
	allow_mocks($self, 'on');
	next_is($self, [ $mock->(15) ], 'mock born the spell is a mock', born($record) =~ s/\w{64}/$mock_txid/r, 'a mock where they count');
	allow_mocks($self, 'off');
	undo($self);
	next_is($self, [ with_bit_flipped($raw, FIRST_INPUT) ], '', 'active unborn', 'another outpoint');
	next_is($self, [ build_transaction(inputs => [ $record->{anchor} ], outputs => [ [ 'x', 1000 ] ]) ], '', 'active unborn', 'no spell');
	next_is($self, [ $raw ], 'valid born', born($record), 'the real one');
	return;
}

sub allow_mocks
{
	my ($self, $whether) = @_;

	return sql($self, "ALTER DATABASE $self->{database} SET charmbills.accept_mock_spells = $whether");
}

# Where some of the bytes of a proof are, from its first to its last: those of 64
# or more, each of which follows a 24.
sub bytes_of_proof
{
	my ($raw) = @_;
	my $start = index $raw, "\x99\x01\x04";
	my @places;

	die 'no proof' if $start < 0;
	pos($raw) = $start + 3;
	push @places, pos $raw while $raw =~ /\x18(?=[\x40-\xff])/g;
	return @places[ map { int($_ * $#places / 7) } 0 .. 7 ];
}

sub with_bit_flipped
{
	my ($raw, $at) = @_;

	substr($raw, $at, 1) ^= "\x01";
	return $raw;
}

sub replaced
{
	my ($raw, $old, $new) = @_;

	die 'not once' if (() = $raw =~ /\Q$old\E/g) != 1;
	return $raw =~ s/\Q$old\E/$new/r;
}

# Its proof holds, but it does not spend the outpoint of its identity.
sub test_elsewhere
{
	my @others = grep { $_->{app}{tag} eq 'n' && !$_->{anchor} } @real;

	cmp_ok(scalar @others, '>', 1, 'there are some');
	foreach my $record (@others)
	{
		my $self = import_plan($record);

		next_is($self, [ $record->{raw} ], 'valid elsewhere', 'active unborn', $record->{name});
		is(sql($self, 'SELECT count(*) FROM charms'), 0, 'there are no charms');
	}
	return;
}

# As if what a transaction spends first had been found in the last block: what
# came before these transactions is not known.
sub give
{
	my ($self, $what) = @_;
	my ($txid, $vout) = @{ $self->{record}{tx}{inputs}[0] };

	sql($self, <<"SQL");
INSERT INTO chain_transactions (txid, raw, status, block_height, block_hash, block_median_time, first_seen_at)
SELECT '$txid', '', 'confirmed', height, hash, median_time, now() FROM blocks WHERE height = $self->{height};
INSERT INTO charm_transactions (plan_id, txid, merchant_id, block_height, block_index, block_median_time, verdict, is_accepted,
    judged_by, judged_at, nft)
SELECT id, '$txid', merchant_id, height, 1, median_time, 'valid', true, 15, now(), 'born'
  FROM plans, blocks WHERE height = $self->{height};
INSERT INTO charms (outpoint, plan_id, merchant_id, script, has_nft, remaining, amount, block_height, received_at, minted_at)
SELECT outpoint('$txid', $vout), id, merchant_id, '\\x0014' || decode(repeat('66', 20), 'hex'), $what, height, median_time, median_time
  FROM plans, blocks WHERE height = $self->{height};
SQL
	return;
}

sub test_mint
{
	my ($record) = @_;
	my $self = import_plan($record);
	my ($nft) = @{ $record->{nft} };
	my $minted = sum0(map { $_->[1] } @{ $record->{tokens} });
	my $remaining = $nft->[1]{remaining};

	give($self, 'true, ' . ($remaining + $minted) . ', 0');
	subscribe_holders($self);
	next_is($self, [ $record->{raw} ], 'valid moved', "active held $record->{tx}{txid}:$nft->[0] $remaining", 'in a block');
	is(sql($self, "SELECT minted, destroyed, counterfeit IS NULL FROM charm_transactions WHERE nft = 'moved'"), "$minted|0|t", 'what it mints');
	holders_are($self, @{ $record->{tokens} });

	my $short = import_plan($record);
	give($short, 'true, ' . ($remaining + $minted - 1) . ', 0');
	subscribe_holders($short);
	apply($short, $record->{raw});
	is(told($short), 'valid moved', 'of an NFT that cannot have given as much');
	isnt(sql($short, "SELECT counterfeit FROM charm_transactions WHERE nft = 'moved'"), '', 'it is said');
	holders_are($short);
	return;
}

sub test_send
{
	my ($record) = @_;
	my $sent = sum0(map { $_->[1] } @{ $record->{tokens} });
	my @kept = grep { !exists $record->{beamed}{ $_->[0] } } @{ $record->{tokens} };
	my $gone = $sent - sum0(map { $_->[1] } @kept);

	foreach my $case ([ 'all there are', 0, $gone, @kept ], [ 'some of what there are', 5, $gone + 5, @kept ],
		[ 'more than there are', -1, $sent - 1 ])
	{
		my ($what, $more, $destroyed, @held) = @$case;
		my $self = import_plan($record);

		give($self, 'false, NULL, ' . ($sent + $more));
		subscribe_holders($self);
		apply($self, $record->{raw});
		is(told($self), 'valid elsewhere', $what);
		is(sql($self, "SELECT minted, destroyed, counterfeit IS NOT NULL FROM charm_transactions WHERE nft = 'elsewhere'"),
			join('|', 0, $destroyed, $more < 0 ? 't' : 'f'), "$what: what is told of it");
		holders_are($self, @held);
	}
	return;
}

# Those to whom outputs with tokens are.
sub holders_of
{
	my ($record) = @_;
	my %scripts = map { script_at($record, $_->[0]) => 1 } @{ $record->{tokens} };

	return sort keys %scripts;
}

sub subscribe_holders
{
	my ($self) = @_;

	foreach my $script (holders_of($self->{record}))
	{
		sql($self, "SELECT subscribe(id, script_to_address('\\x$script')) FROM plans");
		is(entitled($self, $script), 'f', 'a holder to be is not entitled yet');
	}
	return;
}

sub entitled
{
	my ($self, $script) = @_;

	return sql($self, "SELECT is_entitled(id, script_to_address('\\x$script')) FROM plans");
}

# Tokens that these outputs hold, and nobody else.
sub holders_are
{
	my ($self, @tokens) = @_;
	my $record = $self->{record};
	my %amount_of;

	$amount_of{ script_at($record, $_->[0]) } += $_->[1] foreach @tokens;
	is(sql($self, 'SELECT outpoint, amount FROM charms WHERE spent_by IS NULL AND beamed_to IS NULL AND NOT has_nft ORDER BY outpoint'),
		join("\n", map { "$record->{tx}{txid}:$_->[0]|$_->[1]" } @tokens), 'tokens on outputs');
	foreach my $script (holders_of($record))
	{
		is(entitled($self, $script), exists $amount_of{$script} ? 't' : 'f', 'who holds some is entitled');
		is(sql($self, "SELECT token_amount FROM subscriptions s JOIN customers c ON c.id = s.customer_id
		    WHERE address_to_script(c.address) = '\\x$script'"), $amount_of{$script} // 0, 'to as much');
	}
	return;
}
