/*-------------------------------------------------------------------------
 *
 * cb_broadcast.h
 *	  Taking transactions of ours to be broadcast.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BROADCAST_H
#define CB_BROADCAST_H

#include "postgres.h"

#include "bitcoin/cb_bytes.h"

/*
 * Where the chain is at hand, in the sandbox, broadcasts execute at once: the
 * sandbox stands above this layer and says here how.  Transactions come
 * parents first; the cursor is locked already.
 */
typedef void (*CbBroadcaster) (const CbSpan *txs, int n);

extern void cb_broadcast_at_once_by(CbBroadcaster broadcaster);

#endif							/* CB_BROADCAST_H */
