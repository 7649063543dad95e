-- Ten merchants, and for each row of bench_paid a customer's subscription whose
-- first invoice waits for that amount at that script.
--
--	:confirmations	depth at which a payment counts
--
-- Written as rows rather than by subscribe(), which would take minutes; what
-- the rows say is what it says.
SET session_replication_role = replica;
SET synchronous_commit = off;

CREATE FUNCTION bench_id(kind text, k integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN md5(kind || k)::uuid;

INSERT INTO charmbills.merchants (id, name, descriptor)
SELECT bench_id('merchant', k), 'merchant ' || k, 'descriptor ' || k FROM generate_series(0, 9) k;
INSERT INTO charmbills.merchant_counters (merchant_id, next_invoice_number)
SELECT id, 1000000000 FROM charmbills.merchants;
INSERT INTO charmbills.descriptors (id, canonical, merchant_id, next_index, first_index)
SELECT bench_id('descriptor', k), 'descriptor ' || k, bench_id('merchant', k), 1000000000, 0
FROM generate_series(0, 9) k;
INSERT INTO charmbills.plans (id, merchant_id, service_name, price_sats, billing_cycle, confirmations, status)
SELECT bench_id('plan', k), bench_id('merchant', k), 'service', 50000, 'monthly', :confirmations, 'active'
FROM generate_series(0, 9) k;
INSERT INTO charmbills.plan_prices (plan_id, version, merchant_id, price_sats, valid_from)
SELECT id, 1, merchant_id, price_sats, created_at FROM charmbills.plans;

INSERT INTO charmbills.customers (id, merchant_id, external_id)
SELECT bench_id('customer', k), bench_id('merchant', k % 10), 'customer ' || k FROM bench_paid;
INSERT INTO charmbills.subscription_facts (id, plan_id, merchant_id, customer_id, status, cycle, timezone,
    grace, anchor, lead_time)
SELECT bench_id('subscription', k), bench_id('plan', k % 10), bench_id('merchant', k % 10),
       bench_id('customer', k), 'pending', 'monthly', 'UTC', '5 days', now(), '3 days'
FROM bench_paid;
INSERT INTO charmbills.invoices (id, number, merchant_id, subscription_id, customer_id, kind, amount_sats, address,
    script, descriptor_id, derivation_index, confirmations, status, due_at, expires_at, period_start, period_end,
    plan_id, quantity, anchor, period_worth, worth_start, worth_end, next_action_at)
SELECT bench_id('invoice', k), k, bench_id('merchant', k % 10), bench_id('subscription', k),
       bench_id('customer', k), 'period', amount, charmbills.script_to_address(script), script,
       bench_id('descriptor', k % 10), k, :confirmations, 'open', now(), now() + interval '1 day', now(),
       now() + interval '1 month', bench_id('plan', k % 10), 1, now(), amount, now(), now() + interval '1 month',
       now() + interval '1 day'
FROM bench_paid;
INSERT INTO charmbills.invoice_lines (invoice_id, position, merchant_id, kind, description, unit_amount, amount,
    period_start, period_end)
SELECT bench_id('invoice', k), 1, bench_id('merchant', k % 10), 'period', 'service', amount, amount, now(),
       now() + interval '1 month'
FROM bench_paid;
INSERT INTO charmbills.watched_scripts (script, merchant_id, descriptor_id, derivation_index, is_armed)
SELECT script, bench_id('merchant', k % 10), bench_id('descriptor', k % 10), k, true FROM bench_paid;
