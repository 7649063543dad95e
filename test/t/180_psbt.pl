# PSBTs of transactions that wait for their signatures: signed by two wallets
# that are not ours, taken back, and mined by a real node.
use strict;
use warnings;

use FindBin;
use IPC::Run;
use JSON::PP ();
use Test::More;

use CharmBills::Bitcoin qw(address_script anyone_can_spend_script transaction_id unsigned_transaction);
use CharmBills::Node;
use CharmBills::Worker;

my %program = (
	embit     => [ 'python3', "$FindBin::Bin/../lib/sign_psbt.py" ],
	bitcoinjs => [ 'node',    "$FindBin::Bin/../lib/sign_psbt.js" ]);
my @wallets = grep { $ENV{ uc $_ } } sort keys %program;

plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;
plan skip_all => 'neither embit nor bitcoinjs-lib is here' unless @wallets;

my $json   = JSON::PP->new->canonical;
my $payee  = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
my @seeds  = map { $_ x 32 } qw(01 02 03);
my @kinds  = qw(wpkh tr sh pkh multi);
my %wrap   = (
	wpkh  => [ 'wpkh(%s)',                   "84'" ],
	tr    => [ 'tr(%s)',                     "86'" ],
	sh    => [ 'sh(wpkh(%s))',               "49'" ],
	pkh   => [ 'pkh(%s)',                    "44'" ],
	multi => [ 'wsh(sortedmulti(2,%s,%s,%s))', "48'" ]);

my $node = CharmBills::Node->new;
$node->start;
$node->mine(130);
my $server = CharmBills::Worker->new(node => $node);
$server->start;
$server->wait_for_tip($node->tip, 'the worker follows');

# What a wallet makes of a question; dies with its words.
sub ask
{
	my ($wallet, %question) = @_;
	my $input = $json->encode(\%question);
	my ($output, $error);

	local $ENV{NODE_PATH}  = $ENV{BITCOINJS};
	local $ENV{PYTHONPATH} = $ENV{EMBIT};
	IPC::Run::run($program{$wallet}, \$input, \$output, \$error) or die "$wallet: $error\n";
	return $json->decode($output);
}

# A descriptor with the origins of its keys, as wallets export it.
sub descriptor
{
	my ($kind) = @_;
	my ($form, $purpose) = @{ $wrap{$kind} };
	my @keys = map {
		my $account = ask($wallets[0], do => 'account', seed => $_, path => "m/$purpose/1'/0'");
		"[$account->{fingerprint}/$purpose/1'/0']$account->{xpub}/0/*"
	} $kind eq 'multi' ? @seeds : $seeds[0];

	return sprintf $form, @keys;
}

# The SQLSTATE and message of a statement that is refused.
sub refusal
{
	my ($sql) = @_;
	my ($status, undef, $error) = $server->cluster->psql('postgres', "\\set VERBOSITY verbose\n$sql");

	return $status == 0 ? 'taken' : $error =~ /ERROR:\s+(CB\d+): (.*)/ ? "$1 $2" : $error;
}

#
# A merchant of each kind of wallet, and coins in it.
#
my (%merchant, %address);
foreach my $kind (@kinds)
{
	my $descriptor = descriptor($kind);
	(my $quoted = $descriptor) =~ s/'/''/g;

	$merchant{$kind} = $server->sql("SELECT id FROM charmbills.create_merchant(name => '$kind', descriptor => '$quoted')");
	$address{$kind}  = [ split /\n/, $server->sql("SELECT charmbills.derive_address('$quoted', i) FROM generate_series(0, 15) i") ];
}

# Coins of so many sats each, to a wallet's addresses from one on.
sub coins
{
	my ($kind, $first, @sats) = @_;
	my $tx = $node->build_payment(outputs => [ map { [ $address{$kind}[ $first + $_ ], $sats[$_] ] } 0 .. $#sats ]);
	my $txid = $node->broadcast($tx);

	$node->mine;
	$server->wait_for_tip($node->tip, "$kind has coins");
	return map { { txid => $txid, vout => $_, value => $sats[$_] } } 0 .. $#sats;
}

# A row that waits for its signatures; transactions as bytes.
sub waiting
{
	my ($kind, %tx) = @_;
	my ($commit, $spell) = map { defined $_ ? "'" . unpack('H*', $_) . "'" : 'NULL' } @tx{qw(commit spell)};

	return $server->sql("INSERT INTO charmbills.transactions
		(type, merchant_id, commit_tx, spell_tx, commit_txid, spell_txid, status, created_at)
		VALUES ('send', '$merchant{$kind}', $commit, $spell, charmbills.transaction_txid($commit),
			charmbills.transaction_txid($spell), 'pending_signature', charmbills.now()) RETURNING id");
}

sub psbt_of
{
	my ($id, $part) = @_;

	return $server->sql("SELECT charmbills.transaction_psbt('$id'" . ($part ? ", '$part'" : '') . ')');
}

# Signed by one wallet after the other, as far as the kind needs.
sub signed
{
	my ($wallet, $kind, $psbt, %arg) = @_;

	foreach my $seed ($kind eq 'multi' ? @seeds[ 2, 0 ] : $seeds[0])
	{
		my $answer = ask($wallet, do => 'sign', seed => $seed, psbt => $psbt, %arg);
		$psbt = $answer->{psbt};
	}
	return $psbt;
}

sub submit
{
	my ($id, %part) = @_;

	return "SELECT status FROM charmbills.submit_signed('$id'" . join('', map { ", $_ => '$part{$_}'" } sort keys %part) . ')';
}

#
# Every kind of wallet, by every signer
#
my %sent;
foreach my $wallet (@wallets)
{
	foreach my $kind (@kinds)
	{
		my $first = $wallet eq $wallets[0] ? 0 : 4;
		my @coins = coins($kind, $first, 100_000, 200_000);
		my $tx = unsigned_transaction(
			inputs  => \@coins,
			outputs => [ [ address_script($payee), 250_000 ], [ address_script($address{$kind}[ $first + 2 ]), 49_000 ] ]);
		my $id   = waiting($kind, spell => $tx);
		my $psbt = psbt_of($id);

		if ($wallet eq 'embit')
		{
			my $read = ask('embit', do => 'read', psbt => $psbt);
			my $keys = $kind eq 'multi' ? 3 : 1;
			my @steps = map { qr{^[0-9a-f]{8}/m/\d\dh/1h/0h/0/$_$} } $first .. $first + 2;

			is(scalar(grep { $_->{previous} eq $coins[0]{txid} } @{ $read->{inputs} }), 2, "$kind: inputs come with what they spend");
			is(scalar(grep { !!$_->{witness_utxo} eq ($kind ne 'pkh') } @{ $read->{inputs} }), 2, "$kind: and, where it is a witness output, with that");
			is(scalar(grep { $_ =~ $steps[0] } @{ $read->{inputs}[0]{origins} }), $keys, "$kind: the first with where its keys come from");
			is(scalar(grep { $_ =~ $steps[1] } @{ $read->{inputs}[1]{origins} }), $keys, "$kind: and so the second");
			is(scalar(@{ $read->{outputs}[0]{origins} }), 0, "$kind: of the payee nothing is known");
			is(scalar(grep { $_ =~ $steps[2] } @{ $read->{outputs}[1]{origins} }), $keys, "$kind: the change is the wallet's own");
		}
		my $done = signed($wallet, $kind, $psbt);
		my $theirs = ask($wallet, do => 'finalize', psbt => $done)->{tx};
		ok($theirs, "$kind: signed with $wallet");
		# The one as it comes, the other as the wallet has finalized it.
		is($server->sql(submit($id, spell_tx => $wallet eq 'embit' ? $done : $theirs)), 'pending', 'it is taken');
		is($server->sql("SELECT spell_tx FROM charmbills.transactions WHERE id = '$id'"), $theirs, 'as the wallet has it');
		is($server->sql(submit($id, spell_tx => $theirs)), 'pending', 'once more changes nothing');
		$sent{$id} = "$kind by $wallet";
	}
}
foreach my $id (sort keys %sent)
{
	$server->wait_for("SELECT state FROM charmbills.jobs WHERE payload->>'transaction_id' = '$id'", 'done', "$sent{$id}: the node takes it");
}
$node->mine;
$server->wait_for("SELECT count(*) FROM charmbills.transactions WHERE status = 'confirmed'", scalar keys %sent, 'all of them are mined');
is($server->sql("SELECT count(*) FROM charmbills.used_utxos WHERE confirmed"), 2 * keys %sent, 'what they have spent is spent for good');

#
# Several signers, each of the same PSBT
#
my $wallet = $wallets[0];
my @coins  = coins('multi', 8, 100_000);
my $tx     = unsigned_transaction(inputs => \@coins, outputs => [ [ address_script($payee), 99_000 ] ]);
my $id     = waiting('multi', spell => $tx);
my $psbt   = psbt_of($id);
my @each   = map { ask($wallet, do => 'sign', seed => $_, psbt => $psbt)->{psbt} } @seeds[ 1, 2 ];
like(refusal(submit($id, spell_tx => $each[0])), qr/^CB011 input 0 of the spell transaction has not all its signatures/, 'one signature of two is not enough');
my $combined = $server->sql("SELECT charmbills.combine_psbts(ARRAY['$each[0]', '$each[1]'])");
is($server->sql(submit($id, spell_tx => $combined)), 'pending', 'both, combined, are');

#
# What is tampered with
#
@coins = coins('wpkh', 8, 100_000, 200_000);
$tx    = unsigned_transaction(inputs => \@coins, outputs => [ [ address_script($payee), 299_000 ] ]);
$id    = waiting('wpkh', spell => $tx);
$psbt  = psbt_of($id);
my $good  = ask($wallet, do => 'finalize', psbt => signed($wallet, 'wpkh', $psbt))->{tx};
my $other = unsigned_transaction(inputs => \@coins, outputs => [ [ address_script($payee), 298_000 ] ]);

like(refusal(submit($id, spell_tx => unpack 'H*', $other)), qr/^CB011 the spell transaction is not the one/, 'another amount is refused');
(my $longer = $good) =~ s/^02/01/;
like(refusal(submit($id, spell_tx => $longer)), qr/^CB011 the spell transaction is not the one/, 'and so is another version');
like(refusal(submit($id, spell_tx => unpack 'H*', $tx)), qr/^CB011 input 0 of the spell transaction is not signed/, 'no signature');
like(refusal(submit($id, spell_tx => $psbt)), qr/^CB011 input 0 of the spell transaction has not all/, 'nor one in the PSBT');
like(refusal(submit($id, spell_tx => 'cHNidP8B')), qr/^CB002 invalid PSBT of the spell transaction/, 'half a PSBT');
like(refusal(submit($id, commit_tx => $good, spell_tx => $good)), qr/^CB011 there is one transaction/, 'two in place of one');
like(refusal(submit($id)), qr/^CB011 no transaction is given/, 'none');

SKIP:
{
	skip 'embit is not here', 3 unless $ENV{EMBIT};
	my %type = (NONE => 2, SINGLE => 3, 'ALL|ANYONECANPAY' => 0x81);

	foreach my $name (sort keys %type)
	{
		my $partial = signed('embit', 'wpkh', $psbt, sighash => $type{$name});
		like(refusal(submit($id, spell_tx => $partial)), qr/^CB011 a signature of input 0 of the spell transaction does not cover all/, "SIGHASH_$name");
	}
}

# Each input's witness is a signature and a key, in one run of bytes.
(my $swapped = $good) =~ s/(02(?:47|48)30.{140,142}?21.{66})(02(?:47|48)30.{140,142}?21.{66})(00000000)$/$2$1$3/;
isnt($swapped, $good, 'signatures can be swapped');
like(refusal(submit($id, spell_tx => $swapped)), qr/^CB011 input 0 of the spell transaction is not signed by the keys/, 'and are refused');
is($server->sql("SELECT status FROM charmbills.transactions WHERE id = '$id'"), 'pending_signature', 'all this has changed nothing');
is($server->sql(submit($id, spell_tx => $good)), 'pending', 'the good one is taken');
like(refusal(submit($id, spell_tx => unpack 'H*', $other)), qr/^CB011 the spell transaction is not the one/, 'another one is refused still');

#
# Signatures by the right key of the wrong thing: the node finds out
#
my $twice = address_script($address{tr}[7]);
my $pair  = $node->build_payment(outputs => [ [ \$twice, 100_000 ], [ \$twice, 200_000 ] ]);
my $pair_id = $node->broadcast($pair);
@coins = map { { txid => $pair_id, vout => $_, value => 100_000 * ($_ + 1) } } 0, 1;
$node->mine;
$server->wait_for_tip($node->tip, 'one address has two coins');
$id   = waiting('tr', spell => unsigned_transaction(inputs => \@coins, outputs => [ [ address_script($payee), 299_000 ] ]));
$good = ask($wallet, do => 'finalize', psbt => signed($wallet, 'tr', psbt_of($id)))->{tx};
($swapped = $good) =~ s/(0140.{128})(0140.{128})(00000000)$/$2$1$3/;
is($server->sql(submit($id, spell_tx => $swapped)), 'pending', 'the other input\'s signature is taken');
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$id'", 'failed', 'and refused by the node');
is($server->sql(submit($id, spell_tx => $good)), 'pending', 'the right one is taken in its place');
my $job = "SELECT state FROM charmbills.jobs WHERE payload->>'transaction_id'";
$server->wait_for("$job = '$id'", 'done', 'and by the node, too');

#
# A higher fee for what waits to be mined
#
my $bump = unsigned_transaction(inputs => \@coins, outputs => [ [ address_script($payee), 280_000 ] ]);
my $bump_id = waiting('tr', spell => $bump);
my $bumped = ask($wallet, do => 'finalize', psbt => signed($wallet, 'tr', psbt_of($bump_id)))->{tx};
like(refusal(submit($bump_id, spell_tx => $bumped)), qr/^CB009 UTXO .* is reserved already/, 'by itself it is refused');
is($server->sql("SELECT status FROM charmbills.submit_signed('$bump_id', '$bumped', replaces => '$id')"), 'pending', 'as a replacement it is taken');
$server->wait_for("$job = '$bump_id'", 'done', 'also by the node');
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$id'", 'replaced', 'and the first one is replaced');
$node->mine;
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$bump_id'", 'confirmed', 'the replacement is mined');

#
# A commit and its spell, one input of which the prover has signed
#
@coins = coins('tr', 8, 100_000, 50_000);
my $commit = unsigned_transaction(inputs => [ $coins[0] ], outputs => [ [ anyone_can_spend_script(), 99_000 ] ]);
my $made   = { txid => transaction_id($commit), vout => 0, value => 99_000 };
my $spell  = unsigned_transaction(inputs => [ $coins[1], $made ], witnesses => [ [], ["\x51"] ],
	outputs => [ [ address_script($payee), 148_000 ] ]);
$id = waiting('tr', commit => $commit, spell => $spell);
my $spell_psbt = psbt_of($id);
is_deeply([ map { !!$_->{final} } @{ ask('embit', do => 'read', psbt => $spell_psbt)->{inputs} } ], [ !!0, !!1 ],
	'what the prover has signed is final in the PSBT') if $ENV{EMBIT};
my $signed_commit = signed($wallet, 'tr', psbt_of($id, 'commit'));
my $signed_spell  = ask($wallet, do => 'finalize', psbt => signed($wallet, 'tr', $spell_psbt))->{tx};
like(refusal(submit($id, spell_tx => $signed_spell)), qr/^CB011 input 0 of the commit transaction is not signed/, 'a package must be complete');
(my $forged = $signed_spell) =~ s/010151(00000000)$/010152$1/;
isnt($forged, $signed_spell, 'the prover\'s witness can be changed');
like(refusal(submit($id, spell_tx => $forged, commit_tx => $signed_commit)), qr/^CB011 input 1 of the spell transaction is not as the prover/, 'and is refused');
is($server->sql(submit($id, spell_tx => $signed_spell, commit_tx => $signed_commit)), 'pending', 'both are taken');
$server->wait_for("$job = '$id'", 'done', 'and sent');
$node->mine;
$server->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$id'", 'confirmed', 'and mined');
like(refusal("SELECT charmbills.transaction_psbt('$id')"), qr/^CB010 transaction is confirmed/, 'there is nothing to sign any more');

# Signing would change the identifier by which the spell knows its commit.
@coins  = coins('sh', 8, 100_000);
$commit = unsigned_transaction(inputs => \@coins, outputs => [ [ anyone_can_spend_script(), 99_000 ] ]);
$spell  = unsigned_transaction(inputs => [ { txid => transaction_id($commit), vout => 0 } ], witnesses => [ ["\x51"] ],
	outputs => [ [ address_script($payee), 98_000 ] ]);
$id = waiting('sh', commit => $commit, spell => $spell);
like(refusal("SELECT charmbills.transaction_psbt('$id', 'commit')"), qr/^CB010 signing would change what identifies the commit/, 'no old output pays for a commit');

$server->cluster->stop;
$node->stop;
done_testing();
