-- Billing by pg_cron, and by hand until nothing is due.

-- Neither SECURITY DEFINER nor SET: with either it could not commit.
CREATE PROCEDURE charmbills.run_billing_all(max_rows integer DEFAULT 1000)
LANGUAGE C
AS 'MODULE_PATHNAME', 'charmbills_run_billing_all';
COMMENT ON PROCEDURE charmbills.run_billing_all(integer) IS
'Calls run_billing() until nothing is due that nobody else holds, and commits after each batch. INFO messages and pg_stat_activity show how many rows it was so far.';
REVOKE ALL ON PROCEDURE charmbills.run_billing_all(integer) FROM PUBLIC;

CREATE FUNCTION charmbills.schedule_jobs(billing text DEFAULT NULL, clean_up text DEFAULT NULL)
RETURNS TABLE (name text, schedule text, command text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_schedule_jobs';
COMMENT ON FUNCTION charmbills.schedule_jobs(text, text) IS
'Has pg_cron, in this database, run billing every minute and clean up every hour, or at other schedules when given; NULL leaves a schedule that there is. Any number of times; again after an upgrade. Gives what is scheduled. For operators.';
REVOKE ALL ON FUNCTION charmbills.schedule_jobs(text, text) FROM PUBLIC;

CREATE FUNCTION charmbills.unschedule_jobs()
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_unschedule_jobs';
COMMENT ON FUNCTION charmbills.unschedule_jobs() IS
'Takes back what schedule_jobs() scheduled, and gives how many jobs it was. To be called before DROP EXTENSION. For operators.';
REVOKE ALL ON FUNCTION charmbills.unschedule_jobs() FROM PUBLIC;
