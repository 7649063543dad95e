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

/* One column of an array of rows. */
typedef struct Column
{
	Datum	   *values;
	bool	   *nulls;
	Oid			type;
} Column;

/* A table of them. */
#define MAX_COLUMNS 15

typedef struct Columns
{
	Column		columns[MAX_COLUMNS];
	int			n_rows;
	int			next;			/* column of the row being added */
} Columns;

static void begin(Columns *columns, const Oid *types, int n, int capacity);
static void put(Columns *columns, NullableDatum value);
static void end_row(Columns *columns);
static NullableDatum array(const Columns *columns, int i);
static NullableDatum decimal(uint64 amount);
static NullableDatum time_or_null(TimestampTz time);
static void insert_created(const CbCharmWalk *walk);
static void put_created(Columns *columns, const CbCharmRow *row);
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
begin(Columns *columns, const Oid *types, int n, int capacity)
{
	memset(columns, 0, sizeof(*columns));
	for (int i = 0; i < n; i++)
	{
		columns->columns[i].values = palloc_extended(sizeof(Datum) * Max(capacity, 1), MCXT_ALLOC_HUGE);
		columns->columns[i].nulls = palloc_extended(sizeof(bool) * Max(capacity, 1), MCXT_ALLOC_HUGE);
		columns->columns[i].type = types[i];
	}
}

static void
put(Columns *columns, NullableDatum value)
{
	Column	   *column = &columns->columns[columns->next++];

	column->values[columns->n_rows] = value.value;
	column->nulls[columns->n_rows] = value.isnull;
}

static void
end_row(Columns *columns)
{
	columns->n_rows++;
	columns->next = 0;
}

static NullableDatum
array(const Columns *columns, int i)
{
	const Column *column = &columns->columns[i];

	return cb_array(column->values, column->nulls, columns->n_rows, column->type);
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
	Columns		c;

	begin(&c, types, lengthof(types), walk->n_rows);
	for (int i = 0; i < walk->n_rows; i++)
	{
		if (!walk->rows[i]->is_stored)
			put_created(&c, walk->rows[i]);
	}
	if (c.n_rows > 0)
		cb_execute(&insert_rows,
				   CB_ARGS(array(&c, 0), array(&c, 1), array(&c, 2), array(&c, 3), array(&c, 4),
						   array(&c, 5), array(&c, 6), array(&c, 7), array(&c, 8), array(&c, 9),
						   array(&c, 10), array(&c, 11), array(&c, 12), array(&c, 13), array(&c, 14)));
}

static void
put_created(Columns *columns, const CbCharmRow *row)
{
	bool		is_beamed = row->held.beamed > 0;
	CbSpan		destination = {row->beamed_to, sizeof(row->beamed_to)};

	put(columns, cb_outpoint(&row->outpoint));
	put(columns, cb_uuid(&row->plan->id));
	put(columns, cb_uuid(&row->plan->merchant_id));
	put(columns, cb_bytea(row->script));
	put(columns, cb_bool(row->held.has_nft));
	put(columns, row->held.has_nft ? decimal(row->held.remaining) : cb_null());
	put(columns, decimal(is_beamed ? row->held.beamed : row->held.amount));
	put(columns, is_beamed ? cb_bytea(destination) : cb_null());
	put(columns, cb_int4(row->height));
	put(columns, cb_timestamptz(row->received_at));
	put(columns, time_or_null(row->minted_at));
	put(columns, row->is_spent ? cb_txid(&row->spent_by) : cb_null());
	put(columns, row->is_spent ? cb_int4(row->spent_height) : cb_null());
	put(columns, row->is_spent ? cb_timestamptz(row->spent_at) : cb_null());
	put(columns, cb_bool(row->is_unknown));
	end_row(columns);
}

static void
spend_stored(const CbCharmWalk *walk)
{
	const Oid	types[] = {
		cb_type_oid("outpoint"), UUIDOID, cb_type_oid("txid"), INT4OID, TIMESTAMPTZOID, BOOLOID
	};
	Columns		c;

	begin(&c, types, lengthof(types), walk->n_rows);
	for (int i = 0; i < walk->n_rows; i++)
	{
		const CbCharmRow *row = walk->rows[i];

		if (!row->is_stored || !row->is_spent)
			continue;
		put(&c, cb_outpoint(&row->outpoint));
		put(&c, cb_uuid(&row->plan->id));
		put(&c, cb_txid(&row->spent_by));
		put(&c, cb_int4(row->spent_height));
		put(&c, cb_timestamptz(row->spent_at));
		put(&c, cb_bool(row->is_unknown));
		end_row(&c);
	}
	if (c.n_rows > 0)
		cb_execute(&spend_rows,
				   CB_ARGS(array(&c, 0), array(&c, 1), array(&c, 2), array(&c, 3), array(&c, 4), array(&c, 5)));
}

static void
write_outcomes(const CbCharmWalk *walk)
{
	const Oid	types[] = {UUIDOID, cb_type_oid("txid"), TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Columns		c;

	begin(&c, types, lengthof(types), walk->n_steps);
	for (int i = 0; i < walk->n_steps; i++)
	{
		const CbCharmStep *step = &walk->steps[i];

		put(&c, cb_uuid(&step->plan->id));
		put(&c, cb_txid(&step->txid));
		put(&c, cb_text(step->nft));
		put(&c, decimal(step->minted));
		put(&c, decimal(step->destroyed));
		put(&c, cb_text(step->counterfeit));
		end_row(&c);
	}
	if (c.n_rows > 0)
		cb_execute(&write_steps,
				   CB_ARGS(array(&c, 0), array(&c, 1), array(&c, 2), array(&c, 3), array(&c, 4), array(&c, 5)));
}
