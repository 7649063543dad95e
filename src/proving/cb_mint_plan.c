/*-------------------------------------------------------------------------
 *
 * cb_mint_plan.c
 *	  SQL function mint_plan(): a plan's NFT.
 *
 * Whose identity the NFT has is decided by the outpoint whose spending brings
 * it about: nobody can spend it twice, so there is one.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_idempotency.h"
#include "billing/cb_plan_nft.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_watch.h"
#include "chain/cb_charmed.h"
#include "proving/cb_nft_metadata.h"
#include "proving/cb_prove_internal.h"
#include "utils/builtins.h"

/* Arguments, in their order. */
enum
{
	ARG_PLAN,
	ARG_FUNDING,
	ARG_SUPPLY,
	ARG_ANCHOR,
	ARG_NFT_ADDRESS,
	ARG_METADATA,
	ARG_TERMS,
	ARG_KEY = ARG_TERMS + 5
};

CB_STATEMENT(read_party, "uuid",
			 "SELECT merchant_id FROM charmbills.plans WHERE id = $1");
CB_STATEMENT(lock_plan, "uuid",
			 "SELECT p.app_id, p.app_vk, p.nft_state, p.ticker, p.service_name, "
			 "       coalesce(p.merchant_address, m.address), "
			 "       EXISTS (SELECT FROM charmbills.transactions t "
			 "               WHERE t.plan_id = p.id AND t.type = 'mint-nft' "
			 "                 AND t.status IN ('pending_signature', 'pending', 'confirmed')) "
			 "FROM charmbills.plans p JOIN charmbills.merchants m ON m.id = p.merchant_id "
			 "WHERE p.id = $1 FOR NO KEY UPDATE OF p");
CB_STATEMENT(write_app, "uuid text text bytea timestamptz",
			 "UPDATE charmbills.plans SET app_id = $2, app_vk = $3, nft_script = $4, updated_at = $5 "
			 "WHERE id = $1");

typedef struct MintedPlan
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *app_id;			/* or NULL, as all below */
	char	   *app_vk;
	char	   *nft_state;
	char	   *ticker;
	char	   *service_name;
	char	   *address;
	bool		has_mint;		/* that is alive */
} MintedPlan;

static void read_plan(MintedPlan *plan);
static void check_plan(const MintedPlan *plan);
static CbOutpoint choose_anchor(FunctionCallInfo fcinfo, const CbProveTerms *terms);
static void follow_app(MintedPlan *plan, const CbOutpoint *anchor, CbSpan script, TimestampTz now);
static const char *choose_vk(const MintedPlan *plan);
static CbSpan nft_script(FunctionCallInfo fcinfo, const MintedPlan *plan);
static void ask(FunctionCallInfo fcinfo, MintedPlan *plan, const CbProveTerms *terms, const pg_uuid_t *id);

/*
 * charmbills.mint_plan(plan_id uuid, funding_utxo outpoint, supply numeric,
 *		anchor_utxo outpoint, nft_address text, metadata jsonb,
 *		change_address text, fee_rate numeric, max_fee bigint,
 *		spell_version integer, previous_txs text[], idempotency_key text)
 *		-> transactions
 */
CB_FUNCTION(mint_plan, CB_MERCHANT)
{
	MintedPlan	plan;
	CbProveTerms terms;
	pg_uuid_t	id = cb_uuid_v7();

	cb_require_args(fcinfo, ARG_SUPPLY + 1);
	plan.id = *PG_GETARG_UUID_P(ARG_PLAN);
	if (cb_execute(&read_party, CB_ARGS(cb_uuid(&plan.id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	plan.merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&plan.merchant_id);
	if (cb_idempotency_claim_call(fcinfo, ARG_KEY, &plan.merchant_id, cb_now(), &id))
	{
		cb_prove_require_prover();
		cb_prove_terms(fcinfo, ARG_FUNDING, ARG_TERMS, &terms);
		cb_prove_begin();
		ask(fcinfo, &plan, &terms, &id);
	}
	return cb_prove_return(fcinfo, &id);
}

static void
ask(FunctionCallInfo fcinfo, MintedPlan *plan, const CbProveTerms *terms, const pg_uuid_t *id)
{
	uint64		supply = cb_prove_units_arg(fcinfo, ARG_SUPPLY);
	CbOutpoint	anchor = choose_anchor(fcinfo, terms);
	bool		is_funding = cb_outpoint_equal(&anchor, &terms->funding);
	CbWantedOutput output = {.takes_nft = true};
	CbWanted	wanted = {
		.id = *id,
		.type = "mint-nft",
		.plan_id = plan->id,
		.inputs = &anchor,
		.n_inputs = is_funding ? 0 : 1,
		.outputs = &output,
		.n_outputs = 1,
		.anchor = &anchor,
	};

	read_plan(plan);
	check_plan(plan);
	output.script = nft_script(fcinfo, plan);
	wanted.nft_state = cb_nft_metadata_state(cb_arg(fcinfo, ARG_METADATA), plan->ticker, plan->service_name,
											 supply);
	cb_refuse_charmed(&anchor, 1);
	follow_app(plan, &anchor, output.script, terms->now);
	cb_prove_ask(&wanted, terms);
}

static void
read_plan(MintedPlan *plan)
{
	cb_execute_one(&lock_plan, CB_ARGS(cb_uuid(&plan->id)));
	plan->app_id = cb_column_text(0, 1);
	plan->app_vk = cb_column_text(0, 2);
	plan->nft_state = cb_column_text(0, 3);
	plan->ticker = cb_column_text(0, 4);
	plan->service_name = cb_column_text(0, 5);
	plan->address = cb_column_text(0, 6);
	plan->has_mint = cb_column_bool(0, 7);
}

/* The contract of the original app refuses a state that has no ticker. */
static void
check_plan(const MintedPlan *plan)
{
	if (strcmp(plan->nft_state, "unborn") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the plan's NFT has been minted already"),
				 errhint("Make another plan for another NFT.")));
	if (plan->has_mint)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("another transaction is to mint the plan's NFT"),
				 errhint("Wait for it, or cancel it with charmbills.cancel_transaction().")));
	if (plan->ticker == NULL || plan->ticker[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("the plan has no ticker, which its NFT must have"),
				 errhint("Give it one with charmbills.update_plan().")));
}

/* Version 8 does not have the funding UTXO among what the spell spends. */
static CbOutpoint
choose_anchor(FunctionCallInfo fcinfo, const CbProveTerms *terms)
{
	CbOutpoint	anchor = terms->funding;

	if (!PG_ARGISNULL(ARG_ANCHOR))
		anchor = cb_outpoint_of_value(PG_GETARG_CB_OUTPOINT(ARG_ANCHOR));
	if (terms->version == CB_DRAFT_OLD_VERSION && cb_outpoint_equal(&anchor, &terms->funding))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a spell of version %d needs an anchor other than the funding UTXO", CB_DRAFT_OLD_VERSION),
				 errhint("Give anchor_utxo another unspent output of yours.")));
	return anchor;
}

/*
 * The plan counts an NFT there as its merchant's own: one of another merchant's
 * plans, whose app anybody may name, must not be taken for it.
 */
static CbSpan
nft_script(FunctionCallInfo fcinfo, const MintedPlan *plan)
{
	const char *address = plan->address;
	CbSpan		script;

	if (!PG_ARGISNULL(ARG_NFT_ADDRESS))
		address = text_to_cstring(PG_GETARG_TEXT_PP(ARG_NFT_ADDRESS));
	if (address == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the merchant has no address for the NFT to go to"),
				 errhint("Give nft_address.")));
	script = cb_prove_address_script(address);
	cb_watch_refuse_strangers(&plan->merchant_id, script);
	return script;
}

/* From here on the chain layer looks for the plan's charms. */
static void
follow_app(MintedPlan *plan, const CbOutpoint *anchor, CbSpan script, TimestampTz now)
{
	uint8		identity[32];
	const char *app_id;
	const char *app_vk = choose_vk(plan);

	cb_app_identity(anchor, identity);
	app_id = cb_hex_cstring((CbSpan) {identity, sizeof(identity)});
	if (plan->app_id != NULL && strcmp(plan->app_id, app_id) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the plan's identity is not of this anchor"),
				 errdetail("Its app_id is %s, that of the anchor %s.", plan->app_id, app_id),
				 errhint("Give anchor_utxo the outpoint that app_id is the identity of.")));
	cb_execute(&write_app,
			   CB_ARGS(cb_uuid(&plan->id), cb_text(app_id), cb_text(app_vk), cb_bytea(script),
					   cb_timestamptz(now)));
	if (plan->app_id != NULL && plan->app_vk != NULL)
		return;
	cb_watch_app(&plan->id);
	cb_plan_nft_refresh(&plan->id, 1, now);
}

static const char *
choose_vk(const MintedPlan *plan)
{
	if (plan->app_vk != NULL)
		return plan->app_vk;
	if (cb_guc_app_vk[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_CB_SETTING),
				 errmsg("the verification key of the plan's app is not known"),
				 errhint("Set charmbills.app_vk, or make the plan with an app_vk.")));
	return cb_guc_app_vk;
}
