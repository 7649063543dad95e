/*-------------------------------------------------------------------------
 *
 * cb_follow.c
 *	  Bringing the chain in the database up to the node's.
 *
 * Every block is a transaction of its own, so that what was done stays done.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "../src/cb_compat.h"
#include "cb_follow.h"
#include "cb_fork.h"
#include "cb_link.h"
#include "cb_node.h"
#include "cb_worker_tx.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Then jobs and billing have their turn. */
#define CATCH_UP_MS 5000
#define CATCH_UP_BATCH 100

static CbFollowState begin_following(const CbWorkerSettings *settings, const CbNodeView *view);
static int	first_base(const CbWorkerSettings *settings, const CbNodeView *view);
static CbFollowState advance(const CbWorkerSettings *settings, const CbNodeView *view,
							 CbBlockId *tip);
static CbFollowState leave_branch(const CbWorkerSettings *settings, const CbNodeView *view,
								  const CbFork *fork);
static CbFollowState reorganise(const CbNodeView *view, const CbFork *fork,
								const CbBlockId *branch, int n);
static CbFollowState stop_following(const char *reason);
static CbFollowState catch_up(const CbNodeView *view, CbBlockId *tip);
static CbFollowState look_again(const CbBlockId *block, bool progress);
static bool apply_block(const CbBlockId *block, CbBlockId *tip);
static bool links(const bytea *block, const char *parent);

void
cb_follow_look(const CbWorkerSettings *settings, CbNodeView *view)
{
	cb_node_look(view, settings->network_core_name);
	cb_slot_touch();
	cb_slot_set_node(view->tip.height);
	cb_chain_report(view);
}

CbFollowState
cb_follow(const CbWorkerSettings *settings, const CbNodeView *view)
{
	CbBlockId	tip;

	if (!cb_chain_tip(&tip))
		return begin_following(settings, view);
	cb_slot_set_tip(tip.height);
	if (strcmp(tip.hash, view->tip.hash) == 0)
		return CB_FOLLOW_SYNCED;
	return advance(settings, view, &tip);
}

/*
 * A node that has not seen most of the chain yet would have us begin years ago.
 * On regtest a node that has no recent block says that of itself as well.
 */
static CbFollowState
begin_following(const CbWorkerSettings *settings, const CbNodeView *view)
{
	CbBlockId	base;
	int			height = first_base(settings, view);

	if (view->tip.height < height ||
		(view->initial_download && strcmp(settings->network, "regtest") != 0))
		return CB_FOLLOW_NODE_SYNCING;
	cb_node_block_hash(Max(height, 0), &base);
	if (height >= 0)
		cb_chain_start(&base);
	else
		(void) cb_chain_apply(0, cb_node_block(base.hash));
	cb_slot_set_tip(base.height);
	ereport(settings->log_level,
			(errmsg("charmbills follows the chain from height %d", base.height)));
	return CB_FOLLOW_MORE;
}

/* The last block that is not followed itself; -1 follows all from genesis on. */
static int
first_base(const CbWorkerSettings *settings, const CbNodeView *view)
{
	int			height;

	if (settings->start_height >= 0)
		height = settings->start_height - 1;
	else
		height = view->tip.height - settings->max_reorg_depth;
	return Max(Max(height, view->prune_height - 1), -1);
}

static CbFollowState
advance(const CbWorkerSettings *settings, const CbNodeView *view, CbBlockId *tip)
{
	CbFork		fork;

	/* The usual case needs one request: the block, which says where it belongs. */
	if (view->tip.height == tip->height + 1 && apply_block(&view->tip, tip))
		return CB_FOLLOW_SYNCED;

	if (!cb_find_fork(tip, &fork))
	{
		if (view->initial_download || view->tip.height <= tip->height)
			return CB_FOLLOW_NODE_BEHIND;
		return stop_following("no block followed is on the node's chain");
	}
	if (fork.point.height < tip->height)
		return leave_branch(settings, view, &fork);
	if (view->prune_height > tip->height + 1)
		return stop_following(psprintf("the node has pruned the blocks from %d to %d",
									   tip->height + 1, view->prune_height - 1));
	return catch_up(view, tip);
}

/* The node is on another branch than ours, or it has yet to come up to us. */
static CbFollowState
leave_branch(const CbWorkerSettings *settings, const CbNodeView *view, const CbFork *fork)
{
	CbBlockId  *branch;
	int			n;

	if (view->tip.height <= fork->point.height)
		return CB_FOLLOW_NODE_BEHIND;
	n = cb_find_branch(fork, view->tip.height, &branch);
	if (n == 0)
		return CB_FOLLOW_OTHER_BRANCH;
	if (fork->depth > settings->max_reorg_depth)
		return stop_following(psprintf("reorganisation of %d blocks above height %d, more than charmbills.max_reorg_depth",
									   fork->depth, fork->point.height));
	if (view->prune_height > fork->point.height + 1)
		return stop_following(psprintf("the node has pruned blocks of a branch above height %d",
									   fork->point.height));
	return reorganise(view, fork, branch, n);
}

/* Fetch first, then undo and apply as one change; the rest is catching up. */
static CbFollowState
reorganise(const CbNodeView *view, const CbFork *fork, const CbBlockId *branch, int n)
{
	Datum	   *blocks = palloc(sizeof(Datum) * n);

	for (int i = 0; i < n; i++)
		blocks[i] = PointerGetDatum(cb_node_block(branch[i].hash));
	(void) cb_chain_reorganise(fork->point.height, blocks, n);
	cb_slot_set_tip(branch[n - 1].height);
	return strcmp(branch[n - 1].hash, view->tip.hash) == 0 ? CB_FOLLOW_SYNCED : CB_FOLLOW_MORE;
}

static CbFollowState
stop_following(const char *reason)
{
	cb_chain_stop(reason);
	return CB_FOLLOW_STOPPED;
}

static CbFollowState
catch_up(const CbNodeView *view, CbBlockId *tip)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), CATCH_UP_MS);
	int			start = tip->height;

	while (tip->height < view->tip.height && GetCurrentTimestamp() < end)
	{
		CbBlockId	ids[CATCH_UP_BATCH];
		int			n = cb_node_block_hashes(tip->height + 1,
											 Min(view->tip.height - tip->height, CATCH_UP_BATCH),
											 ids);

		for (int i = 0; i < n && GetCurrentTimestamp() < end; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!apply_block(&ids[i], tip))
				return look_again(&ids[i], tip->height > start);
		}
		if (n == 0)
			return look_again(&view->tip, tip->height > start);
	}
	return strcmp(tip->hash, view->tip.hash) == 0 ? CB_FOLLOW_SYNCED : CB_FOLLOW_MORE;
}

/*
 * The node's chain has changed since we asked for it.  Looking again at once is
 * for those who got somewhere: a node may also contradict itself for ever.
 */
static CbFollowState
look_again(const CbBlockId *block, bool progress)
{
	if (!progress)
		ereport(ERROR,
				(errcode(CB_SQLSTATE_NOT_LINKED),
				 errmsg("the node's block %s at height %d does not follow on ours",
						block->hash, block->height)));
	return CB_FOLLOW_MORE;
}

/* False when the block does not follow the tip. */
static bool
apply_block(const CbBlockId *id, CbBlockId *tip)
{
	MemoryContext item = AllocSetContextCreate(CurrentMemoryContext, "charmbills block",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(item);
	bytea	   *block = cb_node_block(id->hash);
	bool		linked = links(block, tip->hash);

	if (linked)
	{
		(void) cb_chain_apply(id->height, block);
		*tip = *id;
		cb_slot_set_tip(tip->height);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(item);
	return linked;
}

/*
 * A header holds its parent's hash after the version, in reverse order.  What
 * is too short for a header is for the database to refuse.
 */
static bool
links(const bytea *block, const char *parent)
{
	const unsigned char *bytes = (const unsigned char *) VARDATA(block) + 4;
	char		hash[CB_HASH_TEXT_SIZE];

	if (VARSIZE(block) - VARHDRSZ < CB_HEADER_SIZE)
		return true;
	for (int i = 0; i < 32; i++)
		snprintf(hash + 2 * i, 3, "%02x", bytes[31 - i]);
	return strcmp(hash, parent) == 0;
}
