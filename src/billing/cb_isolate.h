/*-------------------------------------------------------------------------
 *
 * cb_isolate.h
 *	  Working through many subscriptions so that one that fails does not stop
 *	  the others.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ISOLATE_H
#define CB_ISOLATE_H

#include "postgres.h"

#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Does one kind of work on some subscriptions, which are locked, at an instant. */
typedef void (*CbBatchWork) (const pg_uuid_t *ids, int n, TimestampTz now);

/* What of a subscription that fails waits; all else goes on. */
typedef enum CbHold
{
	CB_HOLD_RENEWAL,
	CB_HOLD_BOUNDARY
} CbHold;

/*
 * Do the work on all, in one subtransaction.  Where that fails it is halved and
 * tried again, until those that fail stand alone: they are held back for a
 * while, and said so once with an event.  Gives how many went well.
 */
extern int64 cb_isolate(CbBatchWork work, CbHold what, const pg_uuid_t *ids, int n, TimestampTz now);

#endif							/* CB_ISOLATE_H */
