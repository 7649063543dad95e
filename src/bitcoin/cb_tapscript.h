/*-------------------------------------------------------------------------
 *
 * cb_tapscript.h
 *	  Spending a taproot output by the only script of its tree.
 *
 * Sources: BIP-341, BIP-342.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TAPSCRIPT_H
#define CB_TAPSCRIPT_H

#include "cb_tx.h"

/* Leaf version with the parity of the output's key, and the internal key. */
#define CB_CONTROL_BLOCK_SIZE 33
#define CB_SCHNORR_SIZE 64
#define CB_X_ONLY_SIZE 32

/* Of a script as a leaf of version 0xc0. */
extern void cb_tapleaf_hash(CbSpan script, uint8_t hash[32]);

/* Do a control block of a tree with one leaf, and that leaf, make the output's key? */
extern bool cb_tapleaf_is_committed(CbSpan control_block, const uint8_t leaf_hash[32], CbSpan output_key);

/*
 * What a signature of SIGHASH_DEFAULT signs, which covers the whole transaction
 * and all it spends.  spent: what each input spends.  Neither an annex nor
 * OP_CODESEPARATOR is thought of.
 */
extern void cb_tapscript_digest(const CbTx *tx, const CbTxOut *spent, uint32_t index,
								const uint8_t leaf_hash[32], uint8_t digest[32]);

/* Does such a signature hold? */
extern bool cb_tapscript_verify(const CbTx *tx, const CbTxOut *spent, uint32_t index,
								const uint8_t leaf_hash[32], CbSpan key, CbSpan signature);

#endif							/* CB_TAPSCRIPT_H */
