/*-------------------------------------------------------------------------
 *
 * cb_proof_keys.h
 *	  Which keys the proofs of each version of the Charms protocol are
 *	  verified with.
 *
 * Proofs of mock spells are over another curve (BLS12-381), and whoever likes
 * makes them: there is no key for them here.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROOF_KEYS_H
#define CB_PROOF_KEYS_H

#include "bitcoin/cb_bytes.h"

/* Several versions share a verification key. */
#define CB_PROOF_KEYS 4

typedef struct CbProofKey
{
	CbSpan		bytes;			/* for cb_groth16_key_read() */
	uint8_t		id[4];			/* its SHA-256 begins so, and so does a proof */
	/*
	 * The root of the recursion's own keys, which proofs state and which must
	 * be this one; has_root is false where they state none.
	 */
	bool		has_root;
	uint8_t		root[32];
} CbProofKey;

typedef struct CbProofVersion
{
	uint8_t		spell_key[32];	/* the program that was proved to have run */
	uint8_t		proof_key;		/* index into cb_proof_keys */
} CbProofVersion;

extern const CbProofKey cb_proof_keys[CB_PROOF_KEYS];

/* NULL for a version that is not supported: 0, and those to come. */
extern const CbProofVersion *cb_proof_version(uint32_t version);

#endif							/* CB_PROOF_KEYS_H */
