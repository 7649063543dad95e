/*-------------------------------------------------------------------------
 *
 * cb_sandbox_tx.c
 *	  Building the sandbox's transactions.
 *
 * They are segwit transactions of the form that the network uses, except that
 * nobody signs: a witness holds zeros where a signature would be.  A payment
 * spends an outpoint drawn at random, as if from a wallet outside; so no two
 * payments are alike, and none waits for a coinbase to mature.
 *
 * Sources: Bitcoin's protocol documentation; BIP-34, BIP-125, BIP-141.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "cb_args.h"
#include "cb_sandbox_internal.h"
#include "fmgr.h"
#include "miscadmin.h"

#define OP_0 0x00
#define OP_1 0x51
#define OP_RETURN 0x6a

#define TX_VERSION 2
#define SEQUENCE_FINAL 0xffffffff
/* The highest that still signals replaceability. */
#define SEQUENCE_REPLACEABLE 0xfffffffd
#define SIGNATURE_SIZE 64

#define OUTPOINT_SIZE 36
#define COUNT_SIZE 9			/* the longest compact size */

#define INITIAL_SUBSIDY INT64_C(5000000000)
#define HALVING_BLOCKS 150		/* on regtest */

#define COMMITMENT_SIZE 38
#define EXTRA_NONCE_SIZE 8
/* A height of at most 4 bytes and the extra nonce, each behind its length. */
#define COINBASE_SCRIPT_SIZE (1 + 4 + 1 + EXTRA_NONCE_SIZE)

/* A transaction to be written; its inputs differ only in what they spend. */
typedef struct TxDraft
{
	const CbOutpoint *prevouts;
	int			n_inputs;
	CbSpan		script_sig;
	uint32		sequence;
	CbSpan		witness_item;
	const CbTxOut *outputs;
	int			n_outputs;
} TxDraft;

static const uint8 zeros[SIGNATURE_SIZE];

static CbSpan serialize(const TxDraft *draft);
static size_t size_bound(const TxDraft *draft);
static void write_inputs(CbWriter *w, const TxDraft *draft);
static void write_outputs(CbWriter *w, const TxDraft *draft);
static void write_witnesses(CbWriter *w, const TxDraft *draft);
static void write_height_push(CbWriter *w, int32 height);
static void random_bytes(uint8 *out, size_t len);
static int64 subsidy(int32 height);
static void make_commitment(const CbHash256 *witness_root, uint8 out[COMMITMENT_SIZE]);

extern Datum charmbills_address_to_script(PG_FUNCTION_ARGS);

CbSpan
cb_sandbox_payment_tx(const CbTxOut *outputs, int n)
{
	CbOutpoint	prevout = {.vout = 0};
	TxDraft		draft = {
		.prevouts = &prevout,
		.n_inputs = 1,
		.sequence = SEQUENCE_REPLACEABLE,
		.witness_item = {zeros, SIGNATURE_SIZE},
		.outputs = outputs,
		.n_outputs = n
	};

	random_bytes(prevout.txid.bytes, sizeof(prevout.txid.bytes));
	return serialize(&draft);
}

CbSpan
cb_sandbox_replacement_tx(const CbTx *tx)
{
	CbOutpoint *prevouts = palloc(sizeof(CbOutpoint) * tx->n_inputs);
	CbTxInIter	inputs = cb_tx_inputs(tx);
	CbTxOutIter outs = cb_tx_outputs(tx);
	CbScriptBuf script;
	CbTxOut		nobody = {.value = 0};
	CbTxIn		in;
	CbTxOut		out;
	TxDraft		draft = {
		.prevouts = prevouts,
		.sequence = SEQUENCE_REPLACEABLE,
		.witness_item = {zeros, SIGNATURE_SIZE},
		.outputs = &nobody,
		.n_outputs = 1
	};

	while (cb_tx_next_input(&inputs, &in))
		prevouts[draft.n_inputs++] = in.prevout;
	while (cb_tx_next_output(&outs, &out))
		nobody.value += out.value;
	cb_sandbox_nobody(&script);
	nobody.script.data = script.data;
	nobody.script.len = script.len;
	return serialize(&draft);
}

/*
 * Two blocks of equal height, time and contents must still differ, or a new
 * branch would be the old one: so there is an extra nonce drawn at random.
 */
CbSpan
cb_sandbox_coinbase_tx(int32 height, CbSpan script, const CbHash256 *witness_root)
{
	static const CbOutpoint nothing = {.vout = UINT32_MAX};
	uint8		script_sig[COINBASE_SCRIPT_SIZE];
	uint8		extra_nonce[EXTRA_NONCE_SIZE];
	uint8		commitment[COMMITMENT_SIZE];
	CbWriter	w = cb_writer(script_sig, sizeof(script_sig));
	CbTxOut		outputs[] = {
		{.value = subsidy(height), .script = script},
		{.value = 0, .script = {commitment, sizeof(commitment)}}
	};
	TxDraft		draft = {
		.prevouts = &nothing,
		.n_inputs = 1,
		.sequence = SEQUENCE_FINAL,
		.witness_item = {zeros, sizeof(CbHash256)},
		.outputs = outputs,
		.n_outputs = lengthof(outputs)
	};

	random_bytes(extra_nonce, sizeof(extra_nonce));
	write_height_push(&w, height);
	cb_write_var_bytes(&w, (CbSpan) {extra_nonce, sizeof(extra_nonce)});
	draft.script_sig = (CbSpan) {script_sig, w.len};
	make_commitment(witness_root, commitment);
	return serialize(&draft);
}

/* A witness key hash drawn at random. */
void
cb_sandbox_nobody(CbScriptBuf *script)
{
	uint8		hash[20];

	random_bytes(hash, sizeof(hash));
	cb_script_witness(0, (CbSpan) {hash, sizeof(hash)}, script);
}

CbSpan
cb_sandbox_address_script(Datum address)
{
	return cb_bytea_span(DirectFunctionCall1(charmbills_address_to_script, address));
}

static CbSpan
serialize(const TxDraft *draft)
{
	size_t		capacity = size_bound(draft);
	CbWriter	w = cb_writer(palloc(capacity), capacity);

	cb_write_u32(&w, TX_VERSION);
	cb_write_u8(&w, 0);			/* segwit marker and flag */
	cb_write_u8(&w, 1);
	write_inputs(&w, draft);
	write_outputs(&w, draft);
	write_witnesses(&w, draft);
	cb_write_u32(&w, 0);		/* locktime */
	if (w.error != CB_OK)
		elog(ERROR, "could not write a transaction: %s", cb_result_message(w.error));
	return (CbSpan) {w.data, w.len};
}

static size_t
size_bound(const TxDraft *draft)
{
	size_t		input = OUTPOINT_SIZE + COUNT_SIZE + draft->script_sig.len + sizeof(uint32);
	size_t		witness = COUNT_SIZE + COUNT_SIZE + draft->witness_item.len;
	size_t		size = 4 + 2 + COUNT_SIZE + COUNT_SIZE + 4 + draft->n_inputs * (input + witness);

	for (int i = 0; i < draft->n_outputs; i++)
		size += sizeof(uint64) + COUNT_SIZE + draft->outputs[i].script.len;
	return size;
}

static void
write_inputs(CbWriter *w, const TxDraft *draft)
{
	cb_write_compact_size(w, draft->n_inputs);
	for (int i = 0; i < draft->n_inputs; i++)
	{
		const CbOutpoint *prevout = &draft->prevouts[i];

		cb_write_bytes(w, prevout->txid.bytes, sizeof(prevout->txid.bytes));
		cb_write_u32(w, prevout->vout);
		cb_write_var_bytes(w, draft->script_sig);
		cb_write_u32(w, draft->sequence);
	}
}

static void
write_outputs(CbWriter *w, const TxDraft *draft)
{
	cb_write_compact_size(w, draft->n_outputs);
	for (int i = 0; i < draft->n_outputs; i++)
	{
		cb_write_u64(w, (uint64) draft->outputs[i].value);
		cb_write_var_bytes(w, draft->outputs[i].script);
	}
}

static void
write_witnesses(CbWriter *w, const TxDraft *draft)
{
	for (int i = 0; i < draft->n_inputs; i++)
	{
		cb_write_compact_size(w, 1);
		cb_write_var_bytes(w, draft->witness_item);
	}
}

/* As BIP-34 wants it: the shortest push of a script number. */
static void
write_height_push(CbWriter *w, int32 height)
{
	uint8		digits[4];
	size_t		n = 0;

	if (height <= 16)
	{
		cb_write_u8(w, (uint8) (height == 0 ? OP_0 : OP_1 + height - 1));
		return;
	}
	for (uint32 rest = (uint32) height; rest > 0; rest >>= 8)
		digits[n++] = (uint8) rest;
	/* The highest bit is a script number's sign. */
	if (digits[n - 1] & 0x80)
		digits[n++] = 0;
	cb_write_var_bytes(w, (CbSpan) {digits, n});
}

static void
random_bytes(uint8 *out, size_t len)
{
	if (!pg_strong_random(out, len))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random bytes")));
}

static int64
subsidy(int32 height)
{
	int32		halvings = height / HALVING_BLOCKS;

	return halvings < 63 ? INITIAL_SUBSIDY >> halvings : 0;
}

/* BIP-141; the reserved value in the coinbase's witness is zero. */
static void
make_commitment(const CbHash256 *witness_root, uint8 out[COMMITMENT_SIZE])
{
	static const uint8 marker[] = {OP_RETURN, 36, 0xaa, 0x21, 0xa9, 0xed};
	CbSpan		committed[] = {
		{witness_root->bytes, sizeof(witness_root->bytes)},
		{zeros, sizeof(CbHash256)}
	};
	CbHash256	hash;

	cb_sha256d_spans(committed, lengthof(committed), &hash);
	memcpy(out, marker, sizeof(marker));
	memcpy(out + sizeof(marker), hash.bytes, sizeof(hash.bytes));
}
