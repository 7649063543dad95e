/*-------------------------------------------------------------------------
 *
 * cb_dunning.h
 *	  Bringing unpaid invoices to mind, and giving them up.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_DUNNING_H
#define CB_DUNNING_H

#include "postgres.h"

#include "cb_event.h"
#include "utils/timestamp.h"

/*
 * Every step of unpaid invoices that is due at until, each dated when it was;
 * gives how many invoices it was, at most max_rows.
 */
extern int64 cb_dunning_run(TimestampTz until, TimestampTz now, int64 max_rows, CbEvents *events);

#endif							/* CB_DUNNING_H */
