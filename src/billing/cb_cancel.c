/*-------------------------------------------------------------------------
 *
 * cb_cancel.c
 *	  Canceling subscriptions, and thinking better of it.
 *
 * Canceling gives nothing back: what has been paid for is used until it ends,
 * or given up.  Money for what will not be used becomes the customer's credit.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_cancel.h"
#include "billing/cb_invoice.h"
#include "billing/cb_pause.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"

/* Of invoices that something has been received for; pauses since have moved their ends. */
CB_STATEMENT(read_kept, "uuid",
			 "SELECT max(i.period_end + (f.paused_for - i.paused_before)) "
			 "FROM charmbills.invoices i JOIN charmbills.subscription_facts f ON f.id = i.subscription_id "
			 "WHERE f.id = $1 AND (i.status = 'processing' OR i.status = 'open' AND i.received_sats > 0)");
/* What a late payment that is under way would still pay. */
CB_STATEMENT(lock_late, "uuid",
			 "SELECT i.id FROM charmbills.invoices i "
			 "WHERE i.subscription_id = $1 AND i.status IN ('expired', 'uncollectible') AND i.received_sats > 0 "
			 "ORDER BY i.id FOR NO KEY UPDATE");
CB_STATEMENT(write_cancellation, "uuid timestamptz bool",
			 "UPDATE charmbills.subscription_facts "
			 "SET canceled_at = coalesce(canceled_at, $2), cancel_at_period_end = $3 WHERE id = $1");
CB_STATEMENT(write_end, "uuid timestamptz",
			 "UPDATE charmbills.subscription_facts SET ended_at = $2 WHERE id = $1");
CB_STATEMENT(take_back, "uuid",
			 "UPDATE charmbills.subscription_facts "
			 "SET canceled_at = NULL, cancel_at_period_end = false, ended_at = NULL WHERE id = $1");

static void cancel(CbHeldSubscription *held, bool at_period_end, TimestampTz now, CbEvents *events);
static void check_ends(TimestampTz ended_at);
static void void_all(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events);
static void announce(const CbHeldSubscription *held, bool at_period_end, TimestampTz ended_at,
					 TimestampTz now, CbEvents *events);

/* charmbills.cancel_subscription(subscription_id uuid, at_period_end boolean) -> subscriptions */
CB_FUNCTION(cancel_subscription, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbHeldSubscription held;
	TimestampTz now = cb_now();
	bool		at_period_end;

	cb_require_args(fcinfo, 2);
	at_period_end = PG_GETARG_BOOL(1);
	cb_subscription_hold(PG_GETARG_UUID_P(0), now, &events, &held);
	if (held.ended_at > now && !(held.is_canceled && at_period_end))
		cancel(&held, at_period_end, now, &events);
	cb_events_write(&events);
	return cb_subscription_return(fcinfo, &held.id);
}

/* The end of what is paused is not known before it is resumed. */
static void
cancel(CbHeldSubscription *held, bool at_period_end, TimestampTz now, CbEvents *events)
{
	TimestampTz ended_at = at_period_end ? cb_cancel_at_period_end(held, now) : now;

	check_ends(ended_at);
	if (held->paused_at != DT_NOEND)
	{
		if (at_period_end)
			ended_at = DT_NOEND;
		else
			cb_pause_end(held, now);
	}
	cb_execute(&write_cancellation,
			   CB_ARGS(cb_uuid(&held->id), cb_timestamptz(now), cb_bool(at_period_end)));
	cb_cancel_write_end(&held->id, ended_at);
	announce(held, at_period_end, ended_at, now, events);
	if (ended_at <= now)
		void_all(&held->id, now, events);
	else
		cb_invoice_void_open(&held->id, false, CB_VOID_CANCELED, now, events);
	cb_subscription_refresh(&held->id, 1, now, events);
}

TimestampTz
cb_cancel_at_period_end(const CbHeldSubscription *held, TimestampTz now)
{
	TimestampTz end = held->is_paid ? held->paid_through : held->has_trial ? held->trial_end : now;

	cb_execute_one(&read_kept, CB_ARGS(cb_uuid(&held->id)));
	if (!cb_column_is_null(0, 1))
		end = Max(end, cb_column_timestamptz(0, 1));
	return Max(end, now);
}

static void
check_ends(TimestampTz ended_at)
{
	if (TIMESTAMP_IS_NOEND(ended_at))
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription is paid for life, and its period does not end"),
				 errhint("Cancel it at once, with at_period_end => false.")));
}

void
cb_cancel_write_end(const pg_uuid_t *id, TimestampTz ended_at)
{
	cb_execute(&write_end,
			   CB_ARGS(cb_uuid(id), ended_at == DT_NOEND ? cb_null() : cb_timestamptz(ended_at)));
}

/* Payments under way become credit when they are confirmed. */
static void
void_all(const pg_uuid_t *subscription_id, TimestampTz now, CbEvents *events)
{
	int			n = (int) cb_execute(&lock_late, CB_ARGS(cb_uuid(subscription_id)));

	cb_invoice_void(cb_column_uuids(n), n, CB_VOID_CANCELED, now, events);
	cb_invoice_void_open(subscription_id, true, CB_VOID_CANCELED, now, events);
}

static void
announce(const CbHeldSubscription *held, bool at_period_end, TimestampTz ended_at,
		 TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &held->id);
	cb_json_bool(&payload, "at_period_end", at_period_end);
	if (ended_at != DT_NOEND)
		cb_json_time(&payload, "ended_at", ended_at);
	cb_event_uuid(events, "subscription.cancellation_requested", &held->merchant_id, "subscription",
				  &held->id, cb_json_end(&payload), now);
}

/*
 * charmbills.uncancel_subscription(subscription_id uuid) -> subscriptions
 *
 * All is as it was; an invoice that canceling made void is issued anew when
 * billing is run next.
 */
CB_FUNCTION(uncancel_subscription, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	CbHeldSubscription held;
	TimestampTz now = cb_now();
	CbJson		payload;

	cb_require_args(fcinfo, 1);
	cb_subscription_hold(PG_GETARG_UUID_P(0), now, &events, &held);
	if (held.ended_at <= now)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("subscription has ended"),
				 errhint("The customer can subscribe again.")));
	if (held.is_canceled)
	{
		cb_execute(&take_back, CB_ARGS(cb_uuid(&held.id)));
		cb_json_begin(&payload);
		cb_json_uuid(&payload, "subscription_id", &held.id);
		cb_event_uuid(&events, "subscription.uncanceled", &held.merchant_id, "subscription", &held.id,
					  cb_json_end(&payload), now);
		cb_subscription_refresh(&held.id, 1, now, &events);
	}
	cb_events_write(&events);
	return cb_subscription_return(fcinfo, &held.id);
}
