/*-------------------------------------------------------------------------
 *
 * cb_tx_draft.h
 *	  Transactions that are yet to be signed: writing them, and how large
 *	  signatures will make them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TX_DRAFT_H
#define CB_TX_DRAFT_H

#include "cb_tx.h"

#define CB_TX_DRAFT_VERSION 2
#define CB_SEQUENCE_FINAL UINT32_C(0xffffffff)

/* The form without witnesses; every input is final, and nothing is locked. */
extern void cb_tx_write_draft(CbWriter *w, const CbOutpoint *inputs, size_t n_inputs,
							  const CbTxOut *outputs, size_t n_outputs);

/*
 * The weight that signing adds to an input that spends this script: of the
 * scriptSig beyond its length, and of the witness with its count.  Of what
 * several keys or a script hash may demand a common case is taken: two of
 * three in p2wsh, one key nested in p2sh.
 */
extern size_t cb_spend_weight(CbSpan script);

#endif							/* CB_TX_DRAFT_H */
