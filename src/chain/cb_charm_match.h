/*-------------------------------------------------------------------------
 *
 * cb_charm_match.h
 *	  Which transactions matter to which plan's charms.
 *
 * A transaction matters to a plan when its spell names one of the plan's apps,
 * when it spends an output that holds the plan's charms, or when it carries a
 * spell and spends the outpoint that the plan's identity is of.  Naming alone
 * is free: it counts only with a spell that is accepted.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_MATCH_H
#define CB_CHARM_MATCH_H

#include "postgres.h"

#include "chain/cb_match.h"
#include "chain/cb_tx_spell.h"

/* A transaction that matters to a plan. */
typedef struct CbCharmMatch
{
	pg_uuid_t	plan_id;
	pg_uuid_t	merchant_id;
	int			tx;				/* index into the transactions */
	bool		only_names;		/* and spends nothing of the plan's */
	bool		is_birth;		/* spends the outpoint of the identity */
} CbCharmMatch;

typedef struct CbCharmMatches
{
	CbCharmMatch *matches;		/* by plan, then in the transactions' order */
	int			n;
} CbCharmMatches;

/*
 * Match spells, and spends of outpoints that are watched for their own sake,
 * with the plans.  Left out is what is recorded already, up to a height.
 */
extern void cb_charm_match(const CbBlockTx *txs, int n, const CbTxSpells *spells,
						   const CbSpending *spends, int n_spends, int32 height, CbCharmMatches *found);

/* A plan's NFT or its token. */
extern bool cb_app_is_of_plans(const CbApp *app);

#endif							/* CB_CHARM_MATCH_H */
