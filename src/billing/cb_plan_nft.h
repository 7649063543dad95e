/*-------------------------------------------------------------------------
 *
 * cb_plan_nft.h
 *	  Tracked plans follow their NFT.
 *
 * A tracked plan is on sale while its NFT is born, deep enough, and held by
 * the merchant: on the merchant's or the plan's address, on the plan's NFT
 * script, or on any script watched for the merchant.  Where its NFT is follows
 * from the charms known of it alone, so any path to the same facts ends alike;
 * one without its NFT has failed if it was never on sale, else it is inactive.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PLAN_NFT_H
#define CB_PLAN_NFT_H

#include "postgres.h"

#include "chain/cb_change.h"

/*
 * Recompute NFT, supply and status of the tracked ones among these plans, and
 * announce a status that has changed.  They are locked in order of id.
 */
extern void cb_plan_nft_refresh(const pg_uuid_t *plan_ids, int n, TimestampTz now);

/* The same for all that a change of the chain concerns. */
extern void cb_plan_nft_follow(const CbChange *change, CbEvents *events);

/* A transaction of ours, with a tracked plan, has news. */
extern void cb_plan_nft_own_transaction(const CbOwnTx *tx, CbOwnTxNews news, CbEvents *events);

/* CB010 unless a locked, tracked plan may be put on sale. */
extern void cb_plan_nft_require(const pg_uuid_t *plan_id);

#endif							/* CB_PLAN_NFT_H */
