/*-------------------------------------------------------------------------
 *
 * cb_cancel.h
 *	  When a subscription that is canceled ends.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CANCEL_H
#define CB_CANCEL_H

#include "postgres.h"

#include "billing/cb_subscription_hold.h"

/*
 * The end of the last period that is paid for, or that something has been
 * received for; of the trial where there is none.  Never before now: what has
 * no such period, or whose last one is over, ends at once.
 */
extern TimestampTz cb_cancel_at_period_end(const CbHeldSubscription *held, TimestampTz now);

/* Write when it ends; DT_NOEND for not yet known. */
extern void cb_cancel_write_end(const pg_uuid_t *id, TimestampTz ended_at);

#endif							/* CB_CANCEL_H */
