/*-------------------------------------------------------------------------
 *
 * answer.h
 *	  Answers of provers, for tests: a right one of either form, to be changed
 *	  in wrong ways.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "bitcoin/cb_tapscript.h"
#include "bitcoin/cb_tx_draft.h"
#include "charms/cb_answer_check.h"
#include "charms/cb_spell_request.h"

#include "spell_draft.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#define MAX_TX 4000
#define MAX_OUTPUTS 8

/* A witness program of version 0 or 1, of 20 or 32 bytes. */
#define P2WPKH(byte) {0x00, 20, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, \
	byte, byte, byte, byte, byte, byte, byte, byte, byte, byte}
#define P2WPKH_SIZE 22

/* Scripts of those who are paid, or are not to be. */
static const uint8_t merchant_script[] = P2WPKH(0x01);
static const uint8_t customer_script[] = P2WPKH(0x02);
static const uint8_t change_script[] = P2WPKH(0x03);
static const uint8_t prover_script[] = P2WPKH(0x04);
static const uint8_t stranger_script[] = P2WPKH(0x05);

/* What a prover's transaction is written from. */
typedef struct AnswerDraft
{
	int32_t		version;
	uint32_t	locktime;
	uint32_t	sequence;		/* of the first input */
	CbOutpoint	inputs[4];
	size_t		n_inputs;
	CbTxOut		outputs[MAX_OUTPUTS];
	size_t		n_outputs;
	bool		signs_first;	/* puts a witness there */
	uint8_t		script_sig;		/* so many bytes of it in the first input */
} AnswerDraft;

/* A request for 400 tokens minted, and its right answer. */
typedef struct TestAnswer
{
	TestDraft	f;
	uint8_t		spell[1000];
	uint8_t		carrier[1500];	/* OP_RETURN, or tapscript */
	CbAskedInput inputs[2];
	CbTxOut		outputs[2];
	CbAsked		asked;
	AnswerDraft draft;			/* of the spell's transaction */
	AnswerDraft commit_draft;
	uint8_t		committed[34];	/* script of the commit's output */
	uint8_t		reveal[2000];	/* the last input's witness */
	size_t		reveal_len;
	uint8_t		raw[MAX_TX];
	uint8_t		commit_raw[MAX_TX];
	CbTx		tx;
	CbTx		commit;
	uint8_t		joined[MAX_TX];
	CbWriter	writer;
} TestAnswer;

static inline CbSpan
script_span(const uint8_t *script)
{
	CbSpan		span = {script, P2WPKH_SIZE};

	return span;
}

static inline CbTxOut
output_of(int64_t value, const uint8_t *script)
{
	CbTxOut		out = {value, script_span(script)};

	return out;
}

/* The spell as asked for, and as payload, mock or with an empty proof. */
static inline void
answer_spell(TestAnswer *t, bool mock, CbWriter *payload)
{
	CbSpan		no_proof = {NULL, 0};
	uint8_t		buffer[1000];
	CbWriter	w = cb_writer(t->spell, sizeof(t->spell));
	CbWriter	flagged = cb_writer(buffer, sizeof(buffer));
	CbSpan		carried;

	if (cb_spell_build(&t->f.draft, &w) != NULL)
		abort();
	t->asked.spell.data = t->spell;
	t->asked.spell.len = w.len;
	if (cb_spell_write_mock(t->asked.spell, &flagged) != CB_OK)
		abort();
	carried.data = mock ? buffer : t->spell;
	carried.len = mock ? flagged.len : w.len;
	cb_spell_write_payload(carried, no_proof, payload);
}

/* The output that carries the spell. */
static inline void
answer_op_return(TestAnswer *t, bool mock)
{
	uint8_t		buffer[1200];
	CbWriter	payload = cb_writer(buffer, sizeof(buffer));
	CbWriter	w = cb_writer(t->carrier, sizeof(t->carrier));

	answer_spell(t, mock, &payload);
	cb_write_bytes(&w, "\x6a\x05spell\x4d", 8);
	cb_write_u16(&w, (uint16_t) payload.len);
	cb_write_bytes(&w, payload.data, payload.len);
	t->draft.outputs[2].value = 0;
	t->draft.outputs[2].script.data = t->carrier;
	t->draft.outputs[2].script.len = w.len;
}

static inline void
answer_asked(TestAnswer *t)
{
	CbAsked    *asked = &t->asked;

	for (size_t i = 0; i < 2; i++)
	{
		memset(&t->inputs[i].outpoint.txid, 0xa0 + (int) i, 32);
		t->inputs[i].outpoint.vout = (uint32_t) i;
	}
	t->inputs[0].spent = output_of(1000, merchant_script);
	t->inputs[1].spent = output_of(50000, change_script);
	t->outputs[0] = output_of(1000, merchant_script);
	t->outputs[1] = output_of(546, customer_script);
	asked->inputs = t->inputs;
	asked->n_inputs = 2;
	asked->outputs = t->outputs;
	asked->n_outputs = 2;
	asked->change_script = script_span(change_script);
	asked->fee_rate = 2000;
	asked->max_fee = 5000;
	asked->max_fee_rate = 10000;
	asked->prover_script = script_span(prover_script);
	asked->max_prover_fee = 1000;
	asked->takes_mock = true;
}

/* Of the newest version: one transaction, outputs 2 the spell and 3 the change. */
static inline void
answer_new(TestAnswer *t)
{
	memset(t, 0, sizeof(*t));
	draft_mint_token(&t->f);
	answer_asked(t);
	t->draft = (AnswerDraft) {.version = 2, .sequence = UINT32_MAX, .n_inputs = 2, .n_outputs = 4};
	t->draft.inputs[0] = t->inputs[0].outpoint;
	t->draft.inputs[1] = t->inputs[1].outpoint;
	t->draft.outputs[0] = t->outputs[0];
	t->draft.outputs[1] = t->outputs[1];
	answer_op_return(t, true);
	t->draft.outputs[3] = output_of(48000, change_script);
}

static inline void
write_draft(const AnswerDraft *draft, CbSpan reveal, uint8_t *raw, CbTx *tx)
{
	CbWriter	w = cb_writer(raw, MAX_TX);
	bool		has_witness = draft->signs_first || reveal.len > 0;

	cb_write_u32(&w, (uint32_t) draft->version);
	if (has_witness)
		cb_write_bytes(&w, "\0\1", 2);
	cb_write_compact_size(&w, draft->n_inputs);
	for (size_t i = 0; i < draft->n_inputs; i++)
	{
		cb_write_bytes(&w, draft->inputs[i].txid.bytes, 32);
		cb_write_u32(&w, draft->inputs[i].vout);
		cb_write_compact_size(&w, i == 0 ? draft->script_sig : 0);
		for (uint8_t j = 0; i == 0 && j < draft->script_sig; j++)
			cb_write_u8(&w, 0x51);
		cb_write_u32(&w, i == 0 ? draft->sequence : UINT32_MAX);
	}
	cb_write_compact_size(&w, draft->n_outputs);
	for (size_t i = 0; i < draft->n_outputs; i++)
	{
		cb_write_u64(&w, (uint64_t) draft->outputs[i].value);
		cb_write_var_bytes(&w, draft->outputs[i].script);
	}
	for (size_t i = 0; has_witness && i < draft->n_inputs; i++)
	{
		if (i == 0 && draft->signs_first)
			cb_write_bytes(&w, "\1\1\7", 3);
		else if (i + 1 == draft->n_inputs && reveal.len > 0)
			cb_write_bytes(&w, reveal.data, reveal.len);
		else
			cb_write_u8(&w, 0);
	}
	cb_write_u32(&w, draft->locktime);
	if (w.error != CB_OK || cb_tx_parse(raw, w.len, tx) != CB_OK)
		abort();
}

/* Why the answer is refused; NULL when it is not. */
static inline const char *
answer_judge(TestAnswer *t, CbAnswerCost *cost)
{
	static CbSpellVerifier verifier;
	CbSpan		reveal = {t->reveal, t->reveal_len};
	CbAnswer	answer = {.spell = &t->tx, .joined = &t->writer};

	write_draft(&t->draft, reveal, t->raw, &t->tx);
	t->writer = cb_writer(t->joined, sizeof(t->joined));
	if (t->asked.has_commit)
		answer.commit = &t->commit;
	return cb_answer_check(&t->asked, &answer, &verifier, cost);
}

#endif							/* ANSWER_H */
