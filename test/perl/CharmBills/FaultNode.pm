# Something that answers like a Bitcoin node and goes wrong on command.  It
# serves the chain it is given, unjudged; what a real node would do is tested
# with a real node.
#
#	my $node = CharmBills::FaultNode->new(blocks => [ CharmBills::FaultNode->chain(120) ]);
#	$node->fault('hang', method => 'getblock', times => 1);
#	...
#	is($node->calls->{getblock}, 2);
#
# Faults of the transport, for all methods or one, for ever or so many times:
#
#	slow (seconds)  hang  drop  401  403  500  503
#	truncated       ends within the JSON that it announced in full
#	garbage         is not JSON
#	oversized       (bytes, announce => 0 for no Content-Length)
#	error           (code, message): an error in the node's own format
#
# refuse() and listen() close and open the port.  What the node says of itself
# and its chain is changed by set():
#
#	chain, genesis      another network
#	ibd, mempool_loaded, connections
#	prune_height        blocks below are gone
#	confirmations       a lie told of every block and transaction
#	too_deep            so many times, an output is said to lie one block deeper
#	spent               outpoints, "txid:vout", of outputs that are spent; no
#	                    others are
#	wrong_block         hash of the block to give whichever is asked for
#	reject              { code, message } for every transaction sent
#	missing             names of methods that it does not have
#	mempool             hex of the transactions waiting
package CharmBills::FaultNode;

use strict;
use warnings;

use Carp qw(croak);
use IO::Handle;
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Socket;

use CharmBills::Bitcoin qw(block_hash build_block REGTEST_GENESIS);
use CharmBills::FaultNode::Chain;
use CharmBills::FaultNode::Server;

my $json = JSON::PP->new->canonical;
my @running;

# blocks: their bytes, oldest first; base: the first one's height (1).
# credentials: 'user:password'.
sub new
{
	my ($class, %arg) = @_;
	my $listener = CharmBills::FaultNode::Server::listen_on(0);
	my $self     = bless {
		credentials => $arg{credentials} || 'charmbills:regtest-password',
		port        => $listener->sockport,
		owner       => $$
	}, $class;

	socketpair(my $control, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or croak "no socketpair: $!";
	$_->autoflush(1) foreach $control, $theirs;
	my $pid = fork;
	croak "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		close $control;
		$SIG{$_} = 'DEFAULT' foreach qw(INT TERM HUP __DIE__);
		my $chain = CharmBills::FaultNode::Chain->new(defined $arg{base} ? $arg{base} : 1);
		eval {
			CharmBills::FaultNode::Server->new($listener, $theirs, $chain, $self->{credentials})->run;
			1;
		} or print STDERR "FaultNode: $@";
		# Not the test's END blocks.
		POSIX::_exit(0);
	}
	close $theirs;
	close $listener;
	$self->{pid}     = $pid;
	$self->{control} = $control;
	push @running, $self;
	$self->set_chain(@{ $arg{blocks} || [] });
	return $self;
}

# So many blocks on the regtest genesis, or after another block: prev, height,
# time, bits as of the first one.  A target that is too easy: bits => 0x2100ffff.
sub chain
{
	my ($class, $count, %arg) = @_;
	my $prev   = $arg{prev} || REGTEST_GENESIS;
	my $height = $arg{height} || 1;
	my $time   = $arg{time} || time - 600 * $count;
	my @blocks;

	foreach (1 .. $count)
	{
		my ($block) = build_block(%arg, prev => $prev, height => $height++, time => $time);
		$time += 600;
		$prev = block_hash($block);
		push @blocks, $block;
	}
	return @blocks;
}

sub port        { return $_[0]->{port} }
sub url         { return "http://127.0.0.1:$_[0]->{port}/" }
sub credentials { return $_[0]->{credentials} }

sub _tell
{
	my ($self, $command, @arguments) = @_;

	croak 'the fault node is stopped' unless $self->{pid};
	$self->{control}->print($json->encode([ $command, @arguments ]), "\n");
	my $answer = $self->{control}->getline;
	croak 'the fault node has died' unless defined $answer;
	$answer = $json->decode($answer);
	croak $answer->{error} if exists $answer->{error};
	return $answer->{ok};
}

# The chain's blocks from its base on; those of before stay known, as a stale
# branch.
sub set_chain
{
	my ($self, @blocks) = @_;

	return $self->_tell('set_chain', map { unpack 'H*', $_ } @blocks);
}

sub append
{
	my ($self, @blocks) = @_;

	return $self->_tell('append', map { unpack 'H*', $_ } @blocks);
}

# Forgets the last blocks.
sub go_back
{
	my ($self, $count) = @_;

	return $self->_tell('go_back', $count);
}

sub set
{
	my ($self, %values) = @_;

	return $self->_tell('set', \%values);
}

sub fault
{
	my ($self, $kind, %arg) = @_;

	return $self->_tell('fault', { %arg, kind => $kind });
}

# No fault of the transport any more.
sub heal { return $_[0]->_tell('heal') }

sub refuse { return $_[0]->_tell('refuse') }
sub listen { return $_[0]->_tell('listen') }

# How often each method was called, since the last forget().
sub calls { return $_[0]->_tell('calls') }

# Hex of the transactions sent to it, in order, since the last forget().
sub sent { return @{ $_[0]->_tell('sent') } }

sub forget { return $_[0]->_tell('forget') }

# HTTP requests under way now.
sub in_flight { return $_[0]->_tell('in_flight') }

sub set_credentials
{
	my ($self, $credentials) = @_;

	$self->{credentials} = $credentials;
	return $self->_tell('set_credentials', $credentials);
}

sub stop
{
	my ($self) = @_;

	return unless $self->{pid} && $self->{owner} == $$;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	@running = grep { $_ != $self } @running;
	return;
}

END
{
	my $status = $?;

	$_->stop foreach @running;
	$? = $status;
}

1;
