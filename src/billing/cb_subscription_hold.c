/*-------------------------------------------------------------------------
 *
 * cb_subscription_hold.c
 *	  A subscription that a caller is about to change.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_subscription.h"
#include "billing/cb_subscription_hold.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_incarnation.h"

CB_STATEMENT(read_merchant, "uuid",
			 "SELECT f.merchant_id FROM charmbills.subscription_facts f WHERE f.id = $1");
CB_STATEMENT(lock_subscription, "uuid",
			 "SELECT f.id FROM charmbills.subscription_facts f WHERE f.id = $1 FOR NO KEY UPDATE");
CB_STATEMENT(read_facts, "uuid",
			 "SELECT f.merchant_id, f.status, f.trial_end, f.paid_through, f.paused_at, "
			 "       (extract(epoch FROM f.paused_for) * 1000000)::int8, f.canceled_at IS NOT NULL, "
			 "       f.cancel_at_period_end, f.ended_at "
			 "FROM charmbills.subscription_facts f WHERE f.id = $1");
CB_STATEMENT(return_subscription, "uuid",
			 "SELECT s FROM charmbills.subscriptions s WHERE s.id = $1");

pg_uuid_t
cb_subscription_authorize(const pg_uuid_t *id)
{
	pg_uuid_t	merchant_id;

	if (cb_execute(&read_merchant, CB_ARGS(cb_uuid(id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("subscription does not exist")));
	merchant_id = cb_column_uuid(0, 1);
	cb_authorize(&merchant_id);
	return merchant_id;
}

void
cb_subscription_hold(const pg_uuid_t *id, TimestampTz now, CbEvents *events, CbHeldSubscription *held)
{
	(void) cb_subscription_authorize(id);
	/* It may lock the cursor, which comes before any subscription. */
	cb_incarnation_check();
	cb_execute_one(&lock_subscription, CB_ARGS(cb_uuid(id)));
	cb_subscription_catch_up(id, now, cb_lapse_clock(now), events);
	held->id = *id;
	cb_subscription_held_again(held);
}

void
cb_subscription_held_again(CbHeldSubscription *held)
{
	cb_execute_one(&read_facts, CB_ARGS(cb_uuid(&held->id)));
	held->merchant_id = cb_column_uuid(0, 1);
	held->status = cb_column_text(0, 2);
	held->has_trial = !cb_column_is_null(0, 3);
	held->trial_end = cb_column_timestamptz_or(0, 3, DT_NOEND);
	held->is_paid = !cb_column_is_null(0, 4);
	held->paid_through = cb_column_timestamptz_or(0, 4, DT_NOEND);
	held->paused_at = cb_column_timestamptz_or(0, 5, DT_NOEND);
	held->paused_for = cb_column_int8(0, 6);
	held->is_canceled = cb_column_bool(0, 7);
	held->cancel_at_period_end = cb_column_bool(0, 8);
	held->ended_at = cb_column_timestamptz_or(0, 9, DT_NOEND);
}

Datum
cb_subscription_return(FunctionCallInfo fcinfo, const pg_uuid_t *id)
{
	cb_execute_one(&return_subscription, CB_ARGS(cb_uuid(id)));
	return cb_return_row(fcinfo);
}
