/*-------------------------------------------------------------------------
 *
 * cb_rate.h
 *	  What a bitcoin costs: exchange rates, and payments judged by them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_RATE_H
#define CB_RATE_H

#include "postgres.h"

#include "utils/timestamp.h"

/*
 * SQL: the rate at which a payment to an invoice is judged that was first seen
 * at an instant: that of the quote then valid, else the rate then, else that of
 * the invoice's latest quote.  NULL for an invoice in sats, and while no rate
 * is known.
 */
#define CB_PAYMENT_RATE(invoice_id, currency, at) \
	"CASE WHEN " currency " IS NOT NULL THEN " \
	"coalesce((SELECT q.rate FROM charmbills.quotes q " \
	"          WHERE q.invoice_id = " invoice_id " AND q.created_at <= " at " AND q.valid_until > " at " " \
	"          ORDER BY q.created_at DESC, q.id DESC LIMIT 1), " \
	"         (SELECT r.rate FROM charmbills.exchange_rates r " \
	"          WHERE r.currency = " currency " AND r.set_at <= " at " " \
	"          ORDER BY r.set_at DESC LIMIT 1), " \
	"         (SELECT q.rate FROM charmbills.quotes q WHERE q.invoice_id = " invoice_id " " \
	"          ORDER BY q.created_at DESC, q.id DESC LIMIT 1)) END"

/* SQL: what a payment is worth, in units of 1e-8 of its currency, cut off. */
#define CB_PAYMENT_WORTH(payment) "trunc(" payment ".amount_sats * coalesce(" payment ".rate, 0))"

/*
 * Write down the rate (a numeric) that a currency has from now on, and judge the
 * payments that waited for one.  False, and nothing is done, when it is out of
 * range.  Locks invoices.
 */
extern bool cb_rate_set(const char *currency, Datum rate, const char *source, TimestampTz now);

#endif							/* CB_RATE_H */
