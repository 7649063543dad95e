/*-------------------------------------------------------------------------
 *
 * cb_one_off.c
 *	  SQL function create_invoice(): an invoice without a subscription.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_customer.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_invoice.h"
#include "billing/cb_issue.h"
#include "billing/cb_items.h"
#include "billing/cb_period.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

#define MAX_CONFIRMATIONS 1000

/* Arguments, in their order. */
enum
{
	ARG_MERCHANT,
	ARG_AMOUNT_SATS,
	ARG_DESCRIPTION,
	ARG_ADDRESS,
	ARG_EXTERNAL_ID,
	ARG_LINES,
	ARG_DUE_IN,
	ARG_EXPIRES_IN,
	ARG_CURRENCY,
	ARG_AMOUNT,
	ARG_TAX_RATE,
	ARG_TOLERANCE_SATS,
	ARG_CONFIRMATIONS,
	ARG_METADATA,
	ARG_USE_CREDIT,
	ARG_KEY
};

CB_STATEMENT(read_merchant, "uuid",
			 "SELECT m.is_active, m.timezone FROM charmbills.merchants m WHERE m.id = $1");

static void check_merchant(const pg_uuid_t *merchant_id, char **timezone);
static void add_charges(FunctionCallInfo fcinfo, CbBill *bill);
static void add_amount(FunctionCallInfo fcinfo, CbBill *bill);
static int64 tax_rate(FunctionCallInfo fcinfo);
static void set_terms(FunctionCallInfo fcinfo, CbDraft *draft);
static void set_times(FunctionCallInfo fcinfo, CbDraft *draft, const char *timezone, TimestampTz now);
static TimestampTz later(FunctionCallInfo fcinfo, int argno, Interval otherwise, TimestampTz start,
						 const char *timezone);
static char *text_arg(FunctionCallInfo fcinfo, int argno);
static void refuse(const char *message);

/*
 * charmbills.create_invoice(merchant_id uuid, amount_sats bigint, description text,
 *		subscriber_address text, external_id text, lines jsonb, due_in interval,
 *		expires_in interval, currency text, amount numeric, tax_rate numeric,
 *		tolerance_sats bigint, confirmations integer, metadata jsonb,
 *		use_credit boolean, idempotency_key text) -> invoices
 */
CB_FUNCTION(create_invoice, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbCustomerNames names;
	CbDraft		draft = {.kind = CB_INVOICE_ONE_OFF, .next_action_at = DT_NOEND};
	TimestampTz now = cb_now();
	char	   *timezone;

	cb_require_args(fcinfo, 1);
	draft.merchant_id = *PG_GETARG_UUID_P(ARG_MERCHANT);
	cb_authorize(&draft.merchant_id);
	cb_customer_args(fcinfo, ARG_ADDRESS, ARG_EXTERNAL_ID, &names);
	draft.id = cb_uuid_v7();
	if (cb_idempotency_claim_call(fcinfo, ARG_KEY, &draft.merchant_id, now, &draft.id))
	{
		check_merchant(&draft.merchant_id, &timezone);
		add_charges(fcinfo, &draft.bill);
		set_terms(fcinfo, &draft);
		set_times(fcinfo, &draft, timezone, now);
		cb_chain_pin_network();
		/* It may lock the cursor, which comes before all else. */
		cb_incarnation_check();
		draft.customer_id = cb_customer_take(&draft.merchant_id, &names, NULL, now);
		cb_issue(&draft, 1, now, &events);
		cb_events_write(&events);
	}
	return cb_invoice_return(fcinfo, &draft.id);
}

static void
check_merchant(const pg_uuid_t *merchant_id, char **timezone)
{
	if (cb_execute(&read_merchant, CB_ARGS(cb_uuid(merchant_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("merchant does not exist")));
	if (!cb_column_bool(0, 1))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("merchant is not active")));
	*timezone = cb_column_text(0, 2);
}

static void
add_charges(FunctionCallInfo fcinfo, CbBill *bill)
{
	char	   *currency = text_arg(fcinfo, ARG_CURRENCY);
	int			amount_arg = currency != NULL ? ARG_AMOUNT : ARG_AMOUNT_SATS;
	int			other_arg = currency != NULL ? ARG_AMOUNT_SATS : ARG_AMOUNT;

	if (currency != NULL)
		cb_check_currency(currency);
	if (!PG_ARGISNULL(other_arg))
		refuse("amount belongs to a currency, and amount_sats to none");
	if (PG_ARGISNULL(amount_arg) == PG_ARGISNULL(ARG_LINES))
		refuse("an invoice needs an amount, or lines");
	cb_bill_begin(bill, currency);
	if (PG_ARGISNULL(ARG_LINES))
		add_amount(fcinfo, bill);
	else
		cb_items_add(PG_GETARG_DATUM(ARG_LINES), bill);
	if (bill->amount <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("an invoice must be for more than nothing")));
	cb_bill_add_tax(bill, bill->amount, tax_rate(fcinfo));
}

static void
add_amount(FunctionCallInfo fcinfo, CbBill *bill)
{
	char	   *description = text_arg(fcinfo, ARG_DESCRIPTION);
	int64		amount;

	if (description == NULL || description[0] == '\0')
		refuse("an invoice without lines needs a description");
	if (bill->currency == NULL)
		amount = PG_GETARG_INT64(ARG_AMOUNT_SATS);
	else
		amount = cb_items_amount(PG_GETARG_DATUM(ARG_AMOUNT), bill);
	cb_bill_add(bill, "item", description, 1, amount, 0, 0);
}

/* In CB_TAX_UNIT, of a percentage. */
static int64
tax_rate(FunctionCallInfo fcinfo)
{
	int64		rate = 0;

	if (!PG_ARGISNULL(ARG_TAX_RATE) &&
		(!cb_minor_units(PG_GETARG_DATUM(ARG_TAX_RATE), 4, &rate) || rate < 0 || rate > CB_TAX_UNIT))
		refuse("a tax rate is from 0 to 100 percent, with at most 4 decimals");
	return rate;
}

static void
set_terms(FunctionCallInfo fcinfo, CbDraft *draft)
{
	draft->description = text_arg(fcinfo, ARG_DESCRIPTION);
	draft->metadata = cb_metadata_arg(fcinfo, ARG_METADATA);
	draft->keeps_credit = !PG_ARGISNULL(ARG_USE_CREDIT) && !PG_GETARG_BOOL(ARG_USE_CREDIT);
	draft->tolerance_sats = PG_ARGISNULL(ARG_TOLERANCE_SATS) ? 0 : PG_GETARG_INT64(ARG_TOLERANCE_SATS);
	draft->confirmations = PG_ARGISNULL(ARG_CONFIRMATIONS) ? cb_guc_confirmations : PG_GETARG_INT32(ARG_CONFIRMATIONS);
	if (draft->confirmations < 0 || draft->confirmations > MAX_CONFIRMATIONS)
		refuse("confirmations are from 0 to 1000");
	if (draft->tolerance_sats == 0)
		return;
	if (draft->bill.currency != NULL)
		refuse("an invoice in a currency has no tolerance_sats");
	if (draft->tolerance_sats < 0 || draft->tolerance_sats > draft->bill.amount)
		ereport(ERROR,
				(errcode(ERRCODE_CB_AMOUNT),
				 errmsg("a tolerance is from 0 to the amount of the invoice")));
}

static void
set_times(FunctionCallInfo fcinfo, CbDraft *draft, const char *timezone, TimestampTz now)
{
	Interval	at_once = {0};
	Interval	a_day = {.time = 24 * USECS_PER_HOUR};

	draft->due_at = later(fcinfo, ARG_DUE_IN, at_once, now, timezone);
	draft->expires_at = later(fcinfo, ARG_EXPIRES_IN, a_day, draft->due_at, timezone);
	if (draft->due_at < now)
		refuse("an invoice cannot be due before it is issued");
	if (draft->expires_at <= draft->due_at)
		refuse("an invoice must expire after it is due");
}

static TimestampTz
later(FunctionCallInfo fcinfo, int argno, Interval otherwise, TimestampTz start, const char *timezone)
{
	return cb_add_interval(start, PG_ARGISNULL(argno) ? &otherwise : PG_GETARG_INTERVAL_P(argno), timezone);
}

/* NULL without one. */
static char *
text_arg(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argno));
}

static void
refuse(const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("%s", message)));
}
