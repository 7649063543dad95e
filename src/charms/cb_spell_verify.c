/*-------------------------------------------------------------------------
 *
 * cb_spell_verify.c
 *	  Whether a spell's proof holds.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_spell_verify.h"

static CbResult prepared_key(CbSpellVerifier *verifier, uint8_t index, const CbGroth16Key **key);
static CbResult check_proof(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell,
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

static CbResult
prepared_key(CbSpellVerifier *verifier, uint8_t index, const CbGroth16Key **key)
{
	CbResult	result = CB_OK;

	*key = &verifier->keys[index];
	if (!verifier->is_ready[index])
		result = cb_groth16_key_read(cb_proof_keys[index].bytes, &verifier->keys[index]);
	verifier->is_ready[index] = result == CB_OK;
	return result;
}

static CbResult
check_proof(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell, const CbProofVersion *version)
{
	CbSpan		proof = {spell->proof, spell->proof_len};
	const CbGroth16Key *key;
	uint8_t		hash[32];
	CbResult	result = prepared_key(verifier, version->proof_key, &key);

	if (result != CB_OK)
		return result;
	cb_spell_public_hash(tx, spell, version->spell_key, hash);
	return cb_proof_verify(version, key, proof, hash);
}

CbVerdict
cb_spell_verify(CbSpellVerifier *verifier, const CbTx *tx, const CbSpell *spell, const char **reason)
{
	const CbProofVersion *version;
	CbResult	result;

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
	result = check_proof(verifier, tx, spell, version);
	if (result == CB_OK)
		return CB_VERDICT_VALID;
	*reason = result == CB_ERR_LENGTH ? "the proof has the wrong length" : cb_result_message(result);
	return CB_VERDICT_INVALID;
}
