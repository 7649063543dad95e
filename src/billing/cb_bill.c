/*-------------------------------------------------------------------------
 *
 * cb_bill.c
 *	  What an invoice's amount is made of: lines, tax, credit.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_bill.h"
#include "bitcoin/cb_tx.h"
#include "billing/cb_currency.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "common/int.h"

/* Beyond this a payment's worth could not be told in 64 bits. */
#define MAX_CURRENCY_AMOUNT INT64CONST(10000000000)
/* A bitcoin in sats times CB_RATE_UNIT. */
#define SCALE INT64CONST(100000000000000)

static void settle_sats(CbBill *bill, const CbBillTerms *terms);
static int64 credit_taken(int64 amount, const CbBillTerms *terms);
static void settle_currency(CbBill *bill, const CbBillTerms *terms);
static void add_line(CbBill *bill, const char *kind, const char *description, int64 amount);
static int64 minor_units(const CbBill *bill);
static int64 multiplied(int64 a, int64 b, int64 divisor, bool round_up);
cb_noreturn static void refuse_amount(void);

void
cb_bill_begin(CbBill *bill, const char *currency)
{
	memset(bill, 0, sizeof(*bill));
	if (currency != NULL)
	{
		bill->currency = pstrdup(currency);
		bill->decimals = cb_currency_decimals(currency);
	}
}

void
cb_bill_add(CbBill *bill, const char *kind, const char *description,
			int32 quantity, int64 unit_amount, TimestampTz start, TimestampTz end)
{
	CbBillLine *line = palloc0(sizeof(CbBillLine));
	int64		limit = bill->currency ? MAX_CURRENCY_AMOUNT * minor_units(bill) : CB_MAX_MONEY;

	line->kind = kind;
	line->description = pstrdup(description);
	line->quantity = quantity;
	line->unit_amount = unit_amount;
	line->start = start;
	line->end = end;
	if (pg_mul_s64_overflow(unit_amount, quantity, &line->amount) ||
		pg_add_s64_overflow(bill->amount, line->amount, &bill->amount) ||
		bill->amount > limit || bill->amount < -limit)
		refuse_amount();
	bill->lines = lappend(bill->lines, line);
}

int64
cb_bill_part(int64 amount, int64 unused, int64 whole)
{
	Assert(unused >= 0 && unused <= whole && whole > 0);
	return multiplied(amount, unused, whole, false);
}

void
cb_bill_add_tax(CbBill *bill, int64 amount, int64 rate)
{
	char	   *description;
	int64		tax = multiplied(amount, rate, CB_TAX_UNIT, false);

	if (rate == 0 || tax == 0)
		return;
	description = psprintf("tax of %g %%", (double) rate * 100 / CB_TAX_UNIT);
	cb_bill_add(bill, "tax", description, 1, tax, 0, 0);
}

void
cb_bill_settle(CbBill *bill, const CbBillTerms *terms)
{
	if (bill->currency == NULL)
		settle_sats(bill, terms);
	else
		settle_currency(bill, terms);
	Assert(bill->amount >= 0);
}

static void
settle_sats(CbBill *bill, const CbBillTerms *terms)
{
	/* What is free stays so. */
	if (terms->carried > 0 && bill->amount != 0)
	{
		add_line(bill, "carried", "carried from earlier invoices", terms->carried);
		bill->carried_sats = -terms->carried;
	}
	bill->credit_sats = bill->amount < 0 ? bill->amount : credit_taken(bill->amount, terms);
	if (bill->credit_sats != 0)
		add_line(bill, "credit", bill->credit_sats > 0 ? "paid from credit" : "to credit",
				 -bill->credit_sats);
	if (bill->amount > 0 && bill->amount < terms->least)
	{
		bill->carried_sats += bill->amount;
		add_line(bill, "carried", "too little to be paid, carried to the next invoice", -bill->amount);
	}
}

/* All there is, unless what then remains could not be paid. */
static int64
credit_taken(int64 amount, const CbBillTerms *terms)
{
	int64		credit = Min(Max(terms->balance, 0), amount);

	if (credit < amount && amount - credit < terms->payable)
		credit = Max(amount - terms->payable, 0);
	return credit;
}

/* Nothing is carried: what is missing is quoted in sats that can be paid. */
static void
settle_currency(CbBill *bill, const CbBillTerms *terms)
{
	/* value = sats * rate / scale */
	int64		scale = SCALE / minor_units(bill);
	int64		value;

	if (bill->amount < 0)
	{
		if (terms->rate == 0)
			ereport(ERROR,
					(errcode(ERRCODE_CB_STALE_RATE),
					 errmsg("no fresh exchange rate for %s is known", bill->currency),
					 errhint("Set one with charmbills.set_exchange_rate().")));
		bill->credit_sats = -multiplied(-bill->amount, scale, terms->rate, false);
		add_line(bill, "credit", "to credit", -bill->amount);
		return;
	}
	if (terms->rate == 0 || terms->balance <= 0)
		return;
	value = Min(multiplied(terms->balance, terms->rate, scale, false), bill->amount);
	if (value == 0)
		return;
	/* Rounding up cannot exceed the balance, of which value is rounded down. */
	bill->credit_sats = multiplied(value, scale, terms->rate, true);
	add_line(bill, "credit", "paid from credit", -value);
}

void
cb_bill_add_suffix(CbBill *bill, int64 sats)
{
	if (sats != 0)
		add_line(bill, "suffix", "makes the amount unique at the merchant's address", sats);
}

static void
add_line(CbBill *bill, const char *kind, const char *description, int64 amount)
{
	cb_bill_add(bill, kind, description, 1, amount, 0, 0);
}

/* Of one unit of the currency. */
static int64
minor_units(const CbBill *bill)
{
	int64		units = 1;

	for (int i = 0; i < bill->decimals; i++)
		units *= 10;
	return units;
}

/* a * b / divisor, b and divisor positive, towards zero unless rounded up. */
static int64
multiplied(int64 a, int64 b, int64 divisor, bool round_up)
{
	int128		product = (int128) a * b;
	int128		result = product / divisor;

	if (round_up && product % divisor > 0)
		result++;
	if (result > PG_INT64_MAX || result < PG_INT64_MIN)
		refuse_amount();
	return (int64) result;
}

static void
refuse_amount(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_AMOUNT),
			 errmsg("amount is beyond what an invoice can be for")));
}
