/*-------------------------------------------------------------------------
 *
 * cb_charm_follow.h
 *	  Following plans' charms from transaction to transaction.
 *
 * What outputs hold is a function of the transactions that matter to a plan, in
 * their order on the chain.  Whenever one comes, in whatever order they are
 * found, the plan's rows from its height on are thrown away and made again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_FOLLOW_H
#define CB_CHARM_FOLLOW_H

#include "postgres.h"

#include "chain/cb_charm_news.h"

/* A new output of a plan's that is not spent as far as is known. */
typedef struct CbCharmOutput
{
	pg_uuid_t	plan_id;
	pg_uuid_t	merchant_id;
	CbOutpoint	outpoint;
} CbCharmOutput;

typedef struct CbCharmOutputs
{
	CbCharmOutput *outputs;
	int			n;
} CbCharmOutputs;

/*
 * Follow plans, each named once, again from a height on, along the transactions
 * recorded for them.  New outputs are watched, and offered every block since their
 * own; what spends them in the block that is at hand, if there is one, the caller
 * finds himself: created are its outputs.
 */
extern void cb_charm_follow(CbChange *change, const CbCharmStart *starts, int n, int32 tip,
							const CbBlockPlace *block, CbCharmOutputs *created);

/* Throw away what plans hold and spend at a height and above. */
extern void cb_charm_undo(CbChange *change, const CbCharmStart *starts, int n);

#endif							/* CB_CHARM_FOLLOW_H */
