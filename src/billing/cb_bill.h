/*-------------------------------------------------------------------------
 *
 * cb_bill.h
 *	  What an invoice's amount is made of: lines, tax, credit.
 *
 * Amounts are whole numbers of the bill's smallest unit: sats, or the smallest
 * unit of its currency.  Fractions are cut off, of what is charged as of what
 * is given back, so that a change and its opposite cancel out exactly.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BILL_H
#define CB_BILL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/* Tax rates are in millionths, exchange rates in millionths of the currency. */
#define CB_TAX_UNIT 1000000
#define CB_RATE_UNIT 1000000

typedef struct CbBillLine
{
	const char *kind;			/* of invoice_lines.kind */
	char	   *description;
	int32		quantity;
	int64		unit_amount;
	int64		amount;
	TimestampTz start;			/* 0 without a time */
	TimestampTz end;
} CbBillLine;

typedef struct CbBill
{
	char	   *currency;		/* NULL: sats */
	int			decimals;		/* of the currency; 0 for sats */
	List	   *lines;			/* of CbBillLine */
	int64		amount;			/* sum of the lines so far */
	int64		credit_sats;	/* taken from the customer's credit; negative: given */
	int64		carried_sats;	/* left to the next invoice; negative: taken over */
} CbBill;

/* What a bill is settled against. */
typedef struct CbBillTerms
{
	int64		balance;		/* sats of credit the customer has; may be negative */
	int64		carried;		/* sats carried from earlier invoices */
	int64		least;			/* sats: less than this is not demanded, but carried */
	int64		payable;		/* sats: credit leaves this to be paid, or nothing */
	int64		rate;			/* price of one bitcoin in CB_RATE_UNIT; 0: unknown */
} CbBillTerms;

extern void cb_bill_begin(CbBill *bill, const char *currency);

/* quantity times unit; CB005 when the sum is beyond what an invoice can be for. */
extern void cb_bill_add(CbBill *bill, const char *kind, const char *description,
						int32 quantity, int64 unit_amount, TimestampTz start, TimestampTz end);

/* The part of an amount that unused is of whole, both positive. */
extern int64 cb_bill_part(int64 amount, int64 unused, int64 whole);

/* Add tax on an amount that has been added; nothing at rate 0. */
extern void cb_bill_add_tax(CbBill *bill, int64 amount, int64 rate);

/*
 * Apply credit, and carry what is too little to be demanded.  What is left in
 * bill->amount is to be paid, and never negative.  CB018 when a bill in a
 * currency gives credit, and its rate is not known.
 */
extern void cb_bill_settle(CbBill *bill, const CbBillTerms *terms);

/* Add the sats that make the amount unique at a fixed address. */
extern void cb_bill_add_suffix(CbBill *bill, int64 sats);

#endif							/* CB_BILL_H */
