# Merchants and plans for the model: what is sold in every run.
#
#	my %market = CharmBills::ModelMarket::open_market($session);
#
# plans and merchants by id, scripts (in hex) with the merchant, descriptor and
# index they belong to, descriptors with all their scripts in order.
package CharmBills::ModelMarket;

use strict;
use warnings;

use CharmBills::ModelCalendar qw(default_lead);

use constant MINUTE => 60_000_000;
use constant HOUR   => 60 * MINUTE;
use constant DAY    => 24 * HOUR;

use constant ADDRESSES => 1000;

# Where the clock starts: whatever day it is, a run is the same.
use constant CLOCK => '2031-03-01 00:00:00+00';

my $key = 'tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiF'
  . 'Zd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz';

# Dust is what nodes do not relay to such addresses.
my @merchants = (
	{ name => 'witness', descriptor => "wpkh($key/0/*)", timezone => 'Europe/Berlin', dust => 294 },
	{ name => 'legacy', descriptor => "pkh($key/1/*)", address => 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080',
		timezone => 'UTC', dust => 546 },
	{ name => 'fixed', address => 'bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry',
		timezone => 'America/New_York', dust => 330 });

# Spans are SQL's, and the same as [ months, days, microseconds ]; no span is a
# lifetime.  What is not given has create_plan()'s defaults.
my @plans = (
	{ merchant => 'witness', price => 50_000, depth => 0,
		cycle => [ '6 hours', [ 0, 0, 6 * HOUR ] ], grace => [ '2 hours', [ 0, 0, 2 * HOUR ] ] },
	{ merchant => 'witness', price => 60_000, depth => 1, tolerance => 500, tax => 7.7, many => 1,
		cycle => [ 'weekly', [ 0, 7, 0 ] ], grace => [ '1 day', [ 0, 1, 0 ] ], lead => [ '30 hours', [ 0, 0, 30 * HOUR ] ] },
	{ merchant => 'witness', price => 10_000, depth => 2, cycle => [ 'demo', [ 0, 0, 3 * MINUTE ] ],
		grace => [ '0', [ 0, 0, 0 ] ] },
	{ merchant => 'witness', price => 90_000, depth => 3, cycle => ['lifetime'], grace => [ '5 days', [ 0, 5, 0 ] ] },
	{ merchant => 'witness', price => 40_000, cycle => [ 'monthly', [ 1, 0, 0 ] ], grace => [ '5 days', [ 0, 5, 0 ] ],
		trial => [ '14 days', [ 0, 14, 0 ] ], restart => 'period_end', give_up => [ '20 days', [ 0, 20, 0 ] ],
		dunning => [ [ '-1 day', [ 0, -1, 0 ] ], [ '2 days', [ 0, 2, 0 ] ], [ '1 week', [ 0, 7, 0 ] ] ] },
	{ merchant => 'witness', price => 700, least => 2_000, many => 1, percent => 10,
		cycle => [ '1 day', [ 0, 1, 0 ] ], grace => [ '1 day', [ 0, 1, 0 ] ] },
	{ merchant => 'legacy', price => 70_000, tolerance => 70_000,
		cycle => [ '2 days', [ 0, 2, 0 ] ], grace => [ '12 hours', [ 0, 0, 12 * HOUR ] ] },
	{ merchant => 'legacy', price => 30_000, depth => 3, cycle => [ '1 day', [ 0, 1, 0 ] ],
		grace => [ '1 hour', [ 0, 0, HOUR ] ], trial => [ '3 hours', [ 0, 0, 3 * HOUR ] ], dunning => [] },
	{ merchant => 'legacy', price => 0, cycle => [ '3 days', [ 0, 3, 0 ] ], grace => [ '1 hour', [ 0, 0, HOUR ] ] },
	{ merchant => 'legacy', price => 150_000, tax => 19, cycle => [ 'yearly', [ 12, 0, 0 ] ],
		grace => [ '1 month', [ 1, 0, 0 ] ] },
	{ merchant => 'fixed', price => 20_000, depth => 1, give_up => [ '2 days', [ 0, 2, 0 ] ], dunning => [ [ '6 hours', [ 0, 0, 6 * HOUR ] ] ],
		cycle => [ '12 hours', [ 0, 0, 12 * HOUR ] ], grace => [ '1 hour', [ 0, 0, HOUR ] ] },
	{ merchant => 'fixed', price => 20_000, depth => 2, cycle => [ '3 days', [ 0, 3, 0 ] ], grace => [ '1 day', [ 0, 1, 0 ] ] });

my @usual_dunning = ([ '1 day', [ 0, 1, 0 ] ], [ '3 days', [ 0, 3, 0 ] ]);
my @usual_giving_up = ('30 days', [ 0, 30, 0 ]);

sub _value
{
	my ($text) = @_;

	return defined $text ? "'$text'" : 'NULL';
}

sub open_market
{
	my ($session) = @_;
	my %market = (plans => {}, merchants => {}, scripts => {}, descriptors => {});
	my %id_of;

	foreach my $merchant (@merchants)
	{
		my ($name, $address, $descriptor, $timezone) = @$merchant{qw(name address descriptor timezone)};
		my $id = $session->one('SELECT (charmbills.create_merchant(name => ' . _value($name)
			. ', address => ' . _value($address) . ', descriptor => ' . _value($descriptor) . ", timezone => '$timezone')).id");
		$id_of{$name} = $id;
		$market{merchants}{$id} = { id => $id, %$merchant };
		_note_address($session, \%market, $id, $address) if $address;
		_note_descriptor($session, \%market, $id, $descriptor) if $descriptor;
	}
	_open_plan($session, \%market, $id_of{ $_->{merchant} }, $_) foreach @plans;
	$session->one("UPDATE charmbills.chain_state SET test_clock = '" . CLOCK . "' RETURNING true");
	$session->one('SELECT charmbills.sandbox_mine(3)');
	return %market;
}

sub _note_address
{
	my ($session, $market, $merchant, $address) = @_;
	my $script = $session->one("SELECT encode(charmbills.address_to_script('$address'), 'hex')");

	$market->{scripts}{$script} = { merchant => $merchant };
	$market->{merchants}{$merchant}{script} = $script;
	return;
}

sub _note_descriptor
{
	my ($session, $market, $merchant, $descriptor) = @_;
	my $id = $session->one("SELECT id FROM charmbills.descriptors WHERE merchant_id = '$merchant'");
	my @scripts = $session->run("SELECT encode(charmbills.address_to_script(
			charmbills.derive_address('$descriptor', i)), 'hex') FROM generate_series(0, @{[ ADDRESSES - 1 ]}) i");

	$market->{scripts}{ $scripts[$_] } = { merchant => $merchant, descriptor => $id, index => $_ }
	  foreach 0 .. $#scripts;
	$market->{descriptors}{$id} = { merchant => $merchant, scripts => \@scripts };
	return;
}

sub _open_plan
{
	my ($session, $market, $merchant, $given) = @_;
	my @dunning = @{ $given->{dunning} || \@usual_dunning };
	my @give_up = @{ $given->{give_up} || \@usual_giving_up };
	my %argument = (
		merchant_id         => "'$merchant'",
		service_name        => "'service'",
		price_sats          => $given->{price},
		billing_cycle       => "'$given->{cycle}[0]'",
		trial               => _value($given->{trial} && $given->{trial}[0]),
		grace               => "'$given->{grace}[0]'",
		confirmations       => _value($given->{depth}),
		tolerance_sats      => $given->{tolerance} || 0,
		tolerance_percent   => $given->{percent} || 0,
		tax_rate            => $given->{tax} || 0,
		min_invoice_sats    => $given->{least} || 0,
		lead_time           => _value($given->{lead} && $given->{lead}[0]),
		restart             => _value($given->{restart}),
		allow_multiple      => $given->{many} ? 'true' : 'false',
		dunning             => "'{" . join(',', map { "\"$_->[0]\"" } @dunning) . "}'",
		uncollectible_after => "'$give_up[0]'");
	my $id = $session->one('SELECT (charmbills.create_plan('
		  . join(', ', map { "$_ => $argument{$_}" } sort keys %argument) . ')).id');

	$market->{plans}{$id} = {
		id                  => $id,
		merchant            => $merchant,
		prices              => [ { from => 0, sats => $given->{price} } ],
		cycle_text          => $given->{cycle}[0],
		cycle               => $given->{cycle}[1],
		grace               => $given->{grace}[1],
		trial               => $given->{trial} && $given->{trial}[1],
		lead                => $given->{lead} ? $given->{lead}[1] : default_lead($given->{cycle}[1]),
		restart             => $given->{restart} || 'payment',
		tolerance           => $given->{tolerance} || 0,
		tolerance_percent   => $given->{percent} || 0,
		tax                 => ($given->{tax} || 0) * 10_000,
		least               => $given->{least} || 0,
		allows_many         => $given->{many},
		dunning             => [ map { $_->[1] } @dunning ],
		uncollectible_after => $give_up[1],
		confirmations       => defined $given->{depth} ? $given->{depth} : 1 };
	push @{ $market->{plan_order} }, $market->{plans}{$id};
	return;
}

1;
