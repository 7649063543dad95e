/*-------------------------------------------------------------------------
 *
 * test_answer_commit.c
 *	  Judging what a prover of version 8 answers: a commit, and the spell's
 *	  transaction, signed by the prover as far as it spends the commit.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "answer_commit.h"
#include "tap.h"

/*
 * The hash that is signed in the right answer, by another implementation:
 * embit's Transaction.sighash_taproot(1, ..., ext_flag=1), of embit 0.8.0.
 */
#define DIGEST "41880b9522037fdc67abccb8379133fa8517a1ec081de6a3287d20ba70750d63"

static void judged(TestAnswer *t, const char *reason, const char *what);
static void signed_and_judged(TestAnswer *t, const char *reason, const char *what);
static void test_taken(void);
static void test_commit(void);
static void test_signed_theft(void);
static void test_reveal(void);
static void test_spell(void);
static void test_form(void);
static void test_digest(void);

int
main(void)
{
	test_taken();
	test_commit();
	test_signed_theft();
	test_reveal();
	test_spell();
	test_form();
	test_digest();
	return done();
}

static void
judged(TestAnswer *t, const char *reason, const char *what)
{
	CbAnswerCost cost;

	is_str(answer_judge(t, &cost), reason, "%s", what);
}

/* By a prover that signs what it has changed. */
static void
signed_and_judged(TestAnswer *t, const char *reason, const char *what)
{
	answer_sign(t, true, "");
	judged(t, reason, what);
}

static void
test_taken(void)
{
	TestAnswer	t;
	CbAnswerCost cost;

	answer_old(&t);
	answer_sign(&t, true, "");
	ok(answer_judge(&t, &cost) == NULL, "what was asked for is taken");
	is_int(cost.fee, 222 + 1232, "the fee is that of both transactions");
	is_int((int64_t) cost.vsize,
		   (int64_t) (cb_tx_base_size(&t.commit) + (2 + 108 + 3) / 4 + (cb_tx_weight(&t.tx) - 1 + 108 + 3) / 4),
		   "both are signed when they are weighed");
}

static void
test_commit(void)
{
	TestAnswer	t;

	answer_old(&t);
	memset(&t.commit_draft.inputs[0].txid, 0xee, 32);
	signed_and_judged(&t, "the transaction spends what it was not to spend", "a commit that spends another output");
	answer_old(&t);
	t.commit_draft.inputs[1] = t.inputs[0].outpoint;
	t.commit_draft.n_inputs = 2;
	signed_and_judged(&t, "the transaction spends what it was not to spend", "a commit that spends the charms");
	answer_old(&t);
	t.commit_draft.outputs[0].value = 40000;
	t.commit_draft.outputs[1] = output_of(9000, stranger_script);
	t.commit_draft.n_outputs = 2;
	signed_and_judged(&t, "the commit transaction has more than one output", "a commit that pays somebody else");
	answer_old(&t);
	t.commit_draft.locktime = 900000;
	signed_and_judged(&t, "the transaction is locked until later", "a commit that is locked");
	answer_old(&t);
	t.commit_draft.outputs[0].script = script_span(stranger_script);
	signed_and_judged(&t, "the commit transaction does not pay to a taproot output", "a commit to a stranger");
	answer_old(&t);
	t.commit_draft.outputs[0].value = 50001;
	t.draft.outputs[2].value = 49000;
	signed_and_judged(&t, "the commit transaction pays more than it spends", "a commit with sats from nowhere");
	answer_old(&t);
	t.commit_draft.signs_first = true;
	signed_and_judged(&t, "an input is signed already", "a commit that is signed");
}

/* All that a prover can sign and still not take. */
static void
test_signed_theft(void)
{
	TestAnswer	t;

	answer_old(&t);
	t.draft.outputs[1].script = script_span(stranger_script);
	signed_and_judged(&t, "an output that was asked for pays somebody else", "theft of an output");
	answer_old(&t);
	t.draft.outputs[2].script = script_span(stranger_script);
	signed_and_judged(&t, "an output pays somebody who was not to be paid", "theft of the change");
	answer_old(&t);
	t.commit_draft.outputs[0].value = 45000;
	t.draft.outputs[2].value = 44000;
	signed_and_judged(&t, "the fee is more than may be paid", "a commit with a large fee");
	answer_old(&t);
	t.draft.locktime = 900000;
	signed_and_judged(&t, "the transaction is locked until later", "a locked spell");
	answer_old(&t);
	t.draft.inputs[0].vout = 9;
	signed_and_judged(&t, "the transaction spends what it was not to spend", "another input");
}

static void
test_reveal(void)
{
	TestAnswer	t;
	uint8_t		byte;

	answer_old(&t);
	answer_sign(&t, true, "");
	t.reveal[2] ^= 1;
	judged(&t, "the prover's signature does not hold for the transaction", "a damaged signature");
	t.reveal[2] ^= 1;
	t.reveal[t.reveal_len - 1] ^= 1;
	judged(&t, "the commit transaction does not commit to the spell", "another internal key");
	t.reveal[t.reveal_len - 1] ^= 1;
	t.reveal[t.reveal_len - 33] ^= 1;
	judged(&t, "the commit transaction does not commit to the spell", "another parity");
	t.reveal[t.reveal_len - 33] ^= 1;
	byte = t.reveal[1 + 65 + 3 + 20];
	t.reveal[1 + 65 + 3 + 20] = (uint8_t) (byte ^ 1);
	judged(&t, "the commit transaction does not commit to the spell", "another spell revealed");
	t.reveal[1 + 65 + 3 + 20] = byte;
	judged(&t, NULL, "and back");
	t.draft.outputs[2].value--;
	judged(&t, "the prover's signature does not hold for the transaction", "outputs changed after signing");
	t.draft.outputs[2].value++;
	t.inputs[0].spent.value++;
	judged(&t, "the prover's signature does not hold for the transaction", "an input of another value than signed");
	t.inputs[0].spent.value--;
	t.draft.signs_first = true;
	judged(&t, "an input is signed already", "the merchant's input signed");
	answer_old(&t);
	answer_sign(&t, true, "\x51");
	judged(&t, "the commit transaction's output is not spent by a script with the spell alone", "a script that goes on");
	t.reveal_len = 0;
	judged(&t, "the commit transaction's output is not spent by a script with the spell alone", "no script at all");
}

static void
test_spell(void)
{
	TestAnswer	t;
	uint8_t		buffer[1200];
	CbWriter	unused = cb_writer(buffer, sizeof(buffer));

	answer_old(&t);
	t.f.out_charms[1][0].amount = 399;
	t.f.out_charms[0][0].state = write_state(t.f.state_out, sizeof(t.f.state_out), "PLAN", 601);
	answer_sign(&t, true, "");
	t.f.out_charms[1][0].amount = 400;
	t.f.out_charms[0][0].state = write_state(t.f.state_out, sizeof(t.f.state_out), "PLAN", 600);
	answer_spell(&t, true, &unused);
	judged(&t, "the spell is not the one that was asked for", "one token less");
	answer_old(&t);
	answer_sign(&t, false, "");
	judged(&t, "the proof has the wrong length", "no proof");
	answer_old(&t);
	t.asked.takes_mock = false;
	signed_and_judged(&t, "the spell is a mock", "a mock where none is taken");
}

static void
test_form(void)
{
	TestAnswer	t;
	TestAnswer	other;

	answer_new(&t);
	t.asked.has_commit = true;
	answer_old(&other);
	answer_sign(&other, true, "");
	t.commit = other.commit;
	judged(&t, "the transaction spends what it was not to spend", "a commit beside a spell that does not spend it");
	other.asked.has_commit = false;
	other.reveal_len = 0;
	judged(&other, "the transaction spends what it was not to spend", "a spell that spends a commit unasked");
}

static void
test_digest(void)
{
	TestAnswer	t;
	CbTxOut		spent[2];
	TestSigner	signer;
	uint8_t		leaf_hash[32];
	uint8_t		digest[32];
	char		hex[65] = "";

	answer_old(&t);
	answer_sign(&t, true, "");
	signer_make(&signer);
	cb_tapleaf_hash(write_tapscript(&t, &signer, true, ""), leaf_hash);
	secp256k1_context_destroy(signer.context);
	spent[0] = t.inputs[0].spent;
	spent[1] = t.commit_draft.outputs[0];
	cb_tapscript_digest(&t.tx, spent, 1, leaf_hash, digest);
	cb_hex_encode(digest, sizeof(digest), hex);
	is_str(hex, DIGEST, "what is signed is what another implementation signs");
}
