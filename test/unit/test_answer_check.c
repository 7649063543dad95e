/*-------------------------------------------------------------------------
 *
 * test_answer_check.c
 *	  Judging what a prover answers, in one transaction: right answers are
 *	  taken, and everything that is wrong with one is told.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "answer.h"
#include "tap.h"

static void refused(TestAnswer *t, const char *reason, const char *what);
static void test_taken(void);
static void test_inputs(void);
static void test_locks_and_signatures(void);
static void test_outputs_asked_for(void);
static void test_outputs_added(void);
static void test_fees(void);
static void test_change(void);
static void test_spell(void);
static void test_proof(void);
static void test_request(void);
static void test_weights(void);

int
main(void)
{
	test_taken();
	test_inputs();
	test_locks_and_signatures();
	test_outputs_asked_for();
	test_outputs_added();
	test_fees();
	test_change();
	test_spell();
	test_proof();
	test_request();
	test_weights();
	return done();
}

static void
refused(TestAnswer *t, const char *reason, const char *what)
{
	CbAnswerCost cost;

	is_str(answer_judge(t, &cost), reason, "%s", what);
}

static void
test_taken(void)
{
	TestAnswer	t;
	CbAnswerCost cost;

	answer_new(&t);
	ok(answer_judge(&t, &cost) == NULL, "what was asked for is taken");
	is_int(cost.fee, 1454, "the fee is what the outputs leave of the inputs");
	is_int(cost.change, 48000, "the change is known");
	is_int((int64_t) cost.vsize, (int64_t) (cb_tx_vsize(&t.tx) + (2 + 2 * 108 + 3) / 4), "signatures are counted");
	t.draft.outputs[4] = t.draft.outputs[3];
	t.draft.outputs[3] = output_of(1000, prover_script);
	t.draft.outputs[4].value -= 1000;
	t.draft.n_outputs = 5;
	ok(answer_judge(&t, &cost) == NULL, "the prover may take its fee");
	is_int(cost.fee, 1454, "which is not one of the transaction");
	is_int(cost.prover_fee, 1000, "but the prover's");
}

static void
test_inputs(void)
{
	TestAnswer	t;

	answer_new(&t);
	memset(&t.draft.inputs[0].txid, 0xee, 32);
	memset(&t.draft.inputs[1].txid, 0xef, 32);
	refused(&t, "the transaction spends what it was not to spend", "another transaction");
	answer_new(&t);
	t.draft.inputs[0].vout = 7;
	refused(&t, "the transaction spends what it was not to spend", "another output of the same transaction");
	answer_new(&t);
	memset(&t.draft.inputs[2].txid, 0xee, 32);
	t.draft.n_inputs = 3;
	refused(&t, "the transaction spends what it was not to spend", "an extra input");
	answer_new(&t);
	t.draft.inputs[2] = t.draft.inputs[0];
	t.draft.n_inputs = 3;
	refused(&t, "the transaction has too many inputs", "an input twice");
	answer_new(&t);
	t.draft.n_inputs = 1;
	refused(&t, "the transaction does not spend all that it was to spend", "a dropped input");
	answer_new(&t);
	t.draft.inputs[0] = t.inputs[1].outpoint;
	t.draft.inputs[1] = t.inputs[0].outpoint;
	refused(&t, "the transaction's inputs are not in the order asked for", "inputs exchanged");
}

static void
test_locks_and_signatures(void)
{
	TestAnswer	t;

	answer_new(&t);
	t.draft.locktime = 900000;
	refused(&t, "the transaction is locked until later", "nothing changed but the locktime");
	answer_new(&t);
	t.draft.version = 3;
	refused(&t, "the transaction is of another version than 2", "another version");
	answer_new(&t);
	t.draft.sequence = 144;
	refused(&t, "an input's sequence number is not the final one", "a relative lock");
	answer_new(&t);
	t.draft.signs_first = true;
	refused(&t, "an input is signed already", "a witness");
	answer_new(&t);
	t.draft.script_sig = 2;
	refused(&t, "an input is signed already", "a scriptSig");
}

static void
test_outputs_asked_for(void)
{
	TestAnswer	t;

	answer_new(&t);
	t.draft.outputs[1].script = script_span(stranger_script);
	refused(&t, "an output that was asked for pays somebody else", "theft of an output");
	answer_new(&t);
	t.draft.outputs[0].value--;
	refused(&t, "an output that was asked for has another amount", "less than asked for");
	answer_new(&t);
	t.draft.outputs[0] = t.outputs[1];
	t.draft.outputs[1] = t.outputs[0];
	refused(&t, "an output that was asked for pays somebody else", "outputs exchanged");
	answer_new(&t);
	t.draft.n_outputs = 1;
	refused(&t, "an output that was asked for is missing", "an output dropped");
}

static void
test_outputs_added(void)
{
	TestAnswer	t;
	static const uint8_t data[] = {0x6a, 1, 7};

	answer_new(&t);
	t.draft.outputs[t.draft.n_outputs++] = output_of(100, stranger_script);
	refused(&t, "an output pays somebody who was not to be paid", "a fee to a stranger");
	answer_new(&t);
	t.draft.outputs[3].script = script_span(stranger_script);
	refused(&t, "an output pays somebody who was not to be paid", "change to a stranger");
	answer_new(&t);
	t.draft.outputs[t.draft.n_outputs++] = output_of(1001, prover_script);
	refused(&t, "the prover takes more for itself than it may", "too much for the prover");
	answer_new(&t);
	t.draft.outputs[t.draft.n_outputs++] = output_of(400, prover_script);
	t.draft.outputs[t.draft.n_outputs++] = output_of(400, prover_script);
	refused(&t, "there is more than one output for the prover", "two outputs for the prover");
	answer_new(&t);
	t.asked.prover_script.len = 0;
	t.draft.outputs[t.draft.n_outputs++] = output_of(1, prover_script);
	refused(&t, "an output pays somebody who was not to be paid", "a prover that may take nothing");
	answer_new(&t);
	t.draft.outputs[2].value = 1;
	refused(&t, "the output with the spell has a value, which would be lost", "sats on the OP_RETURN");
	answer_new(&t);
	t.draft.outputs[4].script.data = data;
	t.draft.outputs[4].script.len = sizeof(data);
	t.draft.n_outputs = 5;
	refused(&t, "an output carries data that is not the spell", "another OP_RETURN");
	t.draft.outputs[4].script = t.draft.outputs[2].script;
	refused(&t, "an output carries data that is not the spell", "the same OP_RETURN twice");
}

static void
test_fees(void)
{
	TestAnswer	t;

	answer_new(&t);
	t.draft.outputs[3].value = 49454 - 5001;
	refused(&t, "the fee is more than may be paid", "a fee above the limit");
	t.draft.outputs[3].value++;
	refused(&t, NULL, "a fee at the limit");
	t.asked.max_fee = INT64_MAX;
	t.asked.max_fee_rate = 3000;
	refused(&t, "the fee rate is higher than may be paid", "a fee rate above the limit");
	answer_new(&t);
	t.draft.outputs[3].value = 49454;
	refused(&t, "the fee is less than was asked for", "no fee");
	t.draft.outputs[3].value = 48600;
	refused(&t, "the fee is less than was asked for", "a low fee");
	t.asked.fee_rate = 1000;
	refused(&t, NULL, "which was to be low");
	answer_new(&t);
	t.draft.outputs[3].value = 49455;
	refused(&t, "the transaction pays more than it spends", "sats from nowhere");
}

static void
test_change(void)
{
	TestAnswer	t;
	CbAnswerCost cost;

	answer_new(&t);
	t.draft.n_outputs = 3;
	ok(answer_judge(&t, &cost) != NULL, "no change, and all left");
	/* 2 sats for each vbyte and those of an output, and the largest dust. */
	t.inputs[1].spent.value = 546 + 2 * ((int64_t) cost.vsize + 43) + 546;
	refused(&t, NULL, "no change, and little left");
	t.inputs[1].spent.value++;
	refused(&t, "what is left is not given back", "no change, and a sat too much left");
	answer_new(&t);
	t.draft.outputs[3].value = 24000;
	t.draft.outputs[4] = output_of(24000, change_script);
	t.draft.n_outputs = 5;
	refused(&t, "there is more than one output for the change", "change in two outputs");
	answer_new(&t);
	t.inputs[1].spent.value = 2300;
	t.draft.outputs[3].value = 293;
	refused(&t, "the change is less than nodes relay", "dust");
}

static void
test_spell(void)
{
	TestAnswer	t;
	TestAnswer	other;

	answer_new(&t);
	t.f.out_charms[1][0].amount = 399;
	t.f.out_charms[0][0].state = write_state(t.f.state_out, sizeof(t.f.state_out), "PLAN", 601);
	answer_op_return(&t, true);
	answer_new(&other);
	other.draft.outputs[2] = t.draft.outputs[2];
	refused(&other, "the spell is not the one that was asked for", "one token less");
	answer_new(&t);
	t.draft.outputs[2] = t.draft.outputs[3];
	t.draft.n_outputs = 3;
	refused(&t, "the transaction carries no spell", "no spell");
	answer_new(&t);
	t.carrier[t.draft.outputs[2].script.len - 1] ^= 1;
	refused(&t, "input ends too early", "a damaged payload");
}

static void
test_proof(void)
{
	TestAnswer	t;

	answer_new(&t);
	t.asked.takes_mock = false;
	refused(&t, "the spell is a mock", "a mock where none is taken");
	answer_new(&t);
	answer_op_return(&t, false);
	refused(&t, "the proof has the wrong length", "no proof");
}

/*
 * The parts of a request, as the files of CharmsDev/charms define them: maps
 * with these keys in this order, inputs of 36 bytes, scripts as arrays.
 */
static void
test_request(void)
{
	static const char head[] = "a4" VERSION(0f) "627478" "a3" "63696e73" "82"
		"5824" "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0" "00000000"
		"5824" "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1" "01000000"
		"646f757473" "82" "a1" "00";
	static const char coins[] = "65636f696e73" "82" "a2" "66616d6f756e74" "1903e8" "6464657374" "96" "00" "14" "01";
	TestAnswer	t;
	uint8_t		buffer[2000];
	char		hex[2 * sizeof(buffer) + 1];
	CbWriter	w = cb_writer(buffer, sizeof(buffer));
	CbSpan		none = {NULL, 0};

	answer_new(&t);
	t.draft.n_outputs = 2;
	write_draft(&t.draft, none, t.raw, &t.tx);
	is_int(cb_spell_request_write(&t.tx, t.asked.spell, true, &w), CB_OK, "a spell for a request is written");
	cb_hex_encode(w.data, w.len, hex);
	hex[2 * w.len] = '\0';
	ok(strncmp(hex, head, strlen(head)) == 0, "it begins with version and inputs");
	ok(strstr(hex, coins) != NULL, "it has the outputs as coins");
	is_str(hex + 2 * w.len - strlen(MOCK), MOCK, "a mock is asked for as one");
	w.len = 0;
	is_int(cb_spell_request_write(&t.tx, t.asked.spell, false, &w), CB_OK, "without the flag, too");
	ok(w.data[0] == 0xa3, "it has a field less then");
	t.draft.n_outputs = 4;
	write_draft(&t.draft, none, t.raw, &t.tx);
	is_int(cb_spell_request_write(&t.tx, t.asked.spell, true, &w), CB_ERR_UNSUPPORTED, "outputs must be as many");
	w.len = 0;
	cb_spell_write_witness(&t.inputs[1].outpoint, &w);
	ok(w.len == 2 + 66 && memcmp(w.data, "\x78\x42" "a1a1", 6) == 0 && memcmp(w.data + 2 + 64, ":1", 2) == 0,
	   "an outpoint is a text for its app");
}

/* By hand: lengths of the usual scriptSigs and witnesses. */
static void
test_weights(void)
{
	static const struct
	{
		const char *script;
		size_t		weight;
	}			cases[] = {
		{"0014" "0000000000000000000000000000000000000000", 1 + 73 + 34},
		{"5120" ZEROS_32, 1 + 65},
		{"0020" ZEROS_32, 1 + 1 + 2 * 73 + 106},
		{"a914" "0000000000000000000000000000000000000000" "87", 4 * 23 + 1 + 73 + 34},
		{"76a914" "0000000000000000000000000000000000000000" "88ac", 4 * (73 + 34) + 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CbSpan		script;
		uint8_t    *bytes = hex_bytes(cases[i].script, &script.len);

		script.data = bytes;
		is_int((int64_t) cb_spend_weight(script), (int64_t) cases[i].weight, "weight of what spends %s", cases[i].script);
		free(bytes);
	}
}
