/*-------------------------------------------------------------------------
 *
 * cb_reservation_follow.c
 *	  What the chain shows of reserved UTXOs.
 *
 * Who spends a reserved outpoint, in which block, and whether that is for
 * good, is recomputed from the known transactions each time, so that no order
 * of blocks, replacements and reorganisations can make a difference.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_reservation.h"

CB_STATEMENT(lock_affected, "txid[] int4 int4",
			 "SELECT outpoint FROM charmbills.used_utxos "
			 "WHERE outpoint = ANY (ARRAY(SELECT w.outpoint FROM charmbills.watched_outpoints w "
			 "                            WHERE w.spender = ANY ($1))) "
			 "   OR (matures_at_height > $2 AND matures_at_height <= $3) "
			 "ORDER BY outpoint FOR NO KEY UPDATE");
/*
 * A spender in a block counts before one in the mempool.  Until a block spends
 * the outpoint, confirm_utxo()'s word holds.  A transaction of ours is lost for
 * good with the first of its inputs that another one has spent deep enough.
 */
CB_STATEMENT(recompute, "outpoint[] int4 int4",
			 "WITH facts AS ("
			 "  SELECT u.outpoint, u.spent_by, u.spent_height, u.confirmed, u.matures_at_height, "
			 "         s.spender, s.block_height, "
			 "         s.block_height + greatest(coalesce(t.confirmations, $3), 1) - 1 AS matures, "
			 "         t.id IS NOT NULL AND s.spender IS DISTINCT FROM t.commit_txid "
			 "         AND s.spender IS DISTINCT FROM t.spell_txid "
			 "         AND NOT EXISTS (SELECT FROM charmbills.used_utxos o "
			 "                         WHERE o.transaction_id = t.id AND o.confirmed "
			 "                           AND o.spent_by IS NOT NULL "
			 "                           AND o.spent_by IS DISTINCT FROM t.commit_txid "
			 "                           AND o.spent_by IS DISTINCT FROM t.spell_txid) AS loses "
			 "  FROM charmbills.used_utxos u "
			 "  LEFT JOIN charmbills.transactions t ON t.id = u.transaction_id "
			 "  LEFT JOIN LATERAL ("
			 "    SELECT w.spender, k.block_height FROM charmbills.watched_outpoints w "
			 "    JOIN charmbills.chain_transactions k ON k.txid = w.spender "
			 "    WHERE w.outpoint = u.outpoint AND k.status IN ('confirmed', 'seen') "
			 "    ORDER BY k.block_height NULLS LAST, w.spender LIMIT 1) s ON true "
			 "  WHERE u.outpoint = ANY ($1)"
			 "), judged AS ("
			 "  SELECT f.*, CASE WHEN f.block_height IS NOT NULL THEN f.matures <= $2 "
			 "                   WHEN f.spent_height IS NOT NULL THEN false "
			 "                   ELSE f.confirmed END AS for_good "
			 "  FROM facts f"
			 "), changed AS ("
			 "  UPDATE charmbills.used_utxos u "
			 "  SET spent_by = j.spender, spent_height = j.block_height, "
			 "      matures_at_height = j.matures, confirmed = j.for_good "
			 "  FROM judged j WHERE u.outpoint = j.outpoint "
			 "  AND (j.spent_by, j.spent_height, j.matures_at_height, j.confirmed) "
			 "      IS DISTINCT FROM (j.spender, j.block_height, j.matures, j.for_good) "
			 "  RETURNING u.outpoint, u.merchant_id, u.transaction_id, u.spent_by, u.spent_height, "
			 "            j.spent_by IS DISTINCT FROM u.spent_by AS has_moved, "
			 "            u.confirmed AND NOT j.confirmed AND j.loses AS is_lost"
			 ") "
			 "SELECT outpoint, merchant_id, spent_by, spent_height, has_moved, "
			 "       is_lost AND row_number() OVER (PARTITION BY transaction_id, is_lost ORDER BY outpoint) = 1, "
			 "       transaction_id "
			 "FROM changed ORDER BY outpoint");

/*
 * Of a transaction and its replacement one dies, and either may be the one: a
 * block may have what was to be replaced, or the node refuse the replacement.
 */
CB_STATEMENT(find_heirs, "uuid[]",
			 "SELECT DISTINCT ON (u.outpoint) u.outpoint, heir.id "
			 "FROM charmbills.used_utxos u "
			 "JOIN charmbills.watched_outpoints w ON w.outpoint = u.outpoint "
			 "JOIN LATERAL (SELECT t.id, t.merchant_id, t.status FROM charmbills.transactions t "
			 "              WHERE t.spell_txid = w.spender "
			 "              UNION ALL "
			 "              SELECT t.id, t.merchant_id, t.status FROM charmbills.transactions t "
			 "              WHERE t.commit_txid = w.spender) heir "
			 "     ON heir.merchant_id = u.merchant_id AND heir.status IN ('pending', 'confirmed') "
			 "JOIN charmbills.transactions dead ON dead.id = u.transaction_id "
			 "WHERE u.transaction_id = ANY ($1) AND dead.status IN ('failed', 'replaced') "
			 "ORDER BY u.outpoint, heir.status, heir.id DESC");
CB_STATEMENT(lock_reservations, "outpoint[]",
			 "SELECT FROM charmbills.used_utxos WHERE outpoint = ANY ($1) "
			 "ORDER BY outpoint FOR NO KEY UPDATE");
CB_STATEMENT(hand_over, "outpoint[] uuid[] uuid[]",
			 "UPDATE charmbills.used_utxos u SET transaction_id = h.id "
			 "FROM unnest($1, $2) h(outpoint, id) "
			 "WHERE u.outpoint = h.outpoint AND u.transaction_id = ANY ($3)");
/* What the package makes itself is nobody's to reserve. */
CB_STATEMENT(take_again, "uuid[] timestamptz",
			 "INSERT INTO charmbills.used_utxos (outpoint, merchant_id, used_by, transaction_id, used_at) "
			 "SELECT DISTINCT ON (w.outpoint) w.outpoint, t.merchant_id, t.type, t.id, $2 "
			 "FROM charmbills.transactions t "
			 "JOIN charmbills.watched_outpoints w ON w.spender = ANY (ARRAY[t.commit_txid, t.spell_txid]) "
			 "WHERE t.id = ANY ($1) AND charmbills.outpoint_txid(w.outpoint) IS DISTINCT FROM t.commit_txid "
			 "ORDER BY w.outpoint, t.id ON CONFLICT (outpoint) DO NOTHING");

static void announce_spending(uint64 row, const CbOutpoint *outpoint, TimestampTz now, CbEvents *events);
static void announce_loss(uint64 row, const CbOutpoint *outpoint, TimestampTz now, CbEvents *events);
static char *outpoint_text(const CbOutpoint *outpoint);
static const pg_uuid_t *column_uuid_or_null(uint64 row, int column, pg_uuid_t *buffer);

void
cb_reservation_update(const CbChange *change, CbEvents *events)
{
	int			n;
	CbOutpoint *outpoints;

	n = (int) cb_execute(&lock_affected,
						 CB_ARGS(cb_txid_array(change->moved.txids, change->moved.n),
								 cb_int4(change->lowest_tip), cb_int4(change->highest_tip)));
	if (n == 0)
		return;
	outpoints = palloc(sizeof(CbOutpoint) * n);
	for (int i = 0; i < n; i++)
		outpoints[i] = cb_column_outpoint(i, 1);
	cb_reservation_recompute(cb_outpoint_array(outpoints, n), change->tip, change->now, events);
}

void
cb_reservation_recompute(NullableDatum outpoints, int32 tip, TimestampTz now, CbEvents *events)
{
	uint64		n = cb_execute(&recompute,
							   CB_ARGS(outpoints, cb_int4(tip), cb_int4(cb_guc_confirmations)));

	for (uint64 row = 0; row < n; row++)
	{
		CbOutpoint	outpoint = cb_column_outpoint(row, 1);

		if (cb_column_bool(row, 5))
			announce_spending(row, &outpoint, now, events);
		if (cb_column_bool(row, 6))
			announce_loss(row, &outpoint, now, events);
	}
}

void
cb_reservation_inherit(NullableDatum transaction_ids)
{
	int			n_heirs = (int) cb_execute(&find_heirs, CB_ARGS(transaction_ids));
	CbOutpoint *outpoints = palloc(sizeof(CbOutpoint) * Max(n_heirs, 1));
	pg_uuid_t  *heirs = palloc(sizeof(pg_uuid_t) * Max(n_heirs, 1));
	NullableDatum inherited;

	if (n_heirs == 0)
		return;
	for (int i = 0; i < n_heirs; i++)
	{
		outpoints[i] = cb_column_outpoint(i, 1);
		heirs[i] = cb_column_uuid(i, 2);
	}
	inherited = cb_outpoint_array(outpoints, n_heirs);
	cb_execute(&lock_reservations, CB_ARGS(inherited));
	cb_execute(&hand_over, CB_ARGS(inherited, cb_uuid_array(heirs, n_heirs), transaction_ids));
}

void
cb_reservation_take_again(const pg_uuid_t *transaction_ids, int n, TimestampTz now)
{
	if (n > 0)
		cb_execute(&take_again, CB_ARGS(cb_uuid_array(transaction_ids, n), cb_timestamptz(now)));
}

static void
announce_spending(uint64 row, const CbOutpoint *outpoint, TimestampTz now, CbEvents *events)
{
	pg_uuid_t	buffer;
	const pg_uuid_t *merchant_id = column_uuid_or_null(row, 2, &buffer);
	bool		is_spent = !cb_column_is_null(row, 3);
	CbHash256	spender = cb_column_txid(row, 3);
	CbJson		payload;

	cb_json_begin(&payload);
	if (is_spent)
		cb_json_txid(&payload, "spent_by", &spender);
	if (!cb_column_is_null(row, 4))
		cb_json_int(&payload, "height", cb_column_int4(row, 4));
	cb_event(events, is_spent ? "utxo.spent" : "utxo.unspent", merchant_id,
			 "utxo", outpoint_text(outpoint), cb_json_end(&payload), now);
}

static void
announce_loss(uint64 row, const CbOutpoint *outpoint, TimestampTz now, CbEvents *events)
{
	pg_uuid_t	buffer;
	const pg_uuid_t *merchant_id = column_uuid_or_null(row, 2, &buffer);
	pg_uuid_t	transaction_id = cb_column_uuid(row, 7);
	CbHash256	spender = cb_column_txid(row, 3);
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_outpoint(&payload, "utxo", outpoint);
	cb_json_txid(&payload, "spent_by", &spender);
	cb_json_int(&payload, "height", cb_column_int4(row, 4));
	cb_event_uuid(events, "transaction.replaced_for_good", merchant_id,
				  "transaction", &transaction_id, cb_json_end(&payload), now);
}

static char *
outpoint_text(const CbOutpoint *outpoint)
{
	CbOutpointValue value;

	cb_outpoint_value(outpoint, &value);
	return cb_outpoint_cstring(&value);
}

static const pg_uuid_t *
column_uuid_or_null(uint64 row, int column, pg_uuid_t *buffer)
{
	if (cb_column_is_null(row, column))
		return NULL;
	*buffer = cb_column_uuid(row, column);
	return buffer;
}
