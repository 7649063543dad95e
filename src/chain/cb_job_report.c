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
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_change.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_verdict.h"
#include "common/pg_prng.h"
#include "utils/builtins.h"

/*
 * Delays double from the first to the longest; the last try comes some two days
 * after the first.
 */
#define FIRST_DELAY 10			/* s */
#define LONGEST_DELAY 3600		/* s */
#define MAX_ATTEMPTS 56
/* A node that is away is asked again soon, and nothing is charged. */
#define UNREACHABLE_DELAY 15	/* s */
#define PROGRESS_LEASE "5 minutes"

/* Locks come in their order: the transaction before the job. */
CB_STATEMENT(lock_transaction, "uuid",
			 "SELECT t.id, t.merchant_id, t.plan_id, coalesce(t.spell_txid, t.commit_txid), t.status "
			 "FROM charmbills.transactions t "
			 "WHERE t.id = (SELECT (j.payload->>'transaction_id')::uuid FROM charmbills.jobs j "
			 "              WHERE j.id = $1 AND j.kind = '" CB_JOB_BROADCAST "') "
			 "FOR NO KEY UPDATE");
CB_STATEMENT(lock_job, "uuid",
			 "SELECT kind, state, claimed_by, attempts FROM charmbills.jobs WHERE id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_outcome, "jsonb",
			 "SELECT pg_catalog.jsonb_typeof($1->'results') = 'array', $1->'unreachable' = 'true', "
			 "       $1->'done' = 'true', pg_catalog.jsonb_typeof($1->'progress') = 'number', "
			 "       pg_catalog.jsonb_typeof($1->'message') = 'string', $1->>'message'");
/* One row for each transaction that is to be sent; what the node did not say is null. */
CB_STATEMENT(read_results, "uuid jsonb",
			 "SELECT k.status IN ('confirmed', 'seen'), r.ok, r.code, r.message "
			 "FROM charmbills.transactions t "
			 "CROSS JOIN LATERAL (VALUES (1, t.commit_txid), (2, t.spell_txid)) p(position, txid) "
			 "LEFT JOIN charmbills.chain_transactions k ON k.txid = p.txid "
			 "LEFT JOIN pg_catalog.jsonb_to_recordset($2->'results') "
			 "          r(txid text, ok boolean, code integer, message text) ON r.txid = p.txid::text "
			 "WHERE t.id = $1 AND p.txid IS NOT NULL AND k.status IS DISTINCT FROM 'confirmed' "
			 "ORDER BY p.position");
CB_STATEMENT(write_job, "uuid text timestamptz int4 text timestamptz",
			 "UPDATE charmbills.jobs "
			 "SET state = $2, run_after = coalesce($3, run_after), attempts = attempts + $4, last_error = $5, "
			 "    claimed_by = NULL, lease_until = NULL, finished_at = $6 "
			 "WHERE id = $1");
CB_STATEMENT(write_progress, "uuid jsonb timestamptz",
			 "UPDATE charmbills.jobs "
			 "SET payload = payload || pg_catalog.jsonb_build_object('progress', $2->'progress'), "
			 "    lease_until = greatest(lease_until, $3 + interval '" PROGRESS_LEASE "') "
			 "WHERE id = $1");
CB_STATEMENT(fail_transaction, "uuid text",
			 "UPDATE charmbills.transactions SET status = 'failed', error_message = $2 WHERE id = $1");

/* A report, and the job it is of. */
typedef struct Report
{
	NullableDatum job_id;
	NullableDatum outcome;
	TimestampTz now;
	bool		has_tx;
	bool		tx_is_pending;
	CbOwnTx		tx;
	char	   *kind;
	char	   *state;
	char	   *claimed_by;
	int32		attempts;
} Report;

static void load_report(FunctionCallInfo fcinfo, Report *report);
static const char *apply(Report *report);
static const char *apply_results(Report *report);
static CbVerdict judge_results(const Report *report, char **message);
static CbVerdict judge_result(const Report *report, uint64 row);
static const char *finish(Report *report, const char *state, const char *message);
static const char *retry(Report *report, const char *message);
static const char *put_back(Report *report, const char *message);
static void fail_own_tx(const Report *report, const char *reason);
static TimestampTz after_delay(const Report *report, double seconds);

/*
 * charmbills.report_job(job_id uuid, worker text, outcome jsonb) -> text
 *
 * Gives the job's state.  Only who holds the job is heard, and only while it
 * runs.
 */
CB_FUNCTION(report_job, CB_OPERATOR)
{
	Report		report;

	cb_require_args(fcinfo, 3);
	load_report(fcinfo, &report);
	if (strcmp(report.state, "running") == 0 && report.claimed_by != NULL &&
		strcmp(report.claimed_by, text_to_cstring(PG_GETARG_TEXT_PP(1))) == 0)
		report.state = pstrdup(apply(&report));
	PG_RETURN_TEXT_P(cstring_to_text(report.state));
}

static void
load_report(FunctionCallInfo fcinfo, Report *report)
{
	memset(report, 0, sizeof(*report));
	report->job_id = cb_arg(fcinfo, 0);
	report->outcome = cb_arg(fcinfo, 2);
	report->now = cb_now();
	if (cb_execute(&lock_transaction, CB_ARGS(report->job_id)) == 1)
	{
		report->has_tx = true;
		report->tx.id = cb_column_uuid(0, 1);
		report->tx.merchant_id = cb_column_uuid(0, 2);
		report->tx.has_plan = !cb_column_is_null(0, 3);
		report->tx.plan_id = cb_column_uuid(0, 3);
		report->tx.txid = cb_column_txid(0, 4);
		report->tx_is_pending = strcmp(cb_column_text(0, 5), "pending") == 0;
	}
	if (cb_execute(&lock_job, CB_ARGS(report->job_id)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("job does not exist")));
	report->kind = cb_column_text(0, 1);
	report->state = cb_column_text(0, 2);
	report->claimed_by = cb_column_text(0, 3);
	report->attempts = cb_column_int4(0, 4);
}

static const char *
apply(Report *report)
{
	char	   *message;

	cb_execute_one(&read_outcome, CB_ARGS(report->outcome));
	message = cb_column_text(0, 6);
	if (cb_column_bool(0, 2))
		return put_back(report, message);
	if (cb_column_bool(0, 1))
		return apply_results(report);
	if (cb_column_bool(0, 3))
		return finish(report, "done", NULL);
	if (cb_column_bool(0, 4))
	{
		cb_execute(&write_progress,
				   CB_ARGS(report->job_id, report->outcome, cb_timestamptz(report->now)));
		return "running";
	}
	if (!cb_column_bool(0, 5))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("outcome of a job is not understood"),
				 errdetail("It has none of \"results\", \"unreachable\", \"done\", \"progress\" and \"message\".")));
	if (cb_verdict(report->kind, 0, message) == CB_VERDICT_FINAL)
		return finish(report, "failed", message);
	return retry(report, message);
}

static const char *
apply_results(Report *report)
{
	char	   *message = NULL;

	/* Nothing is left to be done for what the chain has decided. */
	if (!report->has_tx || !report->tx_is_pending)
		return finish(report, "done", NULL);
	switch (judge_results(report, &message))
	{
		case CB_VERDICT_SUCCESS:
			return finish(report, "done", NULL);
		case CB_VERDICT_FINAL:
			return finish(report, "failed", message);
		case CB_VERDICT_LOOK:
		case CB_VERDICT_RETRY:
			break;
	}
	return retry(report, message);
}

/* The heaviest verdict decides, and gives its reason. */
static CbVerdict
judge_results(const Report *report, char **message)
{
	uint64		n = cb_execute(&read_results, CB_ARGS(cb_uuid(&report->tx.id), report->outcome));
	CbVerdict	worst = CB_VERDICT_SUCCESS;

	for (uint64 row = 0; row < n; row++)
	{
		CbVerdict	verdict = judge_result(report, row);

		if (verdict <= worst)
			continue;
		worst = verdict;
		*message = cb_column_text(row, 4);
	}
	if (*message == NULL)
		*message = "the node gave no reason";
	return worst;
}

/* Where the node cannot find the inputs, our own chain is asked who spent them. */
static CbVerdict
judge_result(const Report *report, uint64 row)
{
	CbVerdict	verdict;

	if (cb_column_is_null(row, 2))
		return CB_VERDICT_RETRY;
	if (cb_column_bool(row, 2))
		return CB_VERDICT_SUCCESS;
	verdict = cb_verdict(report->kind, cb_column_int4(row, 3), cb_column_text(row, 4));
	if (verdict == CB_VERDICT_LOOK)
		return cb_column_bool(row, 1) ? CB_VERDICT_SUCCESS : CB_VERDICT_RETRY;
	return verdict;
}

static const char *
finish(Report *report, const char *state, const char *message)
{
	cb_execute(&write_job,
			   CB_ARGS(report->job_id, cb_text(state), cb_null(), cb_int4(1), cb_text(message),
					   cb_timestamptz(report->now)));
	if (strcmp(state, "failed") == 0 && report->has_tx && report->tx_is_pending)
		fail_own_tx(report, message);
	return state;
}

static const char *
retry(Report *report, const char *message)
{
	double		delay = FIRST_DELAY;

	if (report->attempts + 1 >= MAX_ATTEMPTS)
		return finish(report, "failed", message);
	for (int i = 0; i < report->attempts && delay < LONGEST_DELAY; i++)
		delay *= 2;
	cb_execute(&write_job,
			   CB_ARGS(report->job_id, cb_text("queued"),
					   cb_timestamptz(after_delay(report, Min(delay, LONGEST_DELAY))),
					   cb_int4(1), cb_text(message), cb_null()));
	return "queued";
}

/* Not the job's fault, and not charged to it. */
static const char *
put_back(Report *report, const char *message)
{
	cb_execute(&write_job,
			   CB_ARGS(report->job_id, cb_text("queued"),
					   cb_timestamptz(after_delay(report, UNREACHABLE_DELAY)),
					   cb_int4(0), cb_text(message), cb_null()));
	return "queued";
}

/* A quarter more or less, so that jobs which failed together do not return together. */
static TimestampTz
after_delay(const Report *report, double seconds)
{
	double		jitter = 0.75 + pg_prng_double(&pg_global_prng_state) / 2;

	return report->now + (TimestampTz) (seconds * jitter * USECS_PER_SEC);
}

static void
fail_own_tx(const Report *report, const char *reason)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	cb_execute(&fail_transaction, CB_ARGS(cb_uuid(&report->tx.id), cb_text(reason)));
	cb_json_begin(&payload);
	cb_json_txid(&payload, "txid", &report->tx.txid);
	cb_json_text(&payload, "reason", reason);
	cb_event_uuid(&events, "transaction.failed", &report->tx.merchant_id, "transaction",
				  &report->tx.id, cb_json_end(&payload), report->now);
	cb_chain_listener()->own_transaction(&report->tx, CB_OWN_TX_LOST, &events);
	cb_events_write(&events);
}
