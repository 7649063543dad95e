/*-------------------------------------------------------------------------
 *
 * cb_pause.c
 *	  Pausing subscriptions, and resuming them.
 *
 * A pause freezes what is left: when it ends, the end of the paid period and of
 * the trial move by as long as it took, to the microsecond.  Intervals are
 * written in microseconds alone, since a day is not always as long as another.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_cancel.h"
#include "billing/cb_invoice.h"
#include "billing/cb_pause.h"
#include "billing/cb_subscription.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_sql.h"

CB_STATEMENT(read_last_end, "uuid",
			 "SELECT max(u.resumed_at) FROM charmbills.pauses u WHERE u.subscription_id = $1");
CB_STATEMENT(insert_pause, "uuid uuid timestamptz text",
			 "INSERT INTO charmbills.pauses (subscription_id, merchant_id, paused_at, reason) "
			 "VALUES ($1, $2, $3, $4)");
CB_STATEMENT(write_pause, "uuid timestamptz",
			 "UPDATE charmbills.subscription_facts SET paused_at = $2 WHERE id = $1");
CB_STATEMENT(end_pause, "uuid timestamptz",
			 "UPDATE charmbills.pauses SET resumed_at = $2 WHERE subscription_id = $1 AND resumed_at IS NULL");
CB_STATEMENT(write_resumption, "uuid interval timestamptz",
			 "UPDATE charmbills.subscription_facts "
			 "SET paused_at = NULL, paused_for = $2, trial_end = $3 WHERE id = $1");

static void check_pausable(const CbHeldSubscription *held, TimestampTz now);
static void check_clock(TimestampTz earlier, TimestampTz now);

/* charmbills.pause_subscription(subscription_id uuid, reason text) -> subscriptions */
CB_FUNCTION(pause_subscription, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbHeldSubscription held;
	TimestampTz now = cb_now();

	cb_require_args(fcinfo, 1);
	cb_subscription_hold(PG_GETARG_UUID_P(0), now, &events, &held);
	check_pausable(&held, now);
	cb_execute(&insert_pause,
			   CB_ARGS(cb_uuid(&held.id), cb_uuid(&held.merchant_id), cb_timestamptz(now), cb_arg(fcinfo, 1)));
	cb_execute(&write_pause, CB_ARGS(cb_uuid(&held.id), cb_timestamptz(now)));
	/* One that is canceled ends later by as long as it is paused. */
	cb_cancel_write_end(&held.id, DT_NOEND);
	cb_invoice_void_open(&held.id, false, CB_VOID_PAUSED, now, &events);
	cb_subscription_refresh(&held.id, 1, now, &events);
	cb_events_write(&events);
	return cb_subscription_return(fcinfo, &held.id);
}

static void
check_pausable(const CbHeldSubscription *held, TimestampTz now)
{
	if (held->paused_at != DT_NOEND)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paused already")));
	if (strcmp(held->status, "trialing") != 0 && strcmp(held->status, "active") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is %s and cannot be paused", held->status),
				 errdetail("Only one in trial, or active, has time left to keep.")));
	cb_execute_one(&read_last_end, CB_ARGS(cb_uuid(&held->id)));
	if (!cb_column_is_null(0, 1))
		check_clock(cb_column_timestamptz(0, 1), now);
}

/* Outside the sandbox, now is when the transaction began. */
static void
check_clock(TimestampTz earlier, TimestampTz now)
{
	if (earlier > now)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the clock has moved backwards since the subscription's last pause"),
				 errhint("Try again in a new transaction.")));
}

/* charmbills.resume_subscription(subscription_id uuid) -> subscriptions */
CB_FUNCTION(resume_subscription, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbHeldSubscription held;
	TimestampTz now = cb_now();

	cb_require_args(fcinfo, 1);
	cb_subscription_hold(PG_GETARG_UUID_P(0), now, &events, &held);
	if (held.paused_at == DT_NOEND || held.ended_at <= now)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is %s and not paused", held.status)));
	cb_pause_end(&held, now);
	cb_subscription_refresh(&held.id, 1, now, &events);
	if (held.is_canceled)
	{
		cb_subscription_held_again(&held);
		cb_cancel_write_end(&held.id, cb_cancel_at_period_end(&held, now));
		cb_subscription_refresh(&held.id, 1, now, &events);
	}
	cb_events_write(&events);
	return cb_subscription_return(fcinfo, &held.id);
}

void
cb_pause_end(CbHeldSubscription *held, TimestampTz now)
{
	int64		length = now - held->paused_at;

	check_clock(held->paused_at, now);
	if (held->paused_at < held->trial_end && held->has_trial)
		held->trial_end += length;
	held->paused_at = DT_NOEND;
	held->paused_for += length;
	cb_execute_one(&end_pause, CB_ARGS(cb_uuid(&held->id), cb_timestamptz(now)));
	cb_execute(&write_resumption,
			   CB_ARGS(cb_uuid(&held->id), cb_microseconds(held->paused_for),
					   held->has_trial ? cb_timestamptz(held->trial_end) : cb_null()));
}
