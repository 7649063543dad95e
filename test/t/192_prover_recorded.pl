# What the protocol's own provers were asked and answered, recorded: asked the
# same here, field by field, and their answers taken, or not, for what they are.
use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use File::Temp ();
use FindBin;
use Test::More;

use CharmBills::Bitcoin qw(transaction_id);
use CharmBills::ProverRecordings qw(request_fields);
use CharmBills::ProverServer;
use CharmBills::Worker;
use PostgreSQL::Test::Utils;

use constant TRIES       => 8;
use constant LONGEST     => 500;
use constant FEE_ADDRESS => 'bcrt1q8y0yp5sl27evfyqg85aw092p0kl49fdfghc7cf';
use constant METADATA    => '{"image": "https://example.com/p.svg", "description": "All of it, all year"}';

my $recordings = CharmBills::ProverRecordings->new("$FindBin::Bin/../data/prover-recordings.json");
my $program    = File::Temp->new;
my $prover     = CharmBills::ProverServer->new;
my $server     = CharmBills::Worker->new(
	settings => {
		'charmbills.rpc_url'            => 'sandbox',
		'charmbills.prover_url'         => $prover->url,
		'charmbills.prover_binary_file' => $program->filename,
		'charmbills.prover_fee_address' => FEE_ADDRESS,
		'charmbills.prover_max_fee'     => 3_000,
		'charmbills.accept_mock_spells' => 'on' });
$server->start;

# As they were recorded: the names of who has them are what they are made of.
my %address = (
	(map { $_ => address("\x51\x20" . sha256($_)) } qw(merchant friend change)),
	(map { $_ => address("\x00\x14" . substr sha256($_), 0, 20) } qw(customer funds)));
my $merchant = $server->sql("SELECT id FROM charmbills.create_merchant(name => 'Ada', address => '$address{merchant}')");

sub address
{
	my ($script) = @_;

	return $server->sql(sprintf q{SELECT charmbills.script_to_address('\x%s')}, unpack 'H*', $script);
}

# The program that provers run from now on.
sub install
{
	my ($name) = @_;

	open my $file, '>:raw', $program->filename or die "cannot write the program: $!\n";
	print $file $recordings->program($name);
	close $file;
	return;
}

sub new_plan
{
	my ($name) = @_;
	my $app_vk = sha256_hex($recordings->program($name));

	return $server->sql("SELECT id FROM charmbills.create_plan('$merchant', 'Pro plan', 1000, ticker => 'PROPLAN', app_vk => '$app_vk')");
}

sub mine
{
	my (@txs) = @_;

	$server->sql("SELECT charmbills.sandbox_submit('$_')") foreach @txs;
	return $server->sql('SELECT charmbills.sandbox_mine()');
}

# The id of the transaction that a SQL function gives.
sub ask
{
	my ($version, $function, $arguments) = @_;
	my $start = $recordings->start($version);

	return $server->sql("SELECT id FROM charmbills.$function($arguments, spell_version => $version, previous_txs => ARRAY['$start'])");
}

sub mint_plan
{
	my ($version, $plan) = @_;
	my $start = transaction_id(pack 'H*', $recordings->start($version));

	return ask($version, 'mint_plan', "'$plan', '$start:1', 1000, anchor_utxo => '$start:0', metadata => '" . METADATA . "'");
}

# The last request, as it was recorded.
sub check_request
{
	my ($name) = @_;
	my ($body) = map { $_->{body} } reverse $prover->requests(CharmBills::ProverServer::PATH);
	my ($question) = reverse $prover->questions;
	my ($asked, $recorded) = map { request_fields($_) } $question, $recordings->exchange($name)->{request};

	is($asked->{$_}, $recorded->{$_}, "$name: $_ is as it was recorded") foreach sort keys %{ { %$asked, %$recorded } };
	is(state_keys($body), state_keys(slurp_file($recordings->file)), "$name: in the same order") if $body =~ /"ticker"/;
	return;
}

# Of an NFT's state as JSON, of which CBOR is made in the same order.
sub state_keys
{
	my ($text) = @_;
	my ($state) = $text =~ /\{([^{}]*"ticker"[^{}]*)\}/;

	return join ' ', $state =~ /"(\w+)"\s*:/g;
}

sub wait_until_proved
{
	my ($id, $name) = @_;

	$server->wait_for("SELECT state FROM charmbills.prove_requests WHERE transaction_id = '$id'", qr/^(?:proved|failed)$/, "$name: answered");
	check_request($name) if $recordings->exchange($name)->{program} !~ /fee/;
	is($server->sql("SELECT status, error_message FROM charmbills.transactions WHERE id = '$id'"), 'pending_signature|', "$name: proved");
	is($server->sql("SELECT concat_ws(' ', commit_tx, spell_tx) FROM charmbills.transactions WHERE id = '$id'"),
		join(' ', $recordings->transactions($name)), "$name: what was answered is there to be signed");
	return;
}

# As if it had been signed: the sandbox does not look at signatures.
sub prove_and_mine
{
	my ($id, $name) = @_;

	wait_until_proved($id, $name);
	mine($recordings->transactions($name));
	is($server->sql("SELECT status FROM charmbills.transactions WHERE id = '$id'"), 'confirmed', "$name: in a block");
	return;
}

sub wait_until_failed
{
	my ($id, $reason, $what) = @_;

	return $server->wait_for("SELECT error_message FROM charmbills.transactions WHERE id = '$id' AND status = 'failed'", $reason, $what);
}

sub job_of
{
	my ($id) = @_;

	return $server->sql("SELECT id FROM charmbills.jobs WHERE kind = 'prove' AND payload->>'transaction_id' = '$id'");
}

# The prover of the other version understands nothing.
sub test_other_version
{
	my ($version, $plan) = @_;
	my $other    = $version == 15 ? 8 : 15;
	my $name     = "$other asked for $version";
	my $exchange = $recordings->exchange($name);

	$prover->replay($recordings, $other);
	my $id = mint_plan($version, $plan);
	wait_until_failed($id, qr/./, "$name: refused");
	check_request($name);
	is($server->sql("SELECT error_message FROM charmbills.transactions WHERE id = '$id'"),
		"the prover refuses with HTTP status $exchange->{status}: " . substr($exchange->{answer}, 0, LONGEST), "$name: it says why");
	return;
}

# Provers of version 8 end when an app refuses.
sub test_refusal
{
	my ($version) = @_;

	$prover->replay($recordings, $version);
	install('refusing');
	my $id = mint_plan($version, new_plan('refusing'));
	if ($version == 15)
	{
		wait_until_failed($id, 'the prover refuses with HTTP status 400: all apps should run successfully', 'an app refuses');
	}
	else
	{
		try_again(job_of($id), $_) foreach 1 .. TRIES - 1;
		wait_until_failed($id, qr/^the prover does not answer: /, 'an app refuses');
	}
	check_request("refusing program $version");
	install('accepting');
	return;
}

sub try_again
{
	my ($job, $attempts) = @_;

	$server->wait_for("SELECT state, attempts FROM charmbills.jobs WHERE id = '$job'", "queued|$attempts", "no answer, $attempts");
	return $server->sql("UPDATE charmbills.jobs SET run_after = now() WHERE id = '$job'; SELECT charmbills.wake_worker()");
}

# What failed before holds nothing any more: the same outputs are spent.
sub test_version
{
	my ($version) = @_;
	my $start = transaction_id(pack 'H*', $recordings->start($version));

	mine($recordings->start($version));
	install('accepting');
	my $plan = new_plan('accepting');
	test_other_version($version, $plan);
	test_refusal($version);
	prove_and_mine(mint_plan($version, $plan), "mint-nft $version");
	is($server->sql("SELECT status, nft_state, remaining_supply FROM charmbills.plans WHERE id = '$plan'"), 'active|held|1000', 'a plan is on sale');

	my $subscription = $server->sql("SELECT id FROM charmbills.subscribe('$plan', '$address{customer}')");
	my $mint = ask($version, 'mint_subscription', "'$subscription', '$start:2', units => 5, change_address => '$address{change}'");
	prove_and_mine($mint, "mint-token $version");
	is($server->sql("SELECT p.remaining_supply, s.token_amount FROM charmbills.subscriptions s JOIN charmbills.plans p ON p.id = s.plan_id
		WHERE s.id = '$subscription'"), '995|5', 'five tokens are minted');

	my $gift = "'$address{friend}', 2, '$start:3', subscription_id => '$subscription'";
	test_fee($gift) if $version == 15;
	prove_and_mine(ask($version, 'transfer_token', $gift), "send $version");
	is($server->sql("SELECT string_agg(address || ' ' || amount, ', ' ORDER BY amount) FROM charmbills.charm_holders WHERE plan_id = '$plan'"),
		"$address{friend} 2, $address{customer} 3", 'two are sent');
	return;
}

# The same, of a prover that takes something for itself.
sub test_fee
{
	my ($gift) = @_;

	$prover->replay($recordings, '15fee');
	my $id = ask(15, 'transfer_token', $gift);
	wait_until_proved($id, 'send 15 with a fee');
	$server->sql("SELECT charmbills.cancel_transaction('$id')");
	$prover->replay($recordings, '15');
	return;
}

test_version($_) foreach 15, 8;
is($server->sql(q{SELECT count(*) FROM charmbills.jobs WHERE state IN ('queued', 'running')}), 0, 'no job is left');
$server->cluster->stop('fast');
unlike($server->log_since(0), qr/PANIC|signal 11|signal 6/, 'nothing crashed');
done_testing();
