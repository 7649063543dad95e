/*-------------------------------------------------------------------------
 *
 * cb_prove_outcome.c
 *	  What becomes of a request: proved, failed, canceled.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_package.h"
#include "chain/cb_reservation.h"
#include "proving/cb_prove_internal.h"
#include "proving/cb_proving.h"
#include "utils/builtins.h"

#define CANCELED "canceled"

/* As an index has it. */
#define IS_OPEN "state IN ('waiting', 'gathering', 'proving')"

CB_STATEMENT(write_proved, "uuid",
			 "UPDATE charmbills.prove_requests SET state = 'proved' "
			 "WHERE transaction_id = $1 AND state = 'proving'");
CB_STATEMENT(write_transactions, "uuid text text txid txid",
			 "UPDATE charmbills.transactions "
			 "SET commit_tx = $2, spell_tx = $3, commit_txid = $4, spell_txid = $5 WHERE id = $1");
CB_STATEMENT(write_failed, "uuid text",
			 "UPDATE charmbills.transactions SET status = 'failed', error_message = $2 "
			 "WHERE id = $1 AND status = 'pending_signature'");
CB_STATEMENT(close_request, "uuid",
			 "UPDATE charmbills.prove_requests SET state = 'failed' WHERE transaction_id = $1 AND " IS_OPEN);
/* Their transactions were given up, or came to be otherwise. */
CB_STATEMENT(close_stale, "",
			 "UPDATE charmbills.prove_requests r SET state = 'failed' FROM charmbills.transactions t "
			 "WHERE t.id = r.transaction_id AND r." IS_OPEN " AND t.status <> 'pending_signature' "
			 "RETURNING r.plan_id");
CB_STATEMENT(read_party, "uuid",
			 "SELECT merchant_id FROM charmbills.transactions WHERE id = $1");
CB_STATEMENT(lock_transaction, "uuid",
			 "SELECT t.status, t.error_message, r.plan_id FROM charmbills.transactions t "
			 "LEFT JOIN charmbills.prove_requests r ON r.transaction_id = t.id "
			 "WHERE t.id = $1 FOR NO KEY UPDATE OF t");
/*
 * What undone blocks had may be in the mempool, and soon be in others.  One that
 * somebody is at work on is left to fail by itself.
 */
CB_KEYS_STATEMENT(lock_lost, "uuid[]",
				  "SELECT t.id FROM charmbills.transactions t "
				  "JOIN charmbills.prove_requests r ON r.transaction_id = t.id "
				  "WHERE t.status = 'pending_signature' AND r.plan_id = ANY ($1) "
				  "  AND r.state IN ('gathering', 'proving', 'proved') AND t.type <> 'mint-nft' "
				  "  AND EXISTS (SELECT FROM unnest(r.inputs) i(outpoint) "
				  "              WHERE NOT EXISTS (SELECT FROM charmbills.charms c "
				  "                                WHERE c.outpoint = i.outpoint AND c.plan_id = r.plan_id "
				  "                                  AND c.spent_height IS NULL AND c.beamed_to IS NULL) "
				  "                AND NOT EXISTS (SELECT FROM charmbills.chain_transactions k "
				  "                                WHERE k.txid = charmbills.outpoint_txid(i.outpoint) "
				  "                                  AND k.status = 'seen')) "
				  "ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED");
/*
 * What is waited for is looked at for many plans, and one may have been reserved
 * for already: a plan that somebody else has is left to the next time, for he
 * may be waiting for that.
 */
CB_STATEMENT(lock_waiting, "",
			 "SELECT p.id FROM charmbills.plans p "
			 "WHERE p.id IN (SELECT r.plan_id FROM charmbills.prove_requests r WHERE r.state = 'waiting') "
			 "ORDER BY p.id FOR NO KEY UPDATE SKIP LOCKED");

static void announce(const char *type, const pg_uuid_t *merchant_id, const pg_uuid_t *id, char *payload);
static void give_up(const pg_uuid_t *id, const pg_uuid_t *merchant_id, const pg_uuid_t *plan_id,
					const char *reason);
static bool may_cancel(void);
static void fail_lost(const pg_uuid_t *plan_ids, int n);
static void begin_waiting(void);

bool
cb_prove_succeeded(const CbProveRequest *request, const char *commit_hex, const char *spell_hex)
{
	CbPackage	package;
	CbJson		payload;

	if (!request->is_open || cb_execute(&write_proved, CB_ARGS(cb_uuid(&request->transaction_id))) == 0)
		return false;
	cb_package_parse(commit_hex ? cstring_to_text(commit_hex) : NULL, cstring_to_text(spell_hex), &package);
	cb_execute(&write_transactions,
			   CB_ARGS(cb_uuid(&request->transaction_id), cb_text(commit_hex), cb_text(spell_hex),
					   cb_txid(package.has_commit ? &package.commit.txid : NULL),
					   cb_txid(&package.spell.txid)));
	cb_json_begin(&payload);
	cb_json_txid(&payload, "txid", &package.spell.txid);
	announce("transaction.proved", &request->merchant_id, &request->transaction_id, cb_json_end(&payload));
	return true;
}

static void
announce(const char *type, const pg_uuid_t *merchant_id, const pg_uuid_t *id, char *payload)
{
	CbEvents	events = {NIL};

	cb_event_uuid(&events, type, merchant_id, "transaction", id, payload, cb_now());
	cb_events_write(&events);
}

bool
cb_prove_failed(const CbProveRequest *request, const char *reason)
{
	if (!cb_prove_fail_alone(request, reason))
		return false;
	cb_prove_next(&request->plan_id);
	return true;
}

bool
cb_prove_fail_alone(const CbProveRequest *request, const char *reason)
{
	if (!request->is_open || request->state == CB_PROVE_PROVED || request->state == CB_PROVE_FAILED)
		return false;
	give_up(&request->transaction_id, &request->merchant_id, &request->plan_id, reason);
	return true;
}

/* The plan is NULL of a transaction that nobody was asked to prove. */
static void
give_up(const pg_uuid_t *id, const pg_uuid_t *merchant_id, const pg_uuid_t *plan_id, const char *reason)
{
	CbJson		payload;

	if (plan_id != NULL)
		cb_prove_lock_plan(plan_id);
	cb_execute(&write_failed, CB_ARGS(cb_uuid(id), cb_text(reason)));
	cb_execute(&close_request, CB_ARGS(cb_uuid(id)));
	cb_reservation_release(id);
	cb_job_withdraw(id, cb_now());
	cb_json_begin(&payload);
	cb_json_text(&payload, "reason", reason);
	announce("transaction.failed", merchant_id, id, cb_json_end(&payload));
}

/*
 * charmbills.cancel_transaction(transaction_id uuid) -> transactions
 *
 * One that was canceled before is given as it is.
 */
CB_FUNCTION(cancel_transaction, CB_MERCHANT)
{
	pg_uuid_t  *id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	plan_id;
	bool		has_plan;

	cb_require_args(fcinfo, 1);
	id = PG_GETARG_UUID_P(0);
	if (cb_execute(&read_party, CB_ARGS(cb_uuid(id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("transaction does not exist")));
	merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&merchant_id);
	cb_prove_lock_sandbox();
	cb_execute_one(&lock_transaction, CB_ARGS(cb_uuid(id)));
	has_plan = !cb_column_is_null(0, 3);
	plan_id = cb_column_uuid(0, 3);
	if (may_cancel())
	{
		give_up(id, &merchant_id, has_plan ? &plan_id : NULL, CANCELED);
		if (has_plan)
			cb_prove_next(&plan_id);
	}
	return cb_prove_return(fcinfo, id);
}

/* Judges the row just read.  False when it was canceled already. */
static bool
may_cancel(void)
{
	const char *status = cb_column_text(0, 1);
	const char *message = cb_column_text(0, 2);

	if (strcmp(status, "failed") == 0 && message != NULL && strcmp(message, CANCELED) == 0)
		return false;
	if (strcmp(status, "pending_signature") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("transaction is %s", status),
				 errdetail("Only one that waits for its signature can be canceled.")));
	return true;
}

void
cb_proving_follow(const pg_uuid_t *plan_ids, int n)
{
	if (n > 0)
		fail_lost(plan_ids, n);
	begin_waiting();
}

/* Nobody can sign them any more with effect. */
static void
fail_lost(const pg_uuid_t *plan_ids, int n)
{
	int			n_lost = (int) cb_execute(&lock_lost, CB_ARGS(cb_uuid_array(plan_ids, n)));
	pg_uuid_t  *lost = cb_column_uuids(n_lost);

	for (int i = 0; i < n_lost; i++)
	{
		CbProveRequest *request = cb_prove_request_load(&lost[i], false);

		give_up(&lost[i], &request->merchant_id, &request->plan_id,
				"the charms that it was to spend are not there any more");
	}
}

static void
begin_waiting(void)
{
	int			n = (int) cb_execute(&lock_waiting, CB_NO_ARGS);
	pg_uuid_t  *plans = cb_column_uuids(n);

	for (int i = 0; i < n; i++)
		cb_prove_next(&plans[i]);
}

int64
cb_proving_catch_up(void)
{
	int64		n = (int64) cb_execute(&close_stale, CB_NO_ARGS);

	begin_waiting();
	return n;
}
