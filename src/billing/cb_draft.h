/*-------------------------------------------------------------------------
 *
 * cb_draft.h
 *	  What a subscription is to be invoiced for next.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_DRAFT_H
#define CB_DRAFT_H

#include "postgres.h"

#include "billing/cb_issue.h"
#include "utils/timestamp.h"

/* How a plan's price is demanded: the same for all its invoices. */
typedef struct CbPlanTerms
{
	pg_uuid_t	plan_id;
	char	   *service_name;
	char	   *status;
	char	   *cycle;
	char	   *currency;		/* NULL: sats */
	int64		price;			/* in force, in smallest units */
	int64		tax_rate;		/* of CB_TAX_UNIT */
	int64		tolerance_sats;
	int64		tolerance_rate; /* of CB_TAX_UNIT */
	int64		least_sats;
	int32		confirmations;
	Interval   *dunning;
	int			n_dunning;
	Interval	uncollectible_after;
} CbPlanTerms;

/* A subscription as its next invoice sees it. */
typedef struct CbBillable
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	customer_id;
	char	   *cycle;			/* in force */
	char	   *timezone;
	Interval	grace;
	TimestampTz anchor;
	bool		is_paid;		/* some period is */
	TimestampTz paid_through;
	int64		paused_for;		/* microseconds */
	int32		quantity;		/* that the next invoice is for */
	bool		is_ended;		/* no period is to come */
	bool		is_paused;
	bool		is_merchant_active;
	bool		was_invoiced;	/* though nothing is paid */
	bool		has_failed;		/* to pay the next period in time */
	bool		restarts_now;	/* then: the next period begins now, not where the last one ended */
	CbPlanTerms plan;			/* likewise */
} CbBillable;

/* Read subscriptions, in order of id; gives how many there are. */
extern int	cb_billables_read(const pg_uuid_t *ids, int n, CbBillable *billables);

/* Terms of a plan at the price in force at an instant; CB008 when there is none. */
extern void cb_plan_terms_read(const pg_uuid_t *plan_id, TimestampTz at, CbPlanTerms *terms);

/* CB010 where no period is to come. */
extern void cb_billable_check(const CbBillable *billable);

/* Draft the invoice for the next period. */
extern void cb_draft_next(CbBillable *billable, TimestampTz now, CbDraft *draft);

/*
 * What a plan's terms say of an invoice that is due at an instant, apart from
 * what it charges.
 */
extern void cb_draft_terms(CbDraft *draft, const CbPlanTerms *terms, const char *timezone);

/* When the step after a number of steps is due, or the giving up; DT_NOEND never. */
extern TimestampTz cb_dunning_at(const CbPlanTerms *terms, TimestampTz due_at, const char *timezone, int step);

#endif							/* CB_DRAFT_H */
