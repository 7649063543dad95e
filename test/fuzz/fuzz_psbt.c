/*-------------------------------------------------------------------------
 *
 * fuzz_psbt.c
 *	  Any bytes as a PSBT: what is accepted comes back from its records, can be
 *	  finalized and combined, and what is extracted is the transaction that was
 *	  to be signed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt.h"
#include "cb_sighash.h"

#include "fuzz.h"

static bool within(CbSpan part, CbSpan whole);
static void write_map(CbWriter *w, CbSpan map, CbSpan whole);
static void check_rewritten(const CbPsbt *psbt);
static void check_inputs(const CbPsbt *psbt);
static void check_spends(const CbPsbt *psbt, const CbTx *tx);
static void check_extracted(const CbPsbt *psbt);
static void check_finalized(const CbPsbt *psbt);
static void check_combined(const CbPsbt *psbt);

static bool
within(CbSpan part, CbSpan whole)
{
	return part.data == NULL || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void
write_map(CbWriter *w, CbSpan map, CbSpan whole)
{
	CbReader	r = cb_psbt_records(map);
	CbPsbtRecord record;

	INVARIANT(within(map, whole));
	while (cb_psbt_next_record(&r, &record))
	{
		INVARIANT(record.key.len > 0 && within(record.key_data, record.key) && within(record.value, map));
		cb_write_var_bytes(w, record.key);
		cb_write_var_bytes(w, record.value);
	}
	INVARIANT(r.error == CB_OK && cb_reader_left(&r) == 0);
	cb_psbt_write_end(w);
}

static void
check_rewritten(const CbPsbt *psbt)
{
	size_t		size = psbt->raw.len;
	uint8_t    *data = malloc(size);
	CbWriter	w = cb_writer(data, size);
	CbPsbtMaps	inputs = cb_psbt_inputs(psbt);
	CbPsbtMaps	outputs = cb_psbt_outputs(psbt);
	CbSpan		map;

	cb_write_bytes(&w, psbt->raw.data, 5);
	write_map(&w, psbt->global, psbt->raw);
	while (cb_psbt_next_map(&inputs, &map))
		write_map(&w, map, psbt->inputs);
	while (cb_psbt_next_map(&outputs, &map))
		write_map(&w, map, psbt->outputs);
	INVARIANT(inputs.left == 0 && outputs.left == 0);
	INVARIANT(w.error == CB_OK && w.len == size && memcmp(data, psbt->raw.data, size) == 0);
	free(data);
}

static void
check_inputs(const CbPsbt *psbt)
{
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbTxInIter	it = cb_tx_inputs(&psbt->tx);
	CbPsbtInput fields;
	CbTxIn		in;
	CbTxOut		out;

	while (cb_tx_next_input(&it, &in))
	{
		INVARIANT(in.script_sig.len == 0);
		INVARIANT(cb_psbt_next_input(&maps, &fields));
		INVARIANT(within(fields.final_script_witness, fields.map) && within(fields.witness_utxo.script, fields.map));
		if (cb_psbt_spent_output(&fields, &in.prevout, &out))
			INVARIANT(out.value >= 0 && out.value <= CB_MAX_MONEY && within(out.script, fields.map));
		else
			INVARIANT(fields.non_witness_utxo.data == NULL && fields.witness_utxo.script.data == NULL);
	}
}

/* The verdict does not matter here, only that there is one. */
static void
check_spends(const CbPsbt *psbt, const CbTx *tx)
{
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbTxInIter	it = cb_tx_inputs(tx);
	CbWitnessIter witnesses = cb_tx_witnesses(tx);
	CbPsbtInput fields;
	CbTxIn		in;

	while (cb_tx_next_input(&it, &in) && cb_psbt_next_input(&maps, &fields))
	{
		CbSpend		spend = {.script_sig = in.script_sig};
		CbTxOut		out;

		(void) cb_tx_next_witness(&witnesses, &spend.n_items, &spend.items);
		if (!cb_psbt_spent_output(&fields, &in.prevout, &out))
			continue;
		spend.script = out.script;
		(void) cb_spend_check_sighash(&spend);
	}
}

static void
check_extracted(const CbPsbt *psbt)
{
	uint8_t    *data = malloc(psbt->raw.len);
	CbWriter	w = cb_writer(data, psbt->raw.len);
	CbResult	result = cb_psbt_finalized_tx(psbt, &w);
	CbTx		tx;

	INVARIANT(result != CB_ERR_CAPACITY);
	if (result == CB_OK)
	{
		INVARIANT(cb_tx_parse(data, w.len, &tx) == CB_OK);
		INVARIANT(cb_tx_same_unsigned(&tx, &psbt->tx));
		check_spends(psbt, &tx);
	}
	free(data);
}

/* In a buffer of the size that is promised to suffice; a second time changes nothing. */
static void
check_finalized(const CbPsbt *psbt)
{
	size_t		capacity = psbt->raw.len + (size_t) psbt->tx.n_inputs * CB_PSBT_FINAL_GROWTH;
	uint8_t    *once = malloc(capacity);
	uint8_t    *twice = malloc(capacity);
	CbWriter	w = cb_writer(once, capacity);
	CbWriter	v = cb_writer(twice, capacity);
	CbPsbt		finalized;

	INVARIANT(cb_psbt_finalize(psbt, &w) == CB_OK);
	INVARIANT(cb_psbt_parse(once, w.len, &finalized) == CB_OK);
	check_extracted(&finalized);
	INVARIANT(cb_psbt_finalize(&finalized, &v) == CB_OK);
	INVARIANT(v.len == w.len && memcmp(once, twice, w.len) == 0);
	free(once);
	free(twice);
}

/* With itself, nothing is added. */
static void
check_combined(const CbPsbt *psbt)
{
	uint8_t    *data = malloc(psbt->raw.len);
	CbWriter	w = cb_writer(data, psbt->raw.len);

	INVARIANT(cb_psbt_combine(psbt, psbt, &w) == CB_OK);
	INVARIANT(w.len == psbt->raw.len && memcmp(data, psbt->raw.data, w.len) == 0);
	free(data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbPsbt		psbt;

	if (cb_psbt_parse(data, size, &psbt) != CB_OK)
		return 0;
	INVARIANT(psbt.raw.data == data && psbt.raw.len == size);
	check_rewritten(&psbt);
	check_inputs(&psbt);
	check_extracted(&psbt);
	check_finalized(&psbt);
	check_combined(&psbt);
	return 0;
}
