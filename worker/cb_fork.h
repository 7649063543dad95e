/*-------------------------------------------------------------------------
 *
 * cb_fork.h
 *	  Where our chain and the node's part.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_FORK_H
#define CB_FORK_H

#include "postgres.h"

#include "cb_chain_calls.h"

typedef struct CbFork
{
	CbBlockId	point;			/* our highest block that is on the node's chain */
	int			depth;			/* our blocks above it */
} CbFork;

/*
 * The node's blocks above the fork, lowest first, as many as it takes to stand
 * for more work than ours above it; gives how many, 0 when all of them do not.
 */
extern int	cb_find_branch(const CbFork *fork, int node_height, CbBlockId **branch);

/* False when no block of ours is on the node's chain. */
extern bool cb_find_fork(const CbBlockId *tip, CbFork *fork);

#endif							/* CB_FORK_H */
