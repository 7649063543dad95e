# A real Bitcoin node on regtest, for tests: bitcoind where there is one ($BITCOIND
# or PATH), else btcd ($BTCD, PATH, or where the check has put it).
#
#	plan skip_all => 'no Bitcoin node' unless CharmBills::Node->find;
#	my $node = CharmBills::Node->new;
#	$node->start;
#	$node->mine(101);
#	my $txid = $node->spend(50_000, $address);
#	$node->mine;
#
# Without a wallet: blocks pay to a script that anyone can spend, and are built
# here and submitted, so that any node mines, pays and forks alike.
package CharmBills::Node;

use strict;
use warnings;

use Carp qw(croak);
use Cwd ();
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

use CharmBills::Bitcoin qw(address_script anyone_can_spend_script block_hash
  build_block build_transaction header_fields transaction_id);
use CharmBills::RPC;

use constant USER     => 'charmbills';
use constant PASSWORD => 'regtest-password';

my %method_of = (
	packages   => 'submitpackage',
	longpoll   => 'waitfornewblock',
	waitheight => 'waitforblockheight',
	invalidate => 'invalidateblock');
my @running;

# Path of the node found, or undef.
sub find
{
	my $cache = $ENV{XDG_CACHE_HOME} || ($ENV{HOME} || '') . '/.cache';

	foreach my $candidate ($ENV{BITCOIND}, _in_path('bitcoind'), $ENV{BTCD}, _in_path('btcd'), "$cache/charmbills/bin/btcd")
	{
		return Cwd::abs_path($candidate) if defined $candidate && -f $candidate && -x _;
	}
	return;
}

sub _in_path
{
	my ($name) = @_;
	my ($folder) = grep { -x "$_/$name" } split /:/, $ENV{PATH} || '';

	return defined $folder ? "$folder/$name" : undef;
}

# auth: 'password' (the default) or 'cookie'; args: more of the node's options;
# index => 0: without an index of transactions; spells: whether it relays large
# data outputs, else as it likes.
sub new
{
	my ($class, %arg) = @_;
	my $program = $class->find or croak 'no Bitcoin node';
	my $self = bless {
		program   => $program,
		kind      => $program =~ /btcd[^\/]*$/ ? 'btcd' : 'bitcoind',
		auth      => $arg{auth} || 'password',
		args      => $arg{args} || [],
		index     => $arg{index} // 1,
		spells    => $arg{spells},
		dir       => File::Temp::tempdir('cb_node_XXXXXX', TMPDIR => 1, CLEANUP => 1),
		port      => _free_port(),
		coins     => [],
		sent      => {},
		submitted => [],
		headers   => {}
	}, $class;

	croak 'btcd has no cookie' if $self->{auth} eq 'cookie' && $self->{kind} ne 'bitcoind';
	$self->{rpc} = CharmBills::RPC->new(
		url         => $self->url,
		credentials => sub { $self->credentials });
	$self->_configure;
	return $self;
}

sub kind { return $_[0]->{kind} }
sub port { return $_[0]->{port} }
sub dir  { return $_[0]->{dir} }
sub url  { return "http://127.0.0.1:$_[0]->{port}/" }

sub cookie_file
{
	return "$_[0]->{dir}/regtest/.cookie";
}

# 'user:password', as they are now.
sub credentials
{
	my ($self) = @_;

	return USER . ':' . PASSWORD if $self->{auth} eq 'password';
	open my $file, '<', $self->cookie_file or return 'no cookie:yet';
	my $cookie = <$file>;
	close $file;
	return $cookie;
}

# What the node can do: packages, longpoll (waitfornewblock), waitheight,
# invalidate, cookie.
sub has
{
	my ($self, $feature) = @_;

	return $self->{kind} eq 'bitcoind' if $feature eq 'cookie';
	croak "no such feature: $feature" unless $method_of{$feature};
	my $help = eval { $self->rpc('help', $method_of{$feature}) };
	return defined $help && $help !~ /unknown command/;
}

sub _free_port
{
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1)
	  or croak "no free port: $@";

	return $socket->sockport;
}

# Everything is in the file, so that the password is in no list of processes.
sub _configure
{
	my ($self) = @_;
	my $dir    = $self->{dir};
	my @lines =
	  $self->{kind} eq 'btcd'
	  ? ( '[Application Options]', 'regtest=1', 'notls=1', 'nolisten=1', 'nodnsseed=1',
		$self->{index} ? 'txindex=1' : (),
		defined $self->{spells} ? ($self->{spells} ? 'relaynonstd=1' : 'rejectnonstd=1') : (),
		"datadir=$dir/data", "logdir=$dir/log", "rpclisten=127.0.0.1:$self->{port}",
		'rpcuser=' . USER, 'rpcpass=' . PASSWORD)
	  : ( 'regtest=1', 'server=1', 'listen=0', 'dnsseed=0', "txindex=$self->{index}", 'dbcache=4', 'par=1',
		defined $self->{spells} ? 'datacarriersize=' . ($self->{spells} ? 100_000 : 83) : (),
		'printtoconsole=0', '[regtest]', "rpcport=$self->{port}", 'rpcbind=127.0.0.1', 'rpcallowip=127.0.0.1',
		$self->{auth} eq 'password' ? ('rpcuser=' . USER, 'rpcpassword=' . PASSWORD) : ());

	umask 077;
	open my $file, '>', "$dir/node.conf" or croak "cannot write $dir/node.conf: $!";
	print $file map { "$_\n" } @lines;
	close $file or croak "cannot write $dir/node.conf: $!";
	return;
}

sub _command
{
	my ($self) = @_;

	return ($self->{program},
		$self->{kind} eq 'btcd'
		? "--configfile=$self->{dir}/node.conf"
		: ("-datadir=$self->{dir}", "-conf=$self->{dir}/node.conf"),
		@{ $self->{args} });
}

# Returns when the node answers.
sub start
{
	my ($self) = @_;

	return $self->launch->wait_until_ready;
}

sub wait_until_ready
{
	my ($self) = @_;
	my $deadline = time + 60;

	until (eval { $self->rpc('getblockchaininfo') })
	{
		my $why = $@;
		croak 'the node ended at once: ' . $self->_last_words unless $self->is_running;
		croak "the node does not answer: $why" if time > $deadline;
		sleep 0.05;
	}
	$self->_submit_again if $self->{kind} eq 'btcd';
	return $self;
}

sub _last_words
{
	my ($self) = @_;

	open my $file, '<', "$self->{dir}/node.out" or return 'it said nothing';
	my @lines = <$file>;
	close $file;
	return join '', @lines > 5 ? @lines[ -5 .. -1 ] : @lines;
}

# btcd forgets a regtest chain whenever it starts.  Until the last block is
# back, others see a node that is behind.
sub _submit_again
{
	my ($self) = @_;

	$self->rpc('submitblock', $_) foreach @{ $self->{submitted} };
	return;
}

# Returns at once, while the node is still warming up.
sub launch
{
	my ($self) = @_;

	croak 'the node runs already' if $self->is_running;
	my $pid = fork;
	croak "cannot fork: $!" unless defined $pid;
	if ($pid == 0)
	{
		$ENV{HOME} = $self->{dir};
		open STDIN,  '<',  '/dev/null';
		open STDOUT, '>>', "$self->{dir}/node.out";
		open STDERR, '>>', "$self->{dir}/node.out";
		exec { $self->{program} } $self->_command or POSIX::_exit(127);
	}
	$self->{pid}   = $pid;
	$self->{owner} = $$;
	push @running, $self;
	# The check kills by this file what a dying test leaves behind.
	open my $file, '>', "$self->{dir}/node.pid" or croak "cannot write node.pid: $!";
	print $file "$pid\n";
	close $file;
	return $self;
}

sub is_running
{
	my ($self) = @_;

	return 0 unless $self->{pid};
	return 1 if waitpid($self->{pid}, WNOHANG) == 0;
	$self->_ended;
	return 0;
}

sub _ended
{
	my ($self) = @_;

	delete $self->{pid};
	unlink "$self->{dir}/node.pid";
	# btcd makes this folder wherever its files are; it stays empty.
	rmdir((getpwuid $<)[7] . '/.btcd') if $self->{kind} eq 'btcd';
	@running = grep { $_ != $self } @running;
	return;
}

sub stop
{
	my ($self) = @_;

	return unless $self->is_running;
	eval { $self->rpc('stop') } or CORE::kill 'TERM', $self->{pid};
	my $deadline = time + 30;
	while ($self->is_running)
	{
		return $self->kill if time > $deadline;
		sleep 0.05;
	}
	return;
}

# As a crash would.
sub kill
{
	my ($self) = @_;

	return unless $self->is_running;
	CORE::kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	$self->_ended;
	return;
}

sub restart
{
	my ($self) = @_;

	$self->stop;
	return $self->start;
}

END
{
	my $status = $?;

	$_->kill foreach grep { $_->{owner} == $$ } @running;
	$? = $status;
}

# Starts it anew, relaying spells or not.
sub relay_spells
{
	my ($self, $spells) = @_;

	$self->{spells} = $spells;
	$self->_configure;
	return $self->restart;
}

sub rpc
{
	my ($self, $method, @params) = @_;

	return $self->{rpc}->call($method, @params);
}

sub height     { return $_[0]->rpc('getblockcount') }
sub tip        { return $_[0]->rpc('getbestblockhash') }
sub block_at   { return $_[0]->rpc('getblockhash', 0 + $_[1]) }
sub mempool    { return @{ $_[0]->rpc('getrawmempool') } }
sub invalidate { return $_[0]->rpc('invalidateblock', $_[1]) }
sub reconsider { return $_[0]->rpc('reconsiderblock', $_[1]) }

# Bytes of a block.
sub raw_block
{
	my ($self, $hash) = @_;

	return pack 'H*', $self->rpc('getblock', $hash, 0);
}

sub raw_transaction
{
	my ($self, $txid) = @_;

	return pack 'H*', $self->rpc('getrawtransaction', $txid, 0);
}

sub broadcast
{
	my ($self, $tx) = @_;

	return $self->rpc('sendrawtransaction', unpack 'H*', $tx);
}

#
# Mining
#

# Mines blocks on the tip; hashes of them.  txs: bytes of transactions for the
# first block, the whole mempool when not given.  time => its first block's.
sub mine
{
	my ($self, $count, $txs, %arg) = @_;
	my @blocks = map { [] } 1 .. (defined $count ? $count : 1);

	$blocks[0] = $txs || [ $self->_mempool_in_order ] if @blocks;
	return $self->submit_branch($self->height, \@blocks, %arg);
}

# Submits a branch of blocks that grows out of the block at a height; hashes of
# them.  It becomes the chain when it has more work than the present one.
sub submit_branch
{
	my ($self, $fork_height, $blocks_of_txs, %arg) = @_;
	my $prev   = $self->block_at($fork_height);
	my $height = $fork_height;
	my @hashes;

	foreach my $txs (@$blocks_of_txs)
	{
		my $time = delete $arg{time} || $self->_next_time($prev);
		my ($block, $coin) =
		  build_block(prev => $prev, height => ++$height, time => $time, txs => $txs);
		$self->submit($block);
		$prev = block_hash($block);
		$self->{headers}{$prev} = substr $block, 0, 80;
		push @{ $self->{coins} }, { %$coin, height => $height, block => $prev };
		push @hashes, $prev;
	}
	return wantarray ? @hashes : $hashes[-1];
}

sub submit
{
	my ($self, $block) = @_;
	my $hex     = unpack 'H*', $block;
	my $refusal = $self->rpc('submitblock', $hex);

	# A block of a branch that is not the best one is "inconclusive".
	croak "the node refuses a block: $refusal" if defined $refusal && $refusal ne 'inconclusive';
	push @{ $self->{submitted} }, $hex;
	return block_hash($block);
}

sub header
{
	my ($self, $hash) = @_;

	$self->{headers}{$hash} ||= pack 'H*', $self->rpc('getblockheader', $hash, JSON::PP::false);
	return header_fields($self->{headers}{$hash});
}

# Now, but after the median of the last eleven.
sub _next_time
{
	my ($self, $hash) = @_;
	my @times;

	while (@times < 11 && $hash !~ /^0+$/)
	{
		my $header = $self->header($hash);
		push @times, $header->{time};
		$hash = $header->{prev};
	}
	my $median = (sort { $a <=> $b } @times)[ @times / 2 ];
	my $now = int time;
	return $now > $median ? $now : $median + 1;
}

# Parents before children.
sub _mempool_in_order
{
	my ($self) = @_;
	my %tx = map { $_ => $self->raw_transaction($_) } $self->mempool;
	my (@ordered, %done, $visit);

	$visit = sub {
		my ($txid) = @_;
		return if $done{$txid}++;
		my $wire = reverse pack 'H*', $txid;
		$visit->($_) foreach grep { $_ ne $txid && index($tx{$txid}, scalar reverse pack 'H*', $_) >= 0 } keys %tx;
		push @ordered, $tx{$txid};
	};
	$visit->($_) foreach sort keys %tx;
	return @ordered;
}

#
# Paying
#

# Pays so many satoshis to each address and broadcasts; the transaction's id.
sub spend
{
	my ($self, $sats, @addresses) = @_;
	my $tx = $self->build_payment(outputs => [ map { [ $_, $sats ] } @addresses ]);

	return $self->broadcast($tx);
}

# A payment's bytes, not broadcast.  outputs: [ address, sats ] or
# [ \script, sats ] each; fee, sequence, locktime; inputs: coins of one's own
# choice (the change of a payment is such a coin, see change_of), else
# matured coinbases.
sub build_payment
{
	my ($self, %arg) = @_;
	my $fee    = defined $arg{fee} ? $arg{fee} : 1_000;
	my $needed = $fee;
	my @outputs;

	foreach my $output (@{ $arg{outputs} })
	{
		my ($to, $sats) = @$output;
		push @outputs, [ ref $to ? $$to : address_script($to), $sats ];
		$needed += $sats;
	}
	my @inputs = $arg{inputs} ? @{ $arg{inputs} } : $self->_matured_coins($needed);
	my $change = -$needed;
	$change += $_->{value} foreach @inputs;
	croak 'the inputs do not cover the outputs' if $change < 0;
	push @outputs, [ anyone_can_spend_script(), $change ] if $change >= 1_000;
	my $tx = build_transaction(%arg, inputs => \@inputs, outputs => \@outputs);
	$self->{sent}{ transaction_id($tx) } = {
		inputs => \@inputs,
		fee    => $fee,
		change => { txid => transaction_id($tx), vout => $#outputs, value => $change } };
	return $tx;
}

# The coin that a payment of ours gave back, to chain another payment to it.
sub change_of
{
	my ($self, $txid) = @_;
	my $sent = $self->{sent}{$txid} or croak "not a payment of ours: $txid";

	return $sent->{change};
}

# Replaces a payment of ours by one of a higher fee that pays other outputs (or
# only us); the replacement's bytes, not broadcast.
sub build_replacement
{
	my ($self, $txid, %arg) = @_;
	my $sent = $self->{sent}{$txid} or croak "not a payment of ours: $txid";

	return $self->build_payment(outputs => [], fee => 10 * $sent->{fee}, %arg, inputs => $sent->{inputs});
}

sub double_spend
{
	my ($self, $txid, %arg) = @_;

	return $self->broadcast($self->build_replacement($txid, %arg));
}

# Takes coins that are a hundred blocks deep in the present chain.
sub _matured_coins
{
	my ($self, $needed) = @_;
	my $height = $self->height;
	my (@taken, @left);

	foreach my $coin (@{ $self->{coins} })
	{
		if ($needed > 0 && $coin->{height} + 99 <= $height && $self->block_at($coin->{height}) eq $coin->{block})
		{
			push @taken, $coin;
			$needed -= $coin->{value};
		}
		else
		{
			push @left, $coin;
		}
	}
	croak 'no matured coin is left: mine a hundred blocks and some more' if $needed > 0;
	$self->{coins} = \@left;
	return @taken;
}

1;
