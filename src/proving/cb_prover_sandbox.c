/*-------------------------------------------------------------------------
 *
 * cb_prover_sandbox.c
 *	  The sandbox's own prover.
 *
 * It proves nothing: it answers at once what a mock prover would, with a mock
 * spell, and the answer is judged as any other.  So it is refused, too, unless
 * charmbills.accept_mock_spells is on.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tx_draft.h"
#include "charms/cb_spell_request.h"
#include "proving/cb_prover.h"

/* As many bytes as a mock prover's proof has, of which each takes two in CBOR. */
#define PROOF_SIZE 192
#define PROOF_BYTE 0xff
#define CBOR_BYTE 2

/* Beyond what is in a payload or a transaction: heads, counts, the mock's flag. */
#define HEADS_SIZE 64
#define INPUT_SIZE 41
#define OUTPUT_SIZE 17

#define NOT_ENOUGH "the funding UTXO does not pay for the outputs and the fee"

/* A transaction being made: outputs asked for, carrier, change. */
typedef struct Draft
{
	CbOutpoint *inputs;
	int			n_inputs;
	CbTxOut    *outputs;
	int			n_outputs;
} Draft;

static CbSpan write_payload(const CbProveRequest *request);
static CbSpan write_carrier(CbSpan payload);
static void start_draft(const CbProveRequest *request, Draft *draft);
static CbSpan write_tx(const Draft *draft);
static int64 left_over(const CbProveRequest *request);
static int64 fee_of(const CbProveRequest *request, const Draft *draft);
static void give_change(const CbProveRequest *request, Draft *draft);

void
cb_prove_in_sandbox(const CbProveRequest *request)
{
	CbProved	proved = {{NULL, 0}, {NULL, 0}};
	Draft		draft;

	if (request->version == CB_DRAFT_OLD_VERSION)
	{
		(void) cb_prove_failed(request, "the sandbox's prover knows no spells of version 8");
		return;
	}
	start_draft(request, &draft);
	if (fee_of(request, &draft) > left_over(request))
	{
		(void) cb_prove_failed(request, NOT_ENOUGH);
		return;
	}
	give_change(request, &draft);
	proved.spell = write_tx(&draft);
	(void) cb_prover_judge(request, &proved);
}

static void
start_draft(const CbProveRequest *request, Draft *draft)
{
	draft->n_inputs = request->n_inputs;
	draft->inputs = palloc(sizeof(CbOutpoint) * request->n_inputs);
	for (int i = 0; i < request->n_inputs; i++)
		draft->inputs[i] = request->inputs[i].outpoint;
	draft->outputs = palloc(sizeof(CbTxOut) * (request->n_outputs + 2));
	for (int i = 0; i < request->n_outputs; i++)
		draft->outputs[i] = (CbTxOut) {request->outputs[i].sats, request->outputs[i].script};
	draft->outputs[request->n_outputs] = (CbTxOut) {0, write_carrier(write_payload(request))};
	draft->n_outputs = request->n_outputs + 1;
}

static CbSpan
write_payload(const CbProveRequest *request)
{
	size_t		size = request->spell.len + HEADS_SIZE;
	CbWriter	spell = cb_writer(palloc(size), size);
	CbWriter	w = cb_writer(palloc(size + CBOR_BYTE * PROOF_SIZE), size + CBOR_BYTE * PROOF_SIZE);
	uint8		proof[PROOF_SIZE];

	memset(proof, PROOF_BYTE, sizeof(proof));
	(void) cb_spell_write_mock(request->spell, &spell);
	cb_spell_write_payload((CbSpan) {spell.data, spell.len}, (CbSpan) {proof, sizeof(proof)}, &w);
	if (spell.error != CB_OK || w.error != CB_OK)
		elog(ERROR, "could not write a spell's payload");
	return (CbSpan) {w.data, w.len};
}

static CbSpan
write_carrier(CbSpan payload)
{
	size_t		size = payload.len + HEADS_SIZE;
	CbWriter	w = cb_writer(palloc(size), size);

	cb_write_u8(&w, CB_OP_RETURN);
	cb_write_var_bytes(&w, (CbSpan) {(const uint8 *) "spell", 5});
	cb_write_u8(&w, CB_OP_PUSHDATA4);
	cb_write_u32(&w, (uint32) payload.len);
	cb_write_bytes(&w, payload.data, payload.len);
	return (CbSpan) {w.data, w.len};
}

static CbSpan
write_tx(const Draft *draft)
{
	size_t		size = HEADS_SIZE + (size_t) INPUT_SIZE * draft->n_inputs;
	CbWriter	w;

	for (int i = 0; i < draft->n_outputs; i++)
		size += OUTPUT_SIZE + draft->outputs[i].script.len;
	w = cb_writer(palloc(size), size);
	cb_tx_write_draft(&w, draft->inputs, draft->n_inputs, draft->outputs, draft->n_outputs);
	if (w.error != CB_OK)
		elog(ERROR, "could not write a transaction");
	return (CbSpan) {w.data, w.len};
}

/* Of the inputs, when the outputs asked for are paid. */
static int64
left_over(const CbProveRequest *request)
{
	int64		left = 0;

	for (int i = 0; i < request->n_inputs; i++)
		left += request->inputs[i].sats;
	for (int i = 0; i < request->n_outputs; i++)
		left -= request->outputs[i].sats;
	return left;
}

/* At the rate asked for, with signatures. */
static int64
fee_of(const CbProveRequest *request, const Draft *draft)
{
	size_t		marker_and_flag = 2;
	size_t		weight = write_tx(draft).len * CB_WITNESS_SCALE + marker_and_flag;

	for (int i = 0; i < request->n_inputs; i++)
		weight += cb_spend_weight(request->inputs[i].script);
	return (int64) ceil(strtod(request->fee_rate, NULL) * (double) weight / CB_WITNESS_SCALE);
}

/* What would be dust stays with the fee. */
static void
give_change(const CbProveRequest *request, Draft *draft)
{
	CbTxOut    *change = &draft->outputs[draft->n_outputs];

	*change = (CbTxOut) {0, request->change_script};
	draft->n_outputs++;
	change->value = left_over(request) - fee_of(request, draft);
	if (change->value < cb_script_dust_limit(change->script))
		draft->n_outputs--;
}
