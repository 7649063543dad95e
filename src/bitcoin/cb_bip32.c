/*-------------------------------------------------------------------------
 *
 * cb_bip32.c
 *	  Extended public keys and what is derived from them (BIP-32).
 *
 * libsecp256k1's static context does for public keys: nothing is allocated.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bip32.h"
#include "cb_address.h"
#include "cb_descriptor.h"

#include <secp256k1.h>
#include <string.h>

/* version, depth, parent's fingerprint, index, chain code, key */
#define XPUB_PAYLOAD_SIZE (4 + 1 + 4 + 4 + 32 + 33)

static CbResult refuse_version(uint32_t version);
static uint32_t load_be32(const uint8_t *p);
static void store_be32(uint8_t *p, uint32_t v);

/*
 * Version bytes of SLIP-132: they tie a key to one kind of script, which a
 * descriptor says itself.
 */
static const uint32_t slip132_versions[] = {
	0x049d7cb2,					/* ypub */
	0x04b24746,					/* zpub */
	0x0295b43f,					/* Ypub */
	0x02aa7ed3,					/* Zpub */
	0x044a5262,					/* upub */
	0x045f1cf6,					/* vpub */
	0x024289ef,					/* Upub */
	0x02575483					/* Vpub */
};

CbResult
cb_bip32_derive(const uint8_t pubkey[33], const uint8_t chain_code[32], uint32_t index, uint8_t child_pubkey[33], uint8_t child_chain_code[32])
{
	secp256k1_pubkey key;
	uint8_t		data[33 + 4];
	uint8_t		digest[64];
	size_t		len = 33;

	if (index >= CB_BIP32_HARDENED)
		return CB_ERR_INDEX;
	if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, pubkey, 33))
		return CB_ERR_KEY;

	memcpy(data, pubkey, 33);
	store_be32(data + 33, index);
	cb_hmac_sha512(chain_code, 32, data, sizeof(data), digest);

	/* Fails for about one index in 2^127. */
	if (!secp256k1_ec_pubkey_tweak_add(secp256k1_context_static, &key, digest))
		return CB_ERR_INDEX;
	secp256k1_ec_pubkey_serialize(secp256k1_context_static, child_pubkey, &len, &key, SECP256K1_EC_COMPRESSED);
	memcpy(child_chain_code, digest + 32, 32);
	return CB_OK;
}

CbResult
cb_xpub_decode(const char *text, size_t len, const CbNetwork *net, uint8_t pubkey[33], uint8_t chain_code[32])
{
	static const uint8_t no_parent[8] = {0};
	uint8_t		payload[XPUB_PAYLOAD_SIZE];
	secp256k1_pubkey key;
	size_t		payload_len;
	uint32_t	version;

	if (cb_base58check_decode(text, len, payload, sizeof(payload), &payload_len) != CB_OK ||
		payload_len != sizeof(payload))
		return CB_ERR_KEY;
	version = load_be32(payload);
	if (version != net->xpub_version)
		return refuse_version(version);

	/* A root has neither parent nor index. */
	if (payload[4] == 0 && memcmp(payload + 5, no_parent, sizeof(no_parent)) != 0)
		return CB_ERR_KEY;
	memcpy(chain_code, payload + 13, 32);
	memcpy(pubkey, payload + 45, 33);
	if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &key, pubkey, 33))
		return CB_ERR_KEY;
	return CB_OK;
}

CbResult
cb_xpub_encode(const uint8_t pubkey[33], const uint8_t chain_code[32], const CbNetwork *net, char out[CB_XPUB_SIZE])
{
	uint8_t		payload[XPUB_PAYLOAD_SIZE] = {0};

	store_be32(payload, net->xpub_version);
	memcpy(payload + 13, chain_code, 32);
	memcpy(payload + 45, pubkey, 33);
	return cb_base58check_encode(payload, sizeof(payload), out, CB_XPUB_SIZE);
}

bool
cb_xpub_looks_like(const char *text, size_t len)
{
	return len >= 4 && strchr("xtyzuvYZUV", text[0]) != NULL && text[0] != '\0' &&
		memcmp(text + 1, "pub", 3) == 0;
}

static CbResult
refuse_version(uint32_t version)
{
	for (int id = 0; id < CB_NUM_NETWORKS; id++)
	{
		const CbNetwork *net = cb_network((CbNetworkId) id);

		if (version == net->xpub_version)
			return CB_ERR_NETWORK;
		if (version == net->xprv_version)
			return CB_ERR_DESCRIPTOR_PRIVATE;
	}
	for (size_t i = 0; i < sizeof(slip132_versions) / sizeof(slip132_versions[0]); i++)
	{
		if (version == slip132_versions[i])
			return CB_ERR_UNSUPPORTED;
	}
	return CB_ERR_KEY;
}

static uint32_t
load_be32(const uint8_t *p)
{
	return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static void
store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t) (v >> 24);
	p[1] = (uint8_t) (v >> 16);
	p[2] = (uint8_t) (v >> 8);
	p[3] = (uint8_t) v;
}
