/*-------------------------------------------------------------------------
 *
 * cb_bip322.c
 *	  BIP-322 "simple" signatures: the witness that would spend an output.
 *
 * No script is run: the witness of one key has one shape for each kind of
 * output, and any other shape does not satisfy it.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_key_script.h"
#include "cb_message_internal.h"

#include <secp256k1.h>
#include <secp256k1_schnorrsig.h>
#include <string.h>

#define PUBKEY_SIZE 33
#define SCHNORR_SIZE 64
#define MAX_ITEMS 2

typedef struct Witness
{
	CbSpan		items[MAX_ITEMS];
	uint64_t	n_items;
} Witness;

static CbResult parse_witness(CbSpan raw, Witness *witness);
static bool verify_key_hash(const Witness *witness, CbSpan message, CbSpan script);
static bool verify_ecdsa(CbSpan signature, CbSpan pubkey, const uint8_t digest[32]);
static bool verify_taproot(const Witness *witness, CbSpan message, CbSpan script, CbSpan key);

CbResult
cb_bip322_verify(CbSpan raw, CbSpan message, CbSpan script, bool *valid)
{
	Witness		witness;
	CbSpan		payload;
	CbResult	result = parse_witness(raw, &witness);

	*valid = false;
	if (result != CB_OK)
		return result;
	switch (cb_script_classify(script, &payload))
	{
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
		case CB_SCRIPT_SCRIPTHASH:
			*valid = verify_key_hash(&witness, message, script);
			return CB_OK;
		case CB_SCRIPT_WITNESS_V1_TAPROOT:
			*valid = verify_taproot(&witness, message, script, payload);
			return CB_OK;
		default:
			return CB_OK;		/* p2pkh has no witness: nothing proves it */
	}
}

/* Items beyond the first two are only counted: no shape has so many. */
static CbResult
parse_witness(CbSpan raw, Witness *witness)
{
	CbReader	r = cb_reader(raw.data, raw.len);

	memset(witness, 0, sizeof(*witness));
	witness->n_items = cb_read_count(&r, 1);
	for (uint64_t i = 0; i < witness->n_items && r.error == CB_OK; i++)
	{
		CbSpan		item = cb_read_var_bytes(&r);

		if (i < MAX_ITEMS)
			witness->items[i] = item;
	}
	return r.error == CB_OK && cb_reader_left(&r) == 0 ? CB_OK : CB_ERR_SIGNATURE;
}

/* p2wpkh, by itself or within p2sh: signature and key. */
static bool
verify_key_hash(const Witness *witness, CbSpan message, CbSpan script)
{
	CbSpan		signature = witness->items[0];
	CbSpan		pubkey = witness->items[1];
	uint8_t		pubkey_hash[20];
	uint8_t		digest[32];
	CbHash256	to_spend;

	if (witness->n_items != 2 || pubkey.len != PUBKEY_SIZE || signature.len == 0 ||
		signature.data[signature.len - 1] != CB_SIGHASH_ALL)
		return false;
	signature.len--;

	cb_hash160(pubkey.data, pubkey.len, pubkey_hash);
	if (!cb_script_pays_key_hash(script, pubkey_hash))
		return false;
	cb_bip322_to_spend_txid(message, script, &to_spend);
	cb_bip322_sighash_v0(&to_spend, pubkey_hash, digest);
	return verify_ecdsa(signature, pubkey, digest);
}

/* libsecp256k1 takes strict DER and the lower s only, as BIP-322 wants. */
static bool
verify_ecdsa(CbSpan signature, CbSpan pubkey, const uint8_t digest[32])
{
	secp256k1_ecdsa_signature parsed;
	secp256k1_pubkey key;

	return secp256k1_ecdsa_signature_parse_der(secp256k1_context_static, &parsed, signature.data, signature.len) &&
		secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, pubkey.data, pubkey.len) &&
		secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, digest, &key);
}

/* A Schnorr signature alone, with its hash type where that is not the default. */
static bool
verify_taproot(const Witness *witness, CbSpan message, CbSpan script, CbSpan key)
{
	CbSpan		signature = witness->items[0];
	uint8_t		hash_type = CB_SIGHASH_DEFAULT;
	uint8_t		digest[32];
	CbHash256	to_spend;
	secp256k1_xonly_pubkey parsed;

	if (witness->n_items != 1)
		return false;
	if (signature.len == SCHNORR_SIZE + 1)
		hash_type = signature.data[SCHNORR_SIZE];
	else if (signature.len != SCHNORR_SIZE)
		return false;
	if (signature.len > SCHNORR_SIZE && hash_type != CB_SIGHASH_ALL)
		return false;

	cb_bip322_to_spend_txid(message, script, &to_spend);
	cb_bip322_sighash_taproot(&to_spend, script, hash_type, digest);
	return secp256k1_xonly_pubkey_parse(secp256k1_context_static, &parsed, key.data) &&
		secp256k1_schnorrsig_verify(secp256k1_context_static, signature.data, digest, sizeof(digest), &parsed);
}
