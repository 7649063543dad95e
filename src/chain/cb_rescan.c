/*-------------------------------------------------------------------------
 *
 * cb_rescan.c
 *	  Looking again at blocks that came before a watch, or before our base.
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
#include "cb_sql.h"
#include "chain/cb_chain.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_header_chain.h"
#include "chain/cb_job_queue.h"

CB_STATEMENT(read_header, "int4",
			 "SELECT header FROM charmbills.blocks WHERE height = $1");

static void extend_downwards(const CbChainState *state, CbSpan block);
static void hash_below_base(const CbChainState *state, char hash[CB_HASH_TEXT_SIZE]);

/*
 * charmbills.chain_rescan(from_height integer) -> uuid: the job's id
 */
CB_FUNCTION(chain_rescan, CB_OPERATOR)
{
	CbChainState state;
	pg_uuid_t  *job_id = palloc(sizeof(pg_uuid_t));

	cb_require_args(fcinfo, 1);
	cb_chain_state_read(&state);
	if (!state.has_tip || PG_GETARG_INT32(0) < 0 || PG_GETARG_INT32(0) > state.height)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("height %d is not one to rescan from", PG_GETARG_INT32(0)),
				 state.has_tip ? errdetail("The tip is at height %d.", state.height) :
				 errdetail("No block has been applied yet.")));
	*job_id = cb_job_queue_rescan(PG_GETARG_INT32(0), cb_now());
	PG_RETURN_UUID_P(job_id);
}

/*
 * charmbills.chain_rescan_block(height integer, block bytea) -> integer
 *
 * A block of our chain or the one right below its base; gives how many of its
 * transactions mattered.
 */
CB_FUNCTION(chain_rescan_block, CB_OPERATOR)
{
	CbChainState state;
	CbSpan		block;
	int32		height;

	cb_require_args(fcinfo, 2);
	height = PG_GETARG_INT32(0);
	block = cb_bytea_span(PG_GETARG_DATUM(1));
	cb_chain_lock(&state);
	if (state.has_tip && height >= 0 && height == state.base_height - 1)
		extend_downwards(&state, block);
	PG_RETURN_INT32(cb_chain_offer_block(height, block));
}

/*
 * The base's header vouches for its parent's hash, and so for all of the block.
 * Its median time is not known, since the headers below are not: its own time
 * stands in.
 */
static void
extend_downwards(const CbChainState *state, CbSpan block)
{
	CbHeader	header;
	char		hash[CB_HASH_TEXT_SIZE];
	char		expected[CB_HASH_TEXT_SIZE];

	if (block.len < CB_HEADER_SIZE || cb_header_parse(block.data, &header) != CB_OK)
		cb_raise(CB_ERR_TRUNCATED, "block");
	cb_hash_text(&header.hash, hash);
	hash_below_base(state, expected);
	if (strcmp(hash, expected) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_LINKED),
				 errmsg("block %s does not come before the first block followed", hash),
				 errdetail("At height %d that is %s.", state->base_height - 1, expected)));
	cb_header_chain_add(state->base_height - 1, &header, hash);
	cb_chain_set_tip(state->height, state->hash, state->base_height - 1);
}

/* Where following has begun but no block has come, the cursor itself says it. */
static void
hash_below_base(const CbChainState *state, char hash[CB_HASH_TEXT_SIZE])
{
	CbSpan		raw;
	CbHeader	base;

	if (state->base_height > state->height)
	{
		strlcpy(hash, state->hash, CB_HASH_TEXT_SIZE);
		return;
	}
	cb_execute_one(&read_header, CB_ARGS(cb_int4(state->base_height)));
	raw = cb_column_bytea(0, 1);
	if (raw.len != CB_HEADER_SIZE || cb_header_parse(raw.data, &base) != CB_OK)
		elog(ERROR, "stored header is damaged");
	cb_hash_text(&base.prev, hash);
}
