/*-------------------------------------------------------------------------
 *
 * cb_psbt_finalize.c
 *	  Making inputs final whose signatures are all there.
 *
 * Signatures are not verified, only put where the script wants them: a node
 * verifies.  Nothing is decided by a field that the output spent does not
 * commit to.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

#include "cb_script.h"
#include "cb_sighash.h"

#include <string.h>

#define OP_1 0x51
#define MAX_SIGNATURES 16		/* that a script asks for by one opcode */

/* What an input is spent with. */
typedef struct Final
{
	CbSpan		redeem_script;	/* pushed by the scriptSig */
	bool		is_legacy;		/* the items are pushed too, and nothing is a witness */
	CbSpan		items[1 + MAX_SIGNATURES + 1];
	size_t		n_items;
} Final;

static bool find_final(const CbPsbtInput *in, const CbOutpoint *prevout, Final *final);
static bool find_program(const CbPsbtInput *in, CbSpan script, Final *final);
static bool find_nested(const CbPsbtInput *in, CbSpan hash, Final *final);
static bool find_key_spend(const CbPsbtInput *in, CbSpan key_hash, Final *final);
static bool find_multisig(const CbPsbtInput *in, CbSpan script_hash, Final *final);
static bool add_multisig(const CbPsbtInput *in, Final *final);
static bool find_signature(const CbPsbtInput *in, CbSpan key, CbSpan *signature);
static void write_final(CbWriter *w, const Final *final);
static void write_script_sig(CbWriter *w, const Final *final);
static void write_push(CbWriter *w, CbSpan data);
static void copy_records(CbWriter *w, CbSpan map, bool (*is_kept) (const CbPsbtRecord *));
static bool is_any(const CbPsbtRecord *record);
static bool outlives_signing(const CbPsbtRecord *record);

CbResult
cb_psbt_finalize(const CbPsbt *psbt, CbWriter *w)
{
	CbTxInIter	it = cb_tx_inputs(&psbt->tx);
	CbPsbtMaps	maps = cb_psbt_inputs(psbt);
	CbTxIn		in;
	CbPsbtInput fields;

	cb_write_bytes(w, CB_PSBT_MAGIC, CB_PSBT_MAGIC_SIZE);
	copy_records(w, psbt->global, is_any);
	cb_psbt_write_end(w);
	while (cb_tx_next_input(&it, &in) && cb_psbt_next_input(&maps, &fields))
	{
		Final		final = {.n_items = 0};
		bool		is_done = cb_psbt_input_is_final(&fields) || !find_final(&fields, &in.prevout, &final);

		copy_records(w, fields.map, is_done ? is_any : outlives_signing);
		if (!is_done)
			write_final(w, &final);
		cb_psbt_write_end(w);
	}
	cb_write_bytes(w, psbt->outputs.data, psbt->outputs.len);
	return w->error;
}

/* True where all that the spend needs is there. */
static bool
find_final(const CbPsbtInput *in, const CbOutpoint *prevout, Final *final)
{
	CbTxOut		spent;
	CbSpan		payload;

	if (!cb_psbt_spent_output(in, prevout, &spent))
		return false;
	switch (cb_script_classify(spent.script, &payload))
	{
		case CB_SCRIPT_PUBKEYHASH:
			final->is_legacy = true;
			return find_key_spend(in, payload, final);
		case CB_SCRIPT_SCRIPTHASH:
			return find_nested(in, payload, final);
		case CB_SCRIPT_WITNESS_V1_TAPROOT:
			final->items[final->n_items++] = in->tap_key_sig;
			return in->tap_key_sig.len > 0;
		default:
			return find_program(in, spent.script, final);
	}
}

static bool
find_program(const CbPsbtInput *in, CbSpan script, Final *final)
{
	CbSpan		payload;

	switch (cb_script_classify(script, &payload))
	{
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			return find_key_spend(in, payload, final);
		case CB_SCRIPT_WITNESS_V0_SCRIPTHASH:
			return find_multisig(in, payload, final);
		default:
			return false;
	}
}

static bool
find_nested(const CbPsbtInput *in, CbSpan hash, Final *final)
{
	uint8_t		found[20];

	final->redeem_script = in->redeem_script;
	cb_hash160(in->redeem_script.data, in->redeem_script.len, found);
	return memcmp(found, hash.data, sizeof(found)) == 0 && find_program(in, in->redeem_script, final);
}

/* The signature by the key that has the hash, and the key. */
static bool
find_key_spend(const CbPsbtInput *in, CbSpan key_hash, Final *final)
{
	CbReader	r = cb_psbt_records(in->map);
	CbPsbtRecord record;

	while (cb_psbt_next_record(&r, &record))
	{
		uint8_t		found[20];

		if (record.type != CB_PSBT_IN_PARTIAL_SIG)
			continue;
		cb_hash160(record.key_data.data, record.key_data.len, found);
		if (memcmp(found, key_hash.data, sizeof(found)) != 0)
			continue;
		final->items[final->n_items++] = record.value;
		final->items[final->n_items++] = record.key_data;
		return true;
	}
	return false;
}

/* An empty item first, for the one that CHECKMULTISIG takes too many. */
static bool
find_multisig(const CbPsbtInput *in, CbSpan script_hash, Final *final)
{
	uint8_t		found[32];

	cb_sha256(in->witness_script.data, in->witness_script.len, found);
	if (memcmp(found, script_hash.data, sizeof(found)) != 0 ||
		cb_script_classify(in->witness_script, NULL) != CB_SCRIPT_MULTISIG)
		return false;
	final->items[final->n_items++] = (CbSpan) {NULL, 0};
	if (!add_multisig(in, final))
		return false;
	final->items[final->n_items++] = in->witness_script;
	return true;
}

/* As many signatures as the script asks for, in the order of its keys. */
static bool
add_multisig(const CbPsbtInput *in, Final *final)
{
	CbReader	r = cb_reader(in->witness_script.data, in->witness_script.len);
	CbSpan		key;
	int			wanted = cb_script_read_op(&r, &key) - OP_1 + 1;

	if (wanted < 1 || wanted > MAX_SIGNATURES)
		return false;
	while (wanted > 0)
	{
		(void) cb_script_read_op(&r, &key);
		if (!cb_script_is_key(key))
			return false;
		if (!find_signature(in, key, &final->items[final->n_items]))
			continue;
		final->n_items++;
		wanted--;
	}
	return true;
}

static bool
find_signature(const CbPsbtInput *in, CbSpan key, CbSpan *signature)
{
	CbReader	r = cb_psbt_records(in->map);
	CbPsbtRecord record;

	while (cb_psbt_next_record(&r, &record))
	{
		if (record.type == CB_PSBT_IN_PARTIAL_SIG && cb_span_equal(record.key_data, key))
		{
			*signature = record.value;
			return true;
		}
	}
	return false;
}

static void
write_final(CbWriter *w, const Final *final)
{
	if (final->is_legacy || final->redeem_script.len > 0)
		write_script_sig(w, final);
	if (!final->is_legacy)
		cb_psbt_write_final_items(w, final->items, final->n_items);
}

static void
write_script_sig(CbWriter *w, const Final *final)
{
	uint8_t		script_sig[2 * (1 + CB_MAX_ECDSA_SIZE)];
	CbWriter	s = cb_writer(script_sig, sizeof(script_sig));

	for (size_t i = 0; final->is_legacy && i < final->n_items; i++)
		write_push(&s, final->items[i]);
	if (final->redeem_script.len > 0)
		write_push(&s, final->redeem_script);
	cb_psbt_write_field(w, CB_PSBT_IN_FINAL_SCRIPTSIG, (CbSpan) {script_sig, s.len});
}

/* A signature, a key or a program: one byte says how long it is. */
static void
write_push(CbWriter *w, CbSpan data)
{
	cb_write_u8(w, (uint8_t) data.len);
	cb_write_bytes(w, data.data, data.len);
}

static void
copy_records(CbWriter *w, CbSpan map, bool (*is_kept) (const CbPsbtRecord *))
{
	CbReader	r = cb_psbt_records(map);
	CbPsbtRecord record;

	while (cb_psbt_next_record(&r, &record))
	{
		if (!is_kept(&record))
			continue;
		cb_write_var_bytes(w, record.key);
		cb_write_var_bytes(w, record.value);
	}
}

static bool
is_any(const CbPsbtRecord *record)
{
	(void) record;
	return true;
}

/* BIP-174: the outputs spent, and what is not known here. */
static bool
outlives_signing(const CbPsbtRecord *record)
{
	return record->type == CB_PSBT_IN_NON_WITNESS_UTXO || record->type == CB_PSBT_IN_WITNESS_UTXO ||
		record->type > CB_PSBT_IN_TAP_MERKLE_ROOT;
}
