# A plan that is an NFT, and a subscription that is a token: minted, given away,
# undone by a reorganisation and verified, with mock spells, since the sandbox
# proves nothing.  And a spell of Bitcoin's mainnet, whose proof is real.
package Tokens;

use strict;
use warnings;

use File::Basename qw(dirname);

use parent 'Act';

use Screen qw(coloured);

# Addresses that wallets of theirs would give.
my %address_of = (
	shop  => 'bcrt1qzeqmw9syvmxr6nvvlfr70dlf299h4pap5g5yth',
	alice => 'bcrt1q42lej5hdfd6jevq9s35gsyy406hu3qy269ahz4',
	bob   => 'bcrt1qkl97vc9zrt0fp28ff0d3vktgwzae9vy2cwppcv');

use constant SUPPLY => 1000;
use constant COIN   => 20_000;		# sats, to pay the fees of a transaction

# Of mainnet, a transfer that beams one of its two outputs away.
use constant SPELL_FILE => 'spell.hex';
use constant SPELL_TXID => '8d70833ad1ce5d84cffb76fdc6038d669c6cf1808f3f84f3f0d83cad712e33a3';
# The amount of that one in the spell, and one more.
use constant CLAIM   => '05f5e100';
use constant FORGERY => '05f5e101';

sub play
{
	my ($self) = @_;

	$self->_create_plan;
	$self->_get_coins;
	$self->_follow_token;
	$self->_show_spells;
	$self->_verify_real_spell;
	return;
}

sub _create_plan
{
	my ($self) = @_;
	my ($screen, $database) = @$self{qw(screen database)};

	$self->{merchant_id} = $database->value('SELECT id FROM charmbills.merchants');
	$self->{plan_id} = $database->value("SELECT id FROM charmbills.create_plan(merchant_id => '$self->{merchant_id}',
		service_name => 'Espresso club', price_sats => 50000, ticker => 'ESP', entitlement => 'token')");
	$screen->heading('A plan that is an NFT', 'create_plan(), mint_plan()');
	$screen->facts(
		service => 'Espresso club, ticker ESP',
		supply  => SUPPLY . ' tokens, and never more',
		access  => 'for whoever holds one on chain');
	return;
}

sub _get_coins
{
	my ($self) = @_;
	my $shop = "'$address_of{shop}'";

	$self->{coins} = $self->{database}->value(sprintf 'SELECT charmbills.sandbox_pay_many(ARRAY[%s], ARRAY[%s])',
		join(', ', ($shop) x 3), join(', ', (COIN) x 3));
	$self->{chain}->mine(1);
	return;
}

#
# What happens to the NFT and to its token
#

sub _follow_token
{
	my ($self) = @_;
	my ($screen, $chain) = @$self{qw(screen chain)};

	$screen->heading('What happens', 'mint_subscription(), transfer_token()');
	$screen->table([ 'step', 50 ], [ 'height', 6 ], [ 'may mint', 8 ], [ 'alice', 7 ], [ 'bob', 7 ]);
	$self->_sign("mint_plan(plan_id => '$self->{plan_id}', supply => " . SUPPLY . ", nft_address => '$address_of{shop}'");
	$self->_show('the plan\'s mint is signed and sent', '-', 'no', 'no');
	$chain->mine(1);
	$self->_show('a block: the NFT is born, the plan on sale', SUPPLY, 'no', 'no');
	$self->_subscribe;
	$self->_show('alice has subscribed and paid', SUPPLY, 'no', 'no');
	$self->_sign("mint_subscription(subscription_id => '$self->{subscription_id}'");
	$chain->mine(1);
	$self->_show('a block: her token is minted', SUPPLY - 1, 'yes', 'no');
	$self->_sign("transfer_token(subscription_id => '$self->{subscription_id}', to_address => '$address_of{bob}', amount => 1");
	$self->_show('she gives it to bob: in the mempool nothing moves', SUPPLY - 1, 'yes', 'no');
	$chain->mine(1);
	$self->_show('a block: access is his', SUPPLY - 1, 'no', 'yes');
	$chain->reorganise(1);
	$self->_show('a reorganisation: 1 block out, 2 in', SUPPLY - 1, 'yes', 'no');
	$chain->mine(1);
	$self->_show('a block has the gift again', SUPPLY - 1, 'no', 'yes');
	return;
}

# Has a spell made by this function, each with a coin of its own, signs and
# sends it.
sub _sign
{
	my ($self, $call) = @_;
	my $coin   = $self->{coin}++ || 0;
	my $status = $self->{database}->value("SELECT s.status
		FROM charmbills.$call, funding_utxo => charmbills.outpoint('$self->{coins}', $coin)) t, charmbills.sandbox_sign(t.id) s");

	$self->expect('the transaction is sent', 'pending', $status);
	return;
}

sub _subscribe
{
	my ($self) = @_;
	my $database = $self->{database};

	$self->{subscription_id} = $database->value("SELECT id FROM charmbills.subscribe('$self->{plan_id}', '$address_of{alice}')");
	my $invoice = $database->row("SELECT address, amount_sats FROM charmbills.invoices
		WHERE subscription_id = '$self->{subscription_id}'");
	$self->{chain}->pay($invoice->{address}, $invoice->{amount_sats});
	$self->{chain}->mine(1);
	$self->expect('the subscription is paid', 'active',
		$database->value("SELECT status FROM charmbills.subscriptions WHERE id = '$self->{subscription_id}'"));
	return;
}

# Prints a row when access and supply are as expected.
sub _show
{
	my ($self, $step, @expected) = @_;
	my $seen = $self->{database}->row(<<"SQL");
SELECT charmbills.is_entitled(id, '$address_of{alice}') AS alice, charmbills.is_entitled(id, '$address_of{bob}') AS bob,
       remaining_supply::text AS remaining
  FROM charmbills.plans WHERE id = '$self->{plan_id}'
SQL
	my @seen = (defined $seen->{remaining} ? $seen->{remaining} : '-', map { $seen->{$_} ? 'yes' : 'no' } qw(alice bob));

	$self->expect($step, join(', ', @expected), join(', ', @seen));
	$self->{screen}->line($step, $self->{chain}->height, map { coloured($_) } @seen);
	return;
}

#
# What the transactions carry
#

sub _show_spells
{
	my ($self) = @_;
	my ($screen, $database) = @$self{qw(screen database)};
	my @spells = $database->rows(<<"SQL");
SELECT t.type, v.verdict, v.version,
       (SELECT string_agg(CASE c.tag WHEN 'n' THEN format('NFT, %s remain', c.data->>'remaining') ELSE format('%s token', c.amount) END,
                          ' and ' ORDER BY c.vout) FROM charmbills.spell_charms(t.spell_tx) c) AS charms
  FROM charmbills.transactions t, charmbills.verify_spell(t.spell_tx) v WHERE t.plan_id = '$self->{plan_id}' ORDER BY t.id
SQL

	$self->expect('spells of the sandbox are mocks', 'mock mock mock', join ' ', map { $_->{verdict} } @spells);
	$screen->heading('Their spells', 'spell_charms(), verify_spell()');
	$screen->facts(
		map { $_->{type} => "version $_->{version}: $_->{charms}; verdict: $_->{verdict}" } @spells);
	$screen->say('  Mocks have no proof. They count on regtest alone, where charmbills.accept_mock_spells says so.');
	return;
}

sub _verify_real_spell
{
	my ($self) = @_;
	my $screen = $self->{screen};
	my $tx     = _real_spell();
	my ($genuine, $first, $again) = $self->_verify($tx);
	my ($forged) = $self->_verify($tx =~ s/${\CLAIM}/${\FORGERY}/r);

	$self->expect('the file is the transaction it is said to be', SPELL_TXID,
		$self->{database}->value("SELECT charmbills.transaction_txid('$tx')"));
	$self->expect('the proof holds', 'valid', $genuine);
	$self->expect('for one unit more it does not', 'invalid', $forged);
	$screen->heading('A spell of Bitcoin\'s mainnet', 'verify_spell()');
	$screen->facts(
		txid                => SPELL_TXID,
		'its proof'         => [ green => $genuine ],
		'checked in'        => sprintf('%.1f ms, and again in %.1f ms', $first, $again),
		'for one unit more' => [ red => $forged ]);
	$screen->say('  Elsewhere than in the sandbox a prover makes such proofs and a wallet signs: neither is in this demo.');
	return;
}

sub _real_spell
{
	open my $in, '<', dirname(__FILE__) . '/' . SPELL_FILE or die "the spell cannot be read: $!\n";
	my $tx = <$in>;
	close $in;
	chomp $tx;
	return $tx;
}

# The verdict, and how many milliseconds it took in a new process, and again.
sub _verify
{
	my ($self, $tx) = @_;
	my $answer = $self->{database}->run(<<"SQL");
SELECT clock_timestamp() AS began \\gset
SELECT verdict FROM charmbills.verify_spell('$tx') \\gset
SELECT clock_timestamp() AS told \\gset
SELECT verdict FROM charmbills.verify_spell('$tx') \\gset
SELECT :'verdict', 1000 * extract(epoch FROM :'told'::timestamptz - :'began'),
       1000 * extract(epoch FROM clock_timestamp() - :'told');
SQL

	chomp $answer;
	return split /\|/, $answer;
}

1;
