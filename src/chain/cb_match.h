/*-------------------------------------------------------------------------
 *
 * cb_match.h
 *	  Which transactions matter: matching outputs and inputs with the watches.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_MATCH_H
#define CB_MATCH_H

#include "postgres.h"

#include "utils/uuid.h"

#include "bitcoin/cb_block.h"

/* An output that pays a watched script. */
typedef struct CbHit
{
	CbOutpoint	outpoint;
	int			tx;				/* index into the transactions that were matched */
	int64		amount;			/* sats */
	CbSpan		script;			/* within the transaction's bytes */
	bool		is_coinbase;
	pg_uuid_t	merchant_id;
	bool		is_derived;
	pg_uuid_t	descriptor_id;
	int32		derivation_index;
} CbHit;

/* An input that spends an outpoint which is watched for its own sake. */
typedef struct CbSpending
{
	CbOutpoint	outpoint;
	int			tx;				/* index into txs */
} CbSpending;

typedef struct CbMatches
{
	bool	   *relevant;		/* for each transaction */
	int			n_relevant;
	CbHit	   *hits;
	int			n_hits;
	CbSpending *spends;
	int			n_spends;
} CbMatches;

/*
 * Look up all outputs' scripts in watched_scripts and all inputs in
 * watched_outpoints, each with one ordered pass over the primary key, under
 * the latest snapshot: the cost does not depend on how much is watched.
 *
 * with_parents: a transaction also matters when a known one spends its output.
 */
extern void cb_match(const CbBlockTx *txs, int n, bool with_parents, CbMatches *matches);

/* A transaction matters for a reason of the caller's own. */
extern void cb_match_relevant(CbMatches *matches, int tx);

#endif							/* CB_MATCH_H */
