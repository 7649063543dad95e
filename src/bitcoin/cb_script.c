/*-------------------------------------------------------------------------
 *
 * cb_script.c
 *	  Output scripts: their standard classes and how they are built.
 *
 * Classes are those that Bitcoin Core reports, so that what we say of a
 * script is what a node says.  Sources: BIP-16, BIP-141, BIP-341, and Bitcoin
 * Core's documented relay policy.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_script.h"

#include <string.h>

#define OP_0 0x00
#define OP_PUSHDATA1 0x4c
#define OP_PUSHDATA2 0x4d
#define OP_1 0x51
#define OP_16 0x60
#define OP_DUP 0x76
#define OP_EQUAL 0x87
#define OP_EQUALVERIFY 0x88
#define OP_HASH160 0xa9
#define OP_CHECKSIG 0xac
#define OP_CHECKMULTISIG 0xae

/* A script beyond this can never be spent. */
#define MAX_SCRIPT_SIZE 10000
#define MAX_MULTISIG_KEYS 20

/* What spending an output costs, as the dust rule reckons it. */
#define SPEND_SIZE_LEGACY (32 + 4 + 1 + 107 + 4)
#define SPEND_SIZE_WITNESS (32 + 4 + 1 + 107 / 4 + 4)
#define DUST_SATS_PER_VBYTE 3

static bool is_push_only(CbReader r);
static bool match_pubkey(CbSpan script, CbSpan *key);
static bool match_pubkeyhash(CbSpan script, CbSpan *hash);
static bool match_scripthash(CbSpan script, CbSpan *hash);
static bool op_number(uint8_t op, CbSpan data, uint64_t *number);
static bool match_multisig(CbSpan script);
static CbScriptClass witness_class(int version, CbSpan program);

uint8_t
cb_script_read_op(CbReader *r, CbSpan *data)
{
	uint8_t		op = cb_read_u8(r);
	size_t		len = 0;

	if (op < OP_PUSHDATA1)
		len = op;
	else if (op == OP_PUSHDATA1)
		len = cb_read_u8(r);
	else if (op == OP_PUSHDATA2)
		len = cb_read_u16(r);
	else if (op == CB_OP_PUSHDATA4)
		len = cb_read_u32(r);
	*data = cb_read_bytes(r, len);
	return op;
}

bool
cb_script_is_key(CbSpan key)
{
	if (key.len == 33)
		return key.data[0] == 0x02 || key.data[0] == 0x03;
	if (key.len == 65)
		return key.data[0] == 0x04 || key.data[0] == 0x06 || key.data[0] == 0x07;
	return false;
}

static bool
is_push_only(CbReader r)
{
	CbSpan		data;

	while (cb_reader_left(&r) > 0)
	{
		if (cb_script_read_op(&r, &data) > OP_16)
			return false;
	}
	return r.error == CB_OK;
}

static bool
match_pubkey(CbSpan script, CbSpan *key)
{
	CbSpan		pushed;

	if (script.len < 2 || script.data[0] != script.len - 2 ||
		script.data[script.len - 1] != OP_CHECKSIG)
		return false;
	pushed.data = script.data + 1;
	pushed.len = script.len - 2;
	if (!cb_script_is_key(pushed))
		return false;
	*key = pushed;
	return true;
}

static bool
match_pubkeyhash(CbSpan script, CbSpan *hash)
{
	const uint8_t *s = script.data;

	if (script.len != 25 || s[0] != OP_DUP || s[1] != OP_HASH160 || s[2] != 20 ||
		s[23] != OP_EQUALVERIFY || s[24] != OP_CHECKSIG)
		return false;
	hash->data = s + 3;
	hash->len = 20;
	return true;
}

static bool
match_scripthash(CbSpan script, CbSpan *hash)
{
	const uint8_t *s = script.data;

	if (script.len != 23 || s[0] != OP_HASH160 || s[1] != 20 || s[22] != OP_EQUAL)
		return false;
	hash->data = s + 2;
	hash->len = 20;
	return true;
}

/* 1 to 16 by their opcodes, 17 to 20 as a pushed byte. */
static bool
op_number(uint8_t op, CbSpan data, uint64_t *number)
{
	if (op >= OP_1 && op <= OP_16)
		*number = (uint64_t) (op - OP_1 + 1);
	else if (op == 1 && data.len == 1 && data.data[0] > 16)
		*number = data.data[0];
	else
		return false;
	return *number <= MAX_MULTISIG_KEYS;
}

static bool
match_multisig(CbSpan script)
{
	CbReader	r = cb_reader(script.data, script.len);
	CbSpan		data;
	uint64_t	required;
	uint64_t	n_keys = 0;
	uint64_t	n_claimed;
	uint8_t		op;

	op = cb_script_read_op(&r, &data);
	if (!op_number(op, data, &required))
		return false;
	while (op = cb_script_read_op(&r, &data), cb_script_is_key(data))
		n_keys++;
	if (!op_number(op, data, &n_claimed) || n_claimed != n_keys || required > n_keys)
		return false;
	return cb_read_u8(&r) == OP_CHECKMULTISIG && r.error == CB_OK && cb_reader_left(&r) == 0;
}

static CbScriptClass
witness_class(int version, CbSpan program)
{
	if (version == 0 && program.len == 20)
		return CB_SCRIPT_WITNESS_V0_KEYHASH;
	if (version == 0 && program.len == 32)
		return CB_SCRIPT_WITNESS_V0_SCRIPTHASH;
	if (version == 1 && program.len == 32)
		return CB_SCRIPT_WITNESS_V1_TAPROOT;
	if (version == 1 && program.len == 2 && program.data[0] == 0x4e && program.data[1] == 0x73)
		return CB_SCRIPT_ANCHOR;
	return version == 0 ? CB_SCRIPT_NONSTANDARD : CB_SCRIPT_WITNESS_UNKNOWN;
}

CbScriptClass
cb_script_classify(CbSpan script, CbSpan *payload)
{
	static const CbSpan none = {NULL, 0};
	CbScriptClass cls = CB_SCRIPT_NONSTANDARD;
	CbSpan		found = none;
	int			version;

	if (match_scripthash(script, &found))
		cls = CB_SCRIPT_SCRIPTHASH;
	else if (cb_script_witness_program(script, &version, &found))
		cls = witness_class(version, found);
	else if (script.len > 0 && script.data[0] == CB_OP_RETURN)
	{
		if (is_push_only(cb_reader(script.data + 1, script.len - 1)))
			cls = CB_SCRIPT_NULLDATA;
	}
	else if (match_pubkeyhash(script, &found))
		cls = CB_SCRIPT_PUBKEYHASH;
	else if (match_pubkey(script, &found))
		cls = CB_SCRIPT_PUBKEY;
	else if (match_multisig(script))
		cls = CB_SCRIPT_MULTISIG;

	if (payload != NULL)
		*payload = cls == CB_SCRIPT_NONSTANDARD ? none : found;
	return cls;
}

const char *
cb_script_class_name(CbScriptClass cls)
{
	switch (cls)
	{
		case CB_SCRIPT_NONSTANDARD:
			return "nonstandard";
		case CB_SCRIPT_PUBKEY:
			return "pubkey";
		case CB_SCRIPT_PUBKEYHASH:
			return "pubkeyhash";
		case CB_SCRIPT_SCRIPTHASH:
			return "scripthash";
		case CB_SCRIPT_MULTISIG:
			return "multisig";
		case CB_SCRIPT_NULLDATA:
			return "nulldata";
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			return "witness_v0_keyhash";
		case CB_SCRIPT_WITNESS_V0_SCRIPTHASH:
			return "witness_v0_scripthash";
		case CB_SCRIPT_WITNESS_V1_TAPROOT:
			return "witness_v1_taproot";
		case CB_SCRIPT_ANCHOR:
			return "anchor";
		case CB_SCRIPT_WITNESS_UNKNOWN:
			return "witness_unknown";
	}
	return "nonstandard";
}

bool
cb_script_witness_program(CbSpan script, int *version, CbSpan *program)
{
	const uint8_t *s = script.data;

	if (script.len < 4 || script.len > CB_MAX_ADDRESS_SCRIPT || s[1] != script.len - 2)
		return false;
	if (s[0] != OP_0 && (s[0] < OP_1 || s[0] > OP_16))
		return false;
	*version = s[0] == OP_0 ? 0 : s[0] - OP_1 + 1;
	program->data = s + 2;
	program->len = script.len - 2;
	return true;
}

bool
cb_script_is_unspendable(CbSpan script)
{
	return (script.len > 0 && script.data[0] == CB_OP_RETURN) || script.len > MAX_SCRIPT_SIZE;
}

void
cb_script_p2pkh(const uint8_t hash[20], CbScriptBuf *out)
{
	static const uint8_t before[] = {OP_DUP, OP_HASH160, 20};
	static const uint8_t after[] = {OP_EQUALVERIFY, OP_CHECKSIG};
	CbWriter	w = cb_writer(out->data, sizeof(out->data));

	cb_write_bytes(&w, before, sizeof(before));
	cb_write_bytes(&w, hash, 20);
	cb_write_bytes(&w, after, sizeof(after));
	out->len = w.len;
}

void
cb_script_p2sh(const uint8_t hash[20], CbScriptBuf *out)
{
	static const uint8_t before[] = {OP_HASH160, 20};
	CbWriter	w = cb_writer(out->data, sizeof(out->data));

	cb_write_bytes(&w, before, sizeof(before));
	cb_write_bytes(&w, hash, 20);
	cb_write_u8(&w, OP_EQUAL);
	out->len = w.len;
}

bool
cb_script_witness(int version, CbSpan program, CbScriptBuf *out)
{
	CbWriter	w = cb_writer(out->data, sizeof(out->data));

	out->len = 0;
	if (version < 0 || version > 16 || program.len < 2 || program.len > 40)
		return false;
	cb_write_u8(&w, (uint8_t) (version == 0 ? OP_0 : OP_1 + version - 1));
	cb_write_u8(&w, (uint8_t) program.len);
	cb_write_bytes(&w, program.data, program.len);
	out->len = w.len;
	return true;
}

int64_t
cb_script_dust_limit(CbSpan script)
{
	uint8_t		size_bytes[9];
	CbWriter	size = cb_writer(size_bytes, sizeof(size_bytes));
	size_t		vbytes;
	int			version;
	CbSpan		program;

	if (cb_script_is_unspendable(script))
		return 0;
	cb_write_compact_size(&size, script.len);
	vbytes = sizeof(int64_t) + size.len + script.len;
	vbytes += cb_script_witness_program(script, &version, &program) ? SPEND_SIZE_WITNESS : SPEND_SIZE_LEGACY;
	return (int64_t) vbytes * DUST_SATS_PER_VBYTE;
}
