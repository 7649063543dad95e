/*-------------------------------------------------------------------------
 *
 * fuzz_descriptor.c
 *	  Any text is a descriptor or is not.
 *
 * One that is has a canonical text that is its own, that stands for the same
 * scripts, and that has a checksum.  None that is contains a private key.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_descriptor.h"

#include <stdlib.h>
#include <string.h>

static void check_same_script(const CbDescriptor *a, const CbDescriptor *b, uint32_t index);
static void check_checksum(const char *canonical, const CbNetwork *net);

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The first byte chooses the network. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const CbNetwork *net;
	const char *text = (const char *) data + 1;
	CbDescriptor desc;
	CbDescriptor again;
	char		canonical[CB_DESCRIPTOR_MAX_TEXT];
	char		canonical_again[CB_DESCRIPTOR_MAX_TEXT];

	if (len == 0)
		return 0;
	net = cb_network((CbNetworkId) (data[0] % CB_NUM_NETWORKS));
	if (cb_descriptor_parse(text, len - 1, net, &desc) != CB_OK)
		return 0;
	if (cb_text_has_private_key(text, len - 1) ||
		cb_descriptor_canonical(&desc, net, canonical, sizeof(canonical)) != CB_OK ||
		cb_descriptor_parse(canonical, strlen(canonical), net, &again) != CB_OK ||
		cb_descriptor_canonical(&again, net, canonical_again, sizeof(canonical_again)) != CB_OK ||
		strcmp(canonical, canonical_again) != 0)
		abort();
	check_same_script(&desc, &again, 0);
	check_same_script(&desc, &again, 1);
	check_same_script(&desc, &again, UINT32_MAX);
	check_checksum(canonical, net);
	return 0;
}

static void
check_same_script(const CbDescriptor *a, const CbDescriptor *b, uint32_t index)
{
	CbScriptBuf script_a;
	CbScriptBuf script_b;
	CbResult	result = cb_descriptor_script(a, index, &script_a);

	if (cb_descriptor_script(b, index, &script_b) != result)
		abort();
	if (result == CB_OK &&
		(script_a.len != script_b.len || memcmp(script_a.data, script_b.data, script_a.len) != 0))
		abort();
	if (index == 0 && result != CB_OK)
		abort();
}

/* Accepted with its checksum, refused with another. */
static void
check_checksum(const char *canonical, const CbNetwork *net)
{
	char		text[CB_DESCRIPTOR_MAX_TEXT + 10];
	size_t		len = strlen(canonical);
	CbDescriptor desc;

	if (len + 9 > CB_DESCRIPTOR_MAX_TEXT)
		return;
	memcpy(text, canonical, len);
	text[len] = '#';
	if (cb_descriptor_checksum(canonical, len, text + len + 1) != CB_OK ||
		cb_descriptor_parse(text, len + 9, net, &desc) != CB_OK)
		abort();
	text[len + 1] = (text[len + 1] == 'q') ? 'p' : 'q';
	if (cb_descriptor_parse(text, len + 9, net, &desc) != CB_ERR_CHECKSUM)
		abort();
}
