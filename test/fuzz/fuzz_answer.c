/*-------------------------------------------------------------------------
 *
 * fuzz_answer.c
 *	  Any answer of a prover: of what is taken nothing goes astray.
 *
 * The input is a request drawn from its first bytes, and one or two
 * transactions; or, since few such are ever taken, the right answer with a few
 * of its bytes changed.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_answer_check.h"
#include "charms/cb_spell_request.h"

#include "bitcoin/cb_tx_draft.h"

#include "fuzz.h"

#define MAX_TX 2000
#define FUNDS 50000
#define PAID 1000
#define MAX_FEE 3000
#define MAX_PROVER_FEE 500

static CbSpan script_of(size_t i);
static void make_asked(CbAsked *asked, CbAskedInput *inputs, CbTxOut *outputs);
static size_t make_right(const CbAsked *asked, uint8_t *raw);
static int64_t paid_to(const CbTx *tx, CbSpan script);
static void check_taken(const CbAsked *asked, const CbTx *tx, const CbAnswerCost *cost);
static bool judge(const CbAsked *asked, const uint8_t *commit, size_t commit_len, const uint8_t *raw, size_t len);

/* Scripts of a witness program: of the merchant, for change, of the prover. */
static const uint8_t scripts[3][22] = {{0, 20, 1}, {0, 20, 2}, {0, 20, 3}};

/* One output without charms: {version: 15, tx: {outs: [{}]}, app_public_inputs: {}}. */
static const uint8_t spell[] = {
	0xa3, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x0f, 0x62, 't', 'x', 0xa1, 0x64, 'o', 'u', 't', 's', 0x81, 0xa0,
	0x71, 'a', 'p', 'p', '_', 'p', 'u', 'b', 'l', 'i', 'c', '_', 'i', 'n', 'p', 'u', 't', 's', 0xa0
};

static CbSpan
script_of(size_t i)
{
	CbSpan		span = {scripts[i], sizeof(scripts[i])};

	return span;
}

static void
make_asked(CbAsked *asked, CbAskedInput *inputs, CbTxOut *outputs)
{
	memset(asked, 0, sizeof(*asked));
	memset(inputs, 0, 2 * sizeof(*inputs));
	inputs[0].outpoint.txid.bytes[0] = 1;
	inputs[1].outpoint.txid.bytes[0] = 2;
	inputs[0].spent.value = PAID;
	inputs[1].spent.value = FUNDS;
	inputs[0].spent.script = inputs[1].spent.script = script_of(0);
	outputs[0].value = PAID;
	outputs[0].script = script_of(0);
	asked->spell.data = spell;
	asked->spell.len = sizeof(spell);
	asked->inputs = inputs;
	asked->n_inputs = 2;
	asked->outputs = outputs;
	asked->n_outputs = 1;
	asked->change_script = script_of(1);
	asked->prover_script = script_of(2);
	asked->max_prover_fee = MAX_PROVER_FEE;
	asked->max_fee = MAX_FEE;
	asked->max_fee_rate = 20000;
	asked->fee_rate = 1000;
	asked->takes_mock = true;
}

static size_t
make_right(const CbAsked *asked, uint8_t *raw)
{
	CbWriter	w = cb_writer(raw, MAX_TX);
	uint8_t		mock[100];
	uint8_t		carrier[200] = {0x6a, 5, 's', 'p', 'e', 'l', 'l', 0x4c};
	CbWriter	m = cb_writer(mock, sizeof(mock));
	CbWriter	c = cb_writer(carrier + 9, sizeof(carrier) - 9);
	CbOutpoint	inputs[2] = {asked->inputs[0].outpoint, asked->inputs[1].outpoint};
	CbSpan		no_proof = {NULL, 0};
	CbTxOut		outputs[3];

	INVARIANT(cb_spell_write_mock(asked->spell, &m) == CB_OK);
	cb_spell_write_payload((CbSpan) {mock, m.len}, no_proof, &c);
	carrier[8] = (uint8_t) c.len;
	outputs[0] = asked->outputs[0];
	outputs[1] = (CbTxOut) {0, {carrier, 9 + c.len}};
	outputs[2] = (CbTxOut) {FUNDS - 500, asked->change_script};
	cb_tx_write_draft(&w, inputs, 2, outputs, 3);
	INVARIANT(w.error == CB_OK);
	return w.len;
}

static int64_t
paid_to(const CbTx *tx, CbSpan script)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	int64_t		sum = 0;
	CbTxOut		out;

	while (cb_tx_next_output(&it, &out))
		if (out.script.len == script.len && memcmp(out.script.data, script.data, script.len) == 0)
			sum += out.value;
	return sum;
}

/* Told by sums alone, however the outputs lie. */
static void
check_taken(const CbAsked *asked, const CbTx *tx, const CbAnswerCost *cost)
{
	int64_t		merchant = paid_to(tx, script_of(0));
	int64_t		change = paid_to(tx, asked->change_script);
	int64_t		prover = paid_to(tx, asked->prover_script);

	INVARIANT(tx->n_inputs == 2 && tx->locktime == 0 && !tx->has_witness);
	INVARIANT(merchant == PAID && prover <= MAX_PROVER_FEE);
	INVARIANT(cost->fee >= 0 && cost->fee <= MAX_FEE && cost->change == change && cost->prover_fee == prover);
	INVARIANT(merchant + change + prover + cost->fee == PAID + FUNDS);
}

/* Whether it is taken. */
static bool
judge(const CbAsked *asked, const uint8_t *commit, size_t commit_len, const uint8_t *raw, size_t len)
{
	static CbSpellVerifier verifier;
	static uint8_t joined[1 << 20];
	CbWriter	writer = cb_writer(joined, sizeof(joined));
	CbAnswerCost cost;
	CbAnswer	answer;
	CbTx		commit_tx;
	CbTx		tx;

	answer.commit = commit != NULL ? &commit_tx : NULL;
	answer.spell = &tx;
	answer.joined = &writer;
	if (cb_tx_parse(raw, len, &tx) != CB_OK ||
		(commit != NULL && cb_tx_parse(commit, commit_len, &commit_tx) != CB_OK))
		return false;
	if (cb_answer_check(asked, &answer, &verifier, &cost) != NULL)
		return false;
	if (!asked->has_commit)
		check_taken(asked, &tx, &cost);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbReader	r = cb_reader(data, size);
	uint8_t		kind = cb_read_u8(&r);
	uint8_t		right[MAX_TX];
	CbAskedInput inputs[2];
	CbTxOut		outputs[1];
	CbAsked		asked;

	make_asked(&asked, inputs, outputs);
	if (kind % 3 == 0)
	{
		size_t		len = make_right(&asked, right);

		int			n_changes = kind / 3 % 8;

		for (int i = 0; i < n_changes; i++)
			right[cb_read_u16(&r) % len] = cb_read_u8(&r);
		INVARIANT(judge(&asked, NULL, 0, right, len) || n_changes > 0);
	}
	else if (kind % 3 == 1)
		(void) judge(&asked, NULL, 0, r.pos, cb_reader_left(&r));
	else
	{
		CbSpan		commit = cb_read_var_bytes(&r);

		asked.has_commit = true;
		if (r.error == CB_OK)
			(void) judge(&asked, commit.data, commit.len, r.pos, cb_reader_left(&r));
	}
	return 0;
}
