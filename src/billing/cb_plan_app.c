/*-------------------------------------------------------------------------
 *
 * cb_plan_app.c
 *	  The Charms app of a plan: which plans the chain layer follows.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan_app.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_sql.h"
#include "chain/cb_charm_rescan.h"
#include "chain/cb_watch.h"
#include "utils/builtins.h"

CB_STATEMENT(read_beamed, "uuid",
			 "SELECT accept_beamed FROM charmbills.plans WHERE id = $1");

static bool is_entitled_by_token(const CbPlanValues *values);

void
cb_plan_app_default(CbPlanValues *values)
{
	if (values->app_vk.isnull && cb_guc_app_vk[0] != '\0' &&
		(!values->app_id.isnull || is_entitled_by_token(values)))
		values->app_vk = cb_text(cb_guc_app_vk);
}

static bool
is_entitled_by_token(const CbPlanValues *values)
{
	return !values->entitlement.isnull &&
		strcmp(TextDatumGetCString(values->entitlement.value), "payment") != 0;
}

bool
cb_plan_app_is_tracked(const CbPlanValues *values)
{
	return !values->app_id.isnull && !values->app_vk.isnull;
}

bool
cb_plan_app_needs_mint(const CbPlanValues *values)
{
	return !values->app_id.isnull || is_entitled_by_token(values);
}

void
cb_plan_app_refuse_facts(const CbPlanValues *values)
{
	const char *name = !values->remaining_supply.isnull ? "remaining_supply" :
		!values->nft_utxo.isnull ? "nft_utxo" : NULL;

	if (name != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("%s of a plan whose charms are followed cannot be given", name),
				 errdetail("It is what the chain says."),
				 errhint("Leave it out: it is filled in once the plan's NFT is in a block.")));
}

/* What has been followed by one rule cannot go on by another. */
void
cb_plan_app_refuse_rules(const pg_uuid_t *plan_id, const CbPlanValues *values)
{
	if (values->accept_beamed.isnull)
		return;
	cb_execute_one(&read_beamed, CB_ARGS(cb_uuid(plan_id)));
	if (cb_column_bool(0, 1) != DatumGetBool(values->accept_beamed.value))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("accept_beamed of a plan whose charms are followed stays as it is"),
				 errhint("Make another plan, and change subscriptions to it.")));
}

void
cb_plan_app_begin(const pg_uuid_t *plan_id, const CbPlanOrigin *origin)
{
	if (cb_watch_app(plan_id) && origin->import_key != NULL)
		cb_charm_rescan_plan(plan_id, origin->created_at);
}
