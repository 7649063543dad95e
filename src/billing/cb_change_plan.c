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

#include "billing/cb_draft.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_invoice.h"
#include "billing/cb_issue_rows.h"
#include "billing/cb_items.h"
#include "billing/cb_proration.h"
#include "billing/cb_subscription.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

CB_STATEMENT(read_merchant, "uuid",
			 "SELECT merchant_id FROM charmbills.subscription_facts WHERE id = $1");
CB_STATEMENT(lock_subscription, "uuid",
			 "SELECT id FROM charmbills.subscription_facts WHERE id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_subscription, "uuid",
			 "SELECT s.status, s.canceled_at IS NOT NULL OR s.ended_at IS NOT NULL, s.plan_id, s.quantity, "
			 "       s.current_period_end > charmbills.now(), s.customer_id, "
			 "       coalesce(f.next_plan_at > charmbills.now(), false) "
			 "FROM charmbills.subscriptions s JOIN charmbills.subscription_facts f ON f.id = s.id WHERE s.id = $1");
CB_STATEMENT(read_plan, "uuid uuid uuid",
			 "SELECT p.merchant_id, p.status, "
			 "       p.allow_multiple OR NOT EXISTS ("
			 "           SELECT FROM charmbills.subscriptions s "
			 "           WHERE s.customer_id = $2 AND s.plan_id = p.id AND s.id <> $3 "
			 "                 AND s.status IN ('pending', 'trialing', 'active', 'past_due', 'paused')) "
			 "FROM charmbills.plans p WHERE p.id = $1");
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
CB_STATEMENT(return_subscription, "uuid",
			 "SELECT s FROM charmbills.subscriptions s WHERE s.id = $1");
CB_STATEMENT(return_preview, "timestamptz text numeric int8 int8 timestamptz timestamptz jsonb",
			 "SELECT $1, CASE WHEN $2 IS NULL THEN $3::int8 END, $2, CASE WHEN $2 IS NOT NULL THEN $3 END, "
			 "       $4, $5, $6, $7, $8");

typedef enum ChangeMode
{
	CHANGE_NOTHING,				/* it is so already: take back what was to come */
	CHANGE_PRORATED,			/* within a paid period, once the difference is paid */
	CHANGE_UNPAID,				/* at once: nothing is paid yet */
	CHANGE_NEXT					/* with the next invoice */
} ChangeMode;

typedef struct PlanChange
{
	pg_uuid_t	subscription_id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	customer_id;
	char	   *status;
	bool		is_ending;
	bool		is_paid_now;	/* by a period that lasts */
	bool		is_paid_otherwise;	/* for another plan or quantity later */
	pg_uuid_t	plan_id;
	int32		quantity;
	pg_uuid_t	new_plan_id;
	int32		new_quantity;
	bool		at_period_end;
	TimestampTz now;
} PlanChange;

static void load_arguments(FunctionCallInfo fcinfo, PlanChange *change);
static bool claim(FunctionCallInfo fcinfo, const PlanChange *change);
static void load_subscription(FunctionCallInfo fcinfo, PlanChange *change);
static void check_subscription(const PlanChange *change);
static void check_plan(const PlanChange *change);
static ChangeMode mode_of(const PlanChange *change);
static void read_billable(const PlanChange *change, CbBillable *billable);
static void draft_change(const PlanChange *change, ChangeMode mode, CbDraft *draft);
static void apply(const PlanChange *change, ChangeMode mode, CbEvents *events);
static void void_open(const PlanChange *change, CbEvents *events);
static void refuse_money(void);
static void schedule(const PlanChange *change, CbEvents *events);
static void switch_plan(const PlanChange *change, CbEvents *events);
static void issue_if_due(const PlanChange *change, CbEvents *events);
static void announce(const char *type, const PlanChange *change, CbEvents *events);
static Datum lines_json(const CbBill *bill);

/*
 * charmbills.change_plan(subscription_id, new_plan_id uuid, at_period_end boolean,
 *		quantity integer, idempotency_key text) -> subscriptions
 */
CB_FUNCTION(change_plan, CB_MERCHANT)
{
	PlanChange	change;
	CbEvents	events = {NIL};

	load_arguments(fcinfo, &change);
	if (claim(fcinfo, &change))
	{
		/* It may lock the cursor, which comes before any subscription. */
		cb_incarnation_check();
		cb_execute_one(&lock_subscription, CB_ARGS(cb_uuid(&change.subscription_id)));
		load_subscription(fcinfo, &change);
		check_subscription(&change);
		check_plan(&change);
		apply(&change, mode_of(&change), &events);
		cb_events_write(&events);
	}
	cb_execute_one(&return_subscription, CB_ARGS(cb_uuid(&change.subscription_id)));
	return cb_return_row(fcinfo);
}

/*
 * charmbills.preview_change(subscription_id, new_plan_id uuid, at_period_end boolean,
 *		quantity integer) -> (effective_at, amount_sats, currency, amount, credit_sats,
 *		carried_sats, period_start, period_end, lines)
 */
CB_FUNCTION(preview_change, CB_MERCHANT)
{
	PlanChange	change;
	ChangeMode	mode;
	CbDraft		draft;
	int64		freed;
	int64		freed_carried;
	const CbBill *bill = &draft.bill;

	load_arguments(fcinfo, &change);
	load_subscription(fcinfo, &change);
	check_subscription(&change);
	check_plan(&change);
	mode = mode_of(&change);
	cb_execute_one(&read_open, CB_ARGS(cb_uuid(&change.subscription_id)));
	if (cb_column_int8(0, 1) > 0)
		refuse_money();
	freed = cb_column_int8(0, 2);
	freed_carried = cb_column_int8(0, 3);
	draft_change(&change, mode, &draft);
	cb_issue_preview(&draft, freed, freed_carried, change.now);
	cb_execute_one(&return_preview,
				   CB_ARGS(cb_timestamptz(draft.period.start), cb_text(bill->currency),
						   cb_datum(NumericGetDatum(int64_div_fast_to_numeric(bill->amount, bill->decimals))),
						   cb_int8(bill->credit_sats), cb_int8(bill->carried_sats),
						   cb_timestamptz(draft.period.start), cb_timestamptz(draft.period.end),
						   cb_datum(lines_json(bill))));
	return cb_return_rows(fcinfo);
}

static void
load_arguments(FunctionCallInfo fcinfo, PlanChange *change)
{
	cb_require_args(fcinfo, 1);
	memset(change, 0, sizeof(*change));
	change->now = cb_now();
	change->subscription_id = *PG_GETARG_UUID_P(0);
	if (cb_execute(&read_merchant, CB_ARGS(cb_uuid(&change->subscription_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("subscription does not exist")));
	change->merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&change->merchant_id);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a change needs new_plan_id, quantity, or both")));
	change->at_period_end = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
}

/* False when an earlier call with the same key has done it. */
static bool
claim(FunctionCallInfo fcinfo, const PlanChange *change)
{
	CbIdempotencyKey key;
	CbJson		arguments;
	pg_uuid_t	id = change->subscription_id;

	if (PG_ARGISNULL(4))
		return true;
	cb_json_begin(&arguments);
	cb_json_uuid(&arguments, "subscription_id", &change->subscription_id);
	cb_json_uuid(&arguments, "new_plan_id", PG_ARGISNULL(1) ? NULL : PG_GETARG_UUID_P(1));
	cb_json_bool(&arguments, "at_period_end", change->at_period_end);
	cb_json_int(&arguments, "quantity", PG_ARGISNULL(3) ? 0 : PG_GETARG_INT32(3));
	key.merchant_id = change->merchant_id;
	key.key = text_to_cstring(PG_GETARG_TEXT_PP(4));
	key.function_name = "change_plan";
	key.arguments = cb_json_end(&arguments);
	return cb_idempotency_claim(&key, change->now, &id);
}

static void
load_subscription(FunctionCallInfo fcinfo, PlanChange *change)
{
	cb_execute_one(&read_subscription, CB_ARGS(cb_uuid(&change->subscription_id)));
	change->status = cb_column_text(0, 1);
	change->is_ending = cb_column_bool(0, 2);
	change->plan_id = cb_column_uuid(0, 3);
	change->quantity = cb_column_int4(0, 4);
	change->is_paid_now = cb_column_bool(0, 5);
	change->customer_id = cb_column_uuid(0, 6);
	change->is_paid_otherwise = cb_column_bool(0, 7);
	change->new_plan_id = PG_ARGISNULL(1) ? change->plan_id : *PG_GETARG_UUID_P(1);
	change->new_quantity = cb_quantity_arg(fcinfo, 3, change->quantity);
}

static void
check_subscription(const PlanChange *change)
{
	if (change->is_ending)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is canceled and cannot be changed"),
				 errhint("Where it has not ended yet, charmbills.uncancel_subscription() takes that back.")));
	if (strcmp(change->status, "paused") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paused and cannot be changed"),
				 errhint("Resume it first with charmbills.resume_subscription().")));
}

static void
check_plan(const PlanChange *change)
{
	pg_uuid_t	merchant_id;

	if (cb_execute(&read_plan,
				   CB_ARGS(cb_uuid(&change->new_plan_id), cb_uuid(&change->customer_id),
						   cb_uuid(&change->subscription_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	merchant_id = cb_column_uuid(0, 1);
	if (!cb_uuid_equal(&merchant_id, &change->merchant_id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("plan and subscription belong to different merchants")));
	if (cb_uuid_equal(&change->new_plan_id, &change->plan_id))
		return;
	if (strcmp(cb_column_text(0, 2), "active") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("plan is %s and cannot be changed to", cb_column_text(0, 2))));
	if (!cb_column_bool(0, 3))
		ereport(ERROR,
				(errcode(ERRCODE_CB_CONFLICT),
				 errmsg("customer is subscribed to this plan already"),
				 errhint("A plan with allow_multiple takes several of one customer.")));
}

static ChangeMode
mode_of(const PlanChange *change)
{
	if (cb_uuid_equal(&change->new_plan_id, &change->plan_id) && change->new_quantity == change->quantity &&
		!change->is_paid_otherwise)
		return CHANGE_NOTHING;
	if (strcmp(change->status, "pending") == 0)
		return CHANGE_UNPAID;
	if (strcmp(change->status, "trialing") == 0 && !change->is_paid_now)
		return CHANGE_UNPAID;
	return change->at_period_end || !change->is_paid_now ? CHANGE_NEXT : CHANGE_PRORATED;
}

/* As it is, to be invoiced for the new plan. */
static void
read_billable(const PlanChange *change, CbBillable *billable)
{
	cb_billables_read(&change->subscription_id, 1, billable);
	cb_plan_terms_read(&change->new_plan_id,
					   billable->is_paid ? billable->paid_through : billable->anchor, &billable->plan);
	billable->quantity = change->new_quantity;
}

static void
draft_change(const PlanChange *change, ChangeMode mode, CbDraft *draft)
{
	CbBillable	billable;

	read_billable(change, &billable);
	if (mode == CHANGE_PRORATED)
	{
		cb_plan_terms_read(&change->new_plan_id, change->now, &billable.plan);
		cb_proration_draft(&billable, change->now, draft);
		return;
	}
	cb_billable_check(&billable);
	cb_draft_next(&billable, change->now, draft);
}

static void
apply(const PlanChange *change, ChangeMode mode, CbEvents *events)
{
	CbDraft		draft;

	void_open(change, events);
	switch (mode)
	{
		case CHANGE_NOTHING:
			cb_execute(&set_pending, CB_ARGS(cb_uuid(&change->subscription_id), cb_null(), cb_null()));
			break;
		case CHANGE_NEXT:
			schedule(change, events);
			break;
		case CHANGE_UNPAID:
			switch_plan(change, events);
			break;
		case CHANGE_PRORATED:
			cb_execute(&set_pending, CB_ARGS(cb_uuid(&change->subscription_id), cb_null(), cb_null()));
			draft_change(change, mode, &draft);
			cb_issue(&draft, 1, change->now, events);
			break;
	}
	cb_subscription_refresh(&change->subscription_id, 1, change->now, events);
	if (mode != CHANGE_PRORATED)
		issue_if_due(change, events);
}

/* Invoices for what is no longer to come. */
static void
void_open(const PlanChange *change, CbEvents *events)
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
schedule(const PlanChange *change, CbEvents *events)
{
	cb_execute(&set_pending,
			   CB_ARGS(cb_uuid(&change->subscription_id), cb_uuid(&change->new_plan_id),
					   cb_int4(change->new_quantity)));
	announce("subscription.change_scheduled", change, events);
}

/* There is no period yet that it could be a change of. */
static void
switch_plan(const PlanChange *change, CbEvents *events)
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
issue_if_due(const PlanChange *change, CbEvents *events)
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
announce(const char *type, const PlanChange *change, CbEvents *events)
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
