/*-------------------------------------------------------------------------
 *
 * fuzz_groth16.c
 *	  Any bytes are a key, a proof or a point, or are refused.
 *
 * The first byte says which of them the rest is.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_proof.h"
#include "fuzz.h"

static CbGroth16Key keys[CB_PROOF_KEYS];

static void
check_key(CbSpan bytes)
{
	static CbGroth16Key key;

	if (cb_groth16_key_read(bytes, &key) != CB_OK)
		return;
	INVARIANT(key.n_inputs <= CB_GROTH16_MAX_INPUTS);
	INVARIANT(!key.gamma.infinity && !key.delta.infinity);
	bytes.len--;
	INVARIANT(cb_groth16_key_read(bytes, &key) != CB_OK);
}

/* A version, a hash, and a proof, which is one of that hash alone. */
static void
check_proof(CbSpan bytes)
{
	const CbProofVersion *version;
	const CbGroth16Key *key;
	CbReader	r = cb_reader(bytes.data, bytes.len);
	uint8_t		number = cb_read_u8(&r);
	uint8_t		hash[32];
	CbSpan		proof;
	CbResult	result;

	cb_read_copy(&r, hash, sizeof(hash));
	proof = cb_read_bytes(&r, cb_reader_left(&r));
	version = cb_proof_version(number);
	if (r.error != CB_OK || version == NULL)
		return;
	key = &keys[version->proof_key];
	if (key->n_inputs == 0)
		INVARIANT(cb_groth16_key_read(cb_proof_keys[version->proof_key].bytes, &keys[version->proof_key]) == CB_OK);
	result = cb_proof_verify(version, key, proof, hash);
	hash[31] ^= 1;
	if (result == CB_OK)
		INVARIANT(cb_proof_verify(version, key, proof, hash) == CB_ERR_PROOF);
	else if (result != CB_ERR_PROOF)
		INVARIANT(cb_proof_verify(version, key, proof, hash) == result);
}

static void
check_g1(CbSpan bytes)
{
	uint8_t		again[CB_G1_BYTES];
	CbG1		p;
	CbG1		minus_p;
	CbG1		t;
	CbScalar	k;

	if (bytes.len < CB_G1_BYTES + CB_FP_BYTES || cb_g1_decode(bytes.data, &p) != CB_OK)
		return;
	cb_g1_encode(&p, again);
	INVARIANT(memcmp(again, bytes.data, sizeof(again)) == 0);

	/* k P + (-k) P, and back from x alone. */
	cb_scalar_from_bytes(bytes.data + CB_G1_BYTES, &k);
	cb_g1_neg(&p, &minus_p);
	cb_g1_mul(&p, &k, &t);
	cb_g1_mul(&minus_p, &k, &minus_p);
	cb_g1_add(&t, &minus_p, &t);
	INVARIANT(t.infinity);
	if (p.infinity)
		return;
	again[0] |= cb_fp_is_high(&p.y) ? 0xc0 : 0x80;
	INVARIANT(cb_g1_decompress(again, &t) == CB_OK && memcmp(&t, &p, sizeof(t)) == 0);
}

static void
check_g2(CbSpan bytes)
{
	static CbG2Lines lines;
	uint8_t		compressed[CB_G2_COMPRESSED_BYTES];
	CbG2		q;
	CbG2		t;
	CbResult	prepared;

	if (bytes.len < CB_G2_BYTES || cb_g2_decode(bytes.data, &q) != CB_OK)
		return;
	prepared = cb_g2_prepare(&q, &lines);
	INVARIANT(prepared == CB_OK || (prepared == CB_ERR_POINT_SUBGROUP && !q.infinity));
	if (q.infinity)
		return;
	memcpy(compressed, bytes.data, sizeof(compressed));
	compressed[0] |= cb_fp2_is_high(&q.y) ? 0xc0 : 0x80;
	INVARIANT(cb_g2_decompress(compressed, &t) == CB_OK && memcmp(&t, &q, sizeof(t)) == 0);
}

/* Most bytes are no coordinates of a point, but half of them are an x. */
static void
check_compressed(CbSpan bytes)
{
	static CbG2Lines lines;
	CbG1		p;
	CbG2		q;

	if (bytes.len >= CB_G1_COMPRESSED_BYTES && cb_g1_decompress(bytes.data, &p) == CB_OK && !p.infinity)
		INVARIANT(cb_fp_is_high(&p.y) == ((bytes.data[0] & 0x40) != 0));
	if (bytes.len >= CB_G2_COMPRESSED_BYTES && cb_g2_decompress(bytes.data, &q) == CB_OK && !q.infinity)
	{
		INVARIANT(cb_fp2_is_high(&q.y) == ((bytes.data[0] & 0x40) != 0));
		(void) cb_g2_prepare(&q, &lines);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[]) (CbSpan) = {check_key, check_proof, check_g1, check_g2, check_compressed};
	CbSpan		rest;

	if (size == 0)
		return 0;
	rest.data = data + 1;
	rest.len = size - 1;
	checks[data[0] % (sizeof(checks) / sizeof(checks[0]))](rest);
	return 0;
}
