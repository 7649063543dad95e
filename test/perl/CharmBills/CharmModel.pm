# What plans' charms must be, computed afresh from the blocks of the current
# chain after every step, and what must follow from them.
#
#	my $model = CharmBills::CharmModel->new($market);
#	my @differences = $model->observe($operation, $snapshot);
package CharmBills::CharmModel;

use strict;
use warnings;

use parent qw(CharmBills::ModelCheck);

use List::Util qw(any min sum0);

use CharmBills::CharmLineage;
use CharmBills::CharmNews;
use CharmBills::CharmMarket;
use CharmBills::ModelChain;
use CharmBills::SpellReader qw(spell_of);

use constant SECOND => 1_000_000;

# charmbills.unknown_grace in the test.
use constant GRACE => 2 * CharmBills::CharmMarket->DAY;

sub new
{
	my ($class, $market) = @_;

	return bless {
		market    => $market,
		chain     => CharmBills::ModelChain->new,
		clock     => 0,
		news      => CharmBills::CharmNews->new,
		lineage   => {},
		was       => {},
		witnessed => {} }, $class;
}

sub chain { return $_[0]->{chain} }
sub clock { return $_[0]->{clock} }
sub height { return $_[0]->{height} }
sub market { return $_[0]->{market} }
sub witnessed { return $_[0]->{witnessed} }
sub last_event { return $_[0]->{news}->last }

# The blocks so far, followed or not, and one more with these transactions.
sub blocks
{
	my ($self, @txs) = @_;
	my $next = $self->{chain}->top + 1;

	return ($self->_blocks_to($next - 1), @txs ? { txs => \@txs, height => $next, median => $self->{clock} } : ());
}

sub _blocks_to
{
	my ($self, $height) = @_;
	my $chain = $self->{chain};

	return map { { txs => $chain->{blocks}[$_]{txs}, height => $_, median => SECOND * $chain->median_time($_) } } 0 .. $height;
}

# Everything that is not as it should be, in words; nothing when all is well.
sub observe
{
	my ($self, $operation, $snapshot) = @_;

	$self->{differences} = [];
	$self->{now} = $snapshot;
	eval {
		$self->_observe_chain;
		$self->_follow;
		$self->_check_charms;
		$self->_check_deeds;
		$self->_check_plan($_) foreach $self->_sold;
		$self->_check_subscriptions;
		$self->_check_entitled;
		$self->_check_payments;
		$self->_differ($_) foreach $self->{news}->check($snapshot, $self->{deeds});
		1;
	} or $self->_differ("cannot be: $@");
	return @{ $self->{differences} };
}

sub _witness
{
	my ($self, $what) = @_;

	$self->{witnessed}{$what}++;
	return;
}

sub _boolean
{
	return $_[0] ? 't' : 'f';
}

sub _observe_chain
{
	my ($self) = @_;
	my ($state) = @{ $self->{now}{state} };

	$self->{chain}->update(
		blocks  => [ map { [ $_->{height}, $_->{hash}, pack 'H*', $_->{raw} ] } @{ $self->{now}{blocks} } ],
		mempool => [ map { pack 'H*', $_->{raw} } @{ $self->{now}{mempool} } ],
		height  => $state->{height},
		hash    => $state->{hash});
	$self->{height} = $state->{height};
	$self->{clock} = $state->{clock};
	$self->{lapse} = min($state->{clock}, $state->{followed});
	return;
}

# Plans that the database knows, with its rows.
sub _sold
{
	my ($self) = @_;

	return grep { $_->{row} } $self->{market}->plans;
}

sub _follow
{
	my ($self) = @_;
	my %row_of = map { ("$_->{app_id}/$_->{app_vk}" => $_) } @{ $self->{now}{plans} };
	my @blocks = $self->_blocks_to($self->{height});

	$self->{plan_of} = {};
	foreach my $plan ($self->{market}->plans)
	{
		$plan->{row} = $row_of{"$plan->{identity}/$plan->{vk}"} or next;
		$self->{plan_of}{ $plan->{row}{id} } = $plan;
		$plan->{lineage} = CharmBills::CharmLineage->follow($plan, @blocks);
	}
	return;
}

#
# What the chain layer follows
#

# Live and unknown ones by outpoint; those beamed out, which may be told apart
# no further, by what they say.
sub _check_charms
{
	my ($self) = @_;
	my (%got, %expected, %got_beamed, %expected_beamed);

	foreach my $row (@{ $self->{now}{charms} })
	{
		if ($row->{beamed_to} ne '') { $got_beamed{"of $row->{plan}: $row->{amount} to $row->{beamed_to}, $row->{spent_by}"}++ }
		elsif ($row->{spent_by} eq '' || $row->{is_unknown} eq 't') { $got{"$row->{outpoint} of $row->{plan}"} = $row }
	}
	foreach my $plan ($self->_sold)
	{
		my ($id, $lineage) = ($plan->{row}{id}, $plan->{lineage});
		$expected{"$_->{outpoint} of $id"} = $_ foreach values %{ $lineage->{held} }, values %{ $lineage->{unknown} };
		foreach my $beamed (values %{ $lineage->{beamed} })
		{
			$self->_witness('tokens beamed ' . ($beamed->{spent_by} ? 'in' : 'out'));
			$expected_beamed{"of $id: $beamed->{amount} to $beamed->{to}, " . ($beamed->{spent_by} // '')}++;
		}
	}
	$self->_same_keys('beam', \%got_beamed, \%expected_beamed);
	$self->_same_keys('charm', \%got, \%expected);
	$self->_check_charm($_, $got{$_}, $expected{$_}) foreach sort grep { $got{$_} } keys %expected;
	return;
}

sub _check_charm
{
	my ($self, $what, $row, $holding) = @_;

	$self->_compare("charm $what", $row,
		script     => unpack('H*', $holding->{script}),
		has_nft    => _boolean($holding->{has_nft}),
		remaining  => $holding->{has_nft} ? $holding->{remaining} : undef,
		amount     => $holding->{amount},
		height     => $holding->{height},
		minted_at  => $holding->{amount} ? $holding->{minted_at} : undef,
		is_unknown => _boolean($holding->{spent_at}),
		(map { $_ => $holding->{$_} } qw(spent_by spent_at)));
	return;
}

# What is recorded beyond that, of spells that do nothing, is its own affair.
sub _check_deeds
{
	my ($self) = @_;
	my %row_of = map { ("$_->{txid} of $_->{plan}" => $_) } @{ $self->{now}{deeds} };
	my %idle = map { ($_ => 1) } grep { !_does($row_of{$_}, $row_of{$_}{counterfeit} ne '') } keys %row_of;
	my %expected;

	foreach my $plan ($self->_sold)
	{
		my @deeds = grep { $_->{moved} || _does($_, $_->{counterfeit}) } @{ $plan->{lineage}{deeds} };
		$expected{"$_->{txid} of $plan->{row}{id}"} = $_ foreach @deeds;
		$self->_witness_deeds($plan);
	}
	$self->_same_keys('deed', { map { ($_ => 1) } grep { $expected{$_} || !$idle{$_} } keys %row_of }, \%expected);
	foreach my $what (sort grep { $row_of{$_} } keys %expected)
	{
		my $deed = $expected{$what};
		$self->_compare("deed $what", { %{ $row_of{$what} }, is_counterfeit => _boolean($row_of{$what}{counterfeit} ne '') },
			(map { $_ => $deed->{$_} } qw(height nft minted destroyed)),
			accepted => _boolean($deed->{is_accepted}), is_counterfeit => _boolean($deed->{counterfeit}));
	}
	$self->{deeds} = \%expected;
	return;
}

sub _does
{
	my ($deed, $is_counterfeit) = @_;

	return $deed->{nft} ne 'elsewhere' || $deed->{minted} || $deed->{destroyed} || $is_counterfeit;
}

sub _witness_deeds
{
	my ($self, $plan) = @_;

	foreach my $deed (@{ $plan->{lineage}{deeds} })
	{
		next if $self->{was}{"$plan->{number} $deed->{txid}"}++;
		$self->_witness("NFT $deed->{nft}");
		$self->_witness("of a spell that was $deed->{spell}" . ($deed->{is_accepted} ? ', believed' : ''));
		foreach my $what (qw(minted destroyed counterfeit))
		{
			$self->_witness($what) if $deed->{$what};
		}
	}
	return;
}

#
# What follows for plans
#

sub _nft_state
{
	my ($self, $plan) = @_;
	my $lineage = $plan->{lineage};
	my $nft = $lineage->nft;

	return $lineage->{fate} unless $nft;
	return unpack('H*', $nft->{script}) eq $plan->{script} ? 'held' : 'away';
}

sub _remaining
{
	my ($lineage) = @_;
	my ($nft) = grep { $_->{has_nft} } values %{ $lineage->{held} }, values %{ $lineage->{unknown} };

	return $nft ? $nft->{remaining} : $lineage->{fate} eq 'gone' ? 0 : undef;
}

sub _check_plan
{
	my ($self, $plan) = @_;
	my $row   = $plan->{row};
	my $state = $self->_nft_state($plan);
	my $nft   = $plan->{lineage}->nft;

	$self->_compare("plan $plan->{number} $row->{id}", $row,
		nft_state => $state,
		nft_utxo  => $nft && $nft->{outpoint},
		remaining => _remaining($plan->{lineage}),
		status    => $self->_plan_status($plan, $state));
	$self->_witness("plan $row->{status} with its NFT $state") if ($plan->{was} // '') ne "$row->{status} $state";
	$plan->{was} = "$row->{status} $state";
	return;
}

sub _is_deep
{
	my ($self, $plan) = @_;
	my $born = $plan->{lineage}{born};

	return $born && $self->{height} - $born->{height} + 1 >= ($plan->{depth} || 1);
}

# On sale once it was born, deep enough, and held; while its NFT is where nobody
# can say, as it was.
sub _plan_status
{
	my ($self, $plan, $state) = @_;
	my $is_ready = $plan->{is_imported} || $self->_is_deep($plan);

	return $plan->{row}{status} if $state eq 'unknown';
	if ($state eq 'unborn')
	{
		return 'active' if $plan->{is_imported};
		return $plan->{row}{status} =~ /^pending_/ ? $plan->{row}{status} : 'pending_confirmation';
	}
	return $is_ready ? 'active' : 'pending_confirmation' if $state eq 'held';
	return $plan->{row}{status} =~ /^(?:inactive|pending_confirmation|failed)$/ ? $plan->{row}{status} : 'inactive';
}

#
# What follows for holders
#

# Tokens on a script, of which it is known where they are, or was until lately.
sub _tokens_on
{
	my ($self, $plan, $script) = @_;
	my $lineage = $plan->{lineage};
	my @on_script = grep { $_->{amount} && unpack('H*', $_->{script}) eq $script }
	  values %{ $lineage->{held} }, values %{ $lineage->{unknown} };
	my @lately = grep { !$_->{spent_at} || $_->{spent_at} + GRACE > $self->{lapse} } @on_script;

	$self->_witness('tokens unknown for too long') if @lately < @on_script;
	$self->_witness('tokens unknown since lately') if grep { $_->{spent_at} } @lately;
	return @lately;
}

sub _check_subscriptions
{
	my ($self) = @_;

	foreach my $row (@{ $self->{now}{subscriptions} })
	{
		my $plan = $self->{plan_of}{ $row->{plan} };
		my @tokens = $self->_tokens_on($plan, $row->{script});
		my ($most) = sort { $b->{amount} <=> $a->{amount} || $a->{height} <=> $b->{height} } @tokens;
		my @alike = $most ? grep { $_->{amount} == $most->{amount} && $_->{height} == $most->{height} } @tokens : ();
		$self->_witness('a subscriber has ' . (@tokens ? 'tokens' : 'none'));
		$self->_compare("subscription $row->{id}", $row, token_amount => sum0(map { $_->{amount} } @tokens));
		$self->_differ("subscription $row->{id}: token_utxo is '$row->{token_utxo}'")
		  unless @alike ? any { $_->{outpoint} eq $row->{token_utxo} } @alike : $row->{token_utxo} eq '';
	}
	return;
}

sub _check_entitled
{
	my ($self) = @_;
	my %has_paid = map { ("$_->{plan} $_->{script}" => 1) }
	  grep { $_->{status} =~ /^(?:trialing|active|past_due)$/ } @{ $self->{now}{subscriptions} };

	foreach my $row (@{ $self->{now}{entitled} })
	{
		my $plan = $self->{plan_of}{ $row->{plan} };
		my $by = $plan->{entitlement};
		my $pays = $by ne 'token' && $has_paid{"$row->{plan} $row->{script}"};
		my $holds = $by ne 'payment' && $self->_holds_enough($plan, $row->{script});
		$self->_compare("entitlement of $row->{script} to plan $plan->{number} $row->{plan}", $row,
			is_entitled => _boolean($pays || $holds));
		$self->_witness("entitled by $by: $row->{is_entitled}" . ($holds ? ' (token)' : '') . ($pays ? ' (payment)' : ''));
	}
	return;
}

sub _holds_enough
{
	my ($self, $plan, $script) = @_;
	my @tokens = $self->_tokens_on($plan, $script);

	if (($plan->{access} // '') eq 'cycle')
	{
		my $length = $plan->{cycle}[1] * CharmBills::CharmMarket->DAY;
		my @fresh = grep { $_->{minted_at} + $length > $self->{lapse} } @tokens;
		$self->_witness('tokens older than a cycle') if @fresh < @tokens;
		@tokens = @fresh;
	}
	return sum0(map { $_->{amount} } @tokens) >= $plan->{units};
}

# Whatever comes to a merchant's address is a payment, unless a spell that is
# believed says that it is charms.  What came before its plan was known may be
# either.
sub _check_payments
{
	my ($self) = @_;
	my %is_merchant = map { (pack('H*', $_) => 1) } @{ $self->{market}{merchants} };
	my %got = map { ($_->{outpoint} => 1) } @{ $self->{now}{payments} };

	foreach my $tx (map { @{ $_->{txs} } } $self->_blocks_to($self->{height}))
	{
		my @vouts = grep { $is_merchant{ $tx->{outputs}[$_]{script} } } 0 .. $#{ $tx->{outputs} };
		next if !@vouts || $self->_is_of_import($tx);
		foreach my $vout (@vouts)
		{
			my $outpoint = "$tx->{txid}:$vout";
			my $is_charm = $self->_claims_charm(spell_of($tx), $vout);
			$self->_differ("payment $outpoint is " . ($is_charm ? 'a charm' : 'missing')) if !$got{$outpoint} == !$is_charm;
			$self->_witness($is_charm ? 'charms of merchants' : 'payments') unless $self->{was}{$outpoint}++;
		}
	}
	return;
}

sub _claims_charm
{
	my ($self, $spell, $vout) = @_;

	return if $spell->{state} ne 'read' || !$spell->{is_mock} || $spell->{beams}{$vout};
	my $charms = $spell->{charms}[$vout] || {};
	foreach my $number (keys %$charms)
	{
		my ($tag, $app) = split m{/}, $spell->{apps}[$number], 2;
		next unless any { "$_->{identity}/$_->{vk}" eq $app } $self->_sold;
		return 1 if $tag eq 'n' || ($tag eq 't' && $charms->{$number}{type} eq 'unsigned' && $charms->{$number}{value} > 0);
	}
	return;
}

sub _is_of_import
{
	my ($self, $tx) = @_;
	my $spell = spell_of($tx);

	foreach my $plan (grep { $_->{is_imported} } $self->{market}->plans)
	{
		return 1 if any { m{/$plan->{identity}/$plan->{vk}$} } @{ $spell->{apps} || [] };
	}
	return 0;
}

# What is live now, in words without ids: the same wherever the same chain was
# followed to.
sub outcome
{
	my ($self) = @_;
	my %name = map { ($_->{row}{id} => "plan $_->{number}") } $self->_sold;
	my $rename = sub {
		my ($row, @fields) = @_;
		return join '|', map { $name{ $row->{$_} } // $row->{$_} } @fields;
	};

	return sort +(map { $rename->($_, qw(plan outpoint script has_nft remaining amount beamed_to height minted_at spent_by
			spent_at is_unknown)) } @{ $self->{now}{charms} }),
	  (map { $rename->($_, qw(id nft_utxo remaining nft_state)) } @{ $self->{now}{plans} }),
	  (map { $rename->($_, qw(plan txid height nft minted destroyed counterfeit)) }
		  grep { $self->{deeds}{"$_->{txid} of $_->{plan}"} } @{ $self->{now}{deeds} }),
	  (map { $rename->($_, qw(plan script is_entitled)) } grep { $self->{plan_of}{ $_->{plan} }{entitlement} eq 'token' }
		  @{ $self->{now}{entitled} });
}

1;
