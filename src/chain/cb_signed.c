/*-------------------------------------------------------------------------
 *
 * cb_signed.c
 *	  Transactions as they come back from whoever signs them.
 *
 * A signature that leaves something unsigned would let others change what they
 * broadcast in its place.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "bitcoin/cb_sighash.h"
#include "cb_compat.h"
#include "cb_errors.h"
#include "chain/cb_signed.h"
#include "types/cb_psbt_text.h"
#include "types/cb_types.h"
#include "utils/builtins.h"

/* What the inputs of a transaction show, in order. */
typedef struct SpendIter
{
	CbTxInIter	inputs;
	CbWitnessIter witnesses;
	const CbPrevious *previous;
} SpendIter;

static void refuse_unfinished(const CbPsbt *psbt, const char *what);
static SpendIter spends_of(const CbTx *tx, const CbPrevious *previous);
static bool next_spend(SpendIter *it, CbSpend *spend);
static bool is_empty(const CbSpend *spend);
static bool is_bound(const CbSpend *spend);
static bool is_same(const CbSpend *a, const CbSpend *b);
static void check_spend(const CbSpend *spend, uint32 input, const char *what);
cb_noreturn static void refuse_signature(CbResult result, uint32 input, const char *what);

text *
cb_signed_hex(text *given, const char *what)
{
	CbPsbt		psbt;
	CbWriter	w;
	CbResult	result;

	if (!cb_is_psbt_text(given))
		return given;
	cb_psbt_arg_finalized(given, psprintf("PSBT of the %s", what), &psbt);
	w = cb_writer(palloc(psbt.raw.len), psbt.raw.len);
	result = cb_psbt_finalized_tx(&psbt, &w);
	if (result == CB_ERR_PSBT_NOT_FINAL)
		refuse_unfinished(&psbt, what);
	if (result != CB_OK)
		cb_raise(result, what);
	return cstring_to_text(cb_hex_cstring((CbSpan) {w.data, w.len}));
}

/* Name the first input that keeps it from being final. */
static void
refuse_unfinished(const CbPsbt *psbt, const char *what)
{
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbPsbtInput in;
	uint32		input = 0;

	while (cb_psbt_next_input(&maps, &in) && cb_psbt_input_is_final(&in))
		input++;
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("input %u of the %s has not all its signatures", input, what),
			 errhint("Have every signer sign the PSBT, one after the other, or combine what they give with charmbills.combine_psbts().")));
}

void
cb_check_same(const CbBlockTx *signed_tx, const CbBlockTx *unsigned_tx, const char *what)
{
	if (!cb_tx_same_unsigned(&signed_tx->tx, &unsigned_tx->tx))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("the %s is not the one that was to be signed", what),
				 errhint("charmbills.transaction_psbt() gives the one to sign.")));
}

void
cb_check_signed(const CbBlockTx *signed_tx, const CbBlockTx *unsigned_tx, const CbPrevious *previous,
				const char *what)
{
	SpendIter	signed_it = spends_of(&signed_tx->tx, previous);
	SpendIter	unsigned_it = spends_of(&unsigned_tx->tx, previous);
	CbSpend		spend;
	CbSpend		given;

	for (uint32 input = 0; next_spend(&signed_it, &spend) && next_spend(&unsigned_it, &given); input++)
	{
		if (!is_bound(&given))
			check_spend(&spend, input, what);
		else if (!is_same(&spend, &given))
			ereport(ERROR,
					(errcode(ERRCODE_CB_INVALID_ARGUMENT),
					 errmsg("input %u of the %s is not as the prover has signed it", input, what),
					 errdetail("It may carry the spell.")));
	}
}

static SpendIter
spends_of(const CbTx *tx, const CbPrevious *previous)
{
	return (SpendIter) {cb_tx_inputs(tx), cb_tx_witnesses(tx), previous};
}

static bool
next_spend(SpendIter *it, CbSpend *spend)
{
	CbTxIn		in;

	if (!cb_tx_next_input(&it->inputs, &in))
		return false;
	memset(spend, 0, sizeof(*spend));
	spend->script = (it->previous++)->out.script;
	spend->script_sig = in.script_sig;
	if (!cb_tx_next_witness(&it->witnesses, &spend->n_items, &spend->items))
		spend->n_items = 0;
	return true;
}

static bool
is_empty(const CbSpend *spend)
{
	return spend->script_sig.len == 0 && spend->n_items == 0;
}

/*
 * Is it signed in a way in which no wallet of ours signs?  A signature of one
 * is there where the row has failed since it was signed, and may be another one
 * the next time.
 */
static bool
is_bound(const CbSpend *spend)
{
	return !is_empty(spend) && cb_spend_check_sighash(spend) != CB_OK;
}

static bool
is_same(const CbSpend *a, const CbSpend *b)
{
	return a->n_items == b->n_items && cb_span_equal(a->script_sig, b->script_sig) &&
		cb_span_equal((CbSpan) {a->items.pos, cb_reader_left(&a->items)},
					  (CbSpan) {b->items.pos, cb_reader_left(&b->items)});
}

static void
check_spend(const CbSpend *spend, uint32 input, const char *what)
{
	CbResult	result;

	if (is_empty(spend))
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("input %u of the %s is not signed", input, what)));
	result = cb_spend_check_sighash(spend);
	if (result != CB_OK)
		refuse_signature(result, input, what);
}

static void
refuse_signature(CbResult result, uint32 input, const char *what)
{
	if (result == CB_ERR_SIGHASH)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("a signature of input %u of the %s does not cover all of it", input, what),
				 errhint("Sign with SIGHASH_ALL, or with SIGHASH_DEFAULT where the output is a taproot one.")));
	if (result == CB_ERR_UNSUPPORTED)
		ereport(ERROR,
				(errcode(ERRCODE_CB_INVALID_ARGUMENT),
				 errmsg("what input %u of the %s spends, or the way it does, is not supported", input, what),
				 errdetail("Supported are p2pkh, p2wpkh, p2tr by its key, multi-signature p2wsh, and p2wpkh and p2wsh within p2sh.")));
	ereport(ERROR,
			(errcode(ERRCODE_CB_INVALID_ARGUMENT),
			 errmsg("input %u of the %s is not signed by the keys that it asks for", input, what)));
}
