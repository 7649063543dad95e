/*-------------------------------------------------------------------------
 *
 * cb_carrier.c
 *	  Where a transaction carries a Charms spell.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_carrier.h"

#include "bitcoin/cb_script.h"

#include <string.h>

#define OP_IF 0x63
#define OP_ENDIF 0x68

/* BIP-341: a last witness item that begins so is an annex. */
#define ANNEX 0x50
/* BIP-341: the control block of a tree with a single leaf. */
#define CONTROL_BLOCK_SIZE 33
#define LEAF_VERSION_MASK 0xfe
/* BIP-342. */
#define LEAF_TAPSCRIPT 0xc0

/* What a script path spend reveals. */
typedef struct Leaf
{
	CbSpan		script;
	CbSpan		control_block;
} Leaf;

static bool read_push(CbReader *r, CbSpan *data);
static bool read_marker(CbReader *r);
static bool is_marked(CbSpan script);
static const char *read_output(CbSpan script, CbSpan *payload);
static bool last_leaf(const CbTx *tx, Leaf *leaf);
static bool read_envelope_head(CbReader *r);

const char *
cb_carrier_name(CbCarrierKind kind)
{
	switch (kind)
	{
		case CB_CARRIER_NONE:
			return "none";
		case CB_CARRIER_OP_RETURN:
			return "op_return";
		case CB_CARRIER_WITNESS:
			return "witness";
	}
	return "none";
}

/* OP_0 pushes nothing, which is a push too. */
static bool
read_push(CbReader *r, CbSpan *data)
{
	uint8_t		op = cb_script_read_op(r, data);

	return r->error == CB_OK && op <= CB_OP_PUSHDATA4;
}

static bool
read_marker(CbReader *r)
{
	CbSpan		data;

	return read_push(r, &data) && data.len == strlen("spell") && memcmp(data.data, "spell", data.len) == 0;
}

/*
 * Any first opcode: reference readers count such an output too, and where
 * there is one beside the OP_RETURN they see two.
 */
static bool
is_marked(CbSpan script)
{
	CbReader	r = cb_reader(script.data, script.len);
	CbSpan		data;

	cb_script_read_op(&r, &data);
	return read_marker(&r);
}

static const char *
read_output(CbSpan script, CbSpan *payload)
{
	CbReader	r = cb_reader(script.data, script.len);
	CbSpan		data;

	if (cb_script_read_op(&r, &data) != CB_OP_RETURN)
		return "the output that is marked as a spell is no OP_RETURN";
	read_marker(&r);
	if (!read_push(&r, payload))
		return "the spell's OP_RETURN carries no payload";
	if (cb_reader_left(&r) > 0)
		return "the spell's OP_RETURN goes on after its payload";
	return NULL;
}

const char *
cb_carrier_in_outputs(const CbTx *tx, CbCarrier *carrier)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	CbTxOut		out;
	CbSpan		script = {NULL, 0};

	memset(carrier, 0, sizeof(*carrier));
	for (uint32_t vout = 0; cb_tx_next_output(&it, &out); vout++)
	{
		if (!is_marked(out.script))
			continue;
		if (carrier->kind != CB_CARRIER_NONE)
			return "more than one output is marked as a spell";
		carrier->kind = CB_CARRIER_OP_RETURN;
		carrier->at = vout;
		script = out.script;
	}
	return carrier->kind == CB_CARRIER_NONE ? NULL : read_output(script, &carrier->payload);
}

/* The leaf that the last input reveals, if it spends by script path. */
static bool
last_leaf(const CbTx *tx, Leaf *leaf)
{
	CbWitnessIter it = cb_tx_witnesses(tx);
	CbReader	items = cb_reader(NULL, 0);
	uint64_t	n_items = 0;
	CbSpan		last[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	size_t		top = 2;

	while (cb_tx_next_witness(&it, &n_items, &items))
		;
	for (uint64_t i = 0; i < n_items; i++)
	{
		last[0] = last[1];
		last[1] = last[2];
		last[2] = cb_read_var_bytes(&items);
	}
	if (n_items >= 2 && last[2].len > 0 && last[2].data[0] == ANNEX)
	{
		top = 1;
		n_items--;
	}
	leaf->control_block = last[top];
	leaf->script = last[top - 1];
	return n_items >= 2 && leaf->control_block.len >= CONTROL_BLOCK_SIZE &&
		(leaf->control_block.data[0] & LEAF_VERSION_MASK) == LEAF_TAPSCRIPT;
}

static bool
read_envelope_head(CbReader *r)
{
	CbSpan		data;

	return read_push(r, &data) && data.len == 0 &&
		cb_script_read_op(r, &data) == OP_IF && read_marker(r);
}

const char *
cb_carrier_in_witness(const CbTx *tx, CbWriter *joined, CbCarrier *carrier)
{
	Leaf		leaf;
	CbReader	r;
	CbSpan		data;
	uint8_t		op;

	memset(carrier, 0, sizeof(*carrier));
	joined->len = 0;
	joined->error = CB_OK;
	if (!last_leaf(tx, &leaf))
		return NULL;
	r = cb_reader(leaf.script.data, leaf.script.len);
	if (!read_envelope_head(&r))
		return NULL;
	carrier->kind = CB_CARRIER_WITNESS;
	carrier->at = tx->n_inputs - 1;
	if (leaf.control_block.len != CONTROL_BLOCK_SIZE)
		return "the spell's tapscript is not the only leaf of its tree";
	while (op = cb_script_read_op(&r, &data), r.error == CB_OK && op <= CB_OP_PUSHDATA4)
		cb_write_bytes(joined, data.data, data.len);
	if (r.error != CB_OK || op != OP_ENDIF)
		return "the spell's envelope is not closed";
	if (joined->error != CB_OK)
		return cb_result_message(joined->error);
	carrier->payload.data = joined->data;
	carrier->payload.len = joined->len;
	return NULL;
}
