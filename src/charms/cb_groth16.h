/*-------------------------------------------------------------------------
 *
 * cb_groth16.h
 *	  Groth16 proofs over BN254, in gnark's encodings, as SP1 makes them.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_GROTH16_H
#define CB_GROTH16_H

#include "cb_pairing.h"

/* SP1's circuits have 2 public inputs, or 5. */
#define CB_GROTH16_MAX_INPUTS 8

/* A and C of G1 and B of G2, uncompressed, in the order A, B, C. */
#define CB_GROTH16_PROOF_BYTES (CB_G1_BYTES + CB_G2_BYTES + CB_G1_BYTES)

/* One public input: a number below the group's order, in big-endian. */
typedef struct CbGroth16Input
{
	uint8_t		bytes[CB_FP_BYTES];
} CbGroth16Input;

/*
 * A verification key, prepared for many proofs: 35 kB, which took longer to
 * make than a proof takes to verify.
 */
typedef struct CbGroth16Key
{
	CbFp12		alpha_beta;		/* e(alpha, beta) */
	CbG2Lines	gamma;
	CbG2Lines	delta;
	size_t		n_inputs;
	/* What is added up for the inputs: one by itself, then one for each. */
	CbG1		base[1 + CB_GROTH16_MAX_INPUTS];
} CbGroth16Key;

/*
 * Takes gnark's compressed form of a key: alpha in G1, beta in G1 and G2,
 * gamma in G2, delta in G1 and G2, a count and so many points of G1, and two
 * counts of Pedersen commitments, of which none are supported.  Counts have
 * four bytes in big-endian.
 */
extern CbResult cb_groth16_key_read(CbSpan bytes, CbGroth16Key *key);

/*
 * CB_OK when the proof holds for the inputs, CB_ERR_PROOF when it does not;
 * else the reason for which it is no proof at all.  CB_ERR_COUNT when the key
 * is for another number of inputs.
 */
extern CbResult cb_groth16_verify(const CbGroth16Key *key, const CbGroth16Input *inputs, size_t n_inputs,
								  const uint8_t proof[CB_GROTH16_PROOF_BYTES]);

#endif							/* CB_GROTH16_H */
