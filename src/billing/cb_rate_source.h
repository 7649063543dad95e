/*-------------------------------------------------------------------------
 *
 * cb_rate_source.h
 *	  Fetching exchange rates from where an operator says they are.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_RATE_SOURCE_H
#define CB_RATE_SOURCE_H

#include "postgres.h"

#include "chain/cb_job_kind.h"

#define CB_JOB_EXCHANGE_RATE "exchange_rate"

/* SQL: whether anything is priced in a currency. */
#define CB_RATE_IS_WANTED(currency) \
	"(EXISTS (SELECT FROM charmbills.plans p WHERE p.currency = " currency ") " \
	" OR EXISTS (SELECT FROM charmbills.invoices i WHERE i.currency = " currency " AND i.status = 'open'))"

/* Currencies whose rates are to be fetched at the time that is the first parameter. */
#define CB_RATES_DUE "charmbills.currencies c WHERE c.next_fetch_at <= $1 "

/*
 * Queue a job for each currency whose rate is to be fetched by now, if a plan or
 * an open invoice is in it; gives how many.  Waits for nobody.
 */
extern int64 cb_rates_queue_due(TimestampTz now);

/* Make the job that fetches rates known; called when the library is loaded. */
extern void cb_rates_register(void);

#endif							/* CB_RATE_SOURCE_H */
