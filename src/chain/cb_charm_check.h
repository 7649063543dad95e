/*-------------------------------------------------------------------------
 *
 * cb_charm_check.h
 *	  Judging again what is recorded of plans' charms.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHARM_CHECK_H
#define CB_CHARM_CHECK_H

#include "postgres.h"

#include "chain/cb_tx_spell.h"
#include "utils/uuid.h"

/*
 * Judge the transactions whose spells were of a version that was not supported
 * when they were judged, and now may be, and follow their plans again from there.
 * Locks the cursor, where there are any.  Gives how many were judged.
 */
extern int64 cb_charm_rejudge(void);

/* All proofs of a plan, checked anew. */
typedef struct CbCharmVerdicts CbCharmVerdicts;

/* Which takes milliseconds each: to be called before the cursor is locked. */
extern CbCharmVerdicts *cb_charm_judge_again(const pg_uuid_t *plan_id);

/* With the cursor locked: follow a plan again from its first transaction. */
extern void cb_charm_follow_again(const pg_uuid_t *plan_id, const CbCharmVerdicts *verdicts);

/*
 * Check one transaction of a plan anew, from its stored bytes: that it is in its
 * block, its proof, and that its outputs hold what follows from its inputs.  NULL
 * when all is as it is recorded, else what differs, in words.  That may have been
 * read in the middle of a block, unless the cursor is locked.
 */
extern const char *cb_charm_reverify(const pg_uuid_t *plan_id, const CbHash256 *txid);

/*
 * Write down that transactions of plans have just been checked, but for those that
 * a block is at: locks on these rows must not make it wait, nor wait for it.
 */
extern void cb_charm_checked(const pg_uuid_t *plan_ids, const CbHash256 *txids, int n);

#endif							/* CB_CHARM_CHECK_H */
