/*-------------------------------------------------------------------------
 *
 * cb_unsigned.h
 *	  Transactions of ours that wait for their signatures, and what they spend.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_UNSIGNED_H
#define CB_UNSIGNED_H

#include "postgres.h"

#include "utils/uuid.h"

#include "chain/cb_package.h"

/* A row of transactions; its transactions may be signed in part, or since. */
typedef struct CbUnsigned
{
	pg_uuid_t	id;
	pg_uuid_t	merchant_id;
	char	   *status;
	char	   *commit_hex;		/* NULL without one */
	char	   *spell_hex;
	CbPackage	package;
} CbUnsigned;

/*
 * Read a row that the caller may act for.  CB008 when there is none, CB010 when
 * its transactions are not made yet.
 */
extern void cb_unsigned_read(const pg_uuid_t *id, CbUnsigned *row);

/*
 * CB010 where signing the commit transaction would change its identifier, by
 * which the spell names it.
 */
extern void cb_refuse_changing_commit(const CbUnsigned *row);

/* An output that an input spends, and the transaction that made it. */
typedef struct CbPrevious
{
	CbTxOut		out;
	CbSpan		raw;
} CbPrevious;

/*
 * What each input of one of the package's transactions spends, palloc'd.
 * CB010, naming the first one that is not known.
 */
extern CbPrevious *cb_previous_outputs(const pg_uuid_t *transaction_id, const CbPackage *package,
									   const CbBlockTx *tx);

#endif							/* CB_UNSIGNED_H */
