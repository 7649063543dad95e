# Transactions that do something to plans' charms: honest ones, and others.
#
#	my $caster = CharmBills::CharmCaster->new($market);
#	my ($note, $raw) = $caster->cast({ plan => $plan, lineage => $lineage, weight => 1 }, ...);
#
# A lineage (of CharmBills::CharmLineage) is what there is to be spent; weight says
# how likely it is chosen.
package CharmBills::CharmCaster;

use strict;
use warnings;

use List::Util qw(min shuffle sum0);

use CharmBills::ModelChance qw(between chance pick random_hex weighted);
use CharmBills::ModelWallet qw(build fresh_coin nobody);
use CharmBills::Spell qw(beam_hash spell_payload spell_transaction);

# How a transaction carries its spell, or fails to.
my @forms = (
	good        => 60,
	older       => 10,
	in_witness  => 10,
	plain       => 6,
	unsupported => 6,
	unproved    => 4,
	malformed   => 4);

sub new
{
	my ($class, $market) = @_;

	return bless { market => $market, destinations => {} }, $class;
}

# Gives what it is, in words, and its bytes.
sub cast
{
	my ($self, @prospects) = @_;
	my %weight = map { ($_ => $prospects[$_]{weight}) } 0 .. $#prospects;
	my $draft = { inputs => [], outputs => [], notes => [], is_precious => 0 };

	$self->_move($draft, $prospects[ weighted(%weight) ]);
	$self->_move($draft, $prospects[ weighted(%weight) ]) if chance(0.1);
	push @{ $draft->{inputs} }, fresh_coin() if chance(0.7) || !@{ $draft->{inputs} };
	$draft->{inputs} = [ shuffle @{ $draft->{inputs} } ] if chance(0.5);
	$self->_add($draft, $self->_somebody, []) if chance(0.2) || !@{ $draft->{outputs} };
	$draft->{outputs} = [ shuffle @{ $draft->{outputs} } ] if chance(0.5);
	my $form = $draft->{is_precious} && chance(0.7) ? 'good' : weighted(@forms);
	return (join(', ', @{ $draft->{notes} }, $form), _carry($draft, $form));
}

# Another transaction for what one spends, whose spell claims anything.
sub recast
{
	my ($self, $tx) = @_;
	my $plan = pick($self->{market}->plans);
	my $draft = { inputs => [ pick(@{ $tx->{inputs} }) ], outputs => [] };

	$self->_add($draft, $self->_somebody, [ _nft($plan, between(0, 20)) ]) if chance(0.5);
	$self->_add($draft, $self->_somebody, [ _tokens($plan, between(1, 10)) ]) if chance(0.7);
	$self->_add($draft, $self->_somebody, []) unless @{ $draft->{outputs} };
	return _carry($draft, 'good');
}

sub _add
{
	my ($self, $draft, $script, $charms) = @_;

	push @{ $draft->{outputs} }, { script => pack('H*', $script), sats => between(600, 2000), charms => $charms };
	return;
}

sub _somebody
{
	my ($self) = @_;

	return chance(0.9) ? pick($self->{market}->holders) : chance(0.5) ? pick(@{ $self->{market}{merchants} }) : unpack 'H*', nobody();
}

sub _app
{
	my ($plan, $tag) = @_;

	return { tag => $tag, identity => $plan->{identity}, vk => $plan->{vk} };
}

sub _nft
{
	my ($plan, $remaining) = @_;

	return [ _app($plan, 'n'), { ticker => "PLAN$plan->{number}", defined $remaining ? (remaining => $remaining) : () } ];
}

sub _tokens
{
	my ($plan, $amount) = @_;

	return [ _app($plan, 't'), $amount ];
}

sub _move
{
	my ($self, $draft, $prospect) = @_;
	my ($plan, $lineage) = @$prospect{qw(plan lineage)};

	if ($lineage->{fate} eq 'unborn' && chance(0.85)) { $self->_bear($draft, $plan) }
	else { $self->_spend($draft, $plan, $lineage) }
	return;
}

sub _bear
{
	my ($self, $draft, $plan) = @_;
	my $remaining = pick(0, 20, 100, 1000, 1000, '9223372036854775808');
	my $n = weighted(1 => 30, 0 => 1, 2 => 1);

	$draft->{is_precious} = 1;
	push @{ $draft->{notes} }, "bear $n of plan $plan->{number} with $remaining";
	push @{ $draft->{inputs} }, $plan->{anchor};
	$self->_add($draft, chance(0.9) ? $plan->{script} : $self->_somebody,
		[ _nft($plan, chance(0.97) ? $remaining : undef), chance(0.03) ? _tokens($plan, 5) : () ]) foreach 1 .. $n;
	return;
}

# Some of what there is.
sub _spend
{
	my ($self, $draft, $plan, $lineage) = @_;
	my $nft = $lineage->nft;
	my @held = sort { $a->{outpoint} cmp $b->{outpoint} } values %{ $lineage->{held} };
	my $takes_nft = $nft && chance(0.45);
	my @tokens = grep { $_->{amount} && !$_->{has_nft} } @held;
	my $n_tokens = $takes_nft && chance(0.6) ? 0 : weighted(1 => 6, 2 => 3, 3 => 1);
	my @taken = ($takes_nft ? $nft : (), splice @{ [ shuffle @tokens ] }, 0, $n_tokens);
	my @arriving = grep { !$_->{spent_by} && $self->{destinations}{ $_->{to} } } values %{ $lineage->{beamed} };

	@arriving = sort { $a->{outpoint} cmp $b->{outpoint} } @arriving;
	@arriving = @arriving && chance(0.4) ? pick(@arriving) : ();
	push @{ $draft->{inputs} }, shuffle((map { $_->{outpoint} } @taken), map { $self->{destinations}{ $_->{to} } } @arriving);
	my $in = sum0(map { $_->{amount} } @taken, $plan->{accepts_beamed} ? @arriving : ());
	push @{ $draft->{notes} }, "plan $plan->{number}: " . ($takes_nft ? "its NFT of $nft->{remaining}, " : '') . "$in tokens"
	  . (@arriving ? ' beamed in' : '');
	my $given = $takes_nft ? $self->_give_out_nft($draft, $plan, $nft) : 0;
	$self->_forge($draft, $plan) if !$takes_nft && chance(0.05);
	$self->_give_out_tokens($draft, $plan, $in + $given);
	return;
}

# Gives what it gives up.
sub _give_out_nft
{
	my ($self, $draft, $plan, $nft) = @_;
	my $left = $nft->{remaining};
	my $given = $left > 1_000_000 ? between(1, 30) : chance(0.08) ? $left : between(0, min(30, $left));
	my $goes_on = weighted(well => 85, raised => 8, twice => 2, ends => 2, unsaid => 2, beamed => 1);
	my $is_away = unpack('H*', $nft->{script}) ne $plan->{script};
	my $script = chance($is_away ? 0.7 : 0.88) ? $plan->{script} : $self->_somebody;

	$draft->{is_precious} = 1;
	push @{ $draft->{notes} }, "gives $given, NFT $goes_on";
	return $given if $goes_on eq 'ends';
	my $said = $goes_on eq 'raised' ? $left + between(1, 50) : $left - $given;
	$self->_add($draft, $script, [ _nft($plan, $goes_on eq 'unsaid' ? undef : $said) ]);
	$self->_add($draft, $script, [ _nft($plan, $said) ]) if $goes_on eq 'twice';
	$draft->{outputs}[-1]{beamed} = beam_hash(fresh_coin()) if $goes_on eq 'beamed';
	return $given;
}

sub _forge
{
	my ($self, $draft, $plan) = @_;

	push @{ $draft->{notes} }, 'forges an NFT';
	$self->_add($draft, chance(0.5) ? $plan->{script} : $self->_somebody, [ _nft($plan, between(0, 5000)) ]);
	return;
}

sub _give_out_tokens
{
	my ($self, $draft, $plan, $sum) = @_;
	my $total =
	    chance(0.06) ? $sum + between(1, 20)
	  : chance(0.01) ? '18446744073709551615'
	  : chance(0.12) ? between(0, $sum)
	  :                $sum;
	my $merges = chance(0.1);

	push @{ $draft->{notes} }, "$total come out" if $total ne $sum;
	foreach my $amount (_parts($total))
	{
		my $charm = _tokens($plan, $amount);
		if ($merges && @{ $draft->{outputs} } && !$self->_has_tokens($draft->{outputs}[-1], $plan))
		{
			push @{ $draft->{outputs}[-1]{charms} }, $charm;
			next;
		}
		$self->_add($draft, $self->_somebody, [$charm]);
		$draft->{outputs}[-1]{beamed} = $self->_destination if chance(0.1);
	}
	return;
}

sub _has_tokens
{
	my ($self, $output, $plan) = @_;

	return grep { $_->[0]{tag} eq 't' && $_->[0]{vk} eq $plan->{vk} } @{ $output->{charms} };
}

# A coin elsewhere, which is remembered, so that something arrives there.
sub _destination
{
	my ($self) = @_;
	my @known = sort values %{ $self->{destinations} };
	my $coin = @known && chance(0.1) ? pick(@known) : fresh_coin();
	my $hash = beam_hash($coin);

	$self->{destinations}{$hash} = $coin;
	return $hash;
}

sub _parts
{
	my ($total) = @_;
	my @parts;

	return $total > 0 ? ($total) : () if $total > 1_000_000 || chance(0.4);
	foreach (1 .. between(1, 2))
	{
		push @parts, between(0, $total - sum0(@parts));
	}
	return (chance(0.05) ? 0 : (), grep { $_ > 0 } @parts, $total - sum0(@parts));
}

#
# From draft to bytes
#

sub _coin
{
	my ($txid, $vout) = split /:/, $_[0];

	return { txid => $txid, vout => $vout };
}

sub _carry
{
	my ($draft, $form) = @_;
	my %seen;
	my @inputs = grep { !$seen{$_}++ } @{ $draft->{inputs} };
	my @outputs = @{ $draft->{outputs} };

	return build(\@inputs, [ map { [ $_->{script}, $_->{sats} // 1000 ] } @outputs ]) if $form eq 'plain';
	my %spell = (outputs => \@outputs, version => 15);
	$spell{version} = pick(9, 9, 10 .. 14) if $form eq 'older';
	$spell{version} = between(4, 8) if $form eq 'in_witness';
	$spell{version} = pick(0, 16, 99) if $form eq 'unsupported';
	$spell{version} = 16 if $form eq 'unsupported' && chance(0.7);
	%spell = (%spell, mock => 0, proof => pack 'H*', random_hex(pick(0, 260, 356))) if $form eq 'unproved';
	$spell{payload} = _mutilate(spell_payload(%spell)) if $form eq 'malformed';
	# Where the last input is not in the proof, it may be one that matters.
	$spell{carrier} = _coin(pop @inputs) if $form eq 'in_witness' && @inputs > 1 && chance(0.5);
	return spell_transaction(%spell, inputs => [ map { _coin($_) } @inputs ]);
}

sub _mutilate
{
	my ($payload) = @_;

	return pick(substr($payload, 0, -1), "$payload\0", "\x98\x02" . substr($payload, 1), substr($payload, 1), '');
}

1;
