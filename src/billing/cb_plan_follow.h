/*-------------------------------------------------------------------------
 *
 * cb_plan_follow.h
 *	  Plans follow the transactions that mint them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PLAN_FOLLOW_H
#define CB_PLAN_FOLLOW_H

#include "postgres.h"

#include "chain/cb_change.h"

/*
 * A transaction of ours with a plan has news.  A plan becomes active only
 * through one that spends its identity or its NFT.
 */
extern void cb_plan_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events);

/* Whether a confirmed transaction of ours has spent the plan's identity or NFT. */
extern bool cb_plan_is_minted(const pg_uuid_t *plan_id);

#endif							/* CB_PLAN_FOLLOW_H */
