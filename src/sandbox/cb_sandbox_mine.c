/*-------------------------------------------------------------------------
 *
 * cb_sandbox_mine.c
 *	  SQL functions that make blocks: sandbox_mine(), sandbox_reorg().
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sandbox_internal.h"
#include "cb_sql.h"
#include "chain/cb_apply.h"
#include "chain/cb_chain.h"
#include "miscadmin.h"

#define MAX_BLOCKS_PER_CALL 10000
/* How far a chain's median time past lags behind, more or less; seconds. */
#define LAG (2 * SECS_PER_HOUR)

/* The transactions of blocks that are to be undone, block by block. */
typedef struct OldBranch
{
	int			n_blocks;
	CbSpan	   *txs;			/* without coinbases */
	int			n_txs;
	int		   *first_tx;		/* n_blocks + 1 entries: where each block's begin */
	CbHash256  *coinbases;
} OldBranch;

static void mine_block(CbSandboxTip *tip, CbSpan coinbase_script);
static void check_depth(int32 depth, int32 height);
static void take_branch(int32 fork, OldBranch *old);
static void add_old_block(OldBranch *old, CbSpan raw);
static void replace_branch(int32 fork, const OldBranch *old, bool keep, CbSandboxTip *tip);
static uint32 block_time(void);
static CbSpan nobody_script(void);

/* charmbills.sandbox_mine(blocks, coinbase_address) -> integer */
CB_FUNCTION(sandbox_mine, CB_OPERATOR)
{
	CbSandboxTip tip;
	CbSpan		script;
	int32		blocks;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 1);
	blocks = PG_GETARG_INT32(0);
	if (blocks < 1 || blocks > MAX_BLOCKS_PER_CALL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("blocks must be from 1 to %d", MAX_BLOCKS_PER_CALL)));
	script = PG_ARGISNULL(1) ? nobody_script() : cb_sandbox_address_script(PG_GETARG_DATUM(1));

	for (int32 i = 0; i < blocks; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mine_block(&tip, script);
	}
	cb_sandbox_leave(&tip);
	PG_RETURN_INT32(tip.height);
}

/* In a connection of its own, so that its memory is free afterwards. */
static void
mine_block(CbSandboxTip *tip, CbSpan coinbase_script)
{
	CbSpan	   *txs;
	CbSpan		block;
	int			n;

	SPI_connect();
	txs = cb_sandbox_mempool_txs(&n);
	n = cb_sandbox_fit_block(txs, n);
	block = cb_sandbox_build_block(tip, block_time(), coinbase_script, txs, n);
	cb_sandbox_store_block(tip, block);
	cb_sandbox_mempool_mined(n);
	cb_chain_apply_block(tip->height, block);
	SPI_finish();
}

/*
 * Six of eleven: from then on the median time past is about now, and payments
 * are dated by it.
 */
void
cb_sandbox_let_time_pass(CbSandboxTip *tip)
{
	uint32		now = block_time();

	if (tip->n_times == 0 || now - tip->times[tip->n_times / 2] < LAG)
		return;
	for (int i = 0; i <= CB_SANDBOX_MEDIAN_BLOCKS / 2; i++)
	{
		CbSpan		block;

		SPI_connect();
		block = cb_sandbox_build_block(tip, now, nobody_script(), NULL, 0);
		cb_sandbox_store_block(tip, block);
		cb_chain_apply_block(tip->height, block);
		SPI_finish();
	}
}

static uint32
block_time(void)
{
	return (uint32) timestamptz_to_time_t(cb_now());
}

static CbSpan
nobody_script(void)
{
	CbScriptBuf *script = palloc(sizeof(CbScriptBuf));

	cb_sandbox_nobody(script);
	return (CbSpan) {script->data, script->len};
}

/* charmbills.sandbox_reorg(depth, keep_transactions) -> integer */
CB_FUNCTION(sandbox_reorg, CB_OPERATOR)
{
	CbSandboxTip tip;
	OldBranch	old;
	int32		fork;
	bool		keep;

	cb_sandbox_enter(&tip);
	cb_require_args(fcinfo, 2);
	check_depth(PG_GETARG_INT32(0), tip.height);
	fork = tip.height - PG_GETARG_INT32(0);
	keep = PG_GETARG_BOOL(1);

	take_branch(fork, &old);
	replace_branch(fork, &old, keep, &tip);
	if (!keep)
		cb_sandbox_mempool_restore(old.txs, old.n_txs);
	/* What spends a coinbase that is no more goes with it. */
	for (int i = 0; i < old.n_blocks; i++)
		cb_sandbox_mempool_drop(&tip, &old.coinbases[i]);
	cb_sandbox_leave(&tip);
	PG_RETURN_INT32(tip.height);
}

/* Genesis stays, and what an operator would have to allow is not done. */
static void
check_depth(int32 depth, int32 height)
{
	int32		deepest = Min(height, cb_guc_max_reorg_depth);

	if (depth >= 1 && depth <= deepest)
		return;
	if (height == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("there is no block to replace"),
				 errhint("Mine one first with sandbox_mine().")));
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("depth must be from 1 to %d", deepest),
			 errdetail("The chain's height is %d, charmbills.max_reorg_depth is %d.",
					   height, cb_guc_max_reorg_depth)));
}

static void
take_branch(int32 fork, OldBranch *old)
{
	int			n;
	CbSpan	   *blocks = cb_sandbox_take_blocks(fork, &n);

	memset(old, 0, sizeof(*old));
	old->first_tx = palloc0(sizeof(int) * (n + 1));
	old->coinbases = palloc(sizeof(CbHash256) * n);
	for (int i = 0; i < n; i++)
		add_old_block(old, blocks[i]);
}

static void
add_old_block(OldBranch *old, CbSpan raw)
{
	CbParsedBlock block;
	size_t		size;

	cb_parse_block(raw, &block);
	size = sizeof(CbSpan) * (old->n_txs + block.n_txs);
	old->txs = old->txs ? repalloc(old->txs, size) : palloc(size);
	old->coinbases[old->n_blocks] = block.txs[0].txid;
	for (uint32 i = 1; i < block.n_txs; i++)
		old->txs[old->n_txs++] = block.txs[i].tx.raw;
	old->first_tx[++old->n_blocks] = old->n_txs;
}

/* One block more than there were; with the same transactions in each, or none. */
static void
replace_branch(int32 fork, const OldBranch *old, bool keep, CbSandboxTip *tip)
{
	CbSpan	   *blocks = palloc(sizeof(CbSpan) * (old->n_blocks + 1));
	CbSpan		script = nobody_script();
	uint32		now = block_time();

	cb_sandbox_load_tip(tip);
	Assert(tip->height == fork);
	for (int i = 0; i <= old->n_blocks; i++)
	{
		const CbSpan *txs = NULL;
		int			n = 0;

		if (keep && i < old->n_blocks)
		{
			txs = old->txs + old->first_tx[i];
			n = old->first_tx[i + 1] - old->first_tx[i];
		}
		blocks[i] = cb_sandbox_build_block(tip, now, script, txs, n);
		cb_sandbox_store_block(tip, blocks[i]);
	}
	cb_chain_reorganise(fork, blocks, old->n_blocks + 1);
}
