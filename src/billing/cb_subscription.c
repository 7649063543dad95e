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
#include "catalog/pg_type.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "chain/cb_chain_state.h"
#include "utils/builtins.h"

/*
 * A subscription is paid through the end of the latest period that has a paid
 * invoice.  One paid late begins its period with the payment.
 */
CB_KEYS_STATEMENT(read_facts, "uuid[]",
				  "SELECT f.id, f.merchant_id, f.status, f.cycle, f.timezone, f.grace, f.trial_end, "
				  "       f.paused_at, f.ended_at, paid.period_start, paid.period_end, paid.is_late, "
				  "       paid.paid_at, "
				  "       (SELECT min(i.paid_at) FROM charmbills.invoices i "
				  "        WHERE i.subscription_id = f.id AND i.status = 'paid'), "
				  "       (SELECT min(i.expires_at) FROM charmbills.invoices i "
				  "        WHERE i.subscription_id = f.id AND i.status IN ('expired', 'uncollectible')), "
				  "       f.created_at, f.plan_id, f.customer_id "
				  "FROM charmbills.subscription_facts f "
				  "LEFT JOIN LATERAL (SELECT i.* FROM charmbills.invoices i "
				  "                   WHERE i.subscription_id = f.id AND i.kind = 'period' AND i.status = 'paid' "
				  "                   ORDER BY i.period_start DESC LIMIT 1) paid ON true "
				  "WHERE f.id = ANY ($1) ORDER BY f.id");
CB_STATEMENT(write_facts, "uuid timestamptz timestamptz timestamptz timestamptz timestamptz timestamptz timestamptz text",
			 "UPDATE charmbills.subscription_facts "
			 "SET anchor = coalesce($2, anchor), purchased_at = $3, period_start = $4, paid_through = $5, "
			 "    grace_until = $6, first_expired_at = $7, next_boundary = $8, status = $9 "
			 "WHERE id = $1 AND (purchased_at, period_start, paid_through, grace_until, first_expired_at, "
			 "                   next_boundary, status, anchor) "
			 "      IS DISTINCT FROM ($3, $4, $5, $6, $7, $8, $9, coalesce($2, anchor))");

/* One subscription with what its invoices say. */
typedef struct Subscription
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	plan_id;
	pg_uuid_t	customer_id;
	char	   *announced;
	CbSubscriptionFacts facts;
	NullableDatum new_anchor;	/* of a period that a late payment began */
	NullableDatum purchased_at;
	NullableDatum period_start;
	NullableDatum first_expired_at;
} Subscription;

static Subscription *load(const pg_uuid_t *ids, int n, int *found);
static void load_one(uint64 row, Subscription *subscription);
static void load_paid_period(uint64 row, Subscription *subscription);
static NullableDatum column(uint64 row, int number);
static TimestampTz column_or_never(uint64 row, int number);
static NullableDatum known(bool is_known, TimestampTz value);
static void refresh(const Subscription *subscription, TimestampTz now, TimestampTz lapse, CbEvents *events);
static void announce(const Subscription *subscription, const char *status, TimestampTz now, CbEvents *events);

void
cb_subscription_refresh(const pg_uuid_t *ids, int n, TimestampTz now, CbEvents *events)
{
	cb_subscription_refresh_at(ids, n, now, cb_lapse_clock(now), events);
}

void
cb_subscription_refresh_at(const pg_uuid_t *ids, int n, TimestampTz now, TimestampTz lapse,
						   CbEvents *events)
{
	int			found;
	Subscription *subscriptions = load(ids, n, &found);

	for (int i = 0; i < found; i++)
		refresh(&subscriptions[i], now, lapse, events);
}

static Subscription *
load(const pg_uuid_t *ids, int n, int *found)
{
	Subscription *subscriptions;

	*found = (int) cb_execute(&read_facts, CB_ARGS(cb_uuid_array(ids, n)));
	subscriptions = palloc0(sizeof(Subscription) * Max(*found, 1));
	for (int i = 0; i < *found; i++)
		load_one(i, &subscriptions[i]);
	return subscriptions;
}

static void
load_one(uint64 row, Subscription *subscription)
{
	CbSubscriptionFacts *facts = &subscription->facts;

	subscription->id = cb_column_uuid(row, 1);
	subscription->merchant_id = cb_column_uuid(row, 2);
	subscription->announced = cb_column_text(row, 3);
	facts->has_trial = !cb_column_is_null(row, 7);
	facts->trial_end = column_or_never(row, 7);
	facts->paused_at = column_or_never(row, 8);
	facts->ended_at = column_or_never(row, 9);
	facts->paid_through = DT_NOEND;
	facts->grace_until = DT_NOEND;
	facts->is_paid = !cb_column_is_null(row, 10);
	/* Until a period is paid, periods count from where the first one would. */
	subscription->new_anchor = facts->is_paid ? cb_null() : column(row, facts->has_trial ? 7 : 16);
	subscription->period_start = cb_null();
	if (facts->is_paid)
		load_paid_period(row, subscription);
	subscription->purchased_at = column(row, 14);
	subscription->first_expired_at = facts->is_paid ? cb_null() : column(row, 15);
	facts->first_expired = !subscription->first_expired_at.isnull;
	subscription->plan_id = cb_column_uuid(row, 17);
	subscription->customer_id = cb_column_uuid(row, 18);
}

static void
load_paid_period(uint64 row, Subscription *subscription)
{
	CbSubscriptionFacts *facts = &subscription->facts;
	bool		isnull;
	Datum		grace = cb_column(row, 6, &isnull);

	if (cb_column_bool(row, 12))
	{
		TimestampTz paid_at = cb_column_timestamptz(row, 13);

		subscription->new_anchor = cb_timestamptz(paid_at);
		subscription->period_start = cb_timestamptz(paid_at);
		facts->paid_through = cb_period_start(paid_at, cb_column_text(row, 4), cb_column_text(row, 5), 1);
	}
	else
	{
		subscription->period_start = column(row, 10);
		facts->paid_through = cb_column_timestamptz(row, 11);
	}
	if (!TIMESTAMP_NOT_FINITE(facts->paid_through))
		facts->grace_until = cb_add_interval(facts->paid_through, DatumGetIntervalP(grace),
											 cb_column_text(row, 5));
}

/* A column as a parameter; timestamps are passed by value. */
static NullableDatum
column(uint64 row, int number)
{
	NullableDatum result;

	result.value = cb_column(row, number, &result.isnull);
	return result;
}

static TimestampTz
column_or_never(uint64 row, int number)
{
	return cb_column_is_null(row, number) ? DT_NOEND : cb_column_timestamptz(row, number);
}

static NullableDatum
known(bool is_known, TimestampTz value)
{
	return is_known ? cb_timestamptz(value) : cb_null();
}

static void
refresh(const Subscription *subscription, TimestampTz now, TimestampTz lapse, CbEvents *events)
{
	const CbSubscriptionFacts *facts = &subscription->facts;
	const char *status = cb_subscription_status(facts, now, lapse);
	TimestampTz boundary = cb_subscription_boundary(facts, now, lapse);

	cb_execute(&write_facts,
			   CB_ARGS(cb_uuid(&subscription->id), subscription->new_anchor, subscription->purchased_at,
					   subscription->period_start, known(facts->is_paid, facts->paid_through),
					   known(facts->is_paid, facts->grace_until), subscription->first_expired_at,
					   known(boundary != DT_NOEND, boundary), cb_text(status)));
	if (strcmp(status, subscription->announced) != 0)
		announce(subscription, status, now, events);
}

static void
announce(const Subscription *subscription, const char *status, TimestampTz now, CbEvents *events)
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

TimestampTz
cb_lapse_clock(TimestampTz now)
{
	CbChainState state;
	TimestampTz oldest = TimestampTzPlusMilliseconds(now, -(int64) cb_guc_max_stale * 1000);

	cb_chain_state_read(&state);
	return Min(now, Max(state.followed_until, oldest));
}

/* charmbills.lapse_clock() -> timestamptz */
CB_FUNCTION(lapse_clock, CB_ANYONE)
{
	PG_RETURN_TIMESTAMPTZ(cb_lapse_clock(cb_now()));
}
