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

#include "utils/timestamp.h"

/*
 * Queue a job for each currency whose rate is to be fetched by now, if a plan or
 * an open invoice is in it; gives how many.  Waits for nobody.
 */
extern int64 cb_rates_queue_due(TimestampTz now);

#endif							/* CB_RATE_SOURCE_H */
