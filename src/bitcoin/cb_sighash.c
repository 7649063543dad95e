/*-------------------------------------------------------------------------
 *
 * cb_sighash.c
 *	  What signatures cover: the hash type at their end.
 *
 * No script is run: each kind of output is spent in one shape, and whatever
 * has another shape could hide a signature from us.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_sighash.h"

#include "cb_script.h"

#include <string.h>


static CbResult check_ecdsa(CbSpan signature);
static CbResult check_key_hash(CbSpan signature, CbSpan key, CbSpan hash);
static CbResult check_pubkeyhash(const CbSpend *spend, CbSpan hash);
static CbResult check_witness_keyhash(const CbSpend *spend, CbSpan hash);
static CbResult check_witness_scripthash(const CbSpend *spend, CbSpan hash);
static CbResult check_taproot(const CbSpend *spend);
static CbResult nested_program(const CbSpend *spend, CbSpan hash, CbSpan *program);
static CbResult check_nested(const CbSpend *spend, CbSpan hash);

CbResult
cb_spend_check_sighash(const CbSpend *spend)
{
	CbSpan		payload;
	CbScriptClass cls = cb_script_classify(spend->script, &payload);

	if (cls == CB_SCRIPT_PUBKEYHASH)
		return check_pubkeyhash(spend, payload);
	if (cls == CB_SCRIPT_SCRIPTHASH)
		return check_nested(spend, payload);
	if (spend->script_sig.len > 0)
		return CB_ERR_UNSUPPORTED;
	switch (cls)
	{
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			return check_witness_keyhash(spend, payload);
		case CB_SCRIPT_WITNESS_V0_SCRIPTHASH:
			return check_witness_scripthash(spend, payload);
		case CB_SCRIPT_WITNESS_V1_TAPROOT:
			return check_taproot(spend);
		default:
			return CB_ERR_UNSUPPORTED;
	}
}

static CbResult
check_ecdsa(CbSpan signature)
{
	if (signature.len < CB_MIN_ECDSA_SIZE || signature.len > CB_MAX_ECDSA_SIZE)
		return CB_ERR_SIGNATURE;
	return signature.data[signature.len - 1] == CB_SIGHASH_ALL ? CB_OK : CB_ERR_SIGHASH;
}

static CbResult
check_key_hash(CbSpan signature, CbSpan key, CbSpan hash)
{
	uint8_t		found[20];

	cb_hash160(key.data, key.len, found);
	if (!cb_script_is_key(key) || memcmp(found, hash.data, sizeof(found)) != 0)
		return CB_ERR_SIGNATURE;
	return check_ecdsa(signature);
}

static CbResult
check_pubkeyhash(const CbSpend *spend, CbSpan hash)
{
	CbReader	r = cb_reader(spend->script_sig.data, spend->script_sig.len);
	CbSpan		signature;
	CbSpan		key;

	(void) cb_script_read_op(&r, &signature);
	(void) cb_script_read_op(&r, &key);
	if (spend->n_items > 0 || r.error != CB_OK || cb_reader_left(&r) > 0)
		return CB_ERR_SIGNATURE;
	return check_key_hash(signature, key, hash);
}

static CbResult
check_witness_keyhash(const CbSpend *spend, CbSpan hash)
{
	CbReader	items = spend->items;
	CbSpan		signature;
	CbSpan		key;

	if (spend->n_items != 2)
		return CB_ERR_SIGNATURE;
	signature = cb_read_var_bytes(&items);
	key = cb_read_var_bytes(&items);
	return check_key_hash(signature, key, hash);
}

/* An empty item for the one that CHECKMULTISIG takes too many, signatures, script. */
static CbResult
check_witness_scripthash(const CbSpend *spend, CbSpan hash)
{
	CbReader	items = spend->items;
	uint8_t		found[32];
	CbSpan		script;

	if (spend->n_items < 3 || cb_read_var_bytes(&items).len > 0)
		return CB_ERR_SIGNATURE;
	for (uint64_t i = 2; i < spend->n_items; i++)
	{
		CbResult	result = check_ecdsa(cb_read_var_bytes(&items));

		if (result != CB_OK)
			return result;
	}
	script = cb_read_var_bytes(&items);
	cb_sha256(script.data, script.len, found);
	if (memcmp(found, hash.data, sizeof(found)) != 0)
		return CB_ERR_SIGNATURE;
	return cb_script_classify(script, NULL) == CB_SCRIPT_MULTISIG ? CB_OK : CB_ERR_UNSUPPORTED;
}

/*
 * 64 bytes have the default type, which covers everything.  More items than
 * the signature are a script path or an annex.
 */
static CbResult
check_taproot(const CbSpend *spend)
{
	CbReader	items = spend->items;
	CbSpan		signature;

	if (spend->n_items == 0)
		return CB_ERR_SIGNATURE;
	if (spend->n_items > 1)
		return CB_ERR_UNSUPPORTED;
	signature = cb_read_var_bytes(&items);
	if (signature.len == CB_SCHNORR_SIZE)
		return CB_OK;
	if (signature.len != CB_SCHNORR_SIZE + 1)
		return CB_ERR_SIGNATURE;
	return signature.data[CB_SCHNORR_SIZE] == CB_SIGHASH_ALL ? CB_OK : CB_ERR_SIGHASH;
}

/* The one push of a scriptSig, if it is the script that the output names. */
static CbResult
nested_program(const CbSpend *spend, CbSpan hash, CbSpan *program)
{
	CbReader	r = cb_reader(spend->script_sig.data, spend->script_sig.len);
	uint8_t		found[20];

	(void) cb_script_read_op(&r, program);
	if (r.error != CB_OK)
		return CB_ERR_SIGNATURE;
	if (cb_reader_left(&r) > 0)
		return CB_ERR_UNSUPPORTED;
	cb_hash160(program->data, program->len, found);
	return memcmp(found, hash.data, sizeof(found)) == 0 ? CB_OK : CB_ERR_SIGNATURE;
}

static CbResult
check_nested(const CbSpend *spend, CbSpan hash)
{
	CbSpan		program;
	CbSpan		payload;
	CbResult	result = nested_program(spend, hash, &program);

	if (result != CB_OK)
		return result;
	switch (cb_script_classify(program, &payload))
	{
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			return check_witness_keyhash(spend, payload);
		case CB_SCRIPT_WITNESS_V0_SCRIPTHASH:
			return check_witness_scripthash(spend, payload);
		default:
			return CB_ERR_UNSUPPORTED;
	}
}
