/*-------------------------------------------------------------------------
 *
 * cb_status.c
 *	  A subscription's status: a pure function of its facts and an instant.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_status.h"
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(charmbills_subscription_status);

static TimestampTz timestamp_arg(FunctionCallInfo fcinfo, int argno);
static void earlier(TimestampTz *earliest, TimestampTz candidate, TimestampTz after);

const char *
cb_subscription_status(const CbSubscriptionFacts *facts, TimestampTz now, TimestampTz lapse)
{
	if (facts->ended_at <= now)
		return "canceled";
	if (facts->paused_at <= now)
		return "paused";
	if (facts->is_paid)
	{
		if (lapse < facts->paid_through)
			return facts->has_trial && lapse < facts->trial_end ? "trialing" : "active";
		return lapse < facts->grace_until ? "past_due" : "expired";
	}
	if (facts->has_trial && lapse < facts->trial_end)
		return "trialing";
	return facts->first_expired ? "expired" : "pending";
}

TimestampTz
cb_subscription_boundary(const CbSubscriptionFacts *facts, TimestampTz now, TimestampTz lapse)
{
	TimestampTz earliest = DT_NOEND;

	if (facts->ended_at <= now)
		return DT_NOEND;
	earlier(&earliest, facts->ended_at, now);
	/* Nothing else happens while it is paused. */
	if (facts->paused_at <= now)
		return earliest;
	earlier(&earliest, facts->paused_at, now);
	earlier(&earliest, facts->next_plan_at, now);
	if (facts->has_trial)
		earlier(&earliest, facts->trial_end, lapse);
	if (facts->is_paid)
	{
		earlier(&earliest, facts->paid_through, lapse);
		earlier(&earliest, facts->grace_until, lapse);
	}
	return earliest;
}

static void
earlier(TimestampTz *earliest, TimestampTz candidate, TimestampTz after)
{
	if (candidate > after && candidate < *earliest)
		*earliest = candidate;
}

/*
 * charmbills.subscription_status(trial_end, paid_through, grace_until,
 *		first_expired_at, paused_at, ended_at, at, lapse timestamptz) -> text
 */
Datum
charmbills_subscription_status(PG_FUNCTION_ARGS)
{
	CbSubscriptionFacts facts;

	if (PG_ARGISNULL(6) || PG_ARGISNULL(7))
		PG_RETURN_NULL();
	facts.has_trial = !PG_ARGISNULL(0);
	facts.trial_end = timestamp_arg(fcinfo, 0);
	facts.is_paid = !PG_ARGISNULL(1);
	facts.paid_through = timestamp_arg(fcinfo, 1);
	facts.grace_until = timestamp_arg(fcinfo, 2);
	facts.first_expired = !PG_ARGISNULL(3);
	facts.paused_at = timestamp_arg(fcinfo, 4);
	facts.ended_at = timestamp_arg(fcinfo, 5);
	facts.next_plan_at = DT_NOEND;
	PG_RETURN_TEXT_P(cstring_to_text(cb_subscription_status(&facts, PG_GETARG_TIMESTAMPTZ(6),
															PG_GETARG_TIMESTAMPTZ(7))));
}

static TimestampTz
timestamp_arg(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(argno);
}
