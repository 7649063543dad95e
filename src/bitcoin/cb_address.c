/*-------------------------------------------------------------------------
 *
 * cb_address.c
 *	  Scripts from addresses and addresses from scripts.
 *
 * Several networks share their prefixes (the test networks in base58, all of
 * those but regtest in bech32), so the same address can be right for more
 * than one.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"

#include <string.h>

#define HASH160_SIZE 20
#define BASE58_PAYLOAD_SIZE (1 + HASH160_SIZE)

static const char *segwit_hrp(const char *text, size_t text_len);
static bool starts_with_hrp(const char *text, size_t text_len, const char *hrp);
static CbResult segwit_to_script(const char *hrp, const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script);
static CbResult base58_to_script(const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script);
static CbResult refuse(CbResult reason);
static bool is_base58_prefix(uint8_t prefix);
static CbResult base58_address(uint8_t prefix, CbSpan hash, char out[CB_ADDRESS_SIZE]);

CbResult
cb_address_to_script(const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script)
{
	const char *hrp = segwit_hrp(text, text_len);

	if (hrp != NULL)
		return segwit_to_script(hrp, text, text_len, net, script);
	return base58_to_script(text, text_len, net, script);
}

CbResult
cb_script_to_address(CbSpan script, const CbNetwork *net, char out[CB_ADDRESS_SIZE])
{
	CbSpan		payload;
	int			version;

	if (cb_script_witness_program(script, &version, &payload))
		return cb_segwit_encode(net->hrp, version, payload, out);

	switch (cb_script_classify(script, &payload))
	{
		case CB_SCRIPT_PUBKEYHASH:
			return base58_address(net->p2pkh_prefix, payload, out);
		case CB_SCRIPT_SCRIPTHASH:
			return base58_address(net->p2sh_prefix, payload, out);
		default:
			return CB_ERR_ADDRESS;
	}
}

/*
 * The human-readable part the text begins with, of whichever network, or NULL.
 * No base58 address of any network begins like one.
 */
static const char *
segwit_hrp(const char *text, size_t text_len)
{
	for (int id = 0; id < CB_NUM_NETWORKS; id++)
	{
		const char *hrp = cb_network((CbNetworkId) id)->hrp;

		if (starts_with_hrp(text, text_len, hrp))
			return hrp;
	}
	return NULL;
}

static bool
starts_with_hrp(const char *text, size_t text_len, const char *hrp)
{
	size_t		hrp_len = strlen(hrp);

	if (text_len <= hrp_len || text[hrp_len] != '1')
		return false;
	for (size_t i = 0; i < hrp_len; i++)
	{
		/* Setting bit 5 lowers the case of letters, which an hrp is made of. */
		if ((text[i] | 0x20) != hrp[i])
			return false;
	}
	return true;
}

static CbResult
segwit_to_script(const char *hrp, const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script)
{
	uint8_t		program[40];
	CbSpan		span = {program, 0};
	int			version;
	CbResult	result = cb_segwit_decode(hrp, text, text_len, &version, program, &span.len);

	if (result != CB_OK)
		return refuse(result);
	if (strcmp(hrp, net->hrp) != 0)
		return CB_ERR_NETWORK;
	return cb_script_witness(version, span, script) ? CB_OK : CB_ERR_ADDRESS;
}

static CbResult
base58_to_script(const char *text, size_t text_len, const CbNetwork *net, CbScriptBuf *script)
{
	uint8_t		payload[BASE58_PAYLOAD_SIZE];
	size_t		len;
	CbResult	result = cb_base58check_decode(text, text_len, payload, sizeof(payload), &len);

	if (result != CB_OK)
		return refuse(result);
	if (len != sizeof(payload))
		return CB_ERR_ADDRESS;

	if (payload[0] == net->p2pkh_prefix)
		cb_script_p2pkh(payload + 1, script);
	else if (payload[0] == net->p2sh_prefix)
		cb_script_p2sh(payload + 1, script);
	else
		return is_base58_prefix(payload[0]) ? CB_ERR_NETWORK : CB_ERR_ADDRESS;
	return CB_OK;
}

/* A wrong checksum means a mistyped address; all else is no address. */
static CbResult
refuse(CbResult reason)
{
	return reason == CB_ERR_CHECKSUM ? CB_ERR_CHECKSUM : CB_ERR_ADDRESS;
}

/* Does any network use this version byte for addresses? */
static bool
is_base58_prefix(uint8_t prefix)
{
	for (int id = 0; id < CB_NUM_NETWORKS; id++)
	{
		const CbNetwork *net = cb_network((CbNetworkId) id);

		if (prefix == net->p2pkh_prefix || prefix == net->p2sh_prefix)
			return true;
	}
	return false;
}

static CbResult
base58_address(uint8_t prefix, CbSpan hash, char out[CB_ADDRESS_SIZE])
{
	uint8_t		payload[BASE58_PAYLOAD_SIZE];

	payload[0] = prefix;
	memcpy(payload + 1, hash.data, HASH160_SIZE);
	return cb_base58check_encode(payload, sizeof(payload), out, CB_ADDRESS_SIZE);
}
