/*-------------------------------------------------------------------------
 *
 * cb_spell_verify.c
 *	  Whether a spell's proof holds.
 *
 * A proof begins with four bytes of its verification key's hash.  From version
 * 12 on follow three numbers of 32 bytes, which are public inputs too: the
 * exit code of the program that was proved to have run, the root of the
 * recursion's keys, and a nonce.  What is left are the points.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_verify.h"

#include <string.h>

/* Public inputs: the spell's key and hash, and the proof's own three. */
#define SHORT_INPUTS 2
#define OWN_INPUTS 3
#define MAX_INPUTS (SHORT_INPUTS + OWN_INPUTS)

/* Of a hash's first byte, what a number below the group's order may have. */
#define HASH_MASK 0x1f

typedef struct Proof
{
	size_t		n_inputs;
	CbGroth16Input inputs[MAX_INPUTS];
	const uint8_t *points;
} Proof;

static const char *read_own_inputs(const CbProofKey *key, CbReader *r, Proof *proof);
static const char *read_proof(const CbProofKey *key, const CbSpell *spell, Proof *proof);
static const char *check_proof(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell,
							   const CbProofVersion *version);

const char *
cb_verdict_name(CbVerdict verdict)
{
	switch (verdict)
	{
		case CB_VERDICT_NONE:
			return "none";
		case CB_VERDICT_INVALID:
			return "invalid";
		case CB_VERDICT_UNSUPPORTED:
			return "unsupported";
		case CB_VERDICT_MOCK:
			return "mock";
		case CB_VERDICT_VALID:
			return "valid";
	}
	return "none";
}

static const char *
read_own_inputs(const CbProofKey *key, CbReader *r, Proof *proof)
{
	static const uint8_t success[CB_FP_BYTES] = {0};

	for (size_t i = 0; i < OWN_INPUTS; i++)
		cb_read_copy(r, proof->inputs[SHORT_INPUTS + i].bytes, CB_FP_BYTES);
	proof->n_inputs = MAX_INPUTS;
	if (memcmp(proof->inputs[SHORT_INPUTS].bytes, success, sizeof(success)) != 0)
		return "the proof is of a program that failed";
	if (memcmp(proof->inputs[SHORT_INPUTS + 1].bytes, key->root, sizeof(key->root)) != 0)
		return "the proof is by another prover";
	return NULL;
}

/* All but the first two inputs, and where the points are. */
static const char *
read_proof(const CbProofKey *key, const CbSpell *spell, Proof *proof)
{
	CbReader	r = cb_reader(spell->proof, spell->proof_len);
	CbSpan		id;

	if (spell->proof_len != sizeof(key->id) + (key->has_root ? OWN_INPUTS * CB_FP_BYTES : 0) + CB_GROTH16_PROOF_BYTES)
		return "the proof has the wrong length";
	id = cb_read_bytes(&r, sizeof(key->id));
	if (memcmp(id.data, key->id, sizeof(key->id)) != 0)
		return "the proof is for another verification key";
	proof->n_inputs = SHORT_INPUTS;
	if (key->has_root)
	{
		const char *reason = read_own_inputs(key, &r, proof);

		if (reason != NULL)
			return reason;
	}
	proof->points = cb_read_bytes(&r, CB_GROTH16_PROOF_BYTES).data;
	return NULL;
}

static const char *
check_proof(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell, const CbProofVersion *version)
{
	const CbProofKey *key = &cb_proof_keys[version->proof_key];
	CbGroth16Key *prepared = &verifier->keys[version->proof_key];
	CbResult	result = CB_OK;
	Proof		proof;
	const char *reason = read_proof(key, spell, &proof);

	if (reason != NULL)
		return reason;
	memcpy(proof.inputs[0].bytes, version->spell_key, sizeof(version->spell_key));
	cb_spell_public_hash(tx, spell, version->spell_key, proof.inputs[1].bytes);
	proof.inputs[1].bytes[0] &= HASH_MASK;

	if (!verifier->is_ready[version->proof_key])
		result = cb_groth16_key_read(key->bytes, prepared);
	if (result == CB_OK)
	{
		verifier->is_ready[version->proof_key] = true;
		result = cb_groth16_verify(prepared, proof.inputs, proof.n_inputs, proof.points);
	}
	return result == CB_OK ? NULL : cb_result_message(result);
}

CbVerdict
cb_spell_verify(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell, const char **reason)
{
	const CbProofVersion *version;

	*reason = spell->reason;
	switch (spell->state)
	{
		case CB_SPELL_NONE:
			return CB_VERDICT_NONE;
		case CB_SPELL_UNSUPPORTED:
			return CB_VERDICT_UNSUPPORTED;
		case CB_SPELL_MALFORMED:
			return CB_VERDICT_INVALID;
		case CB_SPELL_READ:
			break;
	}
	if (cb_spell_is_mock(spell))
	{
		*reason = "the spell is a mock";
		return CB_VERDICT_MOCK;
	}
	version = cb_proof_version(spell->version);
	if (version == NULL)
	{
		*reason = "there is no key for the spell's version";
		return CB_VERDICT_UNSUPPORTED;
	}
	*reason = check_proof(verifier, tx, spell, version);
	return *reason == NULL ? CB_VERDICT_VALID : CB_VERDICT_INVALID;
}
