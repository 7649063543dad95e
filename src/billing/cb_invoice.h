/*-------------------------------------------------------------------------
 *
 * cb_invoice.h
 *	  Invoices for the periods of subscriptions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_INVOICE_H
#define CB_INVOICE_H

#include "postgres.h"

#include "cb_event.h"
#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Why an invoice is made void: the values of invoices.void_reason. */
#define CB_VOID_REQUESTED "requested"
#define CB_VOID_CANCELED "canceled"
#define CB_VOID_PAUSED "paused"
#define CB_VOID_CHANGED "changed"

/* Issue the invoice of a subscription that has just been made, and has none. */
extern void cb_invoice_issue_first(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events);

/*
 * Issue the invoice for the next period of a subscription, unless it stands
 * already; its id either way.  The subscription is locked.  CB010 where no
 * period is to come; else as cb_issue().
 */
extern pg_uuid_t cb_invoice_issue_next(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events);

/*
 * Issue the next invoice of each of these subscriptions, which are locked and
 * for which none stands; those of merchants that are not active wait.
 */
extern void cb_invoice_renew(const pg_uuid_t *subscription_ids, int n, TimestampTz now, CbEvents *events);

/*
 * Make a subscription's open invoices void, those alone of which nothing has
 * been received unless with_money; gives how many others are open.  The
 * subscription is locked.
 */
extern int	cb_invoice_void_open(const pg_uuid_t *subscription_id, bool with_money, const char *reason,
								 TimestampTz now, CbEvents *events);

/* Make locked invoices void, whatever they are. */
extern void cb_invoice_void(const pg_uuid_t *ids, int n, const char *reason, TimestampTz now, CbEvents *events);

/* Return the row from an SQL function. */
extern Datum cb_invoice_return(FunctionCallInfo fcinfo, const pg_uuid_t *id);

/* As customers see it, with its series; palloc'd. */
extern char *cb_invoice_number(const char *series, int64 number);

#endif							/* CB_INVOICE_H */
