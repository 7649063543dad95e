/*-------------------------------------------------------------------------
 *
 * cb_subscription_token.c
 *	  The tokens on a subscription's address.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "billing/cb_plan_app.h"
#include "billing/cb_settle.h"
#include "billing/cb_subscription.h"
#include "billing/cb_subscription_token.h"
#include "bitcoin/cb_address.h"
#include "catalog/pg_type.h"
#include "cb_guc.h"
#include "cb_json.h"
#include "cb_sql.h"
#include "utils/builtins.h"

/*
 * Subqueries with an offset are looked up one by one, by their keys, also where
 * the plan was made while the tables were empty.
 */
#define HOLDERS \
	"unnest($1, $2) h(plan_id, address) " \
	"CROSS JOIN LATERAL (SELECT p.merchant_id FROM charmbills.plans p WHERE p.id = h.plan_id OFFSET 0) p "
#define OF_HOLDER \
	"charmbills.subscription_facts f " \
	"WHERE f.merchant_id = p.merchant_id AND f.subscriber_address = h.address AND f.plan_id = h.plan_id "

CB_KEYS_STATEMENT(find_to_lock, "uuid[] text[] uuid[]",
				  "SELECT f.id FROM " HOLDERS "CROSS JOIN LATERAL (SELECT f.id FROM " OF_HOLDER "OFFSET 0) f "
				  "UNION "
				  "SELECT i.subscription_id FROM charmbills.invoices i "
				  "WHERE i.id = ANY ($3) AND i.subscription_id IS NOT NULL "
				  "ORDER BY 1");
/* What was waited for is locked; what came since is for the next block. */
CB_KEYS_STATEMENT(find_holders, "uuid[] text[]",
				  "SELECT f.id FROM " HOLDERS
				  "CROSS JOIN LATERAL (SELECT f.id FROM " OF_HOLDER "FOR NO KEY UPDATE SKIP LOCKED) f ORDER BY f.id");
CB_STATEMENT(find_unsettled, "",
			 "SELECT f.id FROM charmbills.subscription_facts f WHERE f.token_check_at = '-infinity' "
			 "ORDER BY f.id FOR NO KEY UPDATE SKIP LOCKED");
CB_STATEMENT(unsettle, "uuid",
			 "UPDATE charmbills.subscription_facts f SET token_check_at = '-infinity' "
			 "FROM charmbills.plans p "
			 "WHERE f.id = $1 AND p.id = f.plan_id AND f.subscriber_address IS NOT NULL AND " CB_PLAN_IS_TRACKED("p"));
CB_KEYS_STATEMENT(write_tokens, "uuid[] timestamptz interval timestamptz",
				  "WITH facts AS ("
				  "  SELECT f.id, f.merchant_id, f.plan_id, f.token_utxo AS old_utxo, f.token_amount AS old_amount, "
				  "         h.utxo, CASE WHEN t.is_tracked THEN coalesce(h.amount, 0) END AS amount, "
				  "         coalesce(h.verified_at, f.last_verified_at) AS verified_at, "
				  "         least(greatest(h.verified_at, $4) + " CB_TOKEN_CHECK_EVERY ", h.lapses_at) AS check_at "
				  "  FROM charmbills.subscription_facts f "
				  "  JOIN charmbills.plans p ON p.id = f.plan_id "
				  "  CROSS JOIN LATERAL (SELECT " CB_PLAN_IS_TRACKED("p") " AND f.subscriber_address IS NOT NULL) t(is_tracked) "
				  "  CROSS JOIN LATERAL "
				  "    (SELECT (pg_catalog.array_agg(c.outpoint ORDER BY c.amount DESC, c.block_height, c.outpoint))[1], "
				  "            sum(c.amount), "
				  "            min((SELECT k.judged_at FROM charmbills.charm_transactions k "
				  "                 WHERE k.plan_id = c.plan_id AND k.txid = charmbills.outpoint_txid(c.outpoint))), "
				  "            min(c.spent_at + $3) FILTER (WHERE c.spent_height IS NOT NULL) "
				  "     FROM charmbills.charms c "
				  "     WHERE t.is_tracked AND c.plan_id = p.id AND c.script = charmbills.address_to_script(f.subscriber_address) "
				  "           AND " CB_TOKENS_COUNT("$2", "$3") ") h(utxo, amount, verified_at, lapses_at) "
				  "  WHERE f.id = ANY ($1)"
				  "), written AS ("
				  "  UPDATE charmbills.subscription_facts f "
				  "  SET token_utxo = x.utxo, token_amount = x.amount, last_verified_at = x.verified_at, "
				  "      token_check_at = x.check_at "
				  "  FROM facts x "
				  "  WHERE f.id = x.id "
				  "        AND (f.token_utxo, f.token_amount, f.last_verified_at, f.token_check_at) "
				  "            IS DISTINCT FROM (x.utxo, x.amount, x.verified_at, x.check_at)"
				  ") "
				  "SELECT x.id, x.merchant_id, x.plan_id, x.old_utxo, x.utxo, "
				  "       coalesce(x.old_amount, 0)::text, coalesce(x.amount, 0)::text "
				  "FROM facts x "
				  "WHERE (x.old_utxo, coalesce(x.old_amount, 0)) IS DISTINCT FROM (x.utxo, coalesce(x.amount, 0)) "
				  "ORDER BY x.id");

/* Holders of a change as parameters; scripts without an address are nobody's who subscribed. */
typedef struct HolderArrays
{
	NullableDatum plans;
	NullableDatum addresses;
} HolderArrays;

static void make_holder_arrays(const CbChange *change, HolderArrays *holders);
static void follow(int n, const CbChange *change, CbEvents *events);
static void announce(uint64 row, TimestampTz now, CbEvents *events);
static void add_outpoint(CbJson *payload, const char *key, uint64 row, int column);

void
cb_subscription_tokens_refresh(const pg_uuid_t *ids, int n, TimestampTz checked_at,
							   TimestampTz now, CbEvents *events)
{
	uint64		n_changed;

	if (n == 0)
		return;
	n_changed = cb_execute(&write_tokens,
						   CB_ARGS(cb_uuid_array(ids, n), cb_timestamptz(cb_lapse_clock(now)),
								   cb_microseconds(cb_guc_unknown_grace * USECS_PER_SEC),
								   checked_at == DT_NOBEGIN ? cb_null() : cb_timestamptz(checked_at)));
	for (uint64 row = 0; row < n_changed; row++)
		announce(row, now, events);
}

void
cb_subscription_tokens_begin(const pg_uuid_t *id, TimestampTz now, CbEvents *events)
{
	cb_subscription_tokens_refresh(id, 1, DT_NOBEGIN, now, events);
	cb_execute(&unsettle, CB_ARGS(cb_uuid(id)));
}

void
cb_subscription_tokens_lock(const CbChange *change, const pg_uuid_t *invoices, int n)
{
	HolderArrays holders;

	if (change->n_charm_holders == 0)
		return;
	make_holder_arrays(change, &holders);
	n = (int) cb_execute(&find_to_lock, CB_ARGS(holders.plans, holders.addresses, cb_uuid_array(invoices, n)));
	cb_lock_subscriptions(cb_column_uuids(n), n);
}

void
cb_subscription_tokens_follow(const CbChange *change, CbEvents *events)
{
	HolderArrays holders;

	if (change->n_charm_holders > 0)
	{
		make_holder_arrays(change, &holders);
		follow((int) cb_execute(&find_holders, CB_ARGS(holders.plans, holders.addresses)), change, events);
	}
	if (change->lowest_tip != change->highest_tip)
		follow((int) cb_execute(&find_unsettled, CB_NO_ARGS), change, events);
}

/* Those of the last statement's n rows. */
static void
follow(int n, const CbChange *change, CbEvents *events)
{
	if (n > 0)
		cb_subscription_tokens_refresh(cb_column_uuids(n), n, DT_NOBEGIN, change->now, events);
}

static void
make_holder_arrays(const CbChange *change, HolderArrays *holders)
{
	const CbNetwork *network = cb_current_network();
	pg_uuid_t  *plans = palloc(sizeof(pg_uuid_t) * change->n_charm_holders);
	Datum	   *addresses = palloc(sizeof(Datum) * change->n_charm_holders);
	int			n = 0;

	for (int i = 0; i < change->n_charm_holders; i++)
	{
		char		address[CB_ADDRESS_SIZE];

		if (cb_script_to_address(change->charm_holders[i].script, network, address) != CB_OK)
			continue;
		plans[n] = change->charm_holders[i].plan_id;
		addresses[n++] = CStringGetTextDatum(address);
	}
	holders->plans = cb_uuid_array(plans, n);
	holders->addresses = cb_array(addresses, NULL, n, TEXTOID);
}

static void
announce(uint64 row, TimestampTz now, CbEvents *events)
{
	pg_uuid_t	id = cb_column_uuid(row, 1);
	pg_uuid_t	merchant_id = cb_column_uuid(row, 2);
	pg_uuid_t	plan_id = cb_column_uuid(row, 3);
	CbJson		payload;

	cb_json_begin(&payload);
	cb_json_uuid(&payload, "subscription_id", &id);
	cb_json_uuid(&payload, "plan_id", &plan_id);
	add_outpoint(&payload, "previous_token_utxo", row, 4);
	add_outpoint(&payload, "token_utxo", row, 5);
	cb_json_raw(&payload, "previous_token_amount", cb_column_text(row, 6));
	cb_json_raw(&payload, "token_amount", cb_column_text(row, 7));
	cb_event_uuid(events, "subscription.token_changed", &merchant_id, "subscription", &id,
				  cb_json_end(&payload), now);
}

static void
add_outpoint(CbJson *payload, const char *key, uint64 row, int column)
{
	CbOutpoint	outpoint = cb_column_outpoint(row, column);

	if (cb_column_is_null(row, column))
		cb_json_text(payload, key, NULL);
	else
		cb_json_outpoint(payload, key, &outpoint);
}
