/*-------------------------------------------------------------------------
 *
 * cb_job_node.c
 *	  Jobs that the Bitcoin node does: what their results mean.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_change.h"
#include "chain/cb_job_kind.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_own_tx.h"
#include "chain/cb_reservation.h"
#include "chain/cb_node_verdict.h"
#include "types/cb_types.h"

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
CB_STATEMENT(lock_transaction, "jsonb",
			 "SELECT t.id, t.merchant_id, t.plan_id, coalesce(t.spell_txid, t.commit_txid), t.status "
			 "FROM charmbills.transactions t "
			 "WHERE t.id = ($1->>'transaction_id')::uuid FOR NO KEY UPDATE");
CB_STATEMENT(read_outcome, "jsonb",
			 "SELECT pg_catalog.jsonb_typeof($1->'results') = 'array', $1->'unreachable' = 'true', "
			 "       $1->'done' = 'true', pg_catalog.jsonb_typeof($1->'progress') = 'number', "
			 "       pg_catalog.jsonb_typeof($1->'message') = 'string', $1->>'message'");
/* One row for each transaction that is to be sent; what the node did not say is null. */
CB_STATEMENT(read_results, "uuid jsonb",
			 "SELECT k.status IN ('confirmed', 'seen'), r.ok, r.code, r.message, p.hex "
			 "FROM charmbills.transactions t "
			 "CROSS JOIN LATERAL (VALUES (1, t.commit_txid, t.commit_tx), "
			 "                           (2, t.spell_txid, t.spell_tx)) p(position, txid, hex) "
			 "LEFT JOIN charmbills.chain_transactions k ON k.txid = p.txid "
			 "LEFT JOIN pg_catalog.jsonb_to_recordset($2->'results') "
			 "          r(txid text, ok boolean, code integer, message text) ON r.txid = p.txid::text "
			 "WHERE t.id = $1 AND p.txid IS NOT NULL AND k.status IS DISTINCT FROM 'confirmed' "
			 "ORDER BY p.position");
CB_STATEMENT(write_progress, "uuid jsonb timestamptz",
			 "UPDATE charmbills.jobs "
			 "SET payload = payload || pg_catalog.jsonb_build_object('progress', $2->'progress'), "
			 "    lease_until = greatest(lease_until, $3 + interval '" PROGRESS_LEASE "') "
			 "WHERE id = $1");
CB_STATEMENT(fail_transaction, "uuid text",
			 "UPDATE charmbills.transactions SET status = 'failed', error_message = $2 WHERE id = $1");

/* What a job is tried for: a transaction of ours, if it is there. */
typedef struct Target
{
	bool		has_tx;
	bool		tx_is_pending;
	CbOwnTx		tx;
} Target;

/* A report, and the job it is of. */
typedef struct Report
{
	const CbJob *job;
	const Target *target;
	NullableDatum outcome;
} Report;

static void *lock_target(const CbJob *job);
static const char *apply(const CbJob *job, void *locked, NullableDatum outcome);
static const char *apply_results(const Report *report);
static CbNodeVerdict judge_results(const Report *report, char **message);
static CbNodeVerdict judge_result(const Report *report, uint64 row);
static char *explain(CbNodeVerdict verdict, uint64 row);
static const char *fail(const Report *report, const char *message);
static const char *retry(const Report *report, const char *message);
static void fail_own_tx(const Report *report, const char *reason);

static const CbJobKind broadcast = {
	.name = CB_JOB_BROADCAST,
	.lock = lock_target,
	.report = apply,
};

static const CbJobKind rescan = {
	.name = CB_JOB_RESCAN,
	.lock = lock_target,
	.report = apply,
};

void
cb_node_jobs_register(void)
{
	cb_job_kind_register(&broadcast);
	cb_job_kind_register(&rescan);
}

/* A rescan has no transaction, and finds none. */
static void *
lock_target(const CbJob *job)
{
	Target	   *target = palloc0(sizeof(Target));

	if (cb_execute(&lock_transaction, CB_ARGS(job->payload)) == 1)
	{
		target->has_tx = true;
		target->tx.id = cb_column_uuid(0, 1);
		target->tx.merchant_id = cb_column_uuid(0, 2);
		target->tx.has_plan = !cb_column_is_null(0, 3);
		target->tx.plan_id = cb_column_uuid(0, 3);
		target->tx.txid = cb_column_txid(0, 4);
		target->tx_is_pending = strcmp(cb_column_text(0, 5), "pending") == 0;
	}
	return target;
}

static const char *
apply(const CbJob *job, void *locked, NullableDatum outcome)
{
	Report		report = {job, locked, outcome};
	char	   *message;

	cb_execute_one(&read_outcome, CB_ARGS(outcome));
	message = cb_column_text(0, 6);
	/* Not the job's fault, and not charged to it. */
	if (cb_column_bool(0, 2))
		return cb_job_retry(job, cb_job_after(job, UNREACHABLE_DELAY), false, message);
	if (cb_column_bool(0, 1))
		return apply_results(&report);
	if (cb_column_bool(0, 3))
		return cb_job_done(job);
	if (cb_column_bool(0, 4))
	{
		cb_execute(&write_progress, CB_ARGS(cb_uuid(&job->id), outcome, cb_timestamptz(job->now)));
		return "running";
	}
	if (!cb_column_bool(0, 5))
		cb_job_outcome_unknown("\"results\", \"unreachable\", \"done\", \"progress\" and \"message\"");
	if (cb_node_verdict(job->kind, 0, message) >= CB_NODE_FINAL)
		return fail(&report, message);
	return retry(&report, message);
}

static const char *
apply_results(const Report *report)
{
	char	   *message = NULL;

	/* Nothing is left to be done for what the chain has decided. */
	if (!report->target->tx_is_pending)
		return cb_job_done(report->job);
	switch (judge_results(report, &message))
	{
		case CB_NODE_SUCCESS:
			return cb_job_done(report->job);
		case CB_NODE_FINAL:
		case CB_NODE_NOT_RELAYED:
			return fail(report, message);
		case CB_NODE_LOOK:
		case CB_NODE_RETRY:
			break;
	}
	return retry(report, message);
}

/* The heaviest verdict decides, and gives its reason. */
static CbNodeVerdict
judge_results(const Report *report, char **message)
{
	uint64		n = cb_execute(&read_results, CB_ARGS(cb_uuid(&report->target->tx.id), report->outcome));
	CbNodeVerdict worst = CB_NODE_SUCCESS;

	for (uint64 row = 0; row < n; row++)
	{
		CbNodeVerdict verdict = judge_result(report, row);

		if (verdict <= worst)
			continue;
		worst = verdict;
		*message = explain(verdict, row);
	}
	if (*message == NULL)
		*message = "the node gave no reason";
	return worst;
}

/* Where the node cannot find the inputs, our own chain is asked who spent them. */
static CbNodeVerdict
judge_result(const Report *report, uint64 row)
{
	CbNodeVerdict verdict;

	if (cb_column_is_null(row, 2))
		return CB_NODE_RETRY;
	if (cb_column_bool(row, 2))
		return CB_NODE_SUCCESS;
	verdict = cb_node_verdict(report->job->kind, cb_column_int4(row, 3), cb_column_text(row, 4));
	if (verdict == CB_NODE_LOOK)
		return cb_column_bool(row, 1) ? CB_NODE_SUCCESS : CB_NODE_RETRY;
	return verdict;
}

/* What the node said of a transaction, and what to do about that. */
static char *
explain(CbNodeVerdict verdict, uint64 row)
{
	char	   *message = cb_column_text(row, 4);
	const char *advice = NULL;
	bool		isnull;
	Datum		hex = cb_column(row, 5, &isnull);

	if (message != NULL && !isnull)
	{
		CbSpan		raw = cb_hex_arg(hex, "transaction");
		CbTx		tx;

		if (cb_tx_parse(raw.data, raw.len, &tx) == CB_OK)
			advice = cb_node_advice(verdict, &tx);
	}
	return advice ? psprintf("%s: %s", message, advice) : message;
}

static const char *
fail(const Report *report, const char *message)
{
	const char *state = cb_job_failed(report->job, message);

	if (report->target->tx_is_pending)
		fail_own_tx(report, message);
	return state;
}

static const char *
retry(const Report *report, const char *message)
{
	double		delay = FIRST_DELAY;

	if (report->job->attempts + 1 >= MAX_ATTEMPTS)
		return fail(report, message);
	for (int i = 0; i < report->job->attempts && delay < LONGEST_DELAY; i++)
		delay *= 2;
	return cb_job_retry(report->job, cb_job_after(report->job, Min(delay, LONGEST_DELAY)), true, message);
}

static void
fail_own_tx(const Report *report, const char *reason)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	cb_execute(&fail_transaction, CB_ARGS(cb_uuid(&report->target->tx.id), cb_text(reason)));
	cb_json_begin(&payload);
	cb_json_txid(&payload, "txid", &report->target->tx.txid);
	cb_json_text(&payload, "reason", reason);
	cb_event_uuid(&events, "transaction.failed", &report->target->tx.merchant_id, "transaction",
				  &report->target->tx.id, cb_json_end(&payload), report->job->now);
	cb_own_tx_lock_plan(&report->target->tx.id);
	cb_reservation_inherit(cb_uuid_array(&report->target->tx.id, 1));
	cb_chain_listener()->own_transaction(&report->target->tx, CB_OWN_TX_LOST, &events);
	cb_events_write(&events);
}
