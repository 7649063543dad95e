/*-------------------------------------------------------------------------
 *
 * cb_payment.h
 *	  Payments: outputs to a merchant's scripts, and what the chain says of them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PAYMENT_H
#define CB_PAYMENT_H

#include "postgres.h"

#include "cb_sql.h"
#include "chain/cb_change.h"

/* What a change of the chain touches in billing. */
typedef struct CbTouched
{
	pg_uuid_t  *invoices;		/* sorted, without duplicates */
	int			n_invoices;
	CbOutpoint *strays;			/* payments without an invoice */
	int			n_strays;
} CbTouched;

/* Invoices that the change may concern, found before anything is locked. */
extern int	cb_payment_find_invoices(const CbChange *change, pg_uuid_t **invoices);

/*
 * Merchants of payments for which no such invoice is found: one that is being
 * issued may be the one.  Sorted, without duplicates.
 */
extern int	cb_payment_find_issuers(const CbChange *change, pg_uuid_t **merchants);

/* Insert new payments and bring old ones up to date. */
extern void cb_payment_update(const CbChange *change, CbEvents *events);

/* What has to be judged again now that payments are up to date. */
extern void cb_payment_touched(const CbChange *change, CbTouched *touched);

#endif							/* CB_PAYMENT_H */
