/*-------------------------------------------------------------------------
 *
 * cb_rate_source.c
 *	  Fetching exchange rates from where an operator says they are.
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
#include "utils/builtins.h"

#define JOB_KIND "exchange_rate"

CB_STATEMENT(check_source, "text text interval interval",
			 "SELECT $1 ~ '^https?://[^][/?#@[:space:]\\\\]+([/?#][[:graph:]]*)?$' AND length($1) <= 2000, "
			 "       ($1 IS NULL) = ($2 IS NULL), $3 BETWEEN interval '10 seconds' AND interval '1 day', "
			 "       $4 > interval '0' AND ($1 IS NULL OR $4 >= $3)");
CB_STATEMENT(write_source, "text text text interval interval timestamptz",
			 "INSERT INTO charmbills.currencies AS c (code, url, json_pointer, refresh, max_age, next_fetch_at) "
			 "VALUES ($1, $2, $3, $4, $5, CASE WHEN $2 IS NOT NULL THEN $6 END) "
			 "ON CONFLICT (code) DO UPDATE "
			 "SET url = excluded.url, json_pointer = excluded.json_pointer, refresh = excluded.refresh, "
			 "    max_age = excluded.max_age, next_fetch_at = excluded.next_fetch_at, last_error = NULL "
			 "RETURNING c");
/*
 * A job that is still at work is left alone: who reports of it locks it before
 * the currency.
 */
CB_STATEMENT(queue_due, "timestamptz",
			 "WITH due AS (SELECT c.code FROM charmbills.currencies c WHERE c.next_fetch_at <= $1 "
			 "             ORDER BY c.code FOR NO KEY UPDATE SKIP LOCKED), "
			 "     moved AS (UPDATE charmbills.currencies c SET next_fetch_at = $1 + c.refresh "
			 "               FROM due WHERE c.code = due.code RETURNING c.code) "
			 "INSERT INTO charmbills.jobs (kind, payload, dedup_key, run_after, created_at) "
			 "SELECT '" JOB_KIND "', pg_catalog.jsonb_build_object('currency', m.code), "
			 "       '" JOB_KIND ":' || m.code, $1, $1 "
			 "FROM moved m "
			 "WHERE (EXISTS (SELECT FROM charmbills.plans p WHERE p.currency = m.code) "
			 "       OR EXISTS (SELECT FROM charmbills.invoices i WHERE i.currency = m.code AND i.status = 'open')) "
			 "      AND NOT EXISTS (SELECT FROM charmbills.jobs j WHERE j.dedup_key = '" JOB_KIND ":' || m.code "
			 "                                                     AND j.state IN ('queued', 'running')) "
			 "ON CONFLICT (dedup_key) DO UPDATE "
			 "SET state = 'queued', attempts = 0, run_after = excluded.run_after, claimed_by = NULL, "
			 "    lease_until = NULL, last_error = NULL, finished_at = NULL");

static void check_terms(FunctionCallInfo fcinfo);

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
	check_terms(fcinfo);
	cb_execute_one(&write_source,
				   CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3),
						   cb_arg(fcinfo, 4), cb_timestamptz(cb_now())));
	cb_wake_on_commit();
	return cb_return_row(fcinfo);
}

/* What was not given is null, and right. */
static void
check_terms(FunctionCallInfo fcinfo)
{
	static const char *const complaints[] = {
		"the address of a rate must be an http or https URL without credentials",
		"url and json_pointer belong together",
		"a rate is fetched every ten seconds to once a day",
		"max_age must be positive, and no less than refresh",
	};

	cb_execute_one(&check_source,
				   CB_ARGS(cb_arg(fcinfo, 1), cb_arg(fcinfo, 2), cb_arg(fcinfo, 3), cb_arg(fcinfo, 4)));
	for (int i = 0; i < (int) lengthof(complaints); i++)
		if (!cb_column_is_null(0, i + 1) && !cb_column_bool(0, i + 1))
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("%s", complaints[i])));
	if (!PG_ARGISNULL(2) && !cb_json_pointer_is_valid(text_to_cstring(PG_GETARG_TEXT_PP(2))))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("not a JSON pointer"),
				 errhint("Each step begins with a slash, as in /data/0/price; ~1 is a slash and ~0 a tilde in a name.")));
}

int64
cb_rates_queue_due(TimestampTz now)
{
	int64		n = (int64) cb_execute(&queue_due, CB_ARGS(cb_timestamptz(now)));

	if (n > 0)
		cb_wake_on_commit();
	return n;
}
