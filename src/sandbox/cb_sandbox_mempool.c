/*-------------------------------------------------------------------------
 *
 * cb_sandbox_mempool.c
 *	  The sandbox's mempool.
 *
 * It takes what a node would relay, but cannot ask whether what is spent
 * exists or who signed: payments come from wallets outside.  What it does
 * know is respected: nothing is spent twice on one chain, and a transaction
 * takes the place of those it conflicts with and of all that spend their
 * outputs.  Parents are to come before their children.
 *
 * Spenders are found by searching raw bytes for an outpoint, which narrows
 * them down, and then by parsing.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_errors.h"
#include "cb_sandbox_internal.h"
#include "cb_sql.h"
#include "chain/cb_apply.h"
#include "chain/cb_chain.h"
#include "nodes/pg_list.h"

#define OUTPOINT_SIZE 36
/* More than this, nodes do not relay. */
#define MAX_RELAYED_WEIGHT 400000
/* Without witness: such a transaction is not relayed either. */
#define FORBIDDEN_TX_SIZE 64

CB_STATEMENT(read_tx, "txid",
			 "SELECT raw FROM charmbills.sandbox_mempool WHERE txid OPERATOR(charmbills.=) $1");
CB_STATEMENT(read_txs, "",
			 "SELECT raw FROM charmbills.sandbox_mempool ORDER BY position");
CB_STATEMENT(insert_last, "txid bytea",
			 "INSERT INTO charmbills.sandbox_mempool (txid, raw) VALUES ($1, $2)");
CB_STATEMENT(insert_first, "txid bytea",
			 "INSERT INTO charmbills.sandbox_mempool (position, txid, raw) "
			 "SELECT coalesce(pg_catalog.min(position), 1) - 1, $1, $2 FROM charmbills.sandbox_mempool");
CB_STATEMENT(delete_tx, "txid",
			 "DELETE FROM charmbills.sandbox_mempool WHERE txid OPERATOR(charmbills.=) $1");
CB_STATEMENT(delete_first, "int4",
			 "DELETE FROM charmbills.sandbox_mempool WHERE position IN "
			 "(SELECT position FROM charmbills.sandbox_mempool ORDER BY position LIMIT $1)");
CB_STATEMENT(search_txs, "bytea",
			 "SELECT raw FROM charmbills.sandbox_mempool WHERE pg_catalog.position(raw, $1) > 0 ORDER BY position");
CB_STATEMENT(search_blocks, "bytea",
			 "SELECT raw FROM charmbills.sandbox_blocks WHERE pg_catalog.position(raw, $1) > 0");

static bool add(CbSpan raw, List **removed);
static void parse_relayable(CbSpan raw, CbTx *tx);
static bool is_mined_or_conflicts(const CbTx *tx, const CbHash256 *txid);
static bool mined_spender(CbSpan outpoint, CbHash256 *spender);
static List *remove_conflicts(const CbTx *tx);
static List *remove_spenders(CbSpan key, List *removed);
static List *remove_descendants(List *removed);
static void check_spends_none_of(const CbTx *tx, const List *removed);
static bool spends(const CbTx *tx, CbSpan key);
static void outpoint_bytes(const CbOutpoint *outpoint, uint8 out[OUTPOINT_SIZE]);
static CbSpan hash_span(const CbHash256 *hash);
static void evict(const CbSandboxTip *tip, const List *removed);

void
cb_sandbox_accept(const CbSandboxTip *tip, const CbSpan *txs, int n)
{
	CbSpan	   *added = palloc(sizeof(CbSpan) * Max(n, 1));
	int			n_added = 0;
	List	   *removed = NIL;

	for (int i = 0; i < n; i++)
	{
		if (add(txs[i], &removed))
			added[n_added++] = txs[i];
	}
	if (n_added > 0)
		cb_chain_apply_mempool(added, n_added);
	evict(tip, removed);
}

/* True unless it is there or mined already. */
static bool
add(CbSpan raw, List **removed)
{
	CbTx		tx;
	CbHash256	txid;
	List	   *replaced;

	parse_relayable(raw, &tx);
	cb_tx_txid(&tx, &txid);
	if (cb_execute(&read_tx, CB_ARGS(cb_txid(&txid))) > 0 || is_mined_or_conflicts(&tx, &txid))
		return false;
	replaced = remove_conflicts(&tx);
	check_spends_none_of(&tx, replaced);
	cb_execute(&insert_last, CB_ARGS(cb_txid(&txid), cb_bytea(raw)));
	*removed = list_concat(*removed, replaced);
	return true;
}

static void
parse_relayable(CbSpan raw, CbTx *tx)
{
	CbResult	result = cb_tx_parse(raw.data, raw.len, tx);

	if (result == CB_OK && cb_tx_base_size(tx) == FORBIDDEN_TX_SIZE)
		result = CB_ERR_TX_SIZE;
	if (result != CB_OK)
		cb_raise(result, "transaction");
	if (cb_tx_is_coinbase(tx))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a coinbase cannot be broadcast"),
				 errhint("Use sandbox_mine() with a coinbase_address.")));
	if (cb_tx_weight(tx) > MAX_RELAYED_WEIGHT)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("transaction is too heavy to be relayed"),
				 errdetail("Its weight is %zu, the limit %d.", cb_tx_weight(tx), MAX_RELAYED_WEIGHT)));
}

/* False when nothing that it spends is spent in a block. */
static bool
is_mined_or_conflicts(const CbTx *tx, const CbHash256 *txid)
{
	CbTxInIter	inputs = cb_tx_inputs(tx);
	CbTxIn		in;

	while (cb_tx_next_input(&inputs, &in))
	{
		uint8		outpoint[OUTPOINT_SIZE];
		CbHash256	spender;

		outpoint_bytes(&in.prevout, outpoint);
		if (!mined_spender((CbSpan) {outpoint, sizeof(outpoint)}, &spender))
			continue;
		if (memcmp(&spender, txid, sizeof(spender)) == 0)
			return true;
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("transaction spends what a block has spent already"),
				 errhint("Undo that block first with sandbox_reorg().")));
	}
	return false;
}

static bool
mined_spender(CbSpan outpoint, CbHash256 *spender)
{
	uint64		n = cb_execute(&search_blocks, CB_ARGS(cb_bytea(outpoint)));

	for (uint64 i = 0; i < n; i++)
	{
		CbParsedBlock block;

		cb_parse_block(cb_column_bytea(i, 1), &block);
		for (uint32 t = 0; t < block.n_txs; t++)
		{
			if (!spends(&block.txs[t].tx, outpoint))
				continue;
			*spender = block.txs[t].txid;
			return true;
		}
	}
	return false;
}

/* Gives the identifiers of what was removed. */
static List *
remove_conflicts(const CbTx *tx)
{
	CbTxInIter	inputs = cb_tx_inputs(tx);
	CbTxIn		in;
	List	   *removed = NIL;

	while (cb_tx_next_input(&inputs, &in))
	{
		uint8		outpoint[OUTPOINT_SIZE];

		outpoint_bytes(&in.prevout, outpoint);
		removed = remove_spenders((CbSpan) {outpoint, sizeof(outpoint)}, removed);
	}
	return remove_descendants(removed);
}

/* key: an outpoint, or a transaction's identifier for all its outputs. */
static List *
remove_spenders(CbSpan key, List *removed)
{
	uint64		n = cb_execute(&search_txs, CB_ARGS(cb_bytea(key)));
	CbSpan	   *found = palloc(sizeof(CbSpan) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		found[i] = cb_column_bytea(i, 1);
	for (uint64 i = 0; i < n; i++)
	{
		CbTx		tx;
		CbHash256  *txid;

		parse_relayable(found[i], &tx);
		if (!spends(&tx, key))
			continue;
		txid = palloc(sizeof(CbHash256));
		cb_tx_txid(&tx, txid);
		cb_execute(&delete_tx, CB_ARGS(cb_txid(txid)));
		removed = lappend(removed, txid);
	}
	return removed;
}

/* The list grows at its end while it is walked. */
static List *
remove_descendants(List *removed)
{
	for (int i = 0; i < list_length(removed); i++)
		removed = remove_spenders(hash_span(list_nth(removed, i)), removed);
	return removed;
}

/* What replaces a transaction cannot need its outputs. */
static void
check_spends_none_of(const CbTx *tx, const List *removed)
{
	ListCell   *cell;

	foreach(cell, removed)
	{
		if (spends(tx, hash_span(lfirst(cell))))
			ereport(ERROR,
					(errcode(ERRCODE_CB_CONFLICT),
					 errmsg("transaction spends an output of one that it conflicts with")));
	}
}

static bool
spends(const CbTx *tx, CbSpan key)
{
	CbTxInIter	inputs = cb_tx_inputs(tx);
	CbTxIn		in;

	while (cb_tx_next_input(&inputs, &in))
	{
		uint8		outpoint[OUTPOINT_SIZE];

		outpoint_bytes(&in.prevout, outpoint);
		if (memcmp(outpoint, key.data, key.len) == 0)
			return true;
	}
	return false;
}

/* As transactions hold it. */
static void
outpoint_bytes(const CbOutpoint *outpoint, uint8 out[OUTPOINT_SIZE])
{
	memcpy(out, outpoint->txid.bytes, sizeof(outpoint->txid.bytes));
	cb_store_le32(out + sizeof(outpoint->txid.bytes), outpoint->vout);
}

static CbSpan
hash_span(const CbHash256 *hash)
{
	return (CbSpan) {hash->bytes, sizeof(hash->bytes)};
}

/* The chain layer may have seen for itself that some were replaced. */
static void
evict(const CbSandboxTip *tip, const List *removed)
{
	char		at_tip[CB_HASH_TEXT_SIZE];
	ListCell   *cell;

	cb_hash_text(&tip->hash, at_tip);
	foreach(cell, removed)
		cb_chain_evict((const CbHash256 *) lfirst(cell), at_tip);
}

CbSpan
cb_sandbox_mempool_tx(const CbHash256 *txid)
{
	if (cb_execute(&read_tx, CB_ARGS(cb_txid(txid))) == 0)
		return (CbSpan) {NULL, 0};
	return cb_column_bytea(0, 1);
}

bool
cb_sandbox_is_spent(const CbOutpoint *outpoint)
{
	uint8		bytes[OUTPOINT_SIZE];
	CbSpan		key = {bytes, sizeof(bytes)};
	CbHash256	spender;
	uint64		n;

	outpoint_bytes(outpoint, bytes);
	if (mined_spender(key, &spender))
		return true;
	n = cb_execute(&search_txs, CB_ARGS(cb_bytea(key)));
	for (uint64 i = 0; i < n; i++)
	{
		CbTx		tx;

		parse_relayable(cb_column_bytea(i, 1), &tx);
		if (spends(&tx, key))
			return true;
	}
	return false;
}

CbSpan *
cb_sandbox_mempool_txs(int *n)
{
	CbSpan	   *txs;

	*n = (int) cb_execute(&read_txs, CB_NO_ARGS);
	txs = palloc(sizeof(CbSpan) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		txs[i] = cb_column_bytea(i, 1);
	return txs;
}

void
cb_sandbox_mempool_mined(int n)
{
	if (n > 0)
		cb_execute(&delete_first, CB_ARGS(cb_int4(n)));
}

void
cb_sandbox_mempool_restore(const CbSpan *txs, int n)
{
	for (int i = n - 1; i >= 0; i--)
	{
		CbTx		tx;
		CbHash256	txid;

		parse_relayable(txs[i], &tx);
		cb_tx_txid(&tx, &txid);
		cb_execute(&insert_first, CB_ARGS(cb_txid(&txid), cb_bytea(txs[i])));
	}
	if (n > 0)
		cb_chain_apply_mempool(txs, n);
}

void
cb_sandbox_mempool_drop(const CbSandboxTip *tip, const CbHash256 *txid)
{
	cb_execute(&delete_tx, CB_ARGS(cb_txid(txid)));
	evict(tip, remove_descendants(list_make1(unconstify(CbHash256 *, txid))));
}
