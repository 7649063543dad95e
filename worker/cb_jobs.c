/*-------------------------------------------------------------------------
 *
 * cb_jobs.c
 *	  Jobs of the Bitcoin node: broadcasts, rescans, transactions to be gathered.
 *
 * A job is claimed and its lease committed before anything is sent; its result
 * is reported in another transaction.  A job whose report never comes is free
 * again when its lease ends.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_broadcast.h"
#include "cb_gather.h"
#include "cb_job_calls.h"
#include "cb_jobs.h"
#include "cb_link.h"
#include "cb_node.h"
#include "cb_rpc.h"
#include "cb_worker_tx.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* So few that all end within their lease, even when the node is slow. */
#define MAX_CLAIMED 4

#define RESCAN_TURN_MS 5000

typedef struct Rescan
{
	bool		running;
	char		job_id[CB_JOB_ID_SIZE];
	int			next_height;
	int			from_height;
} Rescan;

static Rescan rescan;

/* Arguments of what runs inside cb_attempt(). */
static const CbJob *current_job = NULL;
static const char *failed_job_id = NULL;
static const char *failed_outcome = NULL;

static void run_current_job(void);
static void note_failure(const char *job_id, const CbFailure *failure);
static void report_failed_job(void);
static void run_broadcast(const CbJob *job);
static void begin_rescan(const CbJob *job);
static int	rescan_start(const CbJob *job);
static void scan_some_blocks(void);
static void rescan_block(int height);

bool
cb_run_jobs(void)
{
	CbJob	   *jobs;
	int			n = cb_claim_jobs(MAX_CLAIMED, &jobs);

	for (int i = 0; i < n; i++)
	{
		CbFailure	failure;

		CHECK_FOR_INTERRUPTS();
		cb_slot_set_jobs(CB_SLOT_NODE_JOBS, n - i);
		current_job = &jobs[i];
		if (!cb_attempt(run_current_job, &failure))
			note_failure(jobs[i].id, &failure);
	}
	cb_slot_set_jobs(CB_SLOT_NODE_JOBS, rescan.running ? 1 : 0);
	return n > 0;
}

static void
run_current_job(void)
{
	const CbJob *job = current_job;

	if (strcmp(job->kind, "broadcast") == 0)
		run_broadcast(job);
	else if (strcmp(job->kind, "rescan") == 0)
		begin_rescan(job);
	else if (strcmp(job->kind, "gather") == 0)
		(void) cb_report_job(job->id, cb_gather(job->payload));
	else
		(void) cb_report_job(job->id,
							 cb_outcome_failed("this worker knows no such kind of job", false));
}

/*
 * What raised an error is reported as well, in a transaction of its own: a
 * fault of the node's is not charged.  Where even that fails, the job is free
 * again when its lease ends.
 */
static void
note_failure(const char *job_id, const CbFailure *failure)
{
	CbFailure	another;

	cb_slot_set_error(failure->message);
	ereport(WARNING,
			(errcode(failure->sqlstate),
			 errmsg("charmbills job %s failed: %s", job_id, failure->message)));
	failed_job_id = job_id;
	failed_outcome = cb_outcome_failed(failure->message, cb_rpc_is_node_sqlstate(failure->sqlstate));
	if (!cb_attempt(report_failed_job, &another))
		ereport(WARNING,
				(errcode(another.sqlstate),
				 errmsg("charmbills job %s could not be reported: %s", job_id, another.message)));
}

static void
report_failed_job(void)
{
	(void) cb_report_job(failed_job_id, failed_outcome);
}

static void
run_broadcast(const CbJob *job)
{
	const char *outcome = cb_broadcast(cb_broadcast_request(job->id));

	(void) cb_report_job(job->id, outcome);
}

/* One at a time; others are put back. */
static void
begin_rescan(const CbJob *job)
{
	if (rescan.running && strcmp(rescan.job_id, job->id) != 0)
	{
		(void) cb_report_job(job->id, cb_outcome_failed("another rescan is running", true));
		return;
	}
	if (!cb_payload_int(job->payload, "from_height", &rescan.from_height) ||
		rescan.from_height < 0)
		elog(ERROR, "rescan without a height");
	rescan.next_height = rescan_start(job);
	strlcpy(rescan.job_id, job->id, sizeof(rescan.job_id));
	rescan.running = true;
}

/* From the tip downwards, or where an earlier try had come to. */
static int
rescan_start(const CbJob *job)
{
	CbBlockId	tip;
	int			progress;

	if (cb_payload_int(job->payload, "progress", &progress))
		return progress - 1;
	return cb_chain_tip(&tip) ? tip.height : -1;
}

bool
cb_rescan_is_running(void)
{
	return rescan.running;
}

void
cb_rescan_turn(void)
{
	CbFailure	failure;

	if (!cb_attempt(scan_some_blocks, &failure))
	{
		rescan.running = false;
		note_failure(rescan.job_id, &failure);
	}
	cb_slot_set_jobs(CB_SLOT_NODE_JOBS, rescan.running ? 1 : 0);
}

static void
scan_some_blocks(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), RESCAN_TURN_MS);
	const char *outcome = "{\"done\": true}";

	for (; rescan.next_height >= rescan.from_height; rescan.next_height--)
	{
		if (GetCurrentTimestamp() > end)
		{
			outcome = psprintf("{\"progress\": %d}", rescan.next_height + 1);
			break;
		}
		CHECK_FOR_INTERRUPTS();
		rescan_block(rescan.next_height);
	}
	rescan.running = strcmp(cb_report_job(rescan.job_id, outcome), "running") == 0;
}

static void
rescan_block(int height)
{
	MemoryContext item = AllocSetContextCreate(CurrentMemoryContext, "charmbills block",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(item);
	CbBlockId	block;

	cb_node_block_hash(height, &block);
	cb_chain_rescan(height, cb_node_block(block.hash));
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(item);
}
