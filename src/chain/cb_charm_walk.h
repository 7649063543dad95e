/*-------------------------------------------------------------------------
 *
 * cb_charm_walk.h
 *	  A walk along the transactions of plans, for the files that do it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_WALK_H
#define CB_CHARM_WALK_H

#include "postgres.h"

#include "charms/cb_lineage.h"
#include "chain/cb_charm_follow.h"
#include "utils/hsearch.h"

typedef struct CbCharmPlan
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	CbLineagePlan lineage;
	bool		is_born;
} CbCharmPlan;

/* A row of charms. */
typedef struct CbCharmRow
{
	const CbCharmPlan *plan;
	CbOutpoint	outpoint;
	CbSpan		script;
	CbHolding	held;			/* beamed: where it was beamed out */
	uint8		beamed_to[32];
	int32		height;
	TimestampTz received_at;
	TimestampTz minted_at;		/* DT_NOEND where it has no tokens */
	bool		is_stored;		/* as far as it is not spent */
	bool		is_spent;
	bool		is_unknown;
	CbHash256	spent_by;
	int32		spent_height;
	TimestampTz spent_at;
} CbCharmRow;

/* A row of charm_transactions, and what comes of it. */
typedef struct CbCharmStep
{
	CbCharmPlan *plan;
	CbHash256	txid;
	int32		height;
	TimestampTz median_time;
	bool		is_unsupported;
	CbTx		tx;
	CbSpell    *spell;			/* NULL unless it is accepted */
	const char *nft;
	uint64		minted;
	uint64		destroyed;
	const char *counterfeit;	/* or NULL */
} CbCharmStep;

typedef struct CbCharmWalk
{
	CbCharmPlan *plans;
	int			n_plans;
	CbCharmStep *steps;			/* by plan, then in the chain's order */
	int			n_steps;
	CbCharmRow **rows;			/* all that are held, made or spent on the way */
	int			n_rows;
	int			capacity;
	HTAB	   *by_outpoint;	/* those that hold something */
	HTAB	   *by_destination; /* those beamed out; the most of each */
} CbCharmWalk;

/* Read the plans, their transactions, and what those spend that is held. */
extern void cb_charm_walk_load(CbCharmWalk *walk, const CbCharmStart *starts, int n);

/*
 * The same for one transaction of one plan, as if nothing had been spent in it
 * yet.  False where it is not one of the plan's.
 */
extern bool cb_charm_walk_load_one(CbCharmWalk *walk, const pg_uuid_t *plan_id, const CbHash256 *txid);

/* Take a plan through a transaction. */
extern void cb_charm_walk_step(CbCharmWalk *walk, CbCharmStep *step);

/* Remember a row, so that later steps find it. */
extern void cb_charm_walk_add(CbCharmWalk *walk, const CbCharmRow *row);
/* What is held on an outpoint, or was beamed out to it; NULL for nothing. */
extern CbCharmRow *cb_charm_walk_held(const CbCharmWalk *walk, const CbCharmPlan *plan, const CbOutpoint *outpoint);
extern CbCharmRow *cb_charm_walk_beamed(const CbCharmWalk *walk, const CbCharmPlan *plan, const CbOutpoint *outpoint);

/* Write what has come of it. */
extern void cb_charm_walk_store(const CbCharmWalk *walk);

#endif							/* CB_CHARM_WALK_H */
