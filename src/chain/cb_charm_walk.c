/*-------------------------------------------------------------------------
 *
 * cb_charm_walk.c
 *	  What a walk along plans' transactions begins with, and its memory.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "cb_uuid.h"
#include "chain/cb_charm_walk.h"
#include "chain/cb_tx_spell.h"

#define PLAN "SELECT w.plan_id, w.merchant_id, w.identity, w.vk, p.accept_beamed, "
CB_KEYS_STATEMENT(read_plans, "uuid[] int4[]",
				  PLAN
				  "       EXISTS (SELECT FROM charmbills.charm_transactions t "
				  "               WHERE t.plan_id = w.plan_id AND t.block_height < s.height AND t.nft = 'born') "
				  "FROM unnest($1, $2) s(plan_id, height) "
				  "JOIN charmbills.watched_apps w ON w.plan_id = s.plan_id "
				  "JOIN charmbills.plans p ON p.id = w.plan_id "
				  "ORDER BY w.plan_id");
CB_STATEMENT(read_plan, "uuid txid",
			 PLAN
			 "       EXISTS (SELECT FROM charmbills.charm_transactions b "
			 "               WHERE b.plan_id = w.plan_id AND b.nft = 'born' "
			 "                 AND (b.block_height, b.block_index) < (t.block_height, t.block_index)) "
			 "FROM charmbills.watched_apps w "
			 "JOIN charmbills.plans p ON p.id = w.plan_id "
			 "JOIN charmbills.charm_transactions t ON t.plan_id = w.plan_id AND t.txid = $2 "
			 "WHERE w.plan_id = $1");
#define STEP \
	"SELECT t.plan_id, t.txid, t.block_height, t.block_median_time, t.verdict = 'unsupported', " \
	"       t.is_accepted, k.raw "
CB_KEYS_STATEMENT(read_steps, "uuid[] int4[]",
				  STEP
				  "FROM unnest($1, $2) s(plan_id, height) "
				  "JOIN charmbills.charm_transactions t ON t.plan_id = s.plan_id AND t.block_height >= s.height "
				  "JOIN charmbills.chain_transactions k ON k.txid = t.txid "
				  "ORDER BY t.plan_id, t.block_height, t.block_index");
CB_STATEMENT(read_step, "uuid txid",
			 STEP
			 "FROM charmbills.charm_transactions t JOIN charmbills.chain_transactions k ON k.txid = t.txid "
			 "WHERE t.plan_id = $1 AND t.txid = $2");
#define ROW \
	"SELECT c.plan_id, c.outpoint, c.script, c.has_nft, c.remaining::text, c.amount::text, c.beamed_to, " \
	"       c.block_height, c.received_at, c.minted_at "
/*
 * Not spent, or by this transaction.  Subqueries with an offset are looked up by
 * outpoint, also where the plan was made while a plan had no more than a few.
 */
#define IS_THERE "(c.spent_height IS NULL OR c.spent_by = $3) "
CB_KEYS_STATEMENT(read_held, "uuid[] outpoint[] txid",
				  ROW "FROM unnest($1, $2) i(plan_id, outpoint) "
				  "CROSS JOIN LATERAL (SELECT c.* FROM charmbills.charms c WHERE c.outpoint = i.outpoint OFFSET 0) c "
				  "WHERE c.plan_id = i.plan_id AND " IS_THERE "AND c.beamed_to IS NULL");
CB_KEYS_STATEMENT(read_beamed, "uuid[] bytea[] txid",
				  ROW "FROM unnest($1, $2) i(plan_id, destination) "
				  "CROSS JOIN LATERAL (SELECT c.* FROM charmbills.charms c WHERE c.beamed_to = i.destination OFFSET 0) c "
				  "WHERE c.plan_id = i.plan_id AND " IS_THERE "ORDER BY c.outpoint");

typedef struct OutpointKey
{
	pg_uuid_t	plan_id;
	CbOutpointValue outpoint;
} OutpointKey;

typedef struct DestinationKey
{
	pg_uuid_t	plan_id;
	uint8		hash[32];
} DestinationKey;

typedef struct OutpointEntry
{
	OutpointKey key;			/* hash key, first */
	CbCharmRow *row;
} OutpointEntry;

typedef struct DestinationEntry
{
	DestinationKey key;			/* hash key, first */
	CbCharmRow *row;
} DestinationEntry;

static HTAB *make_index(const char *name, Size key_size, Size entry_size);
static void begin_walk(CbCharmWalk *walk);
static void load_plans(CbCharmWalk *walk, uint64 n);
static void load_steps(CbCharmWalk *walk, uint64 n);
static CbCharmPlan *find_plan(const CbCharmWalk *walk, const pg_uuid_t *id);
static void parse_step(CbCharmStep *step, CbSpan raw, bool is_accepted);
static void load_rows(CbCharmWalk *walk, const CbHash256 *spender);
static void add_rows(CbCharmWalk *walk, uint64 n);
static uint64 amount_column(uint64 row, int column);
static void make_destination(const CbCharmPlan *plan, const uint8 hash[32], DestinationKey *key);
static void make_outpoint(const CbCharmPlan *plan, const CbOutpoint *outpoint, OutpointKey *key);

void
cb_charm_walk_load(CbCharmWalk *walk, const CbCharmStart *starts, int n)
{
	NullableDatum ids;
	NullableDatum heights;

	cb_charm_start_arrays(starts, n, &ids, &heights);
	begin_walk(walk);
	load_plans(walk, cb_execute(&read_plans, CB_ARGS(ids, heights)));
	load_steps(walk, cb_execute(&read_steps, CB_ARGS(ids, heights)));
	load_rows(walk, NULL);
}

bool
cb_charm_walk_load_one(CbCharmWalk *walk, const pg_uuid_t *plan_id, const CbHash256 *txid)
{
	begin_walk(walk);
	load_plans(walk, cb_execute(&read_plan, CB_ARGS(cb_uuid(plan_id), cb_txid(txid))));
	if (walk->n_plans == 0)
		return false;
	load_steps(walk, cb_execute(&read_step, CB_ARGS(cb_uuid(plan_id), cb_txid(txid))));
	load_rows(walk, txid);
	return true;
}

static void
begin_walk(CbCharmWalk *walk)
{
	memset(walk, 0, sizeof(*walk));
	walk->by_outpoint = make_index("charmbills charms", sizeof(OutpointKey), sizeof(OutpointEntry));
	walk->by_destination = make_index("charmbills beamed charms", sizeof(DestinationKey), sizeof(DestinationEntry));
}

static HTAB *
make_index(const char *name, Size key_size, Size entry_size)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = key_size;
	control.entrysize = entry_size;
	control.hcxt = CurrentMemoryContext;
	return hash_create(name, 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* The last result's, as those of all that follow. */
static void
load_plans(CbCharmWalk *walk, uint64 n)
{
	walk->plans = palloc0(sizeof(CbCharmPlan) * Max(n, 1));
	walk->n_plans = (int) n;
	for (int i = 0; i < walk->n_plans; i++)
	{
		CbCharmPlan *plan = &walk->plans[i];

		plan->id = cb_column_uuid(i, 1);
		plan->merchant_id = cb_column_uuid(i, 2);
		memcpy(plan->lineage.identity, cb_column_bytea(i, 3).data, sizeof(plan->lineage.identity));
		memcpy(plan->lineage.vk, cb_column_bytea(i, 4).data, sizeof(plan->lineage.vk));
		plan->lineage.takes_beamed_in = cb_column_bool(i, 5);
		plan->is_born = cb_column_bool(i, 6);
	}
}

static void
load_steps(CbCharmWalk *walk, uint64 n)
{
	walk->n_steps = (int) n;
	walk->steps = palloc_extended(sizeof(CbCharmStep) * Max(n, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < walk->n_steps; i++)
	{
		CbCharmStep *step = &walk->steps[i];
		pg_uuid_t	plan_id = cb_column_uuid(i, 1);

		step->plan = find_plan(walk, &plan_id);
		step->txid = cb_column_txid(i, 2);
		step->height = cb_column_int4(i, 3);
		step->median_time = cb_column_timestamptz(i, 4);
		step->is_unsupported = cb_column_bool(i, 5);
		parse_step(step, cb_column_bytea(i, 7), cb_column_bool(i, 6));
	}
}

/* They are sorted. */
static CbCharmPlan *
find_plan(const CbCharmWalk *walk, const pg_uuid_t *id)
{
	int			low = 0;
	int			high = walk->n_plans;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (memcmp(&walk->plans[middle].id, id, sizeof(*id)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == walk->n_plans || !cb_uuid_equal(&walk->plans[low].id, id))
		elog(ERROR, "transaction matters to a plan that is not tracked");
	return &walk->plans[low];
}

static void
parse_step(CbCharmStep *step, CbSpan raw, bool is_accepted)
{
	if (cb_tx_parse(raw.data, raw.len, &step->tx) != CB_OK)
		elog(ERROR, "stored transaction is damaged");
	if (!is_accepted)
		return;
	step->spell = palloc(sizeof(CbSpell));
	cb_tx_spell_read(&step->tx, step->spell);
	if (step->spell->state != CB_SPELL_READ)
		elog(ERROR, "stored spell is damaged");
}

static void
load_rows(CbCharmWalk *walk, const CbHash256 *spender)
{
	int64		n = 0;
	Datum	   *plans;
	Datum	   *outpoints;
	Datum	   *destinations;
	int			i = 0;

	for (int s = 0; s < walk->n_steps; s++)
		n += walk->steps[s].tx.n_inputs;
	plans = palloc_extended(sizeof(Datum) * Max(n, 1), MCXT_ALLOC_HUGE);
	outpoints = palloc_extended(sizeof(Datum) * Max(n, 1), MCXT_ALLOC_HUGE);
	destinations = palloc_extended(sizeof(Datum) * Max(n, 1), MCXT_ALLOC_HUGE);
	for (int s = 0; s < walk->n_steps; s++)
	{
		CbTxInIter	it = cb_tx_inputs(&walk->steps[s].tx);
		CbTxIn		in;

		while (cb_tx_next_input(&it, &in))
		{
			uint8		hash[32];
			CbSpan		destination = {hash, sizeof(hash)};

			cb_beam_hash(&in.prevout, hash);
			plans[i] = cb_uuid(&walk->steps[s].plan->id).value;
			outpoints[i] = cb_outpoint(&in.prevout).value;
			destinations[i++] = cb_bytea(destination).value;
		}
	}
	add_rows(walk, cb_execute(&read_held, CB_ARGS(cb_array(plans, NULL, i, UUIDOID),
												  cb_array(outpoints, NULL, i, cb_type_oid("outpoint")),
												  cb_txid(spender))));
	add_rows(walk, cb_execute(&read_beamed, CB_ARGS(cb_array(plans, NULL, i, UUIDOID),
													cb_array(destinations, NULL, i, BYTEAOID),
													cb_txid(spender))));
}

static void
add_rows(CbCharmWalk *walk, uint64 n)
{
	for (uint64 i = 0; i < n; i++)
	{
		pg_uuid_t	plan_id = cb_column_uuid(i, 1);
		bool		is_beamed = !cb_column_is_null(i, 7);
		CbCharmRow	row;

		memset(&row, 0, sizeof(row));
		row.plan = find_plan(walk, &plan_id);
		row.outpoint = cb_column_outpoint(i, 2);
		row.script = cb_column_bytea(i, 3);
		row.held.has_nft = cb_column_bool(i, 4);
		row.held.remaining = amount_column(i, 5);
		if (is_beamed)
		{
			row.held.beamed = amount_column(i, 6);
			memcpy(row.beamed_to, cb_column_bytea(i, 7).data, sizeof(row.beamed_to));
		}
		else
			row.held.amount = amount_column(i, 6);
		row.height = cb_column_int4(i, 8);
		row.received_at = cb_column_timestamptz(i, 9);
		row.minted_at = cb_column_timestamptz_or(i, 10, DT_NOEND);
		row.is_stored = true;
		cb_charm_walk_add(walk, &row);
	}
}

/* Up to 64 bits; NULL gives 0. */
static uint64
amount_column(uint64 row, int column)
{
	const char *text = cb_column_text(row, column);

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

void
cb_charm_walk_add(CbCharmWalk *walk, const CbCharmRow *row)
{
	CbCharmRow *kept = palloc(sizeof(CbCharmRow));
	bool		found;

	*kept = *row;
	if (walk->n_rows == walk->capacity)
	{
		walk->capacity = Max(16, walk->capacity * 2);
		walk->rows = walk->rows ?
			repalloc_huge(walk->rows, sizeof(CbCharmRow *) * walk->capacity) :
			palloc(sizeof(CbCharmRow *) * walk->capacity);
	}
	walk->rows[walk->n_rows++] = kept;
	if (row->held.beamed > 0)
	{
		DestinationKey key;
		DestinationEntry *entry;

		make_destination(row->plan, row->beamed_to, &key);
		entry = hash_search(walk->by_destination, &key, HASH_ENTER, &found);
		/* An outpoint takes in one output's tokens; which is not to be seen. */
		if (!found || entry->row->held.beamed < row->held.beamed)
			entry->row = kept;
	}
	else
	{
		OutpointKey key;
		OutpointEntry *entry;

		make_outpoint(row->plan, &row->outpoint, &key);
		entry = hash_search(walk->by_outpoint, &key, HASH_ENTER, &found);
		entry->row = kept;
	}
}

static void
make_destination(const CbCharmPlan *plan, const uint8 hash[32], DestinationKey *key)
{
	key->plan_id = plan->id;
	memcpy(key->hash, hash, sizeof(key->hash));
}

static void
make_outpoint(const CbCharmPlan *plan, const CbOutpoint *outpoint, OutpointKey *key)
{
	key->plan_id = plan->id;
	cb_outpoint_value(outpoint, &key->outpoint);
}

CbCharmRow *
cb_charm_walk_held(const CbCharmWalk *walk, const CbCharmPlan *plan, const CbOutpoint *outpoint)
{
	OutpointKey key;
	OutpointEntry *entry;

	make_outpoint(plan, outpoint, &key);
	entry = hash_search(walk->by_outpoint, &key, HASH_FIND, NULL);
	return entry != NULL ? entry->row : NULL;
}

CbCharmRow *
cb_charm_walk_beamed(const CbCharmWalk *walk, const CbCharmPlan *plan, const CbOutpoint *outpoint)
{
	DestinationKey key;
	DestinationEntry *entry;
	uint8		hash[32];

	cb_beam_hash(outpoint, hash);
	make_destination(plan, hash, &key);
	entry = hash_search(walk->by_destination, &key, HASH_FIND, NULL);
	return entry != NULL ? entry->row : NULL;
}
