/*-------------------------------------------------------------------------
 *
 * cb_broadcast.c
 *	  Sending transactions of ours.
 *
 * Nothing is sent from here: what is spent is reserved and watched, and a job
 * is queued, all in the caller's transaction.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_event.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_transition.h"
#include "cb_uuid.h"
#include "chain/cb_broadcast.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charmed.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_known_tx.h"
#include "chain/cb_own_tx.h"
#include "chain/cb_reservation.h"

CB_STATEMENT(lock_rows, "uuid uuid txid",
			 "SELECT FROM charmbills.transactions "
			 "WHERE id IN ($1, $2) OR spell_txid = $3 OR (commit_txid = $3 AND spell_txid IS NULL) "
			 "ORDER BY id FOR NO KEY UPDATE");
CB_STATEMENT(revive_transaction, "uuid text text txid txid",
			 "UPDATE charmbills.transactions "
			 "SET status = 'pending', error_message = NULL, "
			 "    commit_tx = coalesce($2, commit_tx), spell_tx = coalesce($3, spell_tx), "
			 "    commit_txid = coalesce($4, commit_txid), spell_txid = coalesce($5, spell_txid) "
			 "WHERE id = $1");
CB_STATEMENT(read_transaction, "uuid",
			 "SELECT type, plan_id FROM charmbills.transactions WHERE id = $1");
/* Inputs of every known transaction are in watched_outpoints. */
CB_STATEMENT(compare_rows, "uuid uuid outpoint[]",
			 "SELECT old.status, "
			 "       (old.merchant_id, old.plan_id, old.subscription_id, old.type) "
			 "       IS NOT DISTINCT FROM (new.merchant_id, new.plan_id, new.subscription_id, new.type), "
			 "       EXISTS (SELECT FROM charmbills.watched_outpoints w "
			 "               WHERE w.outpoint = ANY ($3) AND w.spender IN (old.commit_txid, old.spell_txid)) "
			 "FROM charmbills.transactions old, charmbills.transactions new "
			 "WHERE old.id = $1 AND new.id = $2 AND old.id <> new.id");

static CbBroadcaster at_once = NULL;

static void check_replaced(const CbOutgoing *outgoing, NullableDatum inputs);
static void announce(const CbOutgoing *outgoing, NullableDatum inputs);
static void queue(const CbOutgoing *outgoing);

void
cb_broadcast_at_once_by(CbBroadcaster broadcaster)
{
	at_once = broadcaster;
}

void
cb_broadcast_begin(const CbOutgoing *outgoing)
{
	CbChainState state;
	const CbBlockTx *txs[2];
	int			n = cb_package_txs(&outgoing->package, txs);

	cb_chain_pin_network();
	/* The sandbox will need the cursor, and the cursor is locked first. */
	if (cb_is_sandbox())
		cb_chain_lock(&state);
	for (int i = 0; i < n; i++)
		cb_refuse_destroying(txs[i]);
	for (int i = 0; i < n; i++)
		cb_known_tx_expect(txs[i], outgoing->now);
	cb_execute(&lock_rows,
			   CB_ARGS(cb_uuid(&outgoing->id), cb_uuid(outgoing->replaces),
					   cb_txid(&cb_package_final(&outgoing->package)->txid)));
}

void
cb_broadcast_revive(const CbOutgoing *outgoing)
{
	const CbPackage *package = &outgoing->package;

	cb_execute(&revive_transaction,
			   CB_ARGS(cb_uuid(&outgoing->id),
					   cb_text(package->has_commit ? cb_hex_cstring(package->commit.tx.raw) : NULL),
					   cb_text(package->has_spell ? cb_hex_cstring(package->spell.tx.raw) : NULL),
					   cb_txid(package->has_commit ? &package->commit.txid : NULL),
					   cb_txid(package->has_spell ? &package->spell.txid : NULL)));
}

void
cb_broadcast_send(const CbOutgoing *outgoing)
{
	CbOutpoint *inputs;
	int			n = cb_package_inputs(&outgoing->package, &inputs);
	NullableDatum array = cb_outpoint_array(inputs, n);

	if (outgoing->replaces != NULL)
		check_replaced(outgoing, array);
	cb_own_tx_lock_plan(&outgoing->id);
	cb_reserve_for_transaction(inputs, n, &outgoing->id, outgoing->replaces);
	announce(outgoing, array);
	queue(outgoing);
}

/*
 * Only what cannot be in the chain together with it may be replaced, or both
 * would mint, pay or send.
 */
static void
check_replaced(const CbOutgoing *outgoing, NullableDatum inputs)
{
	if (cb_execute(&compare_rows, CB_ARGS(cb_uuid(outgoing->replaces), cb_uuid(&outgoing->id), inputs)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a transaction cannot replace itself")));
	if (strcmp(cb_column_text(0, 1), "pending") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the transaction to be replaced is %s", cb_column_text(0, 1)),
				 errdetail("Only one that is pending can be replaced.")));
	if (!cb_column_bool(0, 2))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a replacement must be of the same type, and for the same merchant, plan and subscription")));
	if (!cb_column_bool(0, 3))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the transaction spends nothing that the one to be replaced spends"),
				 errdetail("Both could confirm.")));
}

/*
 * Say that it is pending; and if the chain knows more already, because somebody
 * else has broadcast it, say that too.
 */
static void
announce(const CbOutgoing *outgoing, NullableDatum inputs)
{
	CbEvents	events = {NIL};
	CbOwnTx		tx;
	CbJson		payload;
	CbChainState state;

	memset(&tx, 0, sizeof(tx));
	tx.id = outgoing->id;
	tx.merchant_id = outgoing->merchant_id;
	tx.txid = cb_package_final(&outgoing->package)->txid;
	cb_execute_one(&read_transaction, CB_ARGS(cb_uuid(&outgoing->id)));
	tx.has_plan = !cb_column_is_null(0, 2);
	tx.plan_id = cb_column_uuid(0, 2);
	cb_json_begin(&payload);
	cb_json_text(&payload, "type", cb_column_text(0, 1));
	cb_json_txid(&payload, "txid", &tx.txid);
	if (outgoing->replaces != NULL)
		cb_json_uuid(&payload, "replaces", outgoing->replaces);
	cb_event_uuid(&events, "transaction.pending", &tx.merchant_id, "transaction", &tx.id,
				  cb_json_end(&payload), outgoing->now);
	cb_chain_listener()->own_transaction(&tx, CB_OWN_TX_PENDING, &events);

	cb_chain_state_read(&state);
	cb_chain_moves_begin();
	cb_own_tx_refresh(&tx.id, state.height, outgoing->now, &events);
	cb_reservation_recompute(inputs, state.height, outgoing->now, &events);
	cb_chain_moves_end();
	cb_events_write(&events);
}

/* The sandbox is at hand: there it happens at once. */
static void
queue(const CbOutgoing *outgoing)
{
	const CbBlockTx *txs[2];
	CbSpan		raws[2];
	int			n = cb_package_txs(&outgoing->package, txs);

	for (int i = 0; i < n; i++)
		raws[i] = txs[i]->tx.raw;
	if (cb_is_sandbox())
		at_once(raws, n);
	else
		cb_job_queue_broadcasts(&outgoing->id, 1, outgoing->now);
}
