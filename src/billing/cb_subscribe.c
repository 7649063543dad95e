/*-------------------------------------------------------------------------
 *
 * cb_subscribe.c
 *	  Subscribing a customer to a plan.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_customer.h"
#include "billing/cb_idempotency.h"
#include "billing/cb_invoice.h"
#include "billing/cb_items.h"
#include "billing/cb_period.h"
#include "billing/cb_plan_app.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_hold.h"
#include "billing/cb_subscription_token.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_incarnation.h"
#include "utils/builtins.h"

CB_STATEMENT(read_offer, "uuid",
			 "SELECT p.merchant_id, p.status, m.is_active, p.price_sats, p.billing_cycle, m.timezone, "
			 "       p.trial, p.grace, p.allow_multiple, p.lead_time, p.restart, p.trial_once, "
			 "       " CB_PLAN_IS_TRACKED("p") " "
			 "FROM charmbills.plans p JOIN charmbills.merchants m ON m.id = p.merchant_id "
			 "WHERE p.id = $1");

CB_STATEMENT(insert_subscription,
			 "uuid uuid uuid uuid text text text text interval timestamptz timestamptz timestamptz "
			 "interval text int4 uuid",
			 "INSERT INTO charmbills.subscription_facts "
			 "       (id, plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone, grace, "
			 "        anchor, trial_end, created_at, lead_time, restart, quantity, trial_plan_id) "
			 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)");
/* Whatever plan the subscription has changed to since. */
CB_STATEMENT(find_trial, "uuid uuid",
			 "SELECT FROM charmbills.subscription_facts f "
			 "WHERE f.customer_id = $1 AND f.trial_plan_id = $2 LIMIT 1");

/* Who subscribes, as the arguments say. */
typedef struct Subscriber
{
	CbCustomerNames names;
	char	   *metadata;		/* a JSON object, or NULL */
	int32		quantity;
} Subscriber;

/* A plan and what a subscription takes over from it. */
typedef struct Offer
{
	pg_uuid_t	plan_id;
	pg_uuid_t	merchant_id;
	char	   *status;
	bool		is_merchant_active;
	bool		is_free;
	char	   *cycle;
	char	   *timezone;
	Interval	trial;
	Interval	grace;
	bool		allow_multiple;
	Interval	lead;
	char	   *restart;
	bool		trial_once;
	bool		is_tracked;
} Offer;

static void load_subscriber(FunctionCallInfo fcinfo, Subscriber *subscriber);
static void load_offer(const pg_uuid_t *plan_id, Offer *offer);
static bool claim(FunctionCallInfo fcinfo, const Offer *offer, const Subscriber *subscriber,
				  TimestampTz now, pg_uuid_t *id);
static void check_offer(const Offer *offer);
static void add_subscription(const pg_uuid_t *id, const Offer *offer, const Subscriber *subscriber,
							 TimestampTz now);
static bool has_trial(const Offer *offer, const pg_uuid_t *customer_id);
static void announce(const pg_uuid_t *id, const Offer *offer, const Subscriber *subscriber,
					 const pg_uuid_t *customer_id, const char *status, TimestampTz now, CbEvents *events);

/*
 * charmbills.subscribe(plan_id uuid, subscriber_address, external_id text,
 *		metadata jsonb, idempotency_key text, quantity integer) -> subscriptions
 */
CB_FUNCTION(subscribe, CB_MERCHANT)
{
	Subscriber	subscriber;
	Offer		offer;
	TimestampTz now = cb_now();
	pg_uuid_t	id = cb_uuid_v7();

	cb_require_args(fcinfo, 1);
	load_offer(PG_GETARG_UUID_P(0), &offer);
	cb_authorize(&offer.merchant_id);
	load_subscriber(fcinfo, &subscriber);
	if (claim(fcinfo, &offer, &subscriber, now, &id))
	{
		check_offer(&offer);
		cb_chain_pin_network();
		/* It may lock the cursor, which comes before all else. */
		cb_incarnation_check();
		add_subscription(&id, &offer, &subscriber, now);
	}
	return cb_subscription_return(fcinfo, &id);
}

static void
load_subscriber(FunctionCallInfo fcinfo, Subscriber *subscriber)
{
	cb_customer_args(fcinfo, 1, 2, &subscriber->names);
	subscriber->metadata = cb_metadata_arg(fcinfo, 3);
	subscriber->quantity = cb_quantity_arg(fcinfo, 5, 1);
}

static void
load_offer(const pg_uuid_t *plan_id, Offer *offer)
{
	if (cb_execute(&read_offer, CB_ARGS(cb_uuid(plan_id))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	offer->plan_id = *plan_id;
	offer->merchant_id = cb_column_uuid(0, 1);
	offer->status = cb_column_text(0, 2);
	offer->is_merchant_active = cb_column_bool(0, 3);
	offer->is_free = !cb_column_is_null(0, 4) && cb_column_int8(0, 4) == 0;
	offer->cycle = cb_column_text(0, 5);
	offer->timezone = cb_column_text(0, 6);
	offer->trial = cb_column_interval(0, 7);
	offer->grace = cb_column_interval(0, 8);
	offer->allow_multiple = cb_column_bool(0, 9);
	offer->lead = cb_column_is_null(0, 10) ? cb_default_lead(offer->cycle) : cb_column_interval(0, 10);
	offer->restart = cb_column_text(0, 11);
	offer->trial_once = cb_column_bool(0, 12);
	offer->is_tracked = cb_column_bool(0, 13);
}

/* False when an earlier call with the same key has done it: *id is what it made. */
static bool
claim(FunctionCallInfo fcinfo, const Offer *offer, const Subscriber *subscriber,
	  TimestampTz now, pg_uuid_t *id)
{
	CbIdempotencyKey key;
	CbJson		arguments;

	if (PG_ARGISNULL(4))
		return true;
	cb_json_begin(&arguments);
	cb_json_uuid(&arguments, "plan_id", &offer->plan_id);
	cb_json_text(&arguments, "subscriber_address", subscriber->names.address);
	cb_json_text(&arguments, "external_id", subscriber->names.external_id);
	cb_json_raw(&arguments, "metadata", subscriber->metadata != NULL ? subscriber->metadata : "null");
	/* Keys of a time when there was no quantity stay good. */
	if (subscriber->quantity != 1)
		cb_json_int(&arguments, "quantity", subscriber->quantity);
	key.merchant_id = offer->merchant_id;
	key.key = text_to_cstring(PG_GETARG_TEXT_PP(4));
	key.function_name = "subscribe";
	key.arguments = cb_json_end(&arguments);
	return cb_idempotency_claim(&key, now, id);
}

static void
check_offer(const Offer *offer)
{
	if (!offer->is_merchant_active)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("merchant is not active")));
	if (strcmp(offer->status, "active") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_WRONG_STATE),
				 errmsg("plan is %s and cannot be subscribed to", offer->status)));
}

static void
add_subscription(const pg_uuid_t *id, const Offer *offer, const Subscriber *subscriber,
				 TimestampTz now)
{
	CbEvents	events = {NIL};
	pg_uuid_t	customer_id = cb_customer_take(&offer->merchant_id, &subscriber->names, subscriber->metadata, now);
	bool		in_trial = has_trial(offer, &customer_id);
	TimestampTz anchor = in_trial ? cb_add_interval(now, &offer->trial, offer->timezone) : now;
	const char *status = in_trial ? "trialing" : offer->is_free ? "active" : "pending";

	if (!offer->allow_multiple)
		cb_customer_check_free(&customer_id, &offer->plan_id, NULL);
	cb_execute_one(&insert_subscription,
				   CB_ARGS(cb_uuid(id), cb_uuid(&offer->plan_id), cb_uuid(&offer->merchant_id),
						   cb_uuid(&customer_id), cb_text(subscriber->names.address), cb_text(status),
						   cb_text(offer->cycle), cb_text(offer->timezone),
						   cb_datum(IntervalPGetDatum(&offer->grace)), cb_timestamptz(anchor),
						   in_trial ? cb_timestamptz(anchor) : cb_null(), cb_timestamptz(now),
						   cb_datum(IntervalPGetDatum(&offer->lead)), cb_text(offer->restart),
						   cb_int4(subscriber->quantity), cb_uuid(in_trial ? &offer->plan_id : NULL)));
	announce(id, offer, subscriber, &customer_id, status, now, &events);
	if (offer->is_tracked && subscriber->names.address != NULL)
		cb_subscription_tokens_begin(id, now, &events);
	/* An invoice that is paid at once refreshes it; one that waits leaves it as it is. */
	if (in_trial)
		cb_subscription_refresh(id, 1, now, &events);
	else
		cb_invoice_issue_first(id, now, &events);
	cb_events_write(&events);
}

/* The customer's row is locked: no other session begins one meanwhile. */
static bool
has_trial(const Offer *offer, const pg_uuid_t *customer_id)
{
	if (offer->trial.month <= 0 && offer->trial.day <= 0 && offer->trial.time <= 0)
		return false;
	return !offer->trial_once ||
		cb_execute(&find_trial, CB_ARGS(cb_uuid(customer_id), cb_uuid(&offer->plan_id))) == 0;
}

static void
announce(const pg_uuid_t *id, const Offer *offer, const Subscriber *subscriber,
		 const pg_uuid_t *customer_id, const char *status, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", id);
	cb_json_uuid(&payload, "plan_id", &offer->plan_id);
	cb_json_uuid(&payload, "customer_id", customer_id);
	cb_json_text(&payload, "external_id", subscriber->names.external_id);
	cb_json_text(&payload, "subscriber_address", subscriber->names.address);
	cb_json_text(&payload, "status", status);
	cb_json_int(&payload, "quantity", subscriber->quantity);
	cb_event_uuid(events, "subscription.created", &offer->merchant_id, "subscription", id,
				  cb_json_end(&payload), now);
}
