/*-------------------------------------------------------------------------
 *
 * cb_draft.c
 *	  What a subscription is to be invoiced for next.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_currency.h"
#include "billing/cb_draft.h"
#include "billing/cb_issue_rows.h"
#include "billing/cb_period.h"
#include "catalog/pg_type.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* How long a first invoice, or one issued too late, may be paid. */
#define TIME_TO_PAY USECS_PER_DAY

/*
 * Of a plan p, its price v and the parameter that is the setting's depth, which
 * comes second in each statement.  Rates are in CB_TAX_UNIT.  A plan whose row
 * somebody else inserted has but its own price.
 */
#define TERMS \
	"p.id, p.service_name, p.status, p.billing_cycle, p.currency, " \
	"coalesce(v.price_sats, p.price_sats), coalesce(v.price, p.price), " \
	"(p.tax_rate * 10000)::int8, p.tolerance_sats, (p.tolerance_percent * 10000)::int8, p.min_invoice_sats, " \
	"coalesce(p.confirmations, $2), p.dunning, p.uncollectible_after"
/* The latest price valid at an instant, else the first one. */
#define PRICE(plan, at) \
	"LEFT JOIN LATERAL (SELECT w.price_sats, w.price FROM charmbills.plan_prices w " \
	"                   WHERE w.plan_id = " plan " AND (w.valid_from <= " at " OR w.version = 1) " \
	"                   ORDER BY w.version DESC LIMIT 1) v ON true "

/* An invoice i, whatever has been made of it since. */
#define HAS_EXPIRED \
	"(i.status IN ('expired', 'uncollectible') OR i.status = 'void' AND i.expires_at <= charmbills.now())"

CB_KEYS_STATEMENT(read_billables, "uuid[] int4",
				  "SELECT " TERMS ", "
				  "       f.id, f.merchant_id, f.customer_id, f.cycle, f.timezone, f.grace, f.anchor, f.paid_through, "
				  "       (extract(epoch FROM f.paused_for) * 1000000)::int8, "
				  "       coalesce(f.pending_quantity, f.next_quantity, f.quantity), "
				  "       f.canceled_at IS NOT NULL OR f.ended_at IS NOT NULL, m.is_active, "
				  "       f.paid_through IS NULL "
				  "       AND EXISTS (SELECT FROM charmbills.invoices i "
				  "                   WHERE i.subscription_id = f.id AND i.kind = 'period' "
				  "                         AND (i.status <> 'void' OR i.void_reason = 'requested' "
				  "                              OR " HAS_EXPIRED ")), "
				  "       f.status = 'expired' AND f.paid_through IS NOT NULL "
				  "       AND EXISTS (SELECT FROM charmbills.invoices i "
				  "                   WHERE i.subscription_id = f.id AND i.kind = 'period' "
				  "                         AND " HAS_EXPIRED " "
				  "                         AND NOT EXISTS (SELECT FROM charmbills.invoices n "
				  "                                         WHERE n.subscription_id = f.id AND n.status = 'paid' "
				  "                                               AND n.kind IN ('period', 'change') "
				  "                                               AND (n.created_at, n.number) > "
				  "                                                   (i.created_at, i.number))), "
				  "       f.restart = 'payment', f.paused_at IS NOT NULL "
				  "FROM charmbills.subscription_facts f "
				  "JOIN charmbills.plans p ON p.id = coalesce(f.pending_plan_id, f.next_plan_id, f.plan_id) "
				  "JOIN charmbills.merchants m ON m.id = f.merchant_id "
				  PRICE("p.id", "coalesce(f.paid_through, f.anchor)")
				  "WHERE f.id = ANY ($1) ORDER BY f.id");
CB_STATEMENT(read_plan_terms, "uuid int4 timestamptz",
			 "SELECT " TERMS " FROM charmbills.plans p " PRICE("p.id", "$3") "WHERE p.id = $1");

#define N_TERMS 14				/* columns of TERMS */

static void load_terms(uint64 row, CbPlanTerms *terms);
static void load_dunning(uint64 row, CbPlanTerms *terms);
static int64 load_price(uint64 row, const char *currency);
static void load_billable(uint64 row, CbBillable *billable);
static TimestampTz next_start(CbBillable *billable, TimestampTz now);
static TimestampTz current_start(CbBillable *billable, TimestampTz now);
static void set_period(CbDraft *draft, CbBillable *billable, TimestampTz start);
static TimestampTz last_day(const CbBillable *billable, TimestampTz due_at, TimestampTz now);

int
cb_billables_read(const pg_uuid_t *ids, int n, CbBillable *billables)
{
	int			found = (int) cb_execute(&read_billables,
										 CB_ARGS(cb_uuid_array(ids, n), cb_int4(cb_guc_confirmations)));

	for (int i = 0; i < found; i++)
		load_billable(i, &billables[i]);
	return found;
}

void
cb_plan_terms_read(const pg_uuid_t *plan_id, TimestampTz at, CbPlanTerms *terms)
{
	if (cb_execute(&read_plan_terms,
				   CB_ARGS(cb_uuid(plan_id), cb_int4(cb_guc_confirmations), cb_timestamptz(at))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	load_terms(0, terms);
}

static void
load_terms(uint64 row, CbPlanTerms *terms)
{
	terms->plan_id = cb_column_uuid(row, 1);
	terms->service_name = cb_column_text(row, 2);
	terms->status = cb_column_text(row, 3);
	terms->cycle = cb_column_text(row, 4);
	terms->currency = cb_column_text(row, 5);
	terms->price = load_price(row, terms->currency);
	terms->tax_rate = cb_column_int8(row, 8);
	terms->tolerance_sats = cb_column_int8(row, 9);
	terms->tolerance_rate = cb_column_int8(row, 10);
	terms->least_sats = cb_column_int8(row, 11);
	terms->confirmations = cb_column_int4(row, 12);
	load_dunning(row, terms);
	terms->uncollectible_after = cb_column_interval(row, 14);
}

/* A price has no more decimals than its currency. */
static int64
load_price(uint64 row, const char *currency)
{
	bool		isnull;
	int64		price;

	if (currency == NULL)
		return cb_column_int8(row, 6);
	if (!cb_minor_units(cb_column(row, 7, &isnull), cb_currency_decimals(currency), &price))
		elog(ERROR, "price of a plan in %s is not a price", currency);
	return price;
}

static void
load_dunning(uint64 row, CbPlanTerms *terms)
{
	bool		isnull;
	ArrayType  *steps = DatumGetArrayTypeP(cb_column(row, 13, &isnull));
	Datum	   *values;

	deconstruct_array(steps, INTERVALOID, sizeof(Interval), false, TYPALIGN_DOUBLE,
					  &values, NULL, &terms->n_dunning);
	terms->dunning = palloc(sizeof(Interval) * Max(terms->n_dunning, 1));
	for (int i = 0; i < terms->n_dunning; i++)
		terms->dunning[i] = *DatumGetIntervalP(values[i]);
}

static void
load_billable(uint64 row, CbBillable *billable)
{
	load_terms(row, &billable->plan);
	billable->id = cb_column_uuid(row, N_TERMS + 1);
	billable->merchant_id = cb_column_uuid(row, N_TERMS + 2);
	billable->customer_id = cb_column_uuid(row, N_TERMS + 3);
	billable->cycle = cb_column_text(row, N_TERMS + 4);
	billable->timezone = cb_column_text(row, N_TERMS + 5);
	billable->grace = cb_column_interval(row, N_TERMS + 6);
	billable->anchor = cb_column_timestamptz(row, N_TERMS + 7);
	billable->is_paid = !cb_column_is_null(row, N_TERMS + 8);
	billable->paid_through = cb_column_timestamptz(row, N_TERMS + 8);
	billable->paused_for = cb_column_int8(row, N_TERMS + 9);
	billable->quantity = cb_column_int4(row, N_TERMS + 10);
	billable->is_ended = cb_column_bool(row, N_TERMS + 11);
	billable->is_merchant_active = cb_column_bool(row, N_TERMS + 12);
	billable->was_invoiced = cb_column_bool(row, N_TERMS + 13);
	billable->has_failed = cb_column_bool(row, N_TERMS + 14);
	billable->restarts_now = cb_column_bool(row, N_TERMS + 15);
	billable->is_paused = cb_column_bool(row, N_TERMS + 16);
}

void
cb_billable_check(const CbBillable *billable)
{
	if (billable->is_ended)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is canceled")));
	if (billable->is_paused)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paused"),
				 errhint("Resume it with charmbills.resume_subscription().")));
	if (!billable->is_merchant_active)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("merchant is not active")));
	if (billable->is_paid && TIMESTAMP_IS_NOEND(billable->paid_through))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paid for life")));
}

void
cb_draft_next(CbBillable *billable, TimestampTz now, CbDraft *draft)
{
	const CbPlanTerms *plan = &billable->plan;
	TimestampTz expected = billable->is_paid ? billable->paid_through : billable->anchor;
	TimestampTz start;

	memset(draft, 0, sizeof(*draft));
	draft->kind = CB_INVOICE_PERIOD;
	draft->merchant_id = billable->merchant_id;
	draft->customer_id = billable->customer_id;
	draft->has_subscription = true;
	draft->subscription_id = billable->id;
	start = next_start(billable, now);
	/* A period that begins another time may have another price. */
	if (start != expected)
		cb_plan_terms_read(&billable->plan.plan_id, start, &billable->plan);
	set_period(draft, billable, start);
	draft->due_at = draft->period.start;
	draft->expires_at = last_day(billable, draft->due_at, now);
	cb_bill_begin(&draft->bill, plan->currency);
	cb_bill_add(&draft->bill, "period", plan->service_name, billable->quantity, plan->price,
				draft->period.start, draft->period.end);
	draft->period.worth = draft->bill.amount;
	cb_bill_add_tax(&draft->bill, draft->period.worth, plan->tax_rate);
	draft->period.tax_rate = plan->tax_rate;
	cb_draft_terms(draft, plan, billable->timezone);
}

/*
 * Where the last paid period ends; a whole period that has passed unpaid is
 * nobody's any more, and is left out.  After a first invoice came to nothing,
 * another is for a period that begins now.
 */
static TimestampTz
next_start(CbBillable *billable, TimestampTz now)
{
	TimestampTz end;

	if (!billable->is_paid)
		return billable->was_invoiced ? Max(billable->anchor, now) : billable->anchor;
	if (billable->has_failed)
		return billable->restarts_now ? now : billable->paid_through;
	end = cb_period_start(billable->paid_through, billable->plan.cycle, billable->timezone, 1);
	return end <= now ? current_start(billable, now) : billable->paid_through;
}

/* Start of the period, counted as the paid ones were, that it is now. */
static TimestampTz
current_start(CbBillable *billable, TimestampTz now)
{
	TimestampTz anchor = billable->anchor;
	int32		k = cb_period_index(anchor, billable->cycle, billable->timezone, billable->paid_through);

	if (strcmp(billable->cycle, billable->plan.cycle) != 0 ||
		cb_period_start(anchor, billable->cycle, billable->timezone, k) != billable->paid_through)
		anchor = billable->paid_through;
	k = cb_period_index(anchor, billable->plan.cycle, billable->timezone, now);
	billable->anchor = anchor;
	billable->cycle = billable->plan.cycle;
	return cb_period_start(anchor, billable->cycle, billable->timezone, k);
}

/*
 * Where the period before did not end with one counted from the anchor, or the
 * cycle is another, the periods are counted from here.
 */
static void
set_period(CbDraft *draft, CbBillable *billable, TimestampTz start)
{
	CbInvoicePeriod *period = &draft->period;
	const char *cycle = billable->plan.cycle;
	int32		k = 0;

	if (start > billable->anchor && strcmp(cycle, billable->cycle) == 0)
		k = cb_period_index(billable->anchor, cycle, billable->timezone, start);
	period->anchor = billable->anchor;
	if (strcmp(cycle, billable->cycle) != 0 ||
		cb_period_start(billable->anchor, cycle, billable->timezone, k) != start)
	{
		period->anchor = start;
		k = 0;
	}
	period->plan_id = billable->plan.plan_id;
	period->quantity = billable->quantity;
	period->cycle = billable->plan.cycle;
	period->start = start;
	period->end = cb_period_start(period->anchor, cycle, billable->timezone, k + 1);
	period->paused_before = billable->paused_for;
	period->worth_start = period->start;
	period->worth_end = period->end;
}

/* Nobody could pay an invoice that is born expired. */
static TimestampTz
last_day(const CbBillable *billable, TimestampTz due_at, TimestampTz now)
{
	TimestampTz expires_at = due_at + TIME_TO_PAY;

	if (billable->is_paid)
		expires_at = cb_add_interval(due_at, &billable->grace, billable->timezone);
	return expires_at <= now ? now + TIME_TO_PAY : expires_at;
}

void
cb_draft_terms(CbDraft *draft, const CbPlanTerms *terms, const char *timezone)
{
	draft->tolerance_sats = terms->tolerance_sats;
	draft->tolerance_rate = terms->tolerance_rate;
	draft->least_sats = terms->least_sats;
	draft->confirmations = terms->confirmations;
	draft->next_action_at = cb_dunning_at(terms, draft->due_at, timezone, 0);
}

TimestampTz
cb_dunning_at(const CbPlanTerms *terms, TimestampTz due_at, const char *timezone, int step)
{
	if (step > terms->n_dunning)
		return DT_NOEND;
	return cb_add_interval(due_at, step < terms->n_dunning ? &terms->dunning[step] : &terms->uncollectible_after,
						   timezone);
}
