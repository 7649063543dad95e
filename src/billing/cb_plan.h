/*-------------------------------------------------------------------------
 *
 * cb_plan.h
 *	  What a plan is made of, and what it has cost since when.
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
	NullableDatum currency;		/* text */
	NullableDatum price;		/* numeric */
	NullableDatum price_from;	/* timestamptz: when a new price begins */
	NullableDatum tolerance_percent;	/* numeric */
	NullableDatum tax_rate;		/* numeric */
	NullableDatum min_invoice_sats; /* bigint */
	NullableDatum lead_time;	/* interval */
	NullableDatum restart;		/* text */
	NullableDatum trial_once;	/* boolean */
	NullableDatum dunning;		/* interval[] */
	NullableDatum uncollectible_after;	/* interval */
	NullableDatum entitlement;	/* text */
	NullableDatum token_units;	/* numeric */
	NullableDatum token_access; /* text */
	NullableDatum accept_beamed;	/* boolean */
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

/* No value is given. */
extern void cb_plan_values_init(CbPlanValues *values);

/* CB011, or CB005 for amounts, where a value that is given is out of range. */
extern void cb_plan_check(const CbPlanValues *values);

/* The same where stored values do not go together, or with the plan's prices. */
extern void cb_plan_check_stored(const pg_uuid_t *plan_id, TimestampTz now);

/* CB011 unless a new plan's price is given in exactly one way. */
extern void cb_plan_price_require(const CbPlanValues *values);

/* A price in a currency with that currency's decimals; CB005 when it cannot be. */
extern NullableDatum cb_plan_price_checked(const char *currency, NullableDatum price);

/* Write down the price that a new plan begins with. */
extern void cb_plan_price_begin(const pg_uuid_t *plan_id);

/*
 * Give a locked plan the price that is given, if one is, from now or price_from
 * on, and have its row show the price now in force.  CB010 where it would change
 * its currency.
 */
extern void cb_plan_price_change(const pg_uuid_t *plan_id, const CbPlanValues *values, TimestampTz now);

/*
 * Store a plan and give its id.  One that has been imported already is given
 * instead.  CB008 when there is no such merchant; CB010 when it has no
 * descriptor, which a price in a currency needs.
 */
extern pg_uuid_t cb_plan_add(const pg_uuid_t *id, const CbPlanOrigin *origin,
							 const CbPlanValues *values);

/* Change what is given. */
extern void cb_plan_change(const pg_uuid_t *plan_id, const CbPlanValues *values);

/* Return the whole row from a SQL function. */
extern Datum cb_plan_return(FunctionCallInfo fcinfo, const pg_uuid_t *plan_id);

#endif							/* CB_PLAN_H */
