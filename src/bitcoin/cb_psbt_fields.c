/*-------------------------------------------------------------------------
 *
 * cb_psbt_fields.c
 *	  What the records of a PSBT must look like, by type.
 *
 * BIP-174 wants a PSBT refused when a key or a value is not as its type says.
 * Only form is checked: whether a signature or a script fits is for whoever
 * signs or verifies.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_psbt_internal.h"

#include "cb_script.h"
#include "cb_sighash.h"

#define STEP_SIZE 4
#define FINGERPRINT_SIZE 4
#define HASH_SIZE 32

#define XPUB_SIZE 78
#define XPUB_DEPTH_AT 4

/* BIP-341: leaf version and internal key, then up to 128 hashes. */
#define CONTROL_BASE_SIZE 33
#define MAX_TREE_DEPTH 128

typedef enum KeyForm
{
	KEY_NONE,
	KEY_PUBKEY,
	KEY_XPUB,
	KEY_20_BYTES,
	KEY_32_BYTES,
	KEY_64_BYTES,
	KEY_CONTROL_BLOCK,
	KEY_EXCLUDED				/* not in version 0 */
} KeyForm;

typedef enum ValueForm
{
	VALUE_ANY,
	VALUE_VERSION,
	VALUE_UINT32,
	VALUE_32_BYTES,
	VALUE_TX,
	VALUE_TXOUT,
	VALUE_ECDSA,
	VALUE_SCHNORR,
	VALUE_ORIGIN,
	VALUE_XPUB_ORIGIN,
	VALUE_TAP_ORIGIN,
	VALUE_STACK,
	VALUE_LEAF,
	VALUE_TREE
} ValueForm;

typedef struct Field
{
	uint8_t		first;			/* types from here */
	uint8_t		last;			/* to here */
	KeyForm		key;
	ValueForm	value;
} Field;

static const Field global_fields[] = {
	{CB_PSBT_GLOBAL_UNSIGNED_TX, CB_PSBT_GLOBAL_UNSIGNED_TX, KEY_NONE, VALUE_ANY},
	{CB_PSBT_GLOBAL_XPUB, CB_PSBT_GLOBAL_XPUB, KEY_XPUB, VALUE_XPUB_ORIGIN},
	{0x02, 0x06, KEY_EXCLUDED, VALUE_ANY},
	{CB_PSBT_GLOBAL_VERSION, CB_PSBT_GLOBAL_VERSION, KEY_NONE, VALUE_VERSION},
};

static const Field input_fields[] = {
	{CB_PSBT_IN_NON_WITNESS_UTXO, CB_PSBT_IN_NON_WITNESS_UTXO, KEY_NONE, VALUE_TX},
	{CB_PSBT_IN_WITNESS_UTXO, CB_PSBT_IN_WITNESS_UTXO, KEY_NONE, VALUE_TXOUT},
	{CB_PSBT_IN_PARTIAL_SIG, CB_PSBT_IN_PARTIAL_SIG, KEY_PUBKEY, VALUE_ECDSA},
	{CB_PSBT_IN_SIGHASH_TYPE, CB_PSBT_IN_SIGHASH_TYPE, KEY_NONE, VALUE_UINT32},
	{CB_PSBT_IN_REDEEM_SCRIPT, CB_PSBT_IN_WITNESS_SCRIPT, KEY_NONE, VALUE_ANY},
	{CB_PSBT_IN_BIP32_DERIVATION, CB_PSBT_IN_BIP32_DERIVATION, KEY_PUBKEY, VALUE_ORIGIN},
	{CB_PSBT_IN_FINAL_SCRIPTSIG, CB_PSBT_IN_FINAL_SCRIPTSIG, KEY_NONE, VALUE_ANY},
	{CB_PSBT_IN_FINAL_SCRIPTWITNESS, CB_PSBT_IN_FINAL_SCRIPTWITNESS, KEY_NONE, VALUE_STACK},
	{0x0a, 0x0a, KEY_20_BYTES, VALUE_ANY},	/* preimages of hashes */
	{0x0b, 0x0b, KEY_32_BYTES, VALUE_ANY},
	{0x0c, 0x0c, KEY_20_BYTES, VALUE_ANY},
	{0x0d, 0x0d, KEY_32_BYTES, VALUE_ANY},
	{0x0e, 0x12, KEY_EXCLUDED, VALUE_ANY},
	{CB_PSBT_IN_TAP_KEY_SIG, CB_PSBT_IN_TAP_KEY_SIG, KEY_NONE, VALUE_SCHNORR},
	{CB_PSBT_IN_TAP_SCRIPT_SIG, CB_PSBT_IN_TAP_SCRIPT_SIG, KEY_64_BYTES, VALUE_SCHNORR},
	{CB_PSBT_IN_TAP_LEAF_SCRIPT, CB_PSBT_IN_TAP_LEAF_SCRIPT, KEY_CONTROL_BLOCK, VALUE_LEAF},
	{CB_PSBT_IN_TAP_BIP32_DERIVATION, CB_PSBT_IN_TAP_BIP32_DERIVATION, KEY_32_BYTES, VALUE_TAP_ORIGIN},
	{CB_PSBT_IN_TAP_INTERNAL_KEY, CB_PSBT_IN_TAP_MERKLE_ROOT, KEY_NONE, VALUE_32_BYTES},
};

static const Field output_fields[] = {
	{CB_PSBT_OUT_REDEEM_SCRIPT, CB_PSBT_OUT_WITNESS_SCRIPT, KEY_NONE, VALUE_ANY},
	{CB_PSBT_OUT_BIP32_DERIVATION, CB_PSBT_OUT_BIP32_DERIVATION, KEY_PUBKEY, VALUE_ORIGIN},
	{0x03, 0x04, KEY_EXCLUDED, VALUE_ANY},
	{CB_PSBT_OUT_TAP_INTERNAL_KEY, CB_PSBT_OUT_TAP_INTERNAL_KEY, KEY_NONE, VALUE_32_BYTES},
	{CB_PSBT_OUT_TAP_TREE, CB_PSBT_OUT_TAP_TREE, KEY_NONE, VALUE_TREE},
	{CB_PSBT_OUT_TAP_BIP32_DERIVATION, CB_PSBT_OUT_TAP_BIP32_DERIVATION, KEY_32_BYTES, VALUE_TAP_ORIGIN},
};

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct
{
	const Field *fields;
	size_t		n_fields;
}			scopes[CB_PSBT_NUM_SCOPES] = {
	{global_fields, LENGTH_OF(global_fields)},
	{input_fields, LENGTH_OF(input_fields)},
	{output_fields, LENGTH_OF(output_fields)},
};

static bool is_key(KeyForm form, CbSpan key);
static bool is_origin(size_t len);
static bool is_tap_origin(CbSpan value);
static bool is_txout(CbSpan value);
static bool is_stack(CbSpan value);
static bool is_tree(CbSpan value);
static bool is_value(ValueForm form, const CbPsbtRecord *record);
static CbResult check_value(ValueForm form, const CbPsbtRecord *record);

CbResult
cb_psbt_check_record(CbPsbtScope scope, const CbPsbtRecord *record)
{
	for (size_t i = 0; i < scopes[scope].n_fields; i++)
	{
		const Field *field = &scopes[scope].fields[i];

		if (record->type < field->first || record->type > field->last)
			continue;
		if (!is_key(field->key, record->key_data))
			return CB_ERR_PSBT;
		return check_value(field->value, record);
	}
	return CB_OK;
}

static bool
is_key(KeyForm form, CbSpan key)
{
	switch (form)
	{
		case KEY_NONE:
			return key.len == 0;
		case KEY_PUBKEY:
			return cb_script_is_key(key);
		case KEY_XPUB:
			return key.len == XPUB_SIZE;
		case KEY_20_BYTES:
			return key.len == 20;
		case KEY_32_BYTES:
			return key.len == 32;
		case KEY_64_BYTES:
			return key.len == 64;
		case KEY_CONTROL_BLOCK:
			return key.len >= CONTROL_BASE_SIZE && (key.len - CONTROL_BASE_SIZE) % HASH_SIZE == 0 &&
				key.len <= CONTROL_BASE_SIZE + MAX_TREE_DEPTH * HASH_SIZE;
		case KEY_EXCLUDED:
			return false;
	}
	return false;
}

/* The fingerprint of the master key, and steps. */
static bool
is_origin(size_t len)
{
	return len >= FINGERPRINT_SIZE && (len - FINGERPRINT_SIZE) % STEP_SIZE == 0;
}

/* Leaf hashes before the origin. */
static bool
is_tap_origin(CbSpan value)
{
	CbReader	r = cb_reader(value.data, value.len);
	uint64_t	n_leaves = cb_read_count(&r, HASH_SIZE);

	(void) cb_read_bytes(&r, (size_t) n_leaves * HASH_SIZE);
	return r.error == CB_OK && is_origin(cb_reader_left(&r));
}

static bool
is_txout(CbSpan value)
{
	CbReader	r = cb_reader(value.data, value.len);
	uint64_t	sats = cb_read_u64(&r);

	(void) cb_read_var_bytes(&r);
	return r.error == CB_OK && cb_reader_left(&r) == 0 && sats <= (uint64_t) CB_MAX_MONEY;
}

static bool
is_stack(CbSpan value)
{
	CbReader	r = cb_reader(value.data, value.len);
	uint64_t	n_items = cb_read_count(&r, 1);

	for (uint64_t i = 0; i < n_items && r.error == CB_OK; i++)
		(void) cb_read_var_bytes(&r);
	return r.error == CB_OK && cb_reader_left(&r) == 0;
}

/* Leaves with their depth and version, whose lowest bit is never set. */
static bool
is_tree(CbSpan value)
{
	CbReader	r = cb_reader(value.data, value.len);

	do
	{
		uint8_t		depth = cb_read_u8(&r);
		uint8_t		version = cb_read_u8(&r);

		(void) cb_read_var_bytes(&r);
		if (r.error != CB_OK || depth > MAX_TREE_DEPTH || (version & 1) != 0)
			return false;
	} while (cb_reader_left(&r) > 0);
	return true;
}

static bool
is_value(ValueForm form, const CbPsbtRecord *record)
{
	CbSpan		value = record->value;

	switch (form)
	{
		case VALUE_ANY:
			return true;
		case VALUE_VERSION:
		case VALUE_UINT32:
			return value.len == 4;
		case VALUE_32_BYTES:
			return value.len == 32;
		case VALUE_TX:
			return value.len > 0;
		case VALUE_TXOUT:
			return is_txout(value);
		case VALUE_ECDSA:
			return value.len >= CB_MIN_ECDSA_SIZE && value.len <= CB_MAX_ECDSA_SIZE;
		case VALUE_SCHNORR:
			return value.len == CB_SCHNORR_SIZE || value.len == CB_SCHNORR_SIZE + 1;
		case VALUE_ORIGIN:
			return is_origin(value.len);
		case VALUE_XPUB_ORIGIN:
			return value.len == FINGERPRINT_SIZE + (size_t) record->key_data.data[XPUB_DEPTH_AT] * STEP_SIZE;
		case VALUE_TAP_ORIGIN:
			return is_tap_origin(value);
		case VALUE_STACK:
			return is_stack(value);
		case VALUE_LEAF:
			return value.len > 0;
		case VALUE_TREE:
			return is_tree(value);
	}
	return false;
}

static CbResult
check_value(ValueForm form, const CbPsbtRecord *record)
{
	CbTx		tx;

	if (!is_value(form, record))
		return CB_ERR_PSBT;
	if (form == VALUE_VERSION && cb_load_le32(record->value.data) != 0)
		return CB_ERR_PSBT_VERSION;
	if (form == VALUE_TX)
		return cb_tx_parse(record->value.data, record->value.len, &tx);
	return CB_OK;
}
