-- What operators, and the machines that watch for them, ask.

CREATE FUNCTION charmbills.plans_by_status()
RETURNS TABLE (status text, plans bigint)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_plans_by_status';
COMMENT ON FUNCTION charmbills.plans_by_status() IS
'How many plans are in each status, none included. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.plans_by_status() FROM PUBLIC;

CREATE FUNCTION charmbills.subscriptions_today()
RETURNS TABLE (new bigint, activated bigint, canceled bigint, ended bigint)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_subscriptions_today';
COMMENT ON FUNCTION charmbills.subscriptions_today() IS
'Subscriptions created, first paid, canceled and ended since midnight in the session''s TimeZone. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.subscriptions_today() FROM PUBLIC;

CREATE FUNCTION charmbills.pending_transactions(since interval DEFAULT '24 hours')
RETURNS TABLE (id uuid, type text, merchant_id uuid, plan_id uuid, subscription_id uuid,
    status text, created_at timestamptz, age interval)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_pending_transactions';
COMMENT ON FUNCTION charmbills.pending_transactions(interval) IS
'Transactions created within this time that wait for a block, oldest first; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.pending_transactions(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.failed_transactions(since interval DEFAULT '24 hours')
RETURNS TABLE (id uuid, type text, merchant_id uuid, plan_id uuid, subscription_id uuid,
    status text, created_at timestamptz, age interval, error_message text)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_failed_transactions';
COMMENT ON FUNCTION charmbills.failed_transactions(interval) IS
'Transactions created within this time that failed, and why, oldest first; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.failed_transactions(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.top_merchants(max_rows integer DEFAULT 10)
RETURNS TABLE (merchant_id uuid, address text, name text, plans bigint,
    active_subscriptions bigint, received_sats numeric)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_top_merchants';
COMMENT ON FUNCTION charmbills.top_merchants(integer) IS
'Merchants by what confirmed payments have brought them, then by active subscriptions and plans; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.top_merchants(integer) FROM PUBLIC;

CREATE FUNCTION charmbills.average_confirmation_minutes(since interval DEFAULT '7 days')
RETURNS numeric
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_average_confirmation_minutes';
COMMENT ON FUNCTION charmbills.average_confirmation_minutes(interval) IS
'Minutes from creation to confirmation of the transactions confirmed within this time, on average; NULL when there are none. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.average_confirmation_minutes(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.health() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health';
COMMENT ON FUNCTION charmbills.health() IS
'Whether the chain is followed: status ok, degraded or down, the reasons, and for operators the figures.';
REVOKE ALL ON FUNCTION charmbills.health() FROM PUBLIC;

CREATE FUNCTION charmbills.health_db() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health_db';
COMMENT ON FUNCTION charmbills.health_db() IS
'Whether the database is fit: status ok or degraded, the reasons, and for operators versions, sizes and the oldest transaction.';
REVOKE ALL ON FUNCTION charmbills.health_db() FROM PUBLIC;

CREATE FUNCTION charmbills.health_jobs() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health_jobs';
COMMENT ON FUNCTION charmbills.health_jobs() IS
'Whether work for the outside world gets done: status ok, degraded or down, the reasons, and for operators the figures.';
REVOKE ALL ON FUNCTION charmbills.health_jobs() FROM PUBLIC;

CREATE FUNCTION charmbills.table_sizes()
RETURNS TABLE (table_name name, estimated_rows bigint, table_bytes bigint, index_bytes bigint,
    total_bytes bigint, dead_rows bigint, last_vacuum_at timestamptz)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_table_sizes';
COMMENT ON FUNCTION charmbills.table_sizes() IS
'The tables of charmbills, largest first. For operators.';
REVOKE ALL ON FUNCTION charmbills.table_sizes() FROM PUBLIC;

CREATE FUNCTION charmbills.index_usage()
RETURNS TABLE (table_name name, index_name name, is_unique boolean, scans bigint,
    entries_read bigint, index_bytes bigint)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_index_usage';
COMMENT ON FUNCTION charmbills.index_usage() IS
'The indexes of charmbills and how often each was used since statistics were reset. For operators.';
REVOKE ALL ON FUNCTION charmbills.index_usage() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_status()
RETURNS TABLE (database name, pid integer, state text, tip_height integer, node_height integer,
    lag integer, started_at timestamptz, last_contact_at timestamptz, last_error text,
    last_error_at timestamptz, jobs_in_flight integer, blocked_by integer, requests bigint)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_status';
COMMENT ON FUNCTION charmbills.worker_status() IS
'What the background worker of each database of this server is doing; NULL where unknown, no row without shared_preload_libraries. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_status() FROM PUBLIC;

CREATE FUNCTION charmbills.wake_worker() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_wake_worker';
COMMENT ON FUNCTION charmbills.wake_worker() IS
'Have this database''s worker look for work now; false when none runs. For operators.';
REVOKE ALL ON FUNCTION charmbills.wake_worker() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_stop() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_stop';
COMMENT ON FUNCTION charmbills.worker_stop() IS
'Have this database''s worker let go of it, at once and until worker_start() or the server''s next start; false when that was asked already or no worker can run. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_stop() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_start() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_start';
COMMENT ON FUNCTION charmbills.worker_start() IS
'Take worker_stop() back; false unless it was in force. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_start() FROM PUBLIC;
