/*-------------------------------------------------------------------------
 *
 * cb_mempool.c
 *	  Transactions that are not in a block: seen, and no longer seen.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_apply.h"
#include "chain/cb_chain.h"
#include "chain/cb_charm.h"
#include "chain/cb_charm_hits.h"
#include "chain/cb_header_chain.h"
#include "chain/cb_watch.h"
#include "common/hashfn.h"
#include "utils/hsearch.h"

/* Where in a batch a transaction is. */
typedef struct BatchEntry
{
	CbHash256	txid;			/* hash key, first */
	int			position;
} BatchEntry;

static CbBlockTx *parse_batch(const CbSpan *txs, int n);
static void add_ancestors(const CbBlockTx *txs, int n, CbMatches *matches);
static HTAB *index_batch(const CbBlockTx *txs, int n);
static int	visit_parents(const CbBlockTx *tx, HTAB *index, CbMatches *matches, int *stack, int depth);

int32
cb_chain_apply_mempool(const CbSpan *txs, int n)
{
	CbBlockTx  *parsed = parse_batch(txs, n);
	CbChainState state;
	CbChange	change;
	CbMatches	matches;
	CbTxSpells	spells;
	int32		mattered = 0;

	if (n == 0)
		return 0;
	cb_tx_spells_find(parsed, n, &spells);
	cb_chain_lock(&state);
	cb_match(parsed, n, true, &matches);
	cb_charm_drop_hits(parsed, &spells, false, &matches);
	if (matches.n_relevant == 0)
		return 0;
	add_ancestors(parsed, n, &matches);
	cb_change_begin(&change, state.height);

	/* One by one: of two that conflict, the later offered is the one there. */
	for (int i = 0; i < n; i++)
		if (matches.relevant[i])
			mattered += cb_known_tx_record(&parsed[i], 1, &matches.relevant[i], NULL,
										   change.now, &change.moved);
	cb_change_add_hits(&change, matches.hits, matches.n_hits);
	cb_change_finish(&change);
	return mattered;
}

static CbBlockTx *
parse_batch(const CbSpan *txs, int n)
{
	CbBlockTx  *parsed = palloc_extended(sizeof(CbBlockTx) * Max(n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
	{
		CbResult	result = cb_tx_parse(txs[i].data, txs[i].len, &parsed[i].tx);

		if (result != CB_OK)
			cb_raise(result, "transaction");
		if (cb_tx_is_coinbase(&parsed[i].tx))
			cb_raise(CB_ERR_COINBASE, "transaction");
		cb_tx_txid(&parsed[i].tx, &parsed[i].txid);
	}
	return parsed;
}

/*
 * The unconfirmed ancestors of what matters matter too: whoever replaces one
 * replaces its descendants, and may pay nobody we know.
 */
static void
add_ancestors(const CbBlockTx *txs, int n, CbMatches *matches)
{
	HTAB	   *index = index_batch(txs, n);
	int		   *stack = palloc(sizeof(int) * n);
	int			depth = 0;

	for (int i = 0; i < n; i++)
		if (matches->relevant[i])
			stack[depth++] = i;
	while (depth > 0)
	{
		depth--;
		depth = visit_parents(&txs[stack[depth]], index, matches, stack, depth);
	}
	hash_destroy(index);
}

static HTAB *
index_batch(const CbBlockTx *txs, int n)
{
	HASHCTL		control;
	HTAB	   *index;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(CbHash256);
	control.entrysize = sizeof(BatchEntry);
	control.hcxt = CurrentMemoryContext;
	index = hash_create("charmbills mempool batch", n, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < n; i++)
	{
		BatchEntry *entry = hash_search(index, &txs[i].txid, HASH_ENTER, NULL);

		entry->position = i;
	}
	return index;
}

/* Each transaction enters the stack once, so n entries are enough. */
static int
visit_parents(const CbBlockTx *tx, HTAB *index, CbMatches *matches, int *stack, int depth)
{
	CbTxInIter	it = cb_tx_inputs(&tx->tx);
	CbTxIn		input;

	while (cb_tx_next_input(&it, &input))
	{
		const BatchEntry *entry = hash_search(index, &input.prevout.txid, HASH_FIND, NULL);

		if (entry == NULL || matches->relevant[entry->position])
			continue;
		matches->relevant[entry->position] = true;
		matches->n_relevant++;
		stack[depth++] = entry->position;
	}
	return depth;
}

bool
cb_chain_evict(const CbHash256 *txid, const char *at_tip)
{
	CbChainState state;
	CbChange	change;

	cb_chain_lock(&state);
	if (!state.has_tip || strcmp(state.hash, at_tip) != 0)
		return false;
	cb_change_begin(&change, state.height);
	if (!cb_known_tx_evict(txid, &change.moved))
		return false;
	cb_change_finish(&change);
	return true;
}

int32
cb_chain_offer_block(int32 height, CbSpan block)
{
	CbParsedBlock parsed;
	CbChainState state;
	CbChange	change;
	CbBlockPlace place;
	int			mattered;
	char		hash[CB_HASH_TEXT_SIZE];

	cb_parse_block(block, &parsed);
	cb_charm_prepare(&parsed, PG_INT32_MAX);
	cb_chain_lock(&state);
	if (!cb_header_chain_at(height, hash, &place.median_time) || strcmp(hash, parsed.hash) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_LINKED),
				 errmsg("block %s is not the one followed at height %d", parsed.hash, height)));
	place.height = height;
	place.hash = parsed.hash;
	cb_watch_offered(height - 1, height);
	cb_change_begin(&change, state.height);
	mattered = cb_record_block(&change, &parsed, &place, state.height);
	cb_change_finish(&change);
	return mattered;
}
