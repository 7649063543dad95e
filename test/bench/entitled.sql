-- Subscriptions to ten plans of one merchant: each customer has one, paid for
-- a month, and an address of its own; and on it a token of one of ten other
-- plans, which ask for that.
--
--	:subscriptions	how many
--
-- Written as rows rather than by subscribe(), which would take minutes.
SET session_replication_role = replica;
SET synchronous_commit = off;

CREATE FUNCTION bench_id(kind text, k integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN md5(kind || k)::uuid;
CREATE FUNCTION bench_address(k integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN charmbills.script_to_address('\x0014' || substr(sha256(k::text::bytea), 1, 20));

INSERT INTO charmbills.merchants (id, name, descriptor) VALUES (bench_id('merchant', 0), 'merchant', 'descriptor');
INSERT INTO charmbills.plans (id, merchant_id, service_name, price_sats, billing_cycle, status)
SELECT bench_id('plan', k), bench_id('merchant', 0), 'service', 50000, 'monthly', 'active' FROM generate_series(0, 9) k;
INSERT INTO charmbills.customers (id, merchant_id, external_id)
SELECT bench_id('customer', k), bench_id('merchant', 0), 'customer ' || k FROM generate_series(1, :subscriptions) k;
INSERT INTO charmbills.subscription_facts (id, plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone,
    grace, anchor, purchased_at, period_start, paid_through, grace_until, next_boundary, next_invoice_at, lead_time)
SELECT bench_id('subscription', k), bench_id('plan', k % 10), bench_id('merchant', 0), bench_id('customer', k),
       bench_address(k), 'active', 'monthly', 'UTC', '5 days', now(), now(), now(), now() + interval '1 month', now() + interval '35 days',
       now() + interval '1 month', now() + interval '27 days', '3 days'
FROM generate_series(1, :subscriptions) k;

INSERT INTO charmbills.plans (id, merchant_id, service_name, price_sats, billing_cycle, status, entitlement, app_id, app_vk)
SELECT bench_id('token', k), bench_id('merchant', 0), 'club', 50000, 'monthly', 'active', 'token', repeat('00', 32), repeat('00', 32)
FROM generate_series(0, 9) k;
INSERT INTO charmbills.charms (outpoint, plan_id, merchant_id, script, amount, block_height, received_at, minted_at)
SELECT charmbills.outpoint(encode(sha256(k::text::bytea), 'hex')::charmbills.txid, 0), bench_id('token', k % 10), bench_id('merchant', 0),
       charmbills.address_to_script(bench_address(k)), 1, 1, now(), now()
FROM generate_series(1, :subscriptions) k;

-- What an application has at hand when it asks.
CREATE TABLE bench_asked (k integer PRIMARY KEY, plan_id uuid, customer_id uuid, external_id text, address text, token_plan_id uuid);
INSERT INTO bench_asked
SELECT k, bench_id('plan', k % 10), bench_id('customer', k), 'customer ' || k, bench_address(k), bench_id('token', k % 10)
FROM generate_series(1, :subscriptions) k;
VACUUM ANALYZE;
