/*-------------------------------------------------------------------------
 *
 * cb_message_internal.h
 *	  What the files that implement cb_message.h share.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_MESSAGE_INTERNAL_H
#define CB_MESSAGE_INTERNAL_H

#include "cb_message.h"
#include "cb_sighash.h"

/* Header byte, r and s of a legacy signature. */
#define CB_LEGACY_SIGNATURE_SIZE 65

/* Is this the header byte of a legacy signature? */
extern bool cb_legacy_is_header(uint8_t header);
/* Does a legacy signature of the message recover to the script's key? */
extern bool cb_legacy_verify(const uint8_t signature[CB_LEGACY_SIGNATURE_SIZE], CbSpan message, CbSpan script);

/*
 * The virtual transactions of BIP-322: to_spend pays to the script and commits
 * to the message, to_sign spends it.  The former's hash is all that the
 * signature hashes of the latter need.
 */
extern void cb_bip322_to_spend_txid(CbSpan message, CbSpan script, CbHash256 *txid);
/* to_sign's SIGHASH_ALL by BIP-143, for the key of this hash. */
extern void cb_bip322_sighash_v0(const CbHash256 *to_spend, const uint8_t pubkey_hash[20], uint8_t digest[32]);
/* to_sign's by BIP-341 for a key path, SIGHASH_DEFAULT or SIGHASH_ALL. */
extern void cb_bip322_sighash_taproot(const CbHash256 *to_spend, CbSpan script, uint8_t hash_type, uint8_t digest[32]);

/* Does a "simple" signature, a serialized witness stack, satisfy the script? */
extern CbResult cb_bip322_verify(CbSpan witness, CbSpan message, CbSpan script, bool *valid);

#endif							/* CB_MESSAGE_INTERNAL_H */
