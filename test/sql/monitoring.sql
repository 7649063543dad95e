-- What operators ask: the six questions, health, sizes, the worker.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS charmbills;
SET search_path = charmbills, public;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';
\set ON_ERROR_ROLLBACK on

-- Everything happens in one transaction, so that now() stands still and
-- nothing is left behind.
BEGIN;
TRUNCATE merchants, chain_state, watched_outpoints CASCADE;
RESET client_min_messages;

-- An empty database
SELECT * FROM plans_by_status();
SELECT * FROM subscriptions_today();
SELECT * FROM pending_transactions();
SELECT * FROM failed_transactions();
SELECT * FROM top_merchants();
SELECT average_confirmation_minutes();

-- Two merchants: A sells two plans and has been paid, B has three.
\set a '''0000000a-0000-7000-8000-000000000000'''
\set b '''0000000b-0000-7000-8000-000000000000'''
INSERT INTO merchants (id, address, name) VALUES (:a, 'address of A', 'A'), (:b, 'address of B', 'B');
INSERT INTO plans (id, merchant_id, service_name, price_sats, billing_cycle, status) VALUES
    ('00000001-0000-7000-8000-00000000000a', :a, 'one', 1000, 'monthly', 'active'),
    ('00000002-0000-7000-8000-00000000000a', :a, 'two', 1000, 'monthly', 'inactive'),
    ('00000001-0000-7000-8000-00000000000b', :b, 'one', 1000, 'monthly', 'active'),
    ('00000002-0000-7000-8000-00000000000b', :b, 'two', 1000, 'monthly', 'active'),
    ('00000003-0000-7000-8000-00000000000b', :b, 'three', 1000, 'monthly', 'failed');
INSERT INTO customers (id, merchant_id, external_id)
SELECT ('0000000c-0000-7000-8000-00000000000' || right(left(merchant_id::text, 8), 1))::uuid, merchant_id, 'c'
FROM (VALUES (:a::uuid), (:b::uuid)) AS m (merchant_id);
-- created, paid, canceled and ended: true at midnight, false one microsecond
-- before, NULL never
CREATE TEMP TABLE cases AS
SELECT *, date_trunc('day', now()) AS midnight, interval '-1 microsecond' AS before
FROM (VALUES
    ('a', 'active', true, true, NULL, NULL),
    ('a', 'active', true, NULL, NULL, NULL),
    ('b', 'active', false, true, NULL, NULL),
    ('b', 'canceled', false, false, true, false),
    ('b', 'canceled', false, false, false, true)
) AS v (merchant, status, created, paid, canceled, ended);
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, status, cycle, timezone, grace, anchor,
    period_start, paid_through, created_at, purchased_at, canceled_at, ended_at)
SELECT ('00000001-0000-7000-8000-00000000000' || merchant)::uuid,
       ('0000000' || merchant || '-0000-7000-8000-000000000000')::uuid,
       ('0000000c-0000-7000-8000-00000000000' || merchant)::uuid,
       status, 'monthly', 'UTC', '5 days', now() - interval '3 days', now() - interval '3 days',
       now() + interval '20 days',
       CASE created WHEN true THEN midnight WHEN false THEN midnight + before END,
       CASE paid WHEN true THEN midnight WHEN false THEN midnight + before END,
       CASE canceled WHEN true THEN midnight WHEN false THEN midnight + before END,
       CASE ended WHEN true THEN midnight WHEN false THEN midnight + before END
FROM cases;
-- One that will end is not yet ended.
UPDATE subscription_facts SET canceled_at = now(), ended_at = now() + interval '1 hour'
WHERE merchant_id = :a AND purchased_at IS NULL;
INSERT INTO payments (outpoint, merchant_id, amount_sats, script, txid, confirmations, status, first_seen_at, block_height)
SELECT (repeat(d, 64) || ':0')::outpoint, m::uuid, sats, '', repeat(d, 64)::txid, 1, s, now(), 1
FROM (VALUES ('1', :a, 1000, 'confirmed'), ('2', :a, 500, 'confirmed'), ('3', :a, 9000, 'seen'),
             ('4', :b, 1499, 'confirmed'), ('5', :b, 9000, 'replaced')) AS v (d, m, sats, s);
INSERT INTO transactions (id, type, merchant_id, status, error_message, created_at, confirmed_at) VALUES
    ('00000001-0000-7000-8000-000000000001', 'mint-nft', :a, 'pending', NULL, now() - interval '24 hours', NULL),
    ('00000001-0000-7000-8000-000000000002', 'send', :b, 'pending', NULL, now() - interval '1 hour', NULL),
    ('00000001-0000-7000-8000-000000000003', 'send', :a, 'pending', NULL, now() - interval '24:00:01', NULL),
    ('00000001-0000-7000-8000-000000000004', 'mint-nft', :a, 'pending_signature', NULL, now(), NULL),
    ('00000001-0000-7000-8000-000000000005', 'send', :a, 'failed', 'bad-txns-inputs-missingorspent', now(), NULL),
    ('00000001-0000-7000-8000-000000000006', 'send', :b, 'failed', 'too old', now() - interval '2 days', NULL),
    ('00000001-0000-7000-8000-000000000007', 'send', :a, 'confirmed', NULL, now() - interval '30 minutes', now() - interval '20 minutes'),
    ('00000001-0000-7000-8000-000000000008', 'send', :b, 'confirmed', NULL, now() - interval '1 hour', now() - interval '39 minutes 55 seconds'),
    ('00000001-0000-7000-8000-000000000009', 'send', :b, 'confirmed', NULL, now() - interval '9 days', now() - interval '8 days');

-- An operator sees all.
SELECT * FROM plans_by_status();
SELECT * FROM subscriptions_today();
SELECT id, type, left(merchant_id::text, 8) AS merchant, status, age FROM pending_transactions();
SELECT right(id::text, 1) AS id, age FROM pending_transactions('25 hours');
SELECT right(id::text, 1) AS id, age FROM pending_transactions(since => '59 minutes');
SELECT right(id::text, 1) AS id, age FROM pending_transactions(NULL);
SELECT right(id::text, 1) AS id, status, age, error_message FROM failed_transactions();
SELECT right(id::text, 1) AS id, status, age, error_message FROM failed_transactions('1 week');
SELECT * FROM top_merchants();
SELECT name FROM top_merchants(1);
SELECT name FROM top_merchants(0);
SELECT count(*) FROM top_merchants(NULL);
SELECT name FROM top_merchants(-1);
SELECT average_confirmation_minutes(), average_confirmation_minutes('30 minutes'),
       average_confirmation_minutes('30 days'), average_confirmation_minutes('1 minute');
-- Today is the session's.
SET LOCAL timezone = 'Pacific/Kiritimati';
UPDATE subscription_facts SET created_at = date_trunc('day', now());
SELECT new FROM subscriptions_today();
UPDATE subscription_facts SET created_at = date_trunc('day', now()) - interval '1 microsecond';
SELECT new FROM subscriptions_today();
SET LOCAL timezone = 'UTC';
UPDATE subscription_facts SET created_at = now();

-- A role that acts for B sees B's rows alone; one that acts for nobody, none;
-- one without EXECUTE may not even ask.
CREATE ROLE regress_monitor_b;
CREATE ROLE regress_monitor_nobody;
CREATE ROLE regress_monitor_stranger;
GRANT USAGE ON SCHEMA charmbills TO regress_monitor_b, regress_monitor_nobody, regress_monitor_stranger;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO regress_monitor_b, regress_monitor_nobody;
INSERT INTO merchant_roles VALUES ('regress_monitor_b', :b);
SET LOCAL ROLE regress_monitor_b;
SELECT * FROM plans_by_status();
SELECT * FROM subscriptions_today();
SELECT right(id::text, 1) AS id FROM pending_transactions(NULL);
SELECT right(id::text, 1) AS id FROM failed_transactions(NULL);
SELECT name FROM top_merchants();
SELECT average_confirmation_minutes();
SELECT * FROM worker_status();
SELECT wake_worker();
SELECT worker_stop();
SELECT worker_start();
SELECT count(*) FROM table_sizes();
SELECT count(*) FROM index_usage();
SELECT health(), health_db(), health_jobs();
SET LOCAL ROLE regress_monitor_nobody;
SELECT sum(plans) FROM plans_by_status();
SELECT * FROM subscriptions_today();
SELECT count(*) FROM pending_transactions(NULL);
SELECT count(*) FROM failed_transactions(NULL);
SELECT count(*) FROM top_merchants();
SELECT average_confirmation_minutes(NULL);
SET LOCAL ROLE regress_monitor_stranger;
SELECT * FROM plans_by_status();
SELECT health();
RESET ROLE;
SELECT p.proname
FROM pg_proc p
WHERE p.pronamespace = 'charmbills'::regnamespace
  AND p.proname IN ('plans_by_status', 'subscriptions_today', 'pending_transactions', 'failed_transactions',
                    'top_merchants', 'average_confirmation_minutes', 'health', 'health_db', 'health_jobs',
                    'table_sizes', 'index_usage', 'worker_status', 'wake_worker', 'worker_stop', 'worker_start')
  AND (has_function_privilege('regress_monitor_stranger', p.oid, 'EXECUTE') OR NOT p.prosecdef
       OR NOT 'search_path=charmbills, pg_catalog, pg_temp' = ANY (p.proconfig));

-- Health in the sandbox: nothing can lag, but following can be stopped.
SELECT health() ->> 'status' AS status, health() -> 'reasons' AS reasons, health() -> 'sandbox' AS sandbox;
INSERT INTO chain_state (network, height, hash, base_height) VALUES ('regtest', 100, repeat('0', 64), 0);
SELECT health() ->> 'status' AS status, health() -> 'tip_height' AS tip_height, health() -> 'adopted' AS adopted;
UPDATE chain_state SET stopped_reason = 'a reorganisation of 200 blocks';
SELECT health() ->> 'status' AS status, health() -> 'reasons' AS reasons;
UPDATE chain_state SET stopped_reason = NULL, network = 'signet';
SELECT health() ->> 'status' AS status, health() -> 'reasons' AS reasons;
UPDATE chain_state SET network = 'regtest';
-- A copy of another database
UPDATE chain_state SET system_identifier = 1, database_oid = 1, extension_oid = 1, timeline = 1;
SELECT h ->> 'status' AS status, h -> 'reasons' AS reasons, h -> 'adopted' AS adopted
FROM unnest(ARRAY[health(), health_db(), health_jobs()]) AS h;
UPDATE chain_state SET system_identifier = NULL, database_oid = NULL, extension_oid = NULL, timeline = NULL;

-- With a node there is a worker to be missed.  How one is stopped and started
-- is tested where one runs; here the launcher may tidy up at any moment.
SET LOCAL charmbills.rpc_url = 'http://127.0.0.1:1';
SELECT worker_stop() IS NOT NULL AS stop, worker_start() IS NOT NULL AS start, wake_worker() AS woken;
UPDATE chain_state SET followed_until = now(), node_reported_at = now(), node_height = 102, node_initial_download = false;
SELECT health() ->> 'status' AS status, health() ->> 'reasons' LIKE '%no worker runs: %' AS missed, health() -> 'worker_running' AS worker_running;
-- Its absence aside:
CREATE TEMP VIEW chain_health AS
SELECT h ->> 'status' AS status, r AS reason
FROM health() AS h LEFT JOIN jsonb_array_elements_text(h -> 'reasons') AS r ON r NOT LIKE 'no worker runs: %';
SELECT reason FROM chain_health;
UPDATE chain_state SET node_height = 103;
SELECT * FROM chain_health;
UPDATE chain_state SET node_height = 100, node_initial_download = true;
SELECT * FROM chain_health;
UPDATE chain_state SET node_initial_download = false, node_reported_at = now() - interval '1 hour';
SELECT * FROM chain_health;
UPDATE chain_state SET node_reported_at = NULL;
SELECT * FROM chain_health;
UPDATE chain_state SET node_reported_at = now(), followed_until = now() - interval '24 hours';
SELECT reason FROM chain_health;
UPDATE chain_state SET followed_until = now() - interval '24:00:01';
SELECT * FROM chain_health;
UPDATE chain_state SET followed_until = now();
INSERT INTO watched_scripts (script, merchant_id, created_at, is_armed) VALUES
    ('\x01', :a, now() - interval '1 minute', false), ('\x02', :a, now() - interval '2 minutes', true);
INSERT INTO watched_outpoints (outpoint, spender, created_at)
VALUES ((repeat('1', 64) || ':0')::outpoint, repeat('0', 64)::txid, now() - interval '1 minute');
SELECT reason FROM chain_health;
UPDATE watched_scripts SET created_at = now() - interval '61 seconds';
UPDATE watched_outpoints SET created_at = now() - interval '61 seconds';
SELECT * FROM chain_health;
TRUNCATE chain_state;
SELECT * FROM chain_health;
SET LOCAL charmbills.rpc_url = 'sandbox';

-- Jobs
SELECT health_jobs() - 'adopted';
INSERT INTO jobs (kind, payload, state, run_after, lease_until, finished_at) VALUES
    ('broadcast', '{}', 'queued', now() - interval '10 minutes', NULL, NULL),
    ('broadcast', '{}', 'queued', now() + interval '10 minutes', NULL, NULL),
    ('broadcast', '{}', 'running', now() - interval '2 hours', now() + interval '1 second', NULL),
    ('broadcast', '{}', 'done', now() - interval '2 hours', NULL, now()),
    ('broadcast', '{}', 'failed', now() - interval '3 days', NULL, now() - interval '2 days');
SELECT health_jobs() - 'adopted';
UPDATE jobs SET lease_until = now() - interval '1 second' WHERE state = 'running';
UPDATE jobs SET finished_at = now() - interval '1 hour' WHERE state = 'failed';
UPDATE jobs SET run_after = now() - interval '601 seconds' WHERE state = 'queued';
SELECT health_jobs() - 'adopted';
UPDATE jobs SET run_after = now() - interval '3601 seconds' WHERE state = 'queued';
SELECT health_jobs() ->> 'status' AS status;
TRUNCATE jobs;
SET LOCAL charmbills.jobs = off;
SELECT health_jobs() -> 'reasons' AS reasons;

-- The database
SELECT h ->> 'status' AS status, h -> 'reasons' AS reasons, h -> 'in_recovery' AS in_recovery,
       h ->> 'extension_version' = h ->> 'library_version' AS same_version,
       (h ->> 'charmbills_bytes')::bigint < (h ->> 'database_bytes')::bigint AS sizes_make_sense,
       (h ->> 'oldest_transaction_seconds')::bigint < 3600 AS this_transaction_is_young
FROM health_db() AS h;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'charmbills';
SELECT health_db() ->> 'status' AS status,
       replace(health_db() #>> '{reasons,0}', health_db() ->> 'library_version', 'N') AS reason;

-- Every table and every index
SELECT count(*) = (SELECT count(*) FROM pg_class WHERE relnamespace = 'charmbills'::regnamespace AND relkind = 'r') AS all_tables,
       bool_and(total_bytes = table_bytes + index_bytes) AS sums_agree
FROM table_sizes();
SELECT table_name, index_bytes > 0 AS has_index, total_bytes > 0 AS has_bytes
FROM table_sizes() WHERE table_name = 'plans';
SELECT count(*) = (SELECT count(*) FROM pg_indexes WHERE schemaname = 'charmbills') AS all_indexes FROM index_usage();
SELECT table_name, index_name, is_unique, scans >= 0 AS has_scans
FROM index_usage() WHERE table_name = 'plans' AND index_name <> 'plans_nft_utxo_idx';
ROLLBACK;
