/*-------------------------------------------------------------------------
 *
 * cb_match.c
 *	  Which transactions matter: matching outputs and inputs with the watches.
 *
 * Direct index scans rather than SQL: a join's plan depends on statistics
 * that are stale whenever a table has just grown, and a bad one here would
 * stop the chain.  Keys are probed in index order, so that neighbouring
 * probes find their pages in cache.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "cb_compat.h"
#include "cb_sql.h"
#include "bitcoin/cb_script.h"
#include "chain/cb_match.h"
#include "chain/cb_watch.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* An output or input to look up. */
typedef struct Candidate
{
	uint64		prefix;			/* of its key, in index order */
	int			tx;				/* index into txs */
	CbTxOut		output;
	CbOutpointValue outpoint;
} Candidate;

/* Most keys differ in their prefix, so that few are looked at for sorting. */
typedef struct SortKey
{
	uint64		prefix;
	const Candidate *candidate;
} SortKey;

/* A scan of one table's primary key, reused for all probes. */
typedef struct Probe
{
	Relation	relation;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	ScanKeyData key;
} Probe;

static void match_outputs(const CbBlockTx *txs, int n, CbMatches *matches);
static int	collect_outputs(const CbBlockTx *txs, int n, Candidate **candidates);
static uint64 key_prefix(const uint8 *key, size_t len);
static SortKey *sort_candidates(const Candidate *candidates, int n, int (*compare) (const void *, const void *));
static int	compare_scripts(const void *a, const void *b);
static void add_hit(CbMatches *matches, const CbBlockTx *txs, const Candidate *candidate, TupleTableSlot *slot);
static void match_inputs(const CbBlockTx *txs, int n, CbMatches *matches);
static void add_spend(CbMatches *matches, const Candidate *candidate, TupleTableSlot *slot);
static int	collect_inputs(const CbBlockTx *txs, int n, Candidate **candidates);
static int	compare_outpoints(const void *a, const void *b);
static void match_children(const CbBlockTx *txs, int n, CbMatches *matches);
static void probe_open(Probe *probe, const char *table, StrategyNumber strategy);
static bool probe_find(Probe *probe, Datum key);
static void probe_close(Probe *probe);

void
cb_match(const CbBlockTx *txs, int n, bool with_parents, CbMatches *matches)
{
	memset(matches, 0, sizeof(*matches));
	matches->relevant = palloc0(sizeof(bool) * Max(n, 1));
	match_outputs(txs, n, matches);
	match_inputs(txs, n, matches);
	if (with_parents)
		match_children(txs, n, matches);
}

void
cb_match_relevant(CbMatches *matches, int tx)
{
	if (!matches->relevant[tx])
		matches->n_relevant++;
	matches->relevant[tx] = true;
}

static void
match_outputs(const CbBlockTx *txs, int n, CbMatches *matches)
{
	Candidate  *candidates;
	int			n_candidates = collect_outputs(txs, n, &candidates);
	SortKey    *sorted;
	bytea	   *key = palloc(VARHDRSZ + CB_MAX_ADDRESS_SCRIPT);
	Probe		probe;
	bool		found = false;

	if (n_candidates == 0)
		return;
	sorted = sort_candidates(candidates, n_candidates, compare_scripts);
	matches->hits = palloc(sizeof(CbHit) * n_candidates);
	probe_open(&probe, "watched_scripts", BTEqualStrategyNumber);
	for (int i = 0; i < n_candidates; i++)
	{
		CbSpan		script = sorted[i].candidate->output.script;

		if (i == 0 || compare_scripts(&sorted[i - 1], &sorted[i]) != 0)
		{
			SET_VARSIZE(key, VARHDRSZ + script.len);
			memcpy(VARDATA(key), script.data, script.len);
			found = probe_find(&probe, PointerGetDatum(key));
		}
		if (found)
			add_hit(matches, txs, sorted[i].candidate, probe.slot);
	}
	probe_close(&probe);
	pfree(sorted);
	pfree(candidates);
}

/* Only scripts that can have an address can be watched. */
static int
collect_outputs(const CbBlockTx *txs, int n, Candidate **candidates)
{
	int64		total = 0;
	int			found = 0;

	for (int i = 0; i < n; i++)
		total += txs[i].tx.n_outputs;
	*candidates = palloc_extended(sizeof(Candidate) * Max(total, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		CbTxOutIter it = cb_tx_outputs(&txs[i].tx);
		CbTxOut		output;

		for (uint32 vout = 0; cb_tx_next_output(&it, &output); vout++)
		{
			CbOutpoint	outpoint = {txs[i].txid, vout};

			if (output.script.len == 0 || output.script.len > CB_MAX_ADDRESS_SCRIPT)
				continue;
			(*candidates)[found].prefix = key_prefix(output.script.data, output.script.len);
			(*candidates)[found].tx = i;
			(*candidates)[found].output = output;
			cb_outpoint_value(&outpoint, &(*candidates)[found].outpoint);
			found++;
		}
	}
	return found;
}

/* The first bytes as a number that orders as they do. */
static uint64
key_prefix(const uint8 *key, size_t len)
{
	uint64		prefix = 0;

	memcpy(&prefix, key, Min(len, sizeof(prefix)));
	return pg_ntoh64(prefix);
}

static SortKey *
sort_candidates(const Candidate *candidates, int n, int (*compare) (const void *, const void *))
{
	SortKey    *keys = palloc_extended(sizeof(SortKey) * n, MCXT_ALLOC_HUGE);

	for (int i = 0; i < n; i++)
	{
		keys[i].prefix = candidates[i].prefix;
		keys[i].candidate = &candidates[i];
	}
	qsort(keys, n, sizeof(SortKey), compare);
	return keys;
}

static int
compare_scripts(const void *a, const void *b)
{
	const SortKey *key_a = a;
	const SortKey *key_b = b;
	CbSpan		x = key_a->candidate->output.script;
	CbSpan		y = key_b->candidate->output.script;
	int			order;

	if (key_a->prefix != key_b->prefix)
		return key_a->prefix < key_b->prefix ? -1 : 1;
	order = memcmp(x.data, y.data, Min(x.len, y.len));
	if (order != 0)
		return order;
	return x.len < y.len ? -1 : x.len > y.len;
}

static void
add_hit(CbMatches *matches, const CbBlockTx *txs, const Candidate *candidate, TupleTableSlot *slot)
{
	CbHit	   *hit = &matches->hits[matches->n_hits++];
	bool		isnull;
	Datum		value;

	hit->outpoint.txid = txs[candidate->tx].txid;
	hit->outpoint.vout = cb_outpoint_value_vout(&candidate->outpoint);
	hit->tx = candidate->tx;
	hit->amount = candidate->output.value;
	hit->script = candidate->output.script;
	hit->is_coinbase = cb_tx_is_coinbase(&txs[candidate->tx].tx);
	/* Columns in the order of the table: merchant, descriptor, index. */
	hit->merchant_id = *DatumGetUUIDP(slot_getattr(slot, 2, &isnull));
	value = slot_getattr(slot, 3, &isnull);
	hit->is_derived = !isnull;
	if (hit->is_derived)
	{
		hit->descriptor_id = *DatumGetUUIDP(value);
		hit->derivation_index = DatumGetInt32(slot_getattr(slot, 4, &isnull));
	}
	cb_match_relevant(matches, candidate->tx);
}

static void
match_inputs(const CbBlockTx *txs, int n, CbMatches *matches)
{
	Candidate  *candidates;
	int			n_candidates = collect_inputs(txs, n, &candidates);
	SortKey    *sorted;
	Probe		probe;

	if (n_candidates == 0)
		return;
	sorted = sort_candidates(candidates, n_candidates, compare_outpoints);
	matches->spends = palloc_extended(sizeof(CbSpending) * n_candidates, MCXT_ALLOC_HUGE);
	probe_open(&probe, "watched_outpoints", BTEqualStrategyNumber);
	for (int i = 0; i < n_candidates; i++)
	{
		if (!probe_find(&probe, CbOutpointGetDatum(&sorted[i].candidate->outpoint)))
			continue;
		cb_match_relevant(matches, sorted[i].candidate->tx);
		add_spend(matches, sorted[i].candidate, probe.slot);
	}
	probe_close(&probe);
	pfree(sorted);
	pfree(candidates);
}

/* Of an outpoint's watches, that of no spender comes first. */
static void
add_spend(CbMatches *matches, const Candidate *candidate, TupleTableSlot *slot)
{
	CbSpending *spend = &matches->spends[matches->n_spends];
	bool		isnull;

	if (memcmp(DatumGetCbTxid(slot_getattr(slot, 2, &isnull))->bytes, cb_no_spender.bytes,
			   sizeof(cb_no_spender.bytes)) != 0)
		return;
	memcpy(spend->outpoint.txid.bytes, candidate->outpoint.txid.bytes, sizeof(spend->outpoint.txid.bytes));
	spend->outpoint.vout = cb_outpoint_value_vout(&candidate->outpoint);
	spend->tx = candidate->tx;
	matches->n_spends++;
}

static int
collect_inputs(const CbBlockTx *txs, int n, Candidate **candidates)
{
	int64		total = 0;
	int			found = 0;

	for (int i = 0; i < n; i++)
		total += txs[i].tx.n_inputs;
	*candidates = palloc_extended(sizeof(Candidate) * Max(total, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		CbTxInIter	it = cb_tx_inputs(&txs[i].tx);
		CbTxIn		input;

		if (cb_tx_is_coinbase(&txs[i].tx))
			continue;
		while (cb_tx_next_input(&it, &input))
		{
			(*candidates)[found].prefix = key_prefix(input.prevout.txid.bytes, sizeof(input.prevout.txid.bytes));
			(*candidates)[found].tx = i;
			cb_outpoint_value(&input.prevout, &(*candidates)[found].outpoint);
			found++;
		}
	}
	return found;
}

static int
compare_outpoints(const void *a, const void *b)
{
	const SortKey *key_a = a;
	const SortKey *key_b = b;

	if (key_a->prefix != key_b->prefix)
		return key_a->prefix < key_b->prefix ? -1 : 1;
	return memcmp(&key_a->candidate->outpoint, &key_b->candidate->outpoint, sizeof(CbOutpointValue));
}

/* A transaction whose output a known one spends is that one's parent. */
static void
match_children(const CbBlockTx *txs, int n, CbMatches *matches)
{
	Probe		probe;

	probe_open(&probe, "watched_outpoints", BTGreaterEqualStrategyNumber);
	for (int i = 0; i < n; i++)
	{
		CbOutpoint	first = {txs[i].txid, 0};
		CbOutpointValue key;
		bool		isnull;

		if (matches->relevant[i])
			continue;
		cb_outpoint_value(&first, &key);
		if (!probe_find(&probe, CbOutpointGetDatum(&key)))
			continue;
		if (memcmp(DatumGetCbOutpoint(slot_getattr(probe.slot, 1, &isnull))->txid.bytes,
				   txs[i].txid.bytes, sizeof(txs[i].txid.bytes)) == 0)
			cb_match_relevant(matches, i);
	}
	probe_close(&probe);
}

/* Compare the primary key's first column with the keys to come. */
static void
probe_open(Probe *probe, const char *table, StrategyNumber strategy)
{
	Oid			family;
	Oid			type;

	probe->relation = table_open(cb_relation_oid(table), AccessShareLock);
	probe->index = index_open(cb_primary_key_index(probe->relation), AccessShareLock);
	probe->snapshot = RegisterSnapshot(GetLatestSnapshot());
	probe->slot = table_slot_create(probe->relation, NULL);
	family = probe->index->rd_opfamily[0];
	type = probe->index->rd_opcintype[0];
	ScanKeyEntryInitialize(&probe->key, 0, 1, strategy, InvalidOid, InvalidOid,
						   get_opcode(get_opfamily_member(family, type, type, strategy)),
						   (Datum) 0);
	probe->scan = cb_index_beginscan(probe->relation, probe->index, probe->snapshot, 1);
}

static bool
probe_find(Probe *probe, Datum key)
{
	CHECK_FOR_INTERRUPTS();
	probe->key.sk_argument = key;
	index_rescan(probe->scan, &probe->key, 1, NULL, 0);
	return index_getnext_slot(probe->scan, ForwardScanDirection, probe->slot);
}

static void
probe_close(Probe *probe)
{
	index_endscan(probe->scan);
	ExecDropSingleTupleTableSlot(probe->slot);
	UnregisterSnapshot(probe->snapshot);
	index_close(probe->index, AccessShareLock);
	table_close(probe->relation, AccessShareLock);
}
