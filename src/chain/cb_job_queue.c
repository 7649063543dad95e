/*-------------------------------------------------------------------------
 *
 * cb_job_queue.c
 *	  Putting work for the outside world into the queue.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_shared.h"
#include "cb_sql.h"
#include "chain/cb_job_queue.h"

/*
 * A job that runs at this moment is taken away from its worker, whose report
 * is then ignored: it tells of a try that came before.
 */
#define REQUEUE "ON CONFLICT (dedup_key) DO UPDATE " CB_JOB_REQUEUE_SET

CB_STATEMENT(insert_broadcasts, "uuid[] timestamptz",
			 "INSERT INTO charmbills.jobs AS j "
			 "       (kind, payload, merchant_id, dedup_key, run_after, created_at) "
			 "SELECT '" CB_JOB_BROADCAST "', pg_catalog.jsonb_build_object('transaction_id', t.id), "
			 "       t.merchant_id, '" CB_JOB_BROADCAST ":' || t.id, $2, $2 "
			 "FROM charmbills.transactions t WHERE t.id = ANY ($1) ORDER BY t.id "
			 REQUEUE);
CB_STATEMENT(insert_gather, "uuid outpoint[] timestamptz",
			 "INSERT INTO charmbills.jobs AS j "
			 "       (kind, payload, merchant_id, dedup_key, run_after, created_at) "
			 "SELECT '" CB_JOB_GATHER "', "
			 "       pg_catalog.jsonb_build_object('transaction_id', t.id, 'outpoints', $2::text[]), "
			 "       t.merchant_id, '" CB_JOB_GATHER ":' || t.id, $3, $3 "
			 "FROM charmbills.transactions t WHERE t.id = $1 "
			 REQUEUE);
CB_STATEMENT(insert_prove, "uuid timestamptz",
			 "INSERT INTO charmbills.jobs AS j "
			 "       (kind, payload, merchant_id, lane, dedup_key, run_after, created_at) "
			 "SELECT '" CB_JOB_PROVE "', pg_catalog.jsonb_build_object('transaction_id', t.id), "
			 "       t.merchant_id, '" CB_PROVER_LANE "', '" CB_JOB_PROVE ":' || t.id, $2, $2 "
			 "FROM charmbills.transactions t WHERE t.id = $1 "
			 REQUEUE);
CB_STATEMENT(withdraw, "uuid timestamptz",
			 "UPDATE charmbills.jobs "
			 "SET state = 'done', claimed_by = NULL, lease_until = NULL, finished_at = $2 "
			 "WHERE dedup_key IN ('" CB_JOB_GATHER ":' || $1, '" CB_JOB_PROVE ":' || $1) "
			 "  AND state IN ('queued', 'running')");
CB_STATEMENT(insert_rescan, "int4 timestamptz",
			 "INSERT INTO charmbills.jobs AS j (kind, payload, dedup_key, run_after, created_at) "
			 "VALUES ('" CB_JOB_RESCAN "', pg_catalog.jsonb_build_object('from_height', $1), "
			 "        '" CB_JOB_RESCAN ":' || $1, $2, $2) "
			 REQUEUE
			 "RETURNING id");

void
cb_job_queue_broadcasts(const pg_uuid_t *transaction_ids, int n, TimestampTz now)
{
	if (n == 0)
		return;
	cb_execute(&insert_broadcasts, CB_ARGS(cb_uuid_array(transaction_ids, n), cb_timestamptz(now)));
	cb_wake_on_commit();
}

void
cb_job_queue_gather(const pg_uuid_t *transaction_id, const CbOutpoint *outpoints, int n, TimestampTz now)
{
	cb_execute(&insert_gather,
			   CB_ARGS(cb_uuid(transaction_id), cb_outpoint_array(outpoints, n), cb_timestamptz(now)));
	cb_wake_on_commit();
}

void
cb_job_queue_prove(const pg_uuid_t *transaction_id, TimestampTz now)
{
	cb_execute(&insert_prove, CB_ARGS(cb_uuid(transaction_id), cb_timestamptz(now)));
	cb_wake_on_commit();
}

void
cb_job_withdraw(const pg_uuid_t *transaction_id, TimestampTz now)
{
	cb_execute(&withdraw, CB_ARGS(cb_uuid(transaction_id), cb_timestamptz(now)));
}

pg_uuid_t
cb_job_queue_rescan(int32 from_height, TimestampTz now)
{
	cb_execute_one(&insert_rescan, CB_ARGS(cb_int4(from_height), cb_timestamptz(now)));
	cb_wake_on_commit();
	return cb_column_uuid(0, 1);
}
