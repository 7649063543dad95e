/*-------------------------------------------------------------------------
 *
 * cb_tapscript.c
 *	  Spending a taproot output by the only script of its tree.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
/* libcrypto's low-level functions for the reasons of cb_hash.c. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "cb_tapscript.h"

#include "cb_sighash.h"

#include <openssl/sha.h>
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#define LEAF_VERSION 0xc0
#define PARITY_MASK 1

/* A script path, and no annex. */
#define SPEND_TYPE 2
#define KEY_VERSION 0
#define NO_CODESEPARATOR UINT32_C(0xffffffff)

/* Epoch, type, version, locktime, five hashes, spend type, index, leaf, key version, position. */
#define MESSAGE_SIZE (1 + 1 + 4 + 4 + 5 * 32 + 1 + 4 + 32 + 1 + 4)

static void put(SHA256_CTX *ctx, CbWriter *piece);
static void put_hash(CbWriter *message, SHA256_CTX *ctx);
static void write_prevouts(const CbTx *tx, CbWriter *message);
static void write_spent(const CbTx *tx, const CbTxOut *spent, CbWriter *message);
static void write_sequences(const CbTx *tx, CbWriter *message);
static void write_outputs(const CbTx *tx, CbWriter *message);

void
cb_tapleaf_hash(CbSpan script, uint8_t hash[32])
{
	uint8_t		head[1 + 9];
	CbWriter	w = cb_writer(head, sizeof(head));
	CbSpan		spans[2] = {{head, 0}, script};

	cb_write_u8(&w, LEAF_VERSION);
	cb_write_compact_size(&w, script.len);
	spans[0].len = w.len;
	cb_tagged_hash("TapLeaf", spans, 2, hash);
}

bool
cb_tapleaf_is_committed(CbSpan control_block, const uint8_t leaf_hash[32], CbSpan output_key)
{
	secp256k1_xonly_pubkey internal;
	CbSpan		spans[2] = {{NULL, CB_X_ONLY_SIZE}, {leaf_hash, 32}};
	uint8_t		tweak[32];

	if (control_block.len != CB_CONTROL_BLOCK_SIZE || output_key.len != CB_X_ONLY_SIZE ||
		(control_block.data[0] & ~PARITY_MASK) != LEAF_VERSION ||
		!secp256k1_xonly_pubkey_parse(secp256k1_context_static, &internal, control_block.data + 1))
		return false;
	spans[0].data = control_block.data + 1;
	cb_tagged_hash("TapTweak", spans, 2, tweak);
	return secp256k1_xonly_pubkey_tweak_add_check(secp256k1_context_static, output_key.data,
												  control_block.data[0] & PARITY_MASK, &internal, tweak);
}

bool
cb_tapscript_verify(const CbTx *tx, const CbTxOut *spent, uint32_t index,
					const uint8_t leaf_hash[32], CbSpan key, CbSpan signature)
{
	secp256k1_xonly_pubkey parsed;
	uint8_t		digest[32];

	if (key.len != CB_X_ONLY_SIZE || signature.len != CB_SCHNORR_SIZE ||
		!secp256k1_xonly_pubkey_parse(secp256k1_context_static, &parsed, key.data))
		return false;
	cb_tapscript_digest(tx, spent, index, leaf_hash, digest);
	return secp256k1_schnorrsig_verify(secp256k1_context_static, signature.data, digest, sizeof(digest), &parsed);
}

void
cb_tapscript_digest(const CbTx *tx, const CbTxOut *spent, uint32_t index,
					const uint8_t leaf_hash[32], uint8_t digest[32])
{
	uint8_t		message[MESSAGE_SIZE];
	CbWriter	w = cb_writer(message, sizeof(message));
	CbSpan		span = {message, sizeof(message)};

	cb_write_u8(&w, 0);			/* epoch */
	cb_write_u8(&w, CB_SIGHASH_DEFAULT);
	cb_write_u32(&w, (uint32_t) tx->version);
	cb_write_u32(&w, tx->locktime);
	write_prevouts(tx, &w);
	write_spent(tx, spent, &w);
	write_sequences(tx, &w);
	write_outputs(tx, &w);
	cb_write_u8(&w, SPEND_TYPE);
	cb_write_u32(&w, index);
	cb_write_bytes(&w, leaf_hash, 32);
	cb_write_u8(&w, KEY_VERSION);
	cb_write_u32(&w, NO_CODESEPARATOR);
	cb_tagged_hash("TapSighash", &span, 1, digest);
}

/* Hash what has been written of a piece, and begin it anew. */
static void
put(SHA256_CTX *ctx, CbWriter *piece)
{
	SHA256_Update(ctx, piece->data, piece->len);
	piece->len = 0;
}

static void
put_hash(CbWriter *message, SHA256_CTX *ctx)
{
	uint8_t		hash[32];

	SHA256_Final(hash, ctx);
	cb_write_bytes(message, hash, sizeof(hash));
}

static void
write_prevouts(const CbTx *tx, CbWriter *message)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	uint8_t		buffer[32 + 4];
	CbWriter	piece = cb_writer(buffer, sizeof(buffer));
	SHA256_CTX	ctx;
	CbTxIn		in;

	SHA256_Init(&ctx);
	while (cb_tx_next_input(&it, &in))
	{
		cb_write_bytes(&piece, in.prevout.txid.bytes, 32);
		cb_write_u32(&piece, in.prevout.vout);
		put(&ctx, &piece);
	}
	put_hash(message, &ctx);
}

/* All amounts, then all scripts. */
static void
write_spent(const CbTx *tx, const CbTxOut *spent, CbWriter *message)
{
	uint8_t		buffer[9];
	CbWriter	piece = cb_writer(buffer, sizeof(buffer));
	SHA256_CTX	amounts;
	SHA256_CTX	scripts;

	SHA256_Init(&amounts);
	SHA256_Init(&scripts);
	for (uint32_t i = 0; i < tx->n_inputs; i++)
	{
		cb_write_u64(&piece, (uint64_t) spent[i].value);
		put(&amounts, &piece);
		cb_write_compact_size(&piece, spent[i].script.len);
		put(&scripts, &piece);
		SHA256_Update(&scripts, spent[i].script.data, spent[i].script.len);
	}
	put_hash(message, &amounts);
	put_hash(message, &scripts);
}

static void
write_sequences(const CbTx *tx, CbWriter *message)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	uint8_t		buffer[4];
	CbWriter	piece = cb_writer(buffer, sizeof(buffer));
	SHA256_CTX	ctx;
	CbTxIn		in;

	SHA256_Init(&ctx);
	while (cb_tx_next_input(&it, &in))
	{
		cb_write_u32(&piece, in.sequence);
		put(&ctx, &piece);
	}
	put_hash(message, &ctx);
}

static void
write_outputs(const CbTx *tx, CbWriter *message)
{
	SHA256_CTX	ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, tx->outputs.data, tx->outputs.len);
	put_hash(message, &ctx);
}
