/*-------------------------------------------------------------------------
 *
 * cb_change_plan.c
 *	  Changing a subscription's plan or quantity, and what it would cost.
 *
 * A change within a paid period takes effect when the invoice for it is paid;
 * any other with the next period's invoice.  change_plan() and preview_change()
 * draft that invoice by the same code.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_change_request.h"
#include "billing/cb_currency.h"
#include "billing/cb_draft.h"
#include "billing/cb_invoice.h"
#include "billing/cb_proration.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_hold.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

/* The customer too, so that no other call makes a second subscription to the plan meanwhile. */
CB_STATEMENT(lock_subscription, "uuid",
			 "SELECT f.id FROM charmbills.subscription_facts f JOIN charmbills.customers c ON c.id = f.customer_id "
			 "WHERE f.id = $1 FOR NO KEY UPDATE");
/* Invoices that a change would make void, and their part in the customer's account. */
CB_STATEMENT(read_open, "uuid",
			 "SELECT count(*) FILTER (WHERE i.received_sats > 0 OR i.status = 'processing'), "
			 "       coalesce(sum(i.credit_sats), 0)::int8, coalesce(sum(i.carried_sats), 0)::int8 "
			 "FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.status IN ('open', 'processing')");
CB_STATEMENT(set_pending, "uuid uuid int4",
			 "UPDATE charmbills.subscription_facts SET pending_plan_id = $2, pending_quantity = $3 WHERE id = $1");
CB_STATEMENT(set_plan, "uuid uuid int4 interval",
			 "UPDATE charmbills.subscription_facts f "
			 "SET plan_id = p.id, quantity = $3, cycle = p.billing_cycle, grace = p.grace, restart = p.restart, "
			 "    lead_time = coalesce(p.lead_time, $4) "
			 "FROM charmbills.plans p WHERE f.id = $1 AND p.id = $2");
CB_STATEMENT(read_due, "uuid timestamptz",
			 "SELECT coalesce(f.next_invoice_at <= $2, false) FROM charmbills.subscription_facts f WHERE f.id = $1");
/* One for the plan as it was, that a late payment could still pay. */
CB_STATEMENT(lock_expired, "uuid",
			 "SELECT i.id FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.kind = 'period' AND i.status = 'expired' "
			 "      AND NOT EXISTS (SELECT FROM charmbills.invoices n "
			 "                      WHERE n.subscription_id = $1 AND n.kind IN ('period', 'change') "
			 "                            AND (n.created_at, n.number) > (i.created_at, i.number)) "
			 "FOR NO KEY UPDATE");
CB_STATEMENT(return_preview, "timestamptz text numeric int8 int8 timestamptz timestamptz jsonb",
			 "SELECT $1, CASE WHEN $2 IS NULL THEN $3::int8 END, $2, CASE WHEN $2 IS NOT NULL THEN $3 END, "
			 "       $4, $5, $6, $7, $8");

static void read_billable(const CbPlanChange *change, CbBillable *billable);
static void draft_change(const CbPlanChange *change, CbChangeMode mode, CbDraft *draft);
static void apply(const CbPlanChange *change, CbChangeMode mode, CbEvents *events);
static void void_open(const CbPlanChange *change, CbEvents *events);
static void refuse_money(void);
static void schedule(const CbPlanChange *change, CbEvents *events);
static void switch_plan(const CbPlanChange *change, CbEvents *events);
static void issue_if_due(const CbPlanChange *change, CbEvents *events);
static void announce(const char *type, const CbPlanChange *change, CbEvents *events);
static Datum lines_json(const CbBill *bill);

/*
 * charmbills.change_plan(subscription_id, new_plan_id uuid, at_period_end boolean,
 *		quantity integer, idempotency_key text) -> subscriptions
 */
CB_FUNCTION(change_plan, CB_MERCHANT)
{
	CbPlanChange	change;
	CbEvents	events = {NIL};

	cb_plan_change_args(fcinfo, &change);
	if (cb_plan_change_claim(fcinfo, &change))
	{
		/* It may lock the cursor, which comes before any subscription. */
		cb_incarnation_check();
		cb_execute_one(&lock_subscription, CB_ARGS(cb_uuid(&change.subscription_id)));
		cb_plan_change_load(fcinfo, &change);
		cb_plan_change_check(&change);
		apply(&change, cb_plan_change_mode(&change), &events);
		cb_events_write(&events);
	}
	return cb_subscription_return(fcinfo, &change.subscription_id);
}

/*
 * charmbills.preview_change(subscription_id, new_plan_id uuid, at_period_end boolean,
 *		quantity integer) -> (effective_at, amount_sats, currency, amount, credit_sats,
 *		carried_sats, period_start, period_end, lines)
 */
CB_FUNCTION(preview_change, CB_MERCHANT)
{
	CbPlanChange	change;
	CbChangeMode	mode;
	CbDraft		draft;
	int64		freed;
	int64		freed_carried;
	const CbBill *bill = &draft.bill;

	cb_plan_change_args(fcinfo, &change);
	cb_plan_change_load(fcinfo, &change);
	cb_plan_change_check(&change);
	mode = cb_plan_change_mode(&change);
	cb_execute_one(&read_open, CB_ARGS(cb_uuid(&change.subscription_id)));
	if (cb_column_int8(0, 1) > 0)
		refuse_money();
	freed = cb_column_int8(0, 2);
	freed_carried = cb_column_int8(0, 3);
	draft_change(&change, mode, &draft);
	cb_issue_preview(&draft, freed, freed_carried, change.now);
	cb_execute_one(&return_preview,
				   CB_ARGS(cb_timestamptz(draft.period.start), cb_text(bill->currency),
						   cb_datum(cb_minor_numeric(bill->amount, bill->decimals)),
						   cb_int8(bill->credit_sats), cb_int8(bill->carried_sats),
						   cb_timestamptz(draft.period.start), cb_timestamptz(draft.period.end),
						   cb_datum(lines_json(bill))));
	return cb_return_rows(fcinfo);
}

/* As it is, to be invoiced for the new plan. */
static void
read_billable(const CbPlanChange *change, CbBillable *billable)
{
	cb_billables_read(&change->subscription_id, 1, billable);
	cb_plan_terms_read(&change->new_plan_id,
					   billable->is_paid ? billable->paid_through : billable->anchor, &billable->plan);
	billable->quantity = change->new_quantity;
}

static void
draft_change(const CbPlanChange *change, CbChangeMode mode, CbDraft *draft)
{
	CbBillable	billable;

	read_billable(change, &billable);
	if (mode == CB_CHANGE_PRORATED)
	{
		cb_plan_terms_read(&change->new_plan_id, change->now, &billable.plan);
		cb_proration_draft(&billable, change->now, draft);
		return;
	}
	cb_billable_check(&billable);
	cb_draft_next(&billable, change->now, draft);
}

static void
apply(const CbPlanChange *change, CbChangeMode mode, CbEvents *events)
{
	CbDraft		draft;

	void_open(change, events);
	switch (mode)
	{
		case CB_CHANGE_NOTHING:
			cb_execute(&set_pending, CB_ARGS(cb_uuid(&change->subscription_id), cb_null(), cb_null()));
			break;
		case CB_CHANGE_NEXT:
			schedule(change, events);
			break;
		case CB_CHANGE_UNPAID:
			switch_plan(change, events);
			break;
		case CB_CHANGE_PRORATED:
			cb_execute(&set_pending, CB_ARGS(cb_uuid(&change->subscription_id), cb_null(), cb_null()));
			draft_change(change, mode, &draft);
			cb_issue(&draft, 1, change->now, events);
			break;
	}
	cb_subscription_refresh(&change->subscription_id, 1, change->now, events);
	if (mode != CB_CHANGE_PRORATED)
		issue_if_due(change, events);
}

/* Invoices for what is no longer to come. */
static void
void_open(const CbPlanChange *change, CbEvents *events)
{
	pg_uuid_t	expired;

	if (cb_invoice_void_open(&change->subscription_id, false, CB_VOID_CHANGED, change->now, events) > 0)
		refuse_money();
	if (cb_execute(&lock_expired, CB_ARGS(cb_uuid(&change->subscription_id))) == 0)
		return;
	expired = cb_column_uuid(0, 1);
	cb_invoice_void(&expired, 1, CB_VOID_CHANGED, change->now, events);
}

static void
refuse_money(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_WRONG_STATE),
			 errmsg("an invoice of this subscription is being paid"),
			 errhint("Try again when it is paid.")));
}

static void
schedule(const CbPlanChange *change, CbEvents *events)
{
	cb_execute(&set_pending,
			   CB_ARGS(cb_uuid(&change->subscription_id), cb_uuid(&change->new_plan_id),
					   cb_int4(change->new_quantity)));
	announce("subscription.change_scheduled", change, events);
}

/* There is no period yet that it could be a change of. */
static void
switch_plan(const CbPlanChange *change, CbEvents *events)
{
	CbBillable	billable;
	Interval	lead;

	read_billable(change, &billable);
	lead = cb_default_lead(billable.plan.cycle);
	cb_execute_one(&set_plan,
				   CB_ARGS(cb_uuid(&change->subscription_id), cb_uuid(&change->new_plan_id),
						   cb_int4(change->new_quantity), cb_datum(IntervalPGetDatum(&lead))));
	announce("subscription.changed", change, events);
}

/*
 * The next invoice, where it stood already or is the first one.  After the end
 * of a period there is no time to wait for either.
 */
static void
issue_if_due(const CbPlanChange *change, CbEvents *events)
{
	bool		is_due;

	cb_execute_one(&read_due, CB_ARGS(cb_uuid(&change->subscription_id), cb_timestamptz(change->now)));
	is_due = cb_column_bool(0, 1) || strcmp(change->status, "pending") == 0 ||
		strcmp(change->status, "expired") == 0;
	if (!is_due)
		return;
	cb_invoice_issue_next(&change->subscription_id, change->now, events);
	cb_subscription_refresh(&change->subscription_id, 1, change->now, events);
}

static void
announce(const char *type, const CbPlanChange *change, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &change->subscription_id);
	cb_json_uuid(&payload, "previous_plan_id", &change->plan_id);
	cb_json_uuid(&payload, "plan_id", &change->new_plan_id);
	cb_json_int(&payload, "previous_quantity", change->quantity);
	cb_json_int(&payload, "quantity", change->new_quantity);
	cb_event_uuid(events, type, &change->merchant_id, "subscription", &change->subscription_id,
				  cb_json_end(&payload), change->now);
}

/* As they would be in invoice_lines. */
static Datum
lines_json(const CbBill *bill)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, bill->lines)
	{
		const CbBillLine *line = lfirst(cell);
		CbJson		json;

		cb_json_begin(&json);
		cb_json_text(&json, "kind", line->kind);
		cb_json_text(&json, "description", line->description);
		cb_json_int(&json, "quantity", line->quantity);
		cb_json_raw(&json, "unit_amount", cb_minor_cstring(line->unit_amount, bill->decimals));
		cb_json_raw(&json, "amount", cb_minor_cstring(line->amount, bill->decimals));
		appendStringInfo(&text, "%s%s", text.len == 0 ? "[" : ",", cb_json_end(&json));
	}
	appendStringInfoString(&text, text.len == 0 ? "[]" : "]");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}
