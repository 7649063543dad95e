/*-------------------------------------------------------------------------
 *
 * cb_sandbox_chain.c
 *	  The sandbox's stored chain, and how every call begins and ends.
 *
 * sandbox_blocks is what a node has on its disk; the chain layer follows it
 * through the functions by which it follows any node.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sandbox_internal.h"
#include "cb_sql.h"
#include "chain/cb_apply.h"
#include "chain/cb_chain.h"
#include "miscadmin.h"

CB_STATEMENT(read_last_headers, "int4",
			 "SELECT height, pg_catalog.substring(raw, 1, 80) FROM "
			 "(SELECT height, raw FROM charmbills.sandbox_blocks ORDER BY height DESC LIMIT $1) last "
			 "ORDER BY height");
CB_STATEMENT(read_height_of, "text",
			 "SELECT height FROM charmbills.sandbox_blocks WHERE hash = $1");
CB_STATEMENT(read_block, "int4",
			 "SELECT raw FROM charmbills.sandbox_blocks WHERE height = $1");
CB_STATEMENT(read_blocks_above, "int4",
			 "SELECT raw FROM charmbills.sandbox_blocks WHERE height > $1 ORDER BY height");
CB_STATEMENT(delete_blocks_above, "int4",
			 "DELETE FROM charmbills.sandbox_blocks WHERE height > $1");
CB_STATEMENT(insert_block, "int4 text bytea",
			 "INSERT INTO charmbills.sandbox_blocks (height, hash, raw) VALUES ($1, $2, $3)");
CB_STATEMENT(read_unarmed, "",
			 "SELECT pg_catalog.min(offered_height) FROM "
			 "(SELECT offered_height FROM charmbills.watched_scripts WHERE NOT is_armed "
			 " UNION ALL "
			 " SELECT offered_height FROM charmbills.watched_outpoints WHERE NOT is_armed "
			 " UNION ALL "
			 " SELECT offered_height FROM charmbills.watched_apps WHERE NOT is_armed) unarmed "
			 "HAVING pg_catalog.count(*) > 0");

static void require_sandbox(void);
static void store_genesis(CbSandboxTip *tip);
static int32 followed_height(const CbChainState *state);
static CbSpan load_block(int32 height);
static void offer_missed_blocks(int32 offered, int32 height);

void
cb_sandbox_enter(CbSandboxTip *tip)
{
	CbChainState state;

	require_sandbox();
	cb_chain_lock(&state);
	cb_sandbox_load_tip(tip);
	if (tip->height < 0 && !state.has_tip)
		store_genesis(tip);
	for (int32 height = followed_height(&state) + 1; height <= tip->height; height++)
		cb_chain_apply_block(height, load_block(height));
}

void
cb_sandbox_leave(const CbSandboxTip *tip)
{
	CbSpan	   *txs;
	int			n;

	cb_chain_followed_until(cb_now());
	if (cb_execute(&read_unarmed, CB_NO_ARGS) == 0)
		return;
	offer_missed_blocks(cb_column_int4(0, 1), tip->height);
	txs = cb_sandbox_mempool_txs(&n);
	cb_chain_arm_watches(txs, n);
}

static void
require_sandbox(void)
{
	if (cb_is_sandbox() && cb_current_network()->id == CB_REGTEST)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_SETTING),
			 errmsg("this database has no sandbox"),
			 errdetail("The chain is that of a node, or of a network other than regtest."),
			 errhint("In a database of its own, set charmbills.network = 'regtest' "
					 "and charmbills.rpc_url = 'sandbox'.")));
}

void
cb_sandbox_load_tip(CbSandboxTip *tip)
{
	uint64		n = cb_execute(&read_last_headers, CB_ARGS(cb_int4(CB_SANDBOX_MEDIAN_BLOCKS)));

	memset(tip, 0, sizeof(*tip));
	tip->height = n > 0 ? cb_column_int4(0, 1) - 1 : -1;
	for (uint64 i = 0; i < n; i++)
	{
		CbSpan		raw = cb_column_bytea(i, 2);
		CbHeader	header;

		if (raw.len != CB_HEADER_SIZE || cb_header_parse(raw.data, &header) != CB_OK)
			elog(ERROR, "sandbox block is damaged");
		cb_sandbox_advance_tip(tip, &header);
	}
}

static void
store_genesis(CbSandboxTip *tip)
{
	CbSpan		raw = cb_sandbox_genesis();
	CbHeader	header;

	(void) cb_header_parse(raw.data, &header);
	cb_sandbox_advance_tip(tip, &header);
	cb_sandbox_store_block(tip, raw);
}

/* Where on the sandbox's chain the chain layer stands; -1 for nowhere yet. */
static int32
followed_height(const CbChainState *state)
{
	if (!state->has_tip)
		return -1;
	if (cb_execute(&read_height_of, CB_ARGS(cb_text(state->hash))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the chain followed so far is not the sandbox's"),
				 errdetail("Block %s at height %d did not come from the sandbox.", state->hash, state->height),
				 errhint("Use the sandbox in a database that has followed no other chain.")));
	return cb_column_int4(0, 1);
}

static CbSpan
load_block(int32 height)
{
	cb_execute_one(&read_block, CB_ARGS(cb_int4(height)));
	return cb_column_bytea(0, 1);
}

/* Watches that were born before a block and committed after it. */
static void
offer_missed_blocks(int32 offered, int32 height)
{
	for (int32 missed = Max(offered, -1) + 1; missed <= height; missed++)
	{
		CHECK_FOR_INTERRUPTS();
		cb_chain_offer_block(missed, load_block(missed));
	}
}

void
cb_sandbox_store_block(const CbSandboxTip *tip, CbSpan raw)
{
	char		hash[CB_HASH_TEXT_SIZE];

	cb_hash_text(&tip->hash, hash);
	cb_execute(&insert_block, CB_ARGS(cb_int4(tip->height), cb_text(hash), cb_bytea(raw)));
}

CbSpan *
cb_sandbox_take_blocks(int32 height, int *n)
{
	CbSpan	   *blocks;

	*n = (int) cb_execute(&read_blocks_above, CB_ARGS(cb_int4(height)));
	blocks = palloc(sizeof(CbSpan) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		blocks[i] = cb_column_bytea(i, 1);
	cb_execute(&delete_blocks_above, CB_ARGS(cb_int4(height)));
	return blocks;
}

CbSpan
cb_sandbox_mined_tx(const CbHash256 *txid)
{
	uint64		n = cb_execute(&read_blocks_above, CB_ARGS(cb_int4(-1)));

	for (uint64 i = 0; i < n; i++)
	{
		CbParsedBlock block;

		cb_parse_block(cb_column_bytea(i, 1), &block);
		for (uint32 t = 0; t < block.n_txs; t++)
		{
			if (memcmp(&block.txs[t].txid, txid, sizeof(*txid)) == 0)
				return block.txs[t].tx.raw;
		}
	}
	return (CbSpan) {NULL, 0};
}
