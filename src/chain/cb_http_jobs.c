/*-------------------------------------------------------------------------
 *
 * cb_http_jobs.c
 *	  Jobs that are one HTTP request, as the worker takes them.
 *
 * Jobs wait in lanes, and a lane lets only so many run at once: whoever
 * answers late, or not at all, delays nobody but itself.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_http_jobs.h"
#include "chain/cb_incarnation.h"
#include "chain/cb_job_queue.h"
#include "storage/lmgr.h"

/*
 * At once to one endpoint, and to the prover; to one that fails a single job
 * goes ahead.
 */
#define LANE_WIDTH "4"
#define PROBE_WIDTH "1"

/* Objects have sub-objects from 0 on; none has this. */
#define CLAIM_LOCK_SUBID PG_UINT16_MAX

/*
 * The lanes with jobs, and how many more each may run at $1.  They are found by
 * hopping from lane to lane in the index, so that one with a long queue costs
 * no more than any other.
 */
#define LANES \
	"WITH RECURSIVE waiting(lane) AS (" \
	"  (SELECT j.lane FROM charmbills.jobs j " \
	"   WHERE j.state = 'queued' AND j.lane IS NOT NULL ORDER BY j.lane LIMIT 1) " \
	"  UNION ALL " \
	"  SELECT n.lane FROM waiting w CROSS JOIN LATERAL (" \
	"    SELECT j.lane FROM charmbills.jobs j " \
	"    WHERE j.state = 'queued' AND j.lane IS NOT NULL AND j.lane > w.lane " \
	"    ORDER BY j.lane LIMIT 1) n" \
	"), lanes AS (" \
	"  SELECT l.lane, e.not_before, " \
	"         CASE WHEN l.lane = '" CB_PROVER_LANE "' THEN " LANE_WIDTH " " \
	"              WHEN e.id IS NULL OR e.failing_since IS NOT NULL " \
	"              THEN " PROBE_WIDTH " ELSE " LANE_WIDTH " END " \
	"         - (SELECT count(*) FROM charmbills.jobs j " \
	"            WHERE j.state = 'running' AND j.lane IS NOT NULL " \
	"              AND j.lane = l.lane AND j.lease_until > $1) AS room " \
	"  FROM (SELECT w.lane FROM waiting w " \
	"        UNION SELECT j.lane FROM charmbills.jobs j " \
	"              WHERE j.state = 'running' AND j.lane IS NOT NULL) l " \
	"  LEFT JOIN charmbills.webhook_endpoints e ON e.id = l.lane" \
	") "

/* As for other jobs, a lease that has run out counts as a try. */
CB_STATEMENT(claim, "timestamptz text int4 interval",
			 LANES ", due AS ("
			 "  SELECT d.id FROM lanes l CROSS JOIN LATERAL ("
			 "    (SELECT j.id, j.run_after FROM charmbills.jobs j "
			 "     WHERE j.state = 'running' AND j.lane IS NOT NULL AND j.lane = l.lane "
			 "       AND j.lease_until <= $1) "
			 "    UNION ALL "
			 "    (SELECT j.id, j.run_after FROM charmbills.jobs j "
			 "     WHERE j.state = 'queued' AND j.lane IS NOT NULL AND j.lane = l.lane "
			 "       AND j.run_after <= $1 "
			 "     ORDER BY j.run_after, j.id LIMIT greatest(l.room, 0)) "
			 "    ORDER BY 2, 1 LIMIT greatest(l.room, 0)) d "
			 "  WHERE l.room > 0 AND (l.not_before IS NULL OR l.not_before <= $1) "
			 "  ORDER BY d.run_after, d.id LIMIT $3"
			 "), free AS ("
			 "  SELECT j.id FROM charmbills.jobs j "
			 "  WHERE j.id IN (SELECT id FROM due) "
			 "    AND ((j.state = 'queued' AND j.run_after <= $1) "
			 "      OR (j.state = 'running' AND j.lease_until <= $1)) "
			 "  FOR NO KEY UPDATE SKIP LOCKED"
			 "), claimed AS ("
			 "  UPDATE charmbills.jobs j "
			 "  SET state = 'running', claimed_by = $2, lease_until = $1 + $4, "
			 "      attempts = j.attempts + (j.state = 'running')::int "
			 "  FROM free WHERE j.id = free.id RETURNING j.*"
			 ") "
			 "SELECT * FROM claimed ORDER BY run_after, id");
CB_STATEMENT(hold, "text uuid[] interval timestamptz",
			 "WITH held AS ("
			 "  SELECT id FROM charmbills.jobs "
			 "  WHERE id = ANY ($2) AND state = 'running' AND claimed_by = $1 "
			 "  ORDER BY id FOR NO KEY UPDATE"
			 ") "
			 "UPDATE charmbills.jobs j SET lease_until = greatest(j.lease_until, $4 + $3) "
			 "FROM held WHERE j.id = held.id RETURNING j.id");
CB_STATEMENT(read_next, "timestamptz",
			 LANES
			 "SELECT least((SELECT min(greatest(q.run_after, l.not_before)) "
			 "              FROM lanes l CROSS JOIN LATERAL ("
			 "                SELECT j.run_after FROM charmbills.jobs j "
			 "                WHERE j.state = 'queued' AND j.lane IS NOT NULL AND j.lane = l.lane "
			 "                ORDER BY j.run_after, j.id LIMIT 1) q "
			 "              WHERE l.room > 0), "
			 "             (SELECT min(j.lease_until) FROM charmbills.jobs j "
			 "              WHERE j.state = 'running' AND j.lane IS NOT NULL))");
CB_STATEMENT(no_jobs, "",
			 "SELECT * FROM charmbills.jobs WHERE false");

static void lock_claims(void);

/* charmbills.claim_http_jobs(worker text, max_jobs integer, lease interval) -> setof jobs */
CB_FUNCTION(claim_http_jobs, CB_OPERATOR)
{
	cb_check_claim(fcinfo);
	if (cb_guc_jobs && cb_incarnation_is_ours())
	{
		lock_claims();
		cb_execute(&claim,
				   CB_ARGS(cb_timestamptz(cb_now()), cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2)));
	}
	else
		cb_execute(&no_jobs, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}

/*
 * One claim after another, each seeing what the one before has taken; jobs that
 * are being written stay free.
 */
static void
lock_claims(void)
{
	LockDatabaseObject(RelationRelationId, cb_relation_oid("jobs"), CLAIM_LOCK_SUBID, ExclusiveLock);
}

/* charmbills.hold_jobs(worker text, job_ids uuid[], lease interval) -> setof uuid */
CB_FUNCTION(hold_jobs, CB_OPERATOR)
{
	cb_require_args(fcinfo, 3);
	cb_execute(&hold,
			   CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_timestamptz(cb_now())));
	return cb_return_rows(fcinfo);
}

NullableDatum
cb_http_jobs_next(void)
{
	NullableDatum next = {.value = (Datum) 0};

	cb_execute_one(&read_next, CB_ARGS(cb_timestamptz(cb_now())));
	next.value = cb_column(0, 1, &next.isnull);
	return next;
}
