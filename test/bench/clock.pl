#!/usr/bin/env perl
# Two years of a monthly subscription in the sandbox: every invoice issued, paid
# and confirmed in its time.
use strict;
use warnings;

use Time::HiRes qw(time);

use CharmBills::Bench qw(bench_row create_database);

use constant { MONTHS => 24 };

my $descriptor = 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)';

my $session = create_database('bench_clock');
$session->query(sprintf q{SELECT charmbills.subscribe(plan_id => p.id, external_id => 'customer')
	FROM charmbills.create_merchant(name => 'merchant', descriptor => '%s') m
	CROSS JOIN LATERAL charmbills.create_plan(merchant_id => m.id, service_name => 'service', price_sats => 50000,
		billing_cycle => 'monthly') p}, $descriptor);

my $start = time;
foreach (1 .. MONTHS)
{
	$session->query(q{SELECT charmbills.sandbox_pay(address, amount_sats) FROM charmbills.invoices WHERE status = 'open'});
	$session->query('SELECT charmbills.sandbox_mine(1)');
	$session->query(q{SELECT charmbills.sandbox_advance_clock('1 month')});
}
my $seconds = time - $start;

# A benchmark of something that does not happen would be worth nothing.
my $paid = $session->query(q{SELECT count(*) FROM charmbills.invoices WHERE status = 'paid' AND NOT is_late});
die "$paid of @{[ MONTHS ]} invoices have been paid\n" if $paid != MONTHS;
bench_row(sprintf('two years of a subscription, %d payments', MONTHS), sprintf('%.2f s', $seconds), '', '', 'a second');
