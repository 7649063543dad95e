/*-------------------------------------------------------------------------
 *
 * cb_http_jobs.c
 *	  Jobs that are one HTTP request: webhooks, prices, proofs.
 *
 * A job's lease is committed before its request is made up, and no transaction
 * is open while that is under way.  Its outcome, whatever it is, is reported in
 * a transaction of its own.  A job whose report never comes is free again when
 * its lease ends, and is then sent once more.
 *
 * Most requests end well within the lease.  Those that may take longer have
 * theirs prolonged, and leave the places of the others alone.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_fetch.h"
#include "cb_http_jobs.h"
#include "cb_http_message.h"
#include "cb_job_calls.h"
#include "cb_link.h"
#include "cb_worker_tx.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Claimed in one turn: so few that other work is not kept waiting. */
#define MAX_CLAIMED 32

/* Requests that end within a minute are short: so many at once. */
#define MAX_SHORT 64
#define SHORT_MS 60000

/* Often enough that a lease survives a try or two that fails. */
#define HOLD_EVERY_MS 30000

/* Together far less than the lease. */
#define MAX_REPORTS 5
#define REPORT_AGAIN_MS 5000

typedef enum HttpJobState
{
	HTTP_JOB_NONE,
	HTTP_JOB_SENT,
	HTTP_JOB_ENDED				/* there is an outcome to report */
} HttpJobState;

/* Each has the slot of the same number for its request. */
typedef struct HttpJob
{
	HttpJobState state;
	char		id[CB_JOB_ID_SIZE];
	bool		is_long;		/* may outlast the lease */
	TimestampTz hold_at;		/* when that is to be prolonged */
	size_t		max_answer;
	char	   *outcome;		/* JSON; in TopMemoryContext */
	int			reports;		/* that failed */
	TimestampTz report_at;
} HttpJob;

static HttpJob http_jobs[CB_FETCH_SLOTS];

/* Argument of what runs inside cb_attempt(). */
static HttpJob *current = NULL;

static int	room(void);
static int	free_slots(void);
static HttpJob *find_free(void);
static void send_current(void);
static void start(HttpJob *job, const CbFetchRequest *request);
static bool must_be_held(const HttpJob *job);
static void drop(HttpJob *job);
static void end(HttpJob *job, const char *outcome);
static void report_current(void);
static void note_unreported(HttpJob *job, const CbFailure *failure);
static void forget(HttpJob *job);
static void count_jobs(void);

bool
cb_http_jobs_have_room(void)
{
	return room() > 0;
}

static int
room(void)
{
	int			n_short = 0;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
		n_short += (http_jobs[i].state != HTTP_JOB_NONE && !http_jobs[i].is_long);
	return Min(MAX_SHORT - n_short, free_slots());
}

static int
free_slots(void)
{
	int			n = 0;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
		n += (http_jobs[i].state == HTTP_JOB_NONE);
	return n;
}

bool
cb_http_jobs_send(void)
{
	CbJob	   *claimed;
	int			n = cb_claim_http_jobs(Min(room(), MAX_CLAIMED), &claimed);

	for (int i = 0; i < n; i++)
	{
		HttpJob    *job = find_free();
		CbFailure	failure;

		CHECK_FOR_INTERRUPTS();
		strlcpy(job->id, claimed[i].id, sizeof(job->id));
		current = job;
		if (!cb_attempt(send_current, &failure))
			end(job, cb_http_failure(failure.message));
	}
	count_jobs();
	return n > 0;
}

static HttpJob *
find_free(void)
{
	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		if (http_jobs[i].state == HTTP_JOB_NONE)
			return &http_jobs[i];
	}
	elog(ERROR, "more jobs than were asked for");
}

/* Requests may be large, so none is kept until the next has been made up. */
static void
send_current(void)
{
	MemoryContext item = AllocSetContextCreate(CurrentMemoryContext, "charmbills request",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(item);
	const char *text = cb_http_request(current->id);

	if (text[0] == '\0')
		end(current, "{\"done\": true}");
	else
	{
		CbFetchRequest request;

		cb_read_http_request(text, &request);
		start(current, &request);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(item);
}

static void
start(HttpJob *job, const CbFetchRequest *request)
{
	cb_fetch_start((int) (job - http_jobs), request);
	job->is_long = request->timeout_ms > SHORT_MS;
	job->hold_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), HOLD_EVERY_MS);
	job->max_answer = request->max_answer;
	job->state = HTTP_JOB_SENT;
}

TimestampTz
cb_http_jobs_hold_due(void)
{
	TimestampTz due = DT_NOEND;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		if (must_be_held(&http_jobs[i]))
			due = Min(due, http_jobs[i].hold_at);
	}
	return due;
}

static bool
must_be_held(const HttpJob *job)
{
	return job->state == HTTP_JOB_SENT && job->is_long;
}

/* All at once.  For what was canceled meanwhile nobody waits. */
void
cb_http_jobs_hold(void)
{
	const char *ids[CB_FETCH_SLOTS];
	bool		held[CB_FETCH_SLOTS];
	int			n = 0;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		if (must_be_held(&http_jobs[i]))
			ids[n++] = http_jobs[i].id;
	}
	cb_hold_http_jobs(ids, n, held);
	n = 0;
	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		if (!must_be_held(&http_jobs[i]))
			continue;
		if (held[n++])
			http_jobs[i].hold_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), HOLD_EVERY_MS);
		else
			drop(&http_jobs[i]);
	}
	count_jobs();
}

bool
cb_http_jobs_heard(void)
{
	bool		heard = false;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		CbFetchAnswer answer;

		if (http_jobs[i].state != HTTP_JOB_SENT || !cb_fetch_take(i, &answer))
			continue;
		end(&http_jobs[i], cb_http_outcome(&answer, http_jobs[i].max_answer));
		heard = true;
	}
	return heard;
}

static void
drop(HttpJob *job)
{
	cb_fetch_free((int) (job - http_jobs));
	MemSet(job, 0, sizeof(HttpJob));
}

static void
end(HttpJob *job, const char *outcome)
{
	job->outcome = MemoryContextStrdup(TopMemoryContext, outcome);
	job->state = HTTP_JOB_ENDED;
	cb_fetch_free((int) (job - http_jobs));
}

TimestampTz
cb_http_jobs_report_due(void)
{
	TimestampTz due = DT_NOEND;

	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		if (http_jobs[i].state == HTTP_JOB_ENDED)
			due = Min(due, http_jobs[i].report_at);
	}
	return due;
}

void
cb_http_jobs_report(void)
{
	for (int i = 0; i < CB_FETCH_SLOTS; i++)
	{
		HttpJob    *job = &http_jobs[i];
		CbFailure	failure;

		if (job->state != HTTP_JOB_ENDED || job->report_at > GetCurrentTimestamp())
			continue;
		CHECK_FOR_INTERRUPTS();
		current = job;
		if (cb_attempt(report_current, &failure))
			forget(job);
		else
			note_unreported(job, &failure);
	}
	count_jobs();
}

static void
report_current(void)
{
	cb_report_http_job(current->id, current->outcome);
}

static void
note_unreported(HttpJob *job, const CbFailure *failure)
{
	cb_slot_set_error(failure->message);
	job->report_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), REPORT_AGAIN_MS);
	if (++job->reports < MAX_REPORTS)
		return;
	ereport(WARNING,
			(errcode(failure->sqlstate),
			 errmsg("charmbills job %s could not be reported: %s", job->id, failure->message),
			 errdetail("It will be sent again when its lease has ended.")));
	forget(job);
}

static void
forget(HttpJob *job)
{
	pfree(job->outcome);
	MemSet(job, 0, sizeof(HttpJob));
}

static void
count_jobs(void)
{
	cb_slot_set_jobs(CB_SLOT_HTTP_JOBS, CB_FETCH_SLOTS - free_slots());
}
