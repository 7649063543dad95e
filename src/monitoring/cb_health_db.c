/*-------------------------------------------------------------------------
 *
 * cb_health_db.c
 *	  health_db() and health_jobs().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "monitoring/cb_health.h"

/* Other roles' transactions are only seen by members of pg_read_all_stats. */
CB_REPORT_STATEMENT(read_database, "text",
			 "SELECT pg_catalog.to_jsonb(f), "
			 "       f.oldest_transaction_seconds > 3600, "
			 "       pg_catalog.make_interval(secs => f.oldest_transaction_seconds)::text "
			 "FROM (SELECT e.extversion AS extension_version, $1 AS library_version, "
			 "             pg_catalog.pg_is_in_recovery() AS in_recovery, "
			 "             pg_catalog.pg_database_size(pg_catalog.current_database()) AS database_bytes, "
			 "             (SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid))::bigint "
			 "              FROM pg_catalog.pg_class c "
			 "              WHERE c.relnamespace = e.extnamespace AND c.relkind = 'r') AS charmbills_bytes, "
			 "             (SELECT pg_catalog.floor(EXTRACT(epoch FROM "
			 "                     pg_catalog.clock_timestamp() - pg_catalog.min(a.xact_start)))::bigint "
			 "              FROM pg_catalog.pg_stat_activity a "
			 "              WHERE a.datname = pg_catalog.current_database()) AS oldest_transaction_seconds "
			 "      FROM pg_catalog.pg_extension e WHERE e.extname = 'charmbills') f");

/*
 * A webhook that somebody's endpoint does not take is that somebody's concern:
 * it is counted, but no reason to be degraded.  An error that is not held
 * against the endpoint is the operator's: nothing could be signed.
 */
CB_REPORT_STATEMENT(read_jobs, "timestamptz bool",
			 "SELECT pg_catalog.to_jsonb(f), f.failed_last_day, f.expired_leases, "
			 "       f.oldest_due_seconds > 600, f.oldest_due_seconds > 3600, "
			 "       pg_catalog.make_interval(secs => f.oldest_due_seconds)::text, f.unsigned_endpoints, "
			 "       f.held_subscriptions, f.stale_rates "
			 "FROM (SELECT $2 AS enabled, "
			 "             pg_catalog.count(*) FILTER (WHERE j.state = 'queued') AS queued, "
			 "             pg_catalog.count(*) FILTER (WHERE j.state = 'running') AS running, "
			 "             pg_catalog.count(*) FILTER (WHERE j.state = 'failed') AS failed, "
			 "             pg_catalog.count(*) FILTER (WHERE j.state = 'failed' AND j.kind <> 'webhook' "
			 "                 AND j.finished_at > $1 - interval '1 day') AS failed_last_day, "
			 "             pg_catalog.count(*) FILTER (WHERE j.state = 'running' "
			 "                 AND j.lease_until < $1) AS expired_leases, "
			 "             pg_catalog.floor(EXTRACT(epoch FROM $1 - pg_catalog.min(j.run_after) "
			 "                 FILTER (WHERE j.state = 'queued' AND j.run_after <= $1 "
			 "                           AND e.failing_since IS NULL "
			 "                           AND (e.not_before IS NULL OR e.not_before <= $1))))::bigint "
			 "                 AS oldest_due_seconds, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.webhook_endpoints w "
			 "              WHERE w.is_active AND w.failing_since IS NOT NULL) AS failing_endpoints, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.webhook_endpoints w "
			 "              WHERE w.is_active AND w.failing_since IS NULL AND w.last_error IS NOT NULL) "
			 "                 AS unsigned_endpoints, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.webhook_endpoints w "
			 "              WHERE NOT w.is_active AND w.deleted_at IS NULL) AS disabled_endpoints, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.subscription_facts s "
			 "              WHERE s.billing_error IS NOT NULL) AS held_subscriptions, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.currencies c "
			 "              WHERE c.url IS NOT NULL "
			 "                AND NOT EXISTS (SELECT FROM charmbills.exchange_rates r "
			 "                                WHERE r.currency = c.code AND r.set_at > $1 - c.max_age)) "
			 "                 AS stale_rates "
			 "      FROM charmbills.jobs j LEFT JOIN charmbills.webhook_endpoints e ON e.id = j.lane "
			 "      WHERE j.state <> 'done') f");

/*
 * charmbills.health_db() -> jsonb
 *
 * That it answers shows that the database does; it is never down.
 */
CB_FUNCTION(health_db, CB_ANYONE)
{
	CbHealth	health;
	bool		isnull;

	cb_health_begin(&health);
	if (cb_health_judge_version(&health))
		cb_health_judge_adoption(&health);
	cb_execute_one(&read_database, CB_ARGS(cb_text(CHARMBILLS_VERSION)));
	cb_health_figures(&health, cb_column(0, 1, &isnull));
	if (cb_column_bool(0, 2))
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "a transaction has been open for %s", cb_column_text(0, 3));
	return cb_health_end(&health);
}

/*
 * charmbills.health_jobs() -> jsonb
 *
 * down: jobs have waited for an hour, so nothing reaches the network.
 */
CB_FUNCTION(health_jobs, CB_ANYONE)
{
	CbHealth	health;
	TimestampTz now = cb_now();
	bool		isnull;

	cb_health_begin(&health);
	if (!cb_health_judge_version(&health))
		return cb_health_end(&health);
	cb_health_judge_adoption(&health);
	cb_execute_one(&read_jobs, CB_ARGS(cb_timestamptz(now), cb_bool(cb_guc_jobs)));
	cb_health_figures(&health, cb_column(0, 1, &isnull));
	if (!cb_guc_jobs)
		cb_health_reason(&health, CB_HEALTH_DEGRADED, "jobs are held: charmbills.jobs is off");
	if (cb_column_int8(0, 2) > 0)
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "jobs that failed within a day: " INT64_FORMAT, cb_column_int8(0, 2));
	if (cb_column_int8(0, 3) > 0)
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "jobs whose worker has vanished: " INT64_FORMAT, cb_column_int8(0, 3));
	if (cb_column_bool(0, 4))
		cb_health_reason(&health, cb_column_bool(0, 5) ? CB_HEALTH_DOWN : CB_HEALTH_DEGRADED,
						 "a job has been due for %s", cb_column_text(0, 6));
	if (cb_column_int8(0, 7) > 0)
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "webhook endpoints whose secret the key file does not give: " INT64_FORMAT,
						 cb_column_int8(0, 7));
	if (cb_column_int8(0, 8) > 0)
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "subscriptions that could not be billed: " INT64_FORMAT, cb_column_int8(0, 8));
	if (cb_column_int8(0, 9) > 0)
		cb_health_reason(&health, CB_HEALTH_DEGRADED,
						 "currencies whose rate is stale: " INT64_FORMAT, cb_column_int8(0, 9));
	return cb_health_end(&health);
}
