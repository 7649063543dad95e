# A standby that missed what its primary did last is promoted: no number and no
# address that the lost primary may have given away is given away again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use Test::More;

use CharmBills::Shop;

my $jump    = 100;			# charmbills.index_jump
my $primary = CharmBills::Shop->new(name => 'primary', init => [ allows_streaming => 1 ]);
$primary->start->open_shop;
my $paid = $primary->issue('ada');
$primary->sql("SELECT charmbills.sandbox_pay('$paid->{address}', $paid->{amount_sats}); SELECT charmbills.sandbox_mine()");
my @known = map { $primary->issue($_) } qw(ada bob cy);

sub standby_of
{
	my ($shop, $name) = @_;
	my $backup  = "for_$name";
	my $cluster = PostgreSQL::Test::Cluster->new($name);

	$shop->cluster->backup($backup);
	$cluster->init_from_backup($shop->cluster, $backup, has_streaming => 1);
	$cluster->start;
	$shop->cluster->wait_for_catchup($cluster);
	return $shop->on($cluster);
}

# What the primary does from here on, the standby never hears of.
sub cut_off
{
	my ($shop, $standby) = @_;

	$shop->cluster->wait_for_catchup($standby->cluster);
	$standby->cluster->safe_psql('postgres', q{ALTER SYSTEM SET primary_conninfo = ''});
	$standby->cluster->reload;
	$standby->cluster->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_stat_wal_receiver')
	  or die 'the standby still receives';
	return;
}

sub next_indexes
{
	my ($shop) = @_;

	return $shop->sql('SELECT string_agg(next_index::text, \' \' ORDER BY first_index) FROM charmbills.descriptors');
}

sub are_all_different
{
	my ($title, @invoices) = @_;
	my %seen;

	is(scalar(grep { $seen{"$_->{merchant} $_->{series} $_->{number}"}++ } @invoices), 0, "$title: no number twice");
	# Bob has one address; there, the amount tells invoices apart.
	is(scalar(grep { $seen{ $_->{address} }++ } grep { $_->{merchant} ne 'bob' } @invoices), 0, "$title: no address twice");
	return;
}

#
# A standby answers questions, and does nothing
#
my $standby = standby_of($primary, 'standby');
my ($plan) = split /\n/, $primary->sql(q{SELECT id FROM charmbills.plans WHERE service_name = 'ada'});
my $payer = $primary->sql("SELECT c.external_id FROM charmbills.invoices i JOIN charmbills.customers c ON c.id = i.customer_id WHERE i.id = '$paid->{id}'");
is($standby->sql("SELECT charmbills.is_entitled('$plan', external_id => '$payer')"), 't', 'a standby knows who is entitled');
is($standby->sql("SELECT charmbills.is_entitled('$plan', external_id => 'nobody')"), 'f', 'and who is not');
is($standby->sql("SELECT status FROM charmbills.subscriptions ORDER BY purchased_at LIMIT 1"), 'active', 'statuses are shown');
like($standby->sql("SELECT charmbills.payment_uri('$known[0]{id}')"), qr/^bitcoin:/, 'an invoice can be shown');
is($standby->sql('SELECT height FROM charmbills.chain_tip()'), $primary->sql('SELECT height FROM charmbills.chain_tip()'),
	'so can the tip');
foreach my $function (qw(health health_db health_jobs))
{
	like($standby->sql("SELECT charmbills.$function() ->> 'status'"), qr/^(ok|degraded|down)$/, "$function() answers");
}
unlike($standby->sql('SELECT charmbills.health()'), qr/adopted"?: false/, 'a standby is not an unadopted copy');
is($standby->refusal("SELECT charmbills.subscribe(plan_id => '$plan', external_id => 'new')"), '25006', 'nobody subscribes at a standby');
is($standby->refusal('SELECT charmbills.run_billing()'), '25006', 'no billing is run there');
is($standby->refusal('SELECT charmbills.adopt_database()'), '25006', 'nor is it adopted');

my $all_events = 'charmbills.events_since(max_events => 10000)';
is($standby->sql("SELECT count(*) FROM $all_events"), $primary->sql("SELECT count(*) FROM $all_events"), 'the log of events is read there');

#
# The primary goes on, alone, and is lost
#
my $indexes = next_indexes($standby);
cut_off($primary, $standby);
my @lost = map { map { $primary->issue($_) } qw(ada bob cy) } 1 .. 40;
$primary->cluster->stop('immediate');
is($standby->sql('SELECT count(*) FROM charmbills.invoices'), 4, 'the standby has not heard of forty rounds of invoices');
my $cursor = $standby->sql("SELECT cursor FROM $all_events ORDER BY id DESC LIMIT 1");
$standby->cluster->promote;
is(next_indexes($standby), $indexes, 'indexes are where they were');

# Customers pay what the lost primary asked for, before anything is issued here.
my ($near, $far) = @lost[ 2 * 3, 38 * 3 ];
$standby->sql("SELECT charmbills.sandbox_pay('$_->{address}', $_->{amount_sats}); SELECT charmbills.sandbox_mine()") foreach $near, $far;

# The first invoice jumps for its own merchant.
my $first = $standby->issue('ada');
isnt($first->{series}, '', 'the first invoice begins a new series');
is($first->{number}, 1, 'of numbers from 1');
cmp_ok($first->{derivation_index}, '>=', $lost[-3]{derivation_index} + 1, 'beyond every index that was given away');
is($standby->sql(q{SELECT count(*) FROM charmbills.events WHERE type = 'database.promoted'}), 1, 'which is an event');
is($standby->sql(q{SELECT min(e.epoch) = 1 AND count(*) = count(s.id)
	FROM charmbills.events e LEFT JOIN charmbills.events_since('} . $cursor . q{', 10000) s ON s.id = e.id WHERE e.epoch > 0}),
	't', 'a reader goes on with what was written since the promotion, before the new series and after');
is($standby->sql("SELECT count(*) FROM $all_events"), $standby->sql('SELECT count(*) FROM charmbills.events'), 'nothing is missing from the log');
my ($ada, $cy) = split / /, $indexes;
is((split / /, next_indexes($standby))[1], $cy, 'the other merchant has not jumped yet');

# Billing jumps for everybody.
isnt($standby->sql('SELECT charmbills.run_billing()'), 0, 'billing has something to do');
is((split / /, next_indexes($standby))[1], $cy + $jump, 'the other merchant has jumped, too');
is($standby->sql('SELECT count(DISTINCT series) FROM charmbills.merchant_counters'), 1, 'all are in one series');
is($standby->sql('SELECT charmbills.run_billing()'), 0, 'once');
$standby->sql('SELECT charmbills.sandbox_mine()');
foreach my $invoice ($near, $far)
{
	is($standby->sql("SELECT p.status, p.invoice_id, c.kind, c.amount_sats
		FROM charmbills.payments p JOIN charmbills.credits c USING (outpoint)
		WHERE p.script = charmbills.address_to_script('$invoice->{address}')"), 'confirmed||unassigned|50000',
		"what was paid to lost index $invoice->{derivation_index} is a stray credit");
}
my $late = $lost[ 30 * 3 + 2 ];
$standby->sql("SELECT charmbills.sandbox_pay('$late->{address}', $late->{amount_sats}); SELECT charmbills.sandbox_mine()");
is($standby->sql("SELECT count(*) FROM charmbills.payments WHERE script = charmbills.address_to_script('$late->{address}')"),
	1, 'what is paid there later is known at once');
unlike($standby->sql('SELECT charmbills.health()'), qr/has not been adopted/, 'a promoted standby needs no adoption');
is($standby->sql('SELECT charmbills.adopt_database()'), 'f', 'adopting it changes nothing');
my @issued = ($first, map { $standby->issue($_) } qw(ada bob cy));
are_all_different('after promotion', @known, @lost, @issued);

#
# Once more, and at once: one after the other
#
$standby->cluster->safe_psql('postgres', 'ALTER SYSTEM RESET primary_conninfo');
my $second = standby_of($standby, 'second');
cut_off($standby, $second);
my @lost_again = map { map { $standby->issue($_) } qw(ada bob cy) } 1 .. 5;
$standby->cluster->stop('immediate');
$second->cluster->promote;
$second->sql('SELECT charmbills.run_billing()');
is($second->sql('SELECT charmbills.run_billing()'), 0, 'all merchants are in the newest series');
my @issued_again = map { $second->issue($_) } qw(ada bob cy);
isnt($issued_again[0]{series}, $first->{series}, 'every promotion begins a series of its own');
are_all_different('after another promotion', @known, @lost, @issued, @lost_again, @issued_again);

$second->cluster->stop;
done_testing();
