/*-------------------------------------------------------------------------
 *
 * cb_charm_store.c
 *	  Writing what has come of a walk along plans' transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_columns.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "chain/cb_charm_walk.h"
#include "utils/builtins.h"

CB_KEYS_STATEMENT(insert_rows,
				  "outpoint[] uuid[] uuid[] bytea[] bool[] text[] text[] bytea[] int4[] timestamptz[] timestamptz[] "
				  "txid[] int4[] timestamptz[] bool[]",
				  "INSERT INTO charmbills.charms "
				  "       (outpoint, plan_id, merchant_id, script, has_nft, remaining, amount, beamed_to, "
				  "        block_height, received_at, minted_at, spent_by, spent_height, spent_at, is_unknown) "
				  "SELECT r.outpoint, r.plan_id, r.merchant_id, r.script, r.has_nft, r.remaining::numeric, "
				  "       r.amount::numeric, r.beamed_to, r.height, r.received_at, r.minted_at, "
				  "       r.spent_by, r.spent_height, r.spent_at, r.is_unknown "
				  "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) "
				  "     r(outpoint, plan_id, merchant_id, script, has_nft, remaining, amount, beamed_to, height, "
				  "       received_at, minted_at, spent_by, spent_height, spent_at, is_unknown)");
CB_KEYS_STATEMENT(spend_rows, "outpoint[] uuid[] txid[] int4[] timestamptz[] bool[]",
				  "UPDATE charmbills.charms c "
				  "SET spent_by = r.spent_by, spent_height = r.height, spent_at = r.spent_at, is_unknown = r.is_unknown "
				  "FROM unnest($1, $2, $3, $4, $5, $6) r(outpoint, plan_id, spent_by, height, spent_at, is_unknown) "
				  "CROSS JOIN LATERAL (SELECT k.ctid AS place, k.plan_id FROM charmbills.charms k "
				  "                    WHERE k.outpoint = r.outpoint OFFSET 0) k "
				  "WHERE k.plan_id = r.plan_id AND c.ctid = k.place");
CB_KEYS_STATEMENT(write_steps, "uuid[] txid[] text[] text[] text[] text[]",
				  "UPDATE charmbills.charm_transactions t "
				  "SET nft = r.nft, minted = r.minted::numeric, destroyed = r.destroyed::numeric, "
				  "    counterfeit = r.counterfeit "
				  "FROM unnest($1, $2, $3, $4, $5, $6) r(plan_id, txid, nft, minted, destroyed, counterfeit) "
				  "WHERE t.plan_id = r.plan_id AND t.txid = r.txid "
				  "  AND (t.nft, t.minted, t.destroyed, t.counterfeit) IS DISTINCT FROM "
				  "      (r.nft, r.minted::numeric, r.destroyed::numeric, r.counterfeit)");

/* Of a statement here, at most. */
#define MAX_COLUMNS 15

static void write_rows(CbStatement *statement, const CbColumns *columns, const Oid *types);
static NullableDatum decimal(uint64 amount);
static NullableDatum time_or_null(TimestampTz time);
static void insert_created(const CbCharmWalk *walk);
static void put_created(CbColumns *columns, const CbCharmRow *row);
static void spend_stored(const CbCharmWalk *walk);
static void write_outcomes(const CbCharmWalk *walk);

void
cb_charm_walk_store(const CbCharmWalk *walk)
{
	insert_created(walk);
	spend_stored(walk);
	write_outcomes(walk);
}

static void
write_rows(CbStatement *statement, const CbColumns *columns, const Oid *types)
{
	NullableDatum args[MAX_COLUMNS];

	if (columns->n_rows == 0)
		return;
	for (int i = 0; i < columns->n_columns; i++)
		args[i] = cb_columns_array(columns, i, types[i]);
	cb_execute(statement, args);
}

/* Beyond bigint. */
static NullableDatum
decimal(uint64 amount)
{
	return cb_text(psprintf(UINT64_FORMAT, amount));
}

static NullableDatum
time_or_null(TimestampTz time)
{
	return TIMESTAMP_IS_NOEND(time) ? cb_null() : cb_timestamptz(time);
}

static void
insert_created(const CbCharmWalk *walk)
{
	const Oid	types[] = {
		cb_type_oid("outpoint"), UUIDOID, UUIDOID, BYTEAOID, BOOLOID, TEXTOID, TEXTOID, BYTEAOID,
		INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID, cb_type_oid("txid"), INT4OID, TIMESTAMPTZOID, BOOLOID
	};
	CbColumns	c;

	cb_columns_begin(&c, lengthof(types), walk->n_rows);
	for (int i = 0; i < walk->n_rows; i++)
	{
		if (!walk->rows[i]->is_stored)
			put_created(&c, walk->rows[i]);
	}
	write_rows(&insert_rows, &c, types);
}

static void
put_created(CbColumns *columns, const CbCharmRow *row)
{
	bool		is_beamed = row->held.beamed > 0;
	CbSpan		destination = {row->beamed_to, sizeof(row->beamed_to)};

	cb_columns_add(columns, CB_ARGS(
		cb_outpoint(&row->outpoint), cb_uuid(&row->plan->id), cb_uuid(&row->plan->merchant_id),
		cb_bytea(row->script), cb_bool(row->held.has_nft),
		row->held.has_nft ? decimal(row->held.remaining) : cb_null(),
		decimal(is_beamed ? row->held.beamed : row->held.amount),
		is_beamed ? cb_bytea(destination) : cb_null(), cb_int4(row->height), cb_timestamptz(row->received_at),
		time_or_null(row->minted_at), row->is_spent ? cb_txid(&row->spent_by) : cb_null(),
		row->is_spent ? cb_int4(row->spent_height) : cb_null(),
		row->is_spent ? cb_timestamptz(row->spent_at) : cb_null(), cb_bool(row->is_unknown)));
}

static void
spend_stored(const CbCharmWalk *walk)
{
	const Oid	types[] = {
		cb_type_oid("outpoint"), UUIDOID, cb_type_oid("txid"), INT4OID, TIMESTAMPTZOID, BOOLOID
	};
	CbColumns	c;

	cb_columns_begin(&c, lengthof(types), walk->n_rows);
	for (int i = 0; i < walk->n_rows; i++)
	{
		const CbCharmRow *row = walk->rows[i];

		if (!row->is_stored || !row->is_spent)
			continue;
		cb_columns_add(&c, CB_ARGS(
			cb_outpoint(&row->outpoint), cb_uuid(&row->plan->id), cb_txid(&row->spent_by),
			cb_int4(row->spent_height), cb_timestamptz(row->spent_at), cb_bool(row->is_unknown)));
	}
	write_rows(&spend_rows, &c, types);
}

static void
write_outcomes(const CbCharmWalk *walk)
{
	const Oid	types[] = {UUIDOID, cb_type_oid("txid"), TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	CbColumns	c;

	cb_columns_begin(&c, lengthof(types), walk->n_steps);
	for (int i = 0; i < walk->n_steps; i++)
	{
		const CbCharmStep *step = &walk->steps[i];

		cb_columns_add(&c, CB_ARGS(
			cb_uuid(&step->plan->id), cb_txid(&step->txid), cb_text(step->nft), decimal(step->minted),
			decimal(step->destroyed), cb_text(step->counterfeit)));
	}
	write_rows(&write_steps, &c, types);
}
