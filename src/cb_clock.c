/*-------------------------------------------------------------------------
 *
 * cb_clock.c
 *	  The one source of time.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_sql.h"

CB_STATEMENT(read_test_clock, "",
			 "SELECT test_clock FROM charmbills.chain_state WHERE test_clock IS NOT NULL");

TimestampTz
cb_now(void)
{
	if (cb_is_sandbox() && cb_execute(&read_test_clock, CB_NO_ARGS) == 1)
		return cb_column_timestamptz(0, 1);
	return GetCurrentTransactionStartTimestamp();
}

/* charmbills.now() -> timestamptz */
CB_FUNCTION(now, CB_ANYONE)
{
	PG_RETURN_TIMESTAMPTZ(cb_now());
}
