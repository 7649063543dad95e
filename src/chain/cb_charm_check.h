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

/*
 * Check every proof of a plan anew and follow it again from its first
 * transaction.  Locks the cursor.
 */
extern void cb_charm_follow_again(const pg_uuid_t *plan_id);

/*
 * Check one transaction of a plan anew, from its stored bytes: that it is in its
 * block, its proof, and that its outputs hold what follows from its inputs.  NULL
 * when all is as it is recorded, whose judged_at is now then; else what differs,
 * in words, and the cursor is locked.  judgement is the new one, and may be NULL.
 */
extern const char *cb_charm_reverify(const pg_uuid_t *plan_id, const CbHash256 *txid, CbJudgement *judgement);

#endif							/* CB_CHARM_CHECK_H */
