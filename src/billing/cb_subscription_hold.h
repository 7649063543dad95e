/*-------------------------------------------------------------------------
 *
 * cb_subscription_hold.h
 *	  A subscription that a caller is about to change.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SUBSCRIPTION_HOLD_H
#define CB_SUBSCRIPTION_HOLD_H

#include "postgres.h"

#include "cb_event.h"
#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Its facts; times that are not known are DT_NOEND, which never comes. */
typedef struct CbHeldSubscription
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;			/* as of now */
	bool		has_trial;
	TimestampTz trial_end;
	bool		is_paid;
	TimestampTz paid_through;
	TimestampTz paused_at;
	int64		paused_for;		/* microseconds, ended pauses alone */
	bool		is_canceled;
	bool		cancel_at_period_end;
	TimestampTz ended_at;
} CbHeldSubscription;

/* The merchant of a subscription, for whom the caller may act.  CB008; 42501. */
extern pg_uuid_t cb_subscription_authorize(const pg_uuid_t *id);

/*
 * Authorise the caller, lock the subscription, announce the boundaries that it
 * has passed until now, and read it.  CB008 when it does not exist; 42501; CB013
 * in a copy of the database.
 */
extern void cb_subscription_hold(const pg_uuid_t *id, TimestampTz now, CbEvents *events,
								 CbHeldSubscription *held);

/* Read it again after a change; it is locked. */
extern void cb_subscription_held_again(CbHeldSubscription *held);

/* Return the row of the view. */
extern Datum cb_subscription_return(FunctionCallInfo fcinfo, const pg_uuid_t *id);

#endif							/* CB_SUBSCRIPTION_HOLD_H */
