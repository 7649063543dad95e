/*-------------------------------------------------------------------------
 *
 * cb_currency.c
 *	  Currencies that prices may be in.
 *
 * The codes of ISO 4217 that are money: no metals, no units of account of
 * institutions, no codes for tests.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "cb_errors.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#define CODE_LENGTH 3
/* More than all bitcoin in sats, and than any price in any currency's units. */
#define MAX_UNITS INT64CONST(1000000000000000000)

/* Currencies with the same number of decimals, each code followed by a space. */
typedef struct CurrencyGroup
{
	int			decimals;
	const char *codes;
} CurrencyGroup;

static const CurrencyGroup groups[] = {
	{2,
		"AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
		"CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD "
		"GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD "
		"MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP "
		"PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
		"TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "},
	{0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF "},
	{3, "BHD IQD JOD KWD LYD OMR TND "},
	{4, "CLF UYW "},
};

static bool is_listed(const char *code, const char *codes);

int
cb_currency_decimals(const char *code)
{
	for (int i = 0; i < (int) lengthof(groups); i++)
		if (is_listed(code, groups[i].codes))
			return groups[i].decimals;
	return -1;
}

static bool
is_listed(const char *code, const char *codes)
{
	if (strlen(code) != CODE_LENGTH)
		return false;
	for (; *codes != '\0'; codes += CODE_LENGTH + 1)
		if (strncmp(code, codes, CODE_LENGTH) == 0)
			return true;
	return false;
}

void
cb_check_currency(const char *code)
{
	if (is_listed(code, "BTC XBT "))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("bitcoin is not a currency to convert from"),
				 errhint("A price in bitcoin is given in sats, as price_sats.")));
	if (cb_currency_decimals(code) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("currency is not known"),
				 errhint("Use the ISO 4217 code in capital letters, such as EUR or USD.")));
}

/* The range is judged first, so that what is no number is never rounded. */
bool
cb_minor_units(Datum amount, int decimals, int64 *units)
{
	Datum		limit = NumericGetDatum(int64_to_numeric(MAX_UNITS));
	int64		scale = 1;
	Datum		whole;

	for (int i = 0; i < decimals; i++)
		scale *= 10;
	amount = DirectFunctionCall2(numeric_mul, amount, NumericGetDatum(int64_to_numeric(scale)));
	if (!DatumGetBool(DirectFunctionCall2(numeric_lt, DirectFunctionCall1(numeric_abs, amount), limit)))
		return false;
	whole = DirectFunctionCall2(numeric_trunc, amount, Int32GetDatum(0));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, amount, whole)))
		return false;
	*units = DatumGetInt64(DirectFunctionCall1(numeric_int8, whole));
	return true;
}

Datum
cb_minor_numeric(int64 units, int decimals)
{
	return NumericGetDatum(int64_div_fast_to_numeric(units, decimals));
}

char *
cb_minor_cstring(int64 units, int decimals)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, cb_minor_numeric(units, decimals)));
}
