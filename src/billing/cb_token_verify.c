/*-------------------------------------------------------------------------
 *
 * cb_token_verify.c
 *	  Tokens of subscriptions, verified again.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_subscription.h"
#include "billing/cb_subscription_hold.h"
#include "billing/cb_subscription_token.h"
#include "billing/cb_token_verify.h"
#include "cb_args.h"
#include "cb_call.h"
#include "cb_clock.h"
#include "cb_errors.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_charm_check.h"
#include "chain/cb_incarnation.h"

#define DEFAULT_MAX_ROWS 1000

/* The tokens c that f has on its address, and the transactions k that made them. */
#define TOKENS_OF_F \
	"charmbills.charms c " \
	"CROSS JOIN LATERAL (SELECT k.* FROM charmbills.charm_transactions k " \
	"                    WHERE k.plan_id = c.plan_id AND k.txid = charmbills.outpoint_txid(c.outpoint) " \
	"                    OFFSET 0) k " \
	"WHERE c.plan_id = f.plan_id AND c.script = charmbills.address_to_script(f.subscriber_address) " \
	"      AND " CB_TOKENS_COUNT("$2", "$3")

CB_STATEMENT(find_due, "timestamptz int8",
			 "SELECT f.id FROM " CB_TOKENS_DUE("$1") "ORDER BY f.token_check_at LIMIT $2");
CB_KEYS_STATEMENT(lock_free, "uuid[]",
				  "SELECT f.id FROM charmbills.subscription_facts f WHERE f.id = ANY ($1) "
				  "ORDER BY f.id FOR NO KEY UPDATE SKIP LOCKED");
CB_STATEMENT(lock_one, "uuid",
			 "SELECT f.id FROM charmbills.subscription_facts f WHERE f.id = $1 FOR NO KEY UPDATE");
/* $4: proofs that were checked since need no other check. */
CB_KEYS_STATEMENT(find_makers, "uuid[] timestamptz interval timestamptz",
				  "SELECT t.id, t.merchant_id, t.plan_id, t.txid "
				  "FROM (SELECT DISTINCT ON (k.plan_id, k.txid) f.id, f.merchant_id, k.plan_id, k.txid "
				  "      FROM charmbills.subscription_facts f "
				  "      CROSS JOIN LATERAL (SELECT k.plan_id, k.txid FROM " TOKENS_OF_F
				  "                                AND k.judged_at <= $4) k "
				  "      WHERE f.id = ANY ($1) ORDER BY k.plan_id, k.txid, f.id) t "
				  "ORDER BY t.plan_id, t.txid");
CB_STATEMENT(read_result, "uuid timestamptz interval text",
			 "SELECT CASE WHEN $4 IS NOT NULL THEN 'mismatch' "
			 "            WHEN coalesce(f.token_amount, 0) = 0 THEN 'none' "
			 "            WHEN k.is_unknown THEN 'unknown' "
			 "            WHEN k.is_mock THEN 'mock' "
			 "            ELSE 'valid' END, "
			 "       $4, f.token_utxo, f.token_amount, f.last_verified_at "
			 "FROM charmbills.subscription_facts f "
			 "CROSS JOIN LATERAL (SELECT pg_catalog.bool_or(c.spent_height IS NOT NULL) AS is_unknown, "
			 "                           pg_catalog.bool_or(k.verdict = 'mock') AS is_mock "
			 "                    FROM " TOKENS_OF_F ") k "
			 "WHERE f.id = $1");

/* A transaction that made tokens, and a subscription that has some of them. */
typedef struct Maker
{
	pg_uuid_t	subscription_id;
	pg_uuid_t	merchant_id;
	pg_uuid_t	plan_id;
	CbHash256	txid;
	const char *difference;		/* from what was known; NULL for none */
	CbCharmVerdicts *verdicts;	/* of the plan, at its first maker that differs */
} Maker;

static const char *check_makers(const pg_uuid_t *ids, int n, TimestampTz judged_before,
								TimestampTz now, CbEvents *events);
static const char *first_difference(const Maker *makers, int n);
static const char *look_again(Maker *makers, int n);
static void write_checked(const Maker *makers, int n);
static Maker *load_makers(int n);
static void follow_again(const Maker *makers, int n);
static void announce(const Maker *maker, TimestampTz now, CbEvents *events);
static NullableDatum unknown_grace(void);

/*
 * charmbills.verify_token(subscription_id uuid)
 *		-> (verdict, reason text, token_utxo outpoint, token_amount numeric,
 *		last_verified_at timestamptz)
 */
CB_FUNCTION(verify_token, CB_MERCHANT)
{
	CbEvents	events = {NIL};
	TimestampTz now = cb_now();
	pg_uuid_t	id;
	const char *difference;

	cb_require_args(fcinfo, 1);
	id = *PG_GETARG_UUID_P(0);
	(void) cb_subscription_authorize(&id);
	difference = check_makers(&id, 1, now, now, &events);
	cb_execute_one(&lock_one, CB_ARGS(cb_uuid(&id)));
	cb_subscription_tokens_refresh(&id, 1, now, now, &events);
	cb_events_write(&events);
	cb_execute_one(&read_result,
				   CB_ARGS(cb_uuid(&id), cb_timestamptz(cb_lapse_clock(now)), unknown_grace(), cb_text(difference)));
	return cb_return_rows(fcinfo);
}

/* charmbills.verify_tokens(max_rows integer) -> integer */
CB_FUNCTION(verify_tokens, CB_OPERATOR)
{
	TimestampTz now = cb_now();
	int64		max_rows = PG_ARGISNULL(0) ? DEFAULT_MAX_ROWS : PG_GETARG_INT32(0);

	if (max_rows <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("max_rows must be positive")));
	if (!cb_incarnation_is_ours())
		PG_RETURN_INT32(0);
	PG_RETURN_INT32((int32) cb_tokens_verify_due(cb_lapse_clock(now), now, max_rows));
}

/* Rows of the chain layer's come before subscriptions, as they do in a block. */
int64
cb_tokens_verify_due(TimestampTz lapse, TimestampTz now, int64 max_rows)
{
	CbEvents	events = {NIL};
	int			n = (int) cb_execute(&find_due, CB_ARGS(cb_timestamptz(lapse), cb_int8(max_rows)));
	pg_uuid_t  *ids = cb_column_uuids(n);

	if (n == 0)
		return 0;
	(void) check_makers(ids, n, now - USECS_PER_DAY, now, &events);
	n = (int) cb_execute(&lock_free, CB_ARGS(cb_uuid_array(ids, n)));
	cb_subscription_tokens_refresh(cb_column_uuids(n), n, now, now, &events);
	cb_events_write(&events);
	return n;
}

/* What differs first from what was known, NULL for nothing; plans where something does are followed again. */
static const char *
check_makers(const pg_uuid_t *ids, int n, TimestampTz judged_before, TimestampTz now, CbEvents *events)
{
	int			n_makers = (int) cb_execute(&find_makers,
											CB_ARGS(cb_uuid_array(ids, n), cb_timestamptz(cb_lapse_clock(now)),
													unknown_grace(), cb_timestamptz(judged_before)));
	Maker	   *makers = load_makers(n_makers);
	const char *first;

	for (int i = 0; i < n_makers; i++)
		makers[i].difference = cb_charm_reverify(&makers[i].plan_id, &makers[i].txid);
	first = first_difference(makers, n_makers);
	if (first != NULL)
		first = look_again(makers, n_makers);
	write_checked(makers, n_makers);
	if (first == NULL)
		return NULL;
	follow_again(makers, n_makers);
	for (int i = 0; i < n_makers; i++)
		if (makers[i].difference != NULL)
			announce(&makers[i], now, events);
	return first;
}

static const char *
first_difference(const Maker *makers, int n)
{
	for (int i = 0; i < n; i++)
		if (makers[i].difference != NULL)
			return makers[i].difference;
	return NULL;
}

/*
 * What seems to differ may have been read in the middle of a block: once more with
 * the cursor locked, which comes before every other lock.
 */
static const char *
look_again(Maker *makers, int n)
{
	const pg_uuid_t *judged = NULL;
	CbChainState chain;

	for (int i = 0; i < n; i++)
	{
		if (makers[i].difference == NULL || (judged != NULL && cb_uuid_equal(judged, &makers[i].plan_id)))
			continue;
		judged = &makers[i].plan_id;
		makers[i].verdicts = cb_charm_judge_again(judged);
	}
	cb_chain_lock(&chain);
	for (int i = 0; i < n; i++)
		if (makers[i].difference != NULL)
			makers[i].difference = cb_charm_reverify(&makers[i].plan_id, &makers[i].txid);
	return first_difference(makers, n);
}

static void
write_checked(const Maker *makers, int n)
{
	pg_uuid_t  *plans = palloc(sizeof(pg_uuid_t) * Max(n, 1));
	CbHash256  *txids = palloc(sizeof(CbHash256) * Max(n, 1));
	int			n_checked = 0;

	for (int i = 0; i < n; i++)
	{
		if (makers[i].difference != NULL)
			continue;
		plans[n_checked] = makers[i].plan_id;
		txids[n_checked++] = makers[i].txid;
	}
	cb_charm_checked(plans, txids, n_checked);
}

static Maker *
load_makers(int n)
{
	Maker	   *makers = palloc0(sizeof(Maker) * Max(n, 1));

	for (int i = 0; i < n; i++)
	{
		makers[i].subscription_id = cb_column_uuid(i, 1);
		makers[i].merchant_id = cb_column_uuid(i, 2);
		makers[i].plan_id = cb_column_uuid(i, 3);
		makers[i].txid = cb_column_txid(i, 4);
	}
	return makers;
}

/* Each plan once; makers are in order of plan. */
static void
follow_again(const Maker *makers, int n)
{
	const CbCharmVerdicts *verdicts = NULL;
	const pg_uuid_t *followed = NULL;

	for (int i = 0; i < n; i++)
	{
		if (makers[i].verdicts != NULL)
			verdicts = makers[i].verdicts;
		if (makers[i].difference == NULL || (followed != NULL && cb_uuid_equal(followed, &makers[i].plan_id)))
			continue;
		followed = &makers[i].plan_id;
		cb_charm_follow_again(followed, verdicts);
	}
}

static void
announce(const Maker *maker, TimestampTz now, CbEvents *events)
{
	CbJson		payload;

	cb_execute_one(&lock_one, CB_ARGS(cb_uuid(&maker->subscription_id)));
	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &maker->subscription_id);
	cb_json_uuid(&payload, "plan_id", &maker->plan_id);
	cb_json_txid(&payload, "txid", &maker->txid);
	cb_json_text(&payload, "reason", maker->difference);
	cb_event_uuid(events, "charm.mismatch", &maker->merchant_id, "subscription", &maker->subscription_id,
				  cb_json_end(&payload), now);
}

static NullableDatum
unknown_grace(void)
{
	return cb_microseconds(cb_guc_unknown_grace * USECS_PER_SEC);
}
