/*-------------------------------------------------------------------------
 *
 * cb_job_report.c
 *	  What has become of a job: applied once, however often it is told.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_job_kind.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

/* A job's kind and payload never change while it runs. */
CB_STATEMENT(read_job, "uuid",
			 "SELECT kind, payload FROM charmbills.jobs WHERE id = $1");
CB_STATEMENT(lock_job, "uuid",
			 "SELECT state, claimed_by, attempts FROM charmbills.jobs WHERE id = $1 FOR NO KEY UPDATE");

static void load_job(FunctionCallInfo fcinfo, CbJob *job);
static void raise_unknown_job(void);

/*
 * charmbills.report_job(job_id uuid, worker text, outcome jsonb) -> text
 *
 * Gives the job's state.  Only who holds the job is heard, and only while it
 * runs.
 */
CB_FUNCTION(report_job, CB_OPERATOR)
{
	CbJob		job;
	const CbJobKind *kind;
	void	   *locked;
	const char *state;
	const char *claimed_by;

	cb_require_args(fcinfo, 3);
	load_job(fcinfo, &job);
	kind = cb_job_kind(job.kind);
	locked = kind->lock ? kind->lock(&job) : NULL;
	if (cb_execute(&lock_job, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		raise_unknown_job();
	state = cb_column_text(0, 1);
	claimed_by = cb_column_text(0, 2);
	job.attempts = cb_column_int4(0, 3);
	if (strcmp(state, "running") == 0 && claimed_by != NULL &&
		strcmp(claimed_by, text_to_cstring(PG_GETARG_TEXT_PP(1))) == 0)
		state = kind->report(&job, locked, cb_arg(fcinfo, 2));
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

/*
 * charmbills.http_request(job_id uuid) -> jsonb
 *
 * NULL when there is nothing to send any more.
 */
CB_FUNCTION(http_request, CB_OPERATOR)
{
	CbJob		job;
	const CbJobKind *kind;
	NullableDatum request;

	cb_require_args(fcinfo, 1);
	load_job(fcinfo, &job);
	kind = cb_job_kind(job.kind);
	if (kind->request == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a job of kind \"%s\" sends no HTTP request", job.kind)));
	request = kind->request(&job);
	if (request.isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(request.value);
}

static void
load_job(FunctionCallInfo fcinfo, CbJob *job)
{
	bool		isnull;

	memset(job, 0, sizeof(*job));
	job->id = *PG_GETARG_UUID_P(0);
	job->now = cb_now();
	if (cb_execute(&read_job, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		raise_unknown_job();
	job->kind = cb_column_text(0, 1);
	job->payload = cb_datum(JsonbPGetDatum(DatumGetJsonbPCopy(cb_column(0, 2, &isnull))));
}

static void
raise_unknown_job(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_NOT_FOUND),
			 errmsg("job does not exist")));
}
