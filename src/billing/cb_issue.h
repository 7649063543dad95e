/*-------------------------------------------------------------------------
 *
 * cb_issue.h
 *	  Issuing invoices: from drafts to rows, many at once.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ISSUE_H
#define CB_ISSUE_H

#include "postgres.h"

#include "billing/cb_address_pool.h"
#include "billing/cb_bill.h"
#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef enum CbInvoiceKind
{
	CB_INVOICE_PERIOD,
	CB_INVOICE_CHANGE,
	CB_INVOICE_ONE_OFF
} CbInvoiceKind;

/* The period that an invoice is for, and what all of it is worth. */
typedef struct CbInvoicePeriod
{
	pg_uuid_t	plan_id;
	int32		quantity;
	TimestampTz anchor;
	TimestampTz start;
	TimestampTz end;
	int64		paused_before;	/* microseconds */
	int64		worth;			/* price of the period from worth_start to worth_end */
	TimestampTz worth_start;
	TimestampTz worth_end;
	int64		tax_rate;		/* of CB_TAX_UNIT */
	char	   *cycle;
} CbInvoicePeriod;

/* What an invoice will demand, of whom, for what and until when. */
typedef struct CbDraft
{
	CbInvoiceKind kind;
	pg_uuid_t	merchant_id;
	pg_uuid_t	customer_id;
	bool		has_subscription;
	pg_uuid_t	subscription_id;
	CbInvoicePeriod period;		/* with a subscription */
	CbBill		bill;			/* charges and tax */
	int64		tolerance_sats;
	int64		tolerance_rate; /* of CB_TAX_UNIT */
	int64		least_sats;		/* less is carried to the next invoice */
	bool		keeps_credit;	/* the customer's credit is left alone */
	int32		confirmations;
	TimestampTz due_at;
	TimestampTz expires_at;
	TimestampTz next_action_at; /* DT_NOEND: none */
	char	   *description;	/* NULL without one, as metadata */
	char	   *metadata;
	pg_uuid_t	id;				/* all zero: given to it */
	/* Known once it is issued: */
	CbInvoicePlace place;
} CbDraft;

/*
 * Issue invoices; gives each draft an id that has none.  Subscriptions are locked; what is
 * locked after this is nothing.  One for which nothing remains to be paid is
 * paid at once.  CB005 for one that nodes would not relay, where it cannot be
 * carried; CB013 in a copy of the database; CB015 when no address or amount is
 * left.
 */
extern void cb_issue(CbDraft *drafts, int n, TimestampTz now, CbEvents *events);

/*
 * Settle a draft as cb_issue() would, without issuing anything: a preview.
 * freed and freed_carried: sats of credit and of what is carried that invoices
 * have which would be made void before.
 */
extern void cb_issue_preview(CbDraft *draft, int64 freed, int64 freed_carried, TimestampTz now);

#endif							/* CB_ISSUE_H */
