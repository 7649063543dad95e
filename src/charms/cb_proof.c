/*-------------------------------------------------------------------------
 *
 * cb_proof.c
 *	  The proof that a spell carries.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_proof.h"

#include <string.h>

/* Of the hash's 256 bits, those that fit below the group's order: 253. */
#define HASH_TOP_BITS 0x1f

/* The public inputs, as SP1's circuits order them. */
typedef enum PublicInput
{
	INPUT_PROGRAM,
	INPUT_PUBLIC_VALUES,
	INPUT_EXIT_CODE,			/* from version 12 on, as all below */
	INPUT_ROOT,
	INPUT_NONCE,
	PUBLIC_INPUTS
} PublicInput;

static CbResult check_statement(const CbProofKey *key, const CbGroth16Input *inputs);

CbResult
cb_proof_verify(const CbProofVersion *version, const CbGroth16Key *key,
				CbSpan proof, const uint8_t public_hash[32])
{
	const CbProofKey *proof_key = &cb_proof_keys[version->proof_key];
	size_t		n_inputs = proof_key->has_root ? PUBLIC_INPUTS : INPUT_EXIT_CODE;
	CbReader	r = cb_reader(proof.data, proof.len);
	CbGroth16Input inputs[PUBLIC_INPUTS];
	uint8_t		id[sizeof(proof_key->id)];
	CbSpan		points;
	CbResult	result;

	memcpy(inputs[INPUT_PROGRAM].bytes, version->spell_key, 32);
	memcpy(inputs[INPUT_PUBLIC_VALUES].bytes, public_hash, 32);
	inputs[INPUT_PUBLIC_VALUES].bytes[0] &= HASH_TOP_BITS;

	cb_read_copy(&r, id, sizeof(id));
	for (size_t i = INPUT_EXIT_CODE; i < n_inputs; i++)
		cb_read_copy(&r, inputs[i].bytes, sizeof(inputs[i].bytes));
	points = cb_read_bytes(&r, CB_GROTH16_PROOF_BYTES);
	if (r.error != CB_OK || cb_reader_left(&r) > 0)
		return CB_ERR_LENGTH;

	if (memcmp(id, proof_key->id, sizeof(id)) != 0)
		return CB_ERR_PROOF_KEY;
	if (proof_key->has_root)
	{
		result = check_statement(proof_key, inputs);
		if (result != CB_OK)
			return result;
	}
	return cb_groth16_verify(key, inputs, n_inputs, points.data);
}

/* A proof may be about a program that failed, or about another recursion. */
static CbResult
check_statement(const CbProofKey *key, const CbGroth16Input *inputs)
{
	static const uint8_t success[32] = {0};

	if (memcmp(inputs[INPUT_ROOT].bytes, key->root, sizeof(key->root)) != 0)
		return CB_ERR_PROOF_KEY;
	if (memcmp(inputs[INPUT_EXIT_CODE].bytes, success, sizeof(success)) != 0)
		return CB_ERR_PROOF;
	return CB_OK;
}
