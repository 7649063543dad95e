/*-------------------------------------------------------------------------
 *
 * cb_change_request.h
 *	  A change of plan or quantity as it is asked for.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHANGE_REQUEST_H
#define CB_CHANGE_REQUEST_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

typedef enum CbChangeMode
{
	CB_CHANGE_NOTHING,				/* it is so already: take back what was to come */
	CB_CHANGE_PRORATED,			/* within a paid period, once the difference is paid */
	CB_CHANGE_UNPAID,				/* at once: nothing is paid yet */
	CB_CHANGE_NEXT					/* with the next invoice */
} CbChangeMode;

typedef struct CbPlanChange
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
} CbPlanChange;

/* Whose subscription it is, authorised: the arguments of change_plan() and preview_change(). */
extern void cb_plan_change_args(FunctionCallInfo fcinfo, CbPlanChange *change);

/* False when an earlier call with the same key has done it. */
extern bool cb_plan_change_claim(FunctionCallInfo fcinfo, const CbPlanChange *change);

/* The subscription as it is now, and what it is to become. */
extern void cb_plan_change_load(FunctionCallInfo fcinfo, CbPlanChange *change);

/* CB008, CB009 or CB010 when it may not become that. */
extern void cb_plan_change_check(const CbPlanChange *change);

/* How the change is made. */
extern CbChangeMode cb_plan_change_mode(const CbPlanChange *change);

#endif							/* CB_CHANGE_REQUEST_H */
