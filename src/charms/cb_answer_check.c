/*-------------------------------------------------------------------------
 *
 * cb_answer_check.c
 *	  Whether what a prover answers is what it was asked for.
 *
 * What costs most to find out, the proof, is asked last.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_answer_check.h"

#include "bitcoin/cb_tx_draft.h"
#include "cb_answer_internal.h"
#include "cb_spell_build.h"
#include "cb_spell_request.h"

/* Less than this in sats nobody gives back; an output for it takes so many vbytes. */
#define LARGEST_DUST 546
#define OUTPUT_VSIZE 43

/* What provers reckon for every input that is to be signed, and how exactly. */
#define USUAL_INPUT_WEIGHT 65
#define LEAST_PERCENT 90

/* Fee rates are for so many vbytes. */
#define RATE_UNIT 1000

static const char *check_asked(const CbAsked *asked, const CbAnswer *answer);
static const char *check_inputs(const CbAsked *asked, const CbAnswer *answer);
static int64_t sum_outputs(const CbTx *tx);
static size_t signed_weight(const CbTx *tx, const CbAskedInput *inputs, size_t n);
static size_t signed_vsize(const CbTx *tx, const CbAskedInput *inputs, size_t n);
static size_t total_vsize(const CbAsked *asked, const CbAnswer *answer);
static size_t usual_vsize(const CbAsked *asked, const CbAnswer *answer);
static const char *check_balance(const CbAsked *asked, const CbAnswer *answer, CbAnswerCost *cost);
static const char *check_fee(const CbAsked *asked, const CbAnswer *answer, const CbAnswerCost *cost);
static const char *check_spell(const CbAsked *asked, const CbSpell *spell);
static const char *check_proof(const CbAsked *asked, const CbAnswer *answer, const CbSpell *spell,
							   CbSpellVerifier *verifier);

const char *
cb_answer_check(const CbAsked *asked, const CbAnswer *answer, CbSpellVerifier *verifier, CbAnswerCost *cost)
{
	CbSpell		spell;
	const char *reason;

	cost->fee = cost->prover_fee = cost->change = 0;
	cost->vsize = 0;
	reason = check_asked(asked, answer);
	if (reason == NULL)
		reason = check_inputs(asked, answer);
	if (reason != NULL)
		return reason;
	(void) cb_spell_read(answer->spell, answer->joined, &spell);
	reason = cb_answer_check_outputs(asked, answer->spell, &spell.carrier, cost);
	if (reason == NULL)
		reason = check_balance(asked, answer, cost);
	if (reason == NULL)
		reason = check_fee(asked, answer, cost);
	if (reason == NULL)
		reason = check_spell(asked, &spell);
	if (reason == NULL)
		reason = check_proof(asked, answer, &spell, verifier);
	return reason;
}

static const char *
check_asked(const CbAsked *asked, const CbAnswer *answer)
{
	if ((answer->commit != NULL) != asked->has_commit)
		return asked->has_commit ? "there is no commit transaction" : "there is a commit transaction";
	if (asked->n_inputs == 0 || asked->n_inputs > CB_DRAFT_MAX_COINS)
		return "nothing was asked for that could be answered";
	return NULL;
}

static const char *
check_inputs(const CbAsked *asked, const CbAnswer *answer)
{
	if (asked->has_commit)
		return cb_answer_check_commit(asked, answer);
	if (answer->spell->has_witness)
		return "an input is signed already";
	return cb_answer_check_inputs(answer->spell, asked->inputs, asked->n_inputs, NULL);
}

static int64_t
sum_outputs(const CbTx *tx)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	int64_t		sum = 0;
	CbTxOut		out;

	while (cb_tx_next_output(&it, &out))
		sum += out.value;
	return sum;
}

/* When the first n inputs are signed, too. */
static size_t
signed_weight(const CbTx *tx, const CbAskedInput *inputs, size_t n)
{
	size_t		marker_and_flag = 2;
	size_t		weight = CB_WITNESS_SCALE * cb_tx_base_size(tx) + marker_and_flag;

	for (size_t i = 0; i < n; i++)
		weight += cb_spend_weight(inputs[i].spent.script);
	/* A witness that is there has a byte for each input that has none yet. */
	return tx->has_witness ? weight + tx->witness.len - n : weight;
}

static size_t
signed_vsize(const CbTx *tx, const CbAskedInput *inputs, size_t n)
{
	return (signed_weight(tx, inputs, n) + CB_WITNESS_SCALE - 1) / CB_WITNESS_SCALE;
}

static size_t
total_vsize(const CbAsked *asked, const CbAnswer *answer)
{
	size_t		n = asked->n_inputs;

	if (!asked->has_commit)
		return signed_vsize(answer->spell, asked->inputs, n);
	return signed_vsize(answer->commit, &asked->inputs[n - 1], 1) +
		signed_vsize(answer->spell, asked->inputs, n - 1);
}

/* As provers see it, to whom one script is like another. */
static size_t
usual_vsize(const CbAsked *asked, const CbAnswer *answer)
{
	size_t		weight = cb_tx_weight(answer->spell) + USUAL_INPUT_WEIGHT * asked->n_inputs;

	if (asked->has_commit)
		weight += cb_tx_weight(answer->commit);
	return weight / CB_WITNESS_SCALE;
}

/* What goes in is told by the transactions that are spent, never by the prover. */
static const char *
check_balance(const CbAsked *asked, const CbAnswer *answer, CbAnswerCost *cost)
{
	const CbAskedInput *funding = &asked->inputs[asked->n_inputs - 1];
	int64_t		in = 0;
	int64_t		committed;

	for (size_t i = 0; i < asked->n_inputs; i++)
		in += asked->inputs[i].spent.value;
	if (asked->has_commit)
	{
		committed = sum_outputs(answer->commit);
		if (committed > funding->spent.value)
			return "the commit transaction pays more than it spends";
		cost->fee = funding->spent.value - committed;
		in -= cost->fee;
	}
	in -= sum_outputs(answer->spell);
	if (in < 0)
		return "the transaction pays more than it spends";
	cost->fee += in;
	cost->vsize = total_vsize(asked, answer);
	return NULL;
}

/*
 * A fee that is too low keeps a transaction waiting: such is the answer that a
 * prover has kept of an earlier request.  Where nothing is given back, no more
 * may be left beyond the fee that was asked for than an output of it would cost.
 */
static const char *
check_fee(const CbAsked *asked, const CbAnswer *answer, const CbAnswerCost *cost)
{
	int64_t		vsize = (int64_t) cost->vsize;
	int64_t		usual = asked->fee_rate * (vsize + OUTPUT_VSIZE) / RATE_UNIT + LARGEST_DUST;
	int64_t		least = asked->fee_rate * (int64_t) usual_vsize(asked, answer) / RATE_UNIT * LEAST_PERCENT / 100;

	if (cost->fee > asked->max_fee)
		return "the fee is more than may be paid";
	if (cost->fee > asked->max_fee_rate * vsize / RATE_UNIT)
		return "the fee rate is higher than may be paid";
	if (cost->fee < least)
		return "the fee is less than was asked for";
	if (cost->change == 0 && cost->fee > usual)
		return "what is left is not given back";
	return NULL;
}

/* Byte by byte; a mock says of itself that it is one. */
static const char *
check_spell(const CbAsked *asked, const CbSpell *spell)
{
	CbReader	r = cb_reader(spell->carrier.payload.data, spell->carrier.payload.len);
	CbCarrierKind wanted = asked->has_commit ? CB_CARRIER_WITNESS : CB_CARRIER_OP_RETURN;
	CbSpan		found;

	if (spell->state != CB_SPELL_READ)
		return spell->reason;
	if (spell->carrier.kind != wanted)
		return "the transaction carries the spell where it was not to be";
	cb_cbor_read_array(&r);
	found = cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
	if (!cb_span_equal(found, asked->spell) && !cb_spell_is_mock_of(found, asked->spell))
		return "the spell is not the one that was asked for";
	return NULL;
}

static const char *
check_proof(const CbAsked *asked, const CbAnswer *answer, const CbSpell *spell, CbSpellVerifier *verifier)
{
	const char *reason;

	switch (cb_spell_verify(verifier, answer->spell, spell, &reason))
	{
		case CB_VERDICT_VALID:
			return NULL;
		case CB_VERDICT_MOCK:
			return asked->takes_mock ? NULL : reason;
		default:
			return reason;
	}
}
