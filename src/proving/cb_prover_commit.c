/*-------------------------------------------------------------------------
 *
 * cb_prover_commit.c
 *	  The sandbox's own prover, where it answers as one of version 8: a commit
 *	  to a tapscript with the spell, and a transaction that reveals it.
 *
 * The key that signs there is drawn, used once and forgotten, as a prover's is.
 *
 * Sources: BIP-341, BIP-342.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include "bitcoin/cb_script.h"
#include "bitcoin/cb_tapscript.h"
#include "bitcoin/cb_tx_draft.h"
#include "proving/cb_prover_draft.h"

#define OP_0 0x00
#define OP_IF 0x63
#define OP_ENDIF 0x68
#define OP_CHECKSIG 0xac
#define OP_PUSHDATA2 0x4d
#define LEAF_VERSION 0xc0

/* BIP-342 lets no script have a longer item. */
#define LARGEST_PUSH 520
#define PUSH_HEAD 3
/* Around the pushes, with room; likewise of a witness around the script. */
#define SCRIPT_HEADS 64
#define WITNESS_HEADS 128

#define MARKER_AND_FLAG 2

/* What the commit commits to, and who may spend it. */
typedef struct Secret
{
	secp256k1_context *context;
	secp256k1_keypair pair;
	uint8		key[CB_X_ONLY_SIZE];
	CbSpan		script;			/* the leaf */
	uint8		leaf_hash[32];
	uint8		control_block[CB_CONTROL_BLOCK_SIZE];
	CbScriptBuf output;			/* that the commit pays to */
} Secret;

static void draw_key(Secret *secret);
static void write_script(CbSpan payload, Secret *secret);
static void commit_to_script(Secret *secret);
static int64 write_commit(const CbProveRequest *request, const Secret *secret, CbSpan *raw);
static const char *write_reveal(const CbProveRequest *request, Secret *secret, int64 committed, CbProved *proved);
static size_t witness_size(const Secret *secret);
static void sign(const CbProveRequest *request, const Secret *secret, const CbTx *tx, int64 committed,
				 uint8 signature[CB_SCHNORR_SIZE]);
static CbSpan add_witness(const CbTx *tx, const Secret *secret, const uint8 signature[CB_SCHNORR_SIZE]);

const char *
cb_prover_commit(const CbProveRequest *request, CbProved *proved)
{
	const char *reason = CB_NOT_ENOUGH;
	Secret		secret;
	int64		committed;

	draw_key(&secret);
	write_script(cb_prover_draft_payload(request), &secret);
	commit_to_script(&secret);
	committed = write_commit(request, &secret, &proved->commit);
	if (committed > 0)
		reason = write_reveal(request, &secret, committed, proved);
	secp256k1_context_destroy(secret.context);
	explicit_bzero(&secret, sizeof(secret));
	return reason;
}

/* No number is drawn that is none of a key's: there are too few. */
static void
draw_key(Secret *secret)
{
	uint8		number[32];
	secp256k1_xonly_pubkey key;

	secret->context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
	if (!pg_strong_random(number, sizeof(number)) ||
		!secp256k1_keypair_create(secret->context, &secret->pair, number) ||
		!secp256k1_keypair_xonly_pub(secret->context, &key, NULL, &secret->pair))
		elog(ERROR, "could not draw a key");
	explicit_bzero(number, sizeof(number));
	secp256k1_xonly_pubkey_serialize(secret->context, secret->key, &key);
}

static void
write_script(CbSpan payload, Secret *secret)
{
	size_t		size = payload.len + PUSH_HEAD * (payload.len / LARGEST_PUSH + 1) + SCRIPT_HEADS;
	CbWriter	w = cb_writer(palloc(size), size);

	cb_write_u8(&w, OP_0);
	cb_write_u8(&w, OP_IF);
	cb_write_var_bytes(&w, (CbSpan) {(const uint8 *) "spell", 5});
	for (size_t at = 0; at < payload.len; at += LARGEST_PUSH)
	{
		size_t		len = Min(payload.len - at, LARGEST_PUSH);

		cb_write_u8(&w, OP_PUSHDATA2);
		cb_write_u16(&w, (uint16) len);
		cb_write_bytes(&w, payload.data + at, len);
	}
	cb_write_u8(&w, OP_ENDIF);
	cb_write_var_bytes(&w, (CbSpan) {secret->key, sizeof(secret->key)});
	cb_write_u8(&w, OP_CHECKSIG);
	if (w.error != CB_OK)
		elog(ERROR, "could not write a tapscript");
	secret->script = (CbSpan) {w.data, w.len};
	cb_tapleaf_hash(secret->script, secret->leaf_hash);
}

static void
commit_to_script(Secret *secret)
{
	CbSpan		spans[2] = {{secret->key, sizeof(secret->key)}, {secret->leaf_hash, sizeof(secret->leaf_hash)}};
	secp256k1_xonly_pubkey internal;
	secp256k1_xonly_pubkey x_only;
	secp256k1_pubkey tweaked;
	uint8		tweak[32];
	uint8		key[CB_X_ONLY_SIZE];
	int			parity;

	cb_tagged_hash("TapTweak", spans, 2, tweak);
	if (!secp256k1_xonly_pubkey_parse(secret->context, &internal, secret->key) ||
		!secp256k1_xonly_pubkey_tweak_add(secret->context, &tweaked, &internal, tweak) ||
		!secp256k1_xonly_pubkey_from_pubkey(secret->context, &x_only, &parity, &tweaked))
		elog(ERROR, "could not commit to a tapscript");
	secp256k1_xonly_pubkey_serialize(secret->context, key, &x_only);
	cb_script_witness(1, (CbSpan) {key, sizeof(key)}, &secret->output);
	secret->control_block[0] = (uint8) (LEAF_VERSION | parity);
	memcpy(secret->control_block + 1, secret->key, sizeof(secret->key));
}

/* All but the fee goes on; gives how much, which may be less than nothing. */
static int64
write_commit(const CbProveRequest *request, const Secret *secret, CbSpan *raw)
{
	CbProveInput *funding = &request->inputs[request->n_inputs - 1];
	CbTxOut		output = {funding->sats, {secret->output.data, secret->output.len}};
	CbProverDraft draft = {&funding->outpoint, 1, &output, 1};
	size_t		weight = cb_prover_draft_write(&draft).len * CB_WITNESS_SCALE + MARKER_AND_FLAG +
		cb_spend_weight(funding->script);

	output.value -= cb_prover_draft_fee(request, weight);
	*raw = cb_prover_draft_write(&draft);
	return output.value;
}

static const char *
write_reveal(const CbProveRequest *request, Secret *secret, int64 committed, CbProved *proved)
{
	int64		left = cb_prover_left_over(request) - (request->inputs[request->n_inputs - 1].sats - committed);
	size_t		weight = MARKER_AND_FLAG + witness_size(secret);
	uint8		signature[CB_SCHNORR_SIZE];
	CbProverDraft draft;
	CbHash256	txid;
	CbSpan		raw;
	CbTx		tx;

	for (int i = 0; i < request->n_spell_inputs; i++)
		weight += cb_spend_weight(request->inputs[i].script);
	cb_prover_draft_start(request, &draft);
	cb_tx_parse(proved->commit.data, proved->commit.len, &tx);
	cb_tx_txid(&tx, &txid);
	draft.inputs[draft.n_inputs - 1] = (CbOutpoint) {txid, 0};
	if (!cb_prover_draft_change(request, &draft, left, weight))
		return CB_NOT_ENOUGH;
	raw = cb_prover_draft_write(&draft);
	if (cb_tx_parse(raw.data, raw.len, &tx) != CB_OK)
		elog(ERROR, "could not read a transaction again");
	sign(request, secret, &tx, committed, signature);
	proved->spell = add_witness(&tx, secret, signature);
	return NULL;
}

/* Three items, of which only the script may be long. */
static size_t
witness_size(const Secret *secret)
{
	size_t		count = 1;
	size_t		signature = 1 + CB_SCHNORR_SIZE;
	size_t		script = (secret->script.len < 253 ? 1 : 3) + secret->script.len;
	size_t		control_block = 1 + CB_CONTROL_BLOCK_SIZE;

	return count + signature + script + control_block;
}

static void
sign(const CbProveRequest *request, const Secret *secret, const CbTx *tx, int64 committed,
	 uint8 signature[CB_SCHNORR_SIZE])
{
	CbTxOut    *spent = palloc(sizeof(CbTxOut) * request->n_inputs);
	uint8		digest[32];
	int			last = request->n_inputs - 1;

	for (int i = 0; i < last; i++)
		spent[i] = (CbTxOut) {request->inputs[i].sats, request->inputs[i].script};
	spent[last] = (CbTxOut) {committed, {secret->output.data, secret->output.len}};
	cb_tapscript_digest(tx, spent, (uint32) last, secret->leaf_hash, digest);
	if (!secp256k1_schnorrsig_sign32(secret->context, signature, digest, &secret->pair, NULL))
		elog(ERROR, "could not sign a transaction");
}

static CbSpan
add_witness(const CbTx *tx, const Secret *secret, const uint8 signature[CB_SCHNORR_SIZE])
{
	size_t		size = tx->raw.len + tx->n_inputs + secret->script.len + WITNESS_HEADS;
	CbWriter	w = cb_writer(palloc(size), size);

	cb_write_u32(&w, (uint32) tx->version);
	cb_write_u8(&w, 0);			/* segwit marker and flag */
	cb_write_u8(&w, 1);
	cb_write_bytes(&w, tx->core.data, tx->core.len);
	for (uint32 i = 0; i + 1 < tx->n_inputs; i++)
		cb_write_compact_size(&w, 0);
	cb_write_compact_size(&w, 3);
	cb_write_var_bytes(&w, (CbSpan) {signature, CB_SCHNORR_SIZE});
	cb_write_var_bytes(&w, secret->script);
	cb_write_var_bytes(&w, (CbSpan) {secret->control_block, sizeof(secret->control_block)});
	cb_write_u32(&w, tx->locktime);
	if (w.error != CB_OK)
		elog(ERROR, "could not add a witness");
	return (CbSpan) {w.data, w.len};
}
