/*-------------------------------------------------------------------------
 *
 * cb_message_legacy.c
 *	  Legacy signed messages: compact signatures from which the key is
 *	  recovered.
 *
 * The header byte says which of four keys signed and how it becomes an
 * address.  BIP-137 gives each kind of address its own four headers; wallets
 * older than it sign for segwit addresses with those of compressed keys, which
 * is accepted too.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_key_script.h"
#include "cb_message_internal.h"

#include <secp256k1_recovery.h>

#define HEADER_UNCOMPRESSED 27
#define HEADER_COMPRESSED 31
#define HEADER_SH_WPKH 35
#define HEADER_WPKH 39
#define HEADER_END 43

static const char magic[] = "Bitcoin Signed Message:\n";

static void message_digest(CbSpan message, CbHash256 *digest);
static bool recover_key(const uint8_t *signature, const CbHash256 *digest, secp256k1_pubkey *key);
static bool header_allows(uint8_t header, CbScriptClass cls);
static void hash_key(const secp256k1_pubkey *key, uint8_t header, uint8_t hash[20]);

bool
cb_legacy_is_header(uint8_t header)
{
	return header >= HEADER_UNCOMPRESSED && header < HEADER_END;
}

bool
cb_legacy_verify(const uint8_t signature[CB_LEGACY_SIGNATURE_SIZE], CbSpan message, CbSpan script)
{
	CbHash256	digest;
	secp256k1_pubkey key;
	uint8_t		key_hash[20];

	if (!header_allows(signature[0], cb_script_classify(script, NULL)))
		return false;
	message_digest(message, &digest);
	if (!recover_key(signature, &digest, &key))
		return false;
	hash_key(&key, signature[0], key_hash);
	return cb_script_pays_key_hash(script, key_hash);
}

/* Magic and message, each with its length, so that no transaction is signed. */
static void
message_digest(CbSpan message, CbHash256 *digest)
{
	uint8_t		head[1 + sizeof(magic) + 9];
	CbWriter	w = cb_writer(head, sizeof(head));
	CbSpan		spans[2];

	cb_write_compact_size(&w, sizeof(magic) - 1);
	cb_write_bytes(&w, magic, sizeof(magic) - 1);
	cb_write_compact_size(&w, message.len);
	spans[0].data = head;
	spans[0].len = w.len;
	spans[1] = message;
	cb_sha256d_spans(spans, 2, digest);
}

static bool
recover_key(const uint8_t *signature, const CbHash256 *digest, secp256k1_pubkey *key)
{
	secp256k1_ecdsa_recoverable_signature parsed;
	int			recovery_id = (signature[0] - HEADER_UNCOMPRESSED) & 3;

	return secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &parsed, signature + 1, recovery_id) &&
		secp256k1_ecdsa_recover(secp256k1_context_static, key, &parsed, digest->bytes);
}

static bool
header_allows(uint8_t header, CbScriptClass cls)
{
	if (header < HEADER_COMPRESSED)
		return cls == CB_SCRIPT_PUBKEYHASH;
	if (header < HEADER_SH_WPKH)
		return cls == CB_SCRIPT_PUBKEYHASH || cls == CB_SCRIPT_SCRIPTHASH || cls == CB_SCRIPT_WITNESS_V0_KEYHASH;
	if (header < HEADER_WPKH)
		return cls == CB_SCRIPT_SCRIPTHASH;
	return cls == CB_SCRIPT_WITNESS_V0_KEYHASH;
}

/* hash160 of the key in the form that the header says */
static void
hash_key(const secp256k1_pubkey *key, uint8_t header, uint8_t hash[20])
{
	unsigned	flags = header < HEADER_COMPRESSED ? SECP256K1_EC_UNCOMPRESSED : SECP256K1_EC_COMPRESSED;
	uint8_t		serialized[65];
	size_t		len = sizeof(serialized);

	secp256k1_ec_pubkey_serialize(secp256k1_context_static, serialized, &len, key, flags);
	cb_hash160(serialized, len, hash);
}
