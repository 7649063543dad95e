/*-------------------------------------------------------------------------
 *
 * cb_rate_source.c
 *	  Where exchange rates are fetched from, and when.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_rate_source.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json_find.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "cb_url.h"
#include "utils/builtins.h"

CB_STATEMENT(compare_times, "interval interval",
			 "SELECT $1 BETWEEN interval '10 seconds' AND interval '1 day', $2 >= $1");
CB_STATEMENT(write_source, "text text text interval interval timestamptz",
			 "INSERT INTO charmbills.currencies AS c (code, url, json_pointer, refresh, max_age, next_fetch_at) "
			 "VALUES ($1, $2, $3, $4, $5, CASE WHEN $2 IS NOT NULL THEN $6 END) "
			 "ON CONFLICT (code) DO UPDATE "
			 "SET url = excluded.url, json_pointer = excluded.json_pointer, refresh = excluded.refresh, "
			 "    max_age = excluded.max_age, next_fetch_at = excluded.next_fetch_at, last_error = NULL "
			 "RETURNING c");
/* A job that has not ended is left alone: it tries again by itself. */
CB_STATEMENT(queue_due, "timestamptz",
			 "WITH due AS (SELECT c.code FROM " CB_RATES_DUE
			 "             ORDER BY c.code FOR NO KEY UPDATE SKIP LOCKED), "
			 "     moved AS (UPDATE charmbills.currencies c SET next_fetch_at = $1 + c.refresh "
			 "               FROM due WHERE c.code = due.code RETURNING c.code) "
			 "INSERT INTO charmbills.jobs (id, kind, payload, dedup_key, run_after, created_at, lane) "
			 "SELECT m.id, '" CB_JOB_EXCHANGE_RATE "', pg_catalog.jsonb_build_object('currency', m.code), "
			 "       '" CB_JOB_EXCHANGE_RATE ":' || m.code, $1, $1, m.id "
			 "FROM (SELECT code, charmbills.uuid_v7() AS id FROM moved) m "
			 "WHERE " CB_RATE_IS_WANTED("m.code") " "
			 "      AND NOT EXISTS (SELECT FROM charmbills.jobs j WHERE j.dedup_key = '" CB_JOB_EXCHANGE_RATE ":' || m.code "
			 "                                                     AND j.state IN ('queued', 'running')) "
			 "ON CONFLICT (dedup_key) DO UPDATE "
			 "SET state = 'queued', attempts = 0, run_after = excluded.run_after, claimed_by = NULL, "
			 "    lease_until = NULL, last_error = NULL, finished_at = NULL");

static void check_address(FunctionCallInfo fcinfo);
static void check_times(FunctionCallInfo fcinfo);

/*
 * charmbills.set_rate_source(currency, url, json_pointer text,
 *		refresh, max_age interval) -> currencies
 */
CB_FUNCTION(set_rate_source, CB_OPERATOR)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a rate source needs a currency, refresh and max_age")));
	cb_check_currency(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	check_address(fcinfo);
	check_times(fcinfo);
	cb_execute_one(&write_source,
				   CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3),
						   cb_arg(fcinfo, 4), cb_timestamptz(cb_now())));
	cb_wake_on_commit();
	return cb_return_row(fcinfo);
}

/* The URL itself is not repeated: it may hold a key. */
static void
check_address(FunctionCallInfo fcinfo)
{
	const char *fault;

	if (PG_ARGISNULL(1) != PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("url and json_pointer belong together")));
	if (PG_ARGISNULL(1))
		return;
	fault = cb_url_fault(text_to_cstring(PG_GETARG_TEXT_PP(1)), true);
	if (fault != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("rates cannot be fetched from this URL"),
				 errdetail("%s.", fault),
				 errhidestmt(true),
				 errhidecontext(true)));
	if (!cb_json_pointer_is_valid(text_to_cstring(PG_GETARG_TEXT_PP(2))))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"json_pointer\" is no JSON pointer"),
				 errhint("Each step begins with a slash, as in /data/0/price; in a name ~1 is a slash and ~0 a tilde.")));
}

static void
check_times(FunctionCallInfo fcinfo)
{
	cb_execute_one(&compare_times, CB_ARGS(cb_arg(fcinfo, 3), cb_arg(fcinfo, 4)));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"refresh\" is from ten seconds to one day")));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("argument \"max_age\" must not be less than refresh"),
				 errhint("A rate would be stale before the next one comes.")));
}

int64
cb_rates_queue_due(TimestampTz now)
{
	int64		n = (int64) cb_execute(&queue_due, CB_ARGS(cb_timestamptz(now)));

	if (n > 0)
		cb_wake_on_commit();
	return n;
}
