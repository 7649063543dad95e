/*-------------------------------------------------------------------------
 *
 * fuzz_tx.c
 *	  Any bytes as a transaction: what is accepted is consistent in itself.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_tx.h"

#include "fuzz.h"

static bool within(CbSpan part, CbSpan whole);
static void check_inputs(const CbTx *tx);
static void check_outputs(const CbTx *tx);
static void check_witnesses(const CbTx *tx);
static void check_stripped(const CbTx *tx);

static bool
within(CbSpan part, CbSpan whole)
{
	return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

static void
check_inputs(const CbTx *tx)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;
	uint32_t	n = 0;

	while (cb_tx_next_input(&it, &in))
	{
		INVARIANT(within(in.script_sig, tx->inputs));
		n++;
	}
	INVARIANT(n == tx->n_inputs && n > 0);
	INVARIANT(it.r.error == CB_OK && cb_reader_left(&it.r) == 0);
}

static void
check_outputs(const CbTx *tx)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		out;
	uint32_t	n = 0;
	int64_t		sum = 0;

	while (cb_tx_next_output(&it, &out))
	{
		INVARIANT(within(out.script, tx->outputs));
		INVARIANT(out.value >= 0 && out.value <= CB_MAX_MONEY);
		sum += out.value;
		INVARIANT(sum <= CB_MAX_MONEY);
		n++;
	}
	INVARIANT(n == tx->n_outputs && n > 0);
	INVARIANT(it.r.error == CB_OK && cb_reader_left(&it.r) == 0);
}

static void
check_witnesses(const CbTx *tx)
{
	CbWitnessIter it = cb_tx_witnesses(tx);
	CbReader	items;
	uint64_t	n_items;
	uint64_t	sum = 0;
	uint32_t	n = 0;

	while (cb_tx_next_witness(&it, &n_items, &items))
	{
		for (uint64_t i = 0; i < n_items; i++)
			INVARIANT(cb_read_var_bytes(&items).len == 0 || items.error == CB_OK);
		INVARIANT(items.error == CB_OK && cb_reader_left(&items) == 0);
		sum += n_items;
		n++;
	}
	INVARIANT(n == (tx->has_witness ? tx->n_inputs : 0));
	INVARIANT(tx->has_witness == (sum > 0));
	INVARIANT(it.r.error == CB_OK && cb_reader_left(&it.r) == 0);
}

/* Without its witness it is another transaction of the same identifier. */
static void
check_stripped(const CbTx *tx)
{
	size_t		size = cb_tx_base_size(tx);
	uint8_t    *data = malloc(size);
	CbWriter	w = cb_writer(data, size);
	CbTx		stripped;
	CbHash256	wanted;
	CbHash256	found;

	cb_write_u32(&w, (uint32_t) tx->version);
	cb_write_bytes(&w, tx->core.data, tx->core.len);
	cb_write_u32(&w, tx->locktime);
	INVARIANT(w.error == CB_OK && w.len == size);
	INVARIANT(cb_tx_parse(data, size, &stripped) == CB_OK);
	INVARIANT(!stripped.has_witness && cb_tx_weight(&stripped) == 4 * size);
	cb_tx_txid(tx, &wanted);
	cb_tx_wtxid(&stripped, &found);
	INVARIANT(memcmp(&wanted, &found, sizeof(found)) == 0);
	free(data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	CbTx		tx;
	CbTx		again;
	CbResult	result = cb_tx_read(&r, &tx);
	size_t		used;

	INVARIANT(result == r.error && r.pos >= data && (size_t) (r.pos - data) <= size);
	used = (size_t) (r.pos - data);
	if (result != CB_OK)
	{
		INVARIANT(cb_tx_parse(data, size, &again) == result);
		return 0;
	}
	INVARIANT(tx.raw.data == data && tx.raw.len == used);
	INVARIANT(cb_tx_parse(data, size, &again) == (used == size ? CB_OK : CB_ERR_TRAILING));
	INVARIANT(cb_tx_weight(&tx) == 3 * cb_tx_base_size(&tx) + used);
	INVARIANT(used == cb_tx_base_size(&tx) + tx.witness.len + (tx.has_witness ? 2 : 0));
	INVARIANT(cb_tx_vsize(&tx) <= used && 4 * cb_tx_vsize(&tx) >= used);
	INVARIANT(!cb_tx_is_coinbase(&tx) || tx.n_inputs == 1);
	check_inputs(&tx);
	check_outputs(&tx);
	check_witnesses(&tx);
	check_stripped(&tx);
	return 0;
}
