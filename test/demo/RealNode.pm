# The story's chain, on a real node that the background worker follows.
package RealNode;

use strict;
use warnings;

use CharmBills::Node;
use Database;

sub new
{
	my ($class, $admin) = @_;
	my $node = CharmBills::Node->new;
	my $self = bless { node => $node, database => Database->new('demo_node') }, $class;

	$node->start;
	$node->mine(110);
	$admin->run('CREATE DATABASE demo_node');
	$self->_configure($admin);
	$self->{database}->run('CREATE EXTENSION charmbills');
	return $self;
}

# The password is the server's, in a file that only its account reads.
sub _configure
{
	my ($self, $admin) = @_;
	my ($user, $password) = split /:/, $self->{node}->credentials, 2;
	my %settings = (
		'charmbills.rpc_user'         => $user,
		'charmbills.rpc_password'     => $password,
		'charmbills.poll_interval'    => '1s',
		'charmbills.mempool_interval' => '1s',
		'charmbills.databases'        => $self->{database}->name);

	$admin->run("ALTER DATABASE demo_node SET charmbills.rpc_url = '" . $self->{node}->url . "'");
	$admin->run("ALTER SYSTEM SET $_ = '$settings{$_}'") foreach sort keys %settings;
	$admin->run('SELECT pg_reload_conf()');
	return;
}

sub name        { return $_[0]->{node}->kind }
sub database    { return $_[0]->{database} }
sub height      { return $_[0]->{node}->height }
sub stop        { return $_[0]->{node}->stop }
sub follower    { return 'by the background worker' }
sub broadcaster { return 'the worker hands it to the node' }

sub how_to_pay        { return 'sendrawtransaction' }
sub how_to_mine       { return 'submitblock' }
sub how_to_reorganise { return 'submitblock' }

sub pay
{
	my ($self, $address, $sats) = @_;

	$self->{node}->spend($sats, $address);
	return;
}

sub mine
{
	my ($self, $blocks) = @_;

	$self->{node}->mine($blocks);
	return;
}

# In hex; it spends a reward of ours.
sub signed_transaction
{
	my ($self) = @_;

	return unpack 'H*', $self->{node}->build_payment(outputs => []);
}

# A longer branch without the payment; it returns to the node's mempool.
sub reorganise
{
	my ($self, $depth) = @_;

	$self->{node}->submit_branch($self->{node}->height - $depth, [ map { [] } 0 .. $depth ]);
	return;
}

1;
