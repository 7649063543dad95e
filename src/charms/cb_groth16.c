/*-------------------------------------------------------------------------
 *
 * cb_groth16.c
 *	  Groth16 proofs over BN254.
 *
 * A proof (A, B, C) holds for the inputs x[i] when
 *
 *		e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)
 *
 * where L = base[0] + x[0] base[1] + x[1] base[2] + ...
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_groth16.h"

static void read_g1(CbReader *r, CbG1 *out);
static void read_g2(CbReader *r, CbG2 *out);
static uint32_t read_be32(CbReader *r);
static CbResult prepare_key(const CbG1 *alpha, const CbG2 *beta, const CbG2 *gamma, const CbG2 *delta, CbGroth16Key *key);
static CbResult read_scalars(const CbGroth16Input *inputs, size_t n, CbScalar *out);
static CbResult read_proof(const uint8_t proof[CB_GROTH16_PROOF_BYTES], CbG1 *a, CbG2Lines *b, CbG1 *c);

CbResult
cb_groth16_key_read(CbSpan bytes, CbGroth16Key *key)
{
	CbReader	r = cb_reader(bytes.data, bytes.len);
	CbG1		alpha;
	CbG1		unused;
	CbG2		beta;
	CbG2		gamma;
	CbG2		delta;
	uint32_t	n_bases;
	uint32_t	n_committed;
	uint32_t	n_commitment_keys;

	read_g1(&r, &alpha);
	read_g1(&r, &unused);		/* beta, for the prover */
	read_g2(&r, &beta);
	read_g2(&r, &gamma);
	read_g1(&r, &unused);		/* delta, likewise */
	read_g2(&r, &delta);
	n_bases = read_be32(&r);
	if (r.error != CB_OK)
		return r.error;
	if (n_bases == 0 || n_bases > 1 + CB_GROTH16_MAX_INPUTS)
		return CB_ERR_COUNT;
	key->n_inputs = n_bases - 1;
	for (uint32_t i = 0; i < n_bases; i++)
		read_g1(&r, &key->base[i]);
	n_committed = read_be32(&r);
	n_commitment_keys = read_be32(&r);
	if (r.error != CB_OK)
		return r.error;
	if (n_committed != 0 || n_commitment_keys != 0)
		return CB_ERR_UNSUPPORTED;
	if (cb_reader_left(&r) > 0)
		return CB_ERR_TRAILING;
	return prepare_key(&alpha, &beta, &gamma, &delta, key);
}

CbResult
cb_groth16_verify(const CbGroth16Key *key, const CbGroth16Input *inputs, size_t n_inputs,
				  const uint8_t proof[CB_GROTH16_PROOF_BYTES])
{
	CbScalar	scalars[CB_GROTH16_MAX_INPUTS];
	CbG2Lines	b;
	CbPair		pairs[3];
	CbG1		sum;
	CbFp12		f;
	CbResult	result;

	if (n_inputs != key->n_inputs)
		return CB_ERR_COUNT;
	result = read_scalars(inputs, n_inputs, scalars);
	if (result != CB_OK)
		return result;
	result = read_proof(proof, &pairs[0].p, &b, &pairs[2].p);
	if (result != CB_OK)
		return result;

	cb_g1_combine(key->base + 1, scalars, n_inputs, &sum);
	cb_g1_add(&sum, &key->base[0], &sum);

	/* e(A, B) e(-L, gamma) e(-C, delta) */
	pairs[0].q = &b;
	cb_g1_neg(&sum, &pairs[1].p);
	pairs[1].q = &key->gamma;
	cb_g1_neg(&pairs[2].p, &pairs[2].p);
	pairs[2].q = &key->delta;
	cb_miller_loop(pairs, 3, &f);
	cb_final_power(&f);
	return cb_fp12_equal(&f, &key->alpha_beta) ? CB_OK : CB_ERR_PROOF;
}

static void
read_g1(CbReader *r, CbG1 *out)
{
	CbSpan		bytes = cb_read_bytes(r, CB_G1_COMPRESSED_BYTES);

	if (r->error == CB_OK)
		r->error = cb_g1_decompress(bytes.data, out);
}

static void
read_g2(CbReader *r, CbG2 *out)
{
	CbSpan		bytes = cb_read_bytes(r, CB_G2_COMPRESSED_BYTES);

	if (r->error == CB_OK)
		r->error = cb_g2_decompress(bytes.data, out);
}

static uint32_t
read_be32(CbReader *r)
{
	uint32_t	value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 8 | cb_read_u8(r);
	return value;
}

/* A key with infinity in it would take anybody's proof. */
static CbResult
prepare_key(const CbG1 *alpha, const CbG2 *beta, const CbG2 *gamma, const CbG2 *delta, CbGroth16Key *key)
{
	CbG2Lines	beta_lines;
	CbPair		pair = {*alpha, &beta_lines};
	CbResult	result;

	if (alpha->infinity || beta->infinity || gamma->infinity || delta->infinity)
		return CB_ERR_POINT_INFINITY;
	if ((result = cb_g2_prepare(beta, &beta_lines)) != CB_OK ||
		(result = cb_g2_prepare(gamma, &key->gamma)) != CB_OK ||
		(result = cb_g2_prepare(delta, &key->delta)) != CB_OK)
		return result;
	cb_miller_loop(&pair, 1, &key->alpha_beta);
	cb_final_power(&key->alpha_beta);
	return CB_OK;
}

static CbResult
read_scalars(const CbGroth16Input *inputs, size_t n, CbScalar *out)
{
	for (size_t i = 0; i < n; i++)
	{
		cb_scalar_from_bytes(inputs[i].bytes, &out[i]);
		if (!cb_scalar_is_reduced(&out[i]))
			return CB_ERR_SCALAR;
	}
	return CB_OK;
}

/* No prover makes a point at infinity, and no other verifier takes one. */
static CbResult
read_proof(const uint8_t proof[CB_GROTH16_PROOF_BYTES], CbG1 *a, CbG2Lines *b, CbG1 *c)
{
	CbG2		b_point;
	CbResult	result;

	if ((result = cb_g1_decode(proof, a)) != CB_OK ||
		(result = cb_g2_decode(proof + CB_G1_BYTES, &b_point)) != CB_OK ||
		(result = cb_g1_decode(proof + CB_G1_BYTES + CB_G2_BYTES, c)) != CB_OK)
		return result;
	if (a->infinity || b_point.infinity || c->infinity)
		return CB_ERR_POINT_INFINITY;
	return cb_g2_prepare(&b_point, b);
}
