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

/* A plan's own transactions that spend its identity or its NFT. */
typedef struct CbPlanSpenders
{
	bool		include_this;	/* the one that is asked about */
	bool		any_confirmed;
	bool		any_pending;
} CbPlanSpenders;

/* this_one: NULL to ask about none. */
extern void cb_plan_spenders_read(const pg_uuid_t *plan_id, const pg_uuid_t *this_one, CbPlanSpenders *spenders);

/* The event that says that the chain has moved a plan between two statuses. */
extern const char *cb_plan_event_type(const char *from, const char *to);

/*
 * A transaction of ours with a plan has news.  A plan becomes active only
 * through one that spends its identity or its NFT, and a tracked one only
 * through its NFT.
 */
extern void cb_plan_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events);

/* Whether a confirmed transaction of ours has spent the plan's identity or NFT. */
extern bool cb_plan_is_minted(const pg_uuid_t *plan_id);

#endif							/* CB_PLAN_FOLLOW_H */
