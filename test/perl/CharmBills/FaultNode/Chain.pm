# What a FaultNode knows, and the methods that tell it.
package CharmBills::FaultNode::Chain;

use strict;
use warnings;

use JSON::PP ();

use CharmBills::Bitcoin qw(block_hash block_transactions header_fields read_transaction transaction_id REGTEST_GENESIS);

# The codes of Bitcoin Core.
use constant {
	RPC_METHOD_NOT_FOUND   => -32601,
	RPC_MISC_ERROR         => -1,
	RPC_INVALID_ADDRESS    => -5,
	RPC_INVALID_PARAMETER  => -8,
	RPC_VERIFY_REJECTED    => -26,
};

my %methods = map { $_ => __PACKAGE__->can("_$_") } qw(getblockchaininfo getnetworkinfo getblockcount
  getbestblockhash getblockhash getblockheader getblock getrawmempool getmempoolinfo getmempoolentry
  getrawtransaction gettxout sendrawtransaction submitpackage testmempoolaccept getchaintips uptime);

sub new
{
	my ($class, $base) = @_;

	return bless {
		base    => $base,
		hashes  => [],
		blocks  => {},
		sent    => [],
		mempool => {},
		said    => {
			chain          => 'regtest',
			genesis        => REGTEST_GENESIS,
			ibd            => 0,
			mempool_loaded => 1,
			connections    => 8,
			too_deep       => 0,
			spent          => [],
			missing        => [] }
	}, $class;
}

#
# What the test commands
#

sub set_chain
{
	my ($self, @blocks) = @_;

	$self->{hashes} = [];
	return $self->append(@blocks);
}

sub append
{
	my ($self, @blocks) = @_;

	foreach my $hex (@blocks)
	{
		my $hash = block_hash(pack 'H*', $hex);
		$self->{blocks}{$hash} = { hex => $hex, height => $self->{base} + @{ $self->{hashes} } };
		push @{ $self->{hashes} }, $hash;
	}
	return $self->tip;
}

sub go_back
{
	my ($self, $count) = @_;

	splice @{ $self->{hashes} }, -$count if $count > 0;
	return $self->tip;
}

sub set
{
	my ($self, $values) = @_;
	my %values = %$values;

	if (my $mempool = delete $values{mempool})
	{
		$self->{mempool} = { map { transaction_id(pack 'H*', $_) => $_ } @$mempool };
	}
	$self->{said}{$_} = $values{$_} foreach keys %values;
	return;
}

sub tip
{
	my ($self) = @_;

	return @{ $self->{hashes} } ? $self->{hashes}[-1] : $self->{said}{genesis};
}

sub height
{
	my ($self) = @_;

	return @{ $self->{hashes} } ? $self->{base} + $#{ $self->{hashes} } : 0;
}

sub has_method
{
	my ($self, $method) = @_;

	return 0 if grep { $_ eq $method } @{ $self->{said}{missing} };
	return exists $methods{$method} || $method =~ /^waitfor(?:newblock|blockheight)$/;
}

#
# What the client asks
#

# The result, or an exception { code, message }.
sub answer
{
	my ($self, $method, @params) = @_;

	_refuse(RPC_METHOD_NOT_FOUND, 'Method not found') unless $self->has_method($method);
	return $methods{$method}->($self, @params);
}

sub _refuse
{
	my ($code, $message) = @_;

	die { code => $code, message => $message };
}

sub _bool
{
	return $_[0] ? JSON::PP::true : JSON::PP::false;
}

sub tip_as_result
{
	my ($self) = @_;

	return { hash => $self->tip, height => $self->height };
}

sub _getblockchaininfo
{
	my ($self) = @_;
	my $said = $self->{said};

	return {
		chain                => $said->{chain},
		blocks               => $self->height,
		headers              => $self->height,
		bestblockhash        => $self->tip,
		initialblockdownload => _bool($said->{ibd}),
		verificationprogress => $said->{ibd} ? 0.5 : 1,
		pruned               => _bool($said->{prune_height}),
		$said->{prune_height} ? (pruneheight => $said->{prune_height}) : (),
		warnings => '' };
}

sub _getnetworkinfo
{
	my ($self) = @_;

	return { version => 280100, subversion => '/FaultNode:1.0/', connections => $self->{said}{connections}, relayfee => 0.00001 };
}

sub _getblockcount    { return $_[0]->height }
sub _getbestblockhash { return $_[0]->tip }
sub _uptime           { return time - $^T }

sub _getblockhash
{
	my ($self, $height) = @_;

	return $self->{said}{genesis} if $height == 0;
	_refuse(RPC_INVALID_PARAMETER, 'Block height out of range')
	  if $height < 0 || $height > $self->height || $height < $self->{base};
	return $self->{hashes}[ $height - $self->{base} ];
}

sub _block
{
	my ($self, $hash) = @_;

	return $self->{blocks}{$hash} || _refuse(RPC_INVALID_ADDRESS, 'Block not found');
}

sub _confirmations
{
	my ($self, $hash) = @_;
	my $height = $self->_block($hash)->{height};
	my $here   = $self->{hashes}[ $height - $self->{base} ];

	return $self->{said}{confirmations} if defined $self->{said}{confirmations};
	return defined $here && $here eq $hash ? $self->height - $height + 1 : -1;
}

sub _getblockheader
{
	my ($self, $hash, $verbose) = @_;
	my $block  = $self->_block($hash);
	my $header = substr $block->{hex}, 0, 160;

	return $header if defined $verbose && !$verbose;
	my $fields = header_fields(pack 'H*', $header);
	my $next   = $self->{hashes}[ $block->{height} - $self->{base} + 1 ];
	return {
		hash              => $hash,
		height            => $block->{height},
		confirmations     => $self->_confirmations($hash),
		time              => $fields->{time},
		mediantime        => $fields->{time},
		bits              => sprintf('%08x', $fields->{bits}),
		chainwork         => sprintf('%064x', 2 * ($block->{height} + 1)),
		previousblockhash => $fields->{prev},
		defined $next ? (nextblockhash => $next) : () };
}

# Bytes only: nobody should believe a node's reading of a block.
sub _getblock
{
	my ($self, $hash, $verbosity) = @_;
	my $block = $self->_block($hash);
	my $prune = $self->{said}{prune_height};

	_refuse(RPC_MISC_ERROR, 'Block not available (pruned data)') if $prune && $block->{height} < $prune;
	_refuse(RPC_INVALID_PARAMETER, 'this node gives blocks as bytes only') if !defined $verbosity || $verbosity;
	return $self->_block($self->{said}{wrong_block})->{hex} if defined $self->{said}{wrong_block};
	return $block->{hex};
}

sub _getrawmempool
{
	my ($self, $verbose, $sequence) = @_;
	my @txids = sort keys %{ $self->{mempool} };

	return { map { $_ => { vsize => length($self->{mempool}{$_}) / 2 } } @txids } if $verbose;
	return { txids => \@txids, mempool_sequence => scalar @txids } if $sequence;
	return \@txids;
}

sub _getmempoolinfo
{
	my ($self) = @_;

	return {
		loaded => _bool($self->{said}{mempool_loaded}),
		size   => scalar keys %{ $self->{mempool} } };
}

sub _getmempoolentry
{
	my ($self, $txid) = @_;

	_refuse(RPC_INVALID_ADDRESS, 'Transaction not in mempool') unless $self->{mempool}{$txid};
	return { vsize => length($self->{mempool}{$txid}) / 2 };
}

# Of the mempool, or of a block that is named; verbose answers tell nothing but
# the lie on confirmations.
sub _getrawtransaction
{
	my ($self, $txid, $verbose, $block) = @_;
	my $prune = $self->{said}{prune_height};

	_refuse(RPC_MISC_ERROR, 'Block not available') if defined $block && $prune && $self->_block($block)->{height} < $prune;
	my $hex = (defined $block ? $self->_transaction_in($block, $txid) : $self->{mempool}{$txid})
	  or _refuse(RPC_INVALID_ADDRESS, 'No such mempool or blockchain transaction');
	my $lie = $self->{said}{confirmations};

	return $hex unless $verbose;
	return { txid => $txid, hex => $hex, defined $lie ? (confirmations => $lie) : () };
}

sub _transaction_in
{
	my ($self, $hash, $txid) = @_;
	my ($tx) = grep { $_->{txid} eq $txid } block_transactions(pack 'H*', $self->_block($hash)->{hex});

	return $tx && unpack 'H*', $tx->{raw};
}

# Of the chain and the mempool alike, whatever was pruned.
sub _gettxout
{
	my ($self, $txid, $vout) = @_;
	my ($hex, $depth) = ($self->{mempool}{$txid}, 0);

	return if grep { $_ eq "$txid:$vout" } @{ $self->{said}{spent} };
	$hex ||= $self->_transaction_in($self->{hashes}[ -++$depth ], $txid) until $hex || $depth == @{ $self->{hashes} };
	my $output = $hex && read_transaction(pack 'H*', $hex)->{outputs}[$vout] or return;
	$depth++ if $depth && $self->{said}{too_deep} && $self->{said}{too_deep}--;
	return {
		bestblock     => $self->tip,
		confirmations => $depth,
		value         => $output->[1] / 1e8,
		scriptPubKey  => { hex => unpack 'H*', $output->[0] },
		coinbase      => _bool(0) };
}

sub _sendrawtransaction
{
	my ($self, $hex) = @_;
	my $reject = $self->{said}{reject};

	push @{ $self->{sent} }, $hex;
	_refuse($reject->{code} || RPC_VERIFY_REJECTED, $reject->{message}) if $reject;
	my $txid = transaction_id(pack 'H*', $hex);
	$self->{mempool}{$txid} = $hex;
	return $txid;
}

sub _submitpackage
{
	my ($self, $package) = @_;
	my $reject = $self->{said}{reject};
	my %results;

	foreach my $hex (@$package)
	{
		my $txid = transaction_id(pack 'H*', $hex);
		push @{ $self->{sent} }, $hex;
		$self->{mempool}{$txid} = $hex unless $reject;
		$results{$txid} = { txid => $txid, $reject ? (error => $reject->{message}) : () };
	}
	return {
		package_msg  => $reject ? $reject->{message} : 'success',
		'tx-results' => \%results };
}

sub _testmempoolaccept
{
	my ($self, $txs) = @_;
	my $reject = $self->{said}{reject};

	return [
		map { {
				txid    => transaction_id(pack 'H*', $_),
				allowed => _bool(!$reject),
				$reject ? ('reject-reason' => $reject->{message}) : () } } @$txs ];
}

sub _getchaintips
{
	my ($self) = @_;

	return [ { %{ $self->tip_as_result }, branchlen => 0, status => 'active' } ];
}

1;
