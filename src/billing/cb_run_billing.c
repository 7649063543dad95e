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
#include "billing/cb_dunning.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_invoice.h"
#include "billing/cb_isolate.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_rate_source.h"
#include "billing/cb_run_billing.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription.h"
#include "billing/cb_token_verify.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charm_check.h"
#include "chain/cb_incarnation.h"
#include "chain/cb_reservation.h"
#include "charms/cb_spell.h"
#include "miscadmin.h"
#include "proving/cb_proving.h"
#include "utils/builtins.h"
#include "webhooks/cb_webhook.h"

#define DEFAULT_MAX_ROWS 1000
/* Of whom the proofs behind their tokens are checked at once, which takes milliseconds each. */
#define VERIFIED_ROWS 100
/* Subscriptions that are worked on at once, and fail or go well together. */
#define BATCH_ROWS 500

/* What came in time keeps an invoice i open; of a change only what covers it, and then it is processing. */
#define NOTHING_IN_TIME \
	"AND (i.kind = 'change' " \
	"     OR NOT EXISTS (SELECT FROM charmbills.payments p " \
	"                    WHERE p.invoice_id = i.id AND p.status IN ('seen', 'confirmed') " \
	"                          AND least(p.first_seen_at, p.block_median_time) < i.expires_at)) "

CB_STATEMENT(lock_expired, "timestamptz int8",
			 "SELECT i.id FROM charmbills.invoices i "
			 "JOIN charmbills.subscription_facts s ON s.id = i.subscription_id "
			 "WHERE i.status = 'open' AND i.expires_at <= $1 " NOTHING_IN_TIME
			 "ORDER BY i.expires_at LIMIT $2 FOR NO KEY UPDATE OF s, i SKIP LOCKED");
CB_STATEMENT(lock_expired_one_off, "timestamptz int8",
			 "SELECT i.id FROM charmbills.invoices i "
			 "WHERE i.status = 'open' AND i.expires_at <= $1 AND i.subscription_id IS NULL " NOTHING_IN_TIME
			 "ORDER BY i.expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED");
/* Whoever calls until nothing is due must not call for ever. */
CB_STATEMENT(count_expired, "uuid[]",
			 "SELECT count(*) FROM charmbills.invoices WHERE id = ANY ($1) AND status <> 'open'");
/*
 * Merchants' counters too, which issuing is about to lock, and first: two callers
 * who come to the same merchants in another order must not wait for one another,
 * and what is left to another is not locked.
 */
CB_STATEMENT(lock_renewals, "timestamptz int8",
			 "SELECT s.id FROM charmbills.merchant_counters c "
			 "JOIN charmbills.subscription_facts s ON s.merchant_id = c.merchant_id "
			 "WHERE s.next_invoice_at <= $1 AND (s.held_until IS NULL OR s.held_until <= $1) "
			 "ORDER BY s.next_invoice_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED");
CB_STATEMENT(lock_boundaries, "timestamptz int8 timestamptz",
			 "SELECT s.id FROM charmbills.subscription_facts s "
			 "WHERE s.next_boundary <= $1 "
			 "      AND (s.next_boundary <= $3 OR least(s.ended_at, s.paused_at, s.next_plan_at) <= $1) "
			 "ORDER BY s.next_boundary LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED");
/* One look at every index that says when something is due. */
CB_STATEMENT(look, "timestamptz timestamptz timestamptz",
			 "SELECT EXISTS (SELECT FROM charmbills.subscription_facts WHERE next_invoice_at <= $1) "
			 "       OR EXISTS (SELECT FROM charmbills.subscription_facts WHERE next_boundary <= $1) "
			 "       OR EXISTS (SELECT FROM charmbills.invoices WHERE status = 'open' AND expires_at <= $2) "
			 "       OR EXISTS (SELECT FROM charmbills.invoices "
			 "                  WHERE next_action_at <= $2 AND status IN ('open', 'expired')) "
			 "       OR EXISTS (SELECT FROM charmbills.transactions "
			 "                  WHERE status = 'pending_signature' AND created_at <= $1 - interval '48 hours') "
			 "       OR EXISTS (SELECT FROM charmbills.merchant_counters c, charmbills.chain_state s "
			 "                  WHERE c.series <> s.series) "
			 "       OR EXISTS (SELECT FROM " CB_RATES_DUE ") "
			 "       OR EXISTS (SELECT FROM " CB_OLD_KEYS ") "
			 "       OR EXISTS (SELECT FROM " CB_OLD_DELIVERIES ") "
			 "       OR EXISTS (SELECT FROM " CB_TOKENS_DUE("$3") ") "
			 "       OR EXISTS (SELECT FROM charmbills.charm_transactions "
			 "                  WHERE verdict = 'unsupported' "
			 "                        AND judged_by < " CppAsString2(CB_SPELL_MAX_VERSION) ")");
/* Plans come before reservations, and nobody is waited for with all that is billed. */
CB_STATEMENT(fail_unsigned, "timestamptz int8",
			 "WITH plans AS (SELECT p.id FROM charmbills.plans p "
			 "               WHERE p.id IN (SELECT t.plan_id FROM charmbills.transactions t "
			 "                              WHERE t.status = 'pending_signature' "
			 "                                AND t.created_at <= $1 - interval '48 hours') "
			 "               FOR NO KEY UPDATE SKIP LOCKED), "
			 "     due AS (SELECT t.id FROM charmbills.transactions t "
			 "             WHERE t.status = 'pending_signature' AND t.created_at <= $1 - interval '48 hours' "
			 "               AND (t.plan_id IS NULL OR t.plan_id IN (SELECT id FROM plans)) "
			 "             ORDER BY t.created_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) "
			 "UPDATE charmbills.transactions t "
			 "SET status = 'failed', error_message = 'not signed within 48 hours' "
			 "FROM due WHERE t.id = due.id "
			 "RETURNING t.id, t.merchant_id, t.plan_id, coalesce(t.spell_txid, t.commit_txid)");

/* Work on subscriptions that is done in batches. */
typedef struct Step
{
	CbStatement *lock;			/* those that are due: until when, how many, and the third if it asks for it */
	NullableDatum until;
	NullableDatum lapse;
	CbBatchWork work;
	CbHold		hold;			/* for those that fail */
} Step;

static bool is_anything_due(TimestampTz now, TimestampTz until, TimestampTz lapse);
static int64 expire_invoices(CbStatement *lock, TimestampTz until, TimestampTz now, int64 max_rows);
static int64 work_on_invoices(TimestampTz until, TimestampTz now, int64 max_rows);
static int64 renew_subscriptions(TimestampTz as_of, TimestampTz now, int64 max_rows);
static void renew_batch(const pg_uuid_t *ids, int n, TimestampTz now);
static int64 announce_boundaries(TimestampTz now, int64 max_rows);
static void announce_batch(const pg_uuid_t *ids, int n, TimestampTz now);
static int64 run_step(const Step *step, TimestampTz now, int64 max_rows);
static int64 fail_unsigned_transactions(TimestampTz now, int64 max_rows, CbEvents *events);

/*
 * In a copy of the database that nobody has adopted nothing is done at all.
 * What is judged by the payments made until then goes by how far the chain has
 * been followed, never by the clock alone.  What was due at as_of is done now: an
 * invoice must not be born expired.  Renewals come before boundaries: a period
 * that credit pays follows the one before without a gap.
 */
int64
cb_run_billing(TimestampTz as_of, int64 max_rows)
{
	CbEvents	events = {NIL};
	CbChainState chain;
	TimestampTz now = cb_now();
	TimestampTz until;
	TimestampTz lapse;
	int64		done = 0;

	if (!cb_incarnation_is_current())
	{
		if (!cb_incarnation_is_ours())
			return 0;
		cb_incarnation_check();
	}
	cb_chain_state_read(&chain);
	until = Min(as_of, chain.followed_until);
	lapse = cb_lapse_at(as_of, chain.followed_until);
	if (!is_anything_due(as_of, until, lapse))
		return 0;
	/* First, since both may lock the cursor, which comes before all else. */
	done += cb_charm_rejudge();
	done += cb_tokens_verify_due(lapse, now, Min(max_rows, VERIFIED_ROWS));
	done += cb_rates_queue_due(as_of);
	done += cb_idempotency_clean_up(as_of, max_rows);
	done += cb_webhook_clean_up(as_of, max_rows);
	done += expire_invoices(&lock_expired, until, now, max_rows);
	done += expire_invoices(&lock_expired_one_off, until, now, max_rows);
	done += renew_subscriptions(as_of, now, max_rows);
	done += announce_boundaries(as_of, max_rows);
	done += work_on_invoices(until, now, max_rows);
	done += fail_unsigned_transactions(as_of, max_rows, &events);
	cb_events_write(&events);
	done += cb_proving_catch_up();
	done += cb_address_pool_catch_up(max_rows);
	return done;
}

static bool
is_anything_due(TimestampTz now, TimestampTz until, TimestampTz lapse)
{
	cb_execute_one(&look, CB_ARGS(cb_timestamptz(now), cb_timestamptz(until), cb_timestamptz(lapse)));
	return cb_column_bool(0, 1);
}

static int64
expire_invoices(CbStatement *lock, TimestampTz until, TimestampTz now, int64 max_rows)
{
	CbEvents	events = {NIL};
	int			n = (int) cb_execute(lock, CB_ARGS(cb_timestamptz(until), cb_int8(max_rows)));
	pg_uuid_t  *ids = cb_column_uuids(n);

	cb_settle_invoices(ids, n, now, &events);
	cb_events_write(&events);
	cb_execute_one(&count_expired, CB_ARGS(cb_uuid_array(ids, n)));
	return cb_column_int8(0, 1);
}

static int64
work_on_invoices(TimestampTz until, TimestampTz now, int64 max_rows)
{
	CbEvents	events = {NIL};
	int64		n = cb_dunning_run(until, now, max_rows, &events);

	cb_events_write(&events);
	return n;
}

static int64
renew_subscriptions(TimestampTz as_of, TimestampTz now, int64 max_rows)
{
	Step		step = {
		.lock = &lock_renewals,
		.until = cb_timestamptz(as_of),
		.work = renew_batch,
		.hold = CB_HOLD_RENEWAL
	};

	return run_step(&step, now, max_rows);
}

static void
renew_batch(const pg_uuid_t *ids, int n, TimestampTz now)
{
	CbEvents	events = {NIL};

	cb_invoice_renew(ids, n, now, &events);
	cb_events_write(&events);
}

static int64
announce_boundaries(TimestampTz now, int64 max_rows)
{
	Step		step = {
		.lock = &lock_boundaries,
		.until = cb_timestamptz(now),
		.lapse = cb_timestamptz(cb_lapse_clock(now)),
		.work = announce_batch,
		.hold = CB_HOLD_BOUNDARY
	};

	return run_step(&step, now, max_rows);
}

static void
announce_batch(const pg_uuid_t *ids, int n, TimestampTz now)
{
	CbEvents	events = {NIL};
	TimestampTz lapse = cb_lapse_clock(now);

	for (int i = 0; i < n; i++)
		cb_subscription_catch_up(&ids[i], now, lapse, &events);
	cb_events_write(&events);
}

/* Each batch in a connection of its own, so that memory stays as it is. */
static int64
run_step(const Step *step, TimestampTz now, int64 max_rows)
{
	int64		done = 0;

	while (done < max_rows)
	{
		int			n;

		CHECK_FOR_INTERRUPTS();
		SPI_connect();
		n = (int) cb_execute(step->lock,
							 CB_ARGS(step->until, cb_int8(Min(max_rows - done, BATCH_ROWS)), step->lapse));
		done += cb_isolate(step->work, step->hold, cb_column_uuids(n), n, now);
		SPI_finish();
		if (n < BATCH_ROWS)
			break;
	}
	return done;
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

		cb_reservation_release(&failed[i].id);
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
