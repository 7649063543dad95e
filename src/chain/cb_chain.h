/*-------------------------------------------------------------------------
 *
 * cb_chain.h
 *	  Following the chain: blocks and mempool transactions, applied and undone.
 *
 * Truth comes from raw bytes alone.  Every function here takes the cursor's
 * row lock first and needs READ COMMITTED, since it must see what was committed
 * up to that lock.  SPI must be connected.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHAIN_H
#define CB_CHAIN_H

#include "postgres.h"

#include "utils/timestamp.h"

#include "bitcoin/cb_block.h"

/*
 * Extend the tip by one block.  False when it already is the tip.  Errors:
 * CB002 malformed, CB007 against the network's rules, CB006 does not link.
 */
extern bool cb_chain_apply_block(int32 height, CbSpan block);

/* Undo all blocks above height; gives how many. */
extern int32 cb_chain_rollback(int32 height);

/*
 * Undo all blocks above height and apply others in their place, as one change:
 * what is in both branches does not change at all.  CB006 unless the new
 * branch has more work.  Gives how many were undone.
 */
extern int32 cb_chain_reorganise(int32 height, const CbSpan *blocks, int n);

/* Transactions now in the mempool; gives how many of them mattered. */
extern int32 cb_chain_apply_mempool(const CbSpan *txs, int n);

/*
 * A transaction is no longer in the mempool, as seen at a tip.  False when that
 * tip is not the cursor, or the transaction is not one thought to be there.
 */
extern bool cb_chain_evict(const CbHash256 *txid, const char *at_tip);

/* The chain is followed until this time: lapsing may be judged up to it. */
extern void cb_chain_followed_until(TimestampTz until);

/*
 * Match a block that was applied already against the watches that were not
 * visible then.  Gives how many transactions mattered.
 */
extern int32 cb_chain_offer_block(int32 height, CbSpan block);

/* Arm every watch that has been offered every block; txs: the mempool since. */
extern int64 cb_chain_arm_watches(const CbSpan *txs, int n);

#endif							/* CB_CHAIN_H */
