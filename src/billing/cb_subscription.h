/*-------------------------------------------------------------------------
 *
 * cb_subscription.h
 *	  What a subscription is at an instant, and announcing when that changes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SUBSCRIPTION_H
#define CB_SUBSCRIPTION_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * Recompute what follows from paid invoices (plan, period, paid through, next
 * invoice, next boundary), and announce a status that is not the one last
 * announced.  The rows must be locked.
 */
extern void cb_subscription_refresh(const pg_uuid_t *ids, int n, TimestampTz now, CbEvents *events);

/* The same as it was or is at an instant, with lapsing judged at another. */
extern void cb_subscription_refresh_at(const pg_uuid_t *ids, int n, TimestampTz now,
									   TimestampTz lapse, CbEvents *events);

/*
 * Time may have passed several boundaries of a locked subscription: announce
 * each, in order, dated when it was.
 */
extern void cb_subscription_catch_up(const pg_uuid_t *id, TimestampTz now, TimestampTz lapse, CbEvents *events);

/*
 * The instant at which lapsing is judged: now, or the time until which the
 * chain has been followed if that is earlier, but no older than
 * charmbills.max_stale.
 */
extern TimestampTz cb_lapse_clock(TimestampTz now);

/*
 * How long before a period the invoice for it is issued, where the plan does
 * not say: three days, or a tenth of the cycle if that is shorter.
 */
extern Interval cb_default_lead(const char *cycle);

#endif							/* CB_SUBSCRIPTION_H */
