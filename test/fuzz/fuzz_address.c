/*-------------------------------------------------------------------------
 *
 * fuzz_address.c
 *	  Any text is an address or is not; any script has one or has not.
 *
 * What is decoded is encoded to the same text (bech32 in small letters) and
 * what is encoded is decoded to the same script, on every network.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text, size_t len, const CbNetwork *net);
static void check_script(CbSpan script, const CbNetwork *net);
static void check_base58(const uint8_t *data, size_t len);

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CbSpan		script = {data, len};

	for (int id = 0; id < CB_NUM_NETWORKS; id++)
	{
		check_text((const char *) data, len, cb_network((CbNetworkId) id));
		check_script(script, cb_network((CbNetworkId) id));
	}
	check_base58(data, len);
	return 0;
}

static void
check_text(const char *text, size_t len, const CbNetwork *net)
{
	CbScriptBuf script;
	CbSpan		span = {script.data, 0};
	char		written[CB_ADDRESS_SIZE];

	if (cb_address_to_script(text, len, net, &script) != CB_OK)
		return;
	span.len = script.len;
	if (cb_script_to_address(span, net, written) != CB_OK || strlen(written) != len)
		abort();
	for (size_t i = 0; i < len; i++)
	{
		bool		is_upper = text[i] >= 'A' && text[i] <= 'Z';

		if (written[i] != text[i] && !(is_upper && written[i] == (text[i] | 0x20)))
			abort();
	}
}

static void
check_script(CbSpan script, const CbNetwork *net)
{
	CbScriptBuf found;
	char		written[CB_ADDRESS_SIZE];

	if (cb_script_to_address(script, net, written) != CB_OK)
		return;
	if (cb_address_to_script(written, strlen(written), net, &found) != CB_OK ||
		found.len != script.len || memcmp(found.data, script.data, script.len) != 0)
		abort();
}

static void
check_base58(const uint8_t *data, size_t len)
{
	char		text[513];
	uint8_t		decoded[512];
	size_t		decoded_len;

	if (cb_base58_decode((const char *) data, len, decoded, sizeof(decoded), &decoded_len) == CB_OK &&
		(cb_base58_encode(decoded, decoded_len, text, sizeof(text)) != CB_OK ||
		 strlen(text) != len || memcmp(text, data, len) != 0))
		abort();
	if (cb_base58check_encode(data, len, text, sizeof(text)) == CB_OK &&
		(cb_base58check_decode(text, strlen(text), decoded, sizeof(decoded), &decoded_len) != CB_OK ||
		 decoded_len != len || memcmp(decoded, data, len) != 0))
		abort();
}
