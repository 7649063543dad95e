/*-------------------------------------------------------------------------
 *
 * cb_plan_price.c
 *	  What a plan has cost since when.
 *
 * Every price ever given is kept as a version.  At any instant the last given
 * of those that have begun holds.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_plan.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* In any currency, so that sums of an invoice fit. */
#define PRICE_LIMIT INT64CONST(10000000000)

#define IN_FORCE(at) \
	"(SELECT v.price_sats, v.price FROM charmbills.plan_prices v " \
	" WHERE v.plan_id = $1 AND v.valid_from <= " at " ORDER BY v.version DESC LIMIT 1)"

CB_STATEMENT(insert_first, "uuid",
			 "INSERT INTO charmbills.plan_prices "
			 "       (plan_id, version, merchant_id, price_sats, currency, price, valid_from) "
			 "SELECT p.id, 1, p.merchant_id, p.price_sats, p.currency, p.price, p.created_at "
			 "FROM charmbills.plans p WHERE p.id = $1");
/* The price that holds then already needs no version. */
CB_STATEMENT(insert_next, "uuid int8 numeric timestamptz",
			 "INSERT INTO charmbills.plan_prices "
			 "       (plan_id, version, merchant_id, price_sats, currency, price, valid_from) "
			 "SELECT p.id, n.version, p.merchant_id, $2, p.currency, $3, $4 "
			 "FROM charmbills.plans p "
			 "CROSS JOIN (SELECT coalesce(max(v.version), 0) + 1 AS version FROM charmbills.plan_prices v "
			 "            WHERE v.plan_id = $1) n "
			 "LEFT JOIN " IN_FORCE("$4") " f ON true "
			 "WHERE p.id = $1 AND (f.price_sats::int8, f.price) IS DISTINCT FROM ($2, $3)");
CB_STATEMENT(show_price, "uuid timestamptz",
			 "UPDATE charmbills.plans p SET price_sats = f.price_sats, price = f.price "
			 "FROM " IN_FORCE("$2") " f WHERE p.id = $1");
CB_STATEMENT(read_currency, "uuid",
			 "SELECT currency FROM charmbills.plans WHERE id = $1");

static bool has_decimals(Datum price, int decimals);
static void check_unit(const char *currency, const CbPlanValues *values);
static TimestampTz price_begin(const CbPlanValues *values, TimestampTz now);

void
cb_plan_price_require(const CbPlanValues *values)
{
	bool		in_currency = !values->currency.isnull || !values->price.isnull;

	if (values->currency.isnull != values->price.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("currency and price belong together")));
	if (in_currency == !values->price_sats.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a plan needs one price"),
				 errhint("Give price_sats, or currency and price.")));
}

/* The range is judged first, so that what is no number is never rounded. */
NullableDatum
cb_plan_price_checked(const char *currency, NullableDatum price)
{
	int			decimals = cb_currency_decimals(currency);
	Datum		limit = NumericGetDatum(int64_to_numeric(PRICE_LIMIT));
	Datum		zero = NumericGetDatum(int64_to_numeric(0));

	if (price.isnull)
		return price;
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, price.value, zero)) ||
		DatumGetBool(DirectFunctionCall2(numeric_ge, price.value, limit)))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("price in %s is out of range", currency),
				 errdetail("A price is from 0 to less than " INT64_FORMAT ".", PRICE_LIMIT)));
	if (!has_decimals(price.value, decimals))
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("price in %s has more than %d decimals", currency, decimals)));
	return cb_datum(DirectFunctionCall2(numeric_round, price.value, Int32GetDatum(decimals)));
}

static bool
has_decimals(Datum price, int decimals)
{
	Datum		kept = DirectFunctionCall2(numeric_trunc, price, Int32GetDatum(decimals));

	return DatumGetBool(DirectFunctionCall2(numeric_eq, price, kept));
}

void
cb_plan_price_begin(const pg_uuid_t *plan_id)
{
	cb_execute(&insert_first, CB_ARGS(cb_uuid(plan_id)));
}

void
cb_plan_price_change(const pg_uuid_t *plan_id, const CbPlanValues *values, TimestampTz now)
{
	TimestampTz begin = price_begin(values, now);
	NullableDatum price = values->price;
	char	   *currency;

	cb_execute_one(&read_currency, CB_ARGS(cb_uuid(plan_id)));
	currency = cb_column_text(0, 1);
	check_unit(currency, values);
	if (currency != NULL)
		price = cb_plan_price_checked(currency, price);
	if (!values->price_sats.isnull || !price.isnull)
		cb_execute(&insert_next,
				   CB_ARGS(cb_uuid(plan_id), values->price_sats, price, cb_timestamptz(begin)));
	cb_execute(&show_price, CB_ARGS(cb_uuid(plan_id), cb_timestamptz(now)));
}

/* Subscriptions go on at a plan's later prices, so all are in one unit. */
static void
check_unit(const char *currency, const CbPlanValues *values)
{
	bool		same;

	if (currency == NULL)
		same = values->currency.isnull && values->price.isnull;
	else
		same = values->price_sats.isnull &&
			(values->currency.isnull || strcmp(TextDatumGetCString(values->currency.value), currency) == 0);
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("a plan's price stays in %s", currency != NULL ? currency : "sats"),
				 errhint("Make another plan, and change subscriptions to it.")));
}

static TimestampTz
price_begin(const CbPlanValues *values, TimestampTz now)
{
	TimestampTz begin;

	if (values->price_from.isnull)
		return now;
	begin = DatumGetTimestampTz(values->price_from.value);
	if (values->price_sats.isnull && values->price.isnull)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("price_from needs a price")));
	if (begin < now || TIMESTAMP_NOT_FINITE(begin))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a price cannot begin in the past, or never")));
	return begin;
}
