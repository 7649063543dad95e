/*-------------------------------------------------------------------------
 *
 * cb_psbt_write.c
 *	  Writing partially signed transactions.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

/* Without signatures an input's length does not depend on what it spends. */
#define UNSIGNED_INPUT_SIZE (32 + 4 + 1 + 4)

static size_t compact_size_len(uint64_t v);
static void write_key(CbWriter *w, uint8_t type, CbSpan key_data);
static void write_unsigned_tx(CbWriter *w, const CbTx *tx);
static void write_origin(CbWriter *w, const CbKeyOrigin *origin);
static size_t origin_size(const CbKeyOrigin *origin);

void
cb_psbt_write_start(CbWriter *w, const CbTx *tx)
{
	size_t		size = 4 + compact_size_len(tx->n_inputs) + (size_t) tx->n_inputs * UNSIGNED_INPUT_SIZE +
		compact_size_len(tx->n_outputs) + tx->outputs.len + 4;

	cb_write_bytes(w, CB_PSBT_MAGIC, CB_PSBT_MAGIC_SIZE);
	write_key(w, CB_PSBT_GLOBAL_UNSIGNED_TX, (CbSpan) {NULL, 0});
	cb_write_compact_size(w, size);
	write_unsigned_tx(w, tx);
}

static size_t
compact_size_len(uint64_t v)
{
	uint8_t		bytes[9];
	CbWriter	w = cb_writer(bytes, sizeof(bytes));

	cb_write_compact_size(&w, v);
	return w.len;
}

static void
write_key(CbWriter *w, uint8_t type, CbSpan key_data)
{
	cb_write_compact_size(w, compact_size_len(type) + key_data.len);
	cb_write_compact_size(w, type);
	cb_write_bytes(w, key_data.data, key_data.len);
}

static void
write_unsigned_tx(CbWriter *w, const CbTx *tx)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;

	cb_write_u32(w, (uint32_t) tx->version);
	cb_write_compact_size(w, tx->n_inputs);
	while (cb_tx_next_input(&it, &in))
	{
		in.script_sig.len = 0;
		cb_tx_write_input(w, &in);
	}
	cb_write_compact_size(w, tx->n_outputs);
	cb_write_bytes(w, tx->outputs.data, tx->outputs.len);
	cb_write_u32(w, tx->locktime);
}

void
cb_psbt_write_end(CbWriter *w)
{
	cb_write_u8(w, 0);
}

void
cb_psbt_write_record(CbWriter *w, uint8_t type, CbSpan key_data, CbSpan value)
{
	write_key(w, type, key_data);
	cb_write_var_bytes(w, value);
}

void
cb_psbt_write_field(CbWriter *w, uint8_t type, CbSpan value)
{
	cb_psbt_write_record(w, type, (CbSpan) {NULL, 0}, value);
}

void
cb_psbt_write_witness_utxo(CbWriter *w, const CbTxOut *out)
{
	write_key(w, CB_PSBT_IN_WITNESS_UTXO, (CbSpan) {NULL, 0});
	cb_write_compact_size(w, sizeof(uint64_t) + compact_size_len(out->script.len) + out->script.len);
	cb_write_u64(w, (uint64_t) out->value);
	cb_write_var_bytes(w, out->script);
}

void
cb_psbt_write_sighash_type(CbWriter *w, uint32_t sighash_type)
{
	uint8_t		bytes[4];

	cb_store_le32(bytes, sighash_type);
	cb_psbt_write_field(w, CB_PSBT_IN_SIGHASH_TYPE, (CbSpan) {bytes, sizeof(bytes)});
}

void
cb_psbt_write_leaf_script(CbWriter *w, CbSpan control_block, CbSpan script, uint8_t leaf_version)
{
	write_key(w, CB_PSBT_IN_TAP_LEAF_SCRIPT, control_block);
	cb_write_compact_size(w, script.len + 1);
	cb_write_bytes(w, script.data, script.len);
	cb_write_u8(w, leaf_version);
}

void
cb_psbt_write_final_witness(CbWriter *w, uint64_t n_items, CbReader items)
{
	size_t		len = cb_reader_left(&items);

	write_key(w, CB_PSBT_IN_FINAL_SCRIPTWITNESS, (CbSpan) {NULL, 0});
	cb_write_compact_size(w, compact_size_len(n_items) + len);
	cb_write_compact_size(w, n_items);
	cb_write_bytes(w, items.pos, len);
}

void
cb_psbt_write_final_items(CbWriter *w, const CbSpan *items, size_t n_items)
{
	size_t		len = compact_size_len(n_items);

	for (size_t i = 0; i < n_items; i++)
		len += compact_size_len(items[i].len) + items[i].len;
	write_key(w, CB_PSBT_IN_FINAL_SCRIPTWITNESS, (CbSpan) {NULL, 0});
	cb_write_compact_size(w, len);
	cb_write_compact_size(w, n_items);
	for (size_t i = 0; i < n_items; i++)
		cb_write_var_bytes(w, items[i]);
}

static size_t
origin_size(const CbKeyOrigin *origin)
{
	return sizeof(origin->fingerprint) + origin->n_steps * sizeof(uint32_t);
}

static void
write_origin(CbWriter *w, const CbKeyOrigin *origin)
{
	cb_write_bytes(w, origin->fingerprint, sizeof(origin->fingerprint));
	for (size_t i = 0; i < origin->n_steps; i++)
		cb_write_u32(w, origin->path[i]);
}

void
cb_psbt_write_derivation(CbWriter *w, uint8_t type, CbSpan key, const CbKeyOrigin *origin)
{
	write_key(w, type, key);
	cb_write_compact_size(w, origin_size(origin));
	write_origin(w, origin);
}

void
cb_psbt_write_tap_derivation(CbWriter *w, uint8_t type, const uint8_t key[32],
							 const CbHash256 *leaf_hashes, size_t n_leaves, const CbKeyOrigin *origin)
{
	write_key(w, type, (CbSpan) {key, 32});
	cb_write_compact_size(w, compact_size_len(n_leaves) + n_leaves * sizeof(leaf_hashes->bytes) + origin_size(origin));
	cb_write_compact_size(w, n_leaves);
	for (size_t i = 0; i < n_leaves; i++)
		cb_write_bytes(w, leaf_hashes[i].bytes, sizeof(leaf_hashes[i].bytes));
	write_origin(w, origin);
}
