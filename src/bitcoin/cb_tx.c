/*-------------------------------------------------------------------------
 *
 * cb_tx.c
 *	  Transactions: parsing without copying, identifiers, sizes.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_tx.h"

#include <string.h>

#define OUTPOINT_SIZE 36
/* With an empty script. */
#define MIN_INPUT_SIZE (OUTPOINT_SIZE + 1 + 4)
#define MIN_OUTPUT_SIZE (8 + 1)
#define VERSION_SIZE 4
#define LOCKTIME_SIZE 4

static void fail(CbReader *r, CbResult error);
static CbSpan span_between(const uint8_t *start, const uint8_t *end);
static uint32_t read_item_count(CbReader *r, size_t min_item_size, uint32_t fewest);
static bool read_segwit_marker(CbReader *r);
static void read_input(CbReader *r, CbTxIn *in);
static void read_output(CbReader *r, CbTxOut *out);
static void scan_inputs(CbReader *r, CbTx *tx, uint32_t fewest);
static void scan_outputs(CbReader *r, CbTx *tx, uint32_t fewest);
static void scan_witness(CbReader *r, CbTx *tx);
static uint64_t skip_witness_stack(CbReader *r);

/* Record a failure unless there was one before. */
static void
fail(CbReader *r, CbResult error)
{
	if (r->error == CB_OK)
		r->error = error;
}

static CbSpan
span_between(const uint8_t *start, const uint8_t *end)
{
	CbSpan		span = {start, (size_t) (end - start)};

	return span;
}

static uint32_t
read_item_count(CbReader *r, size_t min_item_size, uint32_t fewest)
{
	uint64_t	count = cb_read_count(r, min_item_size);

	if (count < fewest || count > UINT32_MAX)
	{
		fail(r, CB_ERR_COUNT);
		return 0;
	}
	return (uint32_t) count;
}

/*
 * Where the input count belongs, a zero announces a flag byte (BIP-144).  A
 * transaction of old form without inputs would look the same; as it is never
 * valid, it is not looked for.
 */
static bool
read_segwit_marker(CbReader *r)
{
	if (cb_reader_left(r) == 0 || *r->pos != 0)
		return false;
	(void) cb_read_u8(r);
	if (cb_read_u8(r) != 1)
		fail(r, CB_ERR_WITNESS);
	return true;
}

static void
read_input(CbReader *r, CbTxIn *in)
{
	cb_read_copy(r, in->prevout.txid.bytes, sizeof(in->prevout.txid.bytes));
	in->prevout.vout = cb_read_u32(r);
	in->script_sig = cb_read_var_bytes(r);
	in->sequence = cb_read_u32(r);
}

static void
read_output(CbReader *r, CbTxOut *out)
{
	uint64_t	value = cb_read_u64(r);

	if (value > (uint64_t) CB_MAX_MONEY)
	{
		fail(r, CB_ERR_AMOUNT);
		value = 0;
	}
	out->value = (int64_t) value;
	out->script = cb_read_var_bytes(r);
}

static void
scan_inputs(CbReader *r, CbTx *tx, uint32_t fewest)
{
	const uint8_t *start;

	tx->n_inputs = read_item_count(r, MIN_INPUT_SIZE, fewest);
	start = r->pos;
	for (uint32_t i = 0; i < tx->n_inputs && r->error == CB_OK; i++)
	{
		(void) cb_read_bytes(r, OUTPOINT_SIZE);
		(void) cb_read_var_bytes(r);
		(void) cb_read_u32(r);
	}
	tx->inputs = span_between(start, r->pos);
}

/* The sum cannot overflow: it stops growing above CB_MAX_MONEY. */
static void
scan_outputs(CbReader *r, CbTx *tx, uint32_t fewest)
{
	const uint8_t *start;
	int64_t		sum = 0;

	tx->n_outputs = read_item_count(r, MIN_OUTPUT_SIZE, fewest);
	start = r->pos;
	for (uint32_t i = 0; i < tx->n_outputs && r->error == CB_OK; i++)
	{
		CbTxOut		out;

		read_output(r, &out);
		sum += out.value;
		if (sum > CB_MAX_MONEY)
			fail(r, CB_ERR_AMOUNT);
	}
	tx->outputs = span_between(start, r->pos);
}

/* Number of items of the stack that is skipped. */
static uint64_t
skip_witness_stack(CbReader *r)
{
	uint64_t	n_items = cb_read_count(r, 1);

	for (uint64_t i = 0; i < n_items && r->error == CB_OK; i++)
		(void) cb_read_var_bytes(r);
	return n_items;
}

static void
scan_witness(CbReader *r, CbTx *tx)
{
	const uint8_t *start = r->pos;
	bool		any = false;

	for (uint32_t i = 0; i < tx->n_inputs && r->error == CB_OK; i++)
	{
		if (skip_witness_stack(r) > 0)
			any = true;
	}
	if (!any)
		fail(r, CB_ERR_WITNESS);
	tx->witness = span_between(start, r->pos);
}

CbResult
cb_tx_read(CbReader *r, CbTx *tx)
{
	const uint8_t *start = r->pos;
	const uint8_t *core_start;

	memset(tx, 0, sizeof(*tx));
	tx->version = (int32_t) cb_read_u32(r);
	tx->has_witness = read_segwit_marker(r);
	core_start = r->pos;
	scan_inputs(r, tx, 1);
	scan_outputs(r, tx, 1);
	tx->core = span_between(core_start, r->pos);
	if (tx->has_witness)
		scan_witness(r, tx);
	tx->locktime = cb_read_u32(r);
	tx->raw = span_between(start, r->pos);
	if (r->error == CB_OK && cb_tx_base_size(tx) > CB_MAX_BLOCK_WEIGHT / CB_WITNESS_SCALE)
		fail(r, CB_ERR_TX_SIZE);
	return r->error;
}

CbResult
cb_tx_parse(const uint8_t *data, size_t len, CbTx *tx)
{
	CbReader	r = cb_reader(data, len);

	if (cb_tx_read(&r, tx) == CB_OK && cb_reader_left(&r) > 0)
		fail(&r, CB_ERR_TRAILING);
	return r.error;
}

CbResult
cb_tx_parse_unsigned(const uint8_t *data, size_t len, CbTx *tx)
{
	CbReader	r = cb_reader(data, len);
	const uint8_t *core_start;
	CbTxInIter	it;
	CbTxIn		in;

	memset(tx, 0, sizeof(*tx));
	tx->version = (int32_t) cb_read_u32(&r);
	core_start = r.pos;
	scan_inputs(&r, tx, 0);
	scan_outputs(&r, tx, 0);
	tx->core = span_between(core_start, r.pos);
	tx->locktime = cb_read_u32(&r);
	tx->raw = span_between(data, r.pos);
	if (r.error == CB_OK && cb_reader_left(&r) > 0)
		fail(&r, CB_ERR_TRAILING);
	if (r.error != CB_OK)
		return r.error;

	it = cb_tx_inputs(tx);
	while (cb_tx_next_input(&it, &in))
	{
		if (in.script_sig.len > 0)
			return CB_ERR_SIGNATURE;
	}
	return cb_tx_base_size(tx) > CB_MAX_BLOCK_WEIGHT / CB_WITNESS_SCALE ? CB_ERR_TX_SIZE : CB_OK;
}

void
cb_tx_txid(const CbTx *tx, CbHash256 *txid)
{
	CbSpan		parts[3];

	if (!tx->has_witness)
	{
		cb_sha256d(tx->raw.data, tx->raw.len, txid);
		return;
	}
	parts[0] = span_between(tx->raw.data, tx->raw.data + VERSION_SIZE);
	parts[1] = tx->core;
	parts[2] = span_between(tx->raw.data + tx->raw.len - LOCKTIME_SIZE, tx->raw.data + tx->raw.len);
	cb_sha256d_spans(parts, 3, txid);
}

void
cb_tx_wtxid(const CbTx *tx, CbHash256 *wtxid)
{
	cb_sha256d(tx->raw.data, tx->raw.len, wtxid);
}

size_t
cb_tx_base_size(const CbTx *tx)
{
	return VERSION_SIZE + tx->core.len + LOCKTIME_SIZE;
}

size_t
cb_tx_weight(const CbTx *tx)
{
	return cb_tx_base_size(tx) * (CB_WITNESS_SCALE - 1) + tx->raw.len;
}

size_t
cb_tx_vsize(const CbTx *tx)
{
	return (cb_tx_weight(tx) + CB_WITNESS_SCALE - 1) / CB_WITNESS_SCALE;
}

bool
cb_tx_is_coinbase(const CbTx *tx)
{
	static const CbHash256 null_txid;
	CbTxInIter	it = cb_tx_inputs(tx);
	CbTxIn		in;

	return tx->n_inputs == 1 && cb_tx_next_input(&it, &in) && in.prevout.vout == UINT32_MAX &&
		memcmp(&in.prevout.txid, &null_txid, sizeof(null_txid)) == 0;
}

CbTxInIter
cb_tx_inputs(const CbTx *tx)
{
	CbTxInIter	it = {cb_reader(tx->inputs.data, tx->inputs.len), tx->n_inputs};

	return it;
}

bool
cb_tx_next_input(CbTxInIter *it, CbTxIn *in)
{
	if (it->left == 0)
		return false;
	it->left--;
	read_input(&it->r, in);
	return it->r.error == CB_OK;
}

void
cb_tx_write_input(CbWriter *w, const CbTxIn *in)
{
	cb_write_bytes(w, in->prevout.txid.bytes, sizeof(in->prevout.txid.bytes));
	cb_write_u32(w, in->prevout.vout);
	cb_write_var_bytes(w, in->script_sig);
	cb_write_u32(w, in->sequence);
}

bool
cb_outpoint_equal(const CbOutpoint *a, const CbOutpoint *b)
{
	return a->vout == b->vout && memcmp(&a->txid, &b->txid, sizeof(a->txid)) == 0;
}

/* Outputs are compared as they are written, inputs but for their scriptSigs. */
bool
cb_tx_same_unsigned(const CbTx *signed_tx, const CbTx *unsigned_tx)
{
	CbTxInIter	it = cb_tx_inputs(signed_tx);
	CbTxInIter	wanted_it = cb_tx_inputs(unsigned_tx);
	CbTxIn		in;
	CbTxIn		wanted;

	if (signed_tx->version != unsigned_tx->version || signed_tx->locktime != unsigned_tx->locktime ||
		signed_tx->n_inputs != unsigned_tx->n_inputs || signed_tx->n_outputs != unsigned_tx->n_outputs ||
		!cb_span_equal(signed_tx->outputs, unsigned_tx->outputs))
		return false;
	while (cb_tx_next_input(&it, &in) && cb_tx_next_input(&wanted_it, &wanted))
	{
		if (!cb_outpoint_equal(&in.prevout, &wanted.prevout) || in.sequence != wanted.sequence)
			return false;
	}
	return true;
}

CbTxOutIter
cb_tx_outputs(const CbTx *tx)
{
	CbTxOutIter it = {cb_reader(tx->outputs.data, tx->outputs.len), tx->n_outputs};

	return it;
}

bool
cb_tx_next_output(CbTxOutIter *it, CbTxOut *out)
{
	if (it->left == 0)
		return false;
	it->left--;
	read_output(&it->r, out);
	return it->r.error == CB_OK;
}

/* Without a witness every input's stack is empty: none is walked. */
bool
cb_tx_nth_output(const CbTx *tx, uint32_t n, CbTxOut *out)
{
	CbTxOutIter it = cb_tx_outputs(tx);

	if (n >= tx->n_outputs)
		return false;
	while (cb_tx_next_output(&it, out) && n > 0)
		n--;
	return true;
}

CbWitnessIter
cb_tx_witnesses(const CbTx *tx)
{
	CbWitnessIter it = {cb_reader(tx->witness.data, tx->witness.len), tx->has_witness ? tx->n_inputs : 0};

	return it;
}

bool
cb_tx_next_witness(CbWitnessIter *it, uint64_t *n_items, CbReader *items)
{
	CbReader	stack;

	if (it->inputs_left == 0)
		return false;
	it->inputs_left--;
	stack = it->r;
	*n_items = skip_witness_stack(&it->r);
	(void) cb_read_compact_size(&stack);
	*items = cb_reader(stack.pos, (size_t) (it->r.pos - stack.pos));
	return it->r.error == CB_OK;
}
