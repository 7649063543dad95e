/*-------------------------------------------------------------------------
 *
 * test_script.c
 *	  Classes of output scripts, their payloads and dust limits.
 *
 * Dust limits are those that Bitcoin Core states for its standard outputs.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_script.h"

#include "tap.h"
#include "vectors.h"

#define HASH20 "000102030405060708090a0b0c0d0e0f10111213"
#define HASH32 HASH20 "1415161718191a1b1c1d1e1f"
#define KEY33 "02" HASH32
#define KEY65 "04" HASH32 HASH32

typedef struct ScriptCase
{
	const char *script;
	const char *cls;
	const char *payload;
	int64_t		dust;
} ScriptCase;

static const ScriptCase cases[] = {
	{"76a914" HASH20 "88ac", "pubkeyhash", HASH20, 546},
	{"a914" HASH20 "87", "scripthash", HASH20, 540},
	{"0014" HASH20, "witness_v0_keyhash", HASH20, 294},
	{"0020" HASH32, "witness_v0_scripthash", HASH32, 330},
	{"5120" HASH32, "witness_v1_taproot", HASH32, 330},
	{"51024e73", "anchor", "4e73", 240},
	{"51024e74", "witness_unknown", "4e74", 240},
	{"5220" HASH32, "witness_unknown", HASH32, 330},
	{"6028" HASH20 HASH20, "witness_unknown", HASH20 HASH20, 354},
	{"21" KEY33 "ac", "pubkey", KEY33, 576},
	{"41" KEY65 "ac", "pubkey", KEY65, 672},
	{"4106" HASH32 HASH32 "ac", "pubkey", "06" HASH32 HASH32, 672},
	{"5121" KEY33 "51ae", "multisig", "", 582},
	{"5221" KEY33 "41" KEY65 "52ae", "multisig", "", 780},
	{"6a", "nulldata", "", 0},
	{"6a24aa21a9ed" HASH32, "nulldata", "", 0},
	{"6a5d0100", "nulldata", "", 0},

	/* Almost one of the above. */
	{"", "nonstandard", "", 471},
	{"00", "nonstandard", "", 474},
	{"76a914" HASH20 "88", "nonstandard", "", 543},
	{"76a914" HASH20 "88ad", "nonstandard", "", 546},
	{"76a814" HASH20 "88ac", "nonstandard", "", 546},
	{"76a915" HASH20 "88ac", "nonstandard", "", 546},
	{"a914" HASH20 "88", "nonstandard", "", 540},
	{"a913" HASH20 "87", "nonstandard", "", 540},
	{"0015" HASH20 "00", "nonstandard", "", 297},
	{"0014" HASH20 "00", "nonstandard", "", 540},
	{"000100", "nonstandard", "", 480},
	{"5101ff", "nonstandard", "", 480},
	{"6029" HASH20 HASH20 "00", "nonstandard", "", 600},
	{"4f20" HASH32, "nonstandard", "", 573},
	{"6120" HASH32, "nonstandard", "", 573},
	{"4c20" HASH32, "nonstandard", "", 573},
	{"2105" HASH32 "ac", "nonstandard", "", 576},
	{"2104" HASH32 "ac", "nonstandard", "", 576},
	{"4102" HASH32 HASH32 "ac", "nonstandard", "", 672},
	{"21" KEY33 "ad", "nonstandard", "", 576},
	{"5021" KEY33 "51ae", "nonstandard", "", 582},
	{"0021" KEY33 "51ae", "nonstandard", "", 582},
	{"5221" KEY33 "51ae", "nonstandard", "", 582},
	{"5121" KEY33 "52ae", "nonstandard", "", 582},
	{"5121" KEY33 "51af", "nonstandard", "", 582},
	{"5121" KEY33 "51", "nonstandard", "", 579},
	{"5121" KEY33 "51aeae", "nonstandard", "", 585},
	{"5151ae", "nonstandard", "", 480},
	{"6a61", "nonstandard", "", 0},
	{"6aac", "nonstandard", "", 0},
	{"6a05aabb", "nonstandard", "", 0},
	{"6a4c", "nonstandard", "", 0},
	{"6a4dff", "nonstandard", "", 0},
	{"6a4effffffff00", "nonstandard", "", 0},
};

static void
test_classes(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const ScriptCase *c = &cases[i];
		CbSpan		script;
		CbSpan		payload;
		uint8_t    *data = hex_bytes(c->script, &script.len);
		char		payload_hex[161] = {0};

		script.data = data;
		is_str(cb_script_class_name(cb_script_classify(script, &payload)), c->cls, "class of \"%s\"", c->script);
		if (ok(payload.len <= 80, "its payload is bounded"))
			cb_hex_encode(payload.data, payload.len, payload_hex);
		is_str(payload_hex, c->payload, "its payload");
		is_int(cb_script_dust_limit(script), c->dust, "its dust limit");
		is_str(cb_script_class_name(cb_script_classify(script, NULL)), c->cls, "its class without asking for the payload");
		free(data);
	}
}

/* Multisig of n keys, with the count as given: an opcode or a pushed byte. */
static void
multisig(int n_keys, const char *count, const char *wanted)
{
	char		hex[4096] = "51";
	CbSpan		script;
	uint8_t    *data;

	for (int i = 0; i < n_keys; i++)
		strcat(hex, "21" KEY33);
	strcat(hex, count);
	strcat(hex, "ae");
	data = hex_bytes(hex, &script.len);
	script.data = data;
	is_str(cb_script_class_name(cb_script_classify(script, NULL)), wanted, "%d keys counted as %s", n_keys, count);
	free(data);
}

static void
test_multisig(void)
{
	multisig(16, "60", "multisig");
	multisig(17, "0111", "multisig");
	multisig(20, "0114", "multisig");
	multisig(21, "0115", "nonstandard");
	multisig(16, "0110", "nonstandard");
	multisig(17, "4c0111", "nonstandard");
	multisig(17, "021100", "nonstandard");
	multisig(3, "52", "nonstandard");
}

static void
is_script(const CbScriptBuf *script, const char *wanted, const char *what)
{
	char		hex[2 * CB_MAX_ADDRESS_SCRIPT + 1] = {0};

	cb_hex_encode(script->data, script->len, hex);
	is_str(hex, wanted, "%s", what);
}

static void
test_building(void)
{
	size_t		len;
	uint8_t    *hash = hex_bytes(HASH20 HASH20 "00", &len);
	CbSpan		program = {hash, 20};
	CbSpan		found;
	CbScriptBuf script;
	int			version;

	cb_script_p2pkh(hash, &script);
	is_script(&script, "76a914" HASH20 "88ac", "p2pkh is built");
	cb_script_p2sh(hash, &script);
	is_script(&script, "a914" HASH20 "87", "p2sh is built");
	ok(!cb_script_witness(17, program, &script), "no witness version 17");
	ok(!cb_script_witness(-1, program, &script), "no witness version -1");
	program.len = 1;
	ok(!cb_script_witness(1, program, &script), "no program of one byte");
	program.len = 41;
	ok(!cb_script_witness(1, program, &script), "no program of 41 bytes");
	is_int((int64_t) script.len, 0, "and nothing is built");

	for (int v = 0; v <= 16; v++)
	{
		CbSpan		whole;

		program.len = 2 + (size_t) v * 2;
		ok(cb_script_witness(v, program, &script), "witness version %d is built", v);
		whole = (CbSpan) {script.data, script.len};
		ok(cb_script_witness_program(whole, &version, &found) && version == v &&
		   found.len == program.len && memcmp(found.data, hash, found.len) == 0, "and read back");
		whole.len--;
		ok(!cb_script_witness_program(whole, &version, &found), "but not when cut");
	}
	free(hash);
}

static void
test_unspendable(void)
{
	uint8_t    *data = calloc(1, 10001);
	CbSpan		script = {data, 10000};

	ok(!cb_script_is_unspendable(script), "10000 bytes can be spent");
	is_int(cb_script_dust_limit(script), 3 * (8 + 3 + 10000 + 148), "at a price");
	script.len++;
	ok(cb_script_is_unspendable(script), "10001 bytes cannot");
	is_int(cb_script_dust_limit(script), 0, "so they are never dust");
	script.len = 1;
	data[0] = 0x6a;
	ok(cb_script_is_unspendable(script), "nor can OP_RETURN");
	script.len = 0;
	ok(!cb_script_is_unspendable(script), "an empty script can");
	free(data);
}

int
main(void)
{
	test_classes();
	test_multisig();
	test_building();
	test_unspendable();
	return done();
}
