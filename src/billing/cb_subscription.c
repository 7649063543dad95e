/*-------------------------------------------------------------------------
 *
 * cb_subscription.c
 *	  What a subscription is at an instant, and announcing when that changes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_period.h"
#include "billing/cb_status.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_row.h"
#include "billing/cb_subscription_token.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"

CB_STATEMENT(read_boundary, "uuid",
			 "SELECT s.next_boundary FROM charmbills.subscription_facts s WHERE s.id = $1");

static void refresh(CbSubscription *subscription, TimestampTz now, TimestampTz lapse, CbEvents *events);
static void take_plan(CbSubscription *subscription, TimestampTz now, CbEvents *events);
static TimestampTz next_invoice_at(const CbSubscription *subscription);
static void announce(const CbSubscription *subscription, const char *status, TimestampTz now, CbEvents *events);

void
cb_subscription_refresh(const pg_uuid_t *ids, int n, TimestampTz now, CbEvents *events)
{
	cb_subscription_refresh_at(ids, n, now, cb_lapse_clock(now), events);
}

void
cb_subscription_refresh_at(const pg_uuid_t *ids, int n, TimestampTz now, TimestampTz lapse,
						   CbEvents *events)
{
	CbSubscription *subscriptions = palloc0(sizeof(CbSubscription) * Max(n, 1));
	int			found = cb_subscriptions_read(ids, n, now, subscriptions);

	for (int i = 0; i < found; i++)
		refresh(&subscriptions[i], now, lapse, events);
}

void
cb_subscription_catch_up(const pg_uuid_t *id, TimestampTz now, TimestampTz lapse, CbEvents *events)
{
	while (cb_execute(&read_boundary, CB_ARGS(cb_uuid(id))) == 1 && !cb_column_is_null(0, 1))
	{
		TimestampTz boundary = cb_column_timestamptz(0, 1);

		if (boundary > lapse)
		{
			if (boundary <= now)
				cb_subscription_refresh_at(id, 1, now, lapse, events);
			return;
		}
		cb_subscription_refresh_at(id, 1, boundary, boundary, events);
	}
}

static void
refresh(CbSubscription *subscription, TimestampTz now, TimestampTz lapse, CbEvents *events)
{
	CbSubscriptionFacts *facts = &subscription->facts;
	const char *status;

	if (subscription->is_other_plan)
		take_plan(subscription, now, events);
	cb_subscription_settle_times(subscription);
	status = cb_subscription_status(facts, now, lapse);
	cb_subscription_write(subscription, status, cb_subscription_boundary(facts, now, lapse),
						  next_invoice_at(subscription));
	if (strcmp(status, subscription->announced) != 0)
		announce(subscription, status, now, events);
}

/* The plan that is paid for is another than the one last announced. */
static void
take_plan(CbSubscription *subscription, TimestampTz now, CbEvents *events)
{
	bool		is_elsewhere = !cb_uuid_equal(&subscription->plan_id, &subscription->paid_plan_id);
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &subscription->id);
	cb_json_uuid(&payload, "previous_plan_id", &subscription->plan_id);
	cb_json_uuid(&payload, "plan_id", &subscription->paid_plan_id);
	cb_json_int(&payload, "previous_quantity", subscription->quantity);
	cb_json_int(&payload, "quantity", subscription->paid_quantity);
	cb_subscription_take_plan(subscription);
	cb_event_uuid(events, "subscription.changed", &subscription->merchant_id, "subscription",
				  &subscription->id, cb_json_end(&payload), now);
	if (is_elsewhere)
		cb_subscription_tokens_begin(&subscription->id, now, events);
}

/* DT_NOEND while none is to come, or the one to come stands already. */
static TimestampTz
next_invoice_at(const CbSubscription *subscription)
{
	const CbSubscriptionFacts *facts = &subscription->facts;
	TimestampTz end = facts->is_paid ? facts->paid_through : facts->has_trial ? facts->trial_end : DT_NOEND;
	Interval	back = subscription->lead;

	if (subscription->next_stands || subscription->is_ending || facts->paused_at != DT_NOEND ||
		TIMESTAMP_NOT_FINITE(end))
		return DT_NOEND;
	back.month = -back.month;
	back.day = -back.day;
	back.time = -back.time;
	return cb_add_interval_safely(end, &back, subscription->timezone);
}

static void
announce(const CbSubscription *subscription, const char *status, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &subscription->id);
	cb_json_uuid(&payload, "plan_id", &subscription->plan_id);
	cb_json_uuid(&payload, "customer_id", &subscription->customer_id);
	cb_json_text(&payload, "previous_status", subscription->announced);
	cb_json_text(&payload, "status", status);
	cb_event_uuid(events, psprintf("subscription.%s", status), &subscription->merchant_id,
				  "subscription", &subscription->id, cb_json_end(&payload), now);
}

Interval
cb_default_lead(const char *cycle)
{
	Interval	length;
	Interval	lead = {.day = 3};
	int64		tenth;

	if (!cb_cycle_length(cycle, &length))
		return lead;
	tenth = (length.month * (int64) DAYS_PER_MONTH + length.day) * (USECS_PER_DAY / 10) + length.time / 10;
	if (tenth < 3 * USECS_PER_DAY)
	{
		lead.day = 0;
		lead.time = tenth;
	}
	return lead;
}

TimestampTz
cb_lapse_clock(TimestampTz now)
{
	CbChainState state;

	cb_chain_state_read(&state);
	return cb_lapse_at(now, state.followed_until);
}
