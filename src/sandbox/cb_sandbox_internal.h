/*-------------------------------------------------------------------------
 *
 * cb_sandbox_internal.h
 *	  What the files of the sandbox share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SANDBOX_INTERNAL_H
#define CB_SANDBOX_INTERNAL_H

#include "postgres.h"

#include "bitcoin/cb_block.h"
#include "bitcoin/cb_script.h"

#define CB_SANDBOX_MEDIAN_BLOCKS 11

/* The end of the sandbox's chain: all that the next block depends on. */
typedef struct CbSandboxTip
{
	int32		height;			/* -1 before genesis */
	CbHash256	hash;
	uint32		times[CB_SANDBOX_MEDIAN_BLOCKS];	/* of the last blocks, oldest
													 * first; they never fall */
	int			n_times;
} CbSandboxTip;

/*
 * cb_sandbox_chain.c
 *
 * Every function begins with enter, which refuses where there is no sandbox,
 * locks the cursor and brings the chain layer up to the sandbox's tip, mining
 * genesis at first use; and ends with leave, which arms new watches.
 */
extern void cb_sandbox_enter(CbSandboxTip *tip);
extern void cb_sandbox_leave(const CbSandboxTip *tip);
extern void cb_sandbox_load_tip(CbSandboxTip *tip);
/* Store the block that tip now stands on. */
extern void cb_sandbox_store_block(const CbSandboxTip *tip, CbSpan raw);
/* Take the blocks above height away; gives them, lowest first. */
extern CbSpan *cb_sandbox_take_blocks(int32 height, int *n);
/* Its bytes, or an empty span. */
extern CbSpan cb_sandbox_mined_tx(const CbHash256 *txid);

/*
 * cb_sandbox_mine.c
 *
 * Blocks that the world has found while the clock moved on, without what waits
 * in the mempool.
 */
extern void cb_sandbox_let_time_pass(CbSandboxTip *tip);

/* cb_sandbox_block.c */
extern CbSpan cb_sandbox_genesis(void);
/* How many transactions, from the first, fit into one block. */
extern int	cb_sandbox_fit_block(const CbSpan *txs, int n);
/* A block on top of tip, not before now; moves tip onto it. */
extern CbSpan cb_sandbox_build_block(CbSandboxTip *tip, uint32 now, CbSpan coinbase_script,
									 const CbSpan *txs, int n);
extern void cb_sandbox_advance_tip(CbSandboxTip *tip, const CbHeader *header);

/* cb_sandbox_tx.c */
extern CbSpan cb_sandbox_payment_tx(const CbTxOut *outputs, int n);
/* Spends what tx spends, and pays nobody. */
extern CbSpan cb_sandbox_replacement_tx(const CbTx *tx);
extern CbSpan cb_sandbox_coinbase_tx(int32 height, CbSpan script, const CbHash256 *witness_root);
/* A script whose key nobody has; never the same twice. */
extern void cb_sandbox_nobody(CbScriptBuf *script);
/* The output script of a text argument that is an address. */
extern CbSpan cb_sandbox_address_script(Datum address);

/* cb_sandbox_mempool.c */
/* As a node accepts a broadcast, see cb_sandbox.h. */
extern void cb_sandbox_accept(const CbSandboxTip *tip, const CbSpan *txs, int n);
/* Its bytes, or an empty span. */
extern CbSpan cb_sandbox_mempool_tx(const CbHash256 *txid);
/* Whether a block, or what waits for one, spends it. */
extern bool cb_sandbox_is_spent(const CbOutpoint *outpoint);
/* All of them, parents first. */
extern CbSpan *cb_sandbox_mempool_txs(int *n);
/* The first n are in a block now. */
extern void cb_sandbox_mempool_mined(int n);
/* Transactions of blocks undone come back, in front of all others. */
extern void cb_sandbox_mempool_restore(const CbSpan *txs, int n);
/*
 * Drop a transaction, which need not be there, and all that spend its outputs,
 * and tell the chain layer.
 */
extern void cb_sandbox_mempool_drop(const CbSandboxTip *tip, const CbHash256 *txid);

#endif							/* CB_SANDBOX_INTERNAL_H */
