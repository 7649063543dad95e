/*-------------------------------------------------------------------------
 *
 * cb_chain_calls.c
 *	  The worker's calls of charmbills.chain_*(), each a transaction of its own.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "cb_chain_calls.h"
#include "../src/cb_compat.h"
#include "cb_worker_tx.h"
#include "utils/array.h"
#include "utils/builtins.h"

static void run(const char *sql, int nargs, const CbArgument *args);
static int	read_blocks(CbBlockId **blocks, int n);
static List *read_txids(const char *sql);
static ArrayType *bytea_array(const Datum *elements, int n);

/* For what answers with nothing that matters. */
static void
run(const char *sql, int nargs, const CbArgument *args)
{
	cb_tx_begin(sql);
	(void) cb_tx_query(sql, nargs, args);
	cb_tx_commit();
}

/* The sandbox's clock may be another than ours; HTTP jobs run there as well. */
void
cb_read_agenda(CbAgenda *agenda)
{
	const char *sql = "SELECT awaiting_mempool, next_job_at, next_billing_at, stopped_reason,"
		" adopted, unarmed,"
		" next_http_at OPERATOR(pg_catalog.+)"
		" (pg_catalog.now() OPERATOR(pg_catalog.-) charmbills.now())"
		" FROM charmbills.worker_agenda()";

	cb_tx_begin(sql);
	if (cb_tx_query(sql, 0, NULL) != 1)
		elog(ERROR, "worker_agenda() gave no row");
	agenda->awaiting_mempool = cb_tx_bool(0, 0);
	agenda->next_job_at = cb_tx_time(0, 1);
	agenda->next_billing_at = cb_tx_time(0, 2);
	agenda->stopped_reason = cb_tx_text(0, 3);
	agenda->adopted = cb_tx_bool(0, 4);
	agenda->unarmed = cb_tx_bool(0, 5);
	agenda->next_http_at = cb_tx_time(0, 6);
	cb_tx_commit();
}

bool
cb_chain_tip(CbBlockId *tip)
{
	const char *sql = "SELECT height, hash FROM charmbills.chain_tip()";
	CbBlockId  *blocks;
	int			n;

	cb_tx_begin(sql);
	n = read_blocks(&blocks, cb_tx_query(sql, 0, NULL));
	cb_tx_commit();
	if (n > 0)
		*tip = blocks[0];
	return n > 0;
}

int
cb_chain_locator(CbBlockId **blocks)
{
	const char *sql = "SELECT height, hash FROM charmbills.chain_locator() ORDER BY height DESC";
	int			n;

	cb_tx_begin(sql);
	n = read_blocks(blocks, cb_tx_query(sql, 0, NULL));
	cb_tx_commit();
	return n;
}

int
cb_chain_blocks_between(int low, int high, CbBlockId **blocks)
{
	const char *sql = "SELECT height, hash FROM charmbills.blocks"
		" WHERE height > $1 AND height < $2 ORDER BY height";
	int			n;

	cb_tx_begin(sql);
	n = cb_tx_query(sql, 2, (CbArgument[]) {CB_INT4(low), CB_INT4(high)});
	n = read_blocks(blocks, n);
	cb_tx_commit();
	return n;
}

uint8 *
cb_chain_headers_above(int height, int *n)
{
	const char *sql = "SELECT header FROM charmbills.blocks WHERE height > $1 ORDER BY height";
	uint8	   *headers;

	cb_tx_begin(sql);
	*n = cb_tx_query(sql, 1, (CbArgument[]) {CB_INT4(height)});
	headers = cb_tx_alloc((Size) CB_HEADER_SIZE * Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		bytea	   *header = cb_tx_bytea(i, 0);

		if (header == NULL || VARSIZE_ANY_EXHDR(header) != CB_HEADER_SIZE)
			elog(ERROR, "stored header is damaged");
		memcpy(headers + (Size) i * CB_HEADER_SIZE, VARDATA_ANY(header), CB_HEADER_SIZE);
	}
	cb_tx_commit();
	return headers;
}

/* Rows of (height, hash), into the context that was current at the beginning. */
static int
read_blocks(CbBlockId **blocks, int n)
{
	*blocks = cb_tx_alloc(sizeof(CbBlockId) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		(*blocks)[i].height = cb_tx_int(i, 0, -1);
		strlcpy((*blocks)[i].hash, cb_tx_text(i, 1), CB_HASH_TEXT_SIZE);
	}
	return n;
}

void
cb_chain_start(const CbBlockId *base)
{
	run("SELECT charmbills.chain_start($1, $2)", 2,
		(CbArgument[]) {CB_INT4(base->height), CB_TEXT(base->hash)});
}

void
cb_chain_stop(const char *reason)
{
	run("SELECT charmbills.chain_stop($1)", 1, (CbArgument[]) {CB_TEXT(reason)});
}

void
cb_chain_report(const CbNodeView *view)
{
	run("SELECT charmbills.chain_report_node($1, $2, $3, $4,"
		" NULLIF($5, -1), $6, $7, $8)", 8,
		(CbArgument[]) {CB_INT4(view->tip.height), CB_TEXT(view->tip.hash),
						CB_INT4(view->headers), CB_BOOL(view->initial_download),
						CB_INT4(view->prune_height), CB_BOOL(view->mempool_loaded),
						CB_TEXT(view->version), CB_TEXT(view->genesis)});
}

bool
cb_chain_apply(int height, const bytea *block)
{
	const char *sql = "SELECT charmbills.chain_apply_block($1, $2)";
	bool		applied;

	cb_tx_begin(sql);
	applied = cb_tx_query(sql, 2, (CbArgument[]) {CB_INT4(height), CB_BYTEA(block)}) == 1 &&
		cb_tx_bool(0, 0);
	cb_tx_commit();
	return applied;
}

int
cb_chain_reorganise(int fork_height, const Datum *blocks, int n)
{
	const char *sql = "SELECT charmbills.chain_reorganise($1, $2)";
	ArrayType  *array = bytea_array(blocks, n);
	int			undone = 0;

	cb_tx_begin(sql);
	if (cb_tx_query(sql, 2, (CbArgument[]) {CB_INT4(fork_height), CB_BYTEA_ARRAY(array)}) == 1)
		undone = cb_tx_int(0, 0, 0);
	cb_tx_commit();
	return undone;
}

void
cb_chain_apply_mempool(const Datum *txs, int n)
{
	run("SELECT charmbills.chain_apply_mempool($1)", 1,
		(CbArgument[]) {CB_BYTEA_ARRAY(bytea_array(txs, n))});
}

void
cb_chain_evict(const char *txid, const char *at_tip)
{
	run("SELECT charmbills.chain_evict_mempool($1::charmbills.txid, $2)", 2,
		(CbArgument[]) {CB_TEXT(txid), CB_TEXT(at_tip)});
}

List *
cb_chain_unconfirmed(void)
{
	return read_txids("SELECT t::pg_catalog.text FROM charmbills.chain_unconfirmed() AS t");
}

List *
cb_chain_wanted_parents(void)
{
	return read_txids("SELECT t::pg_catalog.text FROM charmbills.chain_wanted_parents() AS t");
}

static List *
read_txids(const char *sql)
{
	List	   *txids = NIL;
	MemoryContext context = CurrentMemoryContext;
	int			n;

	cb_tx_begin(sql);
	n = cb_tx_query(sql, 0, NULL);
	for (int i = 0; i < n; i++)
	{
		MemoryContext spi_context = MemoryContextSwitchTo(context);

		txids = lappend(txids, cb_tx_text(i, 0));
		MemoryContextSwitchTo(spi_context);
	}
	cb_tx_commit();
	return txids;
}

void
cb_chain_parents_asked(void)
{
	run("SELECT charmbills.chain_parents_asked()", 0, NULL);
}

bool
cb_chain_watch_backlog(int *from_height, TimestampTz *since)
{
	const char *sql = "SELECT from_height, since FROM charmbills.chain_watch_backlog()";
	bool		found;

	cb_tx_begin(sql);
	found = cb_tx_query(sql, 0, NULL) > 0;
	if (found)
	{
		*from_height = cb_tx_int(0, 0, -1);
		*since = cb_tx_time(0, 1);
	}
	cb_tx_commit();
	return found;
}

void
cb_chain_offer(int height, const bytea *block)
{
	run("SELECT charmbills.chain_offer_block($1, $2)", 2,
		(CbArgument[]) {CB_INT4(height), CB_BYTEA(block)});
}

void
cb_chain_arm(const Datum *txs, int n)
{
	run("SELECT charmbills.chain_arm_watches($1)", 1,
		(CbArgument[]) {CB_BYTEA_ARRAY(bytea_array(txs, n))});
}

void
cb_chain_rescan(int height, const bytea *block)
{
	run("SELECT charmbills.chain_rescan_block($1, $2)", 2,
		(CbArgument[]) {CB_INT4(height), CB_BYTEA(block)});
}

void
cb_run_billing(void)
{
	run("SELECT charmbills.run_billing()", 0, NULL);
}

static ArrayType *
bytea_array(const Datum *elements, int n)
{
	return construct_array((Datum *) elements, n, BYTEAOID, -1, false, TYPALIGN_INT);
}
