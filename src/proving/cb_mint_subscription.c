/*-------------------------------------------------------------------------
 *
 * cb_mint_subscription.c
 *	  SQL function mint_subscription(): tokens for a subscriber.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_idempotency.h"
#include "billing/cb_subscription_hold.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "proving/cb_prove_internal.h"
#include "utils/builtins.h"

/* Arguments, in their order. */
enum
{
	ARG_SUBSCRIPTION,
	ARG_FUNDING,
	ARG_UNITS,
	ARG_TOKEN_ADDRESS,
	ARG_TERMS,
	ARG_KEY = ARG_TERMS + 5
};

CB_STATEMENT(read_plan, "uuid",
			 "SELECT p.id, p.token_units::text, s.subscriber_address, p.app_id IS NOT NULL AND p.app_vk IS NOT NULL "
			 "FROM charmbills.subscription_facts s JOIN charmbills.plans p ON p.id = s.plan_id "
			 "WHERE s.id = $1");
CB_STATEMENT(read_waiting, "uuid",
			 "SELECT state = 'waiting' FROM charmbills.prove_requests WHERE transaction_id = $1");

typedef struct Target
{
	pg_uuid_t	plan_id;
	uint64		units;
	const char *address;
} Target;

static void read_target(FunctionCallInfo fcinfo, Target *target);
static void check_turn(const Target *target);
static void refuse_in_flight(void);
static void ask(FunctionCallInfo fcinfo, const CbProveTerms *terms, const pg_uuid_t *id);

/*
 * charmbills.mint_subscription(subscription_id uuid, funding_utxo outpoint,
 *		units numeric, token_address text, change_address text,
 *		fee_rate numeric, max_fee bigint, spell_version integer,
 *		previous_txs text[], idempotency_key text) -> transactions
 */
CB_FUNCTION(mint_subscription, CB_MERCHANT)
{
	CbProveTerms terms;
	pg_uuid_t	id = cb_uuid_v7();
	pg_uuid_t	merchant_id;

	cb_require_args(fcinfo, ARG_FUNDING + 1);
	merchant_id = cb_subscription_authorize(PG_GETARG_UUID_P(ARG_SUBSCRIPTION));
	if (cb_idempotency_claim_call(fcinfo, ARG_KEY, &merchant_id, cb_now(), &id))
	{
		cb_prove_require_prover();
		cb_prove_terms(fcinfo, ARG_FUNDING, ARG_TERMS, &terms);
		cb_prove_begin();
		ask(fcinfo, &terms, &id);
	}
	return cb_prove_return(fcinfo, &id);
}

/* It takes its place behind all who wait, and begins at once if nobody does. */
static void
ask(FunctionCallInfo fcinfo, const CbProveTerms *terms, const pg_uuid_t *id)
{
	Target		target;
	CbWantedOutput outputs[2] = {{.takes_nft = true}};
	CbWanted	wanted = {
		.id = *id,
		.type = "mint-token",
		.subscription_id = PG_GETARG_UUID_P(ARG_SUBSCRIPTION),
		.waits = true,
		.outputs = outputs,
		.n_outputs = 2,
	};

	read_target(fcinfo, &target);
	check_turn(&target);
	wanted.plan_id = target.plan_id;
	outputs[1].script = cb_prove_address_script(target.address);
	outputs[1].tokens = target.units;
	cb_prove_ask(&wanted, terms);
	cb_prove_next(&target.plan_id);
	cb_execute_one(&read_waiting, CB_ARGS(cb_uuid(id)));
	if (cb_column_bool(0, 1) && cb_guc_mint_in_flight == CB_MINT_REFUSE)
		refuse_in_flight();
}

static void
read_target(FunctionCallInfo fcinfo, Target *target)
{
	cb_execute_one(&read_plan, CB_ARGS(cb_arg(fcinfo, ARG_SUBSCRIPTION)));
	target->plan_id = cb_column_uuid(0, 1);
	target->units = strtou64(cb_column_text(0, 2), NULL, 10);
	target->address = cb_column_text(0, 3);
	if (!cb_column_bool(0, 4))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the subscription's plan has no NFT that could mint tokens"),
				 errhint("Mint it with charmbills.mint_plan().")));
	if (!PG_ARGISNULL(ARG_UNITS))
		target->units = cb_prove_units_arg(fcinfo, ARG_UNITS);
	if (!PG_ARGISNULL(ARG_TOKEN_ADDRESS))
		target->address = text_to_cstring(PG_GETARG_TEXT_PP(ARG_TOKEN_ADDRESS));
	if (target->address == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the subscriber has no address for the tokens to go to"),
				 errhint("Give token_address.")));
}

/* What can never be is refused now; whether it still can be is asked again at its turn. */
static void
check_turn(const Target *target)
{
	const char *reason;
	bool		is_sold_out;

	if (cb_prove_turn(&target->plan_id, target->units, &reason, &is_sold_out) != CB_TURN_NEVER)
		return;
	ereport(ERROR,
			(errcode(is_sold_out ? ERRCODE_CB_EXHAUSTED : ERRCODE_CB_WRONG_STATE),
			 errmsg("%s", reason)));
}

static void
refuse_in_flight(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_CONFLICT),
			 errmsg("the plan's NFT is in another transaction"),
			 errhint("Try again when that is in a block, or cancel it with charmbills.cancel_transaction(); "
					 "with charmbills.mint_in_flight = 'wait' mints wait for one another.")));
}
