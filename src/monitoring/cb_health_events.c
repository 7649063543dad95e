/*-------------------------------------------------------------------------
 *
 * cb_health_events.c
 *	  How far behind the log of events is shown.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "monitoring/cb_health.h"

#define TOLERATED_SECONDS "300"

/*
 * Transactions of all databases are numbered together: one that writes in any
 * of them, or is prepared, holds back the events of all that came after it.
 */
CB_REPORT_STATEMENT(read_watermark, "",
			 "SELECT pg_catalog.jsonb_build_object('events_held_back_seconds', h.seconds, "
			 "                                     'events_held_back_by', h.pid), "
			 "       h.seconds > " TOLERATED_SECONDS ", "
			 "       pg_catalog.make_interval(secs => h.seconds)::text "
			 "FROM (VALUES (1)) AS always "
			 "LEFT JOIN LATERAL ("
			 "  SELECT pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - w.since))::bigint "
			 "           AS seconds, w.pid "
			 "  FROM (SELECT a.xact_start AS since, a.pid, a.backend_xid AS xid "
			 "        FROM pg_catalog.pg_stat_activity a "
			 "        WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid() "
			 "        UNION ALL "
			 "        SELECT p.prepared, NULL, p.transaction FROM pg_catalog.pg_prepared_xacts p) w "
			 "  ORDER BY pg_catalog.age(w.xid) DESC LIMIT 1) h ON true");

void
cb_health_judge_events(CbHealth *health)
{
	bool		isnull;

	cb_execute_one(&read_watermark, CB_NO_ARGS);
	cb_health_figures(health, cb_column(0, 1, &isnull));
	if (cb_column_bool(0, 2))
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 "events are held back by a transaction that has been open for %s",
						 cb_column_text(0, 3));
}
