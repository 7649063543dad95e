/*-------------------------------------------------------------------------
 *
 * cb_items.h
 *	  What a caller puts on an invoice: amounts, and lines in JSON.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_ITEMS_H
#define CB_ITEMS_H

#include "postgres.h"

#include "billing/cb_bill.h"
#include "fmgr.h"

/* Add lines, from jsonb: an array of {description, quantity, unit_amount}.  CB005, CB011. */
extern void cb_items_add(Datum lines, CbBill *bill);

/* How many of something: an argument, or where it is null otherwise.  CB011. */
extern int32 cb_quantity_arg(FunctionCallInfo fcinfo, int argno, int32 otherwise);

/* A numeric in the bill's smallest unit; CB005 when it is none of that. */
extern int64 cb_items_amount(Datum amount, const CbBill *bill);

#endif							/* CB_ITEMS_H */
