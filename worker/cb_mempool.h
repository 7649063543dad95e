/*-------------------------------------------------------------------------
 *
 * cb_mempool.h
 *	  Offering the node's mempool, and arming watches.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_MEMPOOL_H
#define CB_MEMPOOL_H

#include "postgres.h"

/* Before the first look; forgets what was offered. */
extern void cb_mempool_reset(void);

/*
 * Offer what is new in the mempool and withdraw what has left it.  True when
 * time ran out before all was offered.  Raises errors.
 */
extern bool cb_mempool_look(void);

/*
 * Re-offer the blocks and mempool transactions that unarmed watches may have
 * missed, and arm them.  True when time ran out.  Raises errors.
 */
extern bool cb_mempool_arm_watches(void);

#endif							/* CB_MEMPOOL_H */
