/*-------------------------------------------------------------------------
 *
 * cb_apply.c
 *	  Applying blocks, undoing them, and both as one change.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_clock.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_apply.h"
#include "chain/cb_chain.h"
#include "chain/cb_charm.h"
#include "chain/cb_charm_rescan.h"
#include "chain/cb_header_chain.h"
#include "chain/cb_watch.h"

CB_STATEMENT(write_followed, "timestamptz",
			 "UPDATE charmbills.chain_state "
			 "SET followed_until = greatest(followed_until, $1) "
			 "WHERE followed_until IS NULL OR followed_until < $1");

cb_noreturn static void refuse_block(CbResult result);
static void check_position(const CbChainState *state, int32 height, const CbParsedBlock *block);
static void check_link(const CbChainState *state, int32 height, const CbParsedBlock *block);
static void check_checkpoint(int32 height, const char *hash);
static void connect_block(CbChange *change, CbChainState *state, int32 height, CbParsedBlock *block);
static void disconnect_above(CbChange *change, CbChainState *state, int32 height);
static void check_more_work(const CbChainState *state, int32 height, CbParsedBlock *blocks, int n);
static void announce_rollback(const CbChainState *before, int32 height);

void
cb_parse_block(CbSpan raw, CbParsedBlock *parsed)
{
	CbResult	result;
	CbHash256  *scratch;

	result = cb_block_count(raw.data, raw.len, &parsed->n_txs);
	if (result != CB_OK)
		refuse_block(result);
	parsed->txs = palloc_extended(sizeof(CbBlockTx) * parsed->n_txs, MCXT_ALLOC_HUGE);
	scratch = palloc_extended(sizeof(CbHash256) * parsed->n_txs, MCXT_ALLOC_HUGE);
	result = cb_block_parse(raw.data, raw.len, &parsed->block, parsed->txs, scratch, parsed->n_txs);
	if (result == CB_OK)
		result = cb_header_check_work(&parsed->block.header, cb_current_network());
	if (result != CB_OK)
		refuse_block(result);
	pfree(scratch);
	cb_hash_text(&parsed->block.header.hash, parsed->hash);
	cb_hash_text(&parsed->block.header.prev, parsed->prev);
	memset(&parsed->spells, 0, sizeof(parsed->spells));
}

/* Nothing is wrong with the block where the setting is: reading the state says so. */
static void
refuse_block(CbResult result)
{
	CbChainState state;

	cb_chain_state_read(&state);
	cb_raise(result, "block");
}

bool
cb_chain_apply_block(int32 height, CbSpan block)
{
	CbParsedBlock parsed;
	CbChainState state;
	CbChange	change;

	cb_parse_block(block, &parsed);
	cb_charm_prepare(&parsed, PG_INT32_MAX);
	cb_chain_lock(&state);
	if (state.has_tip && state.height == height && strcmp(state.hash, parsed.hash) == 0)
		return false;
	check_position(&state, height, &parsed);
	cb_change_begin(&change, state.height);
	connect_block(&change, &state, height, &parsed);
	cb_change_finish(&change);
	return true;
}

/* May this block come next? */
static void
check_position(const CbChainState *state, int32 height, const CbParsedBlock *block)
{
	CbHash256	genesis = cb_current_network()->genesis;

	if (state->stopped_reason != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_CHAIN_STOPPED),
				 errmsg("the chain is not followed until an operator decides"),
				 errdetail("%s", state->stopped_reason),
				 errhint("See charmbills.chain_accept().")));
	if (height < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("height %d is negative", height)));
	if (height == 0 && memcmp(&block->block.header.hash, &genesis, sizeof(genesis)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_NETWORK),
				 errmsg("block %s is not the first block of %s", block->hash, cb_current_network()->name)));
	if (state->has_tip)
		check_link(state, height, block);
	check_checkpoint(height, block->hash);
	cb_header_chain_check(height, &block->block.header);
}

static void
check_link(const CbChainState *state, int32 height, const CbParsedBlock *block)
{
	if (height == state->height + 1 && strcmp(block->prev, state->hash) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_NOT_LINKED),
			 errmsg("block %s at height %d does not continue the chain", block->hash, height),
			 errdetail("It follows %s, but the tip is %s at height %d.",
					   block->prev, state->hash, state->height)));
}

static void
check_checkpoint(int32 height, const char *hash)
{
	const char *colon = strchr(cb_guc_checkpoint, ':');

	if (colon == NULL || strtol(cb_guc_checkpoint, NULL, 10) != height ||
		strcmp(colon + 1, hash) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_WRONG_NETWORK),
			 errmsg("block %s at height %d is not the checkpoint", hash, height),
			 errdetail("charmbills.checkpoint is %s.", cb_guc_checkpoint)));
}

int
cb_record_block(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place, int32 tip)
{
	CbMatches	matches;
	CbCharmMatches charms;

	cb_match(block->txs, (int) block->n_txs, false, &matches);
	cb_charm_match_block(block, &matches, &charms);
	cb_known_tx_record(block->txs, (int) block->n_txs, matches.relevant, place,
					   change->now, &change->moved);
	cb_charm_record(change, block, place, &charms, tip);
	cb_change_add_hits(change, matches.hits, matches.n_hits);
	return matches.n_relevant;
}

/*
 * Record the facts of one block and move the cursor.  The block's bytes must
 * outlive the change.
 */
static void
connect_block(CbChange *change, CbChainState *state, int32 height, CbParsedBlock *block)
{
	CbBlockPlace place = {height, block->hash, 0};
	bool		is_base = !state->has_tip;

	place.median_time = cb_header_chain_add(height, &block->block.header, block->hash);
	/* Before matching: a watch that appears in between waits to be offered. */
	cb_watch_offered(is_base ? -1 : height - 1, height);
	cb_record_block(change, block, &place, height);
	state->has_tip = true;
	state->height = height;
	strlcpy(state->hash, block->hash, sizeof(state->hash));
	if (is_base)
		state->base_height = height;
	cb_chain_set_tip(height, state->hash, state->base_height);
	cb_chain_followed_until(place.median_time);
	cb_change_tip(change, height);
	cb_charm_rescan_waiting(change->now);
}

void
cb_chain_followed_until(TimestampTz until)
{
	cb_execute(&write_followed, CB_ARGS(cb_timestamptz(until)));
}

int32
cb_chain_rollback(int32 height)
{
	CbChainState state;
	CbChainState before;
	CbChange	change;

	cb_chain_lock(&state);
	if (!state.has_tip || height >= state.height)
		return 0;
	before = state;
	cb_change_begin(&change, state.height);
	disconnect_above(&change, &state, height);
	cb_change_finish(&change);
	announce_rollback(&before, height);
	return before.height - height;
}

static void
disconnect_above(CbChange *change, CbChainState *state, int32 height)
{
	TimestampTz median_time;

	if (!cb_header_chain_at(height, state->hash, &median_time))
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_LINKED),
				 errmsg("cannot go back to height %d", height),
				 errdetail("Blocks are followed from height %d.", state->base_height)));
	cb_charm_disconnect(change, height);
	cb_known_tx_disconnect(height, &change->moved);
	cb_header_chain_truncate(height);
	cb_watch_rolled_back(height);
	state->height = height;
	cb_chain_set_tip(height, state->hash, state->base_height);
	cb_change_tip(change, height);
}

static void
announce_rollback(const CbChainState *before, int32 height)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_int(&payload, "fork_height", height);
	cb_json_int(&payload, "old_height", before->height);
	cb_json_text(&payload, "old_hash", before->hash);
	cb_event(&events, "chain.reorganised", NULL, "chain", cb_current_network()->name,
			 cb_json_end(&payload), cb_now());
	cb_events_write(&events);
}

int32
cb_chain_reorganise(int32 height, const CbSpan *blocks, int n)
{
	CbParsedBlock *parsed = palloc_extended(sizeof(CbParsedBlock) * Max(n, 1), MCXT_ALLOC_HUGE);
	CbChainState state;
	CbChainState before;
	CbChange	change;

	for (int i = 0; i < n; i++)
	{
		cb_parse_block(blocks[i], &parsed[i]);
		cb_charm_prepare(&parsed[i], height);
	}
	cb_chain_lock(&state);
	before = state;
	check_more_work(&state, height, parsed, n);
	cb_change_begin(&change, state.height);
	if (height < state.height)
		disconnect_above(&change, &state, height);
	for (int i = 0; i < n; i++)
	{
		check_position(&state, height + 1 + i, &parsed[i]);
		connect_block(&change, &state, height + 1 + i, &parsed[i]);
	}
	cb_change_finish(&change);
	if (height < before.height)
		announce_rollback(&before, height);
	return before.height - height;
}

static void
check_more_work(const CbChainState *state, int32 height, CbParsedBlock *blocks, int n)
{
	CbUint256	ours;
	CbUint256	theirs;

	if (!state->has_tip || height > state->height)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_LINKED),
				 errmsg("height %d is above the tip", height)));
	if (state->height - height > cb_guc_max_reorg_depth)
		ereport(ERROR,
				(errcode(ERRCODE_CB_CHAIN_STOPPED),
				 errmsg("a reorganisation of %d blocks is deeper than allowed", state->height - height),
				 errdetail("charmbills.max_reorg_depth is %d.", cb_guc_max_reorg_depth),
				 errhint("If the new branch is right, call charmbills.chain_accept() with its last block.")));
	ours = cb_header_chain_work_above(height);
	memset(&theirs, 0, sizeof(theirs));
	for (int i = 0; i < n; i++)
	{
		CbUint256	target;
		CbUint256	work;

		cb_target_from_bits(blocks[i].block.header.bits, &target);
		cb_target_work(&target, &work);
		cb_uint256_add(&theirs, &work);
	}
	if (cb_uint256_cmp(&theirs, &ours) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_LINKED),
				 errmsg("the other branch does not have more work"),
				 errdetail("It has %d blocks where %d would be undone.", n, state->height - height)));
}
