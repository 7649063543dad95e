/*-------------------------------------------------------------------------
 *
 * cb_proration.c
 *	  What a change of plan within a paid period costs.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_period.h"
#include "billing/cb_proration.h"
#include "cb_errors.h"
#include "cb_sql.h"

/* How long an invoice for a change may be paid. */
#define TIME_TO_PAY USECS_PER_DAY

/*
 * Paid periods, the latest issued first.  One older than these columns is worth
 * its amount.
 */
CB_STATEMENT(read_paid, "uuid",
			 "SELECT coalesce(i.period_worth, i.amount_sats), i.currency, "
			 "       coalesce(i.worth_start, i.period_start), coalesce(i.worth_end, i.period_end), "
			 "       i.period_start + (f.paused_for - i.paused_before), i.is_late, i.paid_at, p.service_name, "
			 "       (i.tax_rate * 10000)::int8 "
			 "FROM charmbills.invoices i "
			 "JOIN charmbills.subscription_facts f ON f.id = i.subscription_id "
			 "JOIN charmbills.plans p ON p.id = coalesce(i.plan_id, f.plan_id) "
			 "WHERE i.subscription_id = $1 AND i.kind IN ('period', 'change') AND i.status = 'paid' "
			 "ORDER BY i.created_at DESC, i.number DESC");

/* A paid period, or what is left of it. */
typedef struct PaidPeriod
{
	int64		worth;			/* of all of it, in smallest units */
	char	   *currency;
	char	   *service_name;
	TimestampTz start;
	TimestampTz end;
	int64		unused;			/* microseconds */
	int64		whole;			/* likewise; 0 for a lifetime */
	int64		tax_rate;		/* of CB_TAX_UNIT */
} PaidPeriod;

static PaidPeriod *read_unused(const CbBillable *billable, TimestampTz now, int *n);
static void load_period(uint64 row, const CbBillable *billable, TimestampTz now, TimestampTz end, PaidPeriod *period);
static void check_currency(const CbBillable *billable, const PaidPeriod *period);
static void credit_unused(CbBill *bill, const PaidPeriod *period, TimestampTz now);
static void keep_period(const CbBillable *billable, const PaidPeriod *paid, TimestampTz now, CbDraft *draft);
static void begin_period(const CbBillable *billable, TimestampTz now, CbDraft *draft);

void
cb_proration_draft(const CbBillable *billable, TimestampTz now, CbDraft *draft)
{
	const CbPlanTerms *plan = &billable->plan;
	PaidPeriod *paid;
	int			n;

	memset(draft, 0, sizeof(*draft));
	draft->kind = CB_INVOICE_CHANGE;
	draft->merchant_id = billable->merchant_id;
	draft->customer_id = billable->customer_id;
	draft->has_subscription = true;
	draft->subscription_id = billable->id;
	draft->period.plan_id = plan->plan_id;
	draft->period.quantity = billable->quantity;
	draft->period.cycle = plan->cycle;
	draft->period.paused_before = billable->paused_for;
	draft->period.tax_rate = plan->tax_rate;
	draft->due_at = now;
	draft->expires_at = Min(now + TIME_TO_PAY, billable->paid_through);
	cb_bill_begin(&draft->bill, plan->currency);
	paid = read_unused(billable, now, &n);
	for (int i = 0; i < n; i++)
	{
		check_currency(billable, &paid[i]);
		credit_unused(&draft->bill, &paid[i], now);
	}
	if (n == 1 && strcmp(plan->cycle, billable->cycle) == 0)
		keep_period(billable, &paid[0], now, draft);
	else
		begin_period(billable, now, draft);
	cb_draft_terms(draft, plan, billable->timezone);
	draft->next_action_at = DT_NOEND;
}

/* Those that reach beyond now: the latest one, back to the one that it is now. */
static PaidPeriod *
read_unused(const CbBillable *billable, TimestampTz now, int *n)
{
	uint64		rows = cb_execute(&read_paid, CB_ARGS(cb_uuid(&billable->id)));
	PaidPeriod *periods = palloc0(sizeof(PaidPeriod) * Max(rows, 1));
	TimestampTz end = billable->paid_through;

	*n = 0;
	for (uint64 row = 0; row < rows; row++)
	{
		PaidPeriod *period = &periods[(*n)++];

		load_period(row, billable, now, end, period);
		if (period->start <= now)
			break;
		end = period->start;
	}
	return periods;
}

static void
load_period(uint64 row, const CbBillable *billable, TimestampTz now, TimestampTz end, PaidPeriod *period)
{
	bool		isnull;
	Datum		worth = cb_column(row, 1, &isnull);
	TimestampTz worth_start = cb_column_timestamptz(row, 3);
	TimestampTz worth_end = cb_column_timestamptz(row, 4);

	period->currency = cb_column_text(row, 2);
	if (!cb_minor_units(worth, period->currency ? cb_currency_decimals(period->currency) : 0, &period->worth))
		elog(ERROR, "a period's worth is no amount of its currency");
	period->start = cb_column_timestamptz(row, 5);
	period->service_name = cb_column_text(row, 8);
	period->tax_rate = cb_column_int8(row, 9);
	period->end = end;
	if (TIMESTAMP_IS_NOEND(end))
		return;
	/* A late payment's period is another than the one invoiced. */
	if (cb_column_bool(row, 6) && billable->restarts_now)
	{
		worth_start = period->start = cb_column_timestamptz(row, 7);
		worth_end = cb_period_start(worth_start, billable->cycle, billable->timezone, 1);
	}
	period->whole = worth_end - worth_start;
	period->unused = Min(end - Max(now, period->start), period->whole);
}

static void
check_currency(const CbBillable *billable, const PaidPeriod *period)
{
	const char *mine = period->currency ? period->currency : "";
	const char *other = billable->plan.currency ? billable->plan.currency : "";

	if (strcmp(mine, other) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the plans are priced in different currencies"),
				 errhint("Change at the end of the period.")));
}

/* Of a lifetime nothing is left unused. */
static void
credit_unused(CbBill *bill, const PaidPeriod *period, TimestampTz now)
{
	int64		value;

	if (period->whole == 0)
		return;
	value = cb_bill_part(period->worth, period->unused, period->whole);
	cb_bill_add(bill, "proration", psprintf("unused part of %s", period->service_name), 1, -value,
				Max(now, period->start), period->end);
	cb_bill_add_tax(bill, -value, period->tax_rate);
}

/* Of two lifetimes the difference is charged. */
static void
keep_period(const CbBillable *billable, const PaidPeriod *paid, TimestampTz now, CbDraft *draft)
{
	CbBill		whole;
	int64		value;

	cb_bill_begin(&whole, billable->plan.currency);
	cb_bill_add(&whole, "period", "", billable->quantity, billable->plan.price, 0, 0);
	value = paid->whole == 0 ? whole.amount - paid->worth : cb_bill_part(whole.amount, paid->unused, paid->whole);
	cb_bill_add(&draft->bill, "proration", psprintf("remaining part of %s", billable->plan.service_name), 1,
				value, now, paid->end);
	cb_bill_add_tax(&draft->bill, value, billable->plan.tax_rate);
	draft->period.anchor = billable->anchor;
	draft->period.start = now;
	draft->period.end = paid->end;
	draft->period.worth = whole.amount;
	draft->period.worth_start = paid->end == DT_NOEND ? now : paid->end - paid->whole;
	draft->period.worth_end = paid->end;
}

static void
begin_period(const CbBillable *billable, TimestampTz now, CbDraft *draft)
{
	CbInvoicePeriod *period = &draft->period;
	int64		before = draft->bill.amount;

	period->anchor = now;
	period->start = now;
	period->end = cb_period_start(now, billable->plan.cycle, billable->timezone, 1);
	period->worth_start = period->start;
	period->worth_end = period->end;
	cb_bill_add(&draft->bill, "period", billable->plan.service_name, billable->quantity, billable->plan.price,
				period->start, period->end);
	period->worth = draft->bill.amount - before;
	cb_bill_add_tax(&draft->bill, period->worth, billable->plan.tax_rate);
}
