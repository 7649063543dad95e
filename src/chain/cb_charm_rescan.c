/*-------------------------------------------------------------------------
 *
 * cb_charm_rescan.c
 *	  Looking for plans that were minted before they were known here.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_sql.h"
#include "chain/cb_charm_rescan.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_watch.h"

CB_STATEMENT(write_since, "uuid timestamptz",
			 "UPDATE charmbills.watched_apps SET rescan_since = least(rescan_since, $2) WHERE plan_id = $1");
/*
 * A block's median time past lags behind by an hour, more or less.  Below the
 * first block that is held, ten minutes are taken for a block, and a day is
 * added.
 */
#define FIRST_HEIGHT \
	"SELECT w.plan_id, first.height, " \
	"       coalesce((SELECT b.height FROM charmbills.blocks b " \
	"                 WHERE b.median_time <= w.rescan_since - interval '3 hours' " \
	"                 ORDER BY b.height DESC LIMIT 1), " \
	"                greatest(0, least(first.height, first.height - 144 - " \
	"                         ceil(extract(epoch FROM first.median_time - w.rescan_since) / 600))))::int4 " \
	"FROM charmbills.watched_apps w " \
	"CROSS JOIN LATERAL (SELECT b.height, b.median_time FROM charmbills.blocks b " \
	"                    ORDER BY b.height LIMIT 1) first "
CB_STATEMENT(find_height, "uuid",
			 FIRST_HEIGHT "WHERE w.plan_id = $1 AND w.rescan_since IS NOT NULL");
CB_STATEMENT(find_heights, "",
			 FIRST_HEIGHT "WHERE w.rescan_since IS NOT NULL ORDER BY w.plan_id");
CB_STATEMENT(clear_since, "uuid[]",
			 "UPDATE charmbills.watched_apps SET rescan_since = NULL WHERE plan_id = ANY ($1)");
/* The lock keeps it from being begun before this transaction is committed. */
CB_STATEMENT(lock_deeper_rescan, "int4",
			 "SELECT id FROM charmbills.jobs "
			 "WHERE kind = '" CB_JOB_RESCAN "' AND state = 'queued' AND lane IS NULL "
			 "  AND (payload->>'from_height')::int4 <= $1 AND payload->'progress' IS NULL "
			 "LIMIT 1 FOR UPDATE");

static void offer_from(uint64 n, TimestampTz now);

void
cb_charm_rescan_plan(const pg_uuid_t *plan_id, TimestampTz since)
{
	cb_execute(&write_since, CB_ARGS(cb_uuid(plan_id), cb_timestamptz(since)));
	offer_from(cb_execute(&find_height, CB_ARGS(cb_uuid(plan_id))), cb_now());
}

void
cb_charm_rescan_waiting(TimestampTz now)
{
	offer_from(cb_execute(&find_heights, CB_NO_ARGS), now);
}

/* The last result's plans, from the heights found for them. */
static void
offer_from(uint64 n, TimestampTz now)
{
	pg_uuid_t  *plans = cb_column_uuids(n);
	int32	   *heights = palloc(sizeof(int32) * Max(n, 1));
	int32		base = n > 0 ? cb_column_int4(0, 2) : 0;
	int32		lowest = base;

	if (n == 0)
		return;
	for (uint64 i = 0; i < n; i++)
	{
		heights[i] = cb_column_int4(i, 3);
		lowest = Min(lowest, heights[i]);
	}
	for (uint64 i = 0; i < n; i++)
		cb_watch_app_from(&plans[i], heights[i]);
	cb_execute(&clear_since, CB_ARGS(cb_uuid_array(plans, (int) n)));
	if (lowest < base && cb_execute(&lock_deeper_rescan, CB_ARGS(cb_int4(lowest))) == 0)
		cb_job_queue_rescan(lowest, now);
}
