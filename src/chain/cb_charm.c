/*-------------------------------------------------------------------------
 *
 * cb_charm.c
 *	  Plans' charms in blocks that are applied, offered and undone.
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
#include "chain/cb_charm.h"
#include "chain/cb_charm_follow.h"
#include "chain/cb_charm_hits.h"
#include "utils/hsearch.h"

CB_KEYS_STATEMENT(insert_transactions,
				  "uuid[] uuid[] txid[] int4[] text[] text[] int8[] bool[] int4 timestamptz int4 timestamptz",
				  "INSERT INTO charmbills.charm_transactions "
				  "       (plan_id, merchant_id, txid, block_height, block_index, block_median_time, "
				  "        verdict, reason, spell_version, is_accepted, judged_by, judged_at) "
				  "SELECT t.plan_id, t.merchant_id, t.txid, $9, t.block_index, $10, "
				  "       t.verdict, t.reason, t.spell_version, t.is_accepted, $11, $12 "
				  "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) "
				  "     t(plan_id, merchant_id, txid, block_index, verdict, reason, spell_version, is_accepted)");
/*
 * Before its NFT is born as far as is known, nothing of a plan can be followed.
 * The birth is among the first of its transactions.
 */
CB_KEYS_STATEMENT(find_born, "uuid[]",
				  "SELECT p.plan_id FROM unnest($1) p(plan_id) "
				  "CROSS JOIN LATERAL (SELECT FROM charmbills.charm_transactions t "
				  "                    WHERE t.plan_id = p.plan_id AND t.nft = 'born' "
				  "                    ORDER BY t.block_height, t.block_index LIMIT 1) t");
CB_STATEMENT(delete_transactions, "int4",
			 "DELETE FROM charmbills.charm_transactions WHERE block_height > $1");
CB_STATEMENT(find_undone, "int4",
			 "SELECT DISTINCT plan_id FROM charmbills.charm_transactions WHERE block_height > $1 ORDER BY 1");

/* An output that was created, by its outpoint. */
typedef struct CreatedEntry
{
	CbOutpointValue outpoint;	/* hash key, first */
	List	   *outputs;		/* of CbCharmOutput: one for each plan */
} CreatedEntry;

static int	collect_spends(const CbParsedBlock *block, CbSpending **spends);
static bool matters(CbParsedBlock *block, const CbCharmMatch *match);
static void insert_found(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place,
						 const CbCharmMatches *found);
static int	choose_starts(const CbCharmMatches *found, int32 height, CbCharmStart **starts);
static bool is_among(const pg_uuid_t *ids, uint64 n, const pg_uuid_t *id);
static void find_spenders(const CbParsedBlock *block, const CbCharmOutputs *created, CbCharmMatches *found);
static HTAB *index_created(const CbCharmOutputs *created);
static void add_match(CbCharmMatches *found, int *capacity, const CbCharmOutput *output, int tx);
static int	compare_matches(const void *a, const void *b);
static void record_known(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place,
						 const CbCharmMatches *found);

void
cb_charm_prepare(CbParsedBlock *block, int32 kept)
{
	CbCharmMatches found;
	CbSpending *spends;
	int			n_spends;

	cb_tx_spells_find(block->txs, (int) block->n_txs, &block->spells);
	n_spends = collect_spends(block, &spends);
	cb_charm_match(block->txs, (int) block->n_txs, &block->spells, spends, n_spends, kept, &found);
	for (int i = 0; i < found.n; i++)
		cb_tx_spell_judge(block->txs, cb_tx_spell_of(&block->spells, found.matches[i].tx));
}

/* Of transactions with spells, whoever watches what they spend. */
static int
collect_spends(const CbParsedBlock *block, CbSpending **spends)
{
	int64		capacity = 0;
	int			n = 0;

	for (int i = 0; i < block->spells.n; i++)
		capacity += block->txs[block->spells.spells[i].tx].tx.n_inputs;
	*spends = palloc_extended(sizeof(CbSpending) * Max(capacity, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < block->spells.n; i++)
	{
		int			tx = block->spells.spells[i].tx;
		CbTxInIter	it = cb_tx_inputs(&block->txs[tx].tx);
		CbTxIn		in;

		while (cb_tx_next_input(&it, &in))
		{
			(*spends)[n].outpoint = in.prevout;
			(*spends)[n++].tx = tx;
		}
	}
	return n;
}

void
cb_charm_match_block(CbParsedBlock *block, CbMatches *matches, CbCharmMatches *found)
{
	int			kept = 0;

	cb_charm_match(block->txs, (int) block->n_txs, &block->spells, matches->spends, matches->n_spends,
				   PG_INT32_MAX, found);
	for (int i = 0; i < found->n; i++)
	{
		if (!matters(block, &found->matches[i]))
			continue;
		cb_match_relevant(matches, found->matches[i].tx);
		found->matches[kept++] = found->matches[i];
	}
	found->n = kept;
	cb_charm_drop_hits(block->txs, &block->spells, true, matches);
}

/* Whoever only names a plan must prove what he says. */
static bool
matters(CbParsedBlock *block, const CbCharmMatch *match)
{
	CbTxSpell  *spell = cb_tx_spell_of(&block->spells, match->tx);

	return !match->only_names || cb_verdict_is_accepted(cb_tx_spell_judge(block->txs, spell)->verdict);
}

/*
 * What spends the outputs of this very block could not be matched before they
 * were known.  Where it does more than destroy it names the plan, and is among
 * what was found.
 */
void
cb_charm_record(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place,
				const CbCharmMatches *found, int32 tip)
{
	CbCharmMatches next = *found;

	while (next.n > 0)
	{
		CbCharmStart *starts;
		CbCharmOutputs created = {NULL, 0};
		int			n;

		insert_found(change, block, place, &next);
		n = choose_starts(&next, place->height, &starts);
		cb_charm_follow(change, starts, n, tip, place, &created);
		find_spenders(block, &created, &next);
		record_known(change, block, place, &next);
	}
}

static void
insert_found(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place, const CbCharmMatches *found)
{
	int			n = found->n;
	pg_uuid_t  *plans = palloc(sizeof(pg_uuid_t) * n);
	pg_uuid_t  *merchants = palloc(sizeof(pg_uuid_t) * n);
	CbHash256  *txids = palloc(sizeof(CbHash256) * n);
	Datum	   *columns = palloc0(sizeof(Datum) * 5 * n);
	bool	   *nulls = palloc0(sizeof(bool) * 2 * n);

	for (int i = 0; i < n; i++)
	{
		const CbCharmMatch *match = &found->matches[i];
		CbTxSpell  *spell = cb_tx_spell_of(&block->spells, match->tx);
		CbJudgement judgement = {CB_VERDICT_NONE, "the transaction carries no spell"};

		if (spell != NULL)
			judgement = *cb_tx_spell_judge(block->txs, spell);
		plans[i] = match->plan_id;
		merchants[i] = match->merchant_id;
		txids[i] = block->txs[match->tx].txid;
		columns[i] = Int32GetDatum(match->tx);
		columns[n + i] = cb_text(cb_verdict_name(judgement.verdict)).value;
		nulls[i] = judgement.reason == NULL;
		columns[2 * n + i] = cb_text(judgement.reason).value;
		nulls[n + i] = spell == NULL || !spell->spell.has_version;
		columns[3 * n + i] = Int64GetDatum(nulls[n + i] ? 0 : (int64) spell->spell.version);
		columns[4 * n + i] = BoolGetDatum(cb_verdict_is_accepted(judgement.verdict));
		cb_charm_news_recorded(change, &plans[i], &txids[i]);
	}
	cb_execute(&insert_transactions,
			   CB_ARGS(cb_uuid_array(plans, n), cb_uuid_array(merchants, n), cb_txid_array(txids, n),
					   cb_array(columns, NULL, n, INT4OID), cb_array(columns + n, NULL, n, TEXTOID),
					   cb_array(columns + 2 * n, nulls, n, TEXTOID),
					   cb_array(columns + 3 * n, nulls + n, n, INT8OID),
					   cb_array(columns + 4 * n, NULL, n, BOOLOID),
					   cb_int4(place->height), cb_timestamptz(place->median_time),
					   cb_int4(CB_SPELL_MAX_VERSION), cb_timestamptz(change->now)));
}

/* The plans of what was found, each once, without those that are not born yet. */
static int
choose_starts(const CbCharmMatches *found, int32 height, CbCharmStart **starts)
{
	pg_uuid_t  *ids = palloc(sizeof(pg_uuid_t) * found->n);
	bool	   *is_birth = palloc0(sizeof(bool) * found->n);
	pg_uuid_t  *born;
	uint64		n_born;
	int			n_ids = 0;
	int			n = 0;

	for (int i = 0; i < found->n; i++)
	{
		if (n_ids == 0 || !cb_uuid_equal(&ids[n_ids - 1], &found->matches[i].plan_id))
			ids[n_ids++] = found->matches[i].plan_id;
		is_birth[n_ids - 1] |= found->matches[i].is_birth;
	}
	n_born = cb_execute(&find_born, CB_ARGS(cb_uuid_array(ids, n_ids)));
	born = cb_column_uuids(n_born);
	*starts = palloc(sizeof(CbCharmStart) * n_ids);
	for (int i = 0; i < n_ids; i++)
	{
		if (!is_birth[i] && !is_among(born, n_born, &ids[i]))
			continue;
		(*starts)[n].plan_id = ids[i];
		(*starts)[n++].height = height;
	}
	return n;
}

static bool
is_among(const pg_uuid_t *ids, uint64 n, const pg_uuid_t *id)
{
	for (uint64 i = 0; i < n; i++)
	{
		if (cb_uuid_equal(&ids[i], id))
			return true;
	}
	return false;
}

/* Those that were found before have spent what they spend. */
static void
find_spenders(const CbParsedBlock *block, const CbCharmOutputs *created, CbCharmMatches *found)
{
	HTAB	   *index;
	int			capacity = 0;

	memset(found, 0, sizeof(*found));
	if (created->n == 0)
		return;
	index = index_created(created);
	for (int tx = 1; tx < (int) block->n_txs; tx++)
	{
		CbTxInIter	it = cb_tx_inputs(&block->txs[tx].tx);
		CbTxIn		in;

		while (cb_tx_next_input(&it, &in))
		{
			CbOutpointValue key;
			const CreatedEntry *entry;
			ListCell   *cell;

			cb_outpoint_value(&in.prevout, &key);
			entry = hash_search(index, &key, HASH_FIND, NULL);
			if (entry == NULL)
				continue;
			foreach(cell, entry->outputs)
				add_match(found, &capacity, lfirst(cell), tx);
		}
	}
	hash_destroy(index);
	qsort(found->matches, found->n, sizeof(CbCharmMatch), compare_matches);
}

static HTAB *
index_created(const CbCharmOutputs *created)
{
	HASHCTL		control;
	HTAB	   *index;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(CbOutpointValue);
	control.entrysize = sizeof(CreatedEntry);
	control.hcxt = CurrentMemoryContext;
	index = hash_create("charmbills created charms", created->n, &control,
						HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < created->n; i++)
	{
		CbOutpointValue key;
		CreatedEntry *entry;
		bool		exists;

		cb_outpoint_value(&created->outputs[i].outpoint, &key);
		entry = hash_search(index, &key, HASH_ENTER, &exists);
		entry->outputs = lappend(exists ? entry->outputs : NIL, &created->outputs[i]);
	}
	return index;
}

/* Each pair once, however many outputs of the plan it spends. */
static void
add_match(CbCharmMatches *found, int *capacity, const CbCharmOutput *output, int tx)
{
	CbCharmMatch *match;

	for (int i = found->n - 1; i >= 0 && found->matches[i].tx == tx; i--)
	{
		if (cb_uuid_equal(&found->matches[i].plan_id, &output->plan_id))
			return;
	}
	if (found->n == *capacity)
	{
		*capacity = Max(16, *capacity * 2);
		found->matches = found->matches ?
			repalloc_huge(found->matches, sizeof(CbCharmMatch) * *capacity) :
			palloc(sizeof(CbCharmMatch) * *capacity);
	}
	match = &found->matches[found->n++];
	memset(match, 0, sizeof(*match));
	match->plan_id = output->plan_id;
	match->merchant_id = output->merchant_id;
	match->tx = tx;
}

static int
compare_matches(const void *a, const void *b)
{
	const CbCharmMatch *x = a;
	const CbCharmMatch *y = b;
	int			order = memcmp(&x->plan_id, &y->plan_id, sizeof(x->plan_id));

	if (order != 0)
		return order;
	return x->tx < y->tx ? -1 : x->tx > y->tx;
}

static void
record_known(CbChange *change, CbParsedBlock *block, const CbBlockPlace *place, const CbCharmMatches *found)
{
	bool	   *chosen;

	if (found->n == 0)
		return;
	chosen = palloc0(sizeof(bool) * block->n_txs);
	for (int i = 0; i < found->n; i++)
		chosen[found->matches[i].tx] = true;
	cb_known_tx_record(block->txs, (int) block->n_txs, chosen, place, change->now, &change->moved);
}

void
cb_charm_disconnect(CbChange *change, int32 height)
{
	int			n = (int) cb_execute(&find_undone, CB_ARGS(cb_int4(height)));
	pg_uuid_t  *plans = cb_column_uuids(n);
	CbCharmStart *starts = palloc(sizeof(CbCharmStart) * Max(n, 1));

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		starts[i].plan_id = plans[i];
		starts[i].height = height + 1;
	}
	cb_charm_news_before(change, starts, n);
	cb_charm_undo(change, starts, n);
	cb_execute(&delete_transactions, CB_ARGS(cb_int4(height)));
}
