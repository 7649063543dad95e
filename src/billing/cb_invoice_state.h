/*-------------------------------------------------------------------------
 *
 * cb_invoice_state.h
 *	  An invoice's state: a pure function of its payments and the chain.
 *
 * An invoice in a currency is judged in hundred millionths of that: what a
 * payment is worth is its sats times the price of one bitcoin.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_INVOICE_STATE_H
#define CB_INVOICE_STATE_H

#include "postgres.h"

#include "utils/timestamp.h"

/* One live payment (seen or confirmed). */
typedef struct CbInvoicePayment
{
	int64		amount;			/* sats */
	int64		worth;			/* in the invoice's units */
	TimestampTz paid_at;		/* first seen, or its block's median time past if earlier */
	bool		is_settled;		/* at the required depth */
} CbInvoicePayment;

typedef struct CbInvoiceFacts
{
	int64		amount;			/* sats, or 1e-8 of its currency: the invoice's units */
	int64		tolerance;		/* units that may be missing */
	TimestampTz created_at;
	TimestampTz expires_at;
	bool		is_void;
	bool		is_uncollectible;
	bool		is_marked;		/* declared paid by an operator */
	TimestampTz marked_at;
	TimestampTz superseded_at;	/* a late payment made after this does not pay it */
	bool		needs_all_in_time;	/* what came in time keeps it open only if it covers it */
	bool		expires_for_good;	/* once expired nothing pays it */
} CbInvoiceFacts;

typedef struct CbInvoiceState
{
	const char *status;			/* static string */
	int64		received;		/* sats, seen or settled */
	int64		credit;			/* sats settled that the invoice cannot take */
	bool		is_lost;		/* it will not be paid any more */
	bool		is_underpaid;
	bool		is_overpaid;
	bool		is_late;
	TimestampTz paid_at;		/* valid while status is paid */
} CbInvoiceState;

/*
 * payments: sorted by paid_at.  followed_until: every payment made before this
 * time is among them.
 */
extern void cb_invoice_state(const CbInvoiceFacts *facts, const CbInvoicePayment *payments, int n,
							 TimestampTz followed_until, CbInvoiceState *state);

#endif							/* CB_INVOICE_STATE_H */
