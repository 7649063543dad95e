/*-------------------------------------------------------------------------
 *
 * cb_items.c
 *	  What a caller puts on an invoice: quantities, amounts, and lines in JSON.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_items.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "utils/jsonb.h"

#define MAX_LINES 100
#define MAX_QUANTITY 1000000

/* A value of the wrong type is NULL, as one that is not there; a quantity may be left out. */
CB_STATEMENT(read_lines, "jsonb",
			 "SELECT CASE jsonb_typeof(l->'description') WHEN 'string' THEN l->>'description' END, "
			 "       CASE coalesce(jsonb_typeof(l->'quantity'), 'none') "
			 "            WHEN 'none' THEN 1 WHEN 'number' THEN (l->'quantity')::numeric END, "
			 "       CASE jsonb_typeof(l->'unit_amount') WHEN 'number' THEN (l->'unit_amount')::numeric END, "
			 "       CASE jsonb_typeof(l) WHEN 'object' "
			 "            THEN l - '{description,quantity,unit_amount}'::text[] = '{}' ELSE false END "
			 "FROM jsonb_array_elements($1) WITH ORDINALITY a(l, position) ORDER BY a.position");

static void add_line(uint64 row, CbBill *bill);
static int32 quantity(uint64 row);
cb_noreturn static void refuse_line(uint64 row, const char *detail);

void
cb_items_add(Datum lines, CbBill *bill)
{
	Jsonb	   *array = DatumGetJsonbP(lines);
	uint64		n;

	if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array) ||
		JB_ROOT_COUNT(array) < 1 || JB_ROOT_COUNT(array) > MAX_LINES)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("lines must be a JSON array of 1 to %d lines", MAX_LINES)));
	n = cb_execute(&read_lines, CB_ARGS(cb_datum(lines)));
	for (uint64 row = 0; row < n; row++)
		add_line(row, bill);
}

/* Of the last statement. */
static void
add_line(uint64 row, CbBill *bill)
{
	char	   *description = cb_column_text(row, 1);
	bool		isnull;

	if (!cb_column_bool(row, 4))
		refuse_line(row, "A line is an object with description, quantity and unit_amount, and no other key.");
	if (description == NULL || description[0] == '\0')
		refuse_line(row, "Its description must be a text that is not empty.");
	if (cb_column_is_null(row, 3))
		refuse_line(row, "Its unit_amount must be a number.");
	cb_bill_add(bill, "item", description, quantity(row),
				cb_items_amount(cb_column(row, 3, &isnull), bill), 0, 0);
}

static int32
quantity(uint64 row)
{
	int64		value;
	bool		isnull;

	if (cb_column_is_null(row, 2) || !cb_minor_units(cb_column(row, 2, &isnull), 0, &value) ||
		value < 1 || value > MAX_QUANTITY)
		refuse_line(row, psprintf("Its quantity must be a whole number from 1 to %d.", MAX_QUANTITY));
	return (int32) value;
}

static void
refuse_line(uint64 row, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("line " UINT64_FORMAT " is not one of an invoice", row + 1),
			 errdetail("%s", detail)));
}

int32
cb_quantity_arg(FunctionCallInfo fcinfo, int argno, int32 otherwise)
{
	int32		value = PG_ARGISNULL(argno) ? otherwise : PG_GETARG_INT32(argno);

	if (value < 1 || value > MAX_QUANTITY)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("quantity must be from 1 to %d", MAX_QUANTITY)));
	return value;
}

int64
cb_items_amount(Datum amount, const CbBill *bill)
{
	int64		units;

	if (!cb_minor_units(amount, bill->decimals, &units))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("amount is too large, or too precise"),
				 errdetail("An amount in %s has at most %d decimals.",
						   bill->currency != NULL ? bill->currency : "sats", bill->decimals)));
	return units;
}
