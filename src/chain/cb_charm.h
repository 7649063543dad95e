/*-------------------------------------------------------------------------
 *
 * cb_charm.h
 *	  Plans' charms in blocks that are applied, offered and undone.
 *
 *	- A valid proof is necessary, not sufficient: see cb_lineage.h.
 *	- Proofs are checked before the cursor is locked where it can be foreseen
 *	  that they matter: what is committed in between is looked at again.
 *	- Every transaction that matters to a plan is kept with its verdict, so that
 *	  the plan can be followed again and no proof need be checked twice.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_H
#define CB_CHARM_H

#include "postgres.h"

#include "chain/cb_apply.h"
#include "chain/cb_change.h"
#include "chain/cb_charm_match.h"

/*
 * Find the spells of a block and check the proofs of those that matter to a plan
 * now.  To be called before the cursor is locked.  Blocks up to kept stay as they
 * are recorded, and those above are to be undone first.
 */
extern void cb_charm_prepare(CbParsedBlock *block, int32 kept);

/*
 * With the cursor locked: match a block with the plans.  Transactions that matter
 * are marked as relevant, and hits on outputs with charms dropped.
 */
extern void cb_charm_match_block(CbParsedBlock *block, CbMatches *matches, CbCharmMatches *found);

/*
 * Record what was found, and follow the plans from there on: its transactions are
 * known by now.  Those of the block that spend what plans turn out to have in it
 * are recorded too.
 */
extern void cb_charm_record(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place,
							const CbCharmMatches *found, int32 tip);

/* Blocks above height are undone. */
extern void cb_charm_disconnect(CbChange *change, int32 height);

#endif							/* CB_CHARM_H */
