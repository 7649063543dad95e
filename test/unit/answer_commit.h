/*-------------------------------------------------------------------------
 *
 * answer_commit.h
 *	  Answers of provers of version 8, for tests: a commit, and the spell's
 *	  transaction, which spends it by a tapscript and a signature.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef ANSWER_COMMIT_H
#define ANSWER_COMMIT_H

#include "answer.h"

/* A key that nobody needs to keep. */
static const uint8_t secret_key[32] = {[31] = 7};

typedef struct TestSigner
{
	secp256k1_context *context;
	secp256k1_keypair pair;
	uint8_t		key[32];		/* x-only */
} TestSigner;

static inline void
signer_make(TestSigner *signer)
{
	secp256k1_xonly_pubkey pub;

	signer->context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
	if (!secp256k1_keypair_create(signer->context, &signer->pair, secret_key) ||
		!secp256k1_keypair_xonly_pub(signer->context, &pub, NULL, &signer->pair) ||
		!secp256k1_xonly_pubkey_serialize(signer->context, signer->key, &pub))
		abort();
}

/* The tapscript, after the envelope the key; extra: opcodes behind it all. */
static inline CbSpan
write_tapscript(TestAnswer *t, const TestSigner *signer, bool mock, const char *extra)
{
	uint8_t		buffer[1200];
	CbWriter	payload = cb_writer(buffer, sizeof(buffer));
	CbWriter	w = cb_writer(t->carrier, sizeof(t->carrier));
	CbSpan		script;

	answer_spell(t, mock, &payload);
	cb_write_bytes(&w, "\x00\x63\x05spell", 8);
	for (size_t at = 0; at < payload.len; at += 200)
	{
		CbSpan		piece = {payload.data + at, payload.len - at < 200 ? payload.len - at : 200};

		cb_write_u8(&w, 0x4c);
		cb_write_var_bytes(&w, piece);
	}
	cb_write_bytes(&w, "\x68\x20", 2);
	cb_write_bytes(&w, signer->key, 32);
	cb_write_u8(&w, 0xac);
	cb_write_bytes(&w, extra, strlen(extra));
	if (w.error != CB_OK)
		abort();
	script.data = w.data;
	script.len = w.len;
	return script;
}

/* The commit's output script, and the control block that goes with it. */
static inline void
commit_to(TestAnswer *t, const TestSigner *signer, const uint8_t leaf_hash[32], uint8_t control[33])
{
	CbSpan		spans[2] = {{signer->key, 32}, {leaf_hash, 32}};
	secp256k1_xonly_pubkey internal;
	secp256k1_xonly_pubkey x_only;
	secp256k1_pubkey tweaked;
	uint8_t		tweak[32];
	int			parity;

	cb_tagged_hash("TapTweak", spans, 2, tweak);
	if (!secp256k1_xonly_pubkey_parse(signer->context, &internal, signer->key) ||
		!secp256k1_xonly_pubkey_tweak_add(signer->context, &tweaked, &internal, tweak) ||
		!secp256k1_xonly_pubkey_from_pubkey(signer->context, &x_only, &parity, &tweaked))
		abort();
	t->committed[0] = 0x51;
	t->committed[1] = 32;
	secp256k1_xonly_pubkey_serialize(signer->context, t->committed + 2, &x_only);
	control[0] = (uint8_t) (0xc0 | parity);
	memcpy(control + 1, signer->key, 32);
}

static inline void
write_reveal(TestAnswer *t, const uint8_t signature[64], CbSpan script, const uint8_t control[33])
{
	CbWriter	w = cb_writer(t->reveal, sizeof(t->reveal));
	CbSpan		first = {signature, 64};
	CbSpan		last = {control, 33};

	cb_write_u8(&w, 3);
	cb_write_var_bytes(&w, first);
	cb_write_var_bytes(&w, script);
	cb_write_var_bytes(&w, last);
	if (w.error != CB_OK)
		abort();
	t->reveal_len = w.len;
}

/* Sign the drafts as they are: the spell's transaction spends the commit's output. */
static inline void
answer_sign(TestAnswer *t, bool mock, const char *extra)
{
	CbSpan		none = {NULL, 0};
	CbTxOut		spent[2];
	TestSigner	signer;
	CbSpan		script;
	uint8_t		leaf_hash[32];
	uint8_t		digest[32];
	uint8_t		control[33];
	uint8_t		signature[64];

	signer_make(&signer);
	script = write_tapscript(t, &signer, mock, extra);
	cb_tapleaf_hash(script, leaf_hash);
	commit_to(t, &signer, leaf_hash, control);
	write_draft(&t->commit_draft, none, t->commit_raw, &t->commit);
	cb_tx_txid(&t->commit, &t->draft.inputs[1].txid);
	write_draft(&t->draft, none, t->raw, &t->tx);
	spent[0] = t->inputs[0].spent;
	spent[1] = t->commit_draft.outputs[0];
	cb_tapscript_digest(&t->tx, spent, 1, leaf_hash, digest);
	if (!secp256k1_schnorrsig_sign32(signer.context, signature, digest, &signer.pair, NULL))
		abort();
	write_reveal(t, signature, script, control);
	secp256k1_context_destroy(signer.context);
}

/* Of version 8, unsigned: two outputs asked for, and the change. */
static inline void
answer_old(TestAnswer *t)
{
	memset(t, 0, sizeof(*t));
	draft_mint_token(&t->f);
	t->f.draft.version = CB_DRAFT_OLD_VERSION;
	answer_asked(t);
	t->asked.has_commit = true;
	t->commit_draft = (AnswerDraft) {.version = 2, .sequence = UINT32_MAX, .n_inputs = 1, .n_outputs = 1};
	t->commit_draft.inputs[0] = t->inputs[1].outpoint;
	t->commit_draft.outputs[0].value = 49778;
	t->commit_draft.outputs[0].script.data = t->committed;
	t->commit_draft.outputs[0].script.len = sizeof(t->committed);
	t->draft = (AnswerDraft) {.version = 2, .sequence = UINT32_MAX, .n_inputs = 2, .n_outputs = 3};
	t->draft.inputs[0] = t->inputs[0].outpoint;
	t->draft.outputs[0] = t->outputs[0];
	t->draft.outputs[1] = t->outputs[1];
	t->draft.outputs[2] = output_of(48000, change_script);
}

#endif							/* ANSWER_COMMIT_H */
