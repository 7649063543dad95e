# What becomes of a plan's NFT and tokens along a chain, by the rules alone: from
# the outpoint that its identity is of, spend by spend.
#
#	my $lineage = CharmBills::CharmLineage->follow($plan, @blocks);
#
# A plan has identity, vk (in hex) and accepts_beamed.  A block has txs (of
# CharmBills::ModelChain), height and median (its median time).  All that mock
# provers make is believed, and nothing else: of proofs it knows nothing.
#
# A lineage has fate (unborn, live, unknown, gone), nft, and by outpoint held,
# unknown and beamed: { outpoint, has_nft, remaining, amount, script, height,
# minted_at, spent_at } as far as it applies; and deeds, what each transaction did:
# moved says how many outputs have its charms, or had those nobody can see now.
#
# Amounts have up to 64 bits: List::Util would take half of them for negative.
package CharmBills::CharmLineage;

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use List::Util qw(any min);

use CharmBills::Bitcoin qw(wire_hash);
use CharmBills::SpellReader qw(spell_of);

# From here on a proof is about all inputs, before, about all but the last.
use constant FIRST_OF_ALL_INPUTS => 10;

sub follow
{
	my ($class, $plan, @blocks) = @_;
	my $self = bless {
		plan    => $plan,
		nft_app => "n/$plan->{identity}/$plan->{vk}",
		token_app => "t/$plan->{identity}/$plan->{vk}",
		fate    => 'unborn',
		held    => {},
		unknown => {},
		beamed  => {},
		deeds   => [] }, $class;

	foreach my $block (@blocks)
	{
		$self->_pass($_, $block) foreach @{ $block->{txs} };
	}
	return $self;
}

# The live output that has the NFT.
sub nft
{
	my ($self) = @_;
	my ($nft) = grep { $_->{has_nft} } values %{ $self->{held} };

	return $nft;
}

sub _is_identity
{
	my ($self, $tx) = @_;

	$tx->{identities} ||= [ map { sha256_hex($_) } @{ $tx->{inputs} } ];
	return any { $_ eq $self->{plan}{identity} } @{ $tx->{identities} };
}

# What a beam to each input would name.
sub _destinations
{
	my ($tx) = @_;

	return $tx->{destinations} ||= [ map {
		my ($txid, $vout) = split /:/;
		sha256_hex(wire_hash($txid) . pack 'V', $vout)
	} @{ $tx->{inputs} } ];
}

sub _names_plan
{
	my ($self, $spell) = @_;

	return $spell->{state} eq 'read' && any { $_ eq $self->{nft_app} || $_ eq $self->{token_app} } @{ $spell->{apps} };
}

sub _pass
{
	my ($self, $tx, $block) = @_;
	my $spell    = spell_of($tx);
	my @spent    = map { $self->{held}{$_} || () } @{ $tx->{inputs} };
	my $is_birth = $self->_is_identity($tx);

	return unless @spent || $is_birth || $self->_names_plan($spell);
	my $accepted = $spell->{state} eq 'read' && $spell->{is_mock} ? $spell : undef;
	my $deed = { txid => $tx->{txid}, height => $block->{height}, spell => $spell->{state}, nft => 'elsewhere',
		minted => 0, destroyed => 0, counterfeit => 0, moved => 0, is_accepted => $accepted ? 1 : 0 };
	return if !$accepted && !@spent && !($is_birth && $spell->{state} ne 'none');
	return if !$self->{born} && !$is_birth;
	push @{ $self->{deeds} }, $deed;
	if ($spell->{state} eq 'unsupported')
	{
		$self->_lose_sight($deed, $block, @spent);
		$self->{fate} = $deed->{nft} = 'unknown' if $is_birth;
		return;
	}
	$self->_move($tx, $accepted, $deed, $is_birth, $block, @spent);
	return;
}

# Where they are now nobody can say.
sub _lose_sight
{
	my ($self, $deed, $block, @spent) = @_;

	foreach my $holding (@spent)
	{
		delete $self->{held}{ $holding->{outpoint} };
		$deed->{moved}++;
		$self->{unknown}{ $holding->{outpoint} } = { %$holding, spent_at => $block->{median}, spent_by => $deed->{txid} };
		next unless $holding->{has_nft};
		$self->{fate} = $deed->{nft} = 'unknown';
	}
	return;
}

# spell: undef for none that is believed.
sub _move
{
	my ($self, $tx, $spell, $deed, $is_birth, $block, @spent) = @_;
	my $income = $self->_income($tx, $spell);
	my $claim  = $self->_claim($tx, $spell);

	delete $self->{held}{ $_->{outpoint} } foreach @spent;
	my $given = $self->_follow_nft($income, $claim, $deed, $is_birth);
	$self->_follow_tokens($income, $claim, $deed, $given, $block);
	$self->_store($tx, $spell, $claim, $deed, $block);
	return;
}

# What comes in, and what of it a proof is about.
sub _income
{
	my ($self, $tx, $spell) = @_;
	my @inputs = @{ $tx->{inputs} };
	my $n_proved = !$spell ? 0 : $spell->{version} < FIRST_OF_ALL_INPUTS ? @inputs - 1 : @inputs;
	my $income = { held => 0, usable => 0, minted_at => [] };

	foreach my $i (0 .. $#inputs)
	{
		my $holding   = $self->{held}{ $inputs[$i] };
		my $is_proved = $i < $n_proved;
		my @parts = $holding && $holding->{amount} ? $holding : ();
		push @parts, $self->_take_beamed($tx, $i) if $spell && $self->{plan}{accepts_beamed};
		foreach my $part (@parts)
		{
			$income->{held} += $part->{amount};
			$income->{usable} += $part->{amount} if $is_proved;
			push @{ $income->{minted_at} }, $part->{minted_at} if $is_proved;
		}
		next unless $holding && $holding->{has_nft};
		$income->{nft} = $holding;
		$income->{nft_is_proved} = $is_proved;
	}
	return $income;
}

# What was beamed to an input: one output's tokens, the most where there are more.
sub _take_beamed
{
	my ($self, $tx, $i) = @_;
	my $destination = _destinations($tx)->[$i];
	my ($most) = sort { $b->{amount} <=> $a->{amount} || $a->{outpoint} cmp $b->{outpoint} }
	  grep { $_->{to} eq $destination } values %{ $self->{beamed} };

	return unless $most && $self->_names_plan(spell_of($tx));
	$most->{spent_by} = $tx->{txid};
	return $most;
}

# What the spell says of every output: has_nft, remaining, amount.
sub _claim
{
	my ($self, $tx, $spell) = @_;
	my @outputs = map { { amount => 0 } } @{ $tx->{outputs} };

	foreach my $vout (0 .. ($spell ? $#{ $spell->{charms} } : -1))
	{
		my $charms = $spell->{charms}[$vout];
		foreach my $number (keys %$charms)
		{
			my $app = $spell->{apps}[$number];
			my $data = $charms->{$number};
			@{ $outputs[$vout] }{qw(has_nft remaining)} = (1, _remaining($data)) if $app eq $self->{nft_app};
			$outputs[$vout]{amount} = $data->{value} if $app eq $self->{token_app} && $data->{type} eq 'unsigned';
		}
	}
	return \@outputs;
}

# undef where the state does not say it.
sub _remaining
{
	my ($state) = @_;
	my @said = $state->{type} eq 'map' ? grep { $_->[0]{type} eq 'text' && $_->[0]{value} eq 'remaining' } @{ $state->{value} } : ();

	return @said && $said[0][1]{type} eq 'unsigned' ? $said[0][1]{value} : undef;
}

# Gives what the NFT gave up.
sub _follow_nft
{
	my ($self, $income, $claim, $deed, $is_birth) = @_;
	my @nfts = grep { $_->{has_nft} } @$claim;
	my $may_go_on = $is_birth || $income->{nft_is_proved};

	if ($is_birth || $income->{nft})
	{
		$deed->{nft} = 'ended';
		$self->{fate} = 'gone';
	}
	$deed->{counterfeit} = 1 if @nfts > ($may_go_on ? 1 : 0);
	if (!$may_go_on || @nfts != 1)
	{
		delete @$_{qw(has_nft remaining)} foreach @nfts;
		return 0;
	}
	my ($nft) = @nfts;
	my $said = $nft->{remaining};
	$deed->{nft} = $is_birth ? 'born' : 'moved';
	$self->{fate} = 'live';
	$self->{born} = $deed if $is_birth;
	$nft->{remaining} = $said // 0;
	return 0 if $is_birth;
	my $before = $income->{nft}{remaining};
	if ($nft->{remaining} > $before)
	{
		$deed->{counterfeit} = 1;
		$nft->{remaining} = $before;
	}
	return defined $said ? $before - $nft->{remaining} : 0;
}

sub _follow_tokens
{
	my ($self, $income, $claim, $deed, $given, $block) = @_;
	my $claimed = 0;

	$claimed += $_->{amount} foreach @$claim;
	$deed->{minted} = $given;
	$deed->{destroyed} = $income->{held} + $given;
	if ($claimed <= $income->{usable} + $given)
	{
		$deed->{destroyed} -= $claimed;
		$_->{minted_at} = min(@{ $income->{minted_at} }, @{ $income->{minted_at} } ? () : $block->{median}) foreach @$claim;
		return;
	}
	$deed->{counterfeit} = 1;
	$_->{amount} = 0 foreach @$claim;
	return;
}

sub _store
{
	my ($self, $tx, $spell, $claim, $deed, $block) = @_;

	foreach my $vout (0 .. $#$claim)
	{
		my $output = $claim->[$vout];
		my $outpoint = "$tx->{txid}:$vout";
		my $to = $spell && $spell->{beams}{$vout};
		next unless $output->{has_nft} || $output->{amount};
		$deed->{moved}++;
		my $holding = { %$output, outpoint => $outpoint, script => $tx->{outputs}[$vout]{script}, height => $block->{height} };
		if (!$to)
		{
			$self->{held}{$outpoint} = $holding;
			next;
		}
		$deed->{destroyed} += $output->{amount};
		$self->{beamed}{$outpoint} = { %$holding, to => $to } if $output->{amount};
		next unless $output->{has_nft};
		$deed->{nft} = 'ended';
		$self->{fate} = 'gone';
	}
	return;
}

1;
