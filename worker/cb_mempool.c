/*-------------------------------------------------------------------------
 *
 * cb_mempool.c
 *	  Offering the node's mempool, and arming watches.
 *
 * The txids offered are remembered, so that each transaction is fetched once,
 * and with them the time, since a watch that was committed at that moment may
 * have missed them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "cb_chain_calls.h"
#include "../src/cb_compat.h"
#include "cb_hex.h"
#include "cb_mempool.h"
#include "cb_node.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Then following, jobs and billing have their turn. */
#define TURN_MS 5000

/* An unconfirmed chain is no longer than this in any node's mempool. */
#define MAX_ANCESTOR_ROUNDS 25

#define TXID_SIZE 32

typedef struct Offered
{
	char		txid[TXID_SIZE];	/* the key, in the order of the text */
	uint32		round;			/* last snapshot that had it */
	TimestampTz at;				/* when it was first offered; 0: not yet */
} Offered;

typedef struct Snapshot
{
	bool		stable;			/* the tip did not change, and is ours */
	bool		complete;		/* absence from it means something */
	const char *tip;
	const json_t *txids;
} Snapshot;

static HTAB *offered = NULL;
static uint32 current_round = 0;

static void take_snapshot(Snapshot *snapshot);
static void remember(const Snapshot *snapshot);
static void forget_absent(void);
static bool offer_new(const Snapshot *snapshot, TimestampTz end);
static void offer_batch(const char **txids, int n);
static void offer_parents(void);
static void evict_absent(const char *tip);
static bool offer_blocks(int from_height, TimestampTz end);
static void arm_since(TimestampTz since);
static const char **offered_since(TimestampTz since, int *n);
static Offered *find(const char *txid, HASHACTION action);

void
cb_mempool_reset(void)
{
	HASHCTL		control = {.keysize = TXID_SIZE,.entrysize = sizeof(Offered),.hcxt = TopMemoryContext};

	if (offered != NULL)
		hash_destroy(offered);
	offered = hash_create("charmbills mempool", 1024, &control,
						  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

bool
cb_mempool_look(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), TURN_MS);
	Snapshot	snapshot;

	take_snapshot(&snapshot);
	if (!snapshot.stable)
		return false;
	remember(&snapshot);
	if (!offer_new(&snapshot, end))
		return true;
	offer_parents();
	if (snapshot.complete)
		evict_absent(snapshot.tip);
	return false;
}

/*
 * One request, answered in order.  The node says whether it has loaded its
 * mempool before it lists it, or the list could be older than the claim.
 */
static void
take_snapshot(Snapshot *snapshot)
{
	CbRpcCall	calls[] = {
		{.method = "getblockchaininfo"},
		{.method = "getmempoolinfo"},
		{.method = "getrawmempool"},
		{.method = "getbestblockhash"},
	};
	const json_t *chain;
	const json_t *pool;
	CbBlockId	ours;

	cb_rpc_send(calls, lengthof(calls), CB_RPC_LARGE);
	chain = cb_rpc_demand(&calls[0]);
	pool = cb_rpc_demand(&calls[1]);
	snapshot->txids = cb_rpc_demand(&calls[2]);
	snapshot->tip = cb_json_hash(cb_rpc_demand(&calls[3]));
	if (!json_is_array(snapshot->txids))
		cb_json_malformed("getrawmempool");
	snapshot->stable = strcmp(snapshot->tip, cb_json_text(chain, "bestblockhash")) == 0 &&
		cb_chain_tip(&ours) && strcmp(snapshot->tip, ours.hash) == 0;
	snapshot->complete = cb_json_bool(pool, "loaded", true) &&
		!cb_json_bool(chain, "initialblockdownload", false);
}

static void
remember(const Snapshot *snapshot)
{
	size_t		i;
	const json_t *txid;

	current_round++;
	json_array_foreach(snapshot->txids, i, txid)
		find(cb_json_hash(txid), HASH_ENTER)->round = current_round;
	forget_absent();
}

static void
forget_absent(void)
{
	HASH_SEQ_STATUS scan;
	Offered    *entry;

	hash_seq_init(&scan, offered);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->round != current_round)
			(void) hash_search(offered, entry->txid, HASH_REMOVE, NULL);
	}
}

/* False when time ran out. */
static bool
offer_new(const Snapshot *snapshot, TimestampTz end)
{
	const char *batch[CB_NODE_BATCH];
	int			n = 0;
	size_t		i;
	const json_t *txid;

	json_array_foreach(snapshot->txids, i, txid)
	{
		if (find(json_string_value(txid), HASH_FIND)->at != 0)
			continue;
		batch[n++] = json_string_value(txid);
		if (n < CB_NODE_BATCH)
			continue;
		offer_batch(batch, n);
		n = 0;
		if (GetCurrentTimestamp() > end)
			return false;
	}
	if (n > 0)
		offer_batch(batch, n);
	return true;
}

/* Remembered only after the offer has been committed. */
static void
offer_batch(const char **txids, int n)
{
	MemoryContext item = AllocSetContextCreate(CurrentMemoryContext, "charmbills transactions",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(item);
	Datum	   *txs = palloc(sizeof(Datum) * n);
	int			found;

	CHECK_FOR_INTERRUPTS();
	found = cb_node_transactions(txids, n, txs);
	if (found > 0)
		cb_chain_apply_mempool(txs, found);
	for (int i = 0; i < n; i++)
	{
		Offered    *entry = find(txids[i], HASH_FIND);

		if (entry != NULL && entry->at == 0)
			entry->at = GetCurrentTimestamp();
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(item);
}

/*
 * Ancestors of what is known, one generation a round.  A node with an index of
 * all transactions would give confirmed ones too: only the mempool's count.
 */
static void
offer_parents(void)
{
	for (int round = 0; round < MAX_ANCESTOR_ROUNDS; round++)
	{
		List	   *wanted = cb_chain_wanted_parents();
		const char *batch[CB_NODE_BATCH];
		int			n = 0;
		ListCell   *cell;

		if (wanted == NIL)
			return;
		foreach(cell, wanted)
		{
			if (n < CB_NODE_BATCH && find(lfirst(cell), HASH_FIND) != NULL)
				batch[n++] = lfirst(cell);
		}
		if (n > 0)
			offer_batch(batch, n);
		cb_chain_parents_asked();
	}
}

static void
evict_absent(const char *tip)
{
	ListCell   *cell;

	foreach(cell, cb_chain_unconfirmed())
	{
		if (find(lfirst(cell), HASH_FIND) == NULL)
			cb_chain_evict(lfirst(cell), tip);
	}
}

bool
cb_mempool_arm_watches(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), TURN_MS);
	int			from_height;
	TimestampTz since;

	if (!cb_chain_watch_backlog(&from_height, &since))
		return false;
	if (!offer_blocks(from_height, end))
		return true;
	arm_since(since);
	return false;
}

/* False when time ran out; what was offered stays offered. */
static bool
offer_blocks(int from_height, TimestampTz end)
{
	CbBlockId  *blocks;
	int			n = cb_chain_blocks_between(from_height, INT_MAX, &blocks);

	for (int i = 0; i < n; i++)
	{
		MemoryContext item = AllocSetContextCreate(CurrentMemoryContext, "charmbills block",
												   ALLOCSET_DEFAULT_SIZES);
		MemoryContext outer = MemoryContextSwitchTo(item);

		CHECK_FOR_INTERRUPTS();
		cb_chain_offer(blocks[i].height, cb_node_block(blocks[i].hash));
		MemoryContextSwitchTo(outer);
		MemoryContextDelete(item);
		if (i + 1 < n && GetCurrentTimestamp() > end)
			return false;
	}
	return true;
}

/* All must have been offered when the watches become armed: with the last batch. */
static void
arm_since(TimestampTz since)
{
	int			n;
	const char **txids = offered_since(since, &n);
	Datum	   *txs = palloc(sizeof(Datum) * CB_NODE_BATCH);
	int			done = 0;

	for (; n - done > CB_NODE_BATCH; done += CB_NODE_BATCH)
		offer_batch(txids + done, CB_NODE_BATCH);
	if (n > done)
		n = cb_node_transactions(txids + done, n - done, txs);
	cb_chain_arm(txs, n);
}

static const char **
offered_since(TimestampTz since, int *n)
{
	const char **txids = palloc(sizeof(char *) * Max(hash_get_num_entries(offered), 1));
	HASH_SEQ_STATUS scan;
	Offered    *entry;

	*n = 0;
	hash_seq_init(&scan, offered);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->at != 0 && entry->at >= since)
			txids[(*n)++] = cb_hex_text(entry->txid, TXID_SIZE);
	}
	return txids;
}

static Offered *
find(const char *txid, HASHACTION action)
{
	bytea	   *key = cb_hex_bytes(txid, 2 * TXID_SIZE);
	bool		found;
	Offered    *entry;

	if (key == NULL)
		cb_json_malformed("txid");
	entry = hash_search(offered, VARDATA(key), action, &found);
	if (action == HASH_ENTER && !found)
		entry->at = 0;
	pfree(key);
	return entry;
}
