/*-------------------------------------------------------------------------
 *
 * cb_issue_rows.h
 *	  The rows of invoices that are being issued.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ISSUE_ROWS_H
#define CB_ISSUE_ROWS_H

#include "postgres.h"

#include "billing/cb_issue.h"

/* Write the invoices and their lines; what their subscriptions await next is to be seen to. */
extern void cb_issue_rows(const CbDraft *drafts, int n, TimestampTz now);

/* Static string. */
extern const char *cb_invoice_kind_name(CbInvoiceKind kind);

#endif							/* CB_ISSUE_ROWS_H */
