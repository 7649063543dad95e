/*-------------------------------------------------------------------------
 *
 * cb_charm_follow.c
 *	  Following plans' charms from transaction to transaction.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_compat.h"
#include "cb_sql.h"
#include "chain/cb_charm_walk.h"
#include "chain/cb_watch.h"
#include "miscadmin.h"

CB_KEYS_STATEMENT(delete_rows, "uuid[] int4[]",
				  "DELETE FROM charmbills.charms c USING unnest($1, $2) s(plan_id, height) "
				  "WHERE c.plan_id = s.plan_id AND c.block_height >= s.height "
				  "RETURNING c.plan_id, c.script, c.outpoint");
CB_KEYS_STATEMENT(undo_spending, "uuid[] int4[]",
				  "UPDATE charmbills.charms c "
				  "SET spent_by = NULL, spent_height = NULL, spent_at = NULL, is_unknown = false "
				  "FROM unnest($1, $2) s(plan_id, height) "
				  "WHERE c.plan_id = s.plan_id AND c.spent_height >= s.height "
				  "RETURNING c.plan_id, c.script");

/* Outpoints that had rows before, in order. */
typedef struct Known
{
	CbOutpointValue *outpoints;
	int			n;
} Known;

static void undo(CbChange *change, const CbCharmStart *starts, int n, Known *known);
static void tell_holders(CbChange *change, uint64 n);
static int	compare_known(const void *a, const void *b);
static void follow_step(CbCharmWalk *walk, CbCharmStep *step);
static TimestampTz take_inputs(CbCharmWalk *walk, const CbCharmStep *step, CbLineageInput *inputs);
static void spend(CbCharmRow *row, const CbCharmStep *step, bool is_unknown);
static bool is_before_birth(const CbCharmStep *step, const CbLineage *lineage);
static void give_outputs(CbCharmWalk *walk, const CbCharmStep *step, const CbHolding *outputs, TimestampTz minted_at);
static void lose_sight(CbCharmWalk *walk, CbCharmStep *step);
static const char *fate_name(CbNftFate fate);
static void watch_created(const CbCharmWalk *walk, const Known *known, int32 tip,
						  const CbBlockPlace *block, CbCharmOutputs *created);

void
cb_charm_follow(CbChange *change, const CbCharmStart *starts, int n, int32 tip,
				const CbBlockPlace *block, CbCharmOutputs *created)
{
	CbCharmWalk walk;
	Known		known;

	if (n == 0)
		return;
	cb_charm_news_before(change, starts, n);
	undo(change, starts, n, &known);
	cb_charm_walk_load(&walk, starts, n);
	for (int i = 0; i < walk.n_steps; i++)
		cb_charm_walk_step(&walk, &walk.steps[i]);
	cb_charm_walk_store(&walk);
	for (int i = 0; i < walk.n_rows; i++)
	{
		const CbCharmRow *row = walk.rows[i];

		if (!row->is_stored || row->is_spent)
			cb_charm_news_holder(change, &row->plan->id, row->script);
	}
	watch_created(&walk, &known, tip, block, created);
}

void
cb_charm_undo(CbChange *change, const CbCharmStart *starts, int n)
{
	Known		known;

	undo(change, starts, n, &known);
}

static void
undo(CbChange *change, const CbCharmStart *starts, int n, Known *known)
{
	NullableDatum ids;
	NullableDatum heights;

	cb_charm_start_arrays(starts, n, &ids, &heights);
	known->n = (int) cb_execute(&delete_rows, CB_ARGS(ids, heights));
	known->outpoints = palloc_extended(sizeof(CbOutpointValue) * Max(known->n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < known->n; i++)
	{
		CbOutpoint	outpoint = cb_column_outpoint(i, 3);

		cb_outpoint_value(&outpoint, &known->outpoints[i]);
	}
	qsort(known->outpoints, known->n, sizeof(CbOutpointValue), compare_known);
	tell_holders(change, known->n);
	tell_holders(change, cb_execute(&undo_spending, CB_ARGS(ids, heights)));
}

/* The last result's. */
static void
tell_holders(CbChange *change, uint64 n)
{
	for (uint64 row = 0; row < n; row++)
	{
		pg_uuid_t	plan_id = cb_column_uuid(row, 1);

		cb_charm_news_holder(change, &plan_id, cb_column_bytea(row, 2));
	}
}

static int
compare_known(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(CbOutpointValue));
}

void
cb_charm_walk_step(CbCharmWalk *walk, CbCharmStep *step)
{
	CHECK_FOR_INTERRUPTS();
	step->nft = fate_name(CB_NFT_ELSEWHERE);
	if (step->is_unsupported)
		lose_sight(walk, step);
	else
		follow_step(walk, step);
}

static void
follow_step(CbCharmWalk *walk, CbCharmStep *step)
{
	CbLineageInput *inputs = palloc0(sizeof(CbLineageInput) * step->tx.n_inputs);
	CbHolding  *outputs = palloc(sizeof(CbHolding) * step->tx.n_outputs);
	TimestampTz minted_at = take_inputs(walk, step, inputs);
	CbLineage	lineage;

	cb_lineage_follow(&step->plan->lineage, &step->tx, step->spell, inputs, outputs, &lineage);
	if (!is_before_birth(step, &lineage))
	{
		step->nft = fate_name(lineage.nft);
		step->minted = lineage.minted;
		step->destroyed = lineage.destroyed;
		step->counterfeit = lineage.counterfeit;
		step->plan->is_born = step->plan->is_born || lineage.nft == CB_NFT_BORN;
		give_outputs(walk, step, outputs, minted_at);
	}
	pfree(inputs);
	pfree(outputs);
}

/*
 * Spend what is held on the inputs.  Gives since when the oldest of their tokens
 * have been minted: tokens are alike, and which of them an output has is not to
 * be told.  Those that the NFT gives up are minted now.
 */
static TimestampTz
take_inputs(CbCharmWalk *walk, const CbCharmStep *step, CbLineageInput *inputs)
{
	CbTxInIter	it = cb_tx_inputs(&step->tx);
	TimestampTz minted_at = step->median_time;
	CbTxIn		in;

	for (uint32 i = 0; cb_tx_next_input(&it, &in); i++)
	{
		CbCharmRow *held = cb_charm_walk_held(walk, step->plan, &in.prevout);
		CbCharmRow *beamed = NULL;

		if (held != NULL && !held->is_spent)
		{
			inputs[i].held = held->held;
			minted_at = Min(minted_at, held->minted_at);
			spend(held, step, false);
		}
		if (step->spell != NULL && step->plan->lineage.takes_beamed_in)
			beamed = cb_charm_walk_beamed(walk, step->plan, &in.prevout);
		if (beamed != NULL && !beamed->is_spent)
		{
			inputs[i].beamed_in = beamed->held.beamed;
			minted_at = Min(minted_at, beamed->minted_at);
			spend(beamed, step, false);
		}
	}
	return minted_at;
}

static void
spend(CbCharmRow *row, const CbCharmStep *step, bool is_unknown)
{
	row->is_spent = true;
	row->is_unknown = is_unknown;
	row->spent_by = step->txid;
	row->spent_height = step->height;
	row->spent_at = step->median_time;
}

/*
 * As far as is known: while a plan is looked for in older and older blocks, its
 * birth is found last, and what is not known yet to descend from it may well do.
 */
static bool
is_before_birth(const CbCharmStep *step, const CbLineage *lineage)
{
	return !step->plan->is_born && lineage->nft == CB_NFT_ELSEWHERE;
}

static void
give_outputs(CbCharmWalk *walk, const CbCharmStep *step, const CbHolding *outputs, TimestampTz minted_at)
{
	CbTxOutIter it = cb_tx_outputs(&step->tx);
	CbTxOut		out;
	CbBeamIter	beams;
	uint32		beamed;

	if (step->spell == NULL)
		return;
	beams = cb_spell_beams(step->spell);
	for (uint32 vout = 0; cb_tx_next_output(&it, &out); vout++)
	{
		const CbHolding *held = &outputs[vout];
		CbCharmRow	row;

		if (!held->has_nft && held->amount == 0 && held->beamed == 0)
			continue;
		memset(&row, 0, sizeof(row));
		row.plan = step->plan;
		row.outpoint.txid = step->txid;
		row.outpoint.vout = vout;
		row.script = out.script;
		row.held = *held;
		row.height = step->height;
		row.received_at = step->median_time;
		row.minted_at = held->amount > 0 || held->beamed > 0 ? minted_at : DT_NOEND;
		/* Beams are in the order of outputs, too. */
		if (held->beamed > 0)
			while (cb_spell_next_beam(&beams, &beamed, row.beamed_to) && beamed < vout)
				;
		cb_charm_walk_add(walk, &row);
	}
}

/* What a spell of an unsupported version does with what it spends is not known. */
static void
lose_sight(CbCharmWalk *walk, CbCharmStep *step)
{
	CbTxInIter	it = cb_tx_inputs(&step->tx);
	CbTxIn		in;

	while (cb_tx_next_input(&it, &in))
	{
		CbCharmRow *held = cb_charm_walk_held(walk, step->plan, &in.prevout);
		uint8		identity[32];
		bool		has_nft;

		cb_app_identity(&in.prevout, identity);
		has_nft = memcmp(identity, step->plan->lineage.identity, sizeof(identity)) == 0;
		if (held != NULL && !held->is_spent)
		{
			spend(held, step, true);
			has_nft = has_nft || held->held.has_nft;
		}
		if (has_nft)
			step->nft = "unknown";
	}
}

static const char *
fate_name(CbNftFate fate)
{
	switch (fate)
	{
		case CB_NFT_ELSEWHERE:
			return "elsewhere";
		case CB_NFT_BORN:
			return "born";
		case CB_NFT_MOVED:
			return "moved";
		case CB_NFT_ENDED:
			return "ended";
	}
	return "elsewhere";
}

static void
watch_created(const CbCharmWalk *walk, const Known *known, int32 tip,
			  const CbBlockPlace *block, CbCharmOutputs *created)
{
	CbOutpoint *outpoints = palloc_extended(sizeof(CbOutpoint) * Max(walk->n_rows, 1), MCXT_ALLOC_HUGE);
	int32	   *offered = palloc_extended(sizeof(int32) * Max(walk->n_rows, 1), MCXT_ALLOC_HUGE);
	int			n = 0;

	if (block != NULL)
	{
		created->outputs = palloc_extended(sizeof(CbCharmOutput) * Max(walk->n_rows, 1), MCXT_ALLOC_HUGE);
		created->n = 0;
	}
	for (int i = 0; i < walk->n_rows; i++)
	{
		const CbCharmRow *row = walk->rows[i];
		bool		is_at_hand = block != NULL && row->height == block->height;
		CbOutpointValue value;

		cb_outpoint_value(&row->outpoint, &value);
		if (row->is_stored || bsearch(&value, known->outpoints, known->n, sizeof(value), compare_known) != NULL)
			continue;
		outpoints[n] = row->outpoint;
		offered[n++] = is_at_hand ? row->height : row->height - 1;
		if (!is_at_hand || row->is_spent || row->held.beamed > 0)
			continue;
		created->outputs[created->n].plan_id = row->plan->id;
		created->outputs[created->n].merchant_id = row->plan->merchant_id;
		created->outputs[created->n++].outpoint = row->outpoint;
	}
	cb_watch_charms(outpoints, offered, n, tip);
}
