/*-------------------------------------------------------------------------
 *
 * cb_change_request.c
 *	  A change of plan or quantity as it is asked for, and whether it may be.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_customer.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_items.h"
#include "billing/cb_change_request.h"
#include "billing/cb_subscription_hold.h"
#include "cb_args.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "utils/builtins.h"

CB_STATEMENT(read_subscription, "uuid",
			 "SELECT s.status, s.canceled_at IS NOT NULL OR s.ended_at IS NOT NULL, s.plan_id, s.quantity, "
			 "       s.current_period_end > charmbills.now(), s.customer_id, "
			 "       coalesce(f.next_plan_at > charmbills.now(), false) "
			 "FROM charmbills.subscriptions s JOIN charmbills.subscription_facts f ON f.id = s.id WHERE s.id = $1");
CB_STATEMENT(read_plan, "uuid",
			 "SELECT p.merchant_id, p.status, p.allow_multiple FROM charmbills.plans p WHERE p.id = $1");

static void check_subscription(const CbPlanChange *change);
static void check_plan(const CbPlanChange *change);

void
cb_plan_change_args(FunctionCallInfo fcinfo, CbPlanChange *change)
{
	cb_require_args(fcinfo, 1);
	memset(change, 0, sizeof(*change));
	change->now = cb_now();
	change->subscription_id = *PG_GETARG_UUID_P(0);
	change->merchant_id = cb_subscription_authorize(&change->subscription_id);
	if (PG_ARGISNULL(1) && PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a change needs new_plan_id, quantity, or both")));
	change->at_period_end = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
}

bool
cb_plan_change_claim(FunctionCallInfo fcinfo, const CbPlanChange *change)
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

void
cb_plan_change_load(FunctionCallInfo fcinfo, CbPlanChange *change)
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

void
cb_plan_change_check(const CbPlanChange *change)
{
	check_subscription(change);
	check_plan(change);
}

static void
check_subscription(const CbPlanChange *change)
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
check_plan(const CbPlanChange *change)
{
	pg_uuid_t	merchant_id;

	if (cb_execute(&read_plan, CB_ARGS(cb_uuid(&change->new_plan_id))) == 0)
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
		cb_customer_check_free(&change->customer_id, &change->new_plan_id, &change->subscription_id);
}

CbChangeMode
cb_plan_change_mode(const CbPlanChange *change)
{
	if (cb_uuid_equal(&change->new_plan_id, &change->plan_id) && change->new_quantity == change->quantity &&
		!change->is_paid_otherwise)
		return CB_CHANGE_NOTHING;
	if (strcmp(change->status, "pending") == 0)
		return CB_CHANGE_UNPAID;
	if (strcmp(change->status, "trialing") == 0 && !change->is_paid_now)
		return CB_CHANGE_UNPAID;
	return change->at_period_end || !change->is_paid_now ? CB_CHANGE_NEXT : CB_CHANGE_PRORATED;
}
