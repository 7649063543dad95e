/*-------------------------------------------------------------------------
 *
 * cb_prover_draft.c
 *	  The transactions that a prover makes, as drafts.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tx_draft.h"
#include "proving/cb_prover_draft.h"

/* Of a transaction without its inputs and outputs; of an input; of an output. */
#define TX_SIZE 64
#define INPUT_SIZE 41
#define OUTPUT_SIZE 17

void
cb_prover_draft_start(const CbProveRequest *request, CbProverDraft *draft)
{
	draft->n_inputs = request->n_inputs;
	draft->inputs = palloc(sizeof(CbOutpoint) * request->n_inputs);
	for (int i = 0; i < request->n_inputs; i++)
		draft->inputs[i] = request->inputs[i].outpoint;
	draft->n_outputs = request->n_outputs;
	draft->outputs = palloc(sizeof(CbTxOut) * (request->n_outputs + 2));
	for (int i = 0; i < request->n_outputs; i++)
		draft->outputs[i] = (CbTxOut) {request->outputs[i].sats, request->outputs[i].script};
}

CbSpan
cb_prover_draft_write(const CbProverDraft *draft)
{
	size_t		size = TX_SIZE + (size_t) INPUT_SIZE * draft->n_inputs;
	CbWriter	w;

	for (int i = 0; i < draft->n_outputs; i++)
		size += OUTPUT_SIZE + draft->outputs[i].script.len;
	w = cb_writer(palloc(size), size);
	cb_tx_write_draft(&w, draft->inputs, draft->n_inputs, draft->outputs, draft->n_outputs);
	if (w.error != CB_OK)
		elog(ERROR, "could not write a transaction");
	return (CbSpan) {w.data, w.len};
}

void
cb_prover_draft(const CbProveRequest *request, CbTx *tx)
{
	CbProverDraft draft;
	CbSpan		raw;

	cb_prover_draft_start(request, &draft);
	raw = cb_prover_draft_write(&draft);
	if (cb_tx_parse(raw.data, raw.len, tx) != CB_OK)
		elog(ERROR, "could not read a transaction again");
}

int64
cb_prover_draft_fee(const CbProveRequest *request, size_t weight)
{
	size_t		vsize = (weight + CB_WITNESS_SCALE - 1) / CB_WITNESS_SCALE;

	return (int64) ceil(strtod(request->fee_rate, NULL) * (double) vsize);
}

bool
cb_prover_draft_change(const CbProveRequest *request, CbProverDraft *draft, int64 left, size_t weight)
{
	CbTxOut    *change = &draft->outputs[draft->n_outputs];
	size_t		base = cb_prover_draft_write(draft).len;

	if (left < cb_prover_draft_fee(request, base * CB_WITNESS_SCALE + weight))
		return false;
	*change = (CbTxOut) {0, request->change_script};
	draft->n_outputs++;
	base = cb_prover_draft_write(draft).len;
	change->value = left - cb_prover_draft_fee(request, base * CB_WITNESS_SCALE + weight);
	if (change->value < cb_script_dust_limit(change->script))
		draft->n_outputs--;
	return true;
}
