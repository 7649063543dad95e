/*-------------------------------------------------------------------------
 *
 * cb_plan_check.c
 *	  Plans: what their values may be.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_period.h"
#include "billing/cb_plan.h"
#include "billing/cb_plan_app.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

#define LONGEST_WAIT "10 years"
#define LONGEST_SPAN "1000 years"

/* A condition that is null, since nothing was given, is fulfilled. */
CB_STATEMENT(check_product, "text interval interval int4 text text numeric jsonb",
			 "SELECT $1 <> '', $2 BETWEEN interval '0' AND interval '" LONGEST_SPAN "', "
			 "       $3 BETWEEN interval '0' AND interval '" LONGEST_SPAN "', $4 BETWEEN 0 AND 1000, "
			 "       lower($5) ~ '^[0-9a-f]{64}$', lower($6) ~ '^[0-9a-f]{64}$', "
			 "       $7 >= 0 AND $7 = trunc($7) AND $7 < 'Infinity', "
			 "       pg_catalog.jsonb_typeof($8) = 'object'");
CB_STATEMENT(check_demand, "numeric numeric interval text interval interval[]",
			 "SELECT $1 BETWEEN 0 AND 100 AND $1 = trunc($1, 4), $2 BETWEEN 0 AND 100 AND $2 = trunc($2, 4), "
			 "       $3 BETWEEN interval '0' AND interval '" LONGEST_WAIT "', "
			 "       $4 IN ('payment', 'period_end'), "
			 "       $5 BETWEEN interval '0' AND interval '" LONGEST_WAIT "', "
			 "       pg_catalog.cardinality($6) <= 20, "
			 "       pg_catalog.cardinality($6) = 0 OR pg_catalog.array_ndims($6) = 1, "
			 "       CASE WHEN pg_catalog.array_ndims($6) = 1 THEN pg_catalog.array_position($6, NULL) IS NULL END, "
			 "       NOT EXISTS (SELECT FROM (SELECT s.step, pg_catalog.lag(s.step) OVER (ORDER BY s.n) AS before "
			 "                                FROM unnest($6) WITH ORDINALITY s(step, n)) s "
			 "                   WHERE s.step <= s.before OR s.step < interval '-" LONGEST_WAIT "')");
CB_STATEMENT(check_access, "text numeric text",
			 "SELECT $1 IN ('payment', 'token', 'either'), "
			 "       $2 BETWEEN 1 AND 18446744073709551615 AND $2 = trunc($2), $3 IN ('held', 'cycle')");
/* Of the prices that hold now or will. */
CB_STATEMENT(check_stored, "uuid timestamptz",
			 "SELECT NOT EXISTS (SELECT FROM charmbills.plan_prices v "
			 "                   WHERE v.plan_id = p.id AND v.price_sats < p.tolerance_sats "
			 "                         AND NOT EXISTS (SELECT FROM charmbills.plan_prices l "
			 "                                         WHERE l.plan_id = p.id AND l.version > v.version "
			 "                                               AND l.valid_from <= greatest(v.valid_from, $2))), "
			 "       p.currency IS NULL OR (p.tolerance_sats = 0 AND p.min_invoice_sats = 0), "
			 "       p.uncollectible_after > ALL (p.dunning), "
			 "       p.entitlement = 'payment' OR " CB_PLAN_IS_TRACKED("p") " "
			 "       OR (p.app_id IS NULL AND p.status IN ('pending_signature', 'failed')) "
			 "FROM charmbills.plans p WHERE p.id = $1");

/* What is wrong when a condition does not hold. */
typedef struct Complaint
{
	int			code;
	const char *message;
	const char *hint;			/* NULL without one */
} Complaint;

/* In the order of the conditions. */
static const Complaint of_product[] = {
	{ERRCODE_CB_INVALID_ARGUMENT, "a plan needs the name of its service", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a trial must not be negative, or longer than " LONGEST_SPAN, NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a grace must not be negative, or longer than " LONGEST_SPAN, NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "confirmations are from 0 to 1000", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "an app id is 64 hexadecimal digits", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "an app verification key is 64 hexadecimal digits", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a remaining supply is a whole number that is not negative", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "metadata must be a JSON object", NULL},
};
static const Complaint of_demand[] = {
	{ERRCODE_CB_INVALID_ARGUMENT, "a tolerance is from 0 to 100 percent, with at most 4 decimals", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a tax rate is from 0 to 100 percent, with at most 4 decimals", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a lead time must not be negative, or longer than " LONGEST_WAIT, NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "restart is \"payment\" or \"period_end\"", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "uncollectible_after must not be negative, or longer than " LONGEST_WAIT, NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "dunning has at most 20 steps", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "dunning is a plain list of steps", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a dunning step must not be null", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "dunning steps must ascend", "Each is counted from when the invoice is due."},
};
static const Complaint of_access[] = {
	{ERRCODE_CB_INVALID_ARGUMENT, "entitlement is \"payment\", \"token\" or \"either\"", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "token_units is a whole number from 1 to 18446744073709551615", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "token_access is \"held\" or \"cycle\"", NULL},
};
static const Complaint of_stored[] = {
	{ERRCODE_CB_AMOUNT, "the tolerance of a plan is more than its price", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a plan in a currency has no tolerance_sats and no min_invoice_sats",
	"Give a tolerance as tolerance_percent."},
	{ERRCODE_CB_INVALID_ARGUMENT, "every dunning step must come before uncollectible_after", NULL},
	{ERRCODE_CB_INVALID_ARGUMENT, "a token gives access to no plan whose charms are not followed",
	"A plan is followed that has app_id and app_vk, or charmbills.app_vk in its place."},
};

static void complain(const Complaint *complaints, int n);
static void check_amount(NullableDatum amount);

void
cb_plan_check(const CbPlanValues *values)
{
	cb_execute_one(&check_product,
				   CB_ARGS(values->service_name, values->trial, values->grace,
						   values->confirmations, values->app_id, values->app_vk,
						   values->remaining_supply, values->metadata));
	complain(of_product, lengthof(of_product));
	cb_execute_one(&check_demand,
				   CB_ARGS(values->tolerance_percent, values->tax_rate, values->lead_time, values->restart,
						   values->uncollectible_after, values->dunning));
	complain(of_demand, lengthof(of_demand));
	cb_execute_one(&check_access, CB_ARGS(values->entitlement, values->token_units, values->token_access));
	complain(of_access, lengthof(of_access));
	check_amount(values->price_sats);
	check_amount(values->tolerance_sats);
	check_amount(values->min_invoice_sats);
	if (!values->currency.isnull)
		cb_check_currency(TextDatumGetCString(values->currency.value));
	if (!values->billing_cycle.isnull)
		cb_check_cycle(TextDatumGetCString(values->billing_cycle.value));
}

void
cb_plan_check_stored(const pg_uuid_t *plan_id, TimestampTz now)
{
	cb_execute_one(&check_stored, CB_ARGS(cb_uuid(plan_id), cb_timestamptz(now)));
	complain(of_stored, lengthof(of_stored));
}

/* Of the conditions in the last result, the first that does not hold. */
static void
complain(const Complaint *complaints, int n)
{
	for (int i = 0; i < n; i++)
		if (!cb_column_is_null(0, i + 1) && !cb_column_bool(0, i + 1))
			ereport(ERROR,
					(errcode(complaints[i].code),
					 errmsg("%s", complaints[i].message),
					 complaints[i].hint != NULL ? errhint("%s", complaints[i].hint) : 0));
}

static void
check_amount(NullableDatum amount)
{
	if (!amount.isnull)
		(void) cb_check_sats(DatumGetInt64(amount.value));
}
