/*-------------------------------------------------------------------------
 *
 * cb_descriptor_script.c
 *	  Scripts from descriptors.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bip32.h"
#include "cb_descriptor_internal.h"
#include "cb_key_script.h"

#include <secp256k1_extrakeys.h>
#include <string.h>

#define PUBKEY_SIZE 33

#define OP_1 0x51
#define OP_CHECKMULTISIG 0xae

static CbResult key_at(const CbDescriptorKey *key, uint32_t index, uint8_t pubkey[PUBKEY_SIZE]);
static CbResult single_key_script(CbDescriptorType type, const uint8_t pubkey[PUBKEY_SIZE], CbScriptBuf *script);
static CbResult taproot_script(const uint8_t pubkey[PUBKEY_SIZE], CbScriptBuf *script);
static CbResult sortedmulti_script(const CbDescriptor *desc, uint32_t index, CbScriptBuf *script);
static void write_sortedmulti(CbWriter *w, const CbDescriptor *desc, const CbDescriptorSpend *spend);

CbResult
cb_descriptor_script(const CbDescriptor *desc, uint32_t index, CbScriptBuf *script)
{
	uint8_t		pubkey[PUBKEY_SIZE];
	CbResult	result;

	if (index >= CB_BIP32_HARDENED || (index != 0 && !desc->is_ranged))
		return CB_ERR_INDEX;
	if (desc->type == CB_DESC_WSH_SORTEDMULTI)
		return sortedmulti_script(desc, index, script);

	result = key_at(&desc->keys[0], index, pubkey);
	if (result != CB_OK)
		return result;
	return single_key_script(desc->type, pubkey, script);
}

static CbResult
key_at(const CbDescriptorKey *key, uint32_t index, uint8_t pubkey[PUBKEY_SIZE])
{
	uint8_t		chain_code[32];

	if (key->is_ranged)
		return cb_bip32_derive(key->pubkey, key->chain_code, index, pubkey, chain_code);
	memcpy(pubkey, key->pubkey, PUBKEY_SIZE);
	return CB_OK;
}

static CbResult
single_key_script(CbDescriptorType type, const uint8_t pubkey[PUBKEY_SIZE], CbScriptBuf *script)
{
	uint8_t		key_hash[20];

	cb_hash160(pubkey, PUBKEY_SIZE, key_hash);
	switch (type)
	{
		case CB_DESC_PKH:
			cb_script_p2pkh(key_hash, script);
			return CB_OK;
		case CB_DESC_WPKH:
			cb_script_p2wpkh(key_hash, script);
			return CB_OK;
		case CB_DESC_SH_WPKH:
			cb_script_p2sh_p2wpkh(key_hash, script);
			return CB_OK;
		case CB_DESC_TR:
			return taproot_script(pubkey, script);
		case CB_DESC_WSH_SORTEDMULTI:
			break;				/* has more than one key */
	}
	return CB_ERR_UNSUPPORTED;
}

/* The output key commits to an empty tree of scripts, as BIP-86 says. */
static CbResult
taproot_script(const uint8_t pubkey[PUBKEY_SIZE], CbScriptBuf *script)
{
	secp256k1_xonly_pubkey internal;
	secp256k1_xonly_pubkey x_only;
	secp256k1_pubkey tweaked;
	uint8_t		tweak[32];
	uint8_t		output_key[32];
	CbSpan		internal_span = {pubkey + 1, 32};
	CbSpan		program = {output_key, sizeof(output_key)};

	if (!secp256k1_xonly_pubkey_parse(secp256k1_context_static, &internal, pubkey + 1))
		return CB_ERR_KEY;
	cb_tagged_hash("TapTweak", &internal_span, 1, tweak);
	if (!secp256k1_xonly_pubkey_tweak_add(secp256k1_context_static, &tweaked, &internal, tweak) ||
		!secp256k1_xonly_pubkey_from_pubkey(secp256k1_context_static, &x_only, NULL, &tweaked))
		return CB_ERR_KEY;
	secp256k1_xonly_pubkey_serialize(secp256k1_context_static, output_key, &x_only);
	cb_script_witness(1, program, script);
	return CB_OK;
}

static CbResult
sortedmulti_script(const CbDescriptor *desc, uint32_t index, CbScriptBuf *script)
{
	CbDescriptorSpend spend;
	uint8_t		hash[32];
	CbSpan		program = {hash, sizeof(hash)};
	CbResult	result = cb_descriptor_spend(desc, index, &spend);

	if (result != CB_OK)
		return result;
	cb_sha256(spend.witness_script, spend.witness_script_len, hash);
	cb_script_witness(0, program, script);
	return CB_OK;
}

CbResult
cb_descriptor_spend(const CbDescriptor *desc, uint32_t index, CbDescriptorSpend *spend)
{
	CbWriter	w = cb_writer(spend->witness_script, sizeof(spend->witness_script));

	if (index >= CB_BIP32_HARDENED || (index != 0 && !desc->is_ranged))
		return CB_ERR_INDEX;
	for (int i = 0; i < desc->n_keys; i++)
	{
		CbResult	result = key_at(&desc->keys[i], index, spend->pubkeys[i]);

		if (result != CB_OK)
			return result;
	}
	spend->redeem_script.len = 0;
	if (desc->type == CB_DESC_SH_WPKH)
	{
		uint8_t		key_hash[20];

		cb_hash160(spend->pubkeys[0], PUBKEY_SIZE, key_hash);
		cb_script_p2wpkh(key_hash, &spend->redeem_script);
	}
	if (desc->type == CB_DESC_WSH_SORTEDMULTI)
		write_sortedmulti(&w, desc, spend);
	spend->witness_script_len = w.len;
	return w.error;
}

/* The keys are sorted at every index anew, as BIP-67 says. */
static void
write_sortedmulti(CbWriter *w, const CbDescriptor *desc, const CbDescriptorSpend *spend)
{
	uint8_t		keys[CB_DESCRIPTOR_MAX_KEYS][PUBKEY_SIZE];

	for (int i = 0; i < desc->n_keys; i++)
		cb_insert_sorted(keys, i, spend->pubkeys[i], PUBKEY_SIZE);
	cb_write_u8(w, (uint8_t) (OP_1 + desc->threshold - 1));
	for (int i = 0; i < desc->n_keys; i++)
	{
		cb_write_u8(w, PUBKEY_SIZE);
		cb_write_bytes(w, keys[i], PUBKEY_SIZE);
	}
	cb_write_u8(w, (uint8_t) (OP_1 + desc->n_keys - 1));
	cb_write_u8(w, OP_CHECKMULTISIG);
}
