/*-------------------------------------------------------------------------
 *
 * cb_known_tx.c
 *	  The transactions that matter, and what has become of each.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_sql.h"
#include "chain/cb_known_tx.h"
#include "chain/cb_watch.h"

/* The witness may be another one than was seen: only that in the block counts. */
CB_KEYS_STATEMENT(record_confirmed, "txid[] bytea[] bool[] int4 text timestamptz timestamptz",
				  "INSERT INTO charmbills.chain_transactions AS k "
				  "       (txid, raw, is_coinbase, status, block_height, block_hash, block_median_time, first_seen_at) "
				  "SELECT t.txid, t.raw, t.is_coinbase, 'confirmed', $4, $5, $6, least($6, $7) "
				  "FROM unnest($1, $2, $3) t(txid, raw, is_coinbase) "
				  "ON CONFLICT (txid) DO UPDATE "
				  "SET raw = CASE WHEN k.raw = EXCLUDED.raw THEN k.raw ELSE EXCLUDED.raw END, "
				  "    status = 'confirmed', block_height = $4, block_hash = $5, block_median_time = $6, "
				  "    replaced_by = NULL, "
				  "    first_seen_at = CASE WHEN k.status = 'unseen' THEN EXCLUDED.first_seen_at ELSE k.first_seen_at END "
				  "WHERE k.block_hash IS DISTINCT FROM $5 "
				  "RETURNING k.txid");
/*
 * A transaction that conflicts with a confirmed one cannot be in a mempool on
 * our chain; whoever offers it follows another.
 */
CB_KEYS_STATEMENT(record_seen, "txid[] bytea[] outpoint[] txid[] timestamptz",
				  "INSERT INTO charmbills.chain_transactions AS k (txid, raw, status, first_seen_at) "
				  "SELECT t.txid, t.raw, 'seen', $5 "
				  "FROM unnest($1, $2) t(txid, raw) "
				  "WHERE NOT EXISTS (SELECT FROM unnest($3, $4) mine(outpoint, spender) "
				  "                  JOIN charmbills.watched_outpoints other USING (outpoint) "
				  "                  JOIN charmbills.chain_transactions c ON c.txid = other.spender "
				  "                  WHERE mine.spender = t.txid AND other.spender <> t.txid "
				  "                    AND c.status = 'confirmed') "
				  "ON CONFLICT (txid) DO UPDATE "
				  "SET status = 'seen', replaced_by = NULL, "
				  "    first_seen_at = CASE WHEN k.status = 'unseen' THEN $5 ELSE k.first_seen_at END "
				  "WHERE k.status IN ('unseen', 'replaced', 'evicted') "
				  "RETURNING k.txid");
CB_STATEMENT(record_unseen, "txid bytea timestamptz",
			 "INSERT INTO charmbills.chain_transactions (txid, raw, status, first_seen_at) "
			 "VALUES ($1, $2, 'unseen', $3) ON CONFLICT (txid) DO NOTHING");
CB_KEYS_STATEMENT(record_inputs, "outpoint[] txid[]",
				  "INSERT INTO charmbills.watched_outpoints (outpoint, spender, is_armed) "
				  "SELECT i.outpoint, i.spender, true FROM unnest($1, $2) i(outpoint, spender) "
				  "ON CONFLICT DO NOTHING");
CB_KEYS_STATEMENT(find_conflicts, "txid[]",
				  "SELECT DISTINCT ON (other.spender) other.spender, mine.spender "
				  "FROM charmbills.watched_outpoints mine "
				  "JOIN charmbills.watched_outpoints other ON other.outpoint = mine.outpoint "
				  "     AND other.spender <> mine.spender "
				  "JOIN charmbills.chain_transactions k ON k.txid = other.spender "
				  "JOIN charmbills.chain_transactions w ON w.txid = mine.spender "
				  "WHERE mine.spender = ANY ($1) AND w.status IN ('confirmed', 'seen') "
				  "      AND k.status NOT IN ('confirmed', 'replaced') "
				  "ORDER BY other.spender, mine.spender");
CB_STATEMENT(release_replaced, "txid[]",
			 "UPDATE charmbills.chain_transactions SET status = 'evicted', replaced_by = NULL "
			 "WHERE replaced_by = ANY ($1) AND status = 'replaced' RETURNING txid");
CB_STATEMENT(find_live_rivals, "txid[]",
			 "SELECT DISTINCT other.spender "
			 "FROM charmbills.watched_outpoints mine "
			 "JOIN charmbills.watched_outpoints other ON other.outpoint = mine.outpoint "
			 "     AND other.spender <> mine.spender "
			 "JOIN charmbills.chain_transactions k ON k.txid = other.spender "
			 "WHERE mine.spender = ANY ($1) AND k.status IN ('confirmed', 'seen')");
CB_STATEMENT(find_orphans, "txid[]",
			 "SELECT DISTINCT ON (child.spender) child.spender, parent.replaced_by "
			 "FROM charmbills.watched_outpoints child "
			 "JOIN charmbills.chain_transactions k ON k.txid = child.spender "
			 "JOIN charmbills.chain_transactions parent ON parent.txid = charmbills.outpoint_txid(child.outpoint) "
			 "WHERE child.spender = ANY ($1) AND k.status = 'evicted' AND parent.status = 'replaced' "
			 "ORDER BY child.spender, parent.replaced_by");
CB_KEYS_STATEMENT(mark_replaced, "txid[] txid[]",
				  "UPDATE charmbills.chain_transactions k SET status = 'replaced', replaced_by = r.by "
				  "FROM unnest($1, $2) r(txid, by) WHERE k.txid = r.txid");
CB_KEYS_STATEMENT(find_replaced_children, "txid[] txid[]",
				  "SELECT DISTINCT ON (child.spender) child.spender, r.by "
				  "FROM unnest($1, $2) r(txid, by) "
				  "JOIN charmbills.watched_outpoints child "
				  "     ON child.outpoint BETWEEN charmbills.outpoint(r.txid, 0) "
				  "                           AND charmbills.outpoint(r.txid, 2147483647) "
				  "JOIN charmbills.chain_transactions k ON k.txid = child.spender "
				  "WHERE k.status NOT IN ('confirmed', 'replaced') "
				  "ORDER BY child.spender, r.by");
CB_STATEMENT(disconnect, "int4",
			 "UPDATE charmbills.chain_transactions "
			 "SET status = CASE WHEN is_coinbase THEN 'evicted' ELSE 'seen' END, "
			 "    block_height = NULL, block_hash = NULL, block_median_time = NULL "
			 "WHERE block_height > $1 RETURNING txid, is_coinbase");
CB_KEYS_STATEMENT(mark_evicted, "txid[]",
				  "UPDATE charmbills.chain_transactions SET status = 'evicted' "
				  "WHERE txid = ANY ($1) AND status = 'seen' RETURNING txid");
CB_KEYS_STATEMENT(find_evicted_children, "txid[]",
				  "SELECT DISTINCT child.spender "
				  "FROM unnest($1) e(txid) "
				  "JOIN charmbills.watched_outpoints child "
				  "     ON child.outpoint BETWEEN charmbills.outpoint(e.txid, 0) "
				  "                           AND charmbills.outpoint(e.txid, 2147483647) "
				  "JOIN charmbills.chain_transactions k ON k.txid = child.spender "
				  "WHERE k.status = 'seen'");

/* Transactions to be recorded, as parameters of the statements above. */
typedef struct Batch
{
	CbHash256  *txids;
	Datum	   *raws;
	Datum	   *coinbases;
	int			n;
	CbOutpoint *inputs;
	CbHash256  *spenders;
	int			n_inputs;
} Batch;

static void make_batch(const CbBlockTx *txs, int n, const bool *chosen, Batch *batch);
static void add_inputs(const CbBlockTx *tx, Batch *batch);
static int	add_result(CbTxidSet *set);
static void replace_conflicts(const CbHash256 *winners, int n, CbTxidSet *moved);
static void replace_found(CbTxidSet *moved);
static int	load_pairs(CbHash256 **txids, CbHash256 **by);
static void release_rivals(const CbHash256 *dead, int n, CbTxidSet *moved);
static void evict_children(const CbTxidSet *parents, CbTxidSet *moved);

void
cb_txid_set_add(CbTxidSet *set, const CbHash256 *txid)
{
	if (set->n == set->capacity)
	{
		set->capacity = Max(16, set->capacity * 2);
		set->txids = set->txids ?
			repalloc_huge(set->txids, sizeof(CbHash256) * set->capacity) :
			palloc(sizeof(CbHash256) * set->capacity);
	}
	set->txids[set->n++] = *txid;
}

int
cb_known_tx_record(const CbBlockTx *txs, int n, const bool *chosen,
				   const CbBlockPlace *block, TimestampTz seen_at, CbTxidSet *moved)
{
	Batch		batch;
	CbTxidSet	changed = {NULL, 0, 0};

	make_batch(txs, n, chosen, &batch);
	if (batch.n == 0)
		return 0;
	if (block != NULL)
		cb_execute(&record_confirmed,
				   CB_ARGS(cb_txid_array(batch.txids, batch.n),
						   cb_array(batch.raws, NULL, batch.n, BYTEAOID),
						   cb_array(batch.coinbases, NULL, batch.n, BOOLOID),
						   cb_int4(block->height), cb_text(block->hash),
						   cb_timestamptz(block->median_time), cb_timestamptz(seen_at)));
	else
		cb_execute(&record_seen,
				   CB_ARGS(cb_txid_array(batch.txids, batch.n),
						   cb_array(batch.raws, NULL, batch.n, BYTEAOID),
						   cb_outpoint_array(batch.inputs, batch.n_inputs),
						   cb_txid_array(batch.spenders, batch.n_inputs),
						   cb_timestamptz(seen_at)));
	add_result(&changed);
	if (changed.n > 0)
		cb_execute(&record_inputs,
				   CB_ARGS(cb_outpoint_array(batch.inputs, batch.n_inputs),
						   cb_txid_array(batch.spenders, batch.n_inputs)));
	for (int i = 0; i < changed.n; i++)
		cb_txid_set_add(moved, &changed.txids[i]);
	/* Also those that have not changed: a rival may be known only since. */
	replace_conflicts(batch.txids, batch.n, moved);
	return changed.n;
}

static void
make_batch(const CbBlockTx *txs, int n, const bool *chosen, Batch *batch)
{
	int64		n_inputs = 0;
	int			n_chosen = 0;

	for (int i = 0; i < n; i++)
	{
		if (!chosen[i])
			continue;
		n_chosen++;
		n_inputs += txs[i].tx.n_inputs;
	}
	memset(batch, 0, sizeof(*batch));
	batch->txids = palloc(sizeof(CbHash256) * Max(n_chosen, 1));
	batch->raws = palloc(sizeof(Datum) * Max(n_chosen, 1));
	batch->coinbases = palloc(sizeof(Datum) * Max(n_chosen, 1));
	batch->inputs = palloc(sizeof(CbOutpoint) * Max(n_inputs, 1));
	batch->spenders = palloc(sizeof(CbHash256) * Max(n_inputs, 1));
	for (int i = 0; i < n; i++)
	{
		if (!chosen[i])
			continue;
		batch->txids[batch->n] = txs[i].txid;
		batch->raws[batch->n] = cb_bytea(txs[i].tx.raw).value;
		batch->coinbases[batch->n] = BoolGetDatum(cb_tx_is_coinbase(&txs[i].tx));
		batch->n++;
		add_inputs(&txs[i], batch);
	}
}

static void
add_inputs(const CbBlockTx *tx, Batch *batch)
{
	CbTxInIter	it = cb_tx_inputs(&tx->tx);
	CbTxIn		input;

	if (cb_tx_is_coinbase(&tx->tx))
		return;
	while (cb_tx_next_input(&it, &input))
	{
		batch->inputs[batch->n_inputs] = input.prevout;
		batch->spenders[batch->n_inputs] = tx->txid;
		batch->n_inputs++;
	}
}

/* Add the first column of the last result to a set. */
static int
add_result(CbTxidSet *set)
{
	int			n = (int) SPI_processed;

	for (int i = 0; i < n; i++)
	{
		CbHash256	txid = cb_column_txid(i, 1);

		cb_txid_set_add(set, &txid);
	}
	return n;
}

void
cb_known_tx_expect(const CbBlockTx *tx, TimestampTz now)
{
	bool		chosen = true;
	Batch		batch;
	CbOutpoint *inputs;
	CbHash256  *spenders;
	int			n;

	make_batch(tx, 1, &chosen, &batch);
	n = batch.n_inputs;
	inputs = palloc(sizeof(CbOutpoint) * 2 * Max(n, 1));
	spenders = palloc(sizeof(CbHash256) * 2 * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		inputs[i] = inputs[n + i] = batch.inputs[i];
		spenders[i] = tx->txid;
		spenders[n + i] = cb_no_spender;
	}
	cb_execute(&record_unseen,
			   CB_ARGS(cb_txid(&tx->txid), cb_bytea(tx->tx.raw), cb_timestamptz(now)));
	cb_watch_outpoints(inputs, spenders, 2 * n);
}

/*
 * What else spends an input of a winner is replaced by it, and so is all that
 * descends from what is replaced.
 */
static void
replace_conflicts(const CbHash256 *winners, int n, CbTxidSet *moved)
{
	cb_execute(&find_conflicts, CB_ARGS(cb_txid_array(winners, n)));
	replace_found(moved);
}

/* The last result's rows: who loses, and to whom. */
static void
replace_found(CbTxidSet *moved)
{
	CbHash256  *losers;
	CbHash256  *by;
	int			n_losers;

	while ((n_losers = load_pairs(&losers, &by)) > 0)
	{
		NullableDatum losers_array = cb_txid_array(losers, n_losers);
		NullableDatum by_array = cb_txid_array(by, n_losers);

		for (int i = 0; i < n_losers; i++)
			cb_txid_set_add(moved, &losers[i]);
		cb_execute(&mark_replaced, CB_ARGS(losers_array, by_array));
		release_rivals(losers, n_losers, moved);
		cb_execute(&find_replaced_children, CB_ARGS(losers_array, by_array));
	}
}

/*
 * What the dead had replaced is replaced no longer, unless something else that
 * lives spends the same, or a parent is replaced itself.
 */
static void
release_rivals(const CbHash256 *dead, int n, CbTxidSet *moved)
{
	CbTxidSet	released = {NULL, 0, 0};
	CbTxidSet	winners = {NULL, 0, 0};

	cb_execute(&release_replaced, CB_ARGS(cb_txid_array(dead, n)));
	if (add_result(&released) == 0)
		return;
	for (int i = 0; i < released.n; i++)
		cb_txid_set_add(moved, &released.txids[i]);
	cb_execute(&find_live_rivals, CB_ARGS(cb_txid_array(released.txids, released.n)));
	if (add_result(&winners) > 0)
		replace_conflicts(winners.txids, winners.n, moved);
	cb_execute(&find_orphans, CB_ARGS(cb_txid_array(released.txids, released.n)));
	replace_found(moved);
}

static int
load_pairs(CbHash256 **txids, CbHash256 **by)
{
	int			n = (int) SPI_processed;

	*txids = palloc(sizeof(CbHash256) * Max(n, 1));
	*by = palloc(sizeof(CbHash256) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		(*txids)[i] = cb_column_txid(i, 1);
		(*by)[i] = cb_column_txid(i, 2);
	}
	return n;
}

void
cb_known_tx_disconnect(int32 height, CbTxidSet *moved)
{
	CbTxidSet	coinbases = {NULL, 0, 0};
	uint64		n = cb_execute(&disconnect, CB_ARGS(cb_int4(height)));

	for (uint64 i = 0; i < n; i++)
	{
		CbHash256	txid = cb_column_txid(i, 1);

		cb_txid_set_add(moved, &txid);
		if (cb_column_bool(i, 2))
			cb_txid_set_add(&coinbases, &txid);
	}
	/* A coinbase dies with its block, and so does all that spends it. */
	evict_children(&coinbases, moved);
}

bool
cb_known_tx_evict(const CbHash256 *txid, CbTxidSet *moved)
{
	CbTxidSet	evicted = {NULL, 0, 0};

	cb_execute(&mark_evicted, CB_ARGS(cb_txid_array(txid, 1)));
	if (add_result(&evicted) == 0)
		return false;
	cb_txid_set_add(moved, txid);
	evict_children(&evicted, moved);
	return true;
}

static void
evict_children(const CbTxidSet *parents, CbTxidSet *moved)
{
	CbTxidSet	wave = *parents;

	while (wave.n > 0)
	{
		CbTxidSet	children = {NULL, 0, 0};
		CbTxidSet	evicted = {NULL, 0, 0};

		release_rivals(wave.txids, wave.n, moved);
		cb_execute(&find_evicted_children, CB_ARGS(cb_txid_array(wave.txids, wave.n)));
		add_result(&children);
		cb_execute(&mark_evicted, CB_ARGS(cb_txid_array(children.txids, children.n)));
		add_result(&evicted);
		for (int i = 0; i < evicted.n; i++)
			cb_txid_set_add(moved, &evicted.txids[i]);
		wave = evicted;
	}
}
