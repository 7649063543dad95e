/*-------------------------------------------------------------------------
 *
 * cb_answer_inputs.c
 *	  Whether a prover's transaction spends what it was to spend, and can be
 *	  signed and broadcast at once.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_answer_internal.h"

#include "bitcoin/cb_tx_draft.h"

#include <string.h>

static bool is_among(const CbOutpoint *outpoint, const CbAskedInput *inputs, size_t n);
static const char *check_input(const CbTxIn *in, const CbOutpoint *wanted);
static const char *check_unsigned(const CbTx *tx, size_t n);

const char *
cb_answer_check_inputs(const CbTx *tx, const CbAskedInput *inputs, size_t n, const CbOutpoint *signed_input)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	size_t		n_wanted = n + (signed_input != NULL);
	CbTxIn		in;

	if (tx->version != CB_TX_DRAFT_VERSION)
		return "the transaction is of another version than 2";
	if (tx->locktime != 0)
		return "the transaction is locked until later";
	for (size_t i = 0; cb_tx_next_input(&it, &in); i++)
	{
		bool		is_wanted = is_among(&in.prevout, inputs, n) ||
			(signed_input != NULL && cb_outpoint_equal(&in.prevout, signed_input));
		const char *reason;

		if (!is_wanted)
			return "the transaction spends what it was not to spend";
		if (i >= n_wanted)
			return "the transaction has too many inputs";
		reason = check_input(&in, i < n ? &inputs[i].outpoint : signed_input);
		if (reason != NULL)
			return reason;
	}
	if (tx->n_inputs < n_wanted)
		return "the transaction does not spend all that it was to spend";
	return check_unsigned(tx, n);
}

static bool
is_among(const CbOutpoint *outpoint, const CbAskedInput *inputs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cb_outpoint_equal(outpoint, &inputs[i].outpoint))
			return true;
	return false;
}

static const char *
check_input(const CbTxIn *in, const CbOutpoint *wanted)
{
	if (!cb_outpoint_equal(&in->prevout, wanted))
		return "the transaction's inputs are not in the order asked for";
	if (in->script_sig.len > 0)
		return "an input is signed already";
	if (in->sequence != CB_SEQUENCE_FINAL)
		return "an input's sequence number is not the final one";
	return NULL;
}

/* The first n inputs, that is. */
static const char *
check_unsigned(const CbTx *tx, size_t n)
{
	CbWitnessIter it = cb_tx_witnesses(tx);
	CbReader	items;
	uint64_t	n_items;

	for (size_t i = 0; i < n && cb_tx_next_witness(&it, &n_items, &items); i++)
		if (n_items > 0)
			return "an input is signed already";
	return NULL;
}
