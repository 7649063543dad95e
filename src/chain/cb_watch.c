/*-------------------------------------------------------------------------
 *
 * cb_watch.c
 *	  Watched scripts, outpoints and apps: making them, arming them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_call.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "cb_sql.h"
#include "chain/cb_chain.h"
#include "chain/cb_chain_state.h"
#include "chain/cb_change.h"
#include "chain/cb_watch.h"

const CbHash256 cb_no_spender = {{0}};

cb_noreturn static void refuse_stranger(void);
static void announce_known_spenders(int32 height);

CB_STATEMENT(insert_script, "bytea uuid uuid int4",
			 "INSERT INTO charmbills.watched_scripts "
			 "       (script, merchant_id, descriptor_id, derivation_index, offered_height, is_armed) "
			 "SELECT $1, $2, $3, $4, coalesce(s.height, -1), false "
			 "FROM (VALUES (1)) one LEFT JOIN charmbills.chain_state s ON true "
			 "ON CONFLICT (script) DO NOTHING");
CB_STATEMENT(insert_derived, "uuid uuid bytea[] int4[]",
			 "INSERT INTO charmbills.watched_scripts "
			 "       (script, merchant_id, descriptor_id, derivation_index, offered_height, is_armed) "
			 "SELECT d.script, $1, $2, d.index, coalesce(s.height, -1), false "
			 "FROM unnest($3, $4) d(script, index) LEFT JOIN charmbills.chain_state s ON true "
			 "ON CONFLICT (script) DO NOTHING");
CB_STATEMENT(find_stranger, "uuid bytea[]",
			 "SELECT FROM charmbills.watched_scripts WHERE script = ANY ($2) AND merchant_id <> $1 LIMIT 1");
CB_STATEMENT(read_script_owner, "bytea",
			 "SELECT merchant_id FROM charmbills.watched_scripts WHERE script = $1");
/* A pruned node has no block below. */
CB_STATEMENT(rewind_to_series, "uuid int4",
			 "UPDATE charmbills.watched_scripts w "
			 "SET offered_height = greatest(s.series_height, s.node_prune_height - 1) "
			 "FROM charmbills.chain_state s "
			 "WHERE w.descriptor_id = $1 AND w.derivation_index >= $2 AND NOT w.is_armed "
			 "      AND s.series_height IS NOT NULL "
			 "      AND w.offered_height > greatest(s.series_height, s.node_prune_height - 1)");
CB_KEYS_STATEMENT(insert_outpoints, "outpoint[] txid[]",
				  "INSERT INTO charmbills.watched_outpoints (outpoint, spender, offered_height, is_armed) "
				  "SELECT o.outpoint, o.spender, coalesce(s.height, -1), false "
				  "FROM unnest($1, $2) o(outpoint, spender) LEFT JOIN charmbills.chain_state s ON true "
				  "ORDER BY o.outpoint, o.spender "
				  "ON CONFLICT DO NOTHING");
/* An output comes once for every plan that has charms on it. */
CB_KEYS_STATEMENT(insert_charms, "outpoint[] int4[] txid int4",
				  "INSERT INTO charmbills.watched_outpoints AS w (outpoint, spender, offered_height, is_armed) "
				  "SELECT DISTINCT o.outpoint, $3, CASE WHEN o.height < $4 THEN o.height END, o.height >= $4 "
				  "FROM unnest($1, $2) o(outpoint, height) ORDER BY o.outpoint "
				  "ON CONFLICT (outpoint, spender) DO UPDATE "
				  "SET offered_height = EXCLUDED.offered_height, is_armed = false, created_at = EXCLUDED.created_at "
				  "WHERE NOT EXCLUDED.is_armed AND (w.is_armed OR w.offered_height > EXCLUDED.offered_height)");
CB_STATEMENT(insert_app, "uuid",
			 "INSERT INTO charmbills.watched_apps (identity, vk, plan_id, merchant_id, offered_height, is_armed) "
			 "SELECT decode(p.app_id, 'hex'), decode(p.app_vk, 'hex'), p.id, p.merchant_id, "
			 "       coalesce(s.height, -1), false "
			 "FROM charmbills.plans p LEFT JOIN charmbills.chain_state s ON true "
			 "WHERE p.id = $1 AND p.app_id IS NOT NULL AND p.app_vk IS NOT NULL "
			 "ON CONFLICT DO NOTHING");
CB_STATEMENT(rewind_app, "uuid int4",
			 "UPDATE charmbills.watched_apps w "
			 "SET offered_height = f.height, is_armed = false, created_at = now() "
			 "FROM (SELECT greatest($2 - 1, s.base_height - 1, s.node_prune_height - 1) AS height "
			 "      FROM charmbills.chain_state s) f "
			 "WHERE w.plan_id = $1 AND (w.is_armed OR w.offered_height > f.height)");
CB_STATEMENT(offer_scripts, "int4 int4",
			 "UPDATE charmbills.watched_scripts SET offered_height = $2 "
			 "WHERE NOT is_armed AND offered_height >= $1 AND offered_height < $2");
CB_STATEMENT(offer_outpoints, "int4 int4",
			 "UPDATE charmbills.watched_outpoints SET offered_height = $2 "
			 "WHERE NOT is_armed AND offered_height >= $1 AND offered_height < $2");
CB_STATEMENT(offer_apps, "int4 int4",
			 "UPDATE charmbills.watched_apps SET offered_height = $2 "
			 "WHERE NOT is_armed AND offered_height >= $1 AND offered_height < $2");
CB_STATEMENT(rewind_scripts, "int4",
			 "UPDATE charmbills.watched_scripts SET offered_height = $1 "
			 "WHERE NOT is_armed AND offered_height > $1");
CB_STATEMENT(rewind_outpoints, "int4",
			 "UPDATE charmbills.watched_outpoints SET offered_height = $1 "
			 "WHERE NOT is_armed AND offered_height > $1");
CB_STATEMENT(rewind_apps, "int4",
			 "UPDATE charmbills.watched_apps SET offered_height = $1 "
			 "WHERE NOT is_armed AND offered_height > $1");
CB_STATEMENT(arm_scripts, "int4",
			 "UPDATE charmbills.watched_scripts SET is_armed = true, offered_height = NULL "
			 "WHERE NOT is_armed AND offered_height >= $1");
CB_STATEMENT(arm_outpoints, "int4",
			 "UPDATE charmbills.watched_outpoints SET is_armed = true, offered_height = NULL "
			 "WHERE NOT is_armed AND offered_height >= $1");
CB_STATEMENT(arm_apps, "int4",
			 "UPDATE charmbills.watched_apps SET is_armed = true, offered_height = NULL "
			 "WHERE NOT is_armed AND offered_height >= $1");
/* Known before somebody came to watch what they spend. */
CB_STATEMENT(find_unarmed_spenders, "int4",
			 "SELECT DISTINCT known.spender "
			 "FROM charmbills.watched_outpoints unarmed "
			 "JOIN charmbills.watched_outpoints known ON known.outpoint = unarmed.outpoint "
			 "JOIN charmbills.chain_transactions k ON k.txid = known.spender "
			 "WHERE NOT unarmed.is_armed AND unarmed.offered_height >= $1 "
			 "      AND k.status IN ('seen', 'confirmed')");
CB_STATEMENT(read_backlog, "",
			 "SELECT greatest(min(w.offered_height), (SELECT base_height - 1 FROM charmbills.chain_state)), "
			 "       min(w.created_at) "
			 "FROM (SELECT offered_height, created_at FROM charmbills.watched_scripts WHERE NOT is_armed "
			 "      UNION ALL "
			 "      SELECT offered_height, created_at FROM charmbills.watched_outpoints WHERE NOT is_armed "
			 "      UNION ALL "
			 "      SELECT offered_height, created_at FROM charmbills.watched_apps WHERE NOT is_armed) w "
			 "HAVING count(*) > 0");

bool
cb_watch_script(CbSpan script, const pg_uuid_t *merchant_id,
				const pg_uuid_t *descriptor_id, int32 derivation_index)
{
	pg_uuid_t	owner;

	if (cb_execute(&insert_script,
				   CB_ARGS(cb_bytea(script), cb_uuid(merchant_id), cb_uuid(descriptor_id),
						   descriptor_id ? cb_int4(derivation_index) : cb_null())) == 1)
		return true;
	cb_execute_one(&read_script_owner, CB_ARGS(cb_bytea(script)));
	owner = cb_column_uuid(0, 1);
	if (memcmp(&owner, merchant_id, sizeof(owner)) != 0)
		refuse_stranger();
	return false;
}

void
cb_watch_derived(const pg_uuid_t *merchant_id, const pg_uuid_t *descriptor_id,
				 const CbScriptBuf *scripts, const int32 *indexes, int n)
{
	Datum	   *columns = palloc(sizeof(Datum) * 2 * Max(n, 1));
	NullableDatum spans;

	for (int i = 0; i < n; i++)
	{
		CbSpan		script = {scripts[i].data, scripts[i].len};

		columns[i] = cb_bytea(script).value;
		columns[n + i] = Int32GetDatum(indexes[i]);
	}
	spans = cb_array(columns, NULL, n, BYTEAOID);
	if (cb_execute(&insert_derived,
				   CB_ARGS(cb_uuid(merchant_id), cb_uuid(descriptor_id), spans,
						   cb_array(columns + n, NULL, n, INT4OID))) == (uint64) n)
		return;
	if (cb_execute(&find_stranger, CB_ARGS(cb_uuid(merchant_id), spans)) > 0)
		refuse_stranger();
}

void
cb_watch_refuse_strangers(const pg_uuid_t *merchant_id, CbSpan script)
{
	NullableDatum bytes = cb_bytea(script);

	if (cb_execute(&find_stranger, CB_ARGS(cb_uuid(merchant_id), cb_array(&bytes.value, NULL, 1, BYTEAOID))) > 0)
		refuse_stranger();
}

static void
refuse_stranger(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CB_CONFLICT),
			 errmsg("an address belongs to another merchant"),
			 errhint("Every address and every descriptor belongs to one merchant for ever.")));
}

void
cb_watch_since_series(const pg_uuid_t *descriptor_id, int32 first_index)
{
	cb_execute(&rewind_to_series, CB_ARGS(cb_uuid(descriptor_id), cb_int4(first_index)));
}

void
cb_watch_outpoints(const CbOutpoint *outpoints, const CbHash256 *spenders, int n)
{
	if (n > 0)
		cb_execute(&insert_outpoints,
				   CB_ARGS(cb_outpoint_array(outpoints, n), cb_txid_array(spenders, n)));
}

void
cb_watch_charms(const CbOutpoint *outpoints, const int32 *offered, int n, int32 tip)
{
	Datum	   *values = palloc_extended(sizeof(Datum) * Max(n, 1), MCXT_ALLOC_HUGE);

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		values[i] = Int32GetDatum(offered[i]);
	cb_execute(&insert_charms,
			   CB_ARGS(cb_outpoint_array(outpoints, n), cb_array(values, NULL, n, INT4OID),
					   cb_txid(&cb_no_spender), cb_int4(tip)));
}

bool
cb_watch_app(const pg_uuid_t *plan_id)
{
	return cb_execute(&insert_app, CB_ARGS(cb_uuid(plan_id))) == 1;
}

void
cb_watch_app_from(const pg_uuid_t *plan_id, int32 height)
{
	cb_execute(&rewind_app, CB_ARGS(cb_uuid(plan_id), cb_int4(height)));
}

void
cb_watch_offered(int32 from, int32 height)
{
	cb_execute(&offer_scripts, CB_ARGS(cb_int4(from), cb_int4(height)));
	cb_execute(&offer_outpoints, CB_ARGS(cb_int4(from), cb_int4(height)));
	cb_execute(&offer_apps, CB_ARGS(cb_int4(from), cb_int4(height)));
}

void
cb_watch_rolled_back(int32 height)
{
	cb_execute(&rewind_scripts, CB_ARGS(cb_int4(height)));
	cb_execute(&rewind_outpoints, CB_ARGS(cb_int4(height)));
	cb_execute(&rewind_apps, CB_ARGS(cb_int4(height)));
}

/*
 * Only watches that have been offered the tip itself: the cursor's lock keeps
 * a further block away meanwhile.
 */
int64
cb_chain_arm_watches(const CbSpan *txs, int n)
{
	CbChainState state;
	int64		armed;

	cb_chain_lock(&state);
	if (!state.has_tip)
		return 0;
	cb_chain_apply_mempool(txs, n);
	announce_known_spenders(state.height);
	armed = (int64) cb_execute(&arm_scripts, CB_ARGS(cb_int4(state.height)));
	armed += (int64) cb_execute(&arm_outpoints, CB_ARGS(cb_int4(state.height)));
	armed += (int64) cb_execute(&arm_apps, CB_ARGS(cb_int4(state.height)));
	return armed;
}

/*
 * A spender that was known already, for another reason, does not change when
 * it is offered again; but to a new watch it is news.
 */
static void
announce_known_spenders(int32 height)
{
	CbChange	change;
	uint64		n;

	cb_change_begin(&change, height);
	n = cb_execute(&find_unarmed_spenders, CB_ARGS(cb_int4(height)));
	for (uint64 row = 0; row < n; row++)
	{
		CbHash256	txid = cb_column_txid(row, 1);

		cb_txid_set_add(&change.moved, &txid);
	}
	cb_change_finish(&change);
}

/* charmbills.chain_watch_backlog() -> setof (from_height integer, since timestamptz) */
CB_FUNCTION(chain_watch_backlog, CB_OPERATOR)
{
	cb_execute(&read_backlog, CB_NO_ARGS);
	return cb_return_rows(fcinfo);
}
