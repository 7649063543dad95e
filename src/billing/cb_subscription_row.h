/*-------------------------------------------------------------------------
 *
 * cb_subscription_row.h
 *	  A subscription with what its invoices say, read and written.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SUBSCRIPTION_ROW_H
#define CB_SUBSCRIPTION_ROW_H

#include "postgres.h"

#include "billing/cb_status.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef struct CbSubscription
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	customer_id;
	pg_uuid_t	plan_id;		/* as last announced, like quantity */
	int32		quantity;
	char	   *announced;		/* status */
	char	   *cycle;
	char	   *timezone;
	Interval	grace;
	Interval	lead;
	bool		restarts_now;	/* a late payment begins a period */
	bool		is_ending;		/* no further period is to come */
	bool		next_stands;	/* the next period's invoice, or a change's, is issued */
	CbSubscriptionFacts facts;
	/* Of the latest paid invoice, where there is one: */
	bool		is_late;
	bool		is_free;
	TimestampTz invoiced_start;
	TimestampTz invoiced_end;
	TimestampTz paid_at;
	TimestampTz invoiced_anchor;	/* DT_NOBEGIN: not known */
	int64		pause_since;	/* how long it was paused since then, microseconds */
	/* The plan of the paid period that it is now. */
	bool		is_other_plan;
	pg_uuid_t	paid_plan_id;
	int32		paid_quantity;
	char	   *paid_cycle;		/* NULL: not known, and no other */
	/* The plan of a paid period that lies ahead, from facts.next_plan_at on. */
	bool		has_next_plan;
	pg_uuid_t	next_plan_id;
	int32		next_quantity;
	/* What follows: */
	TimestampTz anchor;			/* DT_NOBEGIN: as it is */
	TimestampTz period_start;	/* DT_NOBEGIN: none */
	TimestampTz purchased_at;	/* likewise */
	TimestampTz first_expired_at;	/* likewise */
} CbSubscription;

/* Read subscriptions as of an instant, in order of id; gives how many there are. */
extern int	cb_subscriptions_read(const pg_uuid_t *ids, int n, TimestampTz now, CbSubscription *subscriptions);

/* Compute period, anchor, paid through and grace from the latest paid invoice. */
extern void cb_subscription_settle_times(CbSubscription *subscription);

/* Make the plan that is paid for the subscription's, with its terms. */
extern void cb_subscription_take_plan(CbSubscription *subscription);

/* Write what follows; boundary and next_invoice_at: DT_NOEND for none. */
extern void cb_subscription_write(const CbSubscription *subscription, const char *status,
								  TimestampTz boundary, TimestampTz next_invoice_at);

#endif							/* CB_SUBSCRIPTION_ROW_H */
