/*-------------------------------------------------------------------------
 *
 * cb_answer_outputs.c
 *	  Whether a prover's transaction pays what it was to pay, and nobody else.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_answer_internal.h"

#include "bitcoin/cb_script.h"

/* What has been seen behind the outputs asked for. */
typedef struct Added
{
	bool		has_change;
	bool		has_prover_fee;
} Added;

static const char *check_asked(const CbTxOut *out, const CbTxOut *wanted);
static const char *check_change(const CbTxOut *out, Added *added, CbAnswerCost *cost);
static const char *check_prover_fee(const CbAsked *asked, const CbTxOut *out, Added *added, CbAnswerCost *cost);
static const char *check_added(const CbAsked *asked, const CbTxOut *out, Added *added, CbAnswerCost *cost);
static const char *check_carrier(const CbTxOut *out);

const char *
cb_answer_check_outputs(const CbAsked *asked, const CbTx *tx, const CbCarrier *carrier, CbAnswerCost *cost)
{
	bool		is_carried = carrier->kind == CB_CARRIER_OP_RETURN;
	CbTxOutIter it = cb_tx_outputs(tx);
	Added		added = {false, false};
	CbTxOut		out;

	if (tx->n_outputs < asked->n_outputs)
		return "an output that was asked for is missing";
	for (uint32_t i = 0; cb_tx_next_output(&it, &out); i++)
	{
		const char *reason;

		if (i < asked->n_outputs)
			reason = check_asked(&out, &asked->outputs[i]);
		else if (is_carried && i == carrier->at)
			reason = check_carrier(&out);
		else
			reason = check_added(asked, &out, &added, cost);
		if (reason != NULL)
			return reason;
	}
	return NULL;
}

static const char *
check_asked(const CbTxOut *out, const CbTxOut *wanted)
{
	if (!cb_span_equal(out->script, wanted->script))
		return "an output that was asked for pays somebody else";
	if (out->value != wanted->value)
		return "an output that was asked for has another amount";
	return NULL;
}

static const char *
check_carrier(const CbTxOut *out)
{
	return out->value == 0 ? NULL : "the output with the spell has a value, which would be lost";
}

static const char *
check_added(const CbAsked *asked, const CbTxOut *out, Added *added, CbAnswerCost *cost)
{
	if (cb_span_equal(out->script, asked->change_script))
		return check_change(out, added, cost);
	if (asked->prover_script.len > 0 && cb_span_equal(out->script, asked->prover_script))
		return check_prover_fee(asked, out, added, cost);
	if (out->script.len > 0 && out->script.data[0] == CB_OP_RETURN)
		return "an output carries data that is not the spell";
	return "an output pays somebody who was not to be paid";
}

static const char *
check_change(const CbTxOut *out, Added *added, CbAnswerCost *cost)
{
	if (added->has_change)
		return "there is more than one output for the change";
	if (out->value < cb_script_dust_limit(out->script))
		return "the change is less than nodes relay";
	added->has_change = true;
	cost->change = out->value;
	return NULL;
}

static const char *
check_prover_fee(const CbAsked *asked, const CbTxOut *out, Added *added, CbAnswerCost *cost)
{
	if (added->has_prover_fee)
		return "there is more than one output for the prover";
	added->has_prover_fee = true;
	cost->prover_fee = out->value;
	if (out->value > asked->max_prover_fee)
		return "the prover takes more for itself than it may";
	return NULL;
}
