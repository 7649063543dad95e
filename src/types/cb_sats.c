/*-------------------------------------------------------------------------
 *
 * cb_sats.c
 *	  Amounts: sats as integers, BTC as exact decimals.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "cb_errors.h"
#include "types/cb_types.h"

#define SATS_PER_BTC INT64CONST(100000000)
#define BTC_DECIMALS 8

static bool has_excess_decimals(Datum btc);
static bool is_within(Datum btc, int64 low, int64 high);

PG_FUNCTION_INFO_V1(charmbills_btc_to_sats);
PG_FUNCTION_INFO_V1(charmbills_sats_to_btc);

int64
cb_check_sats(int64 amount)
{
	if (amount < 0 || amount > CB_MAX_MONEY)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("amount of " INT64_FORMAT " sats is out of range", amount),
				 errdetail("An amount is from 0 to " INT64_FORMAT " sats.", CB_MAX_MONEY)));
	return amount;
}

/*
 * The range is judged first, so that neither infinity nor NaN nor a number of
 * a hundred thousand digits is ever multiplied.
 */
Datum
charmbills_btc_to_sats(PG_FUNCTION_ARGS)
{
	Datum		btc = PG_GETARG_DATUM(0);
	Datum		sats;

	if (!is_within(btc, 0, CB_MAX_MONEY / SATS_PER_BTC))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("amount in BTC is out of range"),
				 errdetail("An amount is from 0 to " INT64_FORMAT " BTC.", CB_MAX_MONEY / SATS_PER_BTC)));
	if (has_excess_decimals(btc))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("amount in BTC has more than %d decimals", BTC_DECIMALS),
				 errhint("Round it yourself, for example with round(amount, %d).", BTC_DECIMALS)));

	sats = DirectFunctionCall2(numeric_mul, btc, NumericGetDatum(int64_to_numeric(SATS_PER_BTC)));
	PG_RETURN_INT64(cb_check_sats(DatumGetInt64(DirectFunctionCall1(numeric_int8, sats))));
}

static bool
is_within(Datum btc, int64 low, int64 high)
{
	Datum		low_datum = NumericGetDatum(int64_to_numeric(low));
	Datum		high_datum = NumericGetDatum(int64_to_numeric(high));

	return DatumGetBool(DirectFunctionCall2(numeric_ge, btc, low_datum)) &&
		DatumGetBool(DirectFunctionCall2(numeric_le, btc, high_datum));
}

static bool
has_excess_decimals(Datum btc)
{
	Datum		kept = DirectFunctionCall2(numeric_trunc, btc, Int32GetDatum(BTC_DECIMALS));

	return DatumGetBool(DirectFunctionCall2(numeric_ne, btc, kept));
}

Datum
charmbills_sats_to_btc(PG_FUNCTION_ARGS)
{
	int64		sats = cb_check_sats(PG_GETARG_INT64(0));

	PG_RETURN_NUMERIC(cb_btc_numeric(sats));
}

/* Always eight decimals, as Bitcoin Core writes amounts. */
Numeric
cb_btc_numeric(int64 sats)
{
	return int64_div_fast_to_numeric(sats, BTC_DECIMALS);
}
