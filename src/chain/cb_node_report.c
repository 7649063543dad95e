/*-------------------------------------------------------------------------
 *
 * cb_node_report.c
 *	  What the node says of itself, where following begins, and the operator's
 *	  word when it has stopped.
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
#include "cb_event.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_shared.h"
#include "cb_sql.h"
#include "chain/cb_chain.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_header_chain.h"
#include "chain/cb_watch.h"
#include "utils/builtins.h"

CB_STATEMENT(write_report, "timestamptz int4 text int4 bool int4 bool text",
			 "UPDATE charmbills.chain_state "
			 "SET node_reported_at = $1, node_height = $2, node_hash = $3, node_headers = $4, "
			 "    node_initial_download = $5, node_prune_height = $6, node_mempool_loaded = $7, "
			 "    node_version = $8");
CB_STATEMENT(write_stop, "text",
			 "UPDATE charmbills.chain_state SET stopped_reason = $1");

static void check_genesis(const char *genesis);
static void announce(const char *type, const char *key, const char *value, int32 height);
static char *block_hash_arg(FunctionCallInfo fcinfo, int argno);

/*
 * charmbills.chain_report_node(height, hash, headers, initial_download,
 *		prune_height, mempool_loaded, version, genesis) -> void
 */
CB_FUNCTION(chain_report_node, CB_OPERATOR)
{
	CbChainState state;
	TimestampTz now = cb_now();
	char	   *hash;

	cb_require_args(fcinfo, 2);
	hash = block_hash_arg(fcinfo, 1);
	if (!PG_ARGISNULL(7))
		check_genesis(text_to_cstring(PG_GETARG_TEXT_PP(7)));
	cb_chain_lock(&state);
	cb_execute(&write_report,
			   CB_ARGS(cb_timestamptz(now), cb_arg(fcinfo, 0), cb_text(hash), cb_arg(fcinfo, 2),
					   cb_arg(fcinfo, 3), cb_arg(fcinfo, 4), cb_arg(fcinfo, 5), cb_arg(fcinfo, 6)));

	/* A synchronised node that stands where we stand knows of no later block. */
	if (state.has_tip && strcmp(state.hash, hash) == 0 &&
		!PG_ARGISNULL(3) && !PG_GETARG_BOOL(3))
		cb_chain_followed_until(now);
	PG_RETURN_VOID();
}

static void
check_genesis(const char *genesis)
{
	CbHash256	expected = cb_current_network()->genesis;
	char		text[CB_HASH_TEXT_SIZE];

	cb_hash_text(&expected, text);
	if (strcmp(genesis, text) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CB_WRONG_NETWORK),
			 errmsg("the node follows another network than %s", cb_current_network()->name),
			 errdetail("Its first block is %s.", genesis),
			 errhint("Check charmbills.network and charmbills.rpc_url.")));
}

static char *
block_hash_arg(FunctionCallInfo fcinfo, int argno)
{
	CbHash256	hash;
	char	   *canonical = palloc(CB_HASH_TEXT_SIZE);

	cb_hash_parse(text_to_cstring(PG_GETARG_TEXT_PP(argno)), &hash);
	cb_hash_text(&hash, canonical);
	return canonical;
}

/*
 * charmbills.chain_start(height integer, hash text) -> void
 *
 * Sets where following begins; again with the same block it does nothing.
 */
CB_FUNCTION(chain_start, CB_OPERATOR)
{
	CbChainState state;
	int32		height;
	char	   *hash;

	cb_require_args(fcinfo, 2);
	height = PG_GETARG_INT32(0);
	hash = block_hash_arg(fcinfo, 1);
	if (height < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("height %d is negative", height)));
	cb_chain_lock(&state);
	if (state.has_tip && (state.height != height || strcmp(state.hash, hash) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the chain is followed already"),
				 errdetail("The tip is %s at height %d.", state.hash, state.height)));
	if (!state.has_tip)
	{
		cb_chain_set_tip(height, hash, height + 1);
		cb_watch_offered(-1, height);
	}
	PG_RETURN_VOID();
}

/* charmbills.chain_stop(reason text) -> void */
CB_FUNCTION(chain_stop, CB_OPERATOR)
{
	CbChainState state;
	char	   *reason;

	cb_require_args(fcinfo, 1);
	reason = text_to_cstring(PG_GETARG_TEXT_PP(0));
	cb_chain_lock(&state);
	if (state.stopped_reason == NULL)
		announce("chain.stopped", "reason", reason, state.height);
	cb_execute(&write_stop, CB_ARGS(cb_text(reason)));
	PG_RETURN_VOID();
}

/*
 * charmbills.chain_accept(height integer, hash text) -> void
 *
 * The operator's word that the chain contains this block, from which following
 * goes on: behind a reorganisation that was too deep, or beyond a gap.
 */
CB_FUNCTION(chain_accept, CB_OPERATOR)
{
	CbChainState state;
	int32		height;
	char	   *hash;
	char		held[CB_HASH_TEXT_SIZE];
	TimestampTz median_time;
	bool		ours;

	cb_require_args(fcinfo, 2);
	height = PG_GETARG_INT32(0);
	hash = block_hash_arg(fcinfo, 1);
	cb_chain_lock(&state);
	if (!state.has_tip)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("no chain is followed yet"),
				 errhint("Use charmbills.chain_start().")));
	if (height < state.base_height)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("height %d is below %d, from which the chain is followed", height, state.base_height)));
	ours = cb_header_chain_at(height, held, &median_time) && strcmp(held, hash) == 0;
	cb_chain_rollback(ours ? height : height - 1);
	if (!ours)
	{
		/* What the block contains is unknown until it is rescanned. */
		cb_chain_set_tip(height, hash, height + 1);
		cb_header_chain_truncate(-1);
	}
	cb_execute(&write_stop, CB_ARGS(cb_null()));
	announce("chain.accepted", "hash", hash, height);
	cb_wake_on_commit();
	PG_RETURN_VOID();
}

static void
announce(const char *type, const char *key, const char *value, int32 height)
{
	CbEvents	events = {NIL};
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_int(&payload, "height", height);
	cb_json_text(&payload, key, value);
	cb_event(&events, type, NULL, "chain", cb_current_network()->name,
			 cb_json_end(&payload), cb_now());
	cb_events_write(&events);
}
