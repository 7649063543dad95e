/*-------------------------------------------------------------------------
 *
 * cb_proration.h
 *	  What a change of plan within a paid period costs.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PRORATION_H
#define CB_PRORATION_H

#include "postgres.h"

#include "billing/cb_draft.h"
#include "billing/cb_issue.h"

/*
 * Draft the invoice for changing a paid subscription to other terms now.  What
 * is unused of the paid periods is credited, as that part of what the whole
 * period is worth.  Where the cycle stays, so do the periods, and the same part
 * of the new price is charged; else a new period begins now.  billable: as it
 * is, with the new plan and quantity.  CB010 where the currencies differ.
 */
extern void cb_proration_draft(const CbBillable *billable, TimestampTz now, CbDraft *draft);

#endif							/* CB_PRORATION_H */
