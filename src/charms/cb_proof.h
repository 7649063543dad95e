/*-------------------------------------------------------------------------
 *
 * cb_proof.h
 *	  The proof that a spell carries.
 *
 * It begins with four bytes that name the verification key.  Up to version 11
 * a Groth16 proof follows; from version 12 on the program's exit code, the
 * root of the recursion's keys and a nonce come before it, 32 bytes each.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_PROOF_H
#define CB_PROOF_H

#include "cb_groth16.h"
#include "cb_proof_keys.h"

/*
 * Whether the proof is one of the version's spell program for public values
 * with this SHA-256; key is that of cb_proof_keys[version->proof_key],
 * prepared.  CB_ERR_PROOF_KEY when it was made for another key.
 */
extern CbResult cb_proof_verify(const CbProofVersion *version, const CbGroth16Key *key,
								CbSpan proof, const uint8_t public_hash[32]);

#endif							/* CB_PROOF_H */
