/*-------------------------------------------------------------------------
 *
 * cb_entitled.c
 *	  Whether a customer has access now: what applications ask on each request.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_address_text.h"
#include "billing/cb_status.h"
#include "billing/cb_token_access.h"
#include "cb_args.h"
#include "cb_auth.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_scan.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

/*
 * Nothing here executes SQL: a few look-ups by index cost less than one
 * statement over the view subscriptions, which says the same.
 */
enum
{
	PLAN_ID,
	PLAN_MERCHANT_ID,
	ENTITLEMENT,
	TOKEN_UNITS,
	TOKEN_ACCESS,
	BILLING_CYCLE
};

static CbTable plans = {
	.name = "plans",
	.columns = {"id", "merchant_id", "entitlement", "token_units", "token_access", "billing_cycle"}
};

static CbIndex plan_by_id = {
	.table = &plans,
	.name = "plans_pkey",
	.columns = {PLAN_ID},
	.equal = {F_UUID_EQ}
};

enum
{
	CUSTOMER_ID,
	CUSTOMER_MERCHANT_ID,
	EXTERNAL_ID,
	CUSTOMER_ADDRESS
};

static CbTable customers = {
	.name = "customers",
	.columns = {"id", "merchant_id", "external_id", "address"}
};

static CbIndex customer_by_external_id = {
	.table = &customers,
	.name = "customers_external_id_key",
	.columns = {CUSTOMER_MERCHANT_ID, EXTERNAL_ID},
	.equal = {F_UUID_EQ, F_TEXTEQ}
};

enum
{
	SUBSCRIBED_PLAN_ID,
	SUBSCRIBED_MERCHANT_ID,
	SUBSCRIBED_CUSTOMER_ID,
	SUBSCRIBER_ADDRESS,
	TRIAL_END,
	PAID_THROUGH,
	GRACE_UNTIL,
	FIRST_EXPIRED_AT,
	PAUSED_AT,
	ENDED_AT,
	NEXT_PLAN_ID,
	NEXT_PLAN_AT
};

static CbTable subscriptions = {
	.name = "subscription_facts",
	.columns = {"plan_id", "merchant_id", "customer_id", "subscriber_address", "trial_end",
		"paid_through", "grace_until", "first_expired_at", "paused_at", "ended_at",
	"next_plan_id", "next_plan_at"}
};

static CbIndex subscriptions_by_customer = {
	.table = &subscriptions,
	.name = "subscription_facts_customer_idx",
	.columns = {SUBSCRIBED_CUSTOMER_ID},
	.equal = {F_UUID_EQ}
};

static CbIndex subscriptions_by_address = {
	.table = &subscriptions,
	.name = "subscription_facts_address_idx",
	.columns = {SUBSCRIBED_MERCHANT_ID, SUBSCRIBER_ADDRESS},
	.equal = {F_UUID_EQ, F_TEXTEQ}
};

/* In version 1.0.0, where no subscription is for another plan later. */
static CbIndex subscriptions_by_plan_and_address = {
	.table = &subscriptions,
	.name = "subscription_facts_plan_address_idx",
	.columns = {SUBSCRIBED_PLAN_ID, SUBSCRIBER_ADDRESS},
	.equal = {F_UUID_EQ, F_TEXTEQ}
};

typedef struct Question
{
	pg_uuid_t	plan_id;
	pg_uuid_t	merchant_id;	/* who sells the plan */
	bool		is_by_payment;
	bool		is_by_token;
	CbTokenTerms terms;			/* of tokens */
	bool		has_address;
	char	   *address;
	bool		has_customer;
	pg_uuid_t	customer_id;
	char	   *customer_address;	/* NULL where none is known */
	Snapshot	snapshot;
} Question;

static bool load_question(FunctionCallInfo fcinfo, Question *question);
static void find_plan(Question *question);
static void read_terms(const CbScan *scan, Question *question);
static bool find_customer(Question *question, Datum external_id);
static bool is_entitled_by_payment(const Question *question);
static bool is_entitled_by_token(const Question *question);
static void add_addresses_of_customer(const Question *question, CbTokenOwner *owner);
static bool is_customer_entitled(const Question *question);
static bool is_address_entitled(const Question *question);
static bool any_gives_access(const Question *question, CbScan *scan);
static bool is_of_address(const Question *question, const CbScan *scan);
static bool is_for_plan(const Question *question, const CbScan *scan, TimestampTz now);
static bool gives_access(const Question *question, const CbScan *scan, TimestampTz now);
static void read_facts(const CbScan *scan, CbSubscriptionFacts *facts);
static bool has_instant(const CbScan *scan, int column, TimestampTz *value);
static bool is_access(const char *status);

/*
 * charmbills.is_entitled(plan_id uuid, subscriber_address, external_id text) -> boolean
 *
 * What is no address has subscribed to nothing; it may come from a stranger's
 * request, so it is no error.
 */
CB_DIRECT_FUNCTION(is_entitled, CB_MERCHANT)
{
	Question	question = {.snapshot = GetActiveSnapshot()};

	cb_require_args(fcinfo, 1);
	if (!load_question(fcinfo, &question))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL((question.is_by_payment && is_entitled_by_payment(&question)) ||
				   (question.is_by_token && is_entitled_by_token(&question)));
}

/* False where there is nobody who could be entitled. */
static bool
load_question(FunctionCallInfo fcinfo, Question *question)
{
	CbScriptBuf script;

	question->plan_id = *PG_GETARG_UUID_P(0);
	question->has_address = !PG_ARGISNULL(1);
	question->has_customer = !PG_ARGISNULL(2);
	if (!question->has_address && !question->has_customer)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a subscriber needs subscriber_address, external_id, or both")));
	find_plan(question);
	cb_authorize(&question->merchant_id);
	if (question->has_address)
		question->address = cb_address_or_null(text_to_cstring(PG_GETARG_TEXT_PP(1)), &script);
	if (question->has_address && question->address == NULL)
		return false;
	return !question->has_customer || find_customer(question, PG_GETARG_DATUM(2));
}

static void
find_plan(Question *question)
{
	const Datum values[] = {UUIDPGetDatum(&question->plan_id)};
	CbScan		scan;

	cb_scan_begin(&scan, &plan_by_id, values, question->snapshot);
	if (!cb_scan_next(&scan))
		ereport(ERROR,
				(errcode(ERRCODE_CB_NOT_FOUND),
				 errmsg("plan does not exist")));
	(void) cb_scan_uuid(&scan, PLAN_MERCHANT_ID, &question->merchant_id);
	read_terms(&scan, question);
	cb_scan_end(&scan);
}

/* Before version 1.2.0 only payment gave access. */
static void
read_terms(const CbScan *scan, Question *question)
{
	bool		isnull;
	Datum		entitlement = cb_scan_column(scan, ENTITLEMENT, &isnull);
	char	   *by = isnull ? "payment" : TextDatumGetCString(entitlement);
	CbTokenTerms *terms = &question->terms;

	question->is_by_payment = strcmp(by, "token") != 0;
	question->is_by_token = strcmp(by, "payment") != 0;
	if (!question->is_by_token)
		return;
	terms->plan_id = question->plan_id;
	terms->merchant_id = question->merchant_id;
	terms->units = datumCopy(cb_scan_column(scan, TOKEN_UNITS, &isnull), false, -1);
	if (strcmp(TextDatumGetCString(cb_scan_column(scan, TOKEN_ACCESS, &isnull)), "cycle") == 0)
		terms->cycle = TextDatumGetCString(cb_scan_column(scan, BILLING_CYCLE, &isnull));
}

static bool
find_customer(Question *question, Datum external_id)
{
	const Datum values[] = {UUIDPGetDatum(&question->merchant_id), external_id};
	CbScan		scan;
	bool		found;
	bool		isnull;

	cb_scan_begin(&scan, &customer_by_external_id, values, question->snapshot);
	found = cb_scan_next(&scan) && cb_scan_uuid(&scan, CUSTOMER_ID, &question->customer_id);
	if (found && question->is_by_token)
	{
		Datum		address = cb_scan_column(&scan, CUSTOMER_ADDRESS, &isnull);

		question->customer_address = isnull ? NULL : TextDatumGetCString(address);
	}
	cb_scan_end(&scan);
	return found;
}

static bool
is_entitled_by_payment(const Question *question)
{
	return question->has_customer ? is_customer_entitled(question) : is_address_entitled(question);
}

/* Who holds the token is subscribed, whether there is a subscription or not. */
static bool
is_entitled_by_token(const Question *question)
{
	CbTokenOwner owner = {NULL, 0, 0};

	if (question->has_customer)
		add_addresses_of_customer(question, &owner);
	else
		cb_token_owner_add(&owner, question->address);
	return cb_token_gives_access(&question->terms, &owner, question->snapshot);
}

/* The one known of it, and those of its subscriptions to this plan; or the one asked for, if it is among them. */
static void
add_addresses_of_customer(const Question *question, CbTokenOwner *owner)
{
	const Datum values[] = {UUIDPGetDatum(&question->customer_id)};
	TimestampTz now = cb_now_seen(question->snapshot);
	CbScan		scan;

	if (question->customer_address != NULL &&
		(!question->has_address || strcmp(question->customer_address, question->address) == 0))
		cb_token_owner_add(owner, question->customer_address);
	cb_scan_begin(&scan, &subscriptions_by_customer, values, question->snapshot);
	while (cb_scan_next(&scan))
	{
		bool		isnull;
		Datum		address = cb_scan_column(&scan, SUBSCRIBER_ADDRESS, &isnull);

		if (!isnull && is_of_address(question, &scan) && is_for_plan(question, &scan, now))
			cb_token_owner_add(owner, TextDatumGetCString(address));
	}
	cb_scan_end(&scan);
}

static bool
is_customer_entitled(const Question *question)
{
	const Datum values[] = {UUIDPGetDatum(&question->customer_id)};
	CbScan		scan;

	cb_scan_begin(&scan, &subscriptions_by_customer, values, question->snapshot);
	return any_gives_access(question, &scan);
}

static bool
is_address_entitled(const Question *question)
{
	const Datum address = CStringGetTextDatum(question->address);
	const Datum by_merchant[] = {UUIDPGetDatum(&question->merchant_id), address};
	const Datum by_plan[] = {UUIDPGetDatum(&question->plan_id), address};
	CbScan		scan;

	if (!cb_index_exists(&subscriptions_by_address) && cb_index_exists(&subscriptions_by_plan_and_address))
		cb_scan_begin(&scan, &subscriptions_by_plan_and_address, by_plan, question->snapshot);
	else
		cb_scan_begin(&scan, &subscriptions_by_address, by_merchant, question->snapshot);
	return any_gives_access(question, &scan);
}

/* Ends the scan. */
static bool
any_gives_access(const Question *question, CbScan *scan)
{
	TimestampTz now = DT_NOEND;
	bool		found = false;

	while (!found && cb_scan_next(scan))
	{
		if (now == DT_NOEND)
			now = cb_now_seen(question->snapshot);
		found = is_of_address(question, scan) && is_for_plan(question, scan, now) &&
			gives_access(question, scan, now);
	}
	cb_scan_end(scan);
	return found;
}

static bool
is_of_address(const Question *question, const CbScan *scan)
{
	bool		isnull;
	Datum		address;

	if (!question->has_address)
		return true;
	address = cb_scan_column(scan, SUBSCRIBER_ADDRESS, &isnull);
	return !isnull && strcmp(TextDatumGetCString(address), question->address) == 0;
}

/* A paid change of plan takes effect by time alone. */
static bool
is_for_plan(const Question *question, const CbScan *scan, TimestampTz now)
{
	TimestampTz changes_at;
	bool		has_changed;
	pg_uuid_t	plan_id;

	has_changed = has_instant(scan, NEXT_PLAN_AT, &changes_at) && changes_at <= now;
	return cb_scan_uuid(scan, has_changed ? NEXT_PLAN_ID : SUBSCRIBED_PLAN_ID, &plan_id) &&
		memcmp(&plan_id, &question->plan_id, sizeof(plan_id)) == 0;
}

/*
 * What has not run out now had not run out earlier: how far the chain has been
 * followed matters only to the others.
 */
static bool
gives_access(const Question *question, const CbScan *scan, TimestampTz now)
{
	CbSubscriptionFacts facts = {0};
	CbClock		clock;

	read_facts(scan, &facts);
	if (is_access(cb_subscription_status(&facts, now, now)))
		return true;
	cb_clock_read(&clock, question->snapshot);
	return is_access(cb_subscription_status(&facts, clock.now, clock.lapse));
}

static void
read_facts(const CbScan *scan, CbSubscriptionFacts *facts)
{
	facts->has_trial = has_instant(scan, TRIAL_END, &facts->trial_end);
	facts->is_paid = has_instant(scan, PAID_THROUGH, &facts->paid_through);
	(void) has_instant(scan, GRACE_UNTIL, &facts->grace_until);
	facts->first_expired = has_instant(scan, FIRST_EXPIRED_AT, NULL);
	(void) has_instant(scan, PAUSED_AT, &facts->paused_at);
	(void) has_instant(scan, ENDED_AT, &facts->ended_at);
}

/* One that is not known is DT_NOEND, which never comes. */
static bool
has_instant(const CbScan *scan, int column, TimestampTz *value)
{
	bool		isnull;
	Datum		datum = cb_scan_column(scan, column, &isnull);

	if (value != NULL)
		*value = isnull ? DT_NOEND : DatumGetTimestampTz(datum);
	return !isnull;
}

static bool
is_access(const char *status)
{
	return strcmp(status, "trialing") == 0 || strcmp(status, "active") == 0 ||
		strcmp(status, "past_due") == 0;
}
