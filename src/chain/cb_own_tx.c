/*-------------------------------------------------------------------------
 *
 * cb_own_tx.c
 *	  Transactions of ours, and what the chain shows of them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_job_queue.h"
#include "chain/cb_own_tx.h"
#include "chain/cb_reservation.h"

/*
 * Besides the rows to be judged: those whose reservations are, since
 * cb_reservation_update() may have news of them and comes after this lock.
 */
CB_STATEMENT(lock_affected, "txid[] int4 int4",
			 "SELECT id FROM charmbills.transactions "
			 "WHERE spell_txid = ANY ($1) OR commit_txid = ANY ($1) "
			 "   OR (matures_at_height > $2 AND matures_at_height <= $3) "
			 "   OR id = ANY (ARRAY(SELECT u.transaction_id FROM charmbills.used_utxos u "
			 "                      WHERE u.matures_at_height > $2 AND u.matures_at_height <= $3)) "
			 "   OR id = ANY (ARRAY(SELECT u.transaction_id FROM charmbills.watched_outpoints w "
			 "                      JOIN charmbills.used_utxos u ON u.outpoint = w.outpoint "
			 "                      WHERE w.spender = ANY ($1))) "
			 "ORDER BY id FOR NO KEY UPDATE");
/*
 * All that a change may move, before reservations are passed on: the plans of
 * transactions, those whose charms it has touched, and those whose NFT has the
 * depth that it needs.
 */
CB_STATEMENT(lock_plans, "uuid[] uuid[] int4 int4",
			 "SELECT FROM charmbills.plans "
			 "WHERE id = ANY (ARRAY(SELECT t.plan_id FROM charmbills.transactions t WHERE t.id = ANY ($1) "
			 "                      UNION ALL SELECT unnest($2) "
			 "                      UNION ALL SELECT p.id FROM charmbills.plans p "
			 "                      WHERE p.nft_matures_at_height > $3 AND p.nft_matures_at_height <= $4)) "
			 "ORDER BY id FOR NO KEY UPDATE");
CB_STATEMENT(lock_plan, "uuid",
			 "SELECT FROM charmbills.plans "
			 "WHERE id = (SELECT t.plan_id FROM charmbills.transactions t WHERE t.id = $1) FOR NO KEY UPDATE");
/*
 * Where the chain has nothing to say (not seen yet, or gone from the mempool)
 * a status that it gave goes back to pending, and any other stays.
 */
CB_STATEMENT(recompute, "uuid[] int4 timestamptz",
			 "WITH facts AS ("
			 "  SELECT t.id, t.status AS old_status, t.confirmed_at, "
			 "         coalesce(t.spell_txid, t.commit_txid) AS final_txid, "
			 "         final.block_height, final.block_hash, "
			 "         final.block_height + greatest(t.confirmations, 1) - 1 AS matures, "
			 "         final.status AS chain_status, "
			 "         CASE WHEN final.status = 'replaced' THEN final.replaced_by "
			 "              WHEN first.status = 'replaced' THEN first.replaced_by END AS replaced_by, "
			 "         'replaced' IN (final.status, first.status) AS is_replaced, "
			 "         'evicted' IN (final.status, first.status) AS is_evicted "
			 "  FROM charmbills.transactions t "
			 "  JOIN charmbills.chain_transactions final "
			 "       ON final.txid = coalesce(t.spell_txid, t.commit_txid) "
			 "  LEFT JOIN charmbills.chain_transactions first ON first.txid = t.commit_txid "
			 "  WHERE t.id = ANY ($1)"
			 "), judged AS ("
			 "  SELECT f.*, "
			 "         CASE WHEN f.matures <= $2 THEN 'confirmed' "
			 "              WHEN f.chain_status IN ('confirmed', 'seen') THEN 'pending' "
			 "              WHEN f.is_replaced THEN 'replaced' "
			 "              WHEN f.old_status IN ('confirmed', 'replaced') THEN 'pending' "
			 "              ELSE f.old_status END AS new_status "
			 "  FROM facts f"
			 ") "
			 "UPDATE charmbills.transactions t "
			 "SET status = j.new_status, block_height = j.block_height, block_hash = j.block_hash, "
			 "    matures_at_height = j.matures, "
			 "    confirmed_at = CASE WHEN j.new_status = 'confirmed' THEN coalesce(t.confirmed_at, $3) END, "
			 "    error_message = CASE WHEN j.new_status = 'replaced' "
			 "                         THEN 'replaced by transaction ' || coalesce(j.replaced_by::text, '?') "
			 "                         WHEN j.new_status = j.old_status THEN t.error_message END "
			 "FROM judged j WHERE t.id = j.id "
			 "AND (j.new_status <> j.old_status OR j.is_evicted "
			 "     OR (t.block_hash, t.matures_at_height) IS DISTINCT FROM (j.block_hash, j.matures)) "
			 "RETURNING t.id, t.merchant_id, t.plan_id, j.final_txid, j.old_status, t.status, "
			 "          t.block_height, t.error_message, j.is_evicted AND t.status = 'pending'");

/* A row of the last statement's result. */
typedef struct Outcome
{
	CbOwnTx		tx;
	char	   *old_status;
	char	   *status;
	bool		has_height;
	int32		height;
	char	   *error_message;
	bool		is_lost;		/* ours, pending, and in no mempool */
} Outcome;

static void update(NullableDatum ids, int32 tip, TimestampTz now, CbEvents *events);
static void reserve_again(const Outcome *outcomes, int n, TimestampTz now);
static bool is_dead(const char *status);
static void load_outcome(uint64 row, Outcome *outcome);
static void announce(const Outcome *outcome, TimestampTz now, CbEvents *events);
static const char *event_type(const Outcome *outcome);
static void tell_listener(const Outcome *outcome, CbEvents *events);
static void broadcast_again(const Outcome *outcomes, int n, TimestampTz now);

void
cb_own_tx_update(const CbChange *change, CbEvents *events)
{
	int			n = (int) cb_execute(&lock_affected,
									 CB_ARGS(cb_txid_array(change->moved.txids, change->moved.n),
											 cb_int4(change->lowest_tip), cb_int4(change->highest_tip)));

	NullableDatum ids;

	if (n == 0)
		return;
	ids = cb_uuid_array(cb_column_uuids(n), n);
	cb_execute(&lock_plans,
			   CB_ARGS(ids, cb_uuid_array(change->charm_plans, change->n_charm_plans),
					   cb_int4(change->lowest_tip), cb_int4(change->highest_tip)));
	update(ids, change->tip, change->now, events);
}

void
cb_own_tx_lock_plan(const pg_uuid_t *id)
{
	cb_execute(&lock_plan, CB_ARGS(cb_uuid(id)));
}

void
cb_own_tx_refresh(const pg_uuid_t *id, int32 tip, TimestampTz now, CbEvents *events)
{
	update(cb_uuid_array(id, 1), tip, now, events);
}

static void
update(NullableDatum ids, int32 tip, TimestampTz now, CbEvents *events)
{
	int			n = (int) cb_execute(&recompute, CB_ARGS(ids, cb_int4(tip), cb_timestamptz(now)));
	Outcome    *outcomes = palloc(sizeof(Outcome) * Max(n, 1));

	for (int i = 0; i < n; i++)
		load_outcome(i, &outcomes[i]);
	/*
	 * Before anybody is told: what is reserved is asked about then.  Whoever has
	 * come to life may find it with one that was dead before.
	 */
	if (n > 0)
	{
		cb_reservation_inherit(ids);
		reserve_again(outcomes, n, now);
	}
	for (int i = 0; i < n; i++)
	{
		if (strcmp(outcomes[i].old_status, outcomes[i].status) == 0)
			continue;
		announce(&outcomes[i], now, events);
		tell_listener(&outcomes[i], events);
	}
	broadcast_again(outcomes, n, now);
}

static void
reserve_again(const Outcome *outcomes, int n, TimestampTz now)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * n);
	int			revived = 0;

	for (int i = 0; i < n; i++)
		if (is_dead(outcomes[i].old_status) && !is_dead(outcomes[i].status))
			ids[revived++] = outcomes[i].tx.id;
	cb_reservation_take_again(ids, revived, now);
}

static bool
is_dead(const char *status)
{
	return strcmp(status, "failed") == 0 || strcmp(status, "replaced") == 0;
}

static void
load_outcome(uint64 row, Outcome *outcome)
{
	outcome->tx.id = cb_column_uuid(row, 1);
	outcome->tx.merchant_id = cb_column_uuid(row, 2);
	outcome->tx.has_plan = !cb_column_is_null(row, 3);
	outcome->tx.plan_id = cb_column_uuid(row, 3);
	outcome->tx.txid = cb_column_txid(row, 4);
	outcome->old_status = cb_column_text(row, 5);
	outcome->status = cb_column_text(row, 6);
	outcome->has_height = !cb_column_is_null(row, 7);
	outcome->height = cb_column_int4(row, 7);
	outcome->error_message = cb_column_text(row, 8);
	outcome->is_lost = cb_column_bool(row, 9);
}

static void
announce(const Outcome *outcome, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_txid(&payload, "txid", &outcome->tx.txid);
	cb_json_text(&payload, "from_status", outcome->old_status);
	if (outcome->has_height)
		cb_json_int(&payload, "height", outcome->height);
	if (outcome->error_message != NULL)
		cb_json_text(&payload, "reason", outcome->error_message);
	cb_event_uuid(events, event_type(outcome), &outcome->tx.merchant_id,
				  "transaction", &outcome->tx.id, cb_json_end(&payload), now);
}

static const char *
event_type(const Outcome *outcome)
{
	if (strcmp(outcome->status, "pending") != 0)
		return psprintf("transaction.%s", outcome->status);
	if (strcmp(outcome->old_status, "confirmed") == 0)
		return "transaction.unconfirmed";
	return "transaction.pending";
}

/* What is lost is unconfirmed first, whatever the path. */
static void
tell_listener(const Outcome *outcome, CbEvents *events)
{
	const CbChainListener *listener = cb_chain_listener();

	if (strcmp(outcome->old_status, "confirmed") == 0)
		listener->own_transaction(&outcome->tx, CB_OWN_TX_UNCONFIRMED, events);
	if (strcmp(outcome->status, "confirmed") == 0)
		listener->own_transaction(&outcome->tx, CB_OWN_TX_CONFIRMED, events);
	else if (strcmp(outcome->status, "pending") == 0)
		listener->own_transaction(&outcome->tx, CB_OWN_TX_PENDING, events);
	else if (strcmp(outcome->status, "replaced") == 0)
		listener->own_transaction(&outcome->tx, CB_OWN_TX_LOST, events);
}

/* In the sandbox there is nobody to run the job. */
static void
broadcast_again(const Outcome *outcomes, int n, TimestampTz now)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	int			lost = 0;

	if (cb_is_sandbox())
		return;
	for (int i = 0; i < n; i++)
		if (outcomes[i].is_lost)
			ids[lost++] = outcomes[i].tx.id;
	cb_job_queue_broadcasts(ids, lost, now);
}
