/*-------------------------------------------------------------------------
 *
 * cb_watch.h
 *	  Watched scripts, outpoints and apps: making them, arming them.
 *
 * A watch that another session commits while a block is being applied is not
 * seen by that block.  So every watch is born unarmed, with the tip that its
 * own snapshot saw, and armed once all blocks and mempool transactions since
 * have been offered to it.  Unarmed watches match like armed ones.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_WATCH_H
#define CB_WATCH_H

#include "postgres.h"

#include "utils/uuid.h"

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tx.h"

/* The spender of an outpoint that is watched for its own sake. */
extern const CbHash256 cb_no_spender;

/*
 * Watch a script for a merchant, for ever.  descriptor_id is NULL for a fixed
 * address.  CB009 when it is another merchant's; false when it is this one's
 * already.
 */
extern bool cb_watch_script(CbSpan script, const pg_uuid_t *merchant_id,
							const pg_uuid_t *descriptor_id, int32 derivation_index);

/* The same for scripts of a descriptor, each with its index there. */
extern void cb_watch_derived(const pg_uuid_t *merchant_id, const pg_uuid_t *descriptor_id,
							 const CbScriptBuf *scripts, const int32 *indexes, int n);

/* CB009 where a script is watched for another merchant. */
extern void cb_watch_refuse_strangers(const pg_uuid_t *merchant_id, CbSpan script);

/*
 * Offer the scripts of a descriptor, from an index on, every block since the
 * series in force began: a lost predecessor may have issued them, and a copy
 * follows the chain long before it is adopted.
 */
extern void cb_watch_since_series(const pg_uuid_t *descriptor_id, int32 first_index);

/* Watch outpoints, each for its spender or for its own sake. */
extern void cb_watch_outpoints(const CbOutpoint *outpoints, const CbHash256 *spenders, int n);

/*
 * Watch outputs that hold charms, each with the last block that was looked at for
 * what spends it.  Where that is the tip it is watched from the start; else it is
 * offered the blocks since, whatever it was offered before as something else.
 */
extern void cb_watch_charms(const CbOutpoint *outpoints, const int32 *offered, int n, int32 tip);

/*
 * Watch the apps of a plan that has an identity and a key; false for one that has
 * not, or whose apps are watched already.
 */
extern bool cb_watch_app(const pg_uuid_t *plan_id);
/* Offer a plan's apps every block from a height on that is followed. */
extern void cb_watch_app_from(const pg_uuid_t *plan_id, int32 height);

/*
 * The block at height has been offered to every watch visible that had been
 * offered all before it, from being the lowest of which that is known.
 */
extern void cb_watch_offered(int32 from, int32 height);
/* Blocks above height are undone: they have been offered to nobody. */
extern void cb_watch_rolled_back(int32 height);

#endif							/* CB_WATCH_H */
