/*-------------------------------------------------------------------------
 *
 * cb_psbt.h
 *	  Partially signed transactions: reading, writing, taking the signed
 *	  transaction out.
 *
 * A CbPsbt points into the bytes it was parsed from.  Parsing checks the whole
 * structure and every known field once; the iterators then walk it without
 * checks that could fail.  Unknown fields are kept: they are records like all
 * others.
 *
 * Sources: BIP-174 (version 0), BIP-371 (taproot fields), BIP-370 (which
 * fields version 0 excludes).
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PSBT_H
#define CB_PSBT_H

#include "cb_tx.h"

/* Types of records, by the map they stand in. */
#define CB_PSBT_GLOBAL_UNSIGNED_TX 0x00
#define CB_PSBT_GLOBAL_XPUB 0x01
#define CB_PSBT_GLOBAL_VERSION 0xfb

#define CB_PSBT_IN_NON_WITNESS_UTXO 0x00
#define CB_PSBT_IN_WITNESS_UTXO 0x01
#define CB_PSBT_IN_PARTIAL_SIG 0x02
#define CB_PSBT_IN_SIGHASH_TYPE 0x03
#define CB_PSBT_IN_REDEEM_SCRIPT 0x04
#define CB_PSBT_IN_WITNESS_SCRIPT 0x05
#define CB_PSBT_IN_BIP32_DERIVATION 0x06
#define CB_PSBT_IN_FINAL_SCRIPTSIG 0x07
#define CB_PSBT_IN_FINAL_SCRIPTWITNESS 0x08
#define CB_PSBT_IN_TAP_KEY_SIG 0x13
#define CB_PSBT_IN_TAP_SCRIPT_SIG 0x14
#define CB_PSBT_IN_TAP_LEAF_SCRIPT 0x15
#define CB_PSBT_IN_TAP_BIP32_DERIVATION 0x16
#define CB_PSBT_IN_TAP_INTERNAL_KEY 0x17
#define CB_PSBT_IN_TAP_MERKLE_ROOT 0x18

#define CB_PSBT_OUT_REDEEM_SCRIPT 0x00
#define CB_PSBT_OUT_WITNESS_SCRIPT 0x01
#define CB_PSBT_OUT_BIP32_DERIVATION 0x02
#define CB_PSBT_OUT_TAP_INTERNAL_KEY 0x05
#define CB_PSBT_OUT_TAP_TREE 0x06
#define CB_PSBT_OUT_TAP_BIP32_DERIVATION 0x07

/* Most records in one map: looking for duplicates must not take for ever. */
#define CB_PSBT_MAX_RECORDS 256

typedef struct CbPsbtRecord
{
	CbSpan		key;			/* type and key data: unique in its map */
	uint64_t	type;
	CbSpan		key_data;
	CbSpan		value;
} CbPsbtRecord;

typedef struct CbPsbt
{
	CbSpan		raw;			/* the whole serialization */
	CbTx		tx;				/* the unsigned transaction */
	CbSpan		global;			/* the records of the global map */
	CbSpan		inputs;			/* the maps of all inputs, each with its end */
	CbSpan		outputs;		/* and of all outputs */
} CbPsbt;

/* Maps of inputs or outputs, in order. */
typedef struct CbPsbtMaps
{
	CbReader	r;
	uint32_t	left;
} CbPsbtMaps;

/*
 * The fields of an input that occur once.  What is absent has no address: data
 * is NULL, also within witness_utxo.script.  Partial signatures, derivations,
 * and the signatures and leaves of script paths are records of the map.
 */
typedef struct CbPsbtInput
{
	CbSpan		map;			/* all records */
	CbSpan		non_witness_utxo;
	CbTxOut		witness_utxo;
	CbSpan		sighash_type;	/* 4 bytes, little-endian */
	CbSpan		redeem_script;
	CbSpan		witness_script;
	CbSpan		final_script_sig;
	CbSpan		final_script_witness;	/* count of items, a var_bytes each */
	CbSpan		tap_key_sig;
	CbSpan		tap_internal_key;
	CbSpan		tap_merkle_root;
} CbPsbtInput;

/*
 * Parse a PSBT that fills the buffer.  CB_ERR_PSBT for what is no PSBT and for
 * a field that is not as its type wants it, CB_ERR_PSBT_VERSION,
 * CB_ERR_PSBT_DUPLICATE, CB_ERR_PSBT_UTXO, CB_ERR_COUNT for a map of too many
 * records, CB_ERR_TRUNCATED, CB_ERR_TRAILING, CB_ERR_NONMINIMAL, and whatever
 * cb_tx_parse() says of a transaction within.
 */
extern CbResult cb_psbt_parse(const uint8_t *data, size_t len, CbPsbt *psbt);

/* Walk the maps of a parsed PSBT, and the records of a map. */
extern CbPsbtMaps cb_psbt_inputs(const CbPsbt *psbt);
extern CbPsbtMaps cb_psbt_outputs(const CbPsbt *psbt);
extern bool cb_psbt_next_map(CbPsbtMaps *it, CbSpan *map);
extern bool cb_psbt_next_input(CbPsbtMaps *it, CbPsbtInput *in);
extern CbReader cb_psbt_records(CbSpan map);
extern bool cb_psbt_next_record(CbReader *r, CbPsbtRecord *record);

/* Has it a scriptSig or a witness that is final? */
extern bool cb_psbt_input_is_final(const CbPsbtInput *in);

/* The output that an input spends, from either field; false without both. */
extern bool cb_psbt_spent_output(const CbPsbtInput *in, const CbOutpoint *prevout, CbTxOut *out);

/*
 * The signed transaction of a PSBT whose inputs are all final, else
 * CB_ERR_PSBT_NOT_FINAL.  Never longer than the PSBT.
 */
extern CbResult cb_psbt_finalized_tx(const CbPsbt *psbt, CbWriter *w);

/*
 * Write the PSBT with every input made final whose signatures are all there:
 * p2pkh, p2wpkh and p2wsh multisig, the latter two also within p2sh, and p2tr
 * by its key.  Other inputs stay as they are.
 */
extern CbResult cb_psbt_finalize(const CbPsbt *psbt, CbWriter *w);
/* At most so many bytes longer than the PSBT, for each of its inputs. */
#define CB_PSBT_FINAL_GROWTH 16

/*
 * Write what two PSBTs of one transaction say together; where they differ, what
 * the first one says.  CB_ERR_PSBT_OTHER_TX for different transactions.  Never
 * longer than both.
 */
extern CbResult cb_psbt_combine(const CbPsbt *first, const CbPsbt *second, CbWriter *w);

/*
 * Writing, in this order: the start with any transaction, whose signatures are
 * left out, further global records, the end of the map; then records and an
 * end for each input, then for each output.  The writer records failures; the
 * caller sees to it that no key comes twice.
 */
extern void cb_psbt_write_start(CbWriter *w, const CbTx *tx);
extern void cb_psbt_write_end(CbWriter *w);
extern void cb_psbt_write_record(CbWriter *w, uint8_t type, CbSpan key_data, CbSpan value);
/* A record without key data. */
extern void cb_psbt_write_field(CbWriter *w, uint8_t type, CbSpan value);
extern void cb_psbt_write_witness_utxo(CbWriter *w, const CbTxOut *out);
extern void cb_psbt_write_sighash_type(CbWriter *w, uint32_t sighash_type);
/* Leaf version and script under their control block. */
extern void cb_psbt_write_leaf_script(CbWriter *w, CbSpan control_block, CbSpan script, uint8_t leaf_version);
/* A serialized stack from its items, as cb_tx_next_witness() gives them. */
extern void cb_psbt_write_final_witness(CbWriter *w, uint64_t n_items, CbReader items);

/* The same from the items themselves. */
extern void cb_psbt_write_final_items(CbWriter *w, const CbSpan *items, size_t n_items);

/* Where a key comes from: master key and path. */
typedef struct CbKeyOrigin
{
	uint8_t		fingerprint[4];
	const uint32_t *path;
	size_t		n_steps;
} CbKeyOrigin;

/* Of an input's or an output's type, for a public key. */
extern void cb_psbt_write_derivation(CbWriter *w, uint8_t type, CbSpan key, const CbKeyOrigin *origin);
/* For an x-only key in so many leaves: none for the internal key. */
extern void cb_psbt_write_tap_derivation(CbWriter *w, uint8_t type, const uint8_t key[32],
										 const CbHash256 *leaf_hashes, size_t n_leaves, const CbKeyOrigin *origin);

#endif							/* CB_PSBT_H */
