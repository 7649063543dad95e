/*-------------------------------------------------------------------------
 *
 * cb_message.c
 *	  Verifying signed messages: which kind of signature is it?
 *
 * Legacy signatures are 65 bytes that begin with one of 16 headers; a BIP-322
 * "simple" signature is a witness stack, of which the kinds accepted here are
 * never that long and begin with a count of 1 or 2.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_base64.h"
#include "cb_message_internal.h"

#include <string.h>

/* More than any witness of one key: a signature of 73 bytes and a key of 33. */
#define MAX_SIGNATURE 128

/* BIP-322 names its formats by three letters before the base64. */
#define PREFIX_LEN 3
#define PREFIX_SIMPLE "smp"
#define PREFIX_FULL "ful"
#define PREFIX_PROOF_OF_FUNDS "pof"

static CbResult parse_address(const char *address, const CbNetwork *net, CbScriptBuf *script);
static bool is_supported(CbSpan script);
static bool has_prefix(const char *text, size_t len, const char *prefix);

CbResult
cb_message_verify(const char *address, const uint8_t *message, size_t message_len,
				  const char *signature, size_t signature_len, const CbNetwork *net, bool *valid)
{
	uint8_t		raw[MAX_SIGNATURE];
	CbScriptBuf script;
	CbSpan		message_span = {message, message_len};
	CbSpan		script_span;
	CbSpan		raw_span = {raw, 0};
	bool		is_simple = has_prefix(signature, signature_len, PREFIX_SIMPLE);
	CbResult	result;

	*valid = false;
	result = parse_address(address, net, &script);
	if (result != CB_OK)
		return result;
	script_span.data = script.data;
	script_span.len = script.len;
	if (!is_supported(script_span) ||
		has_prefix(signature, signature_len, PREFIX_FULL) ||
		has_prefix(signature, signature_len, PREFIX_PROOF_OF_FUNDS))
		return CB_ERR_UNSUPPORTED;

	if (is_simple)
	{
		signature += PREFIX_LEN;
		signature_len -= PREFIX_LEN;
	}
	if (cb_base64_decode(signature, signature_len, raw, sizeof(raw), &raw_span.len) != CB_OK)
		return CB_ERR_SIGNATURE;

	if (!is_simple && raw_span.len == CB_LEGACY_SIGNATURE_SIZE && cb_legacy_is_header(raw[0]))
	{
		*valid = cb_legacy_verify(raw, message_span, script_span);
		return CB_OK;
	}
	return cb_bip322_verify(raw_span, message_span, script_span, valid);
}

static CbResult
parse_address(const char *address, const CbNetwork *net, CbScriptBuf *script)
{
	CbResult	result = cb_address_to_script(address, strlen(address), net, script);

	return result == CB_OK || result == CB_ERR_NETWORK ? result : CB_ERR_ADDRESS;
}

/* A script hash is taken for that of p2wpkh; only a signature could tell. */
static bool
is_supported(CbSpan script)
{
	switch (cb_script_classify(script, NULL))
	{
		case CB_SCRIPT_PUBKEYHASH:
		case CB_SCRIPT_SCRIPTHASH:
		case CB_SCRIPT_WITNESS_V0_KEYHASH:
		case CB_SCRIPT_WITNESS_V1_TAPROOT:
			return true;
		default:
			return false;
	}
}

static bool
has_prefix(const char *text, size_t len, const char *prefix)
{
	return len >= PREFIX_LEN && memcmp(text, prefix, PREFIX_LEN) == 0;
}
