-- Work for the outside world, as the background worker takes it.

CREATE FUNCTION charmbills.claim_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_jobs';
COMMENT ON FUNCTION charmbills.claim_jobs(text, integer, interval) IS
'Gives a worker due jobs of the Bitcoin node to hold until their lease ends. None while charmbills.jobs is off or the database is a copy.';

CREATE FUNCTION charmbills.claim_http_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_http_jobs';
COMMENT ON FUNCTION charmbills.claim_http_jobs(text, integer, interval) IS
'Gives a worker due jobs that are an HTTP request, to hold until their lease ends: of one endpoint at most four at once, and one while it fails.';

CREATE FUNCTION charmbills.hold_jobs(worker text, job_ids uuid[], lease interval)
RETURNS SETOF uuid
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_hold_jobs';
COMMENT ON FUNCTION charmbills.hold_jobs(text, uuid[], interval) IS
'Prolongs the lease of jobs that a worker is still busy with, and gives those that are still its own.';

CREATE FUNCTION charmbills.http_request(job_id uuid)
RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_http_request';
COMMENT ON FUNCTION charmbills.http_request(uuid) IS
'The HTTP request of a job, signed as of now; NULL when there is nothing to send any more.';

CREATE FUNCTION charmbills.broadcast_request(job_id uuid)
RETURNS jsonb
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_request';
COMMENT ON FUNCTION charmbills.broadcast_request(uuid) IS
'The transactions that a broadcast job is to send, parents first, without those that are in a block; there may be none.';

CREATE FUNCTION charmbills.report_job(job_id uuid, worker text, outcome jsonb)
RETURNS text
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_report_job';
COMMENT ON FUNCTION charmbills.report_job(uuid, text, jsonb) IS
'Applies what has become of a job that this worker holds, and gives the job''s new state. Any other report changes nothing.';

CREATE FUNCTION charmbills.worker_agenda(OUT awaiting_mempool boolean, OUT next_job_at timestamptz, OUT next_billing_at timestamptz,
    OUT stopped_reason text, OUT adopted boolean, OUT unarmed boolean, OUT next_http_at timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_agenda';
COMMENT ON FUNCTION charmbills.worker_agenda() IS
'What the worker has to do, and when: one cheap look for each turn of its loop.';
