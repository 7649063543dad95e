# Without shared_preload_libraries there is no worker, and all else works.
use strict;
use warnings;

use Test::More;

use CharmBills::Shop;

my $shop = CharmBills::Shop->new(name => 'main', preload => 0);
$shop->start->make_busy;
is($shop->sql('SHOW shared_preload_libraries'), '', 'the server preloads nothing');
is($shop->sql(q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'charmbills%'}), 0, 'there is no worker');
is($shop->sql(q{SELECT charmbills.health() ->> 'worker_running'}), 'false', 'health() says so');
like($shop->sql(q{SET charmbills.rpc_url = 'http://127.0.0.1:1'; SELECT charmbills.health() - 'status'}),
	qr/"reasons": \[.*worker/, 'and where there is a node to follow, it complains');
is($shop->sql('SELECT count(*) FROM charmbills.worker_status()'), 0, 'worker_status() shows none');
is($shop->refusal('SELECT charmbills.wake_worker()'), '', 'nobody is woken');
is($shop->sql(q{SELECT charmbills.health_jobs() ? 'status' AND charmbills.health_db() ? 'status'}), 't', 'the rest of health answers');

# The application feeds the chain itself.
my $invoice = $shop->issue('ada');
$shop->sql("SELECT charmbills.sandbox_pay('$invoice->{address}', $invoice->{amount_sats}); SELECT charmbills.sandbox_mine()");
is($shop->sql("SELECT status FROM charmbills.invoices WHERE id = '$invoice->{id}'"), 'paid', 'an invoice is paid');
is($shop->sql(q{SELECT charmbills.run_billing() >= 0}), 't', 'billing runs');

# Settings hold although the library is loaded late, those of a session too.
is($shop->sql(q{LOAD 'charmbills'; SHOW charmbills.network}), 'regtest', 'settings of the file are in force');
is($shop->refusal(q{SET charmbills.index_jump = 5; SELECT charmbills.chain_tip()}), '', 'a setting made before the library is loaded is taken');
is($shop->refusal(q{SELECT charmbills.chain_tip(); SET charmbills.network = 'moonnet'}), '22023', 'a bad one is refused');

#
# The extension goes and comes back within a session: plans that it kept name
# types that are gone.
#
my $life = q{
	SELECT charmbills.sandbox_mine(2);
	SELECT (charmbills.create_merchant(name => 'ada', address => charmbills.script_to_address('\x0014' || decode(repeat('a0', 20), 'hex')))).id AS merchant \gset
	SELECT (charmbills.create_plan(merchant_id => :'merchant', service_name => 'x', price_sats => 50000, billing_cycle => 'monthly')).id AS plan \gset
	SELECT (charmbills.subscribe(plan_id => :'plan', external_id => 'bob')).id AS subscription \gset
	SELECT address, amount_sats FROM charmbills.invoices WHERE subscription_id = :'subscription' \gset
	SELECT charmbills.sandbox_pay(:'address', :amount_sats) AS txid \gset
	SELECT charmbills.sandbox_mine(), charmbills.sandbox_double_spend(charmbills.sandbox_pay(:'address', 1234)) AS other \gset
	SELECT charmbills.mark_utxos_used(ARRAY[charmbills.outpoint(:'txid', 0)], 'test') AS marked \gset
	SELECT charmbills.sandbox_reorg(1) AS height \gset
	SELECT charmbills.is_entitled(:'plan', external_id => 'bob') AS before \gset
	SELECT charmbills.sandbox_mine() AS height \gset
	\echo life :before
	SELECT charmbills.is_entitled(:'plan', external_id => 'bob'), (charmbills.health() ->> 'status') <> '';
	DROP EXTENSION charmbills;
};
$shop->sql('DROP EXTENSION charmbills');
my $lives = $shop->sql("CREATE EXTENSION charmbills;$life" x 3);
is(() = $lives =~ /^life f\nt\|t$/mg, 3, 'three lives of the extension in one session')
  or diag($lives);

# The same where the session sees it go while it is in use elsewhere.
is($shop->refusal(q{CREATE EXTENSION charmbills; SELECT charmbills.sandbox_mine(); BEGIN; DROP EXTENSION charmbills; ROLLBACK;
	SELECT charmbills.sandbox_mine(); DROP EXTENSION charmbills}), '', 'a drop rolled back does no harm');
is($shop->sql(q{SELECT count(*) FROM pg_depend d JOIN pg_namespace n ON d.refobjid = n.oid WHERE n.nspname LIKE 'charmbills%'}), 0,
	'nothing is left behind');

$shop->cluster->stop;
done_testing();
