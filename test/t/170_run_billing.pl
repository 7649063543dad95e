# Ten sessions bill at once, some of them dying or giving up on the way: each
# subscription that is due gets one invoice, and each merchant's numbers have
# no gaps.
use strict;
use warnings;

use IPC::Run qw(start finish);
use Test::More;

use CharmBills::Shop;

my $subscriptions = 2000;
my $sessions      = 10;

my $shop = CharmBills::Shop->new(name => 'main', preload => 0);
my $cluster = $shop->cluster;
$cluster->append_conf('postgresql.conf', "fsync = off\ndeadlock_timeout = '100ms'");
$shop->start->open_shop;

# Trials that end; every tenth has paid a period instead.  They fall due in
# runs of 250 of one merchant after another, so that sessions meet.
$shop->sql(<<"SQL");
SET search_path = public, charmbills;
SELECT sandbox_advance_clock('1 second');
SELECT create_plan(merchant_id => id, service_name => 'on trial at ' || name, price_sats => 50000, billing_cycle => 'monthly', trial => '20 days')
  FROM merchants;
SELECT count(subscribe(plan_id => p.id, external_id => 'customer ' || n))
  FROM generate_series(1, $subscriptions) n
  JOIN plans p ON p.service_name = CASE WHEN n % 10 = 0 THEN '' ELSE 'on trial at ' END || (ARRAY['ada', 'bob', 'cy'])[n / 250 % 3 + 1];
SELECT count(mark_invoice_paid(id, 'in cash')) FROM invoices;
UPDATE subscription_facts f SET next_invoice_at = next_invoice_at + substr(c.external_id, 10)::integer * interval '1 second'
  FROM customers c WHERE c.id = f.customer_id;
UPDATE chain_state SET test_clock = test_clock + interval '40 days', followed_until = test_clock + interval '40 days';
SQL
is($shop->sql(q{SELECT count(*) FROM charmbills.subscription_facts WHERE next_invoice_at <= charmbills.now()}), $subscriptions,
	"$subscriptions subscriptions are due");
my $before = $shop->sql('SELECT count(*) FROM charmbills.invoices');

# What each session does.
my @scripts = (
	('CALL charmbills.run_billing_all(100);') x 3,
	('CALL charmbills.run_billing_all();') x 2,
	("SELECT charmbills.run_billing(max_rows => 37);\n" x 60) x 2,
	("BEGIN; SELECT charmbills.run_billing(max_rows => 150); ROLLBACK;\n" x 8) x 2,
	"BEGIN; SELECT charmbills.run_billing(max_rows => 150); SELECT pg_terminate_backend(pg_backend_pid());\n");
is(@scripts, $sessions, "$sessions sessions bill");
my @runs = map {
	my %run = (script => $_, out => '', err => '');
	$run{handle} = start([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $cluster->connstr($shop->name), '-f', '-' ],
		'<', \$run{script}, '>', \$run{out}, '2>', \$run{err});
	\%run;
} @scripts;
my $dying = pop @runs;
finish($_->{handle}) foreach @runs, $dying;
is(join('', map { grep { !/INFO/ } split /^/, $_->{err} } @runs), '', 'none fails');
like($dying->{err}, qr/terminat/, 'but one that is ended');

# Whoever came last may have left what others held.
$shop->sql('CALL charmbills.run_billing_all()');
is($shop->sql('SELECT charmbills.run_billing()'), 0, 'nothing is left to do');

is($shop->sql('SELECT count(*) FROM charmbills.invoices') - $before, $subscriptions, 'as many invoices were issued');
is($shop->sql(<<'SQL'), '', 'one for each subscription');
SELECT subscription_id FROM charmbills.invoices
 WHERE created_at = charmbills.now() GROUP BY subscription_id HAVING count(*) <> 1
SQL
is($shop->sql(<<'SQL'), 't|t|t', 'each with a number of its own, without gaps');
SELECT bool_and(first = 1), bool_and(last = n), bool_and(next = last + 1)
  FROM (SELECT min(i.number) AS first, max(i.number) AS last, count(*) AS n, min(c.next_invoice_number) AS next
		  FROM charmbills.invoices i JOIN charmbills.merchant_counters c USING (merchant_id) GROUP BY i.merchant_id) v
SQL
is($shop->sql(<<'SQL'), 't', 'and an address and amount of its own');
SELECT count(*) = count(DISTINCT (address, amount_sats)) FROM charmbills.invoices WHERE created_at = charmbills.now()
SQL
is($shop->sql(<<'SQL'), 't', 'from a descriptor without gaps');
SELECT bool_and(n = last - first + 1)
  FROM (SELECT count(*) AS n, min(derivation_index) AS first, max(derivation_index) AS last
		  FROM charmbills.invoices WHERE descriptor_id IS NOT NULL GROUP BY descriptor_id) v
SQL
is($shop->sql(<<'SQL'), '', 'every event has a number of its own');
SELECT subject FROM charmbills.events GROUP BY subject HAVING count(*) <> max(subject_seq) OR count(*) <> count(DISTINCT subject_seq)
SQL
is($shop->sql(<<'SQL'), '', 'every boundary was announced once');
SELECT subject, type FROM charmbills.events WHERE subject LIKE 'subscription:%' GROUP BY subject, type HAVING count(*) <> 1
SQL
is($shop->sql(<<'SQL'), 't', 'the facts are what the view says');
SELECT bool_and(s.status = f.status) FROM charmbills.subscriptions s JOIN charmbills.subscription_facts f USING (id)
SQL
is($shop->sql('SELECT count(*) FROM charmbills.ledger_check()'), 0, 'and the books are right');

done_testing();
