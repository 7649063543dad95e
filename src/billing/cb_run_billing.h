/*-------------------------------------------------------------------------
 *
 * cb_run_billing.h
 *	  Everything that time makes due.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_RUN_BILLING_H
#define CB_RUN_BILLING_H

#include "postgres.h"

#include "utils/timestamp.h"

/* Do what is due at as_of, at most max_rows rows of each kind; gives how many. */
extern int64 cb_run_billing(TimestampTz as_of, int64 max_rows);

#endif							/* CB_RUN_BILLING_H */
