/*-------------------------------------------------------------------------
 *
 * cb_bip322_tx.c
 *	  The virtual transactions of BIP-322 and the hashes that sign them.
 *
 * Both have one input and one output of no value, and zero for version,
 * locktime and to_sign's sequence, so only few fields ever vary.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_message_internal.h"

#include <string.h>

#define OP_0 0x00
#define OP_RETURN 0x6a

/* More than any of what is hashed here; scripts have at most 42 bytes. */
#define MAX_PREIMAGE 256

static void write_outpoint(CbWriter *w, const CbHash256 *txid, uint32_t vout);
static void write_output_to_sign(CbWriter *w);
static void sha256_writer(const CbWriter *part, CbWriter *into);

void
cb_bip322_to_spend_txid(CbSpan message, CbSpan script, CbHash256 *txid)
{
	static const CbHash256 no_txid = {{0}};
	uint8_t		tx[MAX_PREIMAGE];
	uint8_t		script_sig[2 + 32] = {OP_0, 32};
	CbWriter	w = cb_writer(tx, sizeof(tx));

	cb_tagged_hash("BIP0322-signed-message", &message, 1, script_sig + 2);

	cb_write_u32(&w, 0);		/* version */
	cb_write_u8(&w, 1);			/* inputs */
	write_outpoint(&w, &no_txid, UINT32_MAX);
	cb_write_var_bytes(&w, (CbSpan) {script_sig, sizeof(script_sig)});
	cb_write_u32(&w, 0);		/* sequence */
	cb_write_u8(&w, 1);			/* outputs */
	cb_write_u64(&w, 0);		/* value */
	cb_write_var_bytes(&w, script);
	cb_write_u32(&w, 0);		/* locktime */
	cb_sha256d(tx, w.len, txid);
}

void
cb_bip322_sighash_v0(const CbHash256 *to_spend, const uint8_t pubkey_hash[20], uint8_t digest[32])
{
	static const uint8_t sequence[4] = {0};
	uint8_t		preimage[MAX_PREIMAGE];
	uint8_t		part[64];
	CbWriter	w = cb_writer(preimage, sizeof(preimage));
	CbWriter	p;
	CbScriptBuf script_code;
	CbHash256	hash;

	cb_write_u32(&w, 0);		/* version */
	p = cb_writer(part, sizeof(part));
	write_outpoint(&p, to_spend, 0);
	cb_sha256d(part, p.len, &hash);
	cb_write_bytes(&w, hash.bytes, 32);
	cb_sha256d(sequence, sizeof(sequence), &hash);
	cb_write_bytes(&w, hash.bytes, 32);

	write_outpoint(&w, to_spend, 0);
	cb_script_p2pkh(pubkey_hash, &script_code);
	cb_write_var_bytes(&w, (CbSpan) {script_code.data, script_code.len});
	cb_write_u64(&w, 0);		/* value spent */
	cb_write_u32(&w, 0);		/* sequence */

	p = cb_writer(part, sizeof(part));
	write_output_to_sign(&p);
	cb_sha256d(part, p.len, &hash);
	cb_write_bytes(&w, hash.bytes, 32);
	cb_write_u32(&w, 0);		/* locktime */
	cb_write_u32(&w, CB_SIGHASH_ALL);
	cb_sha256d(preimage, w.len, &hash);
	memcpy(digest, hash.bytes, 32);
}

void
cb_bip322_sighash_taproot(const CbHash256 *to_spend, CbSpan script, uint8_t hash_type, uint8_t digest[32])
{
	uint8_t		message[MAX_PREIMAGE];
	uint8_t		part[64];
	CbWriter	w = cb_writer(message, sizeof(message));
	CbWriter	p;
	CbSpan		span = {message, 0};

	cb_write_u8(&w, 0);			/* epoch */
	cb_write_u8(&w, hash_type);
	cb_write_u32(&w, 0);		/* version */
	cb_write_u32(&w, 0);		/* locktime */

	p = cb_writer(part, sizeof(part));
	write_outpoint(&p, to_spend, 0);
	sha256_writer(&p, &w);
	p = cb_writer(part, sizeof(part));
	cb_write_u64(&p, 0);		/* value spent */
	sha256_writer(&p, &w);
	p = cb_writer(part, sizeof(part));
	cb_write_var_bytes(&p, script);
	sha256_writer(&p, &w);
	p = cb_writer(part, sizeof(part));
	cb_write_u32(&p, 0);		/* sequence */
	sha256_writer(&p, &w);
	p = cb_writer(part, sizeof(part));
	write_output_to_sign(&p);
	sha256_writer(&p, &w);

	cb_write_u8(&w, 0);			/* key path, no annex */
	cb_write_u32(&w, 0);		/* input */
	span.len = w.len;
	cb_tagged_hash("TapSighash", &span, 1, digest);
}

static void
write_outpoint(CbWriter *w, const CbHash256 *txid, uint32_t vout)
{
	cb_write_bytes(w, txid->bytes, sizeof(txid->bytes));
	cb_write_u32(w, vout);
}

/* No value, to a script that nobody can spend. */
static void
write_output_to_sign(CbWriter *w)
{
	cb_write_u64(w, 0);
	cb_write_u8(w, 1);
	cb_write_u8(w, OP_RETURN);
}

static void
sha256_writer(const CbWriter *part, CbWriter *into)
{
	uint8_t		hash[32];

	cb_sha256(part->data, part->len, hash);
	cb_write_bytes(into, hash, sizeof(hash));
}
