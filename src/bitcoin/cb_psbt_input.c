/*-------------------------------------------------------------------------
 *
 * cb_psbt_input.c
 *	  The fields of a PSBT's input, and the signed transaction from them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

#include <string.h>

static CbSpan *field_of(CbPsbtInput *in, uint64_t type);
static CbTxOut read_txout(CbSpan value);
static bool has_items(const CbPsbtInput *in);
static CbResult count_witnesses(const CbPsbt *psbt, uint32_t *n_witnesses);
static void write_inputs(CbWriter *w, const CbPsbt *psbt);
static void write_witnesses(CbWriter *w, const CbPsbt *psbt);

void
cb_psbt_read_input(CbSpan map, CbPsbtInput *in)
{
	CbReader	r = cb_psbt_records(map);
	CbPsbtRecord record;

	memset(in, 0, sizeof(*in));
	in->map = map;
	while (cb_psbt_next_record(&r, &record))
	{
		CbSpan	   *field = field_of(in, record.type);

		if (field != NULL)
			*field = record.value;
		else if (record.type == CB_PSBT_IN_WITNESS_UTXO)
			in->witness_utxo = read_txout(record.value);
	}
}

static CbSpan *
field_of(CbPsbtInput *in, uint64_t type)
{
	switch (type)
	{
		case CB_PSBT_IN_NON_WITNESS_UTXO:
			return &in->non_witness_utxo;
		case CB_PSBT_IN_SIGHASH_TYPE:
			return &in->sighash_type;
		case CB_PSBT_IN_REDEEM_SCRIPT:
			return &in->redeem_script;
		case CB_PSBT_IN_WITNESS_SCRIPT:
			return &in->witness_script;
		case CB_PSBT_IN_FINAL_SCRIPTSIG:
			return &in->final_script_sig;
		case CB_PSBT_IN_FINAL_SCRIPTWITNESS:
			return &in->final_script_witness;
		case CB_PSBT_IN_TAP_KEY_SIG:
			return &in->tap_key_sig;
		case CB_PSBT_IN_TAP_INTERNAL_KEY:
			return &in->tap_internal_key;
		case CB_PSBT_IN_TAP_MERKLE_ROOT:
			return &in->tap_merkle_root;
		default:
			return NULL;
	}
}

static CbTxOut
read_txout(CbSpan value)
{
	CbReader	r = cb_reader(value.data, value.len);
	CbTxOut		out;

	out.value = (int64_t) cb_read_u64(&r);
	out.script = cb_read_var_bytes(&r);
	return out;
}

/* An empty stack is one byte, its count. */
static bool
has_items(const CbPsbtInput *in)
{
	return in->final_script_witness.len > 1;
}

bool
cb_psbt_input_is_final(const CbPsbtInput *in)
{
	return in->final_script_sig.len > 0 || has_items(in);
}

static CbResult
count_witnesses(const CbPsbt *psbt, uint32_t *n_witnesses)
{
	CbPsbtMaps	it = cb_psbt_inputs(psbt);
	CbPsbtInput in;

	*n_witnesses = 0;
	while (cb_psbt_next_input(&it, &in))
	{
		if (!cb_psbt_input_is_final(&in))
			return CB_ERR_PSBT_NOT_FINAL;
		if (has_items(&in))
			(*n_witnesses)++;
	}
	return CB_OK;
}

static void
write_inputs(CbWriter *w, const CbPsbt *psbt)
{
	CbTxInIter	it = cb_tx_inputs(&psbt->tx);
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbTxIn		in;
	CbPsbtInput fields;

	cb_write_compact_size(w, psbt->tx.n_inputs);
	while (cb_tx_next_input(&it, &in) && cb_psbt_next_input(&maps, &fields))
	{
		in.script_sig = fields.final_script_sig;
		cb_tx_write_input(w, &in);
	}
}

static void
write_witnesses(CbWriter *w, const CbPsbt *psbt)
{
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbPsbtInput in;

	while (cb_psbt_next_input(&maps, &in))
	{
		if (has_items(&in))
			cb_write_bytes(w, in.final_script_witness.data, in.final_script_witness.len);
		else
			cb_write_u8(w, 0);
	}
}

CbResult
cb_psbt_finalized_tx(const CbPsbt *psbt, CbWriter *w)
{
	static const uint8_t segwit_marker[] = {0, 1};
	size_t		start = w->len;
	uint32_t	n_witnesses;
	CbTx		tx;
	CbResult	result = count_witnesses(psbt, &n_witnesses);

	if (result != CB_OK)
		return result;
	cb_write_u32(w, (uint32_t) psbt->tx.version);
	if (n_witnesses > 0)
		cb_write_bytes(w, segwit_marker, sizeof(segwit_marker));
	write_inputs(w, psbt);
	cb_write_compact_size(w, psbt->tx.n_outputs);
	cb_write_bytes(w, psbt->tx.outputs.data, psbt->tx.outputs.len);
	if (n_witnesses > 0)
		write_witnesses(w, psbt);
	cb_write_u32(w, psbt->tx.locktime);
	if (w->error != CB_OK)
		return w->error;
	return cb_tx_parse(w->data + start, w->len - start, &tx);
}
