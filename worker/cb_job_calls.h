/*-------------------------------------------------------------------------
 *
 * cb_job_calls.h
 *	  The worker's calls of the functions for jobs, each a transaction of its own.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_JOB_CALLS_H
#define CB_JOB_CALLS_H

#include "postgres.h"

#define CB_JOB_ID_SIZE 37

typedef struct CbJob
{
	char		id[CB_JOB_ID_SIZE];
	const char *kind;
	const char *payload;		/* JSON */
} CbJob;

/* Take up to max_jobs for a lease of five minutes; gives how many. */
extern int	cb_claim_jobs(int max_jobs, CbJob **jobs);

/* The same of jobs that are an HTTP request, for a lease of two minutes. */
extern int	cb_claim_http_jobs(int max_jobs, CbJob **jobs);

/* Take jobs for that long again, from now on; held[i] says whether it is ours still. */
extern void cb_hold_http_jobs(const char *const *job_ids, int n, bool *held);

/* What is to be sent, as JSON. */
extern const char *cb_broadcast_request(const char *job_id);
/* Empty when there is nothing to be sent any more. */
extern const char *cb_http_request(const char *job_id);

/* The outcome is JSON; gives the job's new state. */
extern const char *cb_report_job(const char *job_id, const char *outcome);
/* The same of one that a crash makes due again, when its lease ends. */
extern void cb_report_http_job(const char *job_id, const char *outcome);

#endif							/* CB_JOB_CALLS_H */
