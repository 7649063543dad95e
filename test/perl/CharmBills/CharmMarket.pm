# Merchants, holders and plans for the model of charms: what is sold in every
# run.
#
#	my $market = CharmBills::CharmMarket->new($session);
#	$market->open;
#	my $operation = $market->plan_operation($plan, $status);
#
# What is opened in one database can be opened in another, and is the same there
# but for its ids.  Scripts are in hex.
package CharmBills::CharmMarket;

use strict;
use warnings;

use CharmBills::ModelChance qw(between pick random_hex);
use CharmBills::ModelWallet qw(SYNC);
use CharmBills::Spell qw(app_identity);

use constant DAY => 24 * 3_600_000_000;

# Where the clock starts: whatever day it is, a run is the same.
use constant CLOCK => '2031-03-01 00:00:00+00';

use constant HOLDERS => 6;

# Cycles are SQL's, and in days; none is a lifetime.
my @kinds = (
	{ entitlement => 'token', units => 1, cycle => [ 'weekly', 7 ] },
	{ entitlement => 'token', units => 10, access => 'cycle', cycle => [ '1 day', 1 ], depth => 2 },
	{ entitlement => 'token', units => 5, access => 'cycle', cycle => [ '3 days', 3 ], beamed => 1 },
	{ entitlement => 'either', units => 3, price => 0, cycle => ['lifetime'], beamed => 1, depth => 3 },
	{ entitlement => 'payment', units => 1, price => 0, cycle => ['lifetime'] });

sub new
{
	my ($class) = @_;

	return bless { plans => [], merchants => [ map { '0014' . random_hex(20) } 1 .. 2 ],
		holders => [ map { '0014' . random_hex(20) } 1 .. HOLDERS ] }, $class;
}

sub plans { return @{ $_[0]->{plans} } }
sub holders { return @{ $_[0]->{holders} } }

# A plan that is yet to be made: of an outpoint that exists nowhere else, or of
# the one that is given, which another plan with another key may have.  One that
# is_imported is minted before anybody here knows of it.
sub new_plan
{
	my ($self, %more) = @_;
	my $anchor = $more{anchor} || random_hex(32) . ':' . between(0, 2);
	my $plan = {
		%{ pick(@kinds) },
		number   => scalar @{ $self->{plans} },
		anchor   => $anchor,
		identity => app_identity($anchor),
		vk       => random_hex(32),
		merchant => between(0, 1),
		%more };

	$plan->{accepts_beamed} = $plan->{beamed} ? 1 : 0;
	$plan->{script} = $self->{merchants}[ $plan->{merchant} ];
	push @{ $self->{plans} }, $plan;
	return $plan;
}

# Clock, holders and merchants, in a new database.
sub open
{
	my ($self, $session) = @_;
	my $scripts = join ', ', map { "'$_'" } @{ $self->{merchants} }, $self->holders;

	$session->run("CREATE TEMP TABLE holders AS SELECT script, charmbills.script_to_address(decode(script, 'hex')) AS address\n"
		. "FROM unnest(ARRAY[$scripts]) script;");
	$session->one(SYNC);
	$session->one("UPDATE charmbills.chain_state SET test_clock = '" . CLOCK . "' RETURNING true");
	$self->{merchant_ids} = [ map {
		$session->one("SELECT (charmbills.create_merchant(name => 'm$_', address => "
			. $self->address($self->{merchants}[$_]) . ')).id')
	} 0 .. $#{ $self->{merchants} } ];
	return;
}

sub address
{
	return "charmbills.script_to_address('\\x$_[1]')";
}

sub plan_statement
{
	my ($self, $plan) = @_;
	my $cycle = $plan->{cycle}[0];

	return 'SELECT (charmbills.import_plan(jsonb_build_object(' . join(', ',
		"'serviceName', 'imported $plan->{number}'", "'priceBTC', '0.001'", "'billingCycle', '$cycle'",
		"'id', 'plan $plan->{number}'", "'merchantAddress', " . $self->address($plan->{script}),
		"'appId', '$plan->{identity}'", "'appVk', '$plan->{vk}'", "'createdAt', '" . CLOCK . "'",
		"'entitlement', '$plan->{entitlement}'", "'tokenUnits', $plan->{units}",
		"'tokenAccess', '" . ($plan->{access} || 'held') . "'",
		"'acceptBeamed', " . ($plan->{accepts_beamed} ? 'true' : 'false')) . "))).id;\n"
	  if $plan->{is_imported};
	return 'SELECT (charmbills.create_plan(' . join(', ',
		"merchant_id => '$self->{merchant_ids}[ $plan->{merchant} ]'", "service_name => 'plan $plan->{number}'",
		'price_sats => ' . ($plan->{price} // 100_000), "billing_cycle => '$cycle'",
		'confirmations => ' . ($plan->{depth} || 1), "app_id => '$plan->{identity}'", "app_vk => '$plan->{vk}'",
		"entitlement => '$plan->{entitlement}'", "token_units => $plan->{units}",
		"token_access => '" . ($plan->{access} || 'held') . "'",
		'accept_beamed => ' . ($plan->{accepts_beamed} ? 'true' : 'false')) . ")).id;\n";
}

1;
