-- A database of ten merchants with a descriptor each, and :subscriptions that
-- were paid for a month: the invoices for the next one are due for :due of them,
-- one here and one there, and later for all others.
--
-- Written as rows rather than by subscribe(), which would take minutes.  The
-- invoices that were paid are left out: renewing looks at none of them.
SELECT charmbills.sandbox_mine(1) \g /dev/null
CREATE TABLE bench_plan AS
SELECT k, p.id, p.merchant_id
FROM generate_series(0, 9) k
CROSS JOIN LATERAL charmbills.create_merchant(name => 'merchant ' || k, descriptor => 'wpkh(' || :'key' || '/' || k || '/*)') m
CROSS JOIN LATERAL charmbills.create_plan(merchant_id => m.id, service_name => 'service', price_sats => 50000,
    billing_cycle => 'monthly') p;

SET session_replication_role = replica;
SET synchronous_commit = off;

-- In the order of time, as charmbills.uuid_v7() makes them.
CREATE FUNCTION bench_id(kind text, k integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN overlay(overlay(overlay(md5(kind || k) PLACING lpad(to_hex(k), 12, '0') FROM 1 FOR 12)
    PLACING '7' FROM 13 FOR 1) PLACING '8' FROM 17 FOR 1)::uuid;

INSERT INTO charmbills.customers (id, merchant_id, external_id)
SELECT bench_id('customer', g.k), p.merchant_id, 'customer ' || g.k
FROM generate_series(1, :subscriptions) g(k) JOIN bench_plan p ON p.k = g.k / 100 % 10;
INSERT INTO charmbills.subscription_facts (id, plan_id, merchant_id, customer_id, status, cycle, timezone, grace,
    anchor, purchased_at, period_start, paid_through, grace_until, next_boundary, next_invoice_at, lead_time)
SELECT bench_id('subscription', g.k), p.id, p.merchant_id, bench_id('customer', g.k), 'active', 'monthly', 'UTC',
       '5 days', g.ends - interval '1 month', g.ends - interval '1 month', g.ends - interval '1 month', g.ends,
       g.ends + interval '5 days', g.ends, g.ends - interval '3 days', '3 days'
FROM (SELECT k, now() + CASE WHEN k * :due::bigint % :subscriptions < :due THEN '2 days' ELSE '20 days' END::interval
      FROM generate_series(1, :subscriptions) k) g(k, ends)
JOIN bench_plan p ON p.k = g.k / 100 % 10;
VACUUM ANALYZE;
