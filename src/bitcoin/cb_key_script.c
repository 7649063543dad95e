/*-------------------------------------------------------------------------
 *
 * cb_key_script.c
 *	  Scripts that pay to one key, named by its hash160.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_hash.h"
#include "cb_key_script.h"

#include <string.h>

void
cb_script_p2wpkh(const uint8_t key_hash[20], CbScriptBuf *out)
{
	CbSpan		program = {key_hash, 20};

	cb_script_witness(0, program, out);
}

void
cb_script_p2sh_p2wpkh(const uint8_t key_hash[20], CbScriptBuf *out)
{
	uint8_t		script_hash[20];

	cb_script_p2wpkh(key_hash, out);
	cb_hash160(out->data, out->len, script_hash);
	cb_script_p2sh(script_hash, out);
}

bool
cb_script_pays_key_hash(CbSpan script, const uint8_t key_hash[20])
{
	CbScriptBuf expected;

	switch (cb_script_classify(script, NULL))
	{
		case CB_SCRIPT_PUBKEYHASH:
			cb_script_p2pkh(key_hash, &expected);
			break;
		case CB_SCRIPT_SCRIPTHASH:
			cb_script_p2sh_p2wpkh(key_hash, &expected);
			break;
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
			cb_script_p2wpkh(key_hash, &expected);
			break;
		default:
			return false;
	}
	return script.len == expected.len && memcmp(script.data, expected.data, expected.len) == 0;
}
