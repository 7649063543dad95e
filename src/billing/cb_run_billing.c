/*-------------------------------------------------------------------------
 *
 * cb_run_billing.c
 *	  Everything that time makes due.
 *
 * Each kind of work is a step: find due rows by an index, lock those that
 * nobody else holds, recompute them.  Any number of callers may run it at once;
 * what one holds, another skips.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_run_billing.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

#define DEFAULT_MAX_ROWS 1000

CB_STATEMENT(lock_expired, "timestamptz int8",
			 "SELECT i.id FROM charmbills.invoices i "
			 "JOIN charmbills.subscription_facts s ON s.id = i.subscription_id "
			 "WHERE i.status = 'open' AND i.expires_at <= $1 "
			 "      AND NOT EXISTS (SELECT FROM charmbills.payments p "
			 "                      WHERE p.invoice_id = i.id AND p.status IN ('seen', 'confirmed') "
			 "                            AND least(p.first_seen_at, p.block_median_time) < i.expires_at) "
			 "ORDER BY i.expires_at LIMIT $2 FOR NO KEY UPDATE OF s, i SKIP LOCKED");
CB_STATEMENT(lock_boundaries, "timestamptz timestamptz int8",
			 "SELECT s.id, s.next_boundary FROM charmbills.subscription_facts s "
			 "WHERE s.next_boundary <= $2 "
			 "      AND (s.next_boundary <= $1 OR least(s.ended_at, s.paused_at) <= $2) "
			 "ORDER BY s.next_boundary LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED");
CB_STATEMENT(read_boundary, "uuid",
			 "SELECT s.next_boundary FROM charmbills.subscription_facts s WHERE s.id = $1");
CB_STATEMENT(fail_unsigned, "timestamptz int8",
			 "WITH due AS (SELECT t.id FROM charmbills.transactions t "
			 "             WHERE t.status = 'pending_signature' AND t.created_at <= $1 - interval '48 hours' "
			 "             ORDER BY t.created_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) "
			 "UPDATE charmbills.transactions t "
			 "SET status = 'failed', error_message = 'not signed within 48 hours' "
			 "FROM due WHERE t.id = due.id "
			 "RETURNING t.id, t.merchant_id, t.plan_id, coalesce(t.spell_txid, t.commit_txid)");
CB_STATEMENT(release_reservations, "uuid",
			 "DELETE FROM charmbills.used_utxos "
			 "WHERE transaction_id = $1 AND NOT confirmed AND spent_by IS NULL");

static int64 expire_invoices(TimestampTz now, int64 max_rows, CbEvents *events);
static int64 announce_boundaries(TimestampTz now, int64 max_rows, CbEvents *events);
static void step_through_boundaries(const pg_uuid_t *id, TimestampTz boundary, TimestampTz now,
									TimestampTz lapse, CbEvents *events);
static int64 fail_unsigned_transactions(TimestampTz now, int64 max_rows, CbEvents *events);

/*
 * In a copy of the database that nobody has adopted nothing is done at all.
 */
int64
cb_run_billing(TimestampTz as_of, int64 max_rows)
{
	CbEvents	events = {NIL};
	int64		done = 0;

	if (!cb_incarnation_is_ours())
		return 0;
	cb_incarnation_check();
	done += expire_invoices(as_of, max_rows, &events);
	done += announce_boundaries(as_of, max_rows, &events);
	done += fail_unsigned_transactions(as_of, max_rows, &events);
	cb_events_write(&events);
	done += cb_address_pool_catch_up(max_rows);
	return done;
}

/* Judged by how far the chain has been followed, never by the clock alone. */
static int64
expire_invoices(TimestampTz now, int64 max_rows, CbEvents *events)
{
	CbChainState chain;
	TimestampTz until;
	pg_uuid_t  *ids;
	int			n;

	cb_chain_state_read(&chain);
	until = Min(now, chain.followed_until);
	n = (int) cb_execute(&lock_expired, CB_ARGS(cb_timestamptz(until), cb_int8(max_rows)));
	ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	for (int i = 0; i < n; i++)
		ids[i] = cb_column_uuid(i, 1);
	cb_settle_invoices(ids, n, now, events);
	return n;
}

static int64
announce_boundaries(TimestampTz now, int64 max_rows, CbEvents *events)
{
	TimestampTz lapse = cb_lapse_clock(now);
	int			n = (int) cb_execute(&lock_boundaries,
									 CB_ARGS(cb_timestamptz(lapse), cb_timestamptz(now), cb_int8(max_rows)));
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	TimestampTz *boundaries = palloc(sizeof(TimestampTz) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		ids[i] = cb_column_uuid(i, 1);
		boundaries[i] = cb_column_timestamptz(i, 2);
	}
	for (int i = 0; i < n; i++)
		step_through_boundaries(&ids[i], boundaries[i], now, lapse, events);
	return n;
}

/* Several may have passed: announce each, in order, dated when it was. */
static void
step_through_boundaries(const pg_uuid_t *id, TimestampTz boundary, TimestampTz now,
						TimestampTz lapse, CbEvents *events)
{
	while (boundary <= lapse)
	{
		cb_subscription_refresh_at(id, 1, boundary, boundary, events);
		if (cb_execute(&read_boundary, CB_ARGS(cb_uuid(id))) == 0 || cb_column_is_null(0, 1))
			return;
		boundary = cb_column_timestamptz(0, 1);
	}
	if (boundary <= now)
		cb_subscription_refresh_at(id, 1, now, lapse, events);
}

static int64
fail_unsigned_transactions(TimestampTz now, int64 max_rows, CbEvents *events)
{
	int			n = (int) cb_execute(&fail_unsigned, CB_ARGS(cb_timestamptz(now), cb_int8(max_rows)));
	CbOwnTx    *failed = palloc0(sizeof(CbOwnTx) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		failed[i].id = cb_column_uuid(i, 1);
		failed[i].merchant_id = cb_column_uuid(i, 2);
		failed[i].has_plan = !cb_column_is_null(i, 3);
		failed[i].plan_id = cb_column_uuid(i, 3);
		failed[i].txid = cb_column_txid(i, 4);
	}
	for (int i = 0; i < n; i++)
	{
		CbJson		payload;

		cb_execute(&release_reservations, CB_ARGS(cb_uuid(&failed[i].id)));
		cb_json_begin(&payload);
		cb_json_text(&payload, "reason", "not signed within 48 hours");
		cb_event_uuid(events, "transaction.failed", &failed[i].merchant_id, "transaction",
					  &failed[i].id, cb_json_end(&payload), now);
		cb_plan_own_transaction(&failed[i], CB_OWN_TX_LOST, events);
	}
	return n;
}

/* charmbills.run_billing(as_of timestamptz, max_rows integer) -> integer */
CB_FUNCTION(run_billing, CB_OPERATOR)
{
	TimestampTz now = cb_now();
	TimestampTz as_of = PG_ARGISNULL(0) ? now : PG_GETARG_TIMESTAMPTZ(0);
	int64		max_rows = PG_ARGISNULL(1) ? DEFAULT_MAX_ROWS : PG_GETARG_INT32(1);

	if (max_rows <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("max_rows must be positive")));
	if (as_of > now)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("billing cannot be run for the future"),
				 errhint("In the sandbox, charmbills.sandbox_advance_clock() moves the clock.")));
	PG_RETURN_INT32((int32) cb_run_billing(as_of, max_rows));
}
