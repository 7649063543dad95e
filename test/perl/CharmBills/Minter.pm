# A merchant's wallet for spells: it has outputs of its own, and signs what a
# prover has made.
#
#	my $minter = CharmBills::Minter->new(server => $server, node => $node);
#	my ($funding) = $minter->fund($key);
#	my $id = $server->sql("SELECT id FROM charmbills.mint_plan(..., '$funding', ...)");
#	$minter->wait_until_proved($id, 'a proof');
#	$minter->submit($id, $key);
#	$minter->wait_until_confirmed($id, 'a birth');
package CharmBills::Minter;

use strict;
use warnings;

use JSON::PP ();

use CharmBills::Bitcoin qw(read_transaction);

sub new
{
	my ($class, %arg) = @_;

	return bless { server => $arg{server}, node => $arg{node} }, $class;
}

# Outputs that pay to a key, in the mempool.
sub fund
{
	my ($self, $key, $count) = @_;
	my $tx = $self->{node}->build_payment(outputs => [ map { [ \$key->script, 100_000 ] } 1 .. $count || 1 ]);
	my $txid = $self->{node}->broadcast($tx);

	return map { "$txid:$_" } 0 .. ($count || 1) - 1;
}

sub address
{
	my ($self, $key) = @_;

	return $self->{server}->sql(sprintf q{SELECT charmbills.script_to_address('\x%s')}, unpack 'H*', $key->script);
}

sub wait_until_proved
{
	my ($self, $id, $what) = @_;

	return $self->{server}->wait_for("SELECT state FROM charmbills.prove_requests WHERE transaction_id = '$id'", 'proved', $what);
}

# In hex: as the prover made it or, later, as it was signed.
sub transaction
{
	my ($self, $id) = @_;

	return $self->{server}->sql("SELECT spell_tx FROM charmbills.transactions WHERE id = '$id'");
}

# Hex, signed.  All that it spends must be the key's.
sub sign
{
	my ($self, $id, $key) = @_;
	my $unsigned = pack 'H*', $self->transaction($id);
	my @sats = map { $self->_sats_of(@$_) } @{ read_transaction($unsigned)->{inputs} };

	return unpack 'H*', $key->sign($unsigned, @sats);
}

sub _sats_of
{
	my ($self, $txid, $vout) = @_;
	my $output = $self->{node}->rpc('gettxout', $txid, $vout, JSON::PP::true) or die "$txid:$vout is not there\n";

	return sprintf '%.0f', 1e8 * $output->{value};
}

sub submit
{
	my ($self, $id, $key) = @_;
	my $signed = $self->sign($id, $key);

	return $self->{server}->sql("SELECT status FROM charmbills.submit_signed('$id', spell_tx => '$signed')");
}

# Mined as soon as it is in the mempool.
sub wait_until_confirmed
{
	my ($self, $id, $what) = @_;

	$self->{server}->wait_for("SELECT state FROM charmbills.jobs WHERE kind = 'broadcast' AND payload->>'transaction_id' = '$id'",
		'done', "$what: broadcast");
	$self->{node}->mine;
	return $self->{server}->wait_for("SELECT status FROM charmbills.transactions WHERE id = '$id'", 'confirmed', "$what: confirmed");
}

1;
