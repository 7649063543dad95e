/*-------------------------------------------------------------------------
 *
 * cb_chain_calls.h
 *	  The worker's calls of charmbills.chain_*(), each a transaction of its own.
 *
 * All raise errors; results are in the caller's memory context.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_CHAIN_CALLS_H
#define CB_CHAIN_CALLS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#define CB_HASH_TEXT_SIZE 65
#define CB_HEADER_SIZE 80

typedef struct CbBlockId
{
	int			height;
	char		hash[CB_HASH_TEXT_SIZE];
} CbBlockId;

/* What the node says of itself. */
typedef struct CbNodeView
{
	CbBlockId	tip;
	int			headers;
	bool		initial_download;
	int			prune_height;	/* -1: it has all blocks */
	bool		mempool_loaded;
	const char *version;
	const char *genesis;
} CbNodeView;

/* What there is to do, at one look. */
typedef struct CbAgenda
{
	bool		awaiting_mempool;
	TimestampTz next_job_at;	/* for the node; 0: none */
	TimestampTz next_http_at;	/* 0: none */
	TimestampTz next_billing_at;
	const char *stopped_reason; /* NULL while following goes on */
	bool		adopted;
	bool		unarmed;
} CbAgenda;

extern void cb_read_agenda(CbAgenda *agenda);

/* False before following begins. */
extern bool cb_chain_tip(CbBlockId *tip);
/* Our blocks, newest first; gives how many. */
extern int	cb_chain_locator(CbBlockId **blocks);
/* Our blocks between two heights, both excluded, lowest first. */
extern int	cb_chain_blocks_between(int low, int high, CbBlockId **blocks);
/* Headers of our blocks above a height, 80 bytes each, lowest first. */
extern uint8 *cb_chain_headers_above(int height, int *n);
extern void cb_chain_start(const CbBlockId *base);
extern void cb_chain_stop(const char *reason);
extern void cb_chain_report(const CbNodeView *view);
extern bool cb_chain_apply(int height, const bytea *block);
extern int	cb_chain_reorganise(int fork_height, const Datum *blocks, int n);

extern void cb_chain_apply_mempool(const Datum *txs, int n);
extern void cb_chain_evict(const char *txid, const char *at_tip);
/* Lists of txids as text. */
extern List *cb_chain_unconfirmed(void);
extern List *cb_chain_wanted_parents(void);
extern void cb_chain_parents_asked(void);

/* False when every watch is armed. */
extern bool cb_chain_watch_backlog(int *from_height, TimestampTz *since);
extern void cb_chain_offer(int height, const bytea *block);
extern void cb_chain_arm(const Datum *txs, int n);
extern void cb_chain_rescan(int height, const bytea *block);

extern void cb_run_billing(void);

#endif							/* CB_CHAIN_CALLS_H */
