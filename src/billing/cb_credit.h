/*-------------------------------------------------------------------------
 *
 * cb_credit.h
 *	  The ledger of what customers have paid beyond their invoices.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CREDIT_H
#define CB_CREDIT_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "bitcoin/cb_tx.h"

/* Kinds of entries: the values of credits.kind. */
#define CB_CREDIT_OVERPAYMENT "overpayment"
#define CB_CREDIT_UNASSIGNED "unassigned"
#define CB_CREDIT_APPLIED "applied"
#define CB_CREDIT_CARRIED "carried"

/* Where a credit comes from: an invoice's payments, or one without invoice. */
typedef struct CbCreditSource
{
	pg_uuid_t	merchant_id;
	const pg_uuid_t *customer_id;	/* NULL while unknown */
	const pg_uuid_t *invoice_id;	/* exactly one of these two is set */
	const CbOutpoint *outpoint;
} CbCreditSource;

/*
 * Bring the credit of a kind from a source from what has been entered to what
 * it should be, with one entry for the difference; sats.
 */
extern void cb_credit_adjust(const CbCreditSource *source, const char *kind, int64 entered, int64 target,
							 TimestampTz now, CbEvents *events);

#endif							/* CB_CREDIT_H */
