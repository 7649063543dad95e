/*-------------------------------------------------------------------------
 *
 * cb_job_calls.c
 *	  The worker's calls of the functions for jobs, each a transaction of its own.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_job_calls.h"
#include "cb_worker_tx.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define CLAIM "SELECT id::pg_catalog.text, kind, payload::pg_catalog.text FROM charmbills."

#define HOLD "SELECT j::pg_catalog.text FROM charmbills.hold_jobs($1, $2::pg_catalog.uuid[], " HTTP_LEASE ") j"

#define REPORT "SELECT charmbills.report_job($1::pg_catalog.uuid, $2, $3::pg_catalog.jsonb)"

/* Longer than the node may take for one claim's worth of jobs. */
#define NODE_LEASE "'5 minutes'"
/* Longer than a short HTTP request takes, with the reports that fail. */
#define HTTP_LEASE "'2 minutes'"

static int	claim(const char *sql, int max_jobs, CbJob **jobs);
static char *uuid_array(const char *const *ids, int n);
static const char *ask(const char *sql, int nargs, const CbArgument *args);

int
cb_claim_jobs(int max_jobs, CbJob **jobs)
{
	return claim(CLAIM "claim_jobs($1, $2, " NODE_LEASE ")", max_jobs, jobs);
}

int
cb_claim_http_jobs(int max_jobs, CbJob **jobs)
{
	return claim(CLAIM "claim_http_jobs($1, $2, " HTTP_LEASE ")", max_jobs, jobs);
}

static int
claim(const char *sql, int max_jobs, CbJob **jobs)
{
	char	   *claimant = psprintf("process %d", MyProcPid);
	int			n;

	cb_tx_begin(sql);
	n = cb_tx_query(sql, 2, (CbArgument[]) {CB_TEXT(claimant), CB_INT4(max_jobs)});
	*jobs = cb_tx_alloc(sizeof(CbJob) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		strlcpy((*jobs)[i].id, cb_tx_text(i, 0), CB_JOB_ID_SIZE);
		(*jobs)[i].kind = cb_tx_text(i, 1);
		(*jobs)[i].payload = cb_tx_text(i, 2);
	}
	cb_tx_commit();
	return n;
}

void
cb_hold_http_jobs(const char *const *job_ids, int n, bool *held)
{
	char	   *claimant = psprintf("process %d", MyProcPid);
	int			n_held;

	cb_tx_begin(HOLD);
	n_held = cb_tx_query(HOLD, 2, (CbArgument[]) {CB_TEXT(claimant), CB_TEXT(uuid_array(job_ids, n))});
	for (int i = 0; i < n; i++)
	{
		held[i] = false;
		for (int row = 0; row < n_held && !held[i]; row++)
			held[i] = strcmp(cb_tx_text(row, 0), job_ids[i]) == 0;
	}
	cb_tx_commit();
}

/* As the text of an array. */
static char *
uuid_array(const char *const *ids, int n)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < n; i++)
		appendStringInfo(&text, "%c%s", i == 0 ? '{' : ',', ids[i]);
	appendStringInfoChar(&text, '}');
	return text.data;
}

const char *
cb_broadcast_request(const char *job_id)
{
	return ask("SELECT charmbills.broadcast_request($1::pg_catalog.uuid)::pg_catalog.text", 1,
			   (CbArgument[]) {CB_TEXT(job_id)});
}

const char *
cb_http_request(const char *job_id)
{
	return ask("SELECT charmbills.http_request($1::pg_catalog.uuid)::pg_catalog.text", 1,
			   (CbArgument[]) {CB_TEXT(job_id)});
}

const char *
cb_report_job(const char *job_id, const char *outcome)
{
	char	   *claimant = psprintf("process %d", MyProcPid);

	return ask(REPORT, 3, (CbArgument[]) {CB_TEXT(job_id), CB_TEXT(claimant), CB_TEXT(outcome)});
}

void
cb_report_http_job(const char *job_id, const char *outcome)
{
	char	   *claimant = psprintf("process %d", MyProcPid);

	cb_tx_begin(REPORT);
	cb_tx_do_not_flush();
	(void) cb_tx_query(REPORT, 3, (CbArgument[]) {CB_TEXT(job_id), CB_TEXT(claimant), CB_TEXT(outcome)});
	cb_tx_commit();
}

/* One text; empty for NULL. */
static const char *
ask(const char *sql, int nargs, const CbArgument *args)
{
	const char *text = NULL;

	cb_tx_begin(sql);
	if (cb_tx_query(sql, nargs, args) == 1)
		text = cb_tx_text(0, 0);
	cb_tx_commit();
	return text == NULL ? "" : text;
}
