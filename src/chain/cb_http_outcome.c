/*-------------------------------------------------------------------------
 *
 * cb_http_outcome.c
 *	  What the worker says of a job that was one HTTP request.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_http_outcome.h"
#include "chain/cb_job_kind.h"

#define LONGEST_ERROR 1000
#define LONGEST_PAUSE (24 * 60 * 60)	/* s */

/* A number of the outcome, from 0 to so much; NULL where there is none. */
#define NUMBER(key, most) \
	"CASE WHEN pg_catalog.jsonb_typeof($1->'http'->'" key "') = 'number' " \
	"     THEN least(greatest(($1->'http'->>'" key "')::numeric, 0), " most ")::int4 END"

CB_STATEMENT(read_report, "jsonb int4 int4",
			 "SELECT $1->'done' = 'true', "
			 NUMBER("status", "999") ", "
			 "       pg_catalog.left(coalesce($1->'http'->>'error', $1->>'message'), $2), "
			 "       CASE WHEN pg_catalog.jsonb_typeof($1->'http'->'body') = 'string' "
			 "            THEN $1->'http'->>'body' END, "
			 NUMBER("retry_after", "$3") ", "
			 NUMBER("duration_ms", "2147483647"));

void
cb_http_outcome_read(NullableDatum report, CbHttpOutcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	cb_execute_one(&read_report, CB_ARGS(report, cb_int4(LONGEST_ERROR), cb_int4(LONGEST_PAUSE)));
	outcome->is_done = cb_column_bool(0, 1);
	if (outcome->is_done)
		return;
	outcome->status = cb_column_int4(0, 2);
	outcome->error = cb_column_text(0, 3);
	if (outcome->status == 0 && outcome->error == NULL)
		cb_job_outcome_unknown("\"http\", \"done\" and \"message\"");
	outcome->body = cb_column_text(0, 4);
	outcome->has_pause = !cb_column_is_null(0, 5);
	outcome->pause = cb_column_int4(0, 5);
	outcome->duration_ms = cb_column_is_null(0, 6) ? cb_null() : cb_int4(cb_column_int4(0, 6));
}
