/*-------------------------------------------------------------------------
 *
 * cb_status.h
 *	  A subscription's status: a pure function of its facts and an instant.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_STATUS_H
#define CB_STATUS_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Instants that are not known are DT_NOEND, which never comes. */
typedef struct CbSubscriptionFacts
{
	bool		has_trial;
	TimestampTz trial_end;
	bool		is_paid;		/* paid_through and grace_until are set */
	TimestampTz paid_through;
	TimestampTz grace_until;
	bool		first_expired;	/* its first invoice expired unpaid */
	TimestampTz paused_at;
	TimestampTz ended_at;
	TimestampTz next_plan_at;	/* from then on it is one to another plan */
} CbSubscriptionFacts;

/*
 * now decides starts, pauses and ends; lapse, the instant until which the
 * chain is known, decides what unpaid time has run out.  Static strings.
 */
extern const char *cb_subscription_status(const CbSubscriptionFacts *facts, TimestampTz now, TimestampTz lapse);

/* The next instant at which time alone changes the status or the plan; DT_NOEND if none. */
extern TimestampTz cb_subscription_boundary(const CbSubscriptionFacts *facts, TimestampTz now, TimestampTz lapse);

#endif							/* CB_STATUS_H */
