/*-------------------------------------------------------------------------
 *
 * cb_job.c
 *	  Jobs, as the worker takes them: what is to be done, and when.
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
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_incarnation.h"
#include "chain/cb_http_jobs.h"
#include "chain/cb_job_queue.h"
#include "utils/builtins.h"

/*
 * A lease that has run out counts as a try, so that a job which kills its
 * worker every time does not go on for ever.
 */
CB_STATEMENT(claim, "text int4 interval timestamptz bool",
			 "WITH due AS ("
			 "  SELECT id FROM charmbills.jobs "
			 "  WHERE $5 AND lane IS NULL AND state IN ('queued', 'running') "
			 "    AND ((state = 'queued' AND run_after <= $4) "
			 "      OR (state = 'running' AND lease_until <= $4)) "
			 "  ORDER BY run_after, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED"
			 "), claimed AS ("
			 "  UPDATE charmbills.jobs j "
			 "  SET state = 'running', claimed_by = $1, lease_until = $4 + $3, "
			 "      attempts = j.attempts + (j.state = 'running')::int "
			 "  FROM due WHERE j.id = due.id RETURNING j.*"
			 ") "
			 "SELECT * FROM claimed ORDER BY run_after, id");
/* Parents first; what is in a block already needs no broadcast. */
CB_STATEMENT(read_request, "uuid",
			 "SELECT j.kind, pg_catalog.jsonb_build_object('txs', "
			 "         coalesce((SELECT pg_catalog.jsonb_agg("
			 "                     pg_catalog.jsonb_build_object('txid', p.txid::text, 'hex', p.hex) "
			 "                     ORDER BY p.position) "
			 "                   FROM charmbills.transactions t "
			 "                   CROSS JOIN LATERAL (VALUES (1, t.commit_txid, t.commit_tx), "
			 "                                              (2, t.spell_txid, t.spell_tx)) "
			 "                                      p(position, txid, hex) "
			 "                   LEFT JOIN charmbills.chain_transactions k ON k.txid = p.txid "
			 "                   WHERE t.id = (j.payload->>'transaction_id')::uuid "
			 "                     AND t.status = 'pending' AND p.hex IS NOT NULL "
			 "                     AND k.status IS DISTINCT FROM 'confirmed'), '[]')) "
			 "FROM charmbills.jobs j WHERE j.id = $1");
/*
 * A few probes of partial indexes.  Nothing that waits for depth alone waits
 * for the mempool.
 */
CB_STATEMENT(read_agenda, "bool bool timestamptz",
			 "SELECT EXISTS (SELECT FROM charmbills.invoices WHERE status = 'open' AND address IS NOT NULL) "
			 "       OR EXISTS (SELECT FROM charmbills.transactions WHERE status = 'pending') "
			 "       OR EXISTS (SELECT FROM charmbills.chain_transactions WHERE status = 'seen') "
			 "         AS awaiting_mempool, "
			 "       (SELECT min(CASE state WHEN 'queued' THEN run_after ELSE lease_until END) "
			 "        FROM charmbills.jobs "
			 "        WHERE $1 AND lane IS NULL AND state IN ('queued', 'running')) AS next_job_at, "
			 "       least((SELECT min(next_boundary) FROM charmbills.subscription_facts "
			 "              WHERE next_boundary IS NOT NULL), "
			 "             (SELECT min(next_invoice_at) FROM charmbills.subscription_facts "
			 "              WHERE next_invoice_at IS NOT NULL AND held_until IS NULL), "
			 "             (SELECT min(token_check_at) FROM charmbills.subscription_facts "
			 "              WHERE token_check_at > '-infinity'), "
			 "             (SELECT min(next_action_at) FROM charmbills.invoices "
			 "              WHERE next_action_at IS NOT NULL AND status IN ('open', 'expired')), "
			 "             (SELECT min(expires_at) FROM charmbills.invoices "
			 "              WHERE status = 'open' AND (received_sats = 0 OR kind = 'change')), "
			 "             (SELECT min(created_at) FROM charmbills.transactions "
			 "              WHERE status = 'pending_signature') + interval '48 hours', "
			 "             (SELECT min(next_fetch_at) FROM charmbills.currencies)) AS next_billing_at, "
			 "       (SELECT stopped_reason FROM charmbills.chain_state) AS stopped_reason, "
			 "       $2 AS adopted, "
			 "       EXISTS (SELECT FROM charmbills.watched_scripts WHERE NOT is_armed) "
			 "       OR EXISTS (SELECT FROM charmbills.watched_outpoints WHERE NOT is_armed) "
			 "       OR EXISTS (SELECT FROM charmbills.watched_apps WHERE NOT is_armed) AS unarmed, "
			 "       $3 AS next_http_at");

/* charmbills.claim_jobs(worker text, max_jobs integer, lease interval) -> setof jobs */
CB_FUNCTION(claim_jobs, CB_OPERATOR)
{
	bool		may_run;

	cb_check_claim(fcinfo);
	may_run = cb_guc_jobs && cb_incarnation_is_ours();
	cb_execute(&claim,
			   CB_ARGS(cb_arg(fcinfo, 0), cb_arg(fcinfo, 1), cb_arg(fcinfo, 2),
					   cb_timestamptz(cb_now()), cb_bool(may_run)));
	return cb_return_rows(fcinfo);
}

void
cb_check_claim(FunctionCallInfo fcinfo)
{
	cb_require_args(fcinfo, 3);
	if (PG_GETARG_INT32(1) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("max_jobs must be positive")));
}

/* charmbills.broadcast_request(job_id uuid) -> jsonb */
CB_FUNCTION(broadcast_request, CB_OPERATOR)
{
	bool		isnull;

	cb_require_args(fcinfo, 1);
	if (cb_execute(&read_request, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("job does not exist")));
	if (strcmp(cb_column_text(0, 1), CB_JOB_BROADCAST) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a job of kind \"%s\" broadcasts nothing", cb_column_text(0, 1))));
	return cb_column(0, 2, &isnull);
}

/* charmbills.worker_agenda() -> one row */
CB_FUNCTION(worker_agenda, CB_OPERATOR)
{
	bool		is_ours = cb_incarnation_is_ours();
	bool		may_run = cb_guc_jobs && is_ours;
	NullableDatum next_http_at = may_run ? cb_http_jobs_next() : cb_null();

	cb_execute_one(&read_agenda, CB_ARGS(cb_bool(may_run), cb_bool(is_ours), next_http_at));
	return cb_return_rows(fcinfo);
}
