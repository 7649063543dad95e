/*-------------------------------------------------------------------------
 *
 * cb_job_kind.c
 *	  The kinds of jobs, and what becomes of a job that was tried.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_job_kind.h"
#include "common/pg_prng.h"

#define MAX_KINDS 16

CB_STATEMENT(write_job, "uuid text timestamptz int4 text timestamptz",
			 "UPDATE charmbills.jobs "
			 "SET state = $2, run_after = coalesce($3, run_after), attempts = attempts + $4, last_error = $5, "
			 "    claimed_by = NULL, lease_until = NULL, finished_at = $6 "
			 "WHERE id = $1");

static const CbJobKind *kinds[MAX_KINDS];
static int	n_kinds = 0;

static const char *end(const CbJob *job, const char *state, const char *reason);

void
cb_job_kind_register(const CbJobKind *kind)
{
	if (n_kinds == MAX_KINDS)
		elog(ERROR, "too many kinds of jobs");
	kinds[n_kinds++] = kind;
}

const CbJobKind *
cb_job_kind(const char *name)
{
	for (int i = 0; i < n_kinds; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("no job is of kind \"%s\"", name)));
}

const char *
cb_job_done(const CbJob *job)
{
	return end(job, "done", NULL);
}

const char *
cb_job_failed(const CbJob *job, const char *reason)
{
	return end(job, "failed", reason);
}

static const char *
end(const CbJob *job, const char *state, const char *reason)
{
	cb_execute(&write_job,
			   CB_ARGS(cb_uuid(&job->id), cb_text(state), cb_null(), cb_int4(1), cb_text(reason),
					   cb_timestamptz(job->now)));
	return state;
}

const char *
cb_job_retry(const CbJob *job, TimestampTz at, bool charge, const char *reason)
{
	cb_execute(&write_job,
			   CB_ARGS(cb_uuid(&job->id), cb_text("queued"), cb_timestamptz(at),
					   cb_int4(charge ? 1 : 0), cb_text(reason), cb_null()));
	return "queued";
}

TimestampTz
cb_job_after(const CbJob *job, double seconds)
{
	double		jitter = 0.75 + pg_prng_double(&pg_global_prng_state) / 2;

	return job->now + (TimestampTz) (seconds * jitter * USECS_PER_SEC);
}

void
cb_job_outcome_unknown(const char *keys)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("outcome of a job is not understood"),
			 errdetail("It has none of %s.", keys)));
}
