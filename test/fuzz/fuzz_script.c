/*-------------------------------------------------------------------------
 *
 * fuzz_script.c
 *	  Any bytes as a script: its class says how it is built.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_script.h"

#include "fuzz.h"

static bool is_witness_class(CbScriptClass cls);
static bool rebuild(CbScriptClass cls, CbSpan script, CbSpan payload, CbScriptBuf *built);

static bool
is_witness_class(CbScriptClass cls)
{
	return cls == CB_SCRIPT_WITNESS_V0_KEYHASH || cls == CB_SCRIPT_WITNESS_V0_SCRIPTHASH ||
		cls == CB_SCRIPT_WITNESS_V1_TAPROOT || cls == CB_SCRIPT_ANCHOR || cls == CB_SCRIPT_WITNESS_UNKNOWN;
}

/* False for a class that is not built from its payload. */
static bool
rebuild(CbScriptClass cls, CbSpan script, CbSpan payload, CbScriptBuf *built)
{
	CbSpan		program;
	int			version;

	if (cls == CB_SCRIPT_PUBKEYHASH)
		cb_script_p2pkh(payload.data, built);
	else if (cls == CB_SCRIPT_SCRIPTHASH)
		cb_script_p2sh(payload.data, built);
	else if (is_witness_class(cls))
	{
		INVARIANT(cb_script_witness_program(script, &version, &program));
		INVARIANT(cb_script_witness(version, payload, built));
	}
	else
		return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CbSpan		script = {data, size};
	CbSpan		payload;
	CbSpan		program;
	CbScriptBuf built;
	int			version;
	CbScriptClass cls = cb_script_classify(script, &payload);

	INVARIANT(cls == cb_script_classify(script, NULL));
	INVARIANT(payload.len == 0 || (payload.data >= data && payload.data + payload.len <= data + size));
	if (rebuild(cls, script, payload, &built))
		INVARIANT(built.len == size && memcmp(built.data, data, size) == 0);
	else if (cls != CB_SCRIPT_PUBKEY)
		INVARIANT(payload.len == 0);
	if (cb_script_witness_program(script, &version, &program))
		INVARIANT(version == 0 || is_witness_class(cls));
	INVARIANT((cls == CB_SCRIPT_NULLDATA) <= cb_script_is_unspendable(script));
	INVARIANT((cb_script_dust_limit(script) == 0) == cb_script_is_unspendable(script));
	INVARIANT(strlen(cb_script_class_name(cls)) > 0);
	return 0;
}
