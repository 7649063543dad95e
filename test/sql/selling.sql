-- Selling: periods, merchants, addresses, subscribing, invoices; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_selling;
\c charmbills_selling
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';
SET datestyle = 'ISO, YMD';

-- Public keys of published test vectors: an account key on the test networks, and
-- BIP-32's second vector, whose private key nobody may hand in.
\set key tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba
\set mainnet_key xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDMzQLcgJvLJuZZvRcEL
\set private_key xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc
\set wif L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1

-- Address n has the number for its key's hash.
CREATE FUNCTION address(n integer) RETURNS text LANGUAGE sql AS
$$ SELECT script_to_address('\x0014' || decode(lpad(to_hex(n), 40, '0'), 'hex')) $$;
CREATE FUNCTION event_types(since bigint) RETURNS TABLE (type text, n bigint) LANGUAGE sql AS
$$ SELECT e.type, count(*) FROM events e WHERE e.id > since GROUP BY 1 ORDER BY 1 $$;

--
-- Periods
--
SELECT k, period_start('2023-12-31 15:00+00', 'monthly', 'UTC', k), period_end('2023-12-31 15:00+00', 'monthly', 'UTC', k)
FROM unnest(ARRAY[0, 1, 2, 3, 14]) AS k;
SELECT k, period_start('2024-02-29 00:00+00', 'yearly', 'UTC', k) FROM unnest(ARRAY[0, 1, 3, 4]) AS k;
SELECT cycle, period_start('2026-03-01 00:00+00', cycle, 'UTC', 1), period_start('2026-03-01 00:00+00', cycle, 'UTC', 10)
FROM unnest(ARRAY['weekly', 'monthly', 'yearly', 'demo', 'lifetime', '3 months', '36 hours', 'P1M15D', '1 day 12:00']) AS cycle;
-- The clock on the wall stays where the days do, and hours stay hours
SELECT cycle, k, period_start('2026-03-28 11:00+00', cycle, 'Europe/Lisbon', k)
FROM unnest(ARRAY['1 day', '24 hours']) AS cycle, generate_series(0, 2) AS k;
-- A midnight that does not exist, and a day that does not
SELECT k, period_start('2018-11-03 00:00-03', '1 day', 'America/Sao_Paulo', k) FROM generate_series(0, 2) AS k;
SELECT k, period_start('2011-12-28 00:00-10', '1 day', 'Pacific/Apia', k) FROM generate_series(0, 4) AS k;
-- Always later, and without gaps
SELECT zone, cycle,
       count(*) FILTER (WHERE period_end(anchor, cycle, zone, k) <= period_start(anchor, cycle, zone, k)) AS not_later,
       count(*) FILTER (WHERE period_end(anchor, cycle, zone, k) <> period_start(anchor, cycle, zone, k + 1)) AS gaps
FROM unnest(ARRAY['UTC', 'Pacific/Apia', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Pacific/Kiritimati']) AS zone,
     unnest(ARRAY['1 day', 'weekly', 'monthly', '1 day 01:30', '36 hours']) AS cycle,
     unnest(ARRAY['1994-12-30 10:00+00', '2011-12-01 10:00+00', '2018-10-31 03:30+00']::timestamptz[]) AS anchor,
     generate_series(0, 60) AS k
GROUP BY zone, cycle HAVING bool_or(period_end(anchor, cycle, zone, k) <= period_start(anchor, cycle, zone, k))
     OR bool_or(period_end(anchor, cycle, zone, k) <> period_start(anchor, cycle, zone, k + 1));
SELECT period_start(now(), 'fortnightly', 'UTC', 0);
SELECT period_start(now(), 'monthly', 'Europe/Lissabon', 1);
SELECT period_start(NULL, 'monthly', 'UTC', 0);
\set VERBOSITY sqlstate
SELECT period_start(now(), '', 'UTC', 0);
SELECT period_start(now(), '0', 'UTC', 0);
SELECT period_start(now(), '-1 month', 'UTC', 0);
SELECT period_start(now(), '1 month -1 day', 'UTC', 0);
SELECT period_start(now(), 'Monthly', 'UTC', 0);
SELECT period_start(now(), 'monthly', 'UTC', -1);
SELECT period_end(now(), 'monthly', 'UTC', -1);
SELECT period_end(now(), 'demo', 'UTC', 2147483647);
SELECT period_start(now(), 'yearly', 'UTC', 2147483647);
SELECT period_start('infinity', 'monthly', 'UTC', 0);
SELECT period_start(now(), NULL, 'UTC', 0);
SELECT period_start(now(), 'monthly', NULL, 0);
SELECT period_end(now(), 'monthly', 'UTC', NULL);
\set VERBOSITY default

--
-- Merchants
--
SELECT id AS shop, address, name, email, descriptor = 'wpkh(' || :'key' || '/0/*)' AS descriptor_kept, timezone, is_active
FROM create_merchant(name => 'Café & Söhne', email => 'shop@example.org', descriptor => 'wpkh(' || :'key' || '/0/*)') \gset shop_
\echo :shop_name :shop_email :shop_descriptor_kept :shop_timezone :shop_is_active
SELECT network FROM chain_state;
UPDATE chain_state SET test_clock = '2026-01-31 12:00+00';
SELECT next_index, first_index FROM descriptors;
SELECT count(*), min(derivation_index), max(derivation_index),
       bool_and(script_to_address(script) = derive_address('wpkh(' || :'key' || '/0/*)', derivation_index)) AS derived
FROM watched_scripts;
-- A fixed address, however it is spelt
SELECT id AS kiosk, address = address(1) AS address_kept, timezone
FROM create_merchant(upper(address(1)), 'Kiosk', timezone => 'Europe/Lisbon') \gset kiosk_
\echo :kiosk_address_kept :kiosk_timezone
-- Both; the address is one that the descriptor gives too
SELECT id AS both FROM create_merchant(derive_address('wpkh(' || :'key' || '/1/*)', 101), 'Both',
                                       descriptor => 'wpkh(' || :'key' || '/1/*)', first_index => 100) \gset both_
SELECT count(*) FILTER (WHERE w.descriptor_id IS NULL) AS fixed,
       array_agg(w.derivation_index ORDER BY w.derivation_index) AS derived
FROM watched_scripts w WHERE w.merchant_id = :'both_both';
SELECT series, next_invoice_number, count(*) FROM merchant_counters GROUP BY 1, 2;

SELECT create_merchant(address(9));
SELECT create_merchant(name => 'Nobody');
SELECT create_merchant(address(1), 'Another kiosk');
SELECT create_merchant(name => 'Another shop', descriptor => 'wpkh([00000000/84h/1h/0h]' || :'key' || '/0/*)');
SELECT create_merchant(name => 'Private', descriptor => 'wpkh(' || :'private_key' || '/0/*)');
SELECT create_merchant(:'wif', 'Private');
SELECT create_merchant(name => 'Not ranged', descriptor => 'wpkh(' || :'key' || '/0/0)');
SELECT create_merchant(name => 'Bare', descriptor => :'key');
SELECT create_merchant(name => 'Mainnet', descriptor => 'wpkh(' || :'mainnet_key' || '/0/*)');
SELECT create_merchant('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'Mainnet');
SELECT create_merchant(address(9), 'Nowhere', timezone => 'Moon/Tycho');
\set VERBOSITY sqlstate
SELECT create_merchant(address(9), '');
SELECT create_merchant('', 'Empty');
SELECT create_merchant(address(9), 'Backwards', first_index => -1);
SELECT create_merchant(name => 'Checksum', descriptor => 'wpkh(' || :'key' || '/0/*)#00000000');
SELECT create_merchant(name => 'Hardened', descriptor => 'wpkh(' || :'key' || '/0h/*)');
-- An address that another's descriptor gives
SELECT create_merchant(derive_address('wpkh(' || :'key' || '/0/*)', 7), 'Thief');
SET charmbills.network = 'signet';
SELECT create_merchant(address(9), 'Other network');
RESET charmbills.network;
\set VERBOSITY default
SELECT count(*) FROM merchants;

-- Changing one
SELECT name, email, timezone, is_active FROM update_merchant(:'kiosk_kiosk', name => 'The kiosk', email => 'kiosk@example.org');
SELECT name, email, timezone, is_active FROM update_merchant(:'kiosk_kiosk', timezone => 'UTC', is_active => false);
SELECT name, email, timezone, is_active FROM update_merchant(:'kiosk_kiosk', is_active => true);
-- The same scripts written otherwise are the same descriptor; another is added
SELECT descriptor <> 'wpkh(' || :'key' || '/0/*)' AS rewritten
FROM update_merchant(:'shop_shop', descriptor => 'wpkh([d34db33f/84h/1h/0h]' || :'key' || '/0/*)');
SELECT count(*), max(next_index) FROM descriptors WHERE merchant_id = :'shop_shop';
SELECT 1 AS ok FROM update_merchant(:'shop_shop', descriptor => 'tr(' || :'key' || '/0/*)', first_index => 5);
SELECT 1 AS ok FROM update_merchant(:'shop_shop', first_index => 30);
SELECT 1 AS ok FROM update_merchant(:'shop_shop', first_index => 3);
SELECT 1 AS ok FROM update_merchant(:'shop_shop', descriptor => 'wpkh(' || :'key' || '/0/*)');
SELECT left(canonical, 4) AS kind, first_index, next_index,
       (SELECT count(*) FROM watched_scripts w WHERE w.descriptor_id = d.id) AS watched,
       (SELECT max(w.derivation_index) FROM watched_scripts w WHERE w.descriptor_id = d.id) AS last
FROM descriptors d WHERE merchant_id = :'shop_shop' ORDER BY 1;
SELECT update_merchant(:'kiosk_kiosk', first_index => 3);
SELECT update_merchant(uuid_v7());
\set VERBOSITY sqlstate
SELECT update_merchant(NULL);
SELECT update_merchant(:'kiosk_kiosk', name => '');
SELECT update_merchant(:'kiosk_kiosk', timezone => 'Moon/Tycho');
SELECT update_merchant(:'kiosk_kiosk', descriptor => 'wpkh(' || :'key' || '/0/*)');
SELECT update_merchant(:'kiosk_kiosk', descriptor => 'wpkh(' || :'private_key' || '/0/*)');
\set VERBOSITY default
SELECT * FROM event_types(0);

--
-- Subscribing
--
CREATE FUNCTION plan(merchant uuid, service text, price bigint, cycle text DEFAULT 'monthly', trial interval DEFAULT '0',
                     multiple boolean DEFAULT false, status text DEFAULT 'active') RETURNS uuid LANGUAGE sql AS
$$ INSERT INTO plans (merchant_id, service_name, price_sats, billing_cycle, trial, allow_multiple, status, tolerance_sats, confirmations)
   VALUES (merchant, service, price, cycle, trial, multiple, status, 10, CASE WHEN service = 'deep' THEN 6 END) RETURNING id $$;
SELECT plan(:'shop_shop', 'news', 150000) AS news, plan(:'shop_shop', 'free', 0) AS free,
       plan(:'shop_shop', 'tasted', 200000, trial => '14 days') AS tasted,
       plan(:'shop_shop', 'for life', 900000, 'lifetime') AS life,
       plan(:'shop_shop', 'deep', 100000000, 'weekly', multiple => true) AS deep,
       plan(:'shop_shop', 'cheap', 293) AS cheap,
       plan(:'shop_shop', 'closed', 1000, status => 'inactive') AS closed,
       plan(:'kiosk_kiosk', 'papers', 5000, multiple => true) AS papers,
       plan(:'both_both', 'both', 5000, multiple => true) AS twice \gset
SELECT coalesce(max(id), 0) AS last_event FROM events \gset
SELECT id AS sub, status, purchased_at, current_period_end, subscriber_address, created_at
FROM subscribe(:'news', external_id => 'anna', metadata => '{"tier": 1, "city": "Lyon"}') \gset anna_
\echo :anna_status :anna_purchased_at :anna_current_period_end :anna_subscriber_address :anna_created_at
SELECT number, series, kind, amount_sats, tolerance_sats, confirmations, status, due_at, expires_at, period_start, period_end,
       address = derive_address('wpkh(' || :'key' || '/0/*)', 0) AS first_address, derivation_index
FROM invoices;
SELECT * FROM event_types(:last_event);
SELECT type, subject_seq, payload ->> 'status' AS status, payload -> 'amount_sats' AS amount, payload ->> 'number' AS number
FROM events WHERE id > :last_event ORDER BY id;
SELECT count(*), max(w.derivation_index) FROM watched_scripts w JOIN invoices i ON i.descriptor_id = w.descriptor_id;
-- By address, in capitals
SELECT status, subscriber_address = address(2) AS address_kept FROM subscribe(:'news', upper(address(2)));
-- By both: the customer is the named one, and its address and metadata are brought up to date
SELECT status FROM subscribe(:'free', address(3), 'anna', '{"tier": 2}');
SELECT external_id, address = address(3) AS newest_address, metadata FROM customers ORDER BY created_at, external_id;
-- Free at once, on trial without invoice, for life
SELECT status, purchased_at, current_period_start, current_period_end FROM subscriptions WHERE plan_id = :'free';
SELECT id AS sub, status, purchased_at FROM subscribe(:'tasted', external_id => 'anna') \gset tasted_
\echo :tasted_status :tasted_purchased_at
SELECT anchor, trial_end, next_boundary FROM subscription_facts WHERE id = :'tasted_sub';
SELECT id AS sub FROM subscribe(:'life', external_id => 'anna') \gset life_
SELECT id AS sub FROM subscribe(:'deep', external_id => 'anna') \gset deep_
SELECT p.service_name, i.number, i.amount_sats, i.status, i.confirmations, i.paid_at, i.period_end, i.derivation_index
FROM invoices i JOIN subscription_facts f ON f.id = i.subscription_id JOIN plans p ON p.id = f.plan_id ORDER BY number;

-- Only once at a time, unless the plan takes several
\set VERBOSITY terse
SELECT subscribe(:'news', external_id => 'anna');
\set VERBOSITY sqlstate
SELECT subscribe(:'news', address(2));
SELECT subscribe(:'tasted', external_id => 'anna');
SELECT subscribe(:'free', external_id => 'anna');
\set VERBOSITY default
SELECT status FROM subscribe(:'deep', external_id => 'anna');
-- The same address under a name is another customer: saying an address proves nothing
SELECT count(*) FROM subscribe(:'news', address(2), 'bert');
-- What no node would relay is carried to the customer's next invoice
SELECT status FROM subscribe(:'cheap', external_id => 'cleo');
SELECT amount_sats, status, credit_sats, carried_sats, (SELECT string_agg(l.kind || ' ' || l.amount, ', ' ORDER BY l.position)
                                                        FROM invoice_lines l WHERE l.invoice_id = i.id) AS lines
FROM invoices i WHERE amount_sats = 0 ORDER BY number;

-- Refusals
SELECT subscribe(:'closed', external_id => 'anna');
SELECT subscribe(:'news');
SELECT subscribe(uuid_v7(), external_id => 'anna');
SELECT subscribe(:'news', external_id => 'carl', metadata => '[1]');
\set VERBOSITY sqlstate
SELECT subscribe(NULL, external_id => 'anna');
SELECT subscribe(:'news', external_id => '');
SELECT subscribe(:'news', 'nonsense');
SELECT subscribe(:'news', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
SELECT subscribe(:'news', :'wif');
BEGIN;
SELECT count(*) FROM update_merchant(:'shop_shop', is_active => false);
SAVEPOINT s;
SELECT subscribe(:'news', external_id => 'carl');
ROLLBACK TO s;
SELECT number FROM issue_invoice(:'anna_sub');
SAVEPOINT s;
UPDATE invoices SET status = 'void' WHERE subscription_id = :'anna_sub';
SELECT issue_invoice(:'anna_sub');
ROLLBACK TO s;
ROLLBACK;
\set VERBOSITY default

-- Idempotency: the same call gives the same row, another is refused, a refusal leaves no trace
SELECT id AS sub FROM subscribe(:'deep', external_id => 'dora', metadata => '{"a": 1, "b": 2}', idempotency_key => 'k1') \gset dora_
SELECT id = :'dora_sub' AS same FROM subscribe(:'deep', external_id => 'dora', metadata => '{"b": 2, "a": 1}', idempotency_key => 'k1');
SELECT id = :'dora_sub' AS same FROM subscribe(:'deep', external_id => 'dora', metadata => '{"a": 1, "b": 2}', idempotency_key => 'k2');
SELECT subscribe(:'deep', external_id => 'dora', idempotency_key => 'k1');
SELECT subscribe(:'news', external_id => 'anna', idempotency_key => '');
\set VERBOSITY sqlstate
SELECT subscribe(:'deep', external_id => 'dora', metadata => '{"a": 1, "b": 3}', idempotency_key => 'k1');
SELECT subscribe(:'life', external_id => 'dora', metadata => '{"a": 1, "b": 2}', idempotency_key => 'k1');
SELECT subscribe(:'news', external_id => 'dora', idempotency_key => repeat('k', 256));
SELECT subscribe(:'closed', external_id => 'dora', idempotency_key => 'k3');
SELECT count(*) FROM subscribe(:'news', external_id => 'dora', idempotency_key => 'k3');
\set VERBOSITY default
SELECT key, function_name, arguments - 'plan_id' AS arguments FROM idempotency_keys ORDER BY key;
-- Another merchant's keys are its own
SELECT count(*) FROM subscribe(:'papers', external_id => 'dora', idempotency_key => 'k1');

--
-- Invoices
--
SELECT id AS first, address FROM invoices WHERE subscription_id = :'anna_sub' \gset
SELECT replace(payment_uri(:'first'), :'address', 'ADDRESS');
SELECT replace(payment_uri(i.id), i.address, 'ADDRESS') FROM invoices i WHERE i.subscription_id = :'deep_sub';
SELECT id = :'first' AS same FROM issue_invoice(:'anna_sub');
SELECT is_entitled(:'news', external_id => 'anna'), is_entitled(:'free', external_id => 'anna'),
       is_entitled(:'tasted', external_id => 'anna'), is_entitled(:'news', external_id => 'nobody');

-- A part: the rest is asked for; then the whole
SELECT sandbox_pay(:'address', 50000) IS NOT NULL AS paid;
SELECT replace(payment_uri(:'first'), :'address', 'ADDRESS');
SELECT sandbox_pay(:'address', 100000) IS NOT NULL AS paid, sandbox_mine();
SELECT status, paid_at, received_sats FROM invoices WHERE id = :'first';
SELECT status, current_period_start, current_period_end, expires_at FROM subscriptions WHERE id = :'anna_sub';
SELECT is_entitled(:'news', external_id => 'anna') AS by_name, is_entitled(:'news', address(3)) AS by_address,
       is_entitled(:'free', address(3), 'anna') AS by_both, is_entitled(:'free', upper(address(3))) AS in_capitals,
       is_entitled(:'free', address(2), 'anna') AS name_and_anothers_address,
       is_entitled(:'news', 'nonsense') AS by_nonsense, is_entitled(:'papers', external_id => 'anna') AS other_merchant;
-- The next one: from the end of what is paid, with the grace to pay it
SELECT id AS second, number, status, due_at, expires_at, period_start, period_end FROM issue_invoice(:'anna_sub') \gset second_
\echo :second_number :second_status :second_due_at :second_expires_at :second_period_start :second_period_end
SELECT id = :'second_second' AS same FROM issue_invoice(:'anna_sub');
SELECT status FROM void_invoice(:'second_second');
SELECT number, period_start, period_end FROM issue_invoice(:'anna_sub');
-- A trial's first one begins where it ends
SELECT status, due_at, expires_at, period_start, period_end FROM issue_invoice(:'tasted_sub');
-- A void first one is replaced by one that begins now; what was paid for it is credit
SELECT i.id AS lost, i.address FROM invoices i WHERE i.subscription_id = :'life_sub' \gset
SELECT sandbox_pay(:'address', 1000) IS NOT NULL AS paid, sandbox_mine();
SELECT status FROM void_invoice(:'lost');
SELECT amount_sats, kind FROM credits;
UPDATE chain_state SET test_clock = test_clock + interval '1 hour';
SELECT status, due_at, expires_at, period_start, period_end, address <> :'address' AS fresh_address FROM issue_invoice(:'life_sub');
SELECT address FROM invoices WHERE subscription_id = :'life_sub' AND status = 'open' \gset
SELECT sandbox_pay(:'address', 900000) IS NOT NULL AS paid, sandbox_mine();
SELECT status, current_period_end, expires_at FROM subscriptions WHERE id = :'life_sub';
SELECT issue_invoice(:'life_sub');
SELECT void_invoice(:'first');
SELECT payment_uri(:'first');
SELECT issue_invoice(uuid_v7());
SELECT void_invoice(uuid_v7());
\set VERBOSITY sqlstate
SELECT payment_uri(i.id) FROM invoices i WHERE i.amount_sats = 0;
SELECT void_invoice(:'lost');
SELECT payment_uri(:'lost');
SELECT payment_uri(uuid_v7());
SELECT issue_invoice(NULL);
SELECT void_invoice(NULL);
SELECT payment_uri(NULL);
SELECT is_entitled(NULL, external_id => 'anna');
SELECT is_entitled(:'news');
SELECT is_entitled(uuid_v7(), external_id => 'anna');
BEGIN;
UPDATE subscription_facts SET canceled_at = now(), ended_at = now() WHERE id = :'dora_sub';
UPDATE invoices SET status = 'void' WHERE subscription_id = :'dora_sub';
SELECT issue_invoice(:'dora_sub');
ROLLBACK;
\set VERBOSITY default
-- Numbers have no gaps, whatever was refused
SELECT max(number) = count(*) AS gapless, count(DISTINCT address) = count(address) AS no_address_twice
FROM invoices WHERE merchant_id = :'shop_shop';

-- At a fixed address the amount tells invoices apart
SELECT count(*) FROM generate_series(1, 3) AS n, LATERAL subscribe(:'papers', external_id => 'reader ' || n);
SELECT amount_sats, status, address = address(1) AS fixed, descriptor_id FROM invoices WHERE merchant_id = :'kiosk_kiosk' ORDER BY number;
SELECT (void_invoice(id)).status FROM invoices WHERE merchant_id = :'kiosk_kiosk' AND amount_sats = 5001;
SELECT sandbox_pay(address(1), 5002) IS NOT NULL AS paid, sandbox_mine();
SELECT count(*) FROM generate_series(4, 5) AS n, LATERAL subscribe(:'papers', external_id => 'reader ' || n);
SELECT amount_sats, status FROM invoices WHERE merchant_id = :'kiosk_kiosk' ORDER BY number;
-- A day after the payment and a month after an expiry the amount is free again
BEGIN;
UPDATE chain_state SET test_clock = test_clock + interval '25 hours';
SELECT sandbox_mine();
SELECT run_billing() >= 0 AS ran;
SELECT amount_sats, status FROM invoices WHERE merchant_id = :'kiosk_kiosk' ORDER BY number;
SELECT count(*) FROM generate_series(6, 7) AS n, LATERAL subscribe(:'papers', external_id => 'reader ' || n);
SELECT amount_sats FROM invoices WHERE merchant_id = :'kiosk_kiosk' ORDER BY number DESC LIMIT 2;
UPDATE chain_state SET test_clock = test_clock + interval '31 days';
SELECT count(*) FROM subscribe(:'papers', external_id => 'reader 8');
SELECT amount_sats FROM invoices WHERE merchant_id = :'kiosk_kiosk' ORDER BY number DESC LIMIT 1;
ROLLBACK;
BEGIN;
SELECT count(*) FROM generate_series(1, 995) AS n, LATERAL subscribe(:'papers', external_id => 'crowd ' || n);
SELECT max(amount_sats), count(DISTINCT amount_sats) FILTER (WHERE status <> 'void') FROM invoices WHERE merchant_id = :'kiosk_kiosk';
SELECT subscribe(:'papers', external_id => 'one too many');
ROLLBACK;

-- An index whose script is the fixed address is passed over
SELECT count(*) FROM generate_series(1, 2) AS n, LATERAL subscribe(:'twice', external_id => 'reader ' || n);
SELECT derivation_index FROM invoices WHERE merchant_id = :'both_both' ORDER BY number;
SELECT next_index FROM descriptors WHERE merchant_id = :'both_both';
-- So is one that was paid before it was issued
SELECT coalesce(max(id), 0) AS last_event FROM events \gset
SELECT sandbox_pay(derive_address('wpkh(' || :'key' || '/1/*)', 105), 7777) IS NOT NULL AS paid;
SELECT type, payload - 'outpoint' AS payload FROM events WHERE id > :last_event AND type LIKE 'descriptor.%';
SELECT count(*) FROM subscribe(:'twice', external_id => 'reader 3');
SELECT derivation_index, (SELECT max(w.derivation_index) FROM watched_scripts w WHERE w.descriptor_id = i.descriptor_id) AS watched_to
FROM invoices i WHERE merchant_id = :'both_both' ORDER BY number DESC LIMIT 1;
-- The last index there is
BEGIN;
UPDATE descriptors SET next_index = 2147483646 WHERE merchant_id = :'both_both';
SELECT subscribe(:'twice', external_id => 'reader 4');
ROLLBACK;

--
-- After a promotion another series begins and every index jumps
--
SET charmbills.index_jump = 50;
UPDATE chain_state SET timeline = timeline + 1;
SELECT count(*) FROM subscribe(:'twice', external_id => 'reader 5');
SELECT series = (SELECT series FROM chain_state) AS new_series, number, derivation_index
FROM invoices WHERE merchant_id = :'both_both' ORDER BY series, number;
SELECT count(*), min(w.derivation_index), max(w.derivation_index)
FROM watched_scripts w JOIN descriptors d ON d.id = w.descriptor_id WHERE d.merchant_id = :'both_both';
SELECT replace(split_part(payment_uri(id), '&', 3), series, 'SERIES') AS message FROM invoices WHERE merchant_id = :'both_both' AND series <> '';
-- The others follow when billing runs, or when they issue next
SELECT m.name, c.series = s.series AS new_series, c.next_invoice_number
FROM merchant_counters c JOIN merchants m ON m.id = c.merchant_id, chain_state s ORDER BY name;
SELECT run_billing() > 0 AS done;
SELECT m.name, c.series = s.series AS new_series, c.next_invoice_number
FROM merchant_counters c JOIN merchants m ON m.id = c.merchant_id, chain_state s ORDER BY name;
SELECT left(canonical, 4) AS kind, next_index, (SELECT count(*) FROM watched_scripts w WHERE w.descriptor_id = d.id) AS watched
FROM descriptors d WHERE merchant_id = :'shop_shop' ORDER BY 1;
-- In a copy nothing is issued at all
UPDATE chain_state SET system_identifier = system_identifier + 1;
SELECT subscribe(:'twice', external_id => 'reader 6');
\set VERBOSITY sqlstate
SELECT issue_invoice(:'anna_sub');
\set VERBOSITY default
SELECT adopt_database();
SELECT count(*) FROM subscribe(:'twice', external_id => 'reader 6');

--
-- Who may
--
CREATE ROLE charmbills_test_seller;
GRANT USAGE ON SCHEMA charmbills TO charmbills_test_seller;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO charmbills_test_seller;
INSERT INTO merchant_roles VALUES ('charmbills_test_seller', :'shop_shop');
SET ROLE charmbills_test_seller;
SELECT name FROM update_merchant(:'shop_shop', name => 'Café');
SELECT count(*) FROM subscribe(:'news', external_id => 'emil');
SELECT is_entitled(:'news', external_id => 'emil');
\set VERBOSITY sqlstate
SELECT create_merchant(name => 'Mine', address => 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202');
SELECT update_merchant(:'shop_shop', is_active => true);
SELECT update_merchant(:'kiosk_kiosk', name => 'Mine');
SELECT subscribe(:'papers', external_id => 'emil');
SELECT is_entitled(:'papers', external_id => 'emil');
RESET ROLE;
SELECT id AS strange FROM invoices WHERE merchant_id = :'kiosk_kiosk' AND status = 'open' ORDER BY number LIMIT 1 \gset
SELECT subscription_id AS strange_sub FROM invoices WHERE id = :'strange' \gset
SET ROLE charmbills_test_seller;
SELECT issue_invoice(:'strange_sub');
SELECT void_invoice(:'strange');
SELECT payment_uri(:'strange');
RESET ROLE;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills FROM charmbills_test_seller;
SET ROLE charmbills_test_seller;
SELECT subscribe(:'news', external_id => 'fred');
RESET ROLE;
\set VERBOSITY default

\c :home
DROP DATABASE charmbills_selling;
DROP ROLE charmbills_test_seller;
