/*-------------------------------------------------------------------------
 *
 * cb_plan.c
 *	  Plans: making, changing, putting on sale and taking off.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan.h"
#include "billing/cb_plan_follow.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_sql.h"

CB_STATEMENT(lock_plan, "uuid",
			 "SELECT merchant_id, status, app_id IS NOT NULL AND import_key IS NULL "
			 "FROM charmbills.plans WHERE id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(write_status, "uuid text timestamptz",
			 "UPDATE charmbills.plans SET status = $2, updated_at = $3 WHERE id = $1");

/* A locked plan. */
typedef struct LockedPlan
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	bool		needs_mint;		/* on sale only once its mint is confirmed */
} LockedPlan;

static void load_terms(FunctionCallInfo fcinfo, CbPlanValues *values);
static void lock_plan_arg(FunctionCallInfo fcinfo, LockedPlan *plan);
static void move(LockedPlan *plan, const char *from, const char *to, const char *event_type);

/*
 * charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint,
 *		billing_cycle text, trial, grace interval, confirmations integer,
 *		tolerance_sats bigint, allow_multiple boolean, ticker, app_id, app_vk text,
 *		remaining_supply numeric, nft_utxo outpoint, metadata jsonb) -> plans
 */
CB_FUNCTION(create_plan, CB_MERCHANT)
{
	CbPlanValues values;
	CbPlanOrigin origin;
	pg_uuid_t	id;

	cb_require_args(fcinfo, 3);
	cb_authorize(PG_GETARG_UUID_P(0));
	load_terms(fcinfo, &values);
	values.app_id = cb_arg(fcinfo, 10);
	values.app_vk = cb_arg(fcinfo, 11);
	values.remaining_supply = cb_arg(fcinfo, 12);
	values.nft_utxo = cb_arg(fcinfo, 13);
	values.metadata = cb_arg(fcinfo, 14);
	cb_plan_check(&values);

	memset(&origin, 0, sizeof(origin));
	origin.merchant_id = *PG_GETARG_UUID_P(0);
	origin.status = values.app_id.isnull ? "active" : "pending_signature";
	origin.event_type = "plan.created";
	origin.created_at = cb_now();
	id = cb_plan_add(&origin, &values);
	return cb_plan_return(fcinfo, &id);
}

/* The arguments that create_plan() and update_plan() have in common. */
static void
load_terms(FunctionCallInfo fcinfo, CbPlanValues *values)
{
	values->service_name = cb_arg(fcinfo, 1);
	values->price_sats = cb_arg(fcinfo, 2);
	values->billing_cycle = cb_arg(fcinfo, 3);
	values->trial = cb_arg(fcinfo, 4);
	values->grace = cb_arg(fcinfo, 5);
	values->confirmations = cb_arg(fcinfo, 6);
	values->tolerance_sats = cb_arg(fcinfo, 7);
	values->allow_multiple = cb_arg(fcinfo, 8);
	values->ticker = cb_arg(fcinfo, 9);
}

/*
 * charmbills.update_plan(plan_id uuid, service_name text, price_sats bigint,
 *		billing_cycle text, trial, grace interval, confirmations integer,
 *		tolerance_sats bigint, allow_multiple boolean, ticker text,
 *		remaining_supply numeric, nft_utxo outpoint, metadata jsonb) -> plans
 *
 * Null leaves a value as it is.
 */
CB_FUNCTION(update_plan, CB_MERCHANT)
{
	CbPlanValues values;
	LockedPlan	plan;

	load_terms(fcinfo, &values);
	values.app_id = cb_null();
	values.app_vk = cb_null();
	values.remaining_supply = cb_arg(fcinfo, 10);
	values.nft_utxo = cb_arg(fcinfo, 11);
	values.metadata = cb_arg(fcinfo, 12);
	lock_plan_arg(fcinfo, &plan);
	cb_plan_check(&values);
	cb_plan_change(&plan.id, &values);
	return cb_plan_return(fcinfo, &plan.id);
}

/* charmbills.deactivate_plan(plan_id uuid) -> plans */
CB_FUNCTION(deactivate_plan, CB_MERCHANT)
{
	LockedPlan	plan;

	lock_plan_arg(fcinfo, &plan);
	move(&plan, "active", "inactive", "plan.deactivated");
	return cb_plan_return(fcinfo, &plan.id);
}

/* charmbills.activate_plan(plan_id uuid) -> plans */
CB_FUNCTION(activate_plan, CB_MERCHANT)
{
	LockedPlan	plan;

	lock_plan_arg(fcinfo, &plan);
	if (strcmp(plan.status, "active") != 0 && plan.needs_mint && !cb_plan_is_minted(&plan.id))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("no confirmed transaction mints this plan"),
				 errdetail("The plan is in status \"%s\".", plan.status),
				 errhint("Only a transaction that spends the plan's identity or its NFT does.")));
	move(&plan, "inactive", "active", "plan.activated");
	return cb_plan_return(fcinfo, &plan.id);
}

/* The plan that argument 0 names, once the caller may act for its merchant. */
static void
lock_plan_arg(FunctionCallInfo fcinfo, LockedPlan *plan)
{
	cb_require_args(fcinfo, 1);
	if (cb_execute(&lock_plan, CB_ARGS(cb_arg(fcinfo, 0))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	plan->id = *PG_GETARG_UUID_P(0);
	plan->merchant_id = cb_column_uuid(0, 1);
	plan->status = cb_column_text(0, 2);
	plan->needs_mint = cb_column_bool(0, 3);
	cb_authorize(&plan->merchant_id);
}

/* A plan that is there already stays there, without an event. */
static void
move(LockedPlan *plan, const char *from, const char *to, const char *event_type)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();

	if (strcmp(plan->status, to) == 0)
		return;
	if (strcmp(plan->status, from) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("a plan in status \"%s\" cannot become %s", plan->status, to)));
	cb_execute(&write_status, CB_ARGS(cb_uuid(&plan->id), cb_text(to), cb_timestamptz(now)));
	cb_event_uuid(&events, event_type, &plan->merchant_id, "plan", &plan->id, NULL, now);
	cb_events_write(&events);
}
