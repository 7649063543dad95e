/*-------------------------------------------------------------------------
 *
 * cb_subscription_row.c
 *	  A subscription with what its invoices say, read and written.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_period.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_row.h"
#include "cb_sql.h"
#include "cb_uuid.h"

#define MICROSECONDS(interval) "(extract(epoch FROM " interval ") * 1000000)::int8"

/*
 * paid is the latest issued of the paid invoices: it decides what is paid.  now
 * is the latest of those whose period has begun: it decides which plan it is
 * for.  A late payment's period begins with the payment, and so do the pauses
 * that prolong it.
 */
CB_KEYS_STATEMENT(read_subscriptions, "uuid[] timestamptz",
				  "SELECT f.id, f.merchant_id, f.customer_id, f.plan_id, f.quantity, f.status, f.cycle, f.timezone, "
				  "       f.grace, f.lead_time, f.restart = 'payment', "
				  "       f.canceled_at IS NOT NULL OR f.ended_at IS NOT NULL, "
				  "       EXISTS (SELECT FROM charmbills.invoices i "
				  "               WHERE i.subscription_id = f.id "
				  "                     AND (i.kind = 'period' "
				  "                          AND (paid.id IS NULL "
				  "                               OR (i.created_at, i.number) > (paid.created_at, paid.number)) "
				  "                          AND (i.status <> 'void' OR i.void_reason = 'requested') "
				  "                          OR i.kind = 'change' AND i.status IN ('open', 'processing'))), "
				  "       f.trial_end, f.paused_at, f.ended_at, f.created_at, "
				  "       paid.id IS NOT NULL, paid.is_late, "
				  "       coalesce(paid.period_worth = 0, false) "
				  "       AND NOT EXISTS (SELECT FROM charmbills.invoices i "
				  "                       WHERE i.subscription_id = f.id AND i.kind = 'period' "
				  "                             AND (i.created_at, i.number) > (paid.created_at, paid.number) "
				  "                             AND i.status IN ('expired', 'uncollectible')), "
				  "       paid.period_start, paid.period_end, paid.paid_at, paid.anchor, "
				  "       CASE WHEN paid.is_late AND f.restart = 'payment' "
				  "            THEN (SELECT " MICROSECONDS("coalesce(sum(u.resumed_at - u.paused_at), '0')") " "
				  "                  FROM charmbills.pauses u "
				  "                  WHERE u.subscription_id = f.id AND u.paused_at >= paid.paid_at "
				  "                        AND u.resumed_at IS NOT NULL) "
				  "            ELSE " MICROSECONDS("f.paused_for - paid.paused_before") " END, "
				  "       now.plan_id, now.quantity, paid.plan_id, paid.quantity, "
				  "       (SELECT min(i.paid_at) FROM charmbills.invoices i "
				  "        WHERE i.subscription_id = f.id AND i.status = 'paid'), "
				  "       CASE WHEN paid.id IS NULL THEN "
				  "            (SELECT min(i.expires_at) FROM charmbills.invoices i "
				  "             WHERE i.subscription_id = f.id AND i.status IN ('expired', 'uncollectible')) END, "
				  "       now.cycle, paid.cycle "
				  "FROM charmbills.subscription_facts f "
				  "LEFT JOIN LATERAL (SELECT i.* FROM charmbills.invoices i "
				  "                   WHERE i.subscription_id = f.id AND i.kind IN ('period', 'change') "
				  "                         AND i.status = 'paid' "
				  "                   ORDER BY i.created_at DESC, i.number DESC LIMIT 1) paid ON true "
				  "LEFT JOIN LATERAL (SELECT i.plan_id, i.quantity, i.cycle FROM charmbills.invoices i "
				  "                   WHERE i.subscription_id = f.id AND i.kind IN ('period', 'change') "
				  "                         AND i.status = 'paid' AND i.plan_id IS NOT NULL "
				  "                         AND i.period_start + (f.paused_for - i.paused_before) "
				  "                             <= least($2, f.paused_at) "
				  "                   ORDER BY i.created_at DESC, i.number DESC LIMIT 1) now ON true "
				  "WHERE f.id = ANY ($1) ORDER BY f.id");
CB_STATEMENT(take_plan, "uuid uuid int4 text",
			 "UPDATE charmbills.subscription_facts f "
			 "SET plan_id = p.id, quantity = $3, cycle = coalesce($4, p.billing_cycle), grace = p.grace, restart = p.restart, "
			 "    pending_plan_id = CASE WHEN f.pending_plan_id = p.id THEN NULL ELSE f.pending_plan_id END, "
			 "    pending_quantity = CASE WHEN f.pending_plan_id = p.id THEN NULL ELSE f.pending_quantity END "
			 "FROM charmbills.plans p WHERE f.id = $1 AND p.id = $2 "
			 "RETURNING f.cycle, f.grace, f.restart = 'payment', p.lead_time");
CB_STATEMENT(write_lead, "uuid interval",
			 "UPDATE charmbills.subscription_facts SET lead_time = $2 WHERE id = $1");
CB_STATEMENT(write_facts, "uuid timestamptz timestamptz timestamptz timestamptz timestamptz timestamptz "
			 "timestamptz text uuid int4 timestamptz timestamptz",
			 "UPDATE charmbills.subscription_facts "
			 "SET anchor = coalesce($2, anchor), purchased_at = $3, period_start = $4, paid_through = $5, "
			 "    grace_until = $6, first_expired_at = $7, next_boundary = $8, status = $9, next_plan_id = $10, "
			 "    next_quantity = $11, next_plan_at = $12, next_invoice_at = $13 "
			 "WHERE id = $1 AND (purchased_at, period_start, paid_through, grace_until, first_expired_at, "
			 "                   next_boundary, status, anchor, next_plan_id, next_quantity, next_plan_at, "
			 "                   next_invoice_at) "
			 "      IS DISTINCT FROM ($3, $4, $5, $6, $7, $8, $9, coalesce($2, anchor), $10, $11, $12, $13)");

static void load(uint64 row, CbSubscription *subscription);
static void load_facts(uint64 row, CbSubscription *subscription);
static void load_paid(uint64 row, CbSubscription *subscription);
static void load_plans(uint64 row, CbSubscription *subscription);
static bool is_other_cycle(const char *cycle, const char *before);
static NullableDatum unless(TimestampTz time, TimestampTz absent);

int
cb_subscriptions_read(const pg_uuid_t *ids, int n, TimestampTz now, CbSubscription *subscriptions)
{
	int			found = (int) cb_execute(&read_subscriptions, CB_ARGS(cb_uuid_array(ids, n), cb_timestamptz(now)));

	for (int i = 0; i < found; i++)
		load(i, &subscriptions[i]);
	return found;
}

static void
load(uint64 row, CbSubscription *subscription)
{
	subscription->id = cb_column_uuid(row, 1);
	subscription->merchant_id = cb_column_uuid(row, 2);
	subscription->customer_id = cb_column_uuid(row, 3);
	subscription->plan_id = cb_column_uuid(row, 4);
	subscription->quantity = cb_column_int4(row, 5);
	subscription->announced = cb_column_text(row, 6);
	subscription->cycle = cb_column_text(row, 7);
	subscription->timezone = cb_column_text(row, 8);
	subscription->grace = cb_column_interval(row, 9);
	subscription->lead = cb_column_interval(row, 10);
	subscription->restarts_now = cb_column_bool(row, 11);
	subscription->is_ending = cb_column_bool(row, 12);
	subscription->next_stands = cb_column_bool(row, 13);
	load_facts(row, subscription);
	load_paid(row, subscription);
	load_plans(row, subscription);
}

static void
load_facts(uint64 row, CbSubscription *subscription)
{
	CbSubscriptionFacts *facts = &subscription->facts;

	facts->has_trial = !cb_column_is_null(row, 14);
	facts->trial_end = cb_column_timestamptz_or(row, 14, DT_NOEND);
	facts->paused_at = cb_column_timestamptz_or(row, 15, DT_NOEND);
	facts->ended_at = cb_column_timestamptz_or(row, 16, DT_NOEND);
	facts->paid_through = DT_NOEND;
	facts->grace_until = DT_NOEND;
	facts->next_plan_at = DT_NOEND;
	facts->is_paid = cb_column_bool(row, 18);
	/* Until a period is paid, periods count from where the first one would. */
	subscription->anchor = facts->is_paid ? DT_NOBEGIN : cb_column_timestamptz_or(row, facts->has_trial ? 14 : 17, DT_NOBEGIN);
	subscription->purchased_at = cb_column_timestamptz_or(row, 30, DT_NOBEGIN);
	subscription->first_expired_at = cb_column_timestamptz_or(row, 31, DT_NOBEGIN);
	facts->first_expired = subscription->first_expired_at != DT_NOBEGIN;
}

static void
load_paid(uint64 row, CbSubscription *subscription)
{
	subscription->is_late = cb_column_bool(row, 19);
	subscription->is_free = cb_column_bool(row, 20);
	subscription->invoiced_start = cb_column_timestamptz_or(row, 21, DT_NOBEGIN);
	subscription->invoiced_end = cb_column_timestamptz_or(row, 22, DT_NOBEGIN);
	subscription->paid_at = cb_column_timestamptz_or(row, 23, DT_NOBEGIN);
	subscription->invoiced_anchor = cb_column_timestamptz_or(row, 24, DT_NOBEGIN);
	subscription->pause_since = cb_column_int8(row, 25);
	subscription->period_start = DT_NOBEGIN;
}

/* An invoice older than the column does not name its plan. */
static void
load_plans(uint64 row, CbSubscription *subscription)
{
	bool		has_begun = !cb_column_is_null(row, 26);
	int			column = has_begun ? 26 : 28;

	if (cb_column_is_null(row, column))
		return;
	subscription->paid_plan_id = cb_column_uuid(row, column);
	subscription->paid_quantity = cb_column_int4(row, column + 1);
	subscription->paid_cycle = cb_column_text(row, has_begun ? 32 : 33);
	subscription->is_other_plan = !cb_uuid_equal(&subscription->paid_plan_id, &subscription->plan_id) ||
		subscription->paid_quantity != subscription->quantity ||
		is_other_cycle(subscription->paid_cycle, subscription->cycle);
	if (!has_begun || cb_column_is_null(row, 28))
		return;
	subscription->next_plan_id = cb_column_uuid(row, 28);
	subscription->next_quantity = cb_column_int4(row, 29);
	subscription->has_next_plan = !cb_uuid_equal(&subscription->next_plan_id, &subscription->paid_plan_id) ||
		subscription->next_quantity != subscription->paid_quantity ||
		is_other_cycle(cb_column_text(row, 33), subscription->paid_cycle);
}

/* A plan's cycle may have been changed; an invoice older than the column does not name its own. */
static bool
is_other_cycle(const char *cycle, const char *before)
{
	return cycle != NULL && before != NULL && strcmp(cycle, before) != 0;
}

/*
 * Where nothing was to be paid there is nothing to wait for either: a free
 * period has no end of its grace, unless the next one was to be paid and was not.
 * A block may bring the payment, so nothing here fails.
 */
void
cb_subscription_settle_times(CbSubscription *subscription)
{
	CbSubscriptionFacts *facts = &subscription->facts;
	TimestampTz end = subscription->invoiced_end;
	Interval	length;

	if (!facts->is_paid)
		return;
	subscription->anchor = subscription->invoiced_anchor;
	subscription->period_start = subscription->invoiced_start;
	if (subscription->is_late && subscription->restarts_now)
	{
		subscription->anchor = subscription->paid_at;
		subscription->period_start = subscription->paid_at;
		end = cb_cycle_length(subscription->cycle, &length) ?
			cb_add_interval_safely(subscription->paid_at, &length, subscription->timezone) : DT_NOEND;
	}
	if (!TIMESTAMP_NOT_FINITE(end))
		end += subscription->pause_since;
	facts->paid_through = end;
	if (!TIMESTAMP_NOT_FINITE(end) && !subscription->is_free)
		facts->grace_until = cb_add_interval_safely(end, &subscription->grace, subscription->timezone);
	if (subscription->has_next_plan)
		facts->next_plan_at = subscription->invoiced_start + subscription->pause_since;
}

void
cb_subscription_take_plan(CbSubscription *subscription)
{
	cb_execute_one(&take_plan,
				   CB_ARGS(cb_uuid(&subscription->id), cb_uuid(&subscription->paid_plan_id),
						   cb_int4(subscription->paid_quantity), cb_text(subscription->paid_cycle)));
	subscription->plan_id = subscription->paid_plan_id;
	subscription->quantity = subscription->paid_quantity;
	subscription->cycle = cb_column_text(0, 1);
	subscription->grace = cb_column_interval(0, 2);
	subscription->restarts_now = cb_column_bool(0, 3);
	if (cb_column_is_null(0, 4))
		subscription->lead = cb_default_lead(subscription->cycle);
	else
		subscription->lead = cb_column_interval(0, 4);
	cb_execute(&write_lead,
			   CB_ARGS(cb_uuid(&subscription->id), cb_datum(IntervalPGetDatum(&subscription->lead))));
}

void
cb_subscription_write(const CbSubscription *subscription, const char *status,
					  TimestampTz boundary, TimestampTz next_invoice_at)
{
	const CbSubscriptionFacts *facts = &subscription->facts;
	bool		has_next = facts->next_plan_at != DT_NOEND;

	cb_execute(&write_facts,
			   CB_ARGS(cb_uuid(&subscription->id), unless(subscription->anchor, DT_NOBEGIN),
					   unless(subscription->purchased_at, DT_NOBEGIN),
					   unless(subscription->period_start, DT_NOBEGIN),
					   facts->is_paid ? cb_timestamptz(facts->paid_through) : cb_null(),
					   facts->is_paid ? cb_timestamptz(facts->grace_until) : cb_null(),
					   unless(subscription->first_expired_at, DT_NOBEGIN), unless(boundary, DT_NOEND),
					   cb_text(status), cb_uuid(has_next ? &subscription->next_plan_id : NULL),
					   has_next ? cb_int4(subscription->next_quantity) : cb_null(),
					   unless(facts->next_plan_at, DT_NOEND), unless(next_invoice_at, DT_NOEND)));
}

static NullableDatum
unless(TimestampTz time, TimestampTz absent)
{
	return time == absent ? cb_null() : cb_timestamptz(time);
}
