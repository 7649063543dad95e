/*-------------------------------------------------------------------------
 *
 * cb_tx.h
 *	  Transactions: parsing without copying, identifiers, sizes.
 *
 * A CbTx points into the bytes it was parsed from.  Parsing checks the whole
 * structure once; the iterators then walk it without checks that could fail.
 *
 * Sources: Bitcoin's protocol documentation; BIP-141, BIP-144.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_TX_H
#define CB_TX_H

#include "cb_hash.h"

/* All the sats there can ever be. */
#define CB_MAX_MONEY INT64_C(2100000000000000)
#define CB_MAX_BLOCK_WEIGHT 4000000
/* A byte outside of witnesses weighs so much. */
#define CB_WITNESS_SCALE 4

typedef struct CbOutpoint
{
	CbHash256	txid;			/* wire order */
	uint32_t	vout;
} CbOutpoint;

extern bool cb_outpoint_equal(const CbOutpoint *a, const CbOutpoint *b);

typedef struct CbTxIn
{
	CbOutpoint	prevout;
	CbSpan		script_sig;
	uint32_t	sequence;
} CbTxIn;

typedef struct CbTxOut
{
	int64_t		value;			/* sats, 0..CB_MAX_MONEY */
	CbSpan		script;			/* scriptPubKey */
} CbTxOut;

typedef struct CbTx
{
	CbSpan		raw;			/* the whole serialization */
	int32_t		version;
	uint32_t	locktime;
	uint32_t	n_inputs;
	uint32_t	n_outputs;
	bool		has_witness;
	CbSpan		inputs;			/* after the input count */
	CbSpan		outputs;		/* after the output count */
	CbSpan		core;			/* from the input count to the last output: what
								 * txid hashes between version and locktime */
	CbSpan		witness;		/* all inputs' witness stacks; empty without */
} CbTx;

/*
 * Read one transaction.  On success the reader stands behind it.
 *
 * Refused: no inputs or no outputs, a count the bytes cannot hold, a
 * non-minimal size, an output or a sum of outputs outside 0..CB_MAX_MONEY, a segwit
 * marker with another flag than 1 or with only empty witnesses, and more than
 * CB_MAX_BLOCK_WEIGHT / 4 bytes without witness.
 */
extern CbResult cb_tx_read(CbReader *r, CbTx *tx);
/* The same for a buffer that must hold exactly one transaction. */
extern CbResult cb_tx_parse(const uint8_t *data, size_t len, CbTx *tx);

/*
 * One without signatures, in the form without witnesses, as a PSBT holds it:
 * it may still be without inputs or outputs.  CB_ERR_SIGNATURE where a
 * scriptSig is filled in.
 */
extern CbResult cb_tx_parse_unsigned(const uint8_t *data, size_t len, CbTx *tx);

/* Is the one the other but for scriptSigs and witnesses? */
extern bool cb_tx_same_unsigned(const CbTx *signed_tx, const CbTx *unsigned_tx);

extern void cb_tx_txid(const CbTx *tx, CbHash256 *txid);
extern void cb_tx_wtxid(const CbTx *tx, CbHash256 *wtxid);
extern size_t cb_tx_base_size(const CbTx *tx);	/* bytes without witness */
extern size_t cb_tx_weight(const CbTx *tx);
extern size_t cb_tx_vsize(const CbTx *tx);
/* One input whose prevout is null. */
extern bool cb_tx_is_coinbase(const CbTx *tx);

/* Walk inputs, outputs and witness stacks of a parsed transaction in order. */
typedef struct CbTxInIter
{
	CbReader	r;
	uint32_t	left;
} CbTxInIter;

typedef struct CbTxOutIter
{
	CbReader	r;
	uint32_t	left;
} CbTxOutIter;

/* Witness items of one input, each a var_bytes; n_items of them. */
typedef struct CbWitnessIter
{
	CbReader	r;
	uint32_t	inputs_left;
} CbWitnessIter;

extern CbTxInIter cb_tx_inputs(const CbTx *tx);
extern bool cb_tx_next_input(CbTxInIter *it, CbTxIn *in);
extern void cb_tx_write_input(CbWriter *w, const CbTxIn *in);
extern CbTxOutIter cb_tx_outputs(const CbTx *tx);
extern bool cb_tx_next_output(CbTxOutIter *it, CbTxOut *out);
/* One output, from 0; false where there are not so many. */
extern bool cb_tx_nth_output(const CbTx *tx, uint32_t n, CbTxOut *out);
extern CbWitnessIter cb_tx_witnesses(const CbTx *tx);
/* Next input's stack: how many items, and a reader over just them (var_bytes each). */
extern bool cb_tx_next_witness(CbWitnessIter *it, uint64_t *n_items, CbReader *items);

#endif							/* CB_TX_H */
