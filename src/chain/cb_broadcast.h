/*-------------------------------------------------------------------------
 *
 * cb_broadcast.h
 *	  Sending transactions of ours.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BROADCAST_H
#define CB_BROADCAST_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_bytes.h"
#include "chain/cb_package.h"

/* Signed transactions on their way, and the row of transactions they have. */
typedef struct CbOutgoing
{
	CbPackage	package;
	pg_uuid_t	id;				/* of the row */
	pg_uuid_t	merchant_id;
	const pg_uuid_t *replaces;	/* a row whose place this one takes, or NULL */
	TimestampTz now;
} CbOutgoing;

/*
 * Before the row is looked at: take the locks in their order, make the
 * transactions known, and refuse what would destroy charms.  Locks the row of
 * the id, if there is one yet, or the one that has the package already.
 */
extern void cb_broadcast_begin(const CbOutgoing *outgoing);

/* A row that waited for its signature, or had failed, is pending again. */
extern void cb_broadcast_revive(const CbOutgoing *outgoing);

/*
 * The row is there and pending: reserve what is spent, say so, and queue the
 * broadcast.
 */
extern void cb_broadcast_send(const CbOutgoing *outgoing);

/*
 * Where the chain is at hand, in the sandbox, broadcasts execute at once: the
 * sandbox stands above this layer and says here how.  Transactions come
 * parents first; the cursor is locked already.
 */
typedef void (*CbBroadcaster) (const CbSpan *txs, int n);

extern void cb_broadcast_at_once_by(CbBroadcaster broadcaster);

#endif							/* CB_BROADCAST_H */
