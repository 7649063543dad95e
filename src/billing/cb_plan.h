/*-------------------------------------------------------------------------
 *
 * cb_plan.h
 *	  What a plan is made of.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PLAN_H
#define CB_PLAN_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* SQL values, null where not given: then the default holds, or what is there. */
typedef struct CbPlanValues
{
	NullableDatum service_name; /* text */
	NullableDatum price_sats;	/* bigint */
	NullableDatum billing_cycle;	/* text */
	NullableDatum trial;		/* interval */
	NullableDatum grace;		/* interval */
	NullableDatum confirmations;	/* integer */
	NullableDatum tolerance_sats;	/* bigint */
	NullableDatum allow_multiple;	/* boolean */
	NullableDatum ticker;		/* text */
	NullableDatum app_id;		/* text */
	NullableDatum app_vk;		/* text */
	NullableDatum remaining_supply; /* numeric */
	NullableDatum nft_utxo;		/* outpoint */
	NullableDatum metadata;		/* jsonb */
} CbPlanValues;

/* Whose it is, and how it begins. */
typedef struct CbPlanOrigin
{
	pg_uuid_t	merchant_id;
	const char *status;
	const char *import_key;		/* NULL unless imported */
	const char *event_type;
	TimestampTz created_at;
} CbPlanOrigin;

/* CB011, or CB005 for amounts, where a value that is given is out of range. */
extern void cb_plan_check(const CbPlanValues *values);

/*
 * Store a plan and give its id.  One that has been imported already is given
 * instead.  CB008 when there is no such merchant.
 */
extern pg_uuid_t cb_plan_add(const CbPlanOrigin *origin, const CbPlanValues *values);

/* Change what is given. */
extern void cb_plan_change(const pg_uuid_t *plan_id, const CbPlanValues *values);

/* Return the whole row from a SQL function. */
extern Datum cb_plan_return(FunctionCallInfo fcinfo, const pg_uuid_t *plan_id);

#endif							/* CB_PLAN_H */
