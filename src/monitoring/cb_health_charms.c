/*-------------------------------------------------------------------------
 *
 * cb_health_charms.c
 *	  Charms that nobody can say the holder of.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "charms/cb_spell.h"
#include "monitoring/cb_health.h"

CB_REPORT_STATEMENT(read_charms, "",
			 "SELECT pg_catalog.jsonb_build_object('tracked_plans', f.tracked, 'unknown_charms', f.unknown), "
			 "       f.unknown, f.plans "
			 "FROM (SELECT (SELECT pg_catalog.count(*) FROM charmbills.watched_apps) AS tracked, "
			 "             (SELECT pg_catalog.count(*) FROM charmbills.charms WHERE is_unknown) AS unknown, "
			 "             (SELECT pg_catalog.count(DISTINCT plan_id) FROM charmbills.charms WHERE is_unknown) AS plans) f");

void
cb_health_judge_charms(CbHealth *health)
{
	int64		unknown;
	bool		isnull;

	cb_execute_one(&read_charms, CB_NO_ARGS);
	unknown = cb_column_int8(0, 2);
	cb_health_figures(health, cb_column(0, 1, &isnull));
	if (unknown > 0)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 INT64_FORMAT " charms of " INT64_FORMAT " plans were spent by spells of a version after %d, "
						 "which this library does not know: install a newer one",
						 unknown, cb_column_int8(0, 3), CB_SPELL_MAX_VERSION);
}
