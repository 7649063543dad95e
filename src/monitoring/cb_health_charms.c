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

#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "charms/cb_spell.h"
#include "monitoring/cb_health.h"

/*
 * Whoever holds a token can spend it by a spell of a version that there will never
 * be: such tokens are nobody's concern once they give no access any more.
 */
CB_REPORT_STATEMENT(read_charms, "timestamptz interval",
			 "SELECT pg_catalog.jsonb_build_object('tracked_plans', w.tracked, 'unknown_charms', u.charms), "
			 "       u.charms, u.plans "
			 "FROM (SELECT pg_catalog.count(*) AS tracked FROM charmbills.watched_apps) w, "
			 "     (SELECT pg_catalog.count(*) AS charms, pg_catalog.count(DISTINCT plan_id) AS plans "
			 "      FROM charmbills.charms WHERE is_unknown AND (has_nft OR spent_at + $2 > $1)) u");

void
cb_health_judge_charms(CbHealth *health)
{
	int64		unknown;
	bool		isnull;

	cb_execute_one(&read_charms,
				   CB_ARGS(cb_timestamptz(cb_now()), cb_microseconds(cb_guc_unknown_grace * USECS_PER_SEC)));
	unknown = cb_column_int8(0, 2);
	cb_health_figures(health, cb_column(0, 1, &isnull));
	if (unknown > 0)
		cb_health_reason(health, CB_HEALTH_DEGRADED,
						 INT64_FORMAT " charms of " INT64_FORMAT " plans were spent by spells of a version after %d, "
						 "which this library does not know: install a newer one",
						 unknown, cb_column_int8(0, 3), CB_SPELL_MAX_VERSION);
}
