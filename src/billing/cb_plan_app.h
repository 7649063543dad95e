/*-------------------------------------------------------------------------
 *
 * cb_plan_app.h
 *	  The Charms app of a plan: which plans the chain layer follows.
 *
 * A plan whose app is known by identity and key is tracked: where its NFT is
 * and what supply remains is what the chain says, and nobody else.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PLAN_APP_H
#define CB_PLAN_APP_H

#include "postgres.h"

#include "billing/cb_plan.h"

/* Of a row of plans: whether it is tracked. */
#define CB_PLAN_IS_TRACKED(p) "(" p ".app_id IS NOT NULL AND " p ".app_vk IS NOT NULL)"

/* Where a new plan has an app, or its tokens give access: the setting's key, if no other is given. */
extern void cb_plan_app_default(CbPlanValues *values);

/* Whether a new plan with these values is tracked. */
extern bool cb_plan_app_is_tracked(const CbPlanValues *values);

/* Whether a new plan with these values is on sale only once it is minted. */
extern bool cb_plan_app_needs_mint(const CbPlanValues *values);

/* CB011 where values for a tracked plan say what is for the chain to say. */
extern void cb_plan_app_refuse_facts(const CbPlanValues *values);

/* CB010 where they would have the chain read otherwise than it has been. */
extern void cb_plan_app_refuse_rules(const pg_uuid_t *plan_id, const CbPlanValues *values);

/* Watch a plan's app, if it has one; that of one that was minted before, since it was. */
extern void cb_plan_app_begin(const pg_uuid_t *plan_id, const CbPlanOrigin *origin);

#endif							/* CB_PLAN_APP_H */
