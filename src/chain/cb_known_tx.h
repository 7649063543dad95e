/*-------------------------------------------------------------------------
 *
 * cb_known_tx.h
 *	  The transactions that matter, and what has become of each.
 *
 * A known transaction is confirmed (in a block of our chain), seen (thought to
 * be in the mempool), replaced (another transaction spent one of its inputs,
 * or one of its ancestors'), evicted (no longer in the mempool), or unseen
 * (ours, never seen by the node).  All changes happen under the cursor's lock.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_KNOWN_TX_H
#define CB_KNOWN_TX_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "bitcoin/cb_block.h"

/* A set of transactions whose state has changed, in no order. */
typedef struct CbTxidSet
{
	CbHash256  *txids;
	int			n;
	int			capacity;
} CbTxidSet;

extern void cb_txid_set_add(CbTxidSet *set, const CbHash256 *txid);

/* Where a block stands. */
typedef struct CbBlockPlace
{
	int32		height;
	const char *hash;
	TimestampTz median_time;
} CbBlockPlace;

/*
 * Record transactions (those of txs marked in chosen) as confirmed in a block,
 * or, when block is NULL, as seen in the mempool.  Whatever else spends their
 * inputs becomes replaced, with its descendants.  Adds to moved every
 * transaction whose state changed.  Gives how many of the chosen changed.
 */
extern int	cb_known_tx_record(const CbBlockTx *txs, int n, const bool *chosen,
							   const CbBlockPlace *block, TimestampTz seen_at, CbTxidSet *moved);

/*
 * Record a transaction of ours that no node has seen yet, and watch what it
 * spends, also for its own sake: a block, which may bring just that, begins to
 * watch it before it locks any transaction, and so must we.
 */
extern void cb_known_tx_expect(const CbBlockTx *tx, TimestampTz now);

/* Blocks above height are undone: what was in them is in the mempool again. */
extern void cb_known_tx_disconnect(int32 height, CbTxidSet *moved);

/* No longer in the mempool, nor are its descendants.  False if it was not seen. */
extern bool cb_known_tx_evict(const CbHash256 *txid, CbTxidSet *moved);

#endif							/* CB_KNOWN_TX_H */
