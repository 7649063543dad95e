/*-------------------------------------------------------------------------
 *
 * cb_invoice.h
 *	  Issuing invoices.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_INVOICE_H
#define CB_INVOICE_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* What an invoice demands, of whom and until when. */
typedef struct CbDemand
{
	pg_uuid_t	merchant_id;
	pg_uuid_t	subscription_id;
	pg_uuid_t	customer_id;
	int64		amount;			/* sats */
	int64		tolerance;		/* sats */
	int32		confirmations;
	TimestampTz period_start;
	TimestampTz period_end;
	TimestampTz due_at;
	TimestampTz expires_at;
} CbDemand;

/*
 * Issue an invoice; gives its id.  The subscription is locked, and what is
 * locked after this is nothing.  One for 0 sats is paid at once.  CB005 below
 * the dust limit, CB013 in a copy of the database, CB015 when no address or
 * amount is left.
 */
extern pg_uuid_t cb_invoice_issue(const CbDemand *demand, TimestampTz now, CbEvents *events);

/*
 * Issue the invoice for the first period of a subscription that is not paid,
 * unless there is one already; its id either way.  CB010 where no period is to
 * come.
 */
extern pg_uuid_t cb_invoice_issue_next(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events);

/* As customers see it, with its series; palloc'd. */
extern char *cb_invoice_number(const char *series, int64 number);

#endif							/* CB_INVOICE_H */
