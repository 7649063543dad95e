#!/usr/bin/env perl
# chain_apply_block of a block with spells of plans that are tracked, beside one
# with spells of others, and one without any; and of one without any where there
# are plans, beside where there are none:
#	charms.pl SPELLS
#
# Nobody can prove spells of plans that are made here: those in blocks are mocks,
# and what it takes to verify as many real ones is told apart.
use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);

use CharmBills::Bench qw(bench_row create_database median milliseconds times_of);
use CharmBills::Bitcoin qw(block_hash build_block build_transaction transaction_id REGTEST_GENESIS);
use CharmBills::Spell qw(app_identity spell_transaction);

use constant { PLANS => 10, TRANSACTIONS => 5_000, ROUNDS => 25, WARM_UP => 5, BASE_TIME => 1_700_000_000 };

my ($spells) = @ARGV;
my $folder = tempdir(CLEANUP => 1);
my $coins  = 0;
my $merchant = pack 'H*', '0014' . '01' x 20;
my @plans = map {
	my $anchor = next_coin();
	{ anchor => $anchor, identity => app_identity("$anchor->{txid}:$anchor->{vout}"), vk => sha256_hex("key $_") }
} 1 .. PLANS;
my @tip = (0, REGTEST_GENESIS);
my %session = (tracked => open_database('bench_charms', 1), untracked => open_database('bench_no_charms', 0));

chmod 0755, $folder;
apply_to_all(map { bear($_) } @plans);
apply_to_all(map { mint($_) } @plans);
my @transfers = map { transfers($_) } @plans;
my @others = map { other() } @transfers;
my @plain = map { plain() } 1 .. TRANSACTIONS - @transfers;
my %block = (
	ours   => write_block('ours', @plain, @transfers),
	others => write_block('others', @plain, @others),
	none   => write_block('none', @plain, map { plain() } @transfers));
check();
my %times = measure();
my %ms = map { $_ => median(splice @{ $times{$_} }, WARM_UP) } keys %times;

bench_row('apply a block of 5,000 transactions, ' . @transfers . ' with mock spells of our plans', milliseconds($ms{ours}),
	'without spells: ' . milliseconds($ms{none}), times_of($ms{ours}, $ms{none}), '');
bench_row('verify ' . @transfers . ' real spells, as it would take besides', milliseconds(real_proofs()),
	'that block: ' . milliseconds($ms{ours}), '', '');
bench_row('apply it with as many spells of others', milliseconds($ms{others}),
	'without spells: ' . milliseconds($ms{none}), times_of($ms{others}, $ms{none}), 'decoding only');
bench_row('apply it without spells, ' . PLANS . ' plans tracked', milliseconds($ms{none}),
	'no plan: ' . milliseconds($ms{untracked}), times_of($ms{none}, $ms{untracked}), '<= 1.05 times');

# An outpoint of a transaction that nobody has seen.
sub next_coin
{
	return { txid => sha256_hex('coin ' . ++$coins), vout => 0 };
}

sub open_database
{
	my ($name, $has_plans) = @_;

	create_database($name, 'charmbills.network' => 'regtest', 'charmbills.rpc_url' => '',
		'charmbills.accept_mock_spells' => 'on')->close;
	my $session = CharmBills::Bench->session($name);
	$session->query("SELECT charmbills.chain_start(0, '" . REGTEST_GENESIS . "')");
	$session->query("SELECT (charmbills.create_merchant(name => 'm', address => "
		. "charmbills.script_to_address('\\x" . unpack('H*', $merchant) . "'))).id");
	foreach my $plan ($has_plans ? @plans : ())
	{
		$session->query("SELECT (charmbills.create_plan(merchant_id => (SELECT id FROM charmbills.merchants), "
			. "service_name => 's', price_sats => 1000, billing_cycle => 'weekly', entitlement => 'token', "
			. "app_id => '$plan->{identity}', app_vk => '$plan->{vk}')).id");
	}
	watch_outpoints($session) unless $has_plans;
	return $session;
}

# As many as plans have charms on: whoever bills watches some.
sub watch_outpoints
{
	my ($session) = @_;
	my @outpoints = map { "'" . next_coin()->{txid} . ":0'" } 1 .. 11 * PLANS;

	$session->query('SELECT charmbills.mark_utxos_used(ARRAY[' . join(', ', @outpoints) . "]::charmbills.outpoint[], 'somebody')");
	return;
}

sub holder
{
	return pack 'H*', '0014' . substr sha256_hex("holder $_[0]"), 0, 40;
}

sub bear
{
	my ($plan) = @_;
	my $raw = spell_transaction(plan => $plan, inputs => [ $plan->{anchor} ],
		outputs => [ { script => $merchant, remaining => 1000 } ]);

	$plan->{nft} = { txid => transaction_id($raw), vout => 0 };
	return $raw;
}

sub mint
{
	my ($plan) = @_;
	my $raw = spell_transaction(plan => $plan, inputs => [ $plan->{nft} ], outputs => [
		{ script => $merchant, remaining => 990 }, map { { script => holder($_), tokens => 1 } } 1 .. 10 ]);

	$plan->{minted} = transaction_id($raw);
	return $raw;
}

sub transfers
{
	my ($plan) = @_;

	return map {
		spell_transaction(plan => $plan, inputs => [ { txid => $plan->{minted}, vout => $_ }, next_coin() ],
			outputs => [ { script => holder($_ + 100), tokens => 1 } ])
	} 1 .. 10;
}

sub other
{
	my $plan = { identity => sha256_hex('another app ' . ++$coins), vk => sha256_hex('another key') };

	return spell_transaction(plan => $plan, inputs => [ next_coin(), next_coin() ],
		outputs => [ { script => holder($coins), tokens => 1 } ]);
}

sub plain
{
	return build_transaction(inputs => [ next_coin() ], outputs => [ map { [ holder("$coins $_"), 5_000 ] } 1 .. 2 ]);
}

sub next_block
{
	my (@txs) = @_;
	my ($height, $prev) = @tip;
	my ($block) = build_block(prev => $prev, height => $height + 1, time => BASE_TIME + $height, txs => \@txs);

	return $block;
}

sub write_block
{
	my ($name, @txs) = @_;
	my $path = "$folder/$name";

	open my $file, '>:raw', $path or die "cannot write $path: $!\n";
	print $file next_block(@txs);
	close $file or die "cannot write $path: $!\n";
	return $path;
}

sub read_file
{
	my ($path) = @_;

	open my $file, '<:raw', $path or die "cannot read $path: $!\n";
	local $/ = undef;
	return scalar <$file>;
}

sub apply_statement
{
	my ($path) = @_;

	return "SELECT charmbills.chain_apply_block(@{[ $tip[0] + 1 ]}, pg_read_binary_file('$path'))";
}

sub apply_to_all
{
	my (@txs) = @_;
	my $path = write_block('next', @txs);

	$_->query(apply_statement($path)) foreach values %session;
	@tip = ($tip[0] + 1, block_hash(read_file($path)));
	return;
}

# A benchmark of something that does not happen would be worth nothing.
sub check
{
	my $session = $session{tracked};

	$session->query('BEGIN');
	$session->query(apply_statement($block{ours}));
	my $moved = $session->query("SELECT count(*) FROM charmbills.charms WHERE block_height = @{[ $tip[0] + 1 ]}");
	$session->query('ROLLBACK');
	die "$moved of @{[ scalar @transfers ]} tokens were moved\n" if $moved != @transfers;
	return;
}

sub measure
{
	my %milliseconds;

	foreach my $round (1 .. ROUNDS)
	{
		$_->query('VACUUM') foreach $round % 5 == 1 ? values %session : ();
		push @{ $milliseconds{$_} }, $session{tracked}->time_undone(apply_statement($block{$_})) foreach sort keys %block;
		push @{ $milliseconds{untracked} }, $session{untracked}->time_undone(apply_statement($block{none}));
	}
	return %milliseconds;
}

sub real_proofs
{
	my $session = $session{tracked};
	my ($real) = grep { $_->{spell_version} == 12 } @{ decode_json(read_file($spells))->{vectors} };
	my $n = @transfers;
	$session->query("CREATE TABLE real_spells AS SELECT '$real->{raw_hex}'::text AS tx FROM generate_series(1, $n)");
	my $statement = "SELECT count(*) FROM real_spells s, charmbills.verify_spell(s.tx) v WHERE v.verdict = 'valid'";
	die "real spells are not valid\n" if $session->query($statement) != $n;
	return median(map { $session->time_undone($statement) } 1 .. 5);
}
