# The story's chain, inside the database.
package Sandbox;

use strict;
use warnings;

use CharmBills::Bitcoin qw(anyone_can_spend_script build_transaction);
use Database;

sub new
{
	my ($class, $admin) = @_;

	$admin->run('CREATE DATABASE demo_sandbox');
	# Spells without a proof, of an app that nobody runs.
	$admin->run("ALTER DATABASE demo_sandbox SET $_")
	  foreach "charmbills.prover_url = 'sandbox'", 'charmbills.accept_mock_spells = on', "charmbills.app_vk = '" . '0f' x 32 . "'";
	my $self = bless { admin => $admin, database => Database->new('demo_sandbox') }, $class;
	$self->{database}->run('CREATE EXTENSION charmbills');
	# A block's reward can be spent a hundred blocks later.
	my $script = unpack 'H*', anyone_can_spend_script();
	$self->{database}->run("SELECT charmbills.sandbox_mine(1, charmbills.script_to_address('\\x$script'))");
	$self->mine(100);
	return $self;
}

sub database    { return $_[0]->{database} }
sub follower    { return 'by whoever calls a sandbox function' }
sub broadcaster { return 'the sandbox takes it' }

sub height
{
	my ($self) = @_;

	return $self->{database}->value('SELECT max(height) FROM charmbills.sandbox_blocks');
}

# Where the person sees what happens outside: the function that plays it.
sub how_to_pay        { return 'sandbox_pay()' }
sub how_to_mine       { return 'sandbox_mine()' }
sub how_to_reorganise { return 'sandbox_reorg()' }

sub pay
{
	my ($self, $address, $sats) = @_;

	$self->{database}->run("SELECT charmbills.sandbox_pay('$address', $sats)");
	return;
}

sub mine
{
	my ($self, $blocks) = @_;

	$self->{database}->run("SELECT charmbills.sandbox_mine($blocks)");
	return;
}

# In hex; it spends the first block's reward.
sub signed_transaction
{
	my ($self) = @_;
	my $reward = $self->{database}->value(
		"SELECT charmbills.decode_transaction(encode(substring(raw, 82), 'hex')) FROM charmbills.sandbox_blocks WHERE height = 1");
	my $sats = 100_000_000 * $reward->{vout}[0]{value};

	return unpack 'H*', build_transaction(
		inputs  => [ { txid => $reward->{txid}, vout => 0, value => $sats } ],
		outputs => [ [ anyone_can_spend_script(), $sats - 1_000 ] ]);
}

# The last blocks give way to one more, all empty.
sub reorganise
{
	my ($self, $depth) = @_;

	$self->{database}->run("SELECT charmbills.sandbox_reorg($depth)");
	return;
}

# By an interval, as SQL has it.
sub advance
{
	my ($self, $step) = @_;

	$self->{database}->run("SELECT charmbills.sandbox_advance_clock($step)");
	return;
}

# To send webhooks, to this machine alone.
sub start_worker
{
	my ($self) = @_;
	my $name = $self->{database}->name;

	$self->{admin}->run("ALTER DATABASE $name SET charmbills.webhook_allow_private = on");
	$self->{admin}->run("ALTER SYSTEM SET charmbills.databases = '$name'");
	$self->{admin}->run('SELECT pg_reload_conf()');
	return;
}

1;
