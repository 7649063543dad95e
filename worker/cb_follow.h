/*-------------------------------------------------------------------------
 *
 * cb_follow.h
 *	  Bringing the chain in the database up to the node's.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FOLLOW_H
#define CB_FOLLOW_H

#include "postgres.h"

#include "../src/cb_shared.h"
#include "cb_chain_calls.h"

typedef enum CbFollowState
{
	CB_FOLLOW_SYNCED,			/* our tip is the node's */
	CB_FOLLOW_MORE,				/* some blocks applied, more to come */
	CB_FOLLOW_NODE_SYNCING,		/* nothing to begin with yet */
	CB_FOLLOW_NODE_BEHIND,		/* the node is on our chain, below us */
	CB_FOLLOW_OTHER_BRANCH,		/* the node is on a branch with no more work than ours */
	CB_FOLLOW_STOPPED			/* until chain_accept() */
} CbFollowState;

/* Ask the node about itself and report it to the database.  Raises errors. */
extern void cb_follow_look(const CbWorkerSettings *settings, CbNodeView *view);

/* Apply what the node has, for a few seconds at most.  Raises errors. */
extern CbFollowState cb_follow(const CbWorkerSettings *settings, const CbNodeView *view);

#endif							/* CB_FOLLOW_H */
