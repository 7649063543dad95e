# A private PostgreSQL server whose database bills on the sandbox chain.
#
#	my $shop = CharmBills::Shop->new(name => 'original');
#	$shop->start->make_busy;
#	my $invoice = $shop->issue('ada');
#	my $copy = $shop->database('copy');		# another database of the server
#
# A busy one has every kind of row, in every status that a dump must carry.
package CharmBills::Shop;

use strict;
use warnings;

use Carp qw(croak);
use PostgreSQL::Test::Cluster;

# Keys that nobody has: BIP-32's test vectors as public test-network keys.
my %descriptor_of = (
	ada => 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)',
	cy  => 'tr(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/7/*)');

# name; settings: of postgresql.conf, undef for none; init: arguments of the
# cluster's init(); preload: false for a server that does not.
sub new
{
	my ($class, %arg) = @_;
	my $cluster = PostgreSQL::Test::Cluster->new($arg{name});

	$cluster->init(@{ $arg{init} || [] });
	$cluster->append_conf('postgresql.conf', join '', map { "$_\n" }
		"charmbills.network = 'regtest'", "charmbills.rpc_url = 'sandbox'", "timezone = 'UTC'", "search_path = 'public, charmbills'",
		!exists $arg{preload} || $arg{preload} ? "shared_preload_libraries = 'charmbills'" : ());
	return bless { cluster => $cluster, database => 'shop' }, $class;
}

# The database is not the one that the background worker looks after.
sub start
{
	my ($self) = @_;

	$self->{cluster}->start;
	$self->{cluster}->safe_psql('postgres', "CREATE DATABASE $self->{database}");
	return $self;
}

# The shop in another server, such as a standby, or in another database.
sub on
{
	my ($self, $cluster) = @_;

	return bless { cluster => $cluster, database => $self->{database} }, ref $self;
}

sub database
{
	my ($self, $database) = @_;

	return bless { cluster => $self->{cluster}, database => $database }, ref $self;
}

sub cluster { return $_[0]->{cluster} }
sub name    { return $_[0]->{database} }

sub sql
{
	my ($self, $sql) = @_;

	return $self->{cluster}->safe_psql($self->{database}, $sql);
}

# SQLSTATE of the error that a statement ends with, empty without one.
sub refusal
{
	my ($self, $sql) = @_;
	my ($status, $out, $err) = $self->{cluster}->psql($self->{database}, $sql,
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);

	return '' if $status == 0;
	return $err =~ /ERROR:\s+(\w{5})\s*$/m ? $1 : $err;
}

# Merchants ada (a descriptor), bob (a fixed address) and cy (another
# descriptor, three confirmations), each with a plan of the same name.
sub open_shop
{
	my ($self) = @_;

	$self->sql(<<"SQL");
CREATE EXTENSION charmbills;
SELECT charmbills.sandbox_mine(3);
SELECT charmbills.create_merchant(name => 'ada', descriptor => '$descriptor_of{ada}', timezone => 'Europe/Berlin');
SELECT charmbills.create_merchant(name => 'bob', address => charmbills.script_to_address('\\x0014' || decode(repeat('b0', 20), 'hex')));
SELECT charmbills.create_merchant(name => 'cy', descriptor => '$descriptor_of{cy}', first_index => 40);
SELECT charmbills.create_plan(merchant_id => id, service_name => name, price_sats => 50000, billing_cycle => 'monthly')
  FROM charmbills.merchants;
UPDATE charmbills.plans SET confirmations = 3 WHERE service_name = 'cy';
SQL
	return $self;
}

# A new customer of a merchant subscribes; the invoice, as a hash.
sub issue
{
	my ($self, $merchant) = @_;
	my @columns = qw(id merchant series number address amount_sats derivation_index);
	my $subscription = $self->sql(<<"SQL");
SELECT s.id FROM charmbills.plans p,
       charmbills.subscribe(plan_id => p.id, external_id => gen_random_uuid()::text) s
 WHERE p.service_name = '$merchant'
SQL
	my %invoice;

	@invoice{@columns} = split /\|/, $self->sql(<<"SQL"), -1;
SELECT i.id, '$merchant', i.series, i.number, i.address, i.amount_sats, i.derivation_index
  FROM charmbills.invoices i WHERE i.subscription_id = '$subscription'
SQL
	return \%invoice;
}

# Every status of every kind of row, and what else a dump must carry.
sub make_busy
{
	my ($self) = @_;

	$self->open_shop;
	$self->sql(<<'SQL');
SET search_path = public, charmbills;
CREATE FUNCTION pg_temp.subscribe(plan text, customer text) RETURNS uuid LANGUAGE sql AS
$$ SELECT s.id FROM plans p, subscribe(plan_id => p.id, external_id => customer) s WHERE p.service_name = plan $$;
CREATE FUNCTION pg_temp.invoice_of(customer text) RETURNS invoices LANGUAGE sql AS
$$ SELECT i FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE c.external_id = customer $$;
CREATE FUNCTION pg_temp.pay(customer text, sats bigint DEFAULT 0) RETURNS txid LANGUAGE sql AS
$$ SELECT sandbox_pay(i.address, i.amount_sats + sats) FROM pg_temp.invoice_of(customer) i $$;

-- Plans
SELECT create_plan(merchant_id => id, service_name => 'free', price_sats => 0, billing_cycle => 'lifetime')
  FROM merchants WHERE name = 'ada';
SELECT create_plan(merchant_id => id, service_name => 'trial', price_sats => 70000, billing_cycle => 'weekly')
  FROM merchants WHERE name = 'ada';
UPDATE plans SET trial = '30 days' WHERE service_name = 'trial';
INSERT INTO plans (merchant_id, service_name, price_sats, billing_cycle, status, app_id, nft_utxo, remaining_supply)
SELECT id, 'token ' || status, 1000, 'yearly', status, repeat('ab', 32), outpoint(repeat('0c', 32)::txid, 1), 1e30
  FROM merchants, unnest('{pending_signature,pending_confirmation,inactive,failed}'::text[]) status
 WHERE name = 'cy';

-- What runs out
SELECT pg_temp.subscribe('ada', 'lapsed'), pg_temp.subscribe('bob', 'lapsed at bob');
SELECT pg_temp.pay('lapsed'), pg_temp.pay('lapsed at bob');
SELECT sandbox_mine();
SELECT sandbox_advance_clock('30 days');
SELECT pg_temp.subscribe('ada', c) FROM unnest('{expired,void,uncollectible,late}'::text[]) c;
SELECT sandbox_advance_clock('3 days');
SELECT void_invoice((pg_temp.invoice_of('void')).id);
UPDATE invoices SET status = 'uncollectible' WHERE id = (pg_temp.invoice_of('uncollectible')).id;
SELECT pg_temp.pay('late');
SELECT sandbox_mine();

-- What is paid, in every way
SELECT pg_temp.subscribe('ada', c) FROM unnest('{paid,overpaid,underpaid,split,by hand,evicted,replaced}'::text[]) c;
SELECT pg_temp.subscribe('bob', 'paid at bob'), pg_temp.subscribe('bob', 'open at bob');
SELECT pg_temp.subscribe('cy', 'shallow'), pg_temp.subscribe('free', 'free'), pg_temp.subscribe('trial', 'on trial');
SELECT pg_temp.subscribe('ada', 'canceled'), pg_temp.subscribe('ada', 'paused');
SELECT pg_temp.pay(c) FROM unnest('{paid,paid at bob,canceled,paused}'::text[]) c;
SELECT pg_temp.pay('overpaid', 12345), pg_temp.pay('underpaid', -20000);
SELECT pg_temp.pay('split', -40000), pg_temp.pay('split', -10000);
SELECT sandbox_mine();
SELECT mark_invoice_paid((pg_temp.invoice_of('by hand')).id, 'paid in cash');
SELECT sandbox_pay((SELECT address FROM merchants WHERE name = 'bob'), 777);
SELECT sandbox_mine();
SELECT record_refund((SELECT outpoint FROM credits WHERE amount_sats = 777), repeat('ef', 32)::txid);
SELECT pg_temp.pay('shallow');
SELECT sandbox_mine();
SELECT sandbox_evict(pg_temp.pay('evicted'));
SELECT sandbox_double_spend(pg_temp.pay('replaced'));
SELECT cancel_subscription((pg_temp.invoice_of('canceled')).subscription_id, at_period_end => false);
SELECT pause_subscription((pg_temp.invoice_of('paused')).subscription_id, 'away');

-- What is priced in a currency
SELECT set_exchange_rate('EUR', 54321.12, 'by hand');
SELECT create_plan(merchant_id => id, service_name => 'in euros', currency => 'EUR', price => 9.99)
  FROM merchants WHERE name = 'ada';
SELECT pg_temp.subscribe('in euros', 'euros');
SELECT quote_invoice((pg_temp.invoice_of('euros')).id);
SELECT pg_temp.pay('euros');
SELECT sandbox_mine();
SELECT create_invoice(id, 4321, 'a cup', external_id => 'guest') FROM merchants WHERE name = 'ada';

-- What is minted: a plan's NFT, a token of it, and one that nobody signs
SET charmbills.accept_mock_spells = on;
SET charmbills.prover_url = 'sandbox';
CREATE FUNCTION pg_temp.utxo() RETURNS outpoint LANGUAGE sql AS
$$ SELECT outpoint(sandbox_pay(script_to_address('\x0014' || substr(sha256('nobody'), 1, 20)), 50000), 0) $$;
SELECT create_plan(merchant_id => id, service_name => 'club', price_sats => 500, ticker => 'CLUB', app_vk => repeat('5a', 32), entitlement => 'token')
  FROM merchants WHERE name = 'bob';
SELECT sandbox_sign((mint_plan(id, pg_temp.utxo(), 10)).id) FROM plans WHERE service_name = 'club';
SELECT sandbox_mine();
SELECT subscribe(plan_id => p.id, external_id => 'member', subscriber_address => script_to_address('\x0014' || substr(sha256('member'), 1, 20)))
  FROM plans p WHERE service_name = 'club';
SELECT sandbox_sign((mint_subscription(s.id, pg_temp.utxo())).id) FROM plans p JOIN subscriptions s ON s.plan_id = p.id WHERE p.service_name = 'club';
SELECT sandbox_mine();
SELECT mint_subscription(s.id, pg_temp.utxo()) FROM plans p JOIN subscriptions s ON s.plan_id = p.id WHERE p.service_name = 'club';

-- What waits
SELECT pg_temp.subscribe('ada', 'seen'), pg_temp.subscribe('ada', 'open');
SELECT pg_temp.pay('seen');
SELECT subscribe(plan_id => id, external_id => 'by key', metadata => '{"a": ["\\", "ü", null]}', idempotency_key => 'k''1')
  FROM plans WHERE service_name = 'ada';

-- What is beside all that
SELECT mark_utxo_used(outpoint(repeat('01', 32)::txid, n), 'mint', 'wallet') FROM generate_series(0, 2) n;
SELECT confirm_utxo(outpoint(repeat('01', 32)::txid, 1));
INSERT INTO transactions (type, merchant_id, spell_tx, spell_txid, status, error_message)
SELECT 'send', id, '00', repeat('0d', 32)::txid, status, 'why'
  FROM merchants, unnest('{pending_signature,pending,confirmed,failed,replaced}'::text[]) status WHERE name = 'cy';
INSERT INTO jobs (kind, payload, state, run_after, lease_until, last_error)
SELECT 'broadcast', '{}', state, '2020-01-01', '2020-01-01', 'why' FROM unnest('{running,done,failed}'::text[]) state;
SELECT chain_rescan(0);
INSERT INTO api_keys (merchant_id, prefix, key_hash, name) SELECT id, 'cb_' || name, sha256(name::bytea), name FROM merchants;
SELECT grant_merchant('postgres', id) FROM merchants WHERE name = 'bob';
SELECT chain_report_node(height, hash, height, false, NULL, true, 'sandbox', NULL) FROM chain_tip();

-- An endpoint that no event is told to, so that only these wait for it
SELECT e.id FROM merchants m, create_webhook_endpoint(m.id, 'https://' || m.name || '.example/', '{none.such}') e WHERE m.name = 'ada';
SELECT (send_test_webhook(id)).state FROM webhook_endpoints, generate_series(1, 4);
SELECT report_job(id, 'me', '{"http": {"status": 204, "duration_ms": 3}}') FROM claim_http_jobs('me', 1, '1 minute');
WITH given_up AS (UPDATE webhook_deliveries SET state = 'failed'
                   WHERE id = (SELECT id FROM webhook_deliveries WHERE state = 'queued' LIMIT 1) RETURNING id)
UPDATE jobs j SET state = 'failed' FROM given_up g WHERE j.dedup_key = 'webhook:' || g.id;
SQL
	return $self;
}

1;
