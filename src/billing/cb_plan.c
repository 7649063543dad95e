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

#include "billing/cb_idempotency.h"
#include "billing/cb_plan.h"
#include "billing/cb_plan_app.h"
#include "billing/cb_plan_follow.h"
#include "billing/cb_plan_nft.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_event.h"
#include "cb_sql.h"
#include "cb_uuid.h"

CB_STATEMENT(lock_plan, "uuid",
			 "SELECT merchant_id, status, app_id IS NOT NULL AND import_key IS NULL, " CB_PLAN_IS_TRACKED("p") " "
			 "FROM charmbills.plans p WHERE id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(write_status, "uuid text timestamptz",
			 "UPDATE charmbills.plans SET status = $2, updated_at = $3, deactivated_by = NULL WHERE id = $1");
CB_STATEMENT(write_deactivated, "uuid",
			 "UPDATE charmbills.plans SET deactivated_by = 'merchant' "
			 "WHERE id = $1 AND deactivated_by IS DISTINCT FROM 'merchant'");

/* A locked plan. */
typedef struct LockedPlan
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	bool		needs_mint;		/* on sale only once its mint is confirmed */
	bool		is_tracked;
} LockedPlan;

static void load_terms(FunctionCallInfo fcinfo, int currency, CbPlanValues *values);
static void lock_plan_arg(FunctionCallInfo fcinfo, LockedPlan *plan);
static void move(LockedPlan *plan, const char *from, const char *to, const char *event_type);

/*
 * charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint,
 *		billing_cycle text, trial, grace interval, confirmations integer,
 *		tolerance_sats bigint, allow_multiple boolean, ticker, app_id, app_vk text,
 *		remaining_supply numeric, nft_utxo outpoint, metadata jsonb,
 *		currency text, price, tolerance_percent, tax_rate numeric,
 *		min_invoice_sats bigint, lead_time interval, restart text,
 *		trial_once boolean, dunning interval[], uncollectible_after interval,
 *		entitlement text, token_units numeric, token_access text,
 *		accept_beamed boolean, idempotency_key text) -> plans
 */
CB_FUNCTION(create_plan, CB_MERCHANT)
{
	CbPlanValues values;
	CbPlanOrigin origin;
	pg_uuid_t	id = cb_uuid_v7();

	cb_require_args(fcinfo, 2);
	cb_authorize(PG_GETARG_UUID_P(0));
	cb_plan_values_init(&values);
	load_terms(fcinfo, 15, &values);
	values.app_id = cb_arg(fcinfo, 10);
	values.app_vk = cb_arg(fcinfo, 11);
	values.remaining_supply = cb_arg(fcinfo, 12);
	values.nft_utxo = cb_arg(fcinfo, 13);
	values.metadata = cb_arg(fcinfo, 14);
	cb_plan_price_require(&values);
	cb_plan_check(&values);
	cb_plan_app_default(&values);
	if (cb_plan_app_is_tracked(&values))
		cb_plan_app_refuse_facts(&values);

	memset(&origin, 0, sizeof(origin));
	origin.merchant_id = *PG_GETARG_UUID_P(0);
	origin.status = cb_plan_app_needs_mint(&values) ? "pending_signature" : "active";
	origin.event_type = "plan.created";
	origin.created_at = cb_now();
	if (cb_idempotency_claim_call(fcinfo, 29, &origin.merchant_id, origin.created_at, &id))
		id = cb_plan_add(&id, &origin, &values);
	return cb_plan_return(fcinfo, &id);
}

/* The arguments that create_plan() and update_plan() share, those from a currency on in a row. */
static void
load_terms(FunctionCallInfo fcinfo, int currency, CbPlanValues *values)
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
	values->currency = cb_arg(fcinfo, currency);
	values->price = cb_arg(fcinfo, currency + 1);
	values->tolerance_percent = cb_arg(fcinfo, currency + 2);
	values->tax_rate = cb_arg(fcinfo, currency + 3);
	values->min_invoice_sats = cb_arg(fcinfo, currency + 4);
	values->lead_time = cb_arg(fcinfo, currency + 5);
	values->restart = cb_arg(fcinfo, currency + 6);
	values->trial_once = cb_arg(fcinfo, currency + 7);
	values->dunning = cb_arg(fcinfo, currency + 8);
	values->uncollectible_after = cb_arg(fcinfo, currency + 9);
	values->entitlement = cb_arg(fcinfo, currency + 10);
	values->token_units = cb_arg(fcinfo, currency + 11);
	values->token_access = cb_arg(fcinfo, currency + 12);
	values->accept_beamed = cb_arg(fcinfo, currency + 13);
}

/*
 * charmbills.update_plan(plan_id uuid, service_name text, price_sats bigint,
 *		billing_cycle text, trial, grace interval, confirmations integer,
 *		tolerance_sats bigint, allow_multiple boolean, ticker text,
 *		remaining_supply numeric, nft_utxo outpoint, metadata jsonb,
 *		currency text, price, tolerance_percent, tax_rate numeric,
 *		min_invoice_sats bigint, lead_time interval, restart text,
 *		trial_once boolean, dunning interval[], uncollectible_after interval,
 *		entitlement text, token_units numeric, token_access text,
 *		accept_beamed boolean, price_from timestamptz) -> plans
 *
 * Null leaves a value as it is.
 */
CB_FUNCTION(update_plan, CB_MERCHANT)
{
	CbPlanValues values;
	LockedPlan	plan;

	cb_plan_values_init(&values);
	load_terms(fcinfo, 13, &values);
	values.remaining_supply = cb_arg(fcinfo, 10);
	values.nft_utxo = cb_arg(fcinfo, 11);
	values.metadata = cb_arg(fcinfo, 12);
	values.price_from = cb_arg(fcinfo, 27);
	lock_plan_arg(fcinfo, &plan);
	cb_plan_check(&values);
	if (plan.is_tracked)
	{
		cb_plan_app_refuse_facts(&values);
		cb_plan_app_refuse_rules(&plan.id, &values);
	}
	cb_plan_change(&plan.id, &values);
	return cb_plan_return(fcinfo, &plan.id);
}

/* charmbills.deactivate_plan(plan_id uuid) -> plans */
CB_FUNCTION(deactivate_plan, CB_MERCHANT)
{
	LockedPlan	plan;

	lock_plan_arg(fcinfo, &plan);
	move(&plan, "active", "inactive", "plan.deactivated");
	/* One that its NFT took off sale stays so when the NFT comes back. */
	cb_execute(&write_deactivated, CB_ARGS(cb_uuid(&plan.id)));
	return cb_plan_return(fcinfo, &plan.id);
}

/* charmbills.activate_plan(plan_id uuid) -> plans */
CB_FUNCTION(activate_plan, CB_MERCHANT)
{
	LockedPlan	plan;

	lock_plan_arg(fcinfo, &plan);
	if (plan.is_tracked)
	{
		/* The merchant may have another script by now. */
		cb_plan_nft_refresh(&plan.id, 1, cb_now());
		lock_plan_arg(fcinfo, &plan);
		if (strcmp(plan.status, "active") != 0)
			cb_plan_nft_require(&plan.id);
	}
	else if (strcmp(plan.status, "active") != 0 && plan.needs_mint && !cb_plan_is_minted(&plan.id))
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
	plan->is_tracked = cb_column_bool(0, 4);
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
