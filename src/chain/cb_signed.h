/*-------------------------------------------------------------------------
 *
 * cb_signed.h
 *	  Transactions as they come back from whoever signs them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_SIGNED_H
#define CB_SIGNED_H

#include "postgres.h"

#include "chain/cb_unsigned.h"

/*
 * The signed transaction in a text, as hex: the text is that, or a PSBT in
 * which every input has the signatures that it needs.  CB011 where it has not.
 */
extern text *cb_signed_hex(text *given, const char *what);

/*
 * CB011 unless one transaction is the other, signed: the same but for its
 * signatures.
 */
extern void cb_check_same(const CbBlockTx *signed_tx, const CbBlockTx *unsigned_tx, const char *what);

/*
 * CB011 unless every input is signed for all of the transaction.  What the
 * prover has signed itself must be as it was.  previous: of each input.
 */
extern void cb_check_signed(const CbBlockTx *signed_tx, const CbBlockTx *unsigned_tx,
							const CbPrevious *previous, const char *what);

#endif							/* CB_SIGNED_H */
