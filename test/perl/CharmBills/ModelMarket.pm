# Merchants and plans for the model: what is sold in every run.
#
#	my %market = CharmBills::ModelMarket::open_market($session);
#
# plans and merchants by id, scripts (in hex) with the merchant, descriptor and
# index they belong to, descriptors with all their scripts in order.
package CharmBills::ModelMarket;

use strict;
use warnings;

use constant MINUTE => 60_000_000;
use constant HOUR   => 60 * MINUTE;
use constant DAY    => 24 * HOUR;

use constant ADDRESSES => 1000;

# Where the clock starts: whatever day it is, a run is the same.
use constant CLOCK => '2031-03-01 00:00:00+00';

my $key = 'tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiF'
  . 'Zd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz';

my @merchants = (
	{ name => 'witness', descriptor => "wpkh($key/0/*)" },
	{ name => 'legacy', descriptor => "pkh($key/1/*)", address => 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080' },
	{ name => 'fixed', address => 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry' });

# Times are SQL's, and the same in microseconds; no cycle is a lifetime.
my @plans = (
	{ merchant => 'witness', price => 50_000, depth => 0,
		cycle => [ '6 hours', 6 * HOUR ], grace => [ '2 hours', 2 * HOUR ] },
	{ merchant => 'witness', price => 60_000, depth => 1, tolerance => 500,
		cycle => [ 'weekly', 7 * DAY ], grace => [ '1 day', DAY ] },
	{ merchant => 'witness', price => 10_000, depth => 2, cycle => [ 'demo', 3 * MINUTE ], grace => [ '0', 0 ] },
	{ merchant => 'witness', price => 90_000, depth => 3, cycle => ['lifetime'], grace => [ '5 days', 5 * DAY ] },
	{ merchant => 'legacy', price => 70_000, tolerance => 70_000,
		cycle => [ '2 days', 2 * DAY ], grace => [ '12 hours', 12 * HOUR ] },
	{ merchant => 'legacy', price => 30_000, depth => 3, cycle => [ '1 day', DAY ], grace => [ '1 hour', HOUR ],
		trial => [ '3 hours', 3 * HOUR ] },
	{ merchant => 'legacy', price => 0, cycle => [ '1 day', DAY ], grace => [ '1 hour', HOUR ] },
	{ merchant => 'fixed', price => 20_000, depth => 1,
		cycle => [ '12 hours', 12 * HOUR ], grace => [ '1 hour', HOUR ] },
	{ merchant => 'fixed', price => 20_000, depth => 2, cycle => [ '3 days', 3 * DAY ], grace => [ '1 day', DAY ] });

sub _value
{
	my ($text) = @_;

	return defined $text ? "'$text'" : 'NULL';
}

sub _one
{
	my ($session, $sql) = @_;
	my @lines = $session->run($sql);

	die join "\n", $sql, @lines if @lines != 1 || $lines[0] =~ /^ERROR/;
	return $lines[0];
}

sub open_market
{
	my ($session) = @_;
	my %market = (plans => {}, merchants => {}, scripts => {}, descriptors => {});
	my %id_of;

	foreach my $merchant (@merchants)
	{
		my ($name, $address, $descriptor) = @$merchant{qw(name address descriptor)};
		my $id = _one($session, 'SELECT (charmbills.create_merchant(name => ' . _value($name)
			. ', address => ' . _value($address) . ', descriptor => ' . _value($descriptor) . ')).id');
		$id_of{$name} = $id;
		$market{merchants}{$id} = { id => $id, %$merchant };
		_note_address($session, \%market, $id, $address) if $address;
		_note_descriptor($session, \%market, $id, $descriptor) if $descriptor;
	}
	_open_plan($session, \%market, $id_of{ $_->{merchant} }, $_) foreach @plans;
	_one($session, "UPDATE charmbills.chain_state SET test_clock = '" . CLOCK . "' RETURNING true");
	_one($session, 'SELECT charmbills.sandbox_mine(3)');
	return %market;
}

sub _note_address
{
	my ($session, $market, $merchant, $address) = @_;
	my $script = _one($session, "SELECT encode(charmbills.address_to_script('$address'), 'hex')");

	$market->{scripts}{$script} = { merchant => $merchant };
	$market->{merchants}{$merchant}{script} = $script;
	return;
}

sub _note_descriptor
{
	my ($session, $market, $merchant, $descriptor) = @_;
	my $id = _one($session, "SELECT id FROM charmbills.descriptors WHERE merchant_id = '$merchant'");
	my @scripts = $session->run("SELECT encode(charmbills.address_to_script(
			charmbills.derive_address('$descriptor', i)), 'hex') FROM generate_series(0, @{[ ADDRESSES - 1 ]}) i");

	$market->{scripts}{ $scripts[$_] } = { merchant => $merchant, descriptor => $id, index => $_ }
	  foreach 0 .. $#scripts;
	$market->{descriptors}{$id} = { merchant => $merchant, scripts => \@scripts };
	return;
}

sub _open_plan
{
	my ($session, $market, $merchant, $plan) = @_;
	my $tolerance = $plan->{tolerance} || 0;
	my $trial = $plan->{trial} ? $plan->{trial}[0] : '0';
	my $id = _one($session, "SELECT (charmbills.create_plan(merchant_id => '$merchant', service_name => 'service',
		price_sats => $plan->{price}, billing_cycle => '$plan->{cycle}[0]', trial => '$trial',
		grace => '$plan->{grace}[0]', confirmations => " . _value($plan->{depth}) . ", tolerance_sats => $tolerance)).id");

	$market->{plans}{$id} = {
		id            => $id,
		merchant      => $merchant,
		price         => $plan->{price},
		cycle         => $plan->{cycle}[1],
		grace         => $plan->{grace}[1],
		tolerance     => $tolerance,
		confirmations => defined $plan->{depth} ? $plan->{depth} : 1 };
	push @{ $market->{plan_order} }, $market->{plans}{$id};
	return;
}

1;
