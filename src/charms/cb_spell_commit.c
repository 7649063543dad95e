/*-------------------------------------------------------------------------
 *
 * cb_spell_commit.c
 *	  What the proof of a spell is about: the spell with the inputs and coins
 *	  of its transaction, and the hash of that beside the spell's key.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "cb_spell.h"

#include <openssl/sha.h>
#include <string.h>

static void write_field(const CbCborWriter *w, const char *name, CbSpan item);
static void write_ins(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w);
static void write_coins(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w);
static void write_tx(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w);
static void write_key(const CbSpell *spell, const uint8_t key[32], const CbCborWriter *w);
static void put_in_hash(void *to, const void *data, size_t len);

uint32_t
cb_spell_committed_inputs(const CbTx *tx, const CbSpell *spell)
{
	return spell->version < CB_SPELL_ALL_INPUTS ? tx->n_inputs - 1 : tx->n_inputs;
}

uint32_t
cb_spell_committed_coins(const CbSpell *spell)
{
	return spell->version < CB_SPELL_COINS ? 0 : spell->n_outs;
}

/* A field that the payload has, as the payload has it. */
static void
write_field(const CbCborWriter *w, const char *name, CbSpan item)
{
	if (item.len == 0)
		return;
	cb_cbor_write_key(w, name);
	cb_cbor_write_item(w, item);
}

/* Outpoints as transactions write them. */
static void
write_ins(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w)
{
	CbTxInIter	it = cb_tx_inputs(tx);
	uint32_t	n = cb_spell_committed_inputs(tx, spell);
	CbTxIn		in;

	cb_cbor_write_key(w, "ins");
	cb_cbor_write_array(w, n);
	for (; n > 0 && cb_tx_next_input(&it, &in); n--)
	{
		uint8_t		outpoint[36];
		CbSpan		bytes = {outpoint, sizeof(outpoint)};

		memcpy(outpoint, in.prevout.txid.bytes, 32);
		cb_store_le32(outpoint + 32, in.prevout.vout);
		cb_cbor_write_bytes(w, bytes);
	}
}

static void
write_coins(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w)
{
	CbTxOutIter it = cb_tx_outputs(tx);
	uint32_t	n = cb_spell_committed_coins(spell);
	CbTxOut		out;

	cb_cbor_write_key(w, "coins");
	cb_cbor_write_array(w, n);
	for (; n > 0 && cb_tx_next_output(&it, &out); n--)
	{
		cb_cbor_write_map(w, 2);
		cb_cbor_write_key(w, "amount");
		cb_cbor_write_uint(w, (uint64_t) out.value);
		cb_cbor_write_key(w, "dest");
		cb_cbor_write_byte_array(w, out.script);
	}
}

static void
write_tx(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w)
{
	bool		has_coins = spell->version >= CB_SPELL_COINS;

	cb_cbor_write_map(w, 2 + (spell->refs.len > 0) + (spell->beamed_outs.len > 0) +
					  has_coins + (spell->scrolls.len > 0));
	write_ins(tx, spell, w);
	write_field(w, "refs", spell->refs);
	write_field(w, "outs", spell->outs);
	write_field(w, "beamed_outs", spell->beamed_outs);
	if (has_coins)
		write_coins(tx, spell, w);
	write_field(w, "scrolls", spell->scrolls);
}

void
cb_spell_write_committed(const CbTx *tx, const CbSpell *spell, const CbCborWriter *w)
{
	cb_cbor_write_map(w, 3 + (spell->versioned_apps.len > 0) + spell->mock);
	cb_cbor_write_key(w, "version");
	cb_cbor_write_uint(w, spell->version);
	cb_cbor_write_key(w, "tx");
	write_tx(tx, spell, w);
	write_field(w, "app_public_inputs", spell->apps);
	write_field(w, "versioned_apps", spell->versioned_apps);
	if (spell->mock)
	{
		cb_cbor_write_key(w, "mock");
		cb_cbor_write_bool(w, true);
	}
}

static void
write_key(const CbSpell *spell, const uint8_t key[32], const CbCborWriter *w)
{
	char		hex[2 + 64] = {'0', 'x'};
	CbSpan		bytes = {key, 32};
	CbSpan		text = {(const uint8_t *) hex, sizeof(hex)};

	if (spell->version >= CB_SPELL_KEY_AS_BYTES)
	{
		cb_cbor_write_byte_array(w, bytes);
		return;
	}
	cb_hex_encode(key, 32, hex + 2);
	cb_cbor_write_text(w, text);
}

static void
put_in_hash(void *to, const void *data, size_t len)
{
	SHA256_Update(to, data, len);
}

/*
 * Piece by piece, since what is committed may be longer than the transaction.
 * libcrypto's low-level functions for the reasons of cb_hash.c.
 */
void
cb_spell_public_hash(const CbTx *tx, const CbSpell *spell, const uint8_t key[32], uint8_t hash[32])
{
	SHA256_CTX	ctx;
	CbCborWriter w = {put_in_hash, &ctx};

	SHA256_Init(&ctx);
	cb_cbor_write_array(&w, 2);
	write_key(spell, key, &w);
	cb_spell_write_committed(tx, spell, &w);
	SHA256_Final(hash, &ctx);
}
